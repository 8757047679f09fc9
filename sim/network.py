"""Modules for networks: the parts of `sim/network_kernels.py` written out for one system and its
observables.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sim import network_kernels
from sim.compile import TAIL
from sim.derivatives import gradient
from sim.equation import Equation, Scaled
from sim.errors import refuse
from sim.generic import vjp
from sim.graph import Node
from sim.lower import operations
from sim.objective import cost
from sim.observable import Backward, Sampled
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


def _rows(module: Module, index: int, stages: Stages, value: Node, row: str) -> tuple[list[str], int]:
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
            value = graph.lift(_single(observable.value(k, p, s)))
            stores, count = _rows(module, index, stages, value, f"t - first[{index}]")
            sample += [f"if t >= first[{index}]:", *(f"    {line}" for line in [*stages.lines, *stores])]
            module.operations += operations([value])
        else:
            starts = [graph.lift(v) for v in observable.begin(k, p, s)]
            a = tuple(graph.leaf("accumulator", f"{index}.{i}", v.shape) for i, v in enumerate(starts))
            for leaf in a:
                homes[leaf] = (
                    f"work, {module.layout.allocate(module.layout.size(module.n) if leaf.shape else BUNDLE)}"
                )
            _assign(module, begin, homes, list(zip(starts, a, strict=True)))
            moved = [graph.lift(v) for v in observable.update(k, p, s, a, t)]
            stages = module.stages()
            _assign(module, stages, homes, list(zip(moved, a, strict=True)))
            update += [f"if t >= first[{index}]:", *(f"    {line}" for line in stages.lines)] if moved else []
            module.operations += operations(moved)
            _known(finish, homes)
            stores, count = _rows(module, index, finish, graph.lift(_single(observable.end(k, p, s, a))), "0")
            finish.lines += stores
        rows.append(count)
    module.add("begin(c, work)", begin.lines)
    module.add("update(c, work, t, first)", update)
    module.add("sample(outs, cells, at, c, work, t, first)", sample)
    module.add("finish(outs, cells, at, c, work)", finish.lines)
    return module.finished(network_kernels.rollout, "A network forward in time.", rows)


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) else value


def _known(stages: Stages, homes: dict[Node, str]) -> None:
    for leaf, place in homes.items():
        (stages.home if leaf.shape else stages.tiles)[leaf] = place


def _assign(
    module: Module, stages: Stages, homes: dict[Node, str], pairs: Sequence[tuple[Node, Node]]
) -> None:
    """Lines that give accumulators their next values, all from the values before."""
    _known(stages, homes)
    lanes = module.layout.lanes
    numbers = [(value, leaf) for value, leaf in pairs if not leaf.shape]
    arrays = [(value, homes[leaf]) for value, leaf in pairs if leaf.shape]
    names = stages.scalars([value for value, _ in numbers])
    if arrays:
        stages.write(arrays)
    for name, (_, leaf) in zip(names, numbers, strict=True):
        offset = int(homes[leaf].split(", ")[1])
        stages.lines += [f"store(work, {offset + r}, {name})" for r in range(0, BUNDLE, lanes)]


class Gradients(NamedTuple):
    """The parts of a pulled-back gradient: outer products for matrices, sums for vectors."""

    outers: dict[str, tuple[Node, Node]]
    sums: dict[str, Node]
    state: Node


def pulled(equation: Equation, g: Node) -> Gradients:
    """The system's vjp on symbols, its pack taken apart."""
    pack, state = vjp(equation.pack, equation.state[0], equation.x, g)
    outers: dict[str, tuple[Node, Node]] = {}
    sums: dict[str, Node] = {}
    for name, value in zip(pack._fields, pack, strict=True):
        if name in equation.matrices:
            if isinstance(value, Scaled) or value.op != "outer":
                raise refuse(
                    "system",
                    f"vjp of {type(pack).__name__} gives no outer(a, b) for the matrix {name}; write its "
                    "gradient as one outer product",
                )
            outers[name] = value.args
        elif name in equation.vectors:
            sums[name] = value
    return Gradients(outers, sums, state)


