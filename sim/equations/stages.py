"""From a graph over units to code on blocks of cells: matrix products, loops over units, sums over units, in
order.

A block holds `LANES` cells; an array over units lies flat as [unit][lane], its units padded so that
elementwise work runs in bundles of 64 whatever the number of lanes (that hides the latency of tanh). A number
of each cell is kept repeated 64 wide, so that the same bundle reads it. Products and sums over units run in
the order of the units, in every form.
"""

from collections.abc import Sequence

from sim.equations.graph import Node
from sim.equations.lower import Code, literal
from sim.machine.processor import SHAPES

BUNDLE = SHAPES.bundle
REGISTER = 8  # numbers that one instruction takes


class Layout:
    """Where a network's arrays lie: lanes a block, registers of a product's tile, and offsets in the flat
    arrays of a block.

    Matrices lie as [row][column][lane]. Lanes that do not fill a register (a narrow block, so few cells that
    their matrices stay in the first-level cache) share it with units: matrices then lie as
    [column][row][lane], where a register holds several rows, and for transposed products a second time as
    [row][column][lane]. Shared matrices have no lanes.
    """

    def __init__(
        self,
        lanes: int,
        tile: int,
        shared: bool,
        matrices: dict[str, tuple[int, int]],
        vectors: dict[str, int],
    ) -> None:
        self.lanes, self.tile, self.shared = lanes, tile, shared
        self.narrow = lanes < REGISTER
        self.width = max(lanes, REGISTER)  # numbers of a bundle in products
        # and in elementwise work: four registers at least, of which sums of outer products take four at once
        self.bundle = min(BUNDLE, 4 * REGISTER) if self.narrow else BUNDLE
        self.shapes = matrices
        self.matrices: dict[str, int] = {}
        self.vectors: dict[str, int] = {}
        self.matrix_size = self.vector_size = 0
        for name, (height, width) in matrices.items():
            self.matrices[name] = self.matrix_size
            self.matrix_size += self.columns_size(height, width)
            self.matrix_size += height * self.filled(width) if self.narrow else 0
        for name, length in vectors.items():
            self.vectors[name] = self.vector_size
            self.vector_size += self.size(length)
        self.work = 0

    def padded(self, n: int) -> int:
        """Units with the last bundle and the last tile of 4 units filled up."""
        unit = max(4, self.bundle // self.lanes)
        return -(-n // unit) * unit

    def size(self, n: int) -> int:
        """Numbers of an array over n units."""
        return self.padded(n) * self.lanes

    def filled(self, n: int) -> int:
        """Numbers of an array over n units with the last register filled up."""
        return -(-n * self.lanes // self.width) * self.width

    def columns_size(self, height: int, width: int) -> int:
        """Numbers of a matrix; one column alone is read as an array over units is."""
        if self.shared:
            return height * width
        return self.size(height) if width == 1 else width * self.filled(height)

    def filling(self, bundle: str) -> str:
        """LANES numbers repeated until they fill a register."""
        return f"repeat({bundle}, {self.width})" if self.narrow else bundle

    def allocate(self, size: int) -> int:
        """The offset of a new buffer in the block's scratch array."""
        offset = self.work
        self.work += -(-size // 8) * 8
        return offset


def product_source(layout: Layout, name: str, height: int, width: int, transposed: bool) -> str:
    """A function `name(m, at, source, v, work, out)`: work[out] = M source[v], or its transpose, in tiles of
    registers of which each holds sums that end up side by side.
    """
    lanes, register = layout.lanes, layout.width
    outer, inner = (width, height) if transposed else (height, width)
    start = layout.columns_size(height, width) if layout.narrow and transposed else 0

    def weight(r: int, j: str) -> str:
        if layout.narrow:
            return (
                f"load(m, at + {start} + {j} * {layout.filled(outer)} + (i + {r}) * {register}, {register})"
            )
        index = f"{j} * {width} + i + {r}" if transposed else f"(i + {r}) * {width} + {j}"
        return f"m[at + {index}]" if layout.shared else f"load(m, at + ({index}) * {lanes}, {lanes})"

    def rows(count: int) -> list[str]:
        first, later = (layout.filling(f"load(source, v + {j} * {lanes}, {lanes})") for j in ("0", "j"))
        return [
            f"    h = {first}",
            *(f"    a{r} = {weight(r, '0')} * h" for r in range(count)),
            f"    for j in range(1, {inner}):",
            f"        h = {later}",
            *(f"        a{r} = fma({weight(r, 'j')}, h, a{r})" for r in range(count)),
            *(f"    store(work, out + (i + {r}) * {register}, a{r})" for r in range(count)),
        ]

    registers = layout.filled(outer) // register
    tile = -(-registers // -(-registers // layout.tile))
    whole = registers // tile * tile
    lines = [f"for i in range(0, {whole}, {tile}):", *rows(tile)]
    if whole < registers:
        lines += [f"for i in range({whole}, {registers}, {registers - whole}):", *rows(registers - whole)]
    return (
        f"\n\n@jit\ndef {name}(m, at, source, v, work, out):\n"
        + "\n".join(f"    {line}" for line in lines)
        + "\n"
    )


class Stages:
    """The body of one function in the making; `home` says where arrays over units already lie."""

    def __init__(self, layout: Layout, numbers: Sequence[str], products: dict[str, str]) -> None:
        self.layout, self.numbers, self.products = layout, list(numbers), products
        self.home: dict[Node, str] = {}  # array over units -> "array, offset"
        self.tiles: dict[Node, str] = {}  # number of each cell -> "array, offset" of its 64-wide copy
        self.names: dict[Node, str] = {}  # number of each cell -> variable, LANES wide
        self.lines: list[str] = []
        self._count = 0

    def _fresh(self) -> str:
        self._count += 1
        return f"q{self._count}_"

    def _leaf(self, node: Node, lanes: int, at: str, before: list[str]) -> tuple[str, bool] | None:
        """What holds a node inside a loop whose bundles start at `at`; loads that do not move go to
        `before`.
        """
        if node in self.home:
            array, offset = self.home[node].split(", ")
            return f"load({array}, {offset} + {at}, {lanes})", False
        if node in self.names and lanes == self.layout.lanes:
            return self.names[node], False
        if self._one_column(node):
            matrix, vector = node.args
            name = f"c{len(before)}_{self._fresh()}"
            before.append(f"{name} = repeat(load({self.array(vector)}, {self.layout.lanes}), {lanes})")
            return (
                f"load(matrices, {self.layout.matrices[matrix.value.name]} + {at}, {lanes}) * {name}",
                False,
            )
        place = self.tiles.get(node)
        if node.op == "leaf" and node.value.kind in ("parameter", "extra"):
            place = f"numbers, {self.numbers.index(node.value.name) * BUNDLE}"
        if place is not None:
            name = f"c{len(before)}_{self._fresh()}"
            before.append(f"{name} = load({place}, {lanes})")
            return name, False
        if node.op == "const":
            return literal(node.value), True
        if node.op == "zeros":
            return "0.0", True
        if node.op == "leaf" and node.value.kind == "vector":
            return f"load(vectors, {self.layout.vectors[node.value.name]} + {at}, {lanes})", False
        if node.op == "leaf" and node.value.kind == "time":
            return "t", True
        return None

    def prepare(self, nodes: Sequence[Node]) -> None:
        """Compute every matrix product and every sum over units that these nodes need."""
        # a stack of its own: a sum of a thousand products is a thousand nodes deep
        seen: set[Node] = set()
        waiting = [(node, False) for node in reversed(nodes)]
        while waiting:
            node, ready = waiting.pop()
            if ready:
                self._compute(node)
            elif not (node in seen or node in self.home or node in self.names or node in self.tiles):
                seen.add(node)
                waiting.append((node, True))
                waiting.extend((arg, False) for arg in reversed(node.args))

    def _compute(self, node: Node) -> None:
        """The product or sum over units that this node is, if it is one; what it needs is there."""
        if self._one_column(node):
            self.array(node.args[1])
        elif node.op == "matvec":
            self._product(node)
        elif node.op in ("total", "largest") and node.args[0].shape:
            self._over_units(node)

    def _one_column(self, node: Node) -> bool:
        """Whether this is a product with one column: one multiplication a unit, made where it is needed."""
        return (
            node.op == "matvec"
            and node.args[0].op == "leaf"
            and node.args[0].shape[1] == 1
            and not self.layout.shared
        )

    def _product(self, node: Node) -> None:
        matrix, vector = node.args
        transposed = matrix.op == "transpose"
        leaf = matrix.args[0] if transposed else matrix
        height, width = leaf.shape
        name = f"product{'_transposed' if transposed else ''}_{height}x{width}"
        self.products.setdefault(name, product_source(self.layout, name, height, width, transposed))
        array, offset = self.array(vector).split(", ")
        out = self.layout.allocate(self.layout.size(node.shape[0]))
        self.lines.append(
            f"{name}(matrices, {self.layout.matrices[leaf.value.name]}, {array}, {offset}, work, {out})"
        )
        self.home[node] = f"work, {out}"

    def _over_units(self, node: Node) -> None:
        """A sum over units, or the largest of them, in the order of the units."""
        (value,) = node.args
        lanes = self.layout.lanes
        graph = node.graph
        sofar = graph.leaf("accumulator", f"{node.op}{node.serial}")
        grown = sofar + value if node.op == "total" else graph.apply("where", value > sofar, value, sofar)
        result = self._fresh()
        before: list[str] = []
        code = Code(
            lambda n: (result, False) if n is sofar else self._leaf(n, lanes, f"i * {lanes}", before),
            self._fresh(),
            str(lanes),
        )
        (name,) = code.names([grown])
        start = "0.0" if node.op == "total" else "-1e999"
        self.lines += [*before, f"{result} = splat({start}, {lanes})", f"for i in range({value.shape[0]}):"]
        self.lines += [f"    {line}" for line in [*code.lines, f"{result} = {name}"]]
        self.names[node] = result
        tile = self.layout.allocate(BUNDLE)
        self.lines.append(f"store(work, {tile}, repeat({result}, {self.layout.bundle}))")
        self.tiles[node] = f"work, {tile}"

    def array(self, node: Node) -> str:
        """Where this array over units lies, computed into a buffer of its own if it must be."""
        if node not in self.home:
            if node.op == "leaf" and node.value.kind == "vector":
                return f"vectors, {self.layout.vectors[node.value.name]}"
            out = f"work, {self.layout.allocate(self.layout.size(node.shape[0]))}"
            self.write([(node, out)])
            self.home[node] = out
        return self.home[node]

    def write(self, pairs: Sequence[tuple[Node, str]], condition: str = "") -> None:
        """One loop over units that stores each node where it belongs; arrays only."""
        self.prepare([node for node, _ in pairs])
        bundle = self.layout.bundle
        size = {self.layout.size(node.shape[0]) for node, _ in pairs}
        for length in sorted(size):
            before: list[str] = []
            code = Code(lambda n: self._leaf(n, bundle, "k", before), self._fresh(), str(bundle))  # noqa: B023 - used at once
            own = [(node, place) for node, place in pairs if self.layout.size(node.shape[0]) == length]
            names = code.lanes([node for node, _ in own])
            stores = [
                f"store({place.split(', ')[0]}, {place.split(', ')[1]} + k, {name})"
                for (_, place), name in zip(own, names, strict=True)
            ]
            self.lines += [
                *before,
                f"for k in range(0, {length}, {bundle}):",
                *(f"    {line}" for line in [*code.lines, *stores]),
            ]

    def scalars(self, nodes: Sequence[Node]) -> list[str]:
        """Variables, LANES wide, that hold these numbers of each cell."""
        self.prepare(nodes)
        before: list[str] = []
        code = Code(
            lambda n: self._leaf(n, self.layout.lanes, "0", before), self._fresh(), str(self.layout.lanes)
        )
        names = code.lanes(nodes)
        self.lines += [*before, *code.lines]
        return names
