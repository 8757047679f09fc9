"""Modules for a network's gradient through time: the parts of the backward loop of
`sim/network_kernels.py`.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sim import network_kernels
from sim.derivatives import gradient
from sim.equation import Equation, Scaled
from sim.errors import refuse
from sim.generic import vjp
from sim.graph import Node
from sim.lower import operations
from sim.network import Module, Program, stored
from sim.objective import cost
from sim.observable import Backward
from sim.pointwise import Watcher
from sim.stages import BUNDLE


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
            stores, count = stored(module, index, stages, graph.lift(observable.value(g)), "t")
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
