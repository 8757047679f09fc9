"""Where a map of one number may jump: choices in its equation whose branches do not meet."""

from collections.abc import Sequence

import numpy as np

from sim.equations.graph import Node, reachable
from sim.equations.intervals import Interval, bounds, point


def jumps(f: Node) -> list[Node]:
    """The conditions of choices whose branches do not meet, as far as can be seen, where the choice turns."""
    return [node.args[0] for node in reachable([f]) if node.op == "where" and not _meets(node)]


def two_sided(f: Node) -> Node:
    """The equation with the smaller and the larger of two numbers as choices between these two.

    `sim.functions` writes a third branch, where(a <= b, a, where(b < a, b, a + b)), for what is no number.
    Where numbers are known by ranges both comparisons are open around a = b, and a + b would be among the
    bounds however narrow these ranges are.
    """
    found: dict[Node, Node] = {}
    for node in reachable([f]):
        args = tuple(found[arg] for arg in (_extremes(node) or node.args))
        same = len(args) == len(node.args) and all(a is b for a, b in zip(args, node.args, strict=True))
        found[node] = node if same else node.graph.node(node.op, args, node.value, node.shape)
    return found[f]


def _extremes(node: Node) -> tuple[Node, Node, Node] | None:
    """a <= b, a, b (or a >= b) of the smaller (larger) of two numbers."""
    if node.op != "where":
        return None
    condition, a, rest = node.args
    if condition.op not in ("le", "ge") or rest.op != "where" or rest.args[0].op not in ("lt", "gt"):
        return None
    other, b, neither = rest.args
    least, most = condition.args if condition.op == "le" else condition.args[::-1]
    less, more = other.args if other.op == "lt" else other.args[::-1]
    opposite = less is most and more is least
    both = _are(condition.args, a, b) and neither.op == "add" and _are(neither.args, a, b)
    return (condition, a, b) if opposite and both else None


def _are(args: Sequence[Node], a: Node, b: Node) -> bool:
    """Whether two arguments are these two, in either order."""
    first, second = args
    return (first is a and second is b) or (first is b and second is a)


def _meets(node: Node) -> bool:
    """Whether both branches of `where(z < c, a, b)` have one value at z = c, whatever else they hold."""
    condition, a, b = node.args
    if condition.op not in ("lt", "le", "gt", "ge"):
        return False
    if _are(condition.args, a, b):  # the smaller or the larger of two numbers
        return True
    for z, c in (condition.args, condition.args[::-1]):
        if c.op == "const" and z.op != "const":
            known = {leaf: Interval(np.float64(-1e3), np.float64(1e3)) for leaf in _leaves([a, b], z)}
            (gap,) = bounds([a - b], {**known, z: point(np.float64(c.value))})
            return bool(gap.low >= -1e-300 and gap.high <= 1e-300)
    return False


def _leaves(roots: list[Node], stop: Node) -> list[Node]:
    """The leaves that expressions reach without passing through `stop`."""
    seen: set[Node] = {stop}
    stack, leaves = list(roots), []
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        stack += node.args
        if node.op == "leaf":
            leaves.append(node)
    return leaves
