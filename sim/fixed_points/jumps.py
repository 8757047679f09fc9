"""Where a map of one number may jump: choices in its equation whose branches do not meet."""

import numpy as np

from sim.graph import Node, reachable
from sim.intervals import Interval, bounds, point


def jumps(f: Node) -> list[Node]:
    """The conditions of choices whose branches do not meet, as far as can be seen, where the choice turns."""
    return [node.args[0] for node in reachable([f]) if node.op == "where" and not _meets(node)]


def _meets(node: Node) -> bool:
    """Whether both branches of `where(z < c, a, b)` have one value at z = c, whatever else they hold."""
    condition, a, b = node.args
    if condition.op not in ("lt", "le", "gt", "ge"):
        return False
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