def bptt(
    equation: Equation,
    watchers: Sequence[Watcher],
    norms: Sequence[int],
    k: Any,
    lanes: int,
    tile: int,
    shared: bool,
) -> Program:
    """The backward pass; the outputs at the indices `norms` take the norms of the parameters' gradients."""
    module = Module(equation, lanes, tile, shared)
    layout, graph, n = module.layout, equation.graph, module.n
    module.loading()
    module.stepping()
    size = layout.size(n)
    g = graph.leaf("gradient", "g", (n,))
    g_at, next_at = layout.allocate(size), layout.allocate(size)
    copy = f"for k in range(0, {size}, {BUNDLE}):"
    module.add(
        "store_tape(tape, row, work)",
        [copy, f"    store(tape, row * {size} + k, load(work, {module.state} + k, {BUNDLE}))"],
    )
    module.add(
        "load_tape(tape, row, work)",
        [copy, f"    store(work, {module.state} + k, load(tape, row * {size} + k, {BUNDLE}))"],
    )
    module.add(
        "load_next(tape, row, work)",
        [copy, f"    store(work, {next_at} + k, load(tape, row * {size} + k, {BUNDLE}))"],
    )
    error = graph.lift(cost(k, equation.pack, equation.state[0]))
    (slope,) = gradient(error, equation.state)
    stages = module.stages()
    stages.home[g] = f"work, {g_at}"
    stages.write([(g if slope is None else g + slope, f"work, {g_at}")])
    module.add(
        "add_cost(c, work, t, first)", ["if t >= first[0]:", *(f"    {line}" for line in stages.lines)]
    )
    parts = (
        pulled(equation, g)
        if norms
        else Gradients({}, {}, vjp(equation.pack, equation.state[0], equation.x, g)[1])
    )
    sums = {name: layout.allocate(layout.size(node.shape[0])) for name, node in parts.sums.items()}
    tables = {
        name: layout.allocate(layout.padded(a.shape[0]) * layout.padded(b.shape[0]) * lanes)
        for name, (a, b) in parts.outers.items()
    }
    stages = module.stages()
    stages.home |= {g: f"work, {g_at}", equation.next[0]: f"work, {next_at}"}
    widths = [layout.size(node.shape[0]) for pair in parts.outers.values() for node in pair]
    offset, stride = 0, sum(widths)
    for node, width in zip([node for pair in parts.outers.values() for node in pair], widths, strict=True):
        array, where = stages.array(node).split(", ")
        stages.lines += [
            f"for k in range(0, {width}, {lanes}):",
            f"    store(factors, row * {stride} + {offset} + k, load({array}, {where} + k, {lanes}))",
        ]
        offset += width
    for name, node in parts.sums.items():
        total_leaf = graph.leaf("sum", name, node.shape)
        stages.home[total_leaf] = f"work, {sums[name]}"
        stages.write([(total_leaf + node, f"work, {sums[name]}")])
    stages.write([(parts.state, f"work, {g_at}")])
    module.add("pull_back(c, work, factors, row)", stages.lines)
    module.operations += operations([parts.state, *(node for pair in parts.outers.values() for node in pair)])
    module.operations += sum(a.shape[0] * b.shape[0] for a, b in parts.outers.values())
    _gathering(module, parts, tables, stride)
    zeros = [(g_at, size), *((sums[name], layout.size(node.shape[0])) for name, node in parts.sums.items())]
    zeros += [
        (tables[name], layout.padded(a.shape[0]) * layout.padded(b.shape[0]) * lanes)
        for name, (a, b) in parts.outers.items()
    ]
    clear = [
        line
        for at, length in zeros
        for line in (
            f"for k in range(0, {length}, {lanes}):",
            f"    store(work, {at} + k, splat(0.0, {lanes}))",
        )
    ]
    module.add("clear_gradient(work)", clear)
    rows, sample = [], []
    for index, (observable, _) in enumerate(watchers):
        if isinstance(observable, Backward):
            stages = module.stages()
            stages.home[g] = f"work, {g_at}"
            stores, count = _rows(module, index, stages, graph.lift(observable.value(g)), "t")
            sample += [*stages.lines, *stores]
            rows.append(count)
        else:
            rows.append(len(parts.outers) + len(parts.sums))
    module.add("sample_gradient(outs, cells, at, c, work, t)", sample)
    module.add(
        "finish_gradient(outs, cells, at, c, work)", _norms(module, equation, parts, tables, sums, norms)
    )
    return module.finished(
        network_kernels.bptt, "A network's gradient through time, backward.", rows, ", _F, _F, _F, _I", stride
    )


