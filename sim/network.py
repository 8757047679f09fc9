"""Modules for networks: the parts of `sim/network_kernels.py` written out for one system and its
observables.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sim import network_kernels
from sim.compile import TAIL
from sim.equation import Equation
from sim.graph import Node
from sim.lower import operations
from sim.observable import Sampled
from sim.pointwise import Watcher
from sim.stages import BUNDLE, Layout, Stages

HEAD = '''"""{title}"""
import numba
from sim.elementary import cos, exp, expm1, log, log1p, sigmoid, sin, softplus, tanh
from sim.lanes import any_lane, bits, fma, load, select, splat, sqrt, store, unbits

LANES = {lanes}
jit = numba.njit(nogil=True, error_model="numpy")
'''


class Program(NamedTuple):
    """Source of a module with one kernel, the rows of its outputs, its scratch memory and its cost."""

    source: str
    kernel: str
    rows: tuple[int, ...]
    work: int  # numbers of scratch a block
    operations: float  # a step and cell
    factors: int = 0  # numbers a block and time of the matrices' gradients


class Module:
    """A generated module for networks in the making."""

    def __init__(self, equation: Equation, lanes: int, tile: int, shared: bool) -> None:
        self.equation = equation
        shapes = {name: (node.shape[0], node.shape[1]) for name, node in equation.matrices.items()}
        lengths = {name: node.shape[0] for name, node in equation.vectors.items()}
        self.layout = Layout(lanes, tile, shared, shapes, lengths)
        self.n = equation.state[0].shape[0]
        self.state = self.layout.allocate(self.layout.size(self.n))
        self.x = self.layout.allocate(self.layout.size(equation.x.shape[0]))
        self.products: dict[str, str] = {}
        self.parts: list[str] = []
        self.operations = 0.0

    def stages(self, **homes: Node) -> Stages:
        """An empty body that knows where the state and the inputs lie."""
        stages = Stages(self.layout, self.n, self.equation.columns(), self.products)
        stages.home[self.equation.state[0]] = f"work, {self.state}"
        stages.home[self.equation.x] = f"work, {self.x}"
        return stages

    def add(self, head: str, lines: Sequence[str]) -> None:
        """A function of the module; what it reads of the block is unpacked first."""
        unpack = ["numbers, vectors, matrices = c"] if "c," in head.replace("(c", "c") else []
        body = [*unpack, *lines] if lines else ["pass"]
        self.parts.append(f"\n\n@jit\ndef {head}:\n" + "\n".join(f"    {line}" for line in body) + "\n")

    def loading(self) -> None:
        """Selecting a block, its start and its inputs."""
        layout, m = self.layout, self.equation.x.shape[0]
        columns = len(self.equation.columns()) * BUNDLE
        size, lanes = layout.size(self.n), layout.lanes
        self.add(
            "select_block(numbers, vectors, matrices, which, block)",
            [
                "m = which[block]",
                f"n = numbers[block * {columns}:(block + 1) * {columns}]",
                f"v = vectors[block * {layout.vector_size}:(block + 1) * {layout.vector_size}]",
                f"return n, v, matrices[m:m + {layout.matrix_size}]",
            ],
        )
        copy = [f"for k in range(0, {size}, {BUNDLE}):"]
        self.add(
            "load_start(start, block, work)",
            [*copy, f"    store(work, {self.state} + k, load(start, block * {size} + k, {BUNDLE}))"],
        )
        put = f"    store(work, {self.x} + j * {lanes}, "
        each = {
            "none": f"splat(0.0, {lanes}))",
            "shared": f"splat(inputs[t * {m} + j], {lanes}))",
            "cells": f"load(inputs, ((t * {m} + j) * blocks + block) * {lanes}, {lanes}))",
        }[self.equation.inputs]
        self.add("load_input(inputs, blocks, block, t, work)", [f"for j in range({m}):", put + each])

    def stepping(self) -> None:
        """The step, in place."""
        stages = self.stages()
        stages.write([(self.equation.next[0], f"work, {self.state}")])
        self.operations += operations(self.equation.next)
        self.add("step(c, work)", stages.lines)

    def finished(
        self, kernel: Callable[..., None], title: str, rows: Sequence[int], more: str = "", factors: int = 0
    ) -> Program:
        """The module's text, the kernel's loop last; `more` are the types of arguments beyond the usual
        eleven.
        """
        body = inspect.getsource(kernel).replace(": Any", "").replace(": int", "").replace(" -> None", "")
        outs = f"numba.types.UniTuple(_F, {len(rows)})"
        tail = TAIL.format(kinds=f"_F, _F, _F, _N, _F, _F, {outs}, _I, _I, _N, _F{more}")
        text = (
            HEAD.format(title=title, lanes=self.layout.lanes)
            + "".join(self.products.values())
            + "".join(self.parts)
            + tail
            + body
        )
        return Program(text, kernel.__name__, tuple(rows), self.layout.work, self.operations, factors)


def stored(module: Module, index: int, stages: Stages, value: Node, row: str) -> tuple[list[str], int]:
    """Lines that store a value's numbers as rows of an output from `row` on, and how many there are."""
    lanes = module.layout.lanes
    if not value.shape:
        (name,) = stages.scalars([value])
        return [f"store(outs[{index}], ({row}) * cells + at, {name})"], 1
    array, offset = stages.array(value).split(", ")
    n = value.shape[0]
    return [
        f"for i in range({n}):",
        f"    v = load({array}, {offset} + i * {lanes}, {lanes})",
        f"    store(outs[{index}], (({row}) * {n} + i) * cells + at, v)",
    ], n


