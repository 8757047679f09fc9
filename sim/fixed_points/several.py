"""Points of maps of several numbers, as tables of cells: each once, in order, and of what kind it is."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sim.equations.graph import Node
from sim.fixed_points.cones import at_kinks
from sim.fixed_points.isolated import FIXED, SAME, flat, stands
from sim.fixed_points.kinds import (
    CONTINUUM,
    CONTINUUM_FLAG,
    NEUTRAL,
    SEARCHED,
    SLOW,
    listed,
    of_eigenvalues,
)
from sim.fixed_points.orbits import joined, missing, shorter
from sim.fixed_points.search import OWN, Ends, Search, square
from sim.machine.one_thread import one_thread

_NUMBERS = 1 << 22  # of all matrices that are held at once

Sure = Callable[[Mapping[Node, np.ndarray], int], list[np.ndarray]]  # points of cells, (cells, points, n)


def distinct_points(ends: Ends, zero: np.ndarray, slow: float) -> tuple[np.ndarray, np.ndarray]:
    """Which ends are points of their own (cells, searches): fixed points, where there may
    be a `zero`, and slow points with q <= slow.

    Two ends are one point within `SAME` times 1 + |s|, or within ten of Newton's next steps: at a tangency
    the place of a point is known less well.
    """
    size = 1.0 + np.abs(ends.s).max(axis=2)
    fixed = zero & (ends.residual <= FIXED * size)
    slower = ~fixed & ends.still & (ends.half_square <= slow)
    kept = fixed | slower
    with np.errstate(all="ignore"):
        reach = np.maximum(SAME * size, 10.0 * np.where(np.isfinite(ends.step), ends.step, 0.0))
    for j in range(kept.shape[1] - 1):
        later = slice(j + 1, None)
        with np.errstate(invalid="ignore"):  # of searches that were lost
            apart = np.abs(ends.s[:, later] - ends.s[:, j, None]).max(axis=2)
        one = apart <= reach[:, later] + reach[:, j, None]
        kept[:, later] &= ~(one & kept[:, j, None] & (slower[:, later] | fixed[:, j, None]))
    return kept & fixed, kept & slower


def points(
    search: Search, given: Mapping[str, np.ndarray], cells: int, interval: tuple[float, float],
    searches: int, slow: float, most: int, sure: Sure | None = None, lesser: Sequence[Search] = (),
) -> dict[str, np.ndarray]:  # fmt: skip
    """The points that are found, those known from elsewhere (`sure`) and those of shorter cycles (`lesser`
    searches for them) among them, with all states of their orbits, in lexicographic order of their numbers:
    tables (cells, most, ...) of `x`, `eigenvalues` (re and im, largest modulus first), `stability`, `period`,
    `speed` (q), and numbers a cell `count`, `open`, `completeness`.
    """
    with one_thread():
        known = search.map.load(given, cells)
        together = max(1, _NUMBERS // (search.n**2 * (searches + len(OWN))))
        parts = []
        for first in range(0, cells, together):
            some = slice(first, min(first + together, cells))
            own = {node: value[some] for node, value in known.items()}
            columns = {name: np.asarray(column)[some] for name, column in given.items()}
            count = some.stop - some.start
            states = search.states(columns, own, count, interval, searches)
            if sure is not None:
                states = np.concatenate([*sure(own, count), states], axis=1)
            states = np.concatenate([shorter(lesser, own, states, _fixed), states], axis=1)
            ends = search.run(own, states)
            if search.cycle > 1:
                more = missing(search, own, ends, _fixed(search, own, ends))
                ends = joined(ends, search.run(own, more))
            parts.append(described(search, own, ends, interval, slow, most))
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def described(
    search: Search, known: Mapping[Node, np.ndarray], ends: Ends, interval: tuple[float, float],
    slow: float, most: int,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Tables of the points that ends of searches are. Of what is flat one point is kept if it lies within
    the interval: far out most gates are shut, and nothing moves there.
    """
    cells = len(ends.s)
    fixed, slower = distinct_points(ends, _possible(search, known, ends), slow)
    cell, index = np.nonzero(fixed | slower)
    s, kind = ends.s[cell, index], np.where(slower[cell, index], SLOW, 0)
    level = np.flatnonzero(kind == 0)
    level = level[flat(search, known, cell[level], s[level])]
    kind[level] = CONTINUUM_FLAG
    plain = np.flatnonzero(kind == 0)
    alone, among = stands(search, known, cell[plain], s[plain])
    kind[plain[among]] = CONTINUUM_FLAG
    lost = plain[~alone & ~among]
    kind[lost] = SLOW
    listed_too = np.ones(len(kind), dtype=bool)
    listed_too[lost] = (ends.still & (ends.half_square <= slow) & (slow > 0.0))[cell[lost], index[lost]]
    cell, s, kind = cell[listed_too], s[listed_too], kind[listed_too]
    level = np.flatnonzero(kind == CONTINUUM_FLAG)
    low, high = interval
    level = level[((s[level] >= low) & (s[level] <= high)).all(axis=1)]
    kept = kind != CONTINUUM_FLAG
    kept[level[np.unique(cell[level], return_index=True)[1]]] = True
    tables = tabled(search, known, cell[kept], s[kept], kind[kept], cells, most)
    ranges = np.bincount(cell[level], minlength=cells) > 0
    return tables | {"completeness": np.where(ranges, float(CONTINUUM), float(SEARCHED))}