def _gathering(module: Module, parts: Gradients, tables: dict[str, int], stride: int) -> None:
    """The product over times of the two factors of each matrix's gradient, in register tiles of 4 x 4."""
    lanes, layout = module.layout.lanes, module.layout
    lines: list[str] = []
    offset = 0
    for name, (a, b) in parts.outers.items():
        high, wide = layout.padded(a.shape[0]), layout.padded(b.shape[0])
        columns = min(4, b.shape[0])
        cells = [(r, q) for r in range(4) for q in range(columns)]
        at = [f"{tables[name]} + ((i + {r}) * {wide} + j + {q}) * {lanes}" for r, q in cells]
        lines += [
            f"for i in range(0, {high}, 4):",
            f"    for j in range(0, {wide if columns == 4 else columns}, {columns}):",
        ]
        lines += [
            f"        s{r}{q} = load(work, {place}, {lanes})" for (r, q), place in zip(cells, at, strict=True)
        ]
        lines += ["        for t in range(count - 1, -1, -1):", f"            o = t * {stride} + {offset}"]
        lines += [
            f"            b{q} = load(factors, o + {layout.size(a.shape[0])} + (j + {q}) * {lanes}, {lanes})"
            for q in range(columns)
        ]
        for r in range(4):
            lines.append(f"            a = load(factors, o + (i + {r}) * {lanes}, {lanes})")
            lines += [f"            s{r}{q} = fma(a, b{q}, s{r}{q})" for q in range(columns)]
        lines += [f"        store(work, {place}, s{r}{q})" for (r, q), place in zip(cells, at, strict=True)]
        offset += layout.size(a.shape[0]) + layout.size(b.shape[0])
    module.add("gather(work, factors, count)", lines)


def _norms(
    module: Module,
    equation: Equation,
    parts: Gradients,
    tables: dict[str, int],
    sums: dict[str, int],
    norms: Sequence[int],
) -> list[str]:
    """Lines that store the Euclidean norm of each parameter's gradient, in the order of the pack."""
    lanes, layout = module.layout.lanes, module.layout
    lines: list[str] = []
    row = 0
    for name in equation.pack._fields:
        if name in parts.outers:
            a, b = parts.outers[name]
            place = f"{tables[name]} + (i * {layout.padded(b.shape[0])} + j) * {lanes}"
            loops = [f"for i in range({a.shape[0]}):", f"    for j in range({b.shape[0]}):"]
            inner = [f"        v = load(work, {place}, {lanes})", "        norm = fma(v, v, norm)"]
        elif name in parts.sums:
            loops = [f"for i in range({parts.sums[name].shape[0]}):"]
            inner = [f"    v = load(work, {sums[name]} + i * {lanes}, {lanes})", "    norm = fma(v, v, norm)"]
        else:
            continue
        lines += [f"norm = splat(0.0, {lanes})", *loops, *inner]
        lines += [f"store(outs[{index}], {row} * cells + at, sqrt(norm))" for index in norms]
        row += 1
    return lines
