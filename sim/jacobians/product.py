"""Modules that carry all n unit vectors through the Jacobians of a run, for any system: `push` is V <- J V.

Networks push with their `jvp`, one tangent after another, what does not depend on the tangent computed once a
step; systems with a small state by their exact partial derivatives. Everything else
(`sim/jacobians/graded.py`) sees arrays of tangents alone.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from sim.cells import aligned
from sim.compile import TAIL, load
from sim.equations.derivatives import gradient
from sim.equations.graph import Node, reachable
from sim.equations.lower import Code, literal
from sim.equations.stages import BUNDLE
from sim.errors import refuse
from sim.generic import carried, has, jvp
from sim.networks import module as network
from sim.pointwise.module import column_kind

_SMALL = 16  # lanes for systems of a few numbers

_IMPORTS = """
from sim.jacobians.graded import (
    begin_triangle, identity, log_singular_values, multiply_triangle, orthonormalise, rescale, spectral_norm,
)
import numpy as np
"""


class Tangents(NamedTuple):
    """A module with `select_block`, `load_start`, `load_input`, `step`, `push`, and where the tangents
    lie.
    """

    module: Any
    n: int
    size: int  # numbers of one tangent vector of a block
    at: int  # offset of the tangents in the scratch array
    lanes: int


def tangents(form: Any, name: str) -> Tangents:
    """The parts that every loop over products of Jacobians needs."""
    equation = form.equation
    if equation.parts:
        if not has(jvp, type(form.setting.example)):
            raise refuse(
                "observables",
                f"{name} needs jvp, which {form.setting.system!r} does not define; add one with "
                f"@jvp.register in {form.setting.file}",
            )
        return _network(form)
    return small(form)


def _network(form: Any) -> Tangents:
    equation = form.equation
    module = network.Module(equation, form.lanes, form.tile, form.shared)
    layout, lanes = module.layout, module.layout.lanes
    module.loading()
    module.stepping()
    n = sum(equation.parts.values())
    compact = len(equation.parts) > 1 and module.size != n * lanes
    size = n * lanes if compact else module.size
    at = layout.allocate(n * size)
    v = tuple(equation.graph.leaf("tangent", part, (count,)) for part, count in equation.parts.items())
    still = equation.graph.zeros(equation.x.shape[0])
    moved = equation.numbers(
        carried(equation.pack, equation.shaped(equation.state), equation.driven, equation.shaped(v), still)
    )
    stages = module.stages()
    for node in _fixed(moved, v):
        stages.array(node)
    before = len(stages.lines)
    apart = layout.allocate(module.size)
    places = module.placed(v, "work", str(apart) if compact else "v")
    stages.home |= places
    stages.write(list(zip(moved, places.values(), strict=True)))
    once, each = stages.lines[:before], stages.lines[before:]
    if compact:
        each = [*_copies(module, apart, True), *each, *_copies(module, apart, False)]
    loop = [f"for n in range({n}):", f"    v = {at} + n * {size}", *(f"    {line}" for line in each)]
    module.add("push(c, work)", [*once, *loop])
    return Tangents(module, n, size, at, lanes)


def _copies(module: Any, apart: int, out: bool) -> list[str]:
    """Lines that lay a tangent, whose units lie one after another, out as the state is, or back."""
    lanes = module.layout.lanes
    lines: list[str] = []
    first, at = 0, apart
    for count, size in zip(module.equation.parts.values(), module.sizes, strict=True):
        here, there = f"v + (i + {first}) * {lanes}", f"{at} + i * {lanes}"
        into, source = (there, here) if out else (here, there)
        lines += [f"for i in range({count}):", f"    store(work, {into}, load(work, {source}, {lanes}))"]
        first, at = first + count, at + size
    return lines


def _fixed(roots: Sequence[Node], v: Sequence[Node]) -> list[Node]:
    """The largest arrays in these expressions that do not depend on the tangent."""
    moving = set(v)
    order = reachable(roots)
    for node in order:
        if any(arg in moving for arg in node.args):
            moving.add(node)
    return [
        arg
        for node in order
        if node in moving
        for arg in node.args
        if arg not in moving and len(arg.shape) == 1 and arg.op not in ("leaf", "const", "zeros")
    ]


class _Small:
    """The same parts for a state of a few numbers, kept in the scratch array too."""

    def __init__(self, equation: Any) -> None:
        self.equation, self.n = equation, len(equation.state)
        self.parts: list[str] = []
        self.work = (self.n + 1) * _SMALL

    def add(self, head: str, lines: list[str]) -> None:
        self.parts.append(f"\n\n@jit\ndef {head}:\n" + "\n".join(f"    {line}" for line in lines) + "\n")

    def allocate(self, size: int) -> int:
        offset, self.work = self.work, self.work + size
        return offset

    def code(self) -> Code:
        equation = self.equation
        columns = equation.columns()

        def source(node: Node) -> tuple[str, bool] | None:
            if node.op == "leaf" and node.value.kind == "state":
                return f"load(work, {int(node.value.name) * _SMALL}, LANES)", False
            if node.op == "leaf" and node.value.kind == "input":
                return f"load(work, {self.n * _SMALL}, LANES)", False
            if node.op == "leaf" and node.value.kind in ("parameter", "extra"):
                i = columns.index(node.value.name)
                return f"load(columns[{i}], strides[{i}] * at, LANES)", False
            return (literal(node.value), True) if node.op == "const" else None

        return Code(source, width="LANES")


def small(form: Any, count: int = 0) -> Tangents:
    """The parts for a system of a few numbers and so many tangents, by default as many as numbers."""
    equation = form.equation
    module = _Small(equation)
    n = module.n
    unpack = "columns, strides, at = c"
    at = module.allocate((count or n) * n * _SMALL)
    module.add(
        "select_block(parameters, whole, block)", ["return parameters[0], parameters[1], block * LANES"]
    )
    loads = [f"store(work, {i * _SMALL}, load(columns[{i}], strides[{i}] * at, LANES))" for i in range(n)]
    loads = ["columns, strides = start", "at = block * LANES", *loads]
    module.add("load_start(start, whole, block, work)", loads)
    x = {
        "none": "splat(0.0, LANES)",
        "shared": "splat(inputs[t], LANES)",
        "cells": "load(inputs, t * whole + block * LANES, LANES)",
    }
    module.add(
        "load_input(inputs, whole, block, t, work)", [f"store(work, {n * _SMALL}, {x[equation.inputs]})"]
    )
    code = module.code()
    nexts = code.lanes(list(equation.next))
    stores = [f"store(work, {i * _SMALL}, {name})" for i, name in enumerate(nexts)]
    module.add("step(c, work)", [unpack, *code.lines, *stores])
    code = module.code()
    slopes = [gradient(value, equation.state) for value in equation.next]
    names = {
        (i, j): code.lanes([slope])[0]
        for i, row in enumerate(slopes)
        for j, slope in enumerate(row)
        if slope is not None
    }
    lines = [
        unpack,
        *code.lines,
        f"for k in range({count or n}):",
        f"    v = {at} + k * {n * _SMALL}",
    ]
    lines += [f"    v{j} = load(work, v + {j * _SMALL}, LANES)" for j in range(n)]
    for i in range(n):
        total = "splat(0.0, LANES)"
        for j in range(n):
            if (i, j) in names:
                total = f"fma({names[i, j]}, v{j}, {total})"
        lines.append(f"    store(work, v + {i * _SMALL}, {total})")
    module.add("push(c, work)", lines)
    return Tangents(module, n, n * _SMALL, at, _SMALL)


def finish(
    form: Any, made: Tangents, body: Callable[[str, str, str], str], work: int, rows: int
) -> tuple[str, Callable[[Any], np.ndarray], int]:
    """The module's source with the loop `body` makes for its kind of arguments, how it is called on a
    tile, and the bytes of scratch of a call: tangents of all lanes, and the rows of one block.
    """
    is_network = bool(form.equation.parts)
    if is_network:
        arguments = "numbers, vectors, matrices, which, start, inputs"
        kinds = "_F, _F, _F, _N, _F, _F"
        loop = body(arguments, "select_block(numbers, vectors, matrices, which, block)", "blocks")
        products = "".join(made.module.products.values())
    else:
        arguments, products = "parameters, start, inputs", ""
        kinds = f"{column_kind(len(form.equation.columns()))}, {column_kind(made.n)}, _F"
        loop = body(arguments, "select_block(parameters, whole, block)", "whole")
        loop = loop.replace("load_start(start, block, work)", "load_start(start, whole, block, work)")
    head = network.HEAD.format(title="Products of Jacobians.", lanes=made.lanes) + _IMPORTS
    tail = TAIL.format(kinds=f"{kinds}, _F, _I, _I, _I, _I, _F")
    source = head + products + "".join(made.module.parts) + tail + loop

    def evaluate(tile: Any) -> np.ndarray:
        scratch = aligned(work)
        scratch[:] = 0.0
        whole = tile.blocks * made.lanes if is_network else tile.whole
        out = aligned(rows * whole)
        given = tile[:6] if is_network else (tuple(tile.parameters), tuple(tile.start), tile.inputs)
        load(source).products(*given, out, whole // made.lanes, whole, tile.steps, made.n, scratch)
        return out.reshape(rows, whole)

    return source, evaluate, 8 * (work + rows * made.lanes)


__all__ = ["BUNDLE", "Tangents", "finish", "tangents"]
