"""Modules for systems with a small fixed state: the parts of `sim/kernels.py` written out for one equation
and its observables.

The text that comes out is ordinary Numba code on lanes, and can be read in the cache folder.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sim import kernels
from sim.compile import TAIL
from sim.derivatives import gradient
from sim.equation import Equation
from sim.graph import Node
from sim.lower import Code, operations
from sim.objective import cost
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
    carried: int  # numbers of a cell that stay in registers


class Watcher(NamedTuple):
    """An observable as a kernel sees it: which output it writes, with the keywords as symbols."""

    observable: Any  # Sampled, Reduced, Backward or Norms
    k: Any


def _tuple(items: Sequence[str]) -> str:
    return f"({', '.join(items)},)" if items else "(0,)"


def _function(head: str, lines: Sequence[str]) -> str:
    return f"\n\n@jit\ndef {head}:\n" + "\n".join(f"    {line}" for line in lines or ["pass"]) + "\n"


def _numbers(values: Any) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, (tuple, list)) else (values,)


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
        return [f"{_tuple(names[key])} = {key}" for key in what if names[key]]

    def add(self, head: str, lines: Sequence[str]) -> None:
        """A function of the module."""
        self.parts.append(_function(head, lines))

    def straight(self, head: str, unpack: Sequence[str], nodes: Sequence[Node], count: bool = False) -> None:
        """A function that returns these nodes as a tuple of lanes."""
        code = self.code()
        names = code.lanes(list(nodes))
        if count:
            self.operations += operations(list(nodes))
        self.add(head, [*unpack, *code.lines, f"return {_tuple(names)}"])

    def loading(self) -> None:
        """Reading parameters, start and input."""
        columns = len(self.equation.variables())
        loads = [f"load(parameters, {i} * cells + at, WIDTH)" for i in range(columns)]
        self.add("load_parameters(parameters, cells, at)", [f"return {_tuple(loads)}"])
        states = [f"load(start, {i} * cells + at, WIDTH)" for i in range(self.n)]
        self.add("load_state(start, cells, at)", [f"return {_tuple(states)}"])
        x = {"none": "0.0", "shared": "inputs[t]", "cells": "load(inputs, t * cells + at, WIDTH)"}[
            self.equation.inputs
        ]
        self.add("load_input(inputs, cells, at, t)", [f"return {x}"])

    def stepping(self) -> None:
        """The step itself."""
        self.straight("step(p, s, x)", self.unpack("p", "s"), self.equation.next, count=True)

    def finished(
        self, kernel: Callable[..., None], title: str, rows: Sequence[int], carried: int, more: str = ""
    ) -> Program:
        """The module's text, the kernel's loop last; `more` are the types of arguments beyond the usual
        seven.
        """
        body = inspect.getsource(kernel).replace(": Any", "").replace(": int", "").replace(" -> None", "")
        outs = f"numba.types.UniTuple(_F, {len(rows)})"
        tail = TAIL.format(kinds=f"_F, _F, _F, {outs}, _I, _I, _N{more}")
        text = _HEAD.format(title=title, width=self.width) + "".join(self.parts) + tail + body
        return Program(text, kernel.__name__, tuple(rows), self.operations, carried)


def rollout(equation: Equation, watchers: Sequence[Watcher], width: int = 64) -> Program:
    """The forward pass with these observables in one kernel."""
    module = Module(equation, width)
    module.loading()
    module.stepping()
    rows, count = _watching(module, watchers)
    return module.finished(kernels.rollout, "States forward in time.", rows, count + module.n)


def _watching(module: Module, watchers: Sequence[Watcher]) -> tuple[list[int], int]:
    """The parts begin, update, sample and finish; rows of each output and the number of accumulators."""
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
            values = [graph.lift(value) for value in _numbers(observable.value(k, p, s))]
            samples += _storing(module, index, values)
        else:
            begin = list(map(graph.lift, _numbers(observable.begin(k, p, s))))
            a = tuple(graph.leaf("accumulator", str(len(starts) + i)) for i in range(len(begin)))
            moved = _numbers(observable.update(k, p, s, a, t))
            updates.append((index, len(starts), tuple(map(graph.lift, moved))))
            starts += begin
            values = [graph.lift(value) for value in _numbers(observable.end(k, p, s, a))]
            names = finish.lanes(values)
            ends += [f"store(outs[{index}], {row} * cells + at, {name})" for row, name in enumerate(names)]
        rows.append(len(values))
    count = len(starts)
    unpack = module.unpack("p", "s", "a", accumulators=count)
    module.straight("begin(p, s)", module.unpack("p", "s"), starts)
    _updating(module, "update(p, s, a, t, first)", updates, unpack, [f"a{i}" for i in range(count)])
    module.add("sample(outs, cells, at, p, s, a, t, first)", [*unpack, *samples] if samples else [])
    module.add("finish(outs, cells, at, p, s, a)", [*unpack, *finish.lines, *ends] if ends else [])
    return rows, count


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


def _updating(
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
    module.add(head, [*unpack, *lines, f"return {_tuple(names)}"])


def tangent(
    equation: Equation, watchers: Sequence[Watcher], k: Any, parameters: Sequence[str], width: int = 64
) -> Program:
    """As `rollout`, and the gradient of the loss with respect to the parameters as the last output, forward
    in time.

    With J = dF/ds and F_p = dF/dp of one step, ds/dp follows S' = J S + F_p: one multiply-add for each
    parameter and state.
    """
    module = Module(equation, width)
    module.loading()
    rows, accumulators = _watching(module, watchers)
    graph, n = equation.graph, module.n
    wrt = [equation.parameters[name] for name in parameters]
    count = n * len(wrt)
    v = [[graph.leaf("tangent", str(j * n + i)) for i in range(n)] for j in range(len(wrt))]
    partial = [gradient(value, [*equation.state, *wrt]) for value in equation.next]
    moved = [
        _carried(graph, partial[i][:n], v[j], partial[i][n + j]) for j in range(len(wrt)) for i in range(n)
    ]
    module.straight("begin_tangent(p, s)", [], [graph.constant(0.0)] * count)
    code = module.code()
    names = code.lanes([*equation.next, *moved])
    module.operations += operations([*equation.next, *moved])
    unpack = module.unpack("p", "s", "v", tangents=count)
    module.add(
        "step_tangent(p, s, x, v)", [*unpack, *code.lines, f"return {_tuple(names[:n])}, {_tuple(names[n:])}"]
    )
    error = graph.lift(cost(k, equation.pack, equation.shaped(equation.state)))
    slopes = gradient(error, [*equation.state, *wrt])
    g = [graph.leaf("gradient", str(j)) for j in range(len(wrt))]
    grown = tuple(_carried(graph, slopes[:n], v[j], slopes[n + j], g[j]) for j in range(len(wrt)))
    module.straight("begin_gradient(p, s)", [], [graph.constant(0.0)] * len(wrt))
    labels = [f"g{j}" for j in range(len(wrt))]
    unpack = [*module.unpack("p", "s", "v", tangents=count), f"{_tuple(labels)} = g"]
    _updating(module, "update_gradient(p, s, v, g, t, first)", [(len(rows), 0, grown)], unpack, labels)
    stores = [f"store(outs[{len(rows)}], {j} * cells + at, {label})" for j, label in enumerate(labels)]
    module.add("finish_gradient(outs, cells, at, g)", [f"{_tuple(labels)} = g", *stores])
    title = "States forward in time, and the gradient of the loss with them."
    return module.finished(kernels.tangent, title, [*rows, len(wrt)], n + count + len(wrt) + accumulators)


def _carried(
    graph: Any, row: Sequence[Node | None], v: Sequence[Node], direct: Node | None, into: Node | None = None
) -> Node:
    """into + direct + sum_i row_i v_i, leaving out what is zero by structure."""
    result = into if direct is None else direct if into is None else into + direct
    for slope, tangent_value in zip(row, v, strict=True):
        if slope is not None:
            one = slope.op == "const" and slope.value == 1.0
            share = tangent_value if one else slope * tangent_value
            result = share if result is None else result + share
    return graph.constant(0.0) if result is None else result


def bptt(equation: Equation, k: Any, watchers: Sequence[Watcher], width: int = 64) -> Program:
    """The gradient of the loss with respect to the state of every time, backward: g[t] = J^T g[t+1] +
    dE_t/ds.
    """
    module = Module(equation, width)
    module.loading()
    module.stepping()
    graph, n, g = equation.graph, module.n, module.gradient
    error = graph.lift(cost(k, equation.pack, equation.shaped(equation.state)))
    slopes = gradient(error, equation.state)
    code = module.code()
    names = code.lanes([_carried(graph, [], [], slope, g[i]) for i, slope in enumerate(slopes)])
    block = [*code.lines, f"return {_tuple(names)}"]
    unpack = module.unpack("p", "s", "g")
    module.add(
        "cost_gradient(p, s, g, t, first)",
        [*unpack, "if t >= first[0]:", *(f"    {line}" for line in block), "return g"],
    )
    partial = [gradient(value, equation.state) for value in equation.next]
    pulled = [_carried(graph, [partial[i][j] for i in range(n)], g, None) for j in range(n)]
    module.straight("pull_back(p, s, x, g)", module.unpack("p", "s", "g"), pulled, count=True)
    module.straight("zero_gradient(s)", [], [graph.constant(0.0)] * n)
    stores = [f"store(tape, (row * {n} + {i}) * WIDTH, s{i})" for i in range(n)]
    module.add("store_tape(tape, row, s)", [*module.unpack("s"), *stores])
    loads = [f"load(tape, (row * {n} + {i}) * WIDTH, WIDTH)" for i in range(n)]
    module.add("load_tape(tape, row)", [f"return {_tuple(loads)}"])
    rows, lines = [], []
    for index, (observable, _) in enumerate(watchers):
        values = [graph.lift(value) for value in _numbers(observable.value(equation.shaped(g)))]
        code = Code(equation.source, prefix=f"o{index}_")
        names = code.lanes(values)
        stores = [
            f"store(outs[{index}], (t * {len(values)} + {i}) * cells + at, {name})"
            for i, name in enumerate(names)
        ]
        lines += [*code.lines, *stores]
        rows.append(len(values))
    module.add("sample_gradient(outs, cells, at, g, t)", [*module.unpack("g"), *lines])
    module.operations *= 1.5
    title = "The gradient of the loss through time, backward."
    return module.finished(kernels.bptt, title, rows, 2 * n, ", _F, _F, _I")
