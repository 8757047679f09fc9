"""Modules for networks in the making: loading, stepping and storing, written out for one system."""

import inspect
from collections.abc import Callable, Sequence
from typing import NamedTuple

from sim.compile import TAIL
from sim.equations.equation import Equation
from sim.equations.graph import Node
from sim.equations.lower import operations
from sim.equations.stages import BUNDLE, Layout, Stages

HEAD = '''"""{title}"""
import numba
from sim.elementary import cos, exp, expm1, log, log1p, sigmoid, sin, softplus, tanh
from sim.machine.jit import inner as jit, part
from sim.lanes import align_stack, any_lane, bits, fma, load, repeat, select, splat, sqrt, store, unbits

LANES = {lanes}
'''


class Program(NamedTuple):
    """Source of a module with one kernel, the rows of its outputs, its scratch memory and its cost."""

    source: str
    kernel: str
    rows: tuple[int, ...]
    work: int  # numbers of scratch a block
    operations: float  # a step and cell
    factors: int = 0  # numbers a block and time of the matrices' gradients
    kept: int = 0  # numbers a block and time that the backward pass reads of the forward pass
    state: int = 0  # numbers a block of a state


class Module:
    """A generated module for networks in the making."""

    def __init__(self, equation: Equation, lanes: int, tile: int, shared: bool) -> None:
        self.equation = equation
        shapes = {name: (node.shape[0], node.shape[1]) for name, node in equation.matrices.items()}
        lengths = {name: node.shape[0] for name, node in equation.vectors.items()}
        self.layout = layout = Layout(lanes, tile, shared, shapes, lengths)
        self.sizes = [layout.size(node.shape[0]) for node in equation.state]
        self.size = sum(self.sizes)  # of a whole state
        self.state = layout.allocate(self.size)
        self.x = layout.allocate(layout.size(equation.x.shape[0]))
        self.z = layout.allocate(layout.size(equation.z.shape[0])) if equation.z is not None else 0
        self.y = layout.allocate(layout.size(equation.goal.shape[0])) if equation.goal is not None else 0
        self.mirror = layout.allocate(layout.size(equation.x.shape[0])) if equation.mirror is not None else 0
        self.products: dict[str, str] = {}
        self.parts: list[str] = []
        self.operations = 0.0

    def stages(self) -> Stages:
        """An empty body that knows where the state, the inputs and the target lie."""
        equation = self.equation
        stages = Stages(self.layout, equation.columns(), self.products)
        stages.home |= self.placed(equation.state, "work", str(self.state))
        stages.home[equation.x] = f"work, {self.x}"
        if equation.z is not None:
            stages.home[equation.z] = f"work, {self.z}"
        if equation.mirror is not None:
            stages.home[equation.mirror] = f"work, {self.mirror}"
        if equation.goal is not None:
            stages.home[equation.goal] = f"work, {self.y}"
        return stages

    def placed(self, nodes: Sequence[Node], array: str, base: str) -> dict[Node, str]:
        """Where the arrays of something shaped like the state lie, one after another from `base` on."""
        places, at = {}, 0
        for node, size in zip(nodes, self.sizes, strict=True):
            places[node] = f"{array}, {base} + {at}" if at else f"{array}, {base}"
            at += size
        return places

    def add(self, head: str, lines: Sequence[str]) -> None:
        """A function of the module; what it reads of the block is unpacked first."""
        unpack = ["numbers, vectors, matrices = c"] if "c," in head.replace("(c", "c") else []
        body = [*unpack, *lines] if lines else ["pass"]
        self.parts.append(f"\n\n@part\ndef {head}:\n" + "\n".join(f"    {line}" for line in body) + "\n")

    def copying(self, head: str, into: str, source: str) -> None:
        """A function that copies a whole state."""
        bundle = self.layout.bundle
        lines = [f"for k in range(0, {self.size}, {bundle}):"]
        self.add(head, [*lines, f"    store({into} + k, load({source} + k, {bundle}))"])

    def loading(self) -> None:
        """Selecting a block, its start, its inputs and its targets."""
        layout, equation = self.layout, self.equation
        columns = len(equation.columns()) * BUNDLE
        self.add(
            "select_block(numbers, vectors, matrices, which, block)",
            [
                "m = which[block]",
                f"n = numbers[block * {columns}:(block + 1) * {columns}]",
                f"v = vectors[block * {layout.vector_size}:(block + 1) * {layout.vector_size}]",
                f"return n, v, matrices[m:m + {layout.matrix_size}]",
            ],
        )
        self.copying("load_start(start, block, work)", f"work, {self.state}", f"start, block * {self.size}")
        m = equation.x.shape[0] if equation.inputs != "none" else 0
        k = equation.z.shape[0] if equation.z is not None else 0
        w = m if equation.mirror is not None else 0
        lines = [
            line
            for at, first, count in ((self.x, 0, m), (self.z, m, k), (self.mirror, m + k, w))
            if count
            for line in self._reading("inputs", equation.series, at, first, count, m + k + w)
        ]
        self.add("load_input(inputs, blocks, block, t, work)", lines)
        goals = equation.goal.shape[0] if equation.goal is not None else 0
        lines = self._reading("goals", equation.goals, self.y, 0, goals, goals) if goals else []
        self.add("load_target(goals, blocks, block, t, work)", lines)

    def _reading(self, array: str, kind: str, at: int, first: int, count: int, columns: int) -> list[str]:
        """Lines that bring `count` columns from `first` on of row t of a series to `at`."""
        lanes = self.layout.lanes
        index = f"t * {columns} + {first} + j"
        value = {
            "shared": f"splat({array}[{index}], {lanes})",
            "cells": f"load({array}, (({index}) * blocks + block) * {lanes}, {lanes})",
        }[kind]
        return [f"for j in range({count}):", f"    store(work, {at} + j * {lanes}, {value})"]

    def stepping(self) -> None:
        """The step, in place."""
        equation = self.equation
        stages = self.stages()
        places = self.placed(equation.state, "work", str(self.state))
        stages.write(list(zip(equation.next, places.values(), strict=True)))
        self.operations += operations(equation.next)
        self.add("step(c, work)", stages.lines)

    def finished(
        self, kernel: Callable[..., None], title: str, rows: Sequence[int], more: str = "", factors: int = 0
    ) -> Program:
        """The module's text, the kernel's loop last; `more` are the types of arguments beyond the usual
        thirteen.
        """
        body = inspect.getsource(kernel).replace(": Any", "").replace(": int", "").replace(" -> None", "")
        outs = f"numba.types.UniTuple(_F, {len(rows)})"
        tail = TAIL.format(kinds=f"_F, _F, _F, _N, _F, _F, _F, _F, {outs}, _I, _I, _N, _F{more}")
        text = (
            HEAD.format(title=title, lanes=self.layout.lanes)
            + "".join(self.products.values())
            + "".join(self.parts)
            + tail
            + body
        )
        return Program(text, kernel.__name__, tuple(rows), self.layout.work, self.operations, factors)


def stored(
    module: Module, index: int, stages: Stages, values: Sequence[Node], row: str
) -> tuple[list[str], int]:
    """Lines that store the numbers of these values as rows of an output from `row` on, and how many there
    are.
    """
    lanes = module.layout.lanes
    count = sum(value.shape[0] if value.shape else 1 for value in values)
    lines: list[str] = []
    at = 0
    for value in values:
        base = f"({row}) * {count}" + (f" + {at}" if at else "")
        if not value.shape:
            (name,) = stages.scalars([value])
            lines.append(f"store(outs[{index}], ({base}) * cells + at, {name})")
            at += 1
            continue
        array, offset = stages.array(value).split(", ")
        lines += [
            f"for i in range({value.shape[0]}):",
            f"    v = load({array}, {offset} + i * {lanes}, {lanes})",
            f"    store(outs[{index}], ({base} + i) * cells + at, v)",
        ]
        at += value.shape[0]
    return lines, count
