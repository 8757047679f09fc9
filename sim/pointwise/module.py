"""Modules for systems with a small fixed state: the parts of `sim/kernels.py` written out for one equation
and its observables.

The text that comes out is ordinary Numba code on lanes, and can be read in the cache folder.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sim import kernels
from sim.compile import BARE_TAIL
from sim.equations.equation import Equation
from sim.equations.graph import Node
from sim.equations.lower import Code, operations
from sim.leaves import given_by
from sim.observable import Backward, Pulled, Reduced, Sampled, Shadow, Stepped

_HEAD = '''"""{title}"""
import numba
from sim.elementary import cos, exp, expm1, log, log1p, sigmoid, sin, softplus, tanh
from sim.machine.jit import bare as jit
from sim.lanes import align_stack, any_lane, fma, load, select, splat, sqrt, store
from sim.pointwise.samples import close, keep, keep_falling

WIDTH = {width}
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


def _bare(part: Callable[..., Any]) -> str:
    """The text of a function without the types of its arguments."""
    text = inspect.getsource(part)
    for kind in (" -> None", " -> Any", ": Any", ": int"):
        text = text.replace(kind, "")
    return text


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

    def function(self, part: Callable[..., Any]) -> None:
        """A function as it stands in a kernel's file."""
        self.parts.append(f"\n\n@jit\n{_bare(part)}")

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
        y = {"shared": "goals[t]", "cells": "load(goals, t * cells + at, WIDTH)"}[self.equation.goals]
        y = y if self.equation.goal is not None else "0.0"
        self.add("load_target(goals, cells, at, t)", [f"return {y}"])

    def stepping(self) -> None:
        """The step itself."""
        self.straight("step(p, s, x)", self.unpack("p", "s"), self.equation.next, count=True)

    def finished(
        self,
        kernel: Callable[..., None],
        title: str,
        rows: Sequence[int],
        more: str = "",
        aimed: bool = True,
    ) -> Program:
        """The module's text, the kernel's loop last; `more` are the types of arguments beyond the usual
        nine; one that is not `aimed` takes no targets.
        """
        body = _bare(kernel)
        outs = f"numba.types.UniTuple(_F, {len(rows)})"
        columns, states = column_kind(len(self.equation.columns())), column_kind(self.n)
        tail = BARE_TAIL.format(
            kinds=f"{columns}, {states}, _F, {'_F, _F, ' if aimed else ''}{outs}, _I, _I, _N{more}"
        )
        text = _HEAD.format(title=title, width=self.width) + "".join(self.parts) + tail + body
        return Program(text, kernel.__name__, tuple(rows), self.operations)


def rollout(equation: Equation, watchers: Sequence[Watcher], width: int = 64) -> Program:
    """The forward pass with these observables in one kernel."""
    module = Module(equation, width)
    module.loading()
    module.stepping()
    rows = watching(module, watchers)
    return module.finished(kernels.rollout, "States forward in time.", rows)


def every_time(observable: Any) -> bool:
    """Whether an observable keeps rows of every time, and not what it has come to at the end."""
    if isinstance(observable, Shadow):
        return observable.each
    if isinstance(observable, Pulled):
        return not observable.summed
    return isinstance(observable, (Sampled, Stepped, Backward))


def is_light(equation: Equation, watchers: Sequence[Watcher]) -> bool:
    """Whether bundles of twice the width fit the registers: a number of state, two parameters, a handful of
    instructions a step, nothing kept on the way. Bundles of 64 then wait for their own results now and then.
    """
    p, s = equation.pack, equation.shaped(equation.state)
    plain = all(isinstance(o, Reduced) and not numbers_of(o.begin(k, p, s)) for o, k in watchers)
    few = len(equation.state) == 1 and len(equation.variables()) <= 2
    return plain and few and operations(equation.next) <= 3


