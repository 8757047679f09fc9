"""Sums over time of a gradient with respect to a network's parameters: outer products for matrices, sums for
vectors and numbers, and what is stored of them.
"""

from collections.abc import Mapping, Sequence

from sim.equations.equation import Equation, Scaled
from sim.equations.graph import Graph, Node
from sim.equations.stages import Layout, Stages
from sim.errors import refuse
from sim.functions import LARGE, LIFT, SMALL, length, scaling, sqrt, squares, total
from sim.networks.module import Module

Pairs = list[tuple[Node, Node]]


def terms(name: str, value: Node | Scaled | None) -> Pairs:
    """The outer products whose sum this gradient of a matrix is; those that are zero by structure are left
    out.
    """
    if value is None or (isinstance(value, Node) and value.op in ("silence", "const") and not value.value):
        return []
    if isinstance(value, Node) and value.op == "add":
        return terms(name, value.args[0]) + terms(name, value.args[1])
    if isinstance(value, Node) and value.op == "transpose":
        return [(b, a) for a, b in terms(name, value.args[0])]
    if isinstance(value, Scaled) or value.op != "outer":
        raise refuse(
            "system",
            f"the gradient that vjp gives for the matrix {name} is no outer(a, b); write it as one outer "
            "product, or as a sum of several",
        )
    a, b = value.args
    return [] if "zeros" in (a.op, b.op) else [(a, b)]


class ParameterSums:
    """One gradient with respect to all arrays of parameters, gathered over time."""

    def __init__(
        self,
        module: Module,
        matrices: Mapping[str, Pairs],
        vectors: Mapping[str, Node | None],
        numbers: Mapping[str, Node | None],
        mark: str,
    ) -> None:
        self.module, self.mark = module, mark
        self.matrices, self.vectors, self.numbers = dict(matrices), dict(vectors), dict(numbers)
        equation, layout = module.equation, module.layout
        self.tables = {name: layout.allocate(self._table(equation, name)) for name in self.matrices}
        self.sums = {
            name: layout.allocate(layout.size(equation.vectors[name].shape[0])) for name in self.vectors
        }
        self.slots = {name: layout.allocate(layout.width) for name in self.numbers}
        pairs = [pair for found in self.matrices.values() for pair in found]
        self.nodes = list(dict.fromkeys(node for pair in pairs for node in pair))
        self.factors: dict[Node, int] = {}  # where a factor lies in a row of factors
        self.taped: dict[Node, str] = {}  # or where on the tapes, of row `row`

    def place(self, homes: Mapping[Node, str], offset: int) -> int:
        """Give each factor its place in a row, unless it lies on a tape already; returns the next place."""
        for node in self.nodes:
            home = homes.get(node, "")
            if home.startswith(("tape, ", "kept, ")):
                self.taped[node] = home
            else:
                self.factors[node] = offset
                offset += self.module.layout.size(node.shape[0])
        return offset

    def _factor(self, node: Node, stride: int) -> tuple[str, str, str]:
        """Where a factor's numbers of time 0 of a span lie, and how far on those of the next time: (array,
        offset, stride).
        """
        if node not in self.taped:
            return "factors", str(self.factors[node]), str(stride)
        array, offset = self.taped[node].split(", ")
        step = offset.replace("(row + 1)", "row").split(" * ")[1].split(" + ")[0]
        rest = offset.rpartition(" + ")[2] if offset.count(" + ") > offset.count("(row + 1)") else "0"
        return array, f"{rest} + {step}" if "(row + 1)" in offset else rest, step

    def _table(self, equation: Equation, name: str) -> int:
        layout = self.module.layout
        height, width = equation.matrices[name].shape
        return layout.padded(height) * layout.padded(width) * layout.lanes

    def add(self, stages: Stages, stride: int) -> None:
        """Lines that keep this time's factors and add this time's vectors."""
        for node, place in self.factors.items():
            if node not in stages.home:
                stages.write([(node, f"factors, row * {stride} + {place}")])
                stages.home[node] = f"factors, row * {stride} + {place}"
                continue
            array, where = stages.array(node).split(", ")
            width = self.module.layout.width
            stages.lines += [
                f"for k in range(0, {self.module.layout.size(node.shape[0])}, {width}):",
                f"    store(factors, row * {stride} + {place} + k, load({array}, {where} + k, {width}))",
            ]
        pairs = []
        for name, share in self.vectors.items():
            if share is not None:
                leaf = share.graph.leaf("sum", f"{self.mark}.{name}", share.shape)
                stages.home[leaf] = f"work, {self.sums[name]}"
                pairs.append((leaf + share, f"work, {self.sums[name]}"))
        if pairs:
            stages.write(pairs)
        shares = {name: share for name, share in self.numbers.items() if share is not None}
        lanes = self.module.layout.lanes
        for name, found in zip(shares, stages.scalars(list(shares.values())), strict=True):
            at = self.slots[name]
            stages.lines.append(f"store(work, {at}, load(work, {at}, {lanes}) + {found})")

    def zeros(self) -> list[tuple[int, int]]:
        """Offset and length of what must be zero at the beginning."""
        equation, layout = self.module.equation, self.module.layout
        tables = [(at, self._table(equation, name)) for name, at in self.tables.items()]
        tables += [(at, layout.width) for at in self.slots.values()]
        return tables + [(at, layout.size(equation.vectors[name].shape[0])) for name, at in self.sums.items()]

    def gathering(self, stride: int) -> list[str]:
        """Lines that add the products over the times of a span to the matrices' gradients."""
        lines: list[str] = []
        for name, pairs in self.matrices.items():
            for a, b in pairs:
                product = f"gathered_{a.shape[0]}x{b.shape[0]}"
                self.module.products.setdefault(product, gathered_source(self.module.layout, product, a, b))
                own = ", ".join((*self._factor(a, stride), *self._factor(b, stride)))
                lines.append(f"{product}(work, {self.tables[name]}, {own}, count)")
        return lines

    def length(self, name: str) -> Node:
        """The Frobenius norm of one time's own contribution to the gradient of an array."""
        graph = self.module.equation.graph
        return contribution(graph, {**self.matrices, **self.vectors, **self.numbers}[name])


