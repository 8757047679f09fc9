"""Modules for systems with a small fixed state: the parts of `sim/kernels.py` written out for one equation
and its observables.

The text that comes out is ordinary Numba code on lanes, and can be read in the cache folder.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sim import kernels
from sim.compile import TAIL
from sim.equation import Equation
from sim.graph import Node
from sim.lower import Code, operations
from sim.observable import Sampled

_HEAD = '''"""{title}"""
import numba
from sim.elementary import cos, exp, expm1, log, log1p, sigmoid, sin, softplus, tanh
from sim.lanes import any_lane, fma, load, select, splat, sqrt, store

WIDTH = {width}
jit = numba.njit(nogil=True, error_model="numpy")
'''


class Program(NamedTuple):
    """Source of a module with one kernel, what the kernel is called, its rows per output and its cost."""

    source: str
    kernel: str
    rows: tuple[int, ...]  # of each output, per time where it is sampled
    operations: float  # a step


class Watcher(NamedTuple):
    """An observable as a kernel sees it: which output it writes, with the keywords as symbols."""

    observable: Any  # Sampled, Reduced, Backward or Norms
    k: Any


def tuple_of(items: Sequence[str]) -> str:
    """The text of a tuple; one that would be empty holds a zero."""
    return f"({', '.join(items)},)" if items else "(0,)"


def _function(head: str, lines: Sequence[str]) -> str:
    return f"\n\n@jit\ndef {head}:\n" + "\n".join(f"    {line}" for line in lines or ["pass"]) + "\n"


def numbers_of(values: Any) -> tuple[Any, ...]:
    """One number or several, as a tuple."""
    return tuple(values) if isinstance(values, (tuple, list)) else (values,)


def column_kind(count: int) -> str:
    """The type of `Columns` with this many arrays, as the generated module writes it."""
    return f"numba.types.Tuple((numba.types.UniTuple(_F, {max(1, count)}), _N))"


class Module:
    """A generated module in the making; each method adds one part of `sim/kernels.py`."""

    def __init__(self, equation: Equation, width: int) -> None:
        self.equation = equation
        self.width = width
        self.parts: list[str] = []
        self.operations = 0.0
        graph = equation.graph
        self.n = len(equation.state)
        self.gradient = tuple(graph.leaf("gradient", str(i)) for i in range(self.n))

    def code(self) -> Code:
        """Empty code whose leaves are named as the parts unpack them."""
        return Code(self.equation.source)

    def unpack(self, *what: str, accumulators: int = 0, tangents: int = 0) -> list[str]:
        """Lines that give the numbers in the tuples p, s, a, v, g their names."""
        names = {
            "p": self.equation.variables(),
            "s": [f"s{i}" for i in range(self.n)],
            "g": [f"g{i}" for i in range(self.n)],
            "a": [f"a{i}" for i in range(accumulators)],
            "v": [f"v{i}" for i in range(tangents)],
        }
        return [f"{tuple_of(names[key])} = {key}" for key in what if names[key]]

    def add(self, head: str, lines: Sequence[str]) -> None:
        """A function of the module."""
        self.parts.append(_function(head, lines))

    def straight(self, head: str, unpack: Sequence[str], nodes: Sequence[Node], count: bool = False) -> None:
        """A function that returns these nodes as a tuple of lanes."""
        code = self.code()
        names = code.lanes(list(nodes))
        if count:
            self.operations += operations(list(nodes))
        self.add(head, [*unpack, *code.lines, f"return {tuple_of(names)}"])

    def loading(self) -> None:
        """Reading parameters, start and input."""
        count = len(self.equation.variables())
        loads = [f"load(columns[{i}], strides[{i}] * at, WIDTH)" for i in range(count)]
        self.add(
            "load_parameters(parameters, cells, at)",
            ["columns, strides = parameters", f"return {tuple_of(loads)}"],
        )
        states = [f"load(columns[{i}], strides[{i}] * at, WIDTH)" for i in range(self.n)]
        self.add("load_state(start, cells, at)", ["columns, strides = start", f"return {tuple_of(states)}"])
        x = {"none": "0.0", "shared": "inputs[t]", "cells": "load(inputs, t * cells + at, WIDTH)"}[
            self.equation.inputs
        ]
        self.add("load_input(inputs, cells, at, t)", [f"return {x}"])

    def stepping(self) -> None:
        """The step itself."""
        self.straight("step(p, s, x)", self.unpack("p", "s"), self.equation.next, count=True)

    def finished(
        self, kernel: Callable[..., None], title: str, rows: Sequence[int], more: str = ""
    ) -> Program:
        """The module's text, the kernel's loop last; `more` are the types of arguments beyond the usual
        seven.
        """
        body = inspect.getsource(kernel).replace(": Any", "").replace(": int", "").replace(" -> None", "")
        outs = f"numba.types.UniTuple(_F, {len(rows)})"
        columns, states = column_kind(len(self.equation.columns())), column_kind(self.n)
        tail = TAIL.format(kinds=f"{columns}, {states}, _F, {outs}, _I, _I, _N{more}")
        text = _HEAD.format(title=title, width=self.width) + "".join(self.parts) + tail + body
        return Program(text, kernel.__name__, tuple(rows), self.operations)


def rollout(equation: Equation, watchers: Sequence[Watcher], width: int = 64) -> Program:
    """The forward pass with these observables in one kernel."""
    module = Module(equation, width)
    module.loading()
    module.stepping()
    rows = watching(module, watchers)
    return module.finished(kernels.rollout, "States forward in time.", rows)


def watching(module: Module, watchers: Sequence[Watcher]) -> list[int]:
    """The parts begin, update, sample and finish; returns the rows of each output."""
    equation = module.equation
    graph, p, t = equation.graph, equation.pack, equation.t
    s = equation.shaped(equation.state)
    starts: list[Node] = []
    updates: list[tuple[int, int, tuple[Node, ...]]] = []
    rows: list[int] = []
    samples: list[str] = []
    ends: list[str] = []
    finish = module.code()
    for index, (observable, k) in enumerate(watchers):
        if isinstance(observable, Sampled):
            values = [graph.lift(value) for value in numbers_of(observable.value(k, p, s))]
            samples += _storing(module, index, values)
        else:
            begin = list(map(graph.lift, numbers_of(observable.begin(k, p, s))))
            a = tuple(graph.leaf("accumulator", str(len(starts) + i)) for i in range(len(begin)))
            moved = numbers_of(observable.update(k, p, s, a, t))
            updates.append((index, len(starts), tuple(map(graph.lift, moved))))
            starts += begin
            values = [graph.lift(value) for value in numbers_of(observable.end(k, p, s, a))]
            names = finish.lanes(values)
            ends += [f"store(outs[{index}], {row} * cells + at, {name})" for row, name in enumerate(names)]
        rows.append(len(values))
    count = len(starts)
    unpack = module.unpack("p", "s", "a", accumulators=count)
    module.straight("begin(p, s)", module.unpack("p", "s"), starts)
    updating(module, "update(p, s, a, t, first)", updates, unpack, [f"a{i}" for i in range(count)])
    module.add("sample(outs, cells, at, p, s, a, t, first)", [*unpack, *samples] if samples else [])
    module.add("finish(outs, cells, at, p, s, a)", [*unpack, *finish.lines, *ends] if ends else [])
    return rows


def _storing(module: Module, index: int, values: Sequence[Node]) -> list[str]:
    """Lines that store these values as the rows of time t, from the observable's first time on."""
    code = module.code()
    names = code.lanes(list(values))
    module.operations += operations(list(values))
    row = f"(t - first[{index}])" if len(values) == 1 else f"(t - first[{index}]) * {len(values)}"
    stores = [
        f"store(outs[{index}], ({row} + {i}) * cells + at, {name})"
        if i
        else f"store(outs[{index}], {row} * cells + at, {name})"
        for i, name in enumerate(names)
    ]
    return [f"if t >= first[{index}]:", *(f"    {line}" for line in [*code.lines, *stores])]


def updating(
    module: Module,
    head: str,
    updates: Sequence[tuple[int, int, tuple[Node, ...]]],
    unpack: Sequence[str],
    names: Sequence[str],
) -> None:
    """A function that moves accumulators on, each from the first time of its observable: (which first,
    offset, values).
    """
    lines: list[str] = []
    for index, offset, values in updates:
        if not values:
            continue
        code = module.code()
        news = code.lanes(values)
        module.operations += operations(values)
        block = [*code.lines, f"{', '.join(names[offset : offset + len(values)])} = {', '.join(news)}"]
        lines += [f"if t >= first[{index}]:", *(f"    {line}" for line in block)]
    module.add(head, [*unpack, *lines, f"return {tuple_of(names)}"])