def _fixed(search: Search, known: Mapping[Node, np.ndarray], ends: Ends) -> np.ndarray:
    """Which ends of searches are fixed points of their own, each once: none of a line or a shut gate."""
    fixed, _ = distinct_points(ends, _possible(search, known, ends), 0.0)
    cell, index = np.nonzero(fixed)
    s = ends.s[cell, index]
    alone, among = stands(search, known, cell, s)
    fixed[cell, index] = alone & ~among & ~flat(search, known, cell, s)
    return fixed


def _possible(search: Search, known: Mapping[Node, np.ndarray], ends: Ends) -> np.ndarray:
    """Where ends of searches may be zeros at all (cells, searches): where Newton's next step leads elsewhere
    it is asked, before a point that is none takes one that is for itself.
    """
    size = 1.0 + np.abs(ends.s).max(axis=2)
    asked = (ends.residual <= FIXED * size) & ~(ends.step <= SAME * size)
    cell, index = np.nonzero(asked)
    s = ends.s[cell, index]
    possible = np.ones(asked.shape, dtype=bool)
    alone, among = stands(search, known, cell, s)
    possible[cell, index] = alone | among | flat(search, known, cell, s)
    return possible


def tabled(
    search: Search, known: Mapping[Node, np.ndarray], cell: np.ndarray, s: np.ndarray, kind: np.ndarray,
    cells: int, most: int,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Tables of points s (points, n) of these cells, in lexicographic order; `kind` is their flag where it is
    not 0, else it follows from the eigenvalues, or on kinks, where there are none (NaN), from the regions
    that meet there. Only the latter two are counted.
    """
    order = np.lexsort((*np.round(s, 6).T[::-1], cell))
    cell, kind, s = cell[order], kind[order], s[order]
    plain = kind == 0
    eigenvalues = ordered(search.slope(known, cell, s))
    kinked, one_sided, degree = at_kinks(search.kinks, known, cell, s)
    eigenvalues = np.where(kinked[:, None], complex(np.nan, np.nan), eigenvalues)
    stability = np.where(plain, np.where(kinked, one_sided, of_eigenvalues(eigenvalues)), kind)
    speed = 0.5 * square(search.residual(known, cell, s))
    columns = {
        "x": (s + 0.0, np.nan),  # no negative zeros
        "eigenvalues": (np.stack([eigenvalues.real, eigenvalues.imag], axis=-1), np.nan),
        "stability": (stability.astype(np.float64), -1.0),
        "period": (np.where(plain, _periods(search, known, cell, s), -1).astype(np.float64), -1.0),
        "speed": (speed, np.nan),
    }
    tables = listed(cell, cells, most, columns)
    # the sign of det(I - J) is that of the product of 1 - lambda
    with np.errstate(all="ignore"):
        sign = np.sign(np.prod(1.0 - eigenvalues, axis=1).real)
        apart = np.abs(1.0 - eigenvalues).min(axis=1) > NEUTRAL
    index = np.where(np.isfinite(sign) & apart, sign, 0.0)
    index = np.where(plain, np.where(kinked, degree, index), 0.0)
    tables["index"] = np.bincount(cell, index, minlength=cells).astype(np.float64)
    tables["count"] = np.bincount(cell[plain], minlength=cells).astype(np.float64)
    tables["open"] = np.bincount(cell[kind == CONTINUUM_FLAG], minlength=cells).astype(np.float64)
    return tables


def ordered(J: np.ndarray) -> np.ndarray:
    """The eigenvalues of each matrix, largest modulus first, of a pair the upper one first; NaN where a
    matrix is not finite.
    """
    sound = np.isfinite(J).all(axis=(1, 2))
    found = np.full(J.shape[:2], np.nan + 0j)
    found[sound] = np.linalg.eigvals(J[sound])
    order = np.lexsort((-found.imag, -found.real, -np.round(np.abs(found), 12)), axis=-1)
    return np.take_along_axis(found, order, axis=-1)


def _periods(search: Search, known: Mapping[Node, np.ndarray], cell: np.ndarray, s: np.ndarray) -> np.ndarray:
    """The least period of each point: the first divisor after which it has returned within `SAME`."""
    period = np.full(len(s), search.cycle)
    image, found = s, np.zeros(len(s), dtype=bool)
    for t in range(1, search.cycle):
        image = search.map.step(known, cell, image)
        home = np.abs(image - s).max(axis=1, initial=0.0) <= SAME * (1.0 + np.abs(s).max(axis=1, initial=0.0))
        if search.cycle % t == 0:
            period = np.where(home & ~found, t, period)
            found |= home
    return period