def rollout(equation: Equation, watchers: Sequence[Watcher], lanes: int, tile: int, shared: bool) -> Program:
    """The forward pass with these observables in one kernel."""
    module = Module(equation, lanes, tile, shared)
    module.loading()
    module.stepping()
    graph, p, s, t = equation.graph, equation.pack, equation.state[0], equation.t
    homes: dict[Node, str] = {}
    begin, update, sample, finish = module.stages(), [], [], module.stages()
    rows = []
    for index, (observable, k) in enumerate(watchers):
        if isinstance(observable, Sampled):
            stages = module.stages()
            value = graph.lift(single(observable.value(k, p, s)))
            stores, count = stored(module, index, stages, value, f"t - first[{index}]")
            sample += [f"if t >= first[{index}]:", *(f"    {line}" for line in [*stages.lines, *stores])]
            module.operations += operations([value])
        else:
            starts = [graph.lift(v) for v in observable.begin(k, p, s)]
            a = tuple(graph.leaf("accumulator", f"{index}.{i}", v.shape) for i, v in enumerate(starts))
            for leaf in a:
                homes[leaf] = (
                    f"work, {module.layout.allocate(module.layout.size(module.n) if leaf.shape else BUNDLE)}"
                )
            assign(module, begin, homes, list(zip(starts, a, strict=True)))
            moved = [graph.lift(v) for v in observable.update(k, p, s, a, t)]
            stages = module.stages()
            assign(module, stages, homes, list(zip(moved, a, strict=True)))
            update += [f"if t >= first[{index}]:", *(f"    {line}" for line in stages.lines)] if moved else []
            module.operations += operations(moved)
            known(finish, homes)
            stores, count = stored(module, index, finish, graph.lift(single(observable.end(k, p, s, a))), "0")
            finish.lines += stores
        rows.append(count)
    module.add("begin(c, work)", begin.lines)
    module.add("update(c, work, t, first)", update)
    module.add("sample(outs, cells, at, c, work, t, first)", sample)
    module.add("finish(outs, cells, at, c, work)", finish.lines)
    return module.finished(network_kernels.rollout, "A network forward in time.", rows)


def single(value: Any) -> Any:
    """The value in a tuple of one."""
    return value[0] if isinstance(value, tuple) else value


def known(stages: Stages, homes: dict[Node, str]) -> None:
    """Tell a body where accumulators lie."""
    for leaf, place in homes.items():
        (stages.home if leaf.shape else stages.tiles)[leaf] = place


def assign(
    module: Module, stages: Stages, homes: dict[Node, str], pairs: Sequence[tuple[Node, Node]]
) -> None:
    """Lines that give accumulators their next values, all from the values before."""
    known(stages, homes)
    lanes = module.layout.lanes
    numbers = [(value, leaf) for value, leaf in pairs if not leaf.shape]
    arrays = [(value, homes[leaf]) for value, leaf in pairs if leaf.shape]
    names = stages.scalars([value for value, _ in numbers])
    if arrays:
        stages.write(arrays)
    for name, (_, leaf) in zip(names, numbers, strict=True):
        offset = int(homes[leaf].split(", ")[1])
        stages.lines += [f"store(work, {offset + r}, {name})" for r in range(0, BUNDLE, lanes)]
