"""Fixed points and cycles of maps of one number, as tables of cells."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.equations.graph import Node
from sim.fixed_points.certain import Certain, Found, Pieces, zeros
from sim.fixed_points.cones import at_kinks
from sim.fixed_points.kinds import EXACT, NEUTRAL, SLOW, UNDECIDED, listed, of_multiplier
from sim.fixed_points.kinks import Kinks
from sim.fixed_points.slow import minima

_AT_ONCE = 2048  # cells that are worked on together, of a map that is iterated once
_CLOSE = 1e-12  # how far around a point its least period is asked for


def points(
    one: Certain,
    given: Mapping[str, np.ndarray],
    cells: int,
    interval: tuple[float, float],
    cycle: int,
    most: int,
    slow: float = 0.0,
) -> dict[str, np.ndarray]:
    """All points of period dividing `cycle` in the interval, in rising order: tables (cells, most) of `x`,
    `multiplier` (of f^cycle), `stability`, `period`, and numbers a cell `count`, `open`, `completeness`.

    `count` are those shown to be there, exactly that many; `open` are places where nothing could be shown
    (tangencies, continua), which stand in the tables as undecided. On a kink there is no multiplier, and what
    happens on both sides says what the point is. Minima of |f^cycle(x) - x|^2 / 2 that are no zeros and no
    larger than `slow` stand among them as slow points, and are not counted.
    """
    kinks = Kinks(one.map, cycle)
    together = max(8, _AT_ONCE >> (cycle - 1))
    known = one.map.load(given, cells)
    parts = []
    for first in range(0, cells, together):
        some = {node: value[first : first + together] for node, value in known.items()}
        parts.append(_some(one, kinks, some, min(together, cells - first), interval, cycle, most, slow))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _some(
    one: Certain, kinks: Kinks, known: Mapping[Node, np.ndarray], cells: int, interval: tuple[float, float],
    cycle: int, most: int, slow: float,
) -> dict[str, np.ndarray]:  # fmt: skip
    found = zeros(one, known, cells, interval, cycle)
    slower = np.zeros(len(found.x), dtype=bool)
    if slow:
        found, slower = _with(found, *minima(one, known, cells, interval, cycle, slow, found))
    _, multiplier = one.iterate(known, found.cell, found.x, cycle)
    kinked, one_sided, degree = at_kinks(kinks, known, found.cell, found.x[:, None])
    multiplier = np.where(kinked, np.nan, multiplier)
    stability = np.where(found.certain, np.where(kinked, one_sided, of_multiplier(multiplier)), 0)
    stability = np.where(slower, SLOW, stability)
    columns = {
        "x": (found.x + 0.0, np.nan),  # no negative zeros
        "multiplier": (multiplier, np.nan),
        "stability": (stability.astype(np.float64), -1.0),
        "period": (_periods(one, known, found, cycle).astype(np.float64), -1.0),
    }
    tables = listed(found.cell, cells, most, columns)
    tables["count"] = np.bincount(found.cell[found.certain], minlength=cells).astype(np.float64)
    with np.errstate(invalid="ignore"):  # of kinks
        index = np.where(np.abs(1.0 - multiplier) > NEUTRAL, np.sign(1.0 - multiplier), 0.0)
    index = np.where(found.certain, np.where(kinked, degree, index), 0.0)
    tables["index"] = np.bincount(found.cell, index, minlength=cells).astype(np.float64)
    open_ = ~found.certain & ~slower
    tables["open"] = np.bincount(found.cell[open_], minlength=cells).astype(np.float64)
    tables["completeness"] = np.where(tables["open"] > 0, float(UNDECIDED), float(EXACT))
    return tables


def _with(found: Found, cell: np.ndarray, x: np.ndarray) -> tuple[Found, np.ndarray]:
    """These points and slow points x, in order, and which of them are slow."""
    more = Found(cell, x, np.zeros(len(x), dtype=bool), x, x)
    whole = Found(*(np.concatenate(columns) for columns in zip(found, more, strict=True)))
    order = np.lexsort((whole.x, whole.cell))
    return Found(*(column[order] for column in whole)), order >= len(found.x)


def _periods(one: Certain, known: Mapping[Node, np.ndarray], found: Found, cycle: int) -> np.ndarray:
    """The least period of each point: the first divisor after which it cannot be told from itself; -1 where
    the point itself is undecided.
    """
    period = np.full(len(found.x), cycle)
    reach = _CLOSE * np.maximum(np.abs(found.x), 1.0)
    nothing = np.zeros(len(found.x), dtype=np.int8)
    around = Pieces(found.cell, found.x - reach, found.x + reach, nothing, nothing)
    for part in range(cycle - 1, 0, -1):
        if cycle % part == 0:
            with np.errstate(all="ignore"):
                g, _, _ = one.enclose(known, around, part)
            period = np.where((g.low <= 0.0) & (g.high >= 0.0), part, period)
    return np.where(found.certain, period, -1)


def rows(tables: Mapping[str, Any], names: tuple[str, ...]) -> np.ndarray:
    """These tables one below another, (rows, cells): what an observable of several variables stores."""
    return np.concatenate([tables[name].reshape(len(tables[name]), -1) for name in names], axis=1).T
