"""Slow points of maps of one number: places where |f^k(x) - x| is least, and not zero.

The interval is cut into pieces as for the zeros (`sim/fixed_points/certain.py`): a piece is left out where
g(x) = f^k(x) - x is larger than is asked for, or where g' has one sign. What remains at the smallest width is
a minimum if |g| falls on its left and rises on its right, and if g is surely not zero there.

Source: D. Sussillo & O. Barak, Neural Computation 25 (2013) 626, doi:10.1162/NECO_a_00409 (minima of
|F(s) - s|^2 / 2).
"""

from collections.abc import Mapping

import numpy as np

from sim.equations.graph import Node
from sim.fixed_points.certain import Certain, Found, Pieces, joined, merged

_NARROW = 2.0**-30  # of the interval's length: narrower pieces are not cut any further
_DEPTH = 64
_CUT = 0.4871  # uneven, so that symmetric maps have no minimum there
_PIECES = 1 << 10  # of one cell at one depth; more are a range in which g hardly changes
_HALVINGS = 80


def minima(
    one: Certain, known: Mapping[Node, np.ndarray], cells: int, interval: tuple[float, float], cycle: int,
    slow: float, found: Found,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Whose they are and where: minima inside the interval with g^2 / 2 <= slow, none of them where `found`
    has an undecided place.
    """
    low, high = (np.full(cells, end) for end in interval)
    nothing = np.zeros(cells, dtype=np.int8)
    with np.errstate(all="ignore"):
        narrow = _narrow(one, known, Pieces(np.arange(cells), low, high, nothing, nothing), cycle, slow)
        x = _turned(one, known, narrow, cycle)
        image, _ = one.iterate(known, narrow.cell, x, cycle)
        kept = 0.5 * (image - x) ** 2 <= slow
    kept &= one.sign(known, narrow.cell, x, cycle) != 0
    kept &= ~_within(narrow.cell, x, found, interval)
    return narrow.cell[kept], x[kept]


def _narrow(one: Certain, known: Mapping[Node, np.ndarray], p: Pieces, cycle: int, slow: float) -> Pieces:
    """Narrow pieces that may hold a minimum, neighbours as one."""
    cells, length, most = len(p.cell), p.high - p.low, np.sqrt(2.0 * slow)
    done = [p.some(np.zeros(cells, dtype=bool))]
    for _ in range(_DEPTH):
        g, slope, continuous = one.enclose(known, p, cycle)
        small = (g.low <= most) & (g.high >= -most)
        turning = ~((slope.low > 0.0) | (slope.high < 0.0))
        narrow = p.high - p.low <= _NARROW * length[p.cell]
        p = p.some(small & (turning | ~continuous) & ~(narrow & ~continuous))
        many = np.bincount(p.cell, minlength=cells)[p.cell] > _PIECES
        p = p.some(~many)
        narrow = p.high - p.low <= _NARROW * length[p.cell]
        done.append(p.some(narrow))
        p = p.some(~narrow)
        if not len(p.cell):
            break
        cut = p.low + _CUT * (p.high - p.low)
        p = joined([p._replace(high=cut), p._replace(low=cut)])
    return merged(joined(done))


def _turned(one: Certain, known: Mapping[Node, np.ndarray], p: Pieces, cycle: int) -> np.ndarray:
    """Where |g| turns from falling to rising, by halves; NaN where it does not or where g changes sign."""

    def rising(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        image, slope = one.iterate(known, p.cell, x, cycle)
        side = np.sign(image - x)
        return side * np.sign(slope - 1.0), side

    (left, side), (right, other) = rising(p.low), rising(p.high)
    turns = (left < 0.0) & (right > 0.0) & (side == other)
    low, high = p.low.copy(), p.high.copy()
    for _ in range(_HALVINGS):
        middle = 0.5 * low + 0.5 * high
        up, _ = rising(middle)
        low, high = np.where(up > 0.0, low, middle), np.where(up > 0.0, middle, high)
    return np.where(turns, 0.5 * low + 0.5 * high, np.nan)


def _within(cell: np.ndarray, x: np.ndarray, found: Found, interval: tuple[float, float]) -> np.ndarray:
    """Which places lie in undecided pieces."""
    low, high = interval

    def key(of: np.ndarray, place: np.ndarray) -> np.ndarray:
        return of + 0.25 + 0.5 * (place - low) / (high - low)

    open_ = ~found.certain
    if not open_.any():
        return np.zeros(len(x), dtype=bool)
    begin, end = (key(found.cell[open_], ends[open_]) for ends in (found.low, found.high))
    here = key(cell, x)
    before = np.searchsorted(begin, here, side="right") - 1
    return (before >= 0) & (here <= end[np.maximum(before, 0)])