def contribution(graph: Graph, share: Node | Pairs | None) -> Node:
    """The norm of a gradient of a vector or a number, or of the outer products that one of a matrix is the
    sum of.
    """
    zero = graph.constant(0.0)
    if not isinstance(share, list):
        return zero if share is None else graph.lift(length(share))
    if len(share) < 2:  # that of an outer product
        return graph.lift(length(share[0][0]) * length(share[0][1])) if share else zero
    lift, back = scaling(squares(tuple(a for a, _ in share)))
    other_lift, other_back = scaling(squares(tuple(b for _, b in share)))
    lifted = [(a * lift, b * other_lift) for a, b in share]
    found = zero
    for a, b in lifted:
        for other, another in lifted:
            found = found + total(a * other) * total(b * another)
    return graph.lift(sqrt(found) * back * other_back)


def gathered_source(layout: Layout, name: str, a: Node, b: Node) -> str:
    """A function that adds sum over t of a[t] b[t]^T to a table, in register tiles of 4 x 4, the last time
    first.

    One function for each shape, called for each matrix: written out for every matrix of an LSTM the kernel
    took five times as long to compile.
    """
    lanes, width = layout.lanes, layout.width
    high, wide = layout.padded(a.shape[0]), layout.size(b.shape[0]) // width
    columns = min(4, layout.filled(b.shape[0]) // width)
    cells = [(r, q) for r in range(4) for q in range(columns)]
    place = {(r, q): f"table + ((i + {r}) * {wide} + j + {q}) * {width}" for r, q in cells}
    lines = [
        f"def {name}(work, table, left, i_at, i_step, right, j_at, j_step, count):",
        f"    for i in range(0, {high}, 4):",
        f"        for j in range(0, {wide if columns == 4 else columns}, {columns}):",
        *(f"            s{r}{q} = load(work, {place[r, q]}, {width})" for r, q in cells),
        "            for t in range(count - 1, -1, -1):",
        f"                ia = i_at + t * i_step + i * {lanes}",
        f"                jb = j_at + t * j_step + j * {width}",
        *(f"                b{q} = load(right, jb + {q * width}, {width})" for q in range(columns)),
    ]
    for r in range(4):
        row = layout.filling(f"load(left, ia + {r * lanes}, {lanes})")
        lines.append(f"                a = {row}")
        lines += [f"                s{r}{q} = fma(a, b{q}, s{r}{q})" for q in range(columns)]
    lines += [f"            store(work, {place[r, q]}, s{r}{q})" for r, q in cells]
    return "\n\n@jit\n" + "\n".join(lines) + "\n"


def _norm(lanes: int, loop: Sequence[str], place: str) -> list[str]:
    """Lines that store the root of the sum of squares of what `loop` loads as v, at `place`; where squares
    under- or overflow in any lane, of v lifted (`sim.functions.scaling`).
    """
    indent = " " * (len(loop[-1]) - len(loop[-1].lstrip()))
    return [
        f"norm = splat(0.0, {lanes})",
        *loop,
        f"{indent}norm = fma(v, v, norm)",
        f"back = splat(1.0, {lanes})",
        f"if any_lane(~((norm > {SMALL!r}) & (norm < {LARGE!r}))):",
        f"    lift = select(norm < {SMALL!r}, {LIFT!r}, select(norm > {LARGE!r}, {1.0 / LIFT!r}, back))",
        "    back = 1.0 / lift",
        f"    norm = splat(0.0, {lanes})",
        *(f"    {line}" for line in loop),
        f"    {indent}v = v * lift",
        f"    {indent}norm = fma(v, v, norm)",
        f"store({place}, sqrt(norm) * back)",
    ]


def norm_lines(sums: ParameterSums, names: Sequence[str], index: int, by: str) -> list[str]:
    """Lines that store norms of the arrays' gradients in an output: of whole arrays (of numbers the modulus),
    of the rows of the matrices, or the share of rows that are zero.
    """
    layout, equation = sums.module.layout, sums.module.equation
    lanes = layout.lanes
    lines: list[str] = []
    rows = norm_rows(equation, names, "neuron") // max(1, norm_rows(equation, names, "dead"))
    arrays = names if by == "array" else [name for name in names if name in sums.tables]
    for place, name in enumerate(arrays):
        target = f"outs[{index}], {place} * cells + at"
        if name in sums.slots:
            lines.append(f"store({target}, abs(load(work, {sums.slots[name]}, {lanes})))")
            continue
        if name in sums.sums:
            loop = [f"for i in range({equation.vectors[name].shape[0]}):"]
            loop += [f"    v = load(work, {sums.sums[name]} + i * {lanes}, {lanes})"]
            lines += _norm(lanes, loop, target)
            continue
        height, width = equation.matrices[name].shape
        entry = f"load(work, {sums.tables[name]} + (i * {layout.padded(width)} + j) * {lanes}, {lanes})"
        row = [f"for j in range({width}):", f"    v = {entry}"]
        each = f"for i in range({height}):"
        if by == "array":
            lines += _norm(lanes, [each, *(f"    {line}" for line in row)], target)
        elif by == "neuron":
            target = f"outs[{index}], ({place * rows} + i) * cells + at"
            lines += [each, *(f"    {line}" for line in _norm(lanes, row, target))]
            lines += [f"for i in range({height}, {rows}):"]
            lines += [f"    store({target}, splat(1e999 - 1e999, {lanes}))"]
        else:
            lines += [f"dead = splat(0.0, {lanes})", each, f"    norm = splat(0.0, {lanes})"]
            lines += [*(f"    {line}" for line in row), "        norm = norm + abs(v)"]
            lines += ["    dead = dead + select(norm > 0.0, 0.0, 1.0)"]
            lines += [f"store({target}, dead * {1.0 / height!r})"]
    return lines


def norm_rows(equation: Equation, names: Sequence[str], by: str) -> int:
    """How many numbers `norm_lines` stores."""
    if by == "array":
        return len(names)
    matrices = [name for name in names if name in equation.matrices]
    rows = max((equation.matrices[name].shape[0] for name in matrices), default=0)
    return len(matrices) * (rows if by == "neuron" else 1)
