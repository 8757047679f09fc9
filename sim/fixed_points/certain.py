"""All fixed points and cycles of maps of one number on an interval, with certainty: exactly n.

What is sought are the zeros of g(x) = f^k(x) - x. The interval is cut into pieces; of each the bounds of g
and of g' are computed (`sim/equations/intervals.py`). Where zero is not among the values of g there is no
zero; where g' has one sign and g has opposite signs at the ends there is exactly one; all other pieces are
halved. What is left at the smallest width (a zero that is touched and not crossed, a whole range of fixed
points) is reported as undecided, where it lies. The pieces of all cells are worked on together.

Cuts are made where the sign of g is certain, so that no zero lies on an edge between two pieces; the interval
is widened by 1e-9 of its length, so that zeros at its ends are inside. A choice in the equation (`where`)
whose branches do not meet may jump over zero: a piece across the jump is never counted as a zero.

Source: R. E. Moore, R. B. Kearfott & M. J. Cloud, Introduction to Interval Analysis, SIAM 2009, ch. 8,
doi:10.1137/1.9780898717716.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from sim.equations.derivatives import gradient
from sim.equations.evaluation import Map, evaluate
from sim.equations.graph import Node
from sim.equations.intervals import Interval, add, bounds, multiply, point, subtract
from sim.fixed_points.jumps import jumps, two_sided

_WIDEN = 1e-9  # of the interval's length, at each end
_NARROW = 2.0**-30  # of the interval's length: narrower pieces are not cut any further
_WIDE = 2.0**-12  # of the interval's length: wider pieces are cut even where all signs are lost in rounding
_DEPTH = 64
_CUTS = (0.4871, 0.5639, 0.4217)  # uneven, so that symmetric maps have no zero there
_PIECES = 1 << 13  # of one cell at one depth; beyond it what is open stays undecided
_REFINE = 200


class Found(NamedTuple):
    """Zeros of all cells, a cell's in rising order: whose they are, where, and what was shown."""

    cell: np.ndarray
    x: np.ndarray
    certain: np.ndarray  # exactly one zero there; else undecided
    low: np.ndarray  # of the piece that holds it
    high: np.ndarray


class Pieces(NamedTuple):
    """Pieces of intervals: whose they are, their ends, and the sign of g there (0: not certain)."""

    cell: np.ndarray
    low: np.ndarray
    high: np.ndarray
    left: np.ndarray
    right: np.ndarray

    def some(self, which: np.ndarray) -> "Pieces":
        """Those that are chosen."""
        return Pieces(*(column[which] for column in self))


