"""State and tangents of a network one step on: what they share is computed once, matrices meet all tangents
in one product.

Tangents lie as [tangent][row][lane], rows like the state's, padding included. Products run over the units in
their order, in tiles of three rows and two tangents of eight lanes: twelve registers of four numbers, or six
of eight.
"""

from collections.abc import Sequence

from sim.equations.graph import Node, reachable
from sim.equations.lower import operations
from sim.equations.stages import BUNDLE, Layout, Stages
from sim.generic import carried
from sim.networks import module as network

_ROWS, _PAIR = 3, 2


def product_source(layout: Layout, name: str, height: int, width: int, transposed: bool, count: int) -> str:
    """A function `name(m, at, source, v, apart, work, out, beside)`: work[out + k beside] = M source[v + k
    apart], or its transpose, for `count` vectors k.
    """
    lanes = layout.lanes
    outer, inner = (width, height) if transposed else (height, width)

    def weight(r: int) -> str:
        index = f"j * {width} + i + {r}" if transposed else f"(i + {r}) * {width} + j"
        return f"m[at + {index}]" if layout.shared else f"load(m, at + ({index}) * {lanes} + lane, 8)"

    def tile(rows: int, vectors: int, wide: int) -> list[str]:
        sums = [(r, k) for r in range(rows) for k in range(vectors)]
        lines = [f"a{r}_{k} = splat(0.0, {wide})" for r, k in sums]
        lines.append(f"for j in range({inner}):")
        lines += [f"    w{r} = {weight(r)}" for r in range(rows)]
        for k in range(vectors):
            lines.append(f"    h = load(source, v + (k + {k}) * apart + j * {lanes} + lane, {wide})")
            lines += [f"    a{r}_{k} = fma(w{r}, h, a{r}_{k})" for r in range(rows)]
        return [
            *lines,
            *(
                f"store(work, out + (k + {k}) * beside + (i + {r}) * {lanes} + lane, a{r}_{k})"
                for r, k in sums
            ),
        ]

    def band(vectors: int) -> list[str]:
        lines: list[str] = []
        wide, most = 8, _ROWS * (_PAIR if vectors == 1 else 1)
        if vectors == 1 and layout.shared:
            wide, most = lanes, layout.tile  # as the network's own product: 31 ms become 25 for 100 units
        left = outer
        for rows in dict.fromkeys((most, _ROWS, 2, 1)):
            if rows > left:
                continue
            left %= rows
            lines += [f"while i + {rows} <= {outer}:", f"    for lane in range(0, {lanes}, {wide}):"]
            lines += [f"        {line}" for line in tile(rows, vectors, wide)]
            lines.append(f"    i += {rows}")
        return lines

    pairs = count // _PAIR * _PAIR
    body = []
    if pairs:
        body += [f"for k in range(0, {pairs}, {_PAIR}):", "    i = 0"]
        body += [f"    {line}" for line in band(_PAIR)]
    if pairs < count:
        body += [f"k = {pairs}", "i = 0", *band(1)]
    head = f"\n\n@jit\ndef {name}(m, at, source, v, apart, work, out, beside):\n"
    return head + "\n".join(f"    {line}" for line in body) + "\n"


class _Frames(Stages):
    """A body whose matrix products take one vector or many."""

    def __init__(self, module: network.Module, before: "_Frames | None" = None) -> None:
        super().__init__(module.layout, module.equation.columns(), module.products)
        self.module = module
        if before is None:
            self.home |= module.stages().home
            return
        self.home |= before.home
        self.tiles |= before.tiles
        self.names |= before.names
        self._count = before.count

    @property
    def count(self) -> int:
        """How many names it has given."""
        return self._count

    def in_place(self, node: Node) -> bool:
        """Whether a product is made where it is needed."""
        return self._one_column(node)

    def many(self, node: Node, count: int, source: str, v: str, apart: int, out: int, beside: int) -> str:
        """A call that multiplies `count` vectors."""
        matrix = node.args[0]
        transposed = matrix.op == "transpose"
        leaf = matrix.args[0] if transposed else matrix
        height, width = leaf.shape
        name = f"many{'_transposed' if transposed else ''}_{height}x{width}_{count}"
        self.products.setdefault(name, product_source(self.layout, name, height, width, transposed, count))
        at = self.layout.matrices[leaf.value.name]
        return f"{name}(matrices, {at}, {source}, {v}, {apart}, work, {out}, {beside})"

    def _product(self, node: Node) -> None:
        source, v = self.array(node.args[1]).split(", ")
        out = self.layout.allocate(self.layout.size(node.shape[0]))
        self.lines.append(self.many(node, 1, source, v, 0, out, 0))
        self.home[node] = f"work, {out}"


