"""Expressions over intervals: for whole ranges of their leaves at once, bounds that hold with certainty.

An interval is a pair of arrays, the lower and the upper ends of many ranges. Sums, products, quotients and
roots are rounded outward by one unit in the last place, the other functions by more than NumPy's versions
of them may err (a few units). What may be undefined on a range (a logarithm below zero, a quotient by zero)
has the ends -inf and inf: true, and useless. A comparison is an interval of 0 and 1.

Source: R. E. Moore, R. B. Kearfott & M. J. Cloud, Introduction to Interval Analysis, SIAM 2009,
doi:10.1137/1.9780898717716.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from sim.equations.graph import NOTHING, Node, reachable
from sim.errors import refuse

_ERR = 2e-15  # nine units in the last place: more than tanh, exp, log, sin of NumPy and the C library err
_LEAST, _MOST = 5e-324, np.finfo(np.float64).max
_TURN = 2.0 * np.pi


class Interval(NamedTuple):
    """Lower and upper ends, arrays of one shape (or numbers)."""

    low: Any
    high: Any


def point(value: Any) -> Interval:
    """The range that is one number."""
    return Interval(value, value)


def _outward(low: Any, high: Any) -> Interval:
    """One unit in the last place further on each side; without bounds where an end is no number."""
    low, high = np.nextafter(low, -np.inf), np.nextafter(high, np.inf)
    return Interval(np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high))


def add(a: Interval, b: Interval) -> Interval:
    """a + b."""
    return _outward(a.low + b.low, a.high + b.high)


def subtract(a: Interval, b: Interval) -> Interval:
    """a - b."""
    return _outward(a.low - b.high, a.high - b.low)


def multiply(a: Interval, b: Interval) -> Interval:
    """a b; zero times infinity is zero, for infinity only stands for arbitrarily large numbers."""
    products = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high]
    known = [np.where(np.isnan(p), 0.0, p) for p in products]
    low = np.minimum(np.minimum(known[0], known[1]), np.minimum(known[2], known[3]))
    high = np.maximum(np.maximum(known[0], known[1]), np.maximum(known[2], known[3]))
    return _outward(low, high)


def modulus(a: Interval) -> Interval:
    """|a|."""
    ends = np.abs(a.low), np.abs(a.high)
    inside = (a.low <= 0.0) & (a.high >= 0.0)
    return Interval(np.where(inside, 0.0, np.minimum(*ends)), np.maximum(*ends))


def square(a: Interval) -> Interval:
    """a^2, which is never negative."""
    size = modulus(a)
    low, high = _outward(size.low * size.low, size.high * size.high)
    return Interval(np.maximum(low, 0.0), high)


def _bump(a: Interval) -> Interval:
    """a (1 - a) with both ends as close as its maximum at one half allows: the slope of a sigmoid."""
    ends = a.low * (1.0 - a.low), a.high * (1.0 - a.high)
    top = np.where((a.low <= 0.5) & (a.high >= 0.5), 0.25, np.maximum(*ends))
    low = np.minimum(*ends)
    return _outward(low - _ERR * np.abs(low), top + _ERR * np.abs(top))


def divide(a: Interval, b: Interval) -> Interval:
    """a / b; without bounds where b may be zero inside its range."""
    one_sided = (b.low >= 0.0) | (b.high <= 0.0)
    # at an end that is zero the quotient grows without bound, whichever sign the zero has
    low = np.where(one_sided & ~((b.high == 0.0) & (b.low <= 0.0)), 1.0 / b.high, -np.inf)
    high = np.where(one_sided & ~((b.low == 0.0) & (b.high >= 0.0)), 1.0 / b.low, np.inf)
    return multiply(a, _outward(low, high))


def _padded(low: Any, high: Any, least: float = -np.inf, most: float = np.inf) -> Interval:
    """Ends moved outward by the error of a function, but not beyond its range. What has overflowed is beyond
    the largest number there is, not anywhere.
    """
    low = np.where(low == np.inf, _MOST, low - (_ERR * np.abs(low) + _LEAST))
    high = np.where(high == -np.inf, -_MOST, high + (_ERR * np.abs(high) + _LEAST))
    low, high = np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)
    return Interval(np.maximum(low, least), np.minimum(high, most))


def _rising(
    f: Callable[..., Any], least: float = -np.inf, most: float = np.inf
) -> Callable[[Interval], Interval]:
    """A function that rises everywhere, from its two ends."""
    return lambda a: _padded(f(a.low), f(a.high), least, most)


def _logarithm(f: Callable[..., Any], edge: float) -> Callable[[Interval], Interval]:
    """A logarithm, which has no lower bound where its argument may reach the edge of where it is defined."""

    def found(a: Interval) -> Interval:
        low = np.where(a.low > edge, f(np.where(a.low > edge, a.low, edge + 1.0)), -np.inf)
        high = np.where(a.high > edge, f(np.where(a.high > edge, a.high, edge + 1.0)), np.inf)
        return _padded(low, high)

    return found


def _root(a: Interval) -> Interval:
    low = np.sqrt(np.maximum(a.low, 0.0))
    high = np.where(a.high >= 0.0, np.sqrt(np.maximum(a.high, 0.0)), np.inf)
    found = _outward(low, high)
    return Interval(np.where(a.low < 0.0, -np.inf, np.maximum(found.low, 0.0)), found.high)


def _wave(a: Interval, crest: float) -> Interval:
    """A cosine with its maximum at `crest`: its ends, and the turning points that may lie between."""

    def between(place: float) -> Any:
        spare = 1e-12 * (1.0 + np.abs(a.low) + np.abs(a.high))
        return np.floor((a.high + spare - place) / _TURN) >= np.ceil((a.low - spare - place) / _TURN)

    ends = np.cos(a.low - crest), np.cos(a.high - crest)
    # the argument is rounded once more by the shift
    slack = _ERR * (1.0 + np.abs(a.low) + np.abs(a.high))
    low = np.where(between(crest + np.pi), -1.0, np.minimum(*ends) - slack)
    high = np.where(between(crest), 1.0, np.maximum(*ends) + slack)
    free = ~np.isfinite(a.low) | ~np.isfinite(a.high)
    low, high = np.where(free, -1.0, low), np.where(free, 1.0, high)
    return Interval(np.maximum(low, -1.0), np.minimum(high, 1.0))


def _chosen(c: Interval, a: Interval, b: Interval) -> Interval:
    """`a` where the condition holds everywhere, `b` where nowhere, else all that both may be."""
    low = np.where(c.low > 0.0, a.low, np.where(c.high > 0.0, np.minimum(a.low, b.low), b.low))
    high = np.where(c.low > 0.0, a.high, np.where(c.high > 0.0, np.maximum(a.high, b.high), b.high))
    return Interval(low, high)


def _truth(surely: Any, perhaps: Any) -> Interval:
    return Interval(np.where(surely, 1.0, 0.0), np.where(perhaps, 1.0, 0.0))


_OPERATIONS: dict[str, Callable[..., Interval]] = {
    "add": add, "sub": subtract, "mul": multiply, "div": divide, "abs": modulus, "where": _chosen,
    "neg": lambda a: Interval(-a.high, -a.low),
    "lt": lambda a, b: _truth(a.high < b.low, a.low < b.high),
    "le": lambda a, b: _truth(a.high <= b.low, a.low <= b.high),
    "gt": lambda a, b: _truth(a.low > b.high, a.high > b.low),
    "ge": lambda a, b: _truth(a.low >= b.high, a.high >= b.low),
    "and": lambda a, b: Interval(np.minimum(a.low, b.low), np.minimum(a.high, b.high)),
    "or": lambda a, b: Interval(np.maximum(a.low, b.low), np.maximum(a.high, b.high)),
    "not": lambda a: Interval(1.0 - a.high, 1.0 - a.low),
    "exp": _rising(np.exp, 0.0),
    "expm1": _rising(np.expm1, -1.0),
    "tanh": _rising(np.tanh, -1.0, 1.0),
    "sigmoid": _rising(lambda z: 1.0 / (1.0 + np.exp(-z)), 0.0, 1.0),
    "softplus": _rising(lambda z: np.logaddexp(0.0, z), 0.0),
    "log": _logarithm(np.log, 0.0),
    "log1p": _logarithm(np.log1p, -1.0),
    "sqrt": _root,
    "sin": lambda a: _wave(a, np.pi / 2.0),
    "cos": lambda a: _wave(a, 0.0),
    "total": lambda a: a, "largest": lambda a: a, "spread": lambda a: a,
}  # fmt: skip


def bounds(nodes: Sequence[Node], known: Mapping[Node, Interval]) -> list[Interval]:
    """Bounds of these expressions, where `known` has those of the leaves; numbers only, no arrays over units.

    Refused for an operation without bounds. Cost: that of evaluating the expressions six times.
    """
    found: dict[Node, Interval] = dict(known)
    with np.errstate(all="ignore"):
        for node in _needed(nodes, known):
            found[node] = _bounded(node, found)
    return [found[node] for node in nodes]


def _needed(nodes: Sequence[Node], known: Mapping[Node, Interval]) -> list[Node]:
    """The nodes to be worked out, arguments first: nothing below a node that is known."""
    above: set[Node] = set()
    stack = list(nodes)
    while stack:
        node = stack.pop()
        if node not in known and node not in above:
            above.add(node)
            stack.extend(node.args)
    return [node for node in reachable(nodes) if node in above]


def _bounded(node: Node, found: Mapping[Node, Interval]) -> Interval:
    if node.op == "const":
        return point(np.float64(node.value))
    if node.op in NOTHING:
        return point(np.float64(0.0))
    if node.op == "mul" and node.args[0] is node.args[1]:
        return square(found[node.args[0]])
    if node.op == "mul" and (inner := _bumped(node)) is not None:
        return _bump(found[inner])
    if node.op not in _OPERATIONS or node.shape:
        raise refuse("system", f"the equation holds {node.op!r}, for which no bounds are known")
    return _OPERATIONS[node.op](*(found[arg] for arg in node.args))


def _bumped(node: Node) -> Node | None:
    """h where the product is h (1 - h)."""
    for h, other in (node.args, node.args[::-1]):
        if other.op == "sub" and other.args[1] is h and other.args[0].op == "const":
            return h if other.args[0].value == 1.0 else None
    return None