class Certain:
    """The map of one number of a run, with bounds on ranges of states."""

    def __init__(self, form: Any) -> None:
        self.map = Map(form)
        (f,), (self.s,) = form.equation.next, form.equation.state
        self.f = two_sided(f)
        slope = gradient(self.f, [self.s])[0]
        self.slope = form.equation.graph.constant(0.0) if slope is None else slope
        self._jumps = jumps(self.f)

    def enclose(
        self, known: Mapping[Node, np.ndarray], p: Pieces, cycle: int
    ) -> tuple[Interval, Interval, np.ndarray]:
        """Bounds of g and of g' on each piece, and whether g is surely continuous there.

        Each image is bounded twice, by the expression itself and by the mean value theorem.
        """
        here = {node: point(value[p.cell]) for node, value in known.items()}
        whole = Interval(p.low, p.high)
        middle = point(0.5 * p.low + 0.5 * p.high)
        from_middle = subtract(whole, middle)
        image, centre, slope = whole, middle, point(np.ones(len(p.low)))
        continuous = np.ones(len(p.low), dtype=bool)
        for _ in range(cycle):
            value, own, *gaps = bounds([self.f, self.slope, *self._jumps], {**here, self.s: image})
            for gap in gaps:
                continuous &= np.broadcast_to(gap.low == gap.high, continuous.shape)
            (centre,) = bounds([self.f], {**here, self.s: centre})
            slope = multiply(own, slope)
            image = _narrower(value, add(centre, multiply(slope, from_middle)), continuous)
        slope = subtract(slope, point(np.float64(1.0)))
        straight = add(subtract(centre, middle), multiply(slope, from_middle))
        return _narrower(subtract(image, whole), straight, continuous), slope, continuous

    def sign(
        self, known: Mapping[Node, np.ndarray], cell: np.ndarray, x: np.ndarray, cycle: int
    ) -> np.ndarray:
        """The sign of g at each x, 0 where rounding leaves it open."""
        here = {node: point(value[cell]) for node, value in known.items()}
        image = point(x)
        for _ in range(cycle):
            (image,) = bounds([self.f], {**here, self.s: image})
        g = subtract(image, point(x))
        return np.where(g.low > 0.0, 1, np.where(g.high < 0.0, -1, 0)).astype(np.int8)

    def iterate(
        self, known: Mapping[Node, np.ndarray], cell: np.ndarray, x: np.ndarray, cycle: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """f^k(x) and its derivative, in ordinary arithmetic."""
        here = {node: value[cell] for node, value in known.items()}
        image, slope = x, np.ones_like(x)
        for _ in range(cycle):
            value, own = evaluate([self.f, self.slope], {**here, self.s: image})
            with np.errstate(all="ignore"):
                slope = slope * own
            image = np.array(np.broadcast_to(value, x.shape))
        return image, slope


def _narrower(a: Interval, b: Interval, valid: np.ndarray) -> Interval:
    """What both bounds allow; the first alone where the second does not hold or they contradict."""
    low, high = np.maximum(a.low, b.low), np.minimum(a.high, b.high)
    good = valid & (low <= high)
    return Interval(np.where(good, low, a.low), np.where(good, high, a.high))


def zeros(
    one: Certain, known: Mapping[Node, np.ndarray], cells: int, interval: tuple[float, float], cycle: int
) -> Found:
    """All zeros of f^k(x) - x on the interval, for all cells."""
    low, high = interval
    length = high - low
    every = np.arange(cells)
    a, b = np.full(cells, low - _WIDEN * length), np.full(cells, high + _WIDEN * length)
    left, right = (one.sign(known, every, end, cycle) for end in (a, b))
    open_ = Pieces(every, a, b, left, right)
    with np.errstate(all="ignore"):
        single, left_open = _sorted_out(one, known, open_, length, cycle)
    return _found(one, known, single, left_open, cycle)


def _sorted_out(
    one: Certain, known: Mapping[Node, np.ndarray], open_: Pieces, length: float, cycle: int
) -> tuple[Pieces, Pieces]:
    """The pieces that hold exactly one zero, and those of which nothing is known."""
    cells = len(open_.cell)
    single: list[Pieces] = []
    undecided: list[Pieces] = []
    for _ in range(_DEPTH):
        if not len(open_.cell):
            break
        g, slope, continuous = one.enclose(known, open_, cycle)
        rising, falling = slope.low > 0.0, slope.high < 0.0
        monotone = (rising | falling) & continuous & (open_.left != 0) & (open_.right != 0)
        crossing = monotone & (open_.left == np.where(rising, -1, 1)) & (open_.right == -open_.left)
        empty = (g.low > 0.0) | (g.high < 0.0) | (monotone & (open_.left == open_.right))
        single.append(open_.some(crossing & ~empty))
        rest = open_.some(~crossing & ~empty)
        narrow = rest.high - rest.low <= _NARROW * length
        many = np.bincount(rest.cell, minlength=cells)[rest.cell] > _PIECES
        undecided.append(rest.some(narrow | many))
        open_, flat = _halved(one, known, rest.some(~(narrow | many)), _WIDE * length, cycle)
        undecided.append(flat)
    undecided.append(open_)
    return joined(single), merged(joined(undecided))


def _halved(
    one: Certain, known: Mapping[Node, np.ndarray], p: Pieces, wide: float, cycle: int
) -> tuple[Pieces, Pieces]:
    """Each piece in two, cut where the sign of g is certain; and the pieces, none of them wide, in which a
    few places have none: g is lost in rounding there, and narrower pieces would say no more.
    """
    cut = p.low + _CUTS[0] * (p.high - p.low)
    sign = one.sign(known, p.cell, cut, cycle)
    for share in _CUTS[1:]:
        again = np.flatnonzero(sign == 0)
        other = p.low[again] + share * (p.high[again] - p.low[again])
        found = one.sign(known, p.cell[again], other, cycle)
        better = again[found != 0]
        cut[better], sign[better] = other[found != 0], found[found != 0]
    lower, upper = Pieces(p.cell, p.low, cut, p.left, sign), Pieces(p.cell, cut, p.high, sign, p.right)
    sure = (sign != 0) | (p.high - p.low > wide)
    return joined([lower.some(sure), upper.some(sure)]), p.some(~sure)


def joined(parts: list[Pieces]) -> Pieces:
    """All pieces, by cell and by place."""
    whole = Pieces(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    return whole.some(np.lexsort((whole.low, whole.cell)))


def merged(p: Pieces) -> Pieces:
    """Neighbouring pieces as one."""
    if not len(p.cell):
        return p
    new = np.ones(len(p.cell), dtype=bool)
    new[1:] = (p.cell[1:] != p.cell[:-1]) | (p.low[1:] > p.high[:-1])
    first = np.flatnonzero(new)
    last = np.append(first[1:], len(new)) - 1
    return Pieces(p.cell[first], p.low[first], p.high[last], p.left[first], p.right[last])


def _found(
    one: Certain, known: Mapping[Node, np.ndarray], single: Pieces, open_: Pieces, cycle: int
) -> Found:
    """The places of the zeros, and of what is undecided its middle."""
    x = refined(one, known, single, cycle)
    parts = [
        (single.cell, x, np.ones(len(x), dtype=bool), single.low, single.high),
        (open_.cell, 0.5 * open_.low + 0.5 * open_.high, np.zeros(len(open_.cell), dtype=bool),
         open_.low, open_.high),
    ]  # fmt: skip
    whole = Found(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    order = np.lexsort((whole.x, whole.cell))
    return Found(*(column[order] for column in whole))


def refined(one: Certain, known: Mapping[Node, np.ndarray], p: Pieces, cycle: int) -> np.ndarray:
    """The one zero of each piece, to rounding: Newton's steps, halvings where they lead out of the piece."""
    low, high, x = p.low.copy(), p.high.copy(), 0.5 * p.low + 0.5 * p.high
    active = np.arange(len(x))
    for _ in range(_REFINE):
        if not len(active):
            break
        here = x[active]
        image, slope = one.iterate(known, p.cell[active], here, cycle)
        g = image - here
        below = np.sign(g) == p.left[active]
        low[active] = np.where(below, here, low[active])
        high[active] = np.where(below, high[active], here)
        with np.errstate(all="ignore"):
            step = here - g / (slope - 1.0)
        a, b = low[active], high[active]
        inside = (step > a) & (step < b)
        then = np.where(inside, step, 0.5 * a + 0.5 * b)
        done = (g == 0.0) | (np.abs(then - here) <= 2e-16 * np.abs(here)) | (then <= a) | (then >= b)
        x[active] = np.where(g == 0.0, here, then)
        active = active[~done]
    return x
