"""From a graph of single numbers to lines of code on lanes.

Which products are fused with sums is decided here, from the expression alone: `a * b + c` is one `fma`,
always, and a product used elsewhere too is computed again for that use. So an expression has the same bits in
every kernel that contains it.
"""

from collections.abc import Callable, Sequence

from sim.equations.graph import BINARY, Node, reachable

# mul/FMA-port operations of one call, for planning and for limits in benches (`shared` measured tanh at 16)
COST = {
    "tanh": 17,
    "sigmoid": 18,
    "exp": 17,
    "expm1": 16,
    "softplus": 40,
    "log": 16,
    "log1p": 22,
    "sqrt": 8,
    "div": 4,
    "sin": 16,
    "cos": 16,
}


def literal(value: float) -> str:
    """A number as source text: infinities and NaN have no names in generated modules."""
    text = {"inf": "1e999", "-inf": "-1e999", "nan": "(1e999 - 1e999)"}
    return text.get(repr(value), repr(value))


class Code:
    """Straight-line code: one variable for each node that is needed, in order."""

    def __init__(
        self, source: Callable[[Node], tuple[str, bool] | None], prefix: str = "t", width: str = "WIDTH"
    ) -> None:
        """`source` gives, for a node that need not be computed, the expression that holds it and whether
        all lanes agree on it; every leaf has one. `width` is the name of the bundle's width in the
        generated code.
        """
        self._source = source
        self._prefix = prefix
        self._width = width
        self._names: dict[Node, tuple[str, bool]] = {}
        self.lines: list[str] = []

    def names(self, nodes: Sequence[Node]) -> list[str]:
        """Variables (or literals) that hold these nodes, adding the lines that compute them."""
        return [self._value(node)[0] for node in nodes]

    def lanes(self, nodes: Sequence[Node]) -> list[str]:
        """As `names`, but always bundles: what is the same for all lanes is spread over them."""
        return [
            f"splat({name}, {self._width})" if uniform else name for name, uniform in map(self._value, nodes)
        ]

    def _value(self, root: Node) -> tuple[str, bool]:
        order: list[Node] = []
        seen: set[Node] = set()
        stack = [(root, False)]
        while stack:
            node, expanded = stack.pop()
            if expanded:
                order.append(node)
            elif node not in self._names and node not in seen:
                seen.add(node)
                given = self._source(node)
                if given is not None:
                    self._names[node] = self._named(*given)
                    continue
                stack.append((node, True))
                stack.extend((operand, False) for operand in reversed(_operands(node)))
        for node in order:
            self._names[node] = self._emit(node)
        return self._names[root]

    def _named(self, expression: str, uniform: bool) -> tuple[str, bool]:
        if "(" not in expression or uniform:
            return expression, uniform
        name = f"{self._prefix}{len(self.lines)}"
        self.lines.append(f"{name} = {expression}")
        return name, False

    def _emit(self, node: Node) -> tuple[str, bool]:
        if node.op in ("const", "silence"):
            return literal(node.value or 0.0), True
        operands = [self._names[arg] for arg in _operands(node)]
        if all(uniform for _, uniform in operands):
            operands[0] = (f"splat({operands[0][0]}, {self._width})", False)
        name = f"{self._prefix}{len(self.lines)}"
        self.lines.append(f"{name} = {self._expression(node, [text for text, _ in operands])}")
        return name, False

    def _expression(self, node: Node, names: list[str]) -> str:
        form = _fused(node)
        if form is not None:
            a, b, c = names
            return (
                f"fma({_minus(a)}, {b}, {c})"
                if form == "minus product"
                else f"fma({a}, {b}, {_minus(c) if form == 'minus sum' else c})"
            )
        if node.op in BINARY:
            return f"{names[0]} {BINARY[node.op]} {names[1]}"
        if node.op == "where":
            return f"select({', '.join(names)})"
        if node.op in ("neg", "not", "abs"):
            return {"neg": "-{}", "not": "~{}", "abs": "abs({})"}[node.op].format(names[0])
        if node.op in ("total", "largest", "spread"):  # a state of one number is its own sum
            return names[0]
        return f"{node.op}({names[0]})"


def _minus(name: str) -> str:
    return name[1:] if name.startswith("-") else f"-{name}"


def _fused(node: Node) -> str | None:
    if node.op not in ("add", "sub"):
        return None
    a, b = node.args
    if b.op == "mul":
        return "product" if node.op == "add" else "minus product"
    if a.op == "mul":
        return "product" if node.op == "add" else "minus sum"
    return None


def _operands(node: Node) -> tuple[Node, ...]:
    """The nodes whose values the emitted operation reads: those of the product and the sum where they are
    fused.
    """
    if _fused(node) is None:
        return node.args
    a, b = node.args
    return (*b.args, a) if b.op == "mul" else (*a.args, b)


def operations(roots: Sequence[Node]) -> float:
    """Counted multiply-port operations of computing these nodes once, for one cell; a matrix product
    counts n * m.
    """
    count = 0.0
    for node in reachable(roots):
        width = 1
        for size in node.shape:
            width *= size
        if node.op == "matvec":
            count += node.args[0].shape[0] * node.args[0].shape[1]
        elif node.op not in ("leaf", "const", "silence", "zeros", "transpose"):
            count += COST.get(node.op, 1) * width
    return count