class Frame:
    """The part `advance(c, work)` of a module for m tangents, and where they lie: `at`, `rows`, `lanes`."""

    def __init__(self, module: network.Module, m: int) -> None:
        self.module, self.m = module, m
        self.lanes = module.layout.lanes
        self.rows, self.size = module.size // self.lanes, module.size
        self.at = module.layout.allocate(m * self.size)
        equation = module.equation
        v = tuple(equation.graph.leaf("tangent", part, (n,)) for part, n in equation.parts.items())
        still = equation.graph.zeros(equation.x.shape[0])
        moved = equation.numbers(
            carried(
                equation.pack, equation.shaped(equation.state), equation.driven, equation.shaped(v), still
            )
        )
        module.add("advance(c, work)", self._advance(v, moved))
        module.add("step(c, work)", self._step())
        module.operations = operations(equation.next) + m * operations(moved)

    def _step(self) -> list[str]:
        """The state alone, as `advance` computes it."""
        module, equation = self.module, self.module.equation
        stages = _Frames(module)
        states = module.placed(equation.state, "work", str(module.state))
        stages.write(list(zip(equation.next, states.values(), strict=True)))
        return stages.lines

    def _advance(self, v: Sequence[Node], moved: Sequence[Node]) -> list[str]:
        module, equation = self.module, self.module.equation
        moving = set(v)
        order = reachable(moved)
        for node in order:
            if any(arg in moving for arg in node.args):
                moving.add(node)
        once = _Frames(module)
        for node in equation.next:
            once.array(node)
        fixed = [arg for node in order if node in moving for arg in node.args if arg not in moving]
        for node in fixed:
            if len(node.shape) == 1 and node.op not in ("leaf", "const", "zeros"):
                once.array(node)
        lines = once.lines
        places = module.placed(v, "work", "q")
        home: dict[Node, str] = dict(places)  # where tangent k's arrays lie, q and o being its offsets
        for node in order:
            if node in moving and node.op == "matvec" and not once.in_place(node):
                lines = [*lines, *self._products(once, node, home)]
        last = self._each(once, home)
        last.write(list(zip(moved, places.values(), strict=True)))
        lines = [*lines, *self._looped(last.lines), *self._cleared()]
        states = module.placed(equation.state, "work", str(module.state))
        ends = _Frames(module, once)
        ends.write(list(zip(equation.next, states.values(), strict=True)))
        return [*lines, *ends.lines]

    def _each(self, once: _Frames, home: dict[Node, str]) -> _Frames:
        """A body for one tangent, inside the loop over them; what it finds is that tangent's alone."""
        stages = _Frames(self.module, once)
        stages.home |= home
        return stages

    def _looped(self, lines: Sequence[str]) -> list[str]:
        head = [f"for tangent in range({self.m}):", f"    q = {self.at} + tangent * {self.size}"]
        return [*head, *(f"    {line}" for line in lines)]

    def _products(self, once: _Frames, node: Node, home: dict[Node, str]) -> list[str]:
        """A matrix times all tangents, or times what is made of each of them."""
        layout = self.module.layout
        vector = node.args[1]
        size = layout.size(node.shape[0])
        out = layout.allocate(self.m * size)
        lines: list[str] = []
        if vector in home and home[vector].startswith("work, q"):
            v, apart = home[vector].removeprefix("work, q").removeprefix(" + ") or "0", self.size
            v = f"{self.at} + {v}"
        else:
            apart = layout.size(vector.shape[0])
            made = layout.allocate(self.m * apart)
            stages = self._each(once, home)
            stages.write([(vector, f"work, {made} + tangent * {apart}")])
            lines += self._looped(stages.lines)
            home[vector] = f"work, {made} + tangent * {apart}"
            v = str(made)
        lines.append(once.many(node, self.m, "work", v, apart, out, size))
        home[node] = f"work, {out} + tangent * {size}"
        return lines

    def _cleared(self) -> list[str]:
        """Rows that fill the last bundles up count in no length: they are zero."""
        lines: list[str] = []
        at = 0
        for count, size in zip(self.module.equation.parts.values(), self.module.sizes, strict=True):
            own = count * self.lanes
            if own < size:
                lines += [
                    f"for k in range({at + own}, {at + size}, 8):",
                    "    store(work, q + k, splat(0.0, 8))",
                ]
            at += size
        return self._looped(lines) if lines else []


__all__ = ["BUNDLE", "Frame", "product_source"]
