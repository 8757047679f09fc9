"""Exact derivatives of expressions, as expressions (reverse accumulation on the graph).

Structural zeros stay `None` and products with 1 are not written, so that the derivative of `w * h + b` costs
what a hand-written one costs. Source: A. Griewank & A. Walther, Evaluating Derivatives, 2nd ed. 2008,
doi:10.1137/1.9780898717761.
"""

from collections.abc import Callable, Sequence

from sim.equations.graph import CONDITIONS, Graph, Node, reachable

Rule = Callable[[Graph, Node, Node], tuple[Node | None, ...]]


def _is(node: Node, value: float) -> bool:
    return node.op == "const" and node.value == value


def _times(a: Node, b: Node) -> Node | None:
    """a * b; None where one of them is zero by structure (the input of a silent run)."""
    if _is(a, 0.0) or _is(b, 0.0):
        return None
    if _is(a, 1.0):
        return b
    if _is(b, 1.0):
        return a
    return a * b


def _negated(a: Node | None) -> Node | None:
    if a is None:
        return None
    return a.graph.constant(-a.value) if a.op == "const" else -a


def _quotient(graph: Graph, g: Node, node: Node) -> tuple[Node | None, ...]:
    share = g / node.args[1]
    return share, _negated(_times(share, node))


def _choice(graph: Graph, g: Node, node: Node) -> tuple[Node | None, ...]:
    condition = node.args[0]
    return None, graph.apply("where", condition, g, 0.0), graph.apply("where", condition, 0.0, g)


def _modulus(graph: Graph, g: Node, node: Node) -> tuple[Node | None, ...]:
    (a,) = node.args
    return (graph.apply("where", a > 0.0, g, graph.apply("where", a < 0.0, _negated(g), 0.0)),)


_RULES: dict[str, Rule] = {
    "add": lambda graph, g, node: (g, g),
    "sub": lambda graph, g, node: (g, _negated(g)),
    "mul": lambda graph, g, node: (_times(g, node.args[1]), _times(g, node.args[0])),
    "div": _quotient,
    "neg": lambda graph, g, node: (_negated(g),),
    "abs": _modulus,
    "where": _choice,
    "exp": lambda graph, g, node: (_times(g, node),),
    "expm1": lambda graph, g, node: (_times(g, node + 1.0),),
    "log": lambda graph, g, node: (g / node.args[0],),
    "log1p": lambda graph, g, node: (g / (node.args[0] + 1.0),),
    "tanh": lambda graph, g, node: (_times(g, 1.0 - node * node),),
    "sigmoid": lambda graph, g, node: (_times(g, node * (1.0 - node)),),
    "softplus": lambda graph, g, node: (_times(g, graph.apply("sigmoid", node.args[0])),),
    "sqrt": lambda graph, g, node: (_times(g, 0.5 / node),),
    "sin": lambda graph, g, node: (_times(g, graph.apply("cos", node.args[0])),),
    "cos": lambda graph, g, node: (_negated(_times(g, graph.apply("sin", node.args[0]))),),
    "total": lambda graph, g, node: (graph.node("spread", (g,), None, node.args[0].shape),),
    "largest": lambda graph, g, node: (None,),
    "spread": lambda graph, g, node: (g,),
    "transpose": lambda graph, g, node: (g.T,),
    "matvec": lambda graph, g, node: (
        graph.node("outer", (g, node.args[1]), None, node.args[0].shape),
        graph.node("matvec", (node.args[0].T, g), None, node.args[1].shape),
    ),
}


def _shaped(graph: Graph, g: Node, arg: Node) -> Node:
    """A contribution in the shape of the argument: summed where the argument was broadcast over units."""
    if g.shape and not arg.shape:
        return graph.node("total", (g,), None, ())
    if arg.shape and not g.shape:
        return graph.node("spread", (g,), None, arg.shape)
    return g


def gradient(value: Node, wrt: Sequence[Node], seed: Node | None = None) -> list[Node | None]:
    """d value / d node for each node of `wrt`; None where value does not depend on it.

    `seed`, of value's shape, makes it the vector-Jacobian product seed^T (d value / d node); without it value
    is one number. Comparisons have derivative zero.
    """
    graph = value.graph
    wanted = set(wrt)
    depends: set[Node] = set()
    order = reachable([value])
    for node in order:
        if node in wanted or any(arg in depends for arg in node.args):
            depends.add(node)
    found: dict[Node, Node] = {value: graph.constant(1.0) if seed is None else seed}
    for node in reversed(order):
        if node not in depends or node not in found or node in wanted or node.op in CONDITIONS:
            continue
        rule = _RULES[node.op]
        for arg, share in zip(node.args, rule(graph, found[node], node), strict=True):
            if share is not None and arg in depends:
                own = _shaped(graph, share, arg)
                found[arg] = found[arg] + own if arg in found else own
    return [found.get(node) if node in depends else None for node in wrt]


def along(
    graph: Graph,
    row: Sequence[Node | None],
    v: Sequence[Node],
    direct: Node | None = None,
    into: Node | None = None,
) -> Node:
    """into + direct + sum_i row_i v_i, a derivative along v by its slopes, leaving out what is zero by
    structure.
    """
    result = into if direct is None else direct if into is None else into + direct
    for slope, part in zip(row, v, strict=True):
        if slope is not None:
            share = part if _is(slope, 1.0) else slope * part
            result = share if result is None else result + share
    return graph.constant(0.0) if result is None else result