class Watching:
    """What the observables of a forward pass do, in the making."""

    def __init__(self, module: Module) -> None:
        self.module = module
        equation = module.equation
        self.p, self.s = equation.pack, equation.shaped(equation.state)
        self.starts: list[Node] = []
        self.moves: list[tuple[int, str, tuple[Node, ...]]] = []
        self.updates: list[tuple[int, str, tuple[Node, ...]]] = []
        self.attends: list[str] = []
        self.samples: list[str] = []
        self.ends: list[str] = []
        self.closes: list[int] = []  # outputs that keep every time
        self.finish = module.code()

    def _accumulators(self, begin: Any) -> tuple[int, tuple[Node, ...]]:
        graph, offset = self.module.equation.graph, len(self.starts)
        self.starts += map(graph.lift, numbers_of(begin))
        return offset, tuple(graph.leaf("accumulator", str(i)) for i in range(offset, len(self.starts)))

    def watch(self, index: int, watcher: Watcher) -> int:
        """Add an observable; returns the rows of its output."""
        (observable, k), p, s = watcher, self.p, self.s
        equation = self.module.equation
        lift = equation.graph.lift
        if isinstance(observable, Stepped):
            values = [lift(value) for value in numbers_of(observable.value(k, p, s, equation.x))]
            self.attends += _keeping(self.module, index, values, "t")
            self.closes.append(index)
            return len(values)
        if isinstance(observable, Sampled):
            values = given_by(observable.value, lift, observable.value(k, p, s))
            self.samples += _guarded(f"t >= first[{index}]", _keeping(self.module, index, values))
            self.closes.append(index)
            return len(values)
        offset, a = self._accumulators(observable.begin(k, p, s))
        if isinstance(observable, Shadow):
            moved = tuple(given_by(observable.move, lift, observable.move(k, p, s, equation.x, a), len(a)))
            self.moves.append((offset, "", moved))
            values = given_by(observable.value, lift, observable.value(k, p, s, a))
            if observable.each:
                self.samples += _keeping(self.module, index, values)
                self.closes.append(index)
                return len(values)
        else:
            update = observable.update(k, p, s, a, equation.t)
            moved = tuple(given_by(observable.update, lift, update, len(a)))
            self.updates.append((offset, guard(equation, observable, index), moved))
            values = given_by(observable.end, lift, observable.end(k, p, s, a))
        names = self.finish.lanes(values)
        self.ends += [f"store(outs[{index}], {row} * cells + at, {name})" for row, name in enumerate(names)]
        return len(values)


def watching(module: Module, watchers: Sequence[Watcher]) -> list[int]:
    """The parts begin, attend, update, sample and finish; returns the rows of each output."""
    made = Watching(module)
    rows = [made.watch(index, watcher) for index, watcher in enumerate(watchers)]
    count = len(made.starts)
    unpack = module.unpack("p", "s", "a", accumulators=count)
    names = [f"a{i}" for i in range(count)]
    module.straight("begin(p, s)", module.unpack("p", "s"), made.starts)
    head = "attend(outs, cells, at, p, s, x, a, t)"
    updating(module, head, made.moves, [*unpack, *made.attends], names)
    updating(module, "update(p, s, a, y, t, first, counts)", made.updates, unpack, names)
    module.add("sample(outs, cells, at, p, s, a, t, first)", [*unpack, *made.samples] if made.samples else [])
    ends = [*unpack, *made.finish.lines, *made.ends] if made.ends else []
    ends += [f"close(outs[{index}], cells, at, WIDTH)" for index in made.closes]
    module.add("finish(outs, cells, at, p, s, a)", ends)
    return rows


def guard(equation: Equation, observable: Any, index: int) -> str:
    """The condition under which a time counts for an observable."""
    if equation.masked and "loss_from" in observable.keywords._fields:
        return "counts[t] > 0.0"
    return f"t >= first[{index}]"


def _guarded(condition: str, lines: Sequence[str]) -> list[str]:
    return [f"if {condition}:", *(f"    {line}" for line in lines)] if condition else list(lines)


def _keeping(module: Module, index: int, values: Sequence[Node], time: str = "") -> list[str]:
    """Lines that keep these values as the rows of time t, counted from the observable's first time, or of
    another.
    """
    code = module.code()
    names = code.lanes(list(values))
    module.operations += operations(list(values))
    row = (time or f"(t - first[{index}])") + (f" * {len(values)}" if len(values) > 1 else "")
    stores = [f"keep(outs[{index}], cells, at, {row} + {i}, {name}, WIDTH)" for i, name in enumerate(names)]
    return [*code.lines, *stores]


def updating(
    module: Module,
    head: str,
    updates: Sequence[tuple[int, str, tuple[Node, ...]]],
    unpack: Sequence[str],
    names: Sequence[str],
) -> None:
    """A function that moves accumulators on: (offset, condition, values) of each observable."""
    lines: list[str] = []
    for offset, condition, values in updates:
        if not values:
            continue
        code = module.code()
        news = code.lanes(values)
        module.operations += operations(values)
        block = [*code.lines, f"{', '.join(names[offset : offset + len(values)])} = {', '.join(news)}"]
        lines += _guarded(condition, block)
    module.add(head, [*unpack, *lines, f"return {tuple_of(names)}"])
