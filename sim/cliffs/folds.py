"""How far a cliff is from the folds of the map that is iterated: along one keyword, for many cells at once.

Only of maps of one number that are the same at every step; elsewhere the distance is not known.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.continuation.family import Family
from sim.errors import Refused

_SEEDS = 17  # states of each cell from which folds are sought
_ROUNDS = 40
_NUDGE = 1e-5
_AT_ONCE = 1 << 14  # cells


def family_of(form: Any, along: str, given: Mapping[str, np.ndarray], cells: int) -> Family | None:
    """The map with this keyword free; None where there is no such map, or its state has several numbers."""
    try:
        family = Family(form, [along], given, cells)
    except Refused:
        return None
    return family if family.n == 1 else None


def distance(family: Family, position: np.ndarray, start: np.ndarray, low: float, high: float) -> np.ndarray:
    """From each position (cells, most) to the nearest fold of a fixed point along the keyword; NaN without.

    Searched in the states that runs visit from `start` (cells,) and around them, and for values of the
    keyword up to one width of the interval beyond it.
    """
    found = np.full(position.shape, np.nan)
    for first in range(0, len(position), _AT_ONCE):
        some = np.arange(first, min(first + _AT_ONCE, len(position)))
        folds = _folds(family, some, start[some], low, high)
        away = np.abs(position[some][:, :, None] - folds[:, None, :])
        nearest = np.min(np.where(np.isfinite(away), away, np.inf), axis=2)
        found[some] = np.where(np.isfinite(nearest), nearest, np.nan)
    return found


def _folds(family: Family, some: np.ndarray, start: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values of the keyword (cells, seeds) at folds that Newton's method reaches; NaN where it reaches
    none.
    """
    cells, width = len(some), high - low
    size: np.ndarray = 1.0 + np.abs(start)
    for place in (low, 0.5 * (low + high), high):
        orbit = family.orbit(start[:, None], np.full((cells, 1), place), 60, some)[:, :, 0]
        size = np.maximum(size, np.max(np.where(np.abs(orbit) < 1e3, np.abs(orbit), 0.0), axis=0) + 1.0)
    which = np.repeat(some, _SEEDS)
    s = (size[:, None] * np.linspace(-1.0, 1.0, _SEEDS)).reshape(-1)
    p = np.full(len(s), 0.5 * (low + high))
    with np.errstate(all="ignore"):
        for round_ in range(_ROUNDS):
            value, J, P = _read(family, s, p, which)
            if round_ < 6:  # first only the keyword moves, to where s is a fixed point
                ds, dp = np.zeros_like(s), -(value - s) / P
            else:
                Jss, Jsp = _bent(family, s, p, which)
                a, b, c, d = J - 1.0, P, Jss, Jsp
                det = a * d - b * c
                r1, r2 = -(value - s), -(J - 1.0)
                ds, dp = (r1 * d - b * r2) / det, (a * r2 - c * r1) / det
            limit: np.ndarray = np.maximum(1.0, np.maximum(np.abs(ds), np.abs(dp) / width) / 0.5)
            s, p = s + ds / limit, p + dp / limit
        value, J, P = _read(family, s, p, which)
    good = (np.abs(value - s) < 1e-9 * (1.0 + np.abs(s))) & (np.abs(J - 1.0) < 1e-7) & (np.abs(P) > 1e-9)
    good &= (p > low - width) & (p < high + width)
    return np.where(good, p, np.nan).reshape(cells, _SEEDS)


def _read(
    family: Family, s: np.ndarray, p: np.ndarray, which: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    value, J, P = family.whole(s[:, None], p[:, None], 1, which)
    return value[:, 0], J[:, 0, 0], P[:, 0, 0]


def _bent(family: Family, s: np.ndarray, p: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Derivatives of the slope by the state and by the keyword, by differences."""
    h, k = _NUDGE * (1.0 + np.abs(s)), _NUDGE * (1.0 + np.abs(p))
    along_s = _read(family, s + h, p, which)[1] - _read(family, s - h, p, which)[1]
    along_p = _read(family, s, p + k, which)[1] - _read(family, s, p - k, which)[1]
    return along_s / (2.0 * h), along_p / (2.0 * k)
