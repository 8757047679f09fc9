"""Dimensions of sets of points: by boxes, generalised, and by the correlation sum."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from sim.boundaries.fits import FEWEST, Dimension, power
from sim.errors import refuse

_SHIFTS = (0.0, 0.25, 0.5, 0.75)
_MOST_BOXES, _MOST_SIZES = 2.0**62, 40
_CROWD = 10  # points that a box must have on average: fewer, and boxes are missed


def _points(points: Any) -> np.ndarray:
    """Points (n, d), a single column of numbers as d = 1; refused where they are none, not finite, or one."""
    given = np.asarray(points, dtype=float)
    given = given[:, None] if given.ndim == 1 else given
    if given.ndim != 2 or len(given) < 2:
        raise refuse("points", f"an array of shape {given.shape}; write (n, d) with n of 2 or more")
    if not np.isfinite(given).all():
        raise refuse(
            "points", f"{int((~np.isfinite(given)).any(axis=1).sum())} of {len(given)} are not finite"
        )
    if not np.ptp(given, axis=0).max() > 0.0:
        raise refuse("points", "all of them are one point, whose dimension is 0")
    return given


def _scales(scales: Any, name: str) -> np.ndarray:
    found = np.unique(np.asarray(scales, dtype=float))[::-1]
    if not (np.isfinite(found) & (found > 0.0)).all():
        raise refuse(name, f"{scales!r:.80} given; lengths are finite and positive")
    if len(found) < FEWEST:
        raise refuse(name, f"{len(found)} given; a slope with an error needs {FEWEST} or more")
    return found


def _held(given: np.ndarray, size: float, origin: np.ndarray) -> np.ndarray:
    places = np.floor((given - origin) / size).astype(np.int64)
    places -= places.min(axis=0)
    sides = places.max(axis=0) + 1
    if np.prod(sides.astype(float)) >= _MOST_BOXES:
        return np.unique(places, axis=0, return_counts=True)[1]
    return np.unique(np.ravel_multi_index(tuple(places.T), tuple(sides)), return_counts=True)[1]


def _laid(given: np.ndarray, size: float, origin: Any, q: float) -> float:
    """The effective number of boxes: the least over four ways to lay them, for a cover is to be small."""
    low = given.min(axis=0)
    origins = [low - share * size for share in _SHIFTS]
    if origin is not None:
        origins = [np.asarray(origin, dtype=float)]
    return min(_effective(_held(given, size, at) / len(given), q) for at in origins)


def generalised_dimension(
    points: Any, q: float = 0.0, sizes: Sequence[float] | None = None, origin: Any = None
) -> Dimension:
    """D_q from the boxes' shares p: sums of p^q grow like size^((q - 1) D_q); q = 0 counts boxes, 1 is
    information.

    `sizes`: lengths of boxes; by default halves of the set's longest side, from a quarter of it on, as long
    as a box holds 10 points on average. `origin`: a corner of a box; by default four ways to lay the boxes
    are tried at each size and the fewest count. `counts` of the result: (sum p^q)^(1 / (1 - q)), for q = 1
    exp(-sum p ln p), the effective number of boxes. Errors: Refused for points as none, not finite or all
    equal, and fewer than three sizes. Cost: n log n a size. Source: H. Hentschel & I. Procaccia, Physica D 8
    (1983) 435, doi:10.1016/0167-2789(83)90235-X.
    """
    given = _points(points)
    scales = _scales(_halves(given) if sizes is None else sizes, "sizes")
    return power(scales, np.array([_laid(given, size, origin, q) for size in scales]), -1.0)


def _halves(given: np.ndarray) -> list[float]:
    """Sizes of boxes: a quarter of the set, an eighth, ... while they hold enough points."""
    size, low = float(np.ptp(given, axis=0).max()) / 4.0, given.min(axis=0)
    chosen: list[float] = []
    while len(_held(given, size, low)) * _CROWD <= len(given) and len(chosen) < _MOST_SIZES:
        chosen.append(size)
        size /= 2.0
    if len(chosen) < FEWEST:
        raise refuse("points", f"{len(given)} are too few for {FEWEST} sizes of boxes with {_CROWD} in each")
    return chosen


def _effective(shares: np.ndarray, q: float) -> float:
    """The number of equal boxes that would have this sum."""
    if q == 0.0:
        return float(len(shares))
    if q == 1.0:
        return float(np.exp(-(shares * np.log(shares)).sum()))
    return float((shares**q).sum() ** (1.0 / (1.0 - q)))


def box_dimension(points: Any, sizes: Sequence[float] | None = None) -> Dimension:
    """The box-counting dimension of a set of points, D_0: see `generalised_dimension`."""
    return generalised_dimension(points, 0.0, sizes)


def correlation_sum(points: Any, radii: Any, window: int = 0) -> np.ndarray:
    """The share of pairs of points that are at most a radius apart (Euclidean), for each radius.

    window: pairs of points at most so many places apart in the list are left out, since neighbours in time
    are near without meaning anything (J. Theiler, PRA 34 (1986) 2427, doi:10.1103/PhysRevA.34.2427). Cost: a
    tree of the points, n log n and the pairs found. Source: P. Grassberger & I. Procaccia, PRL 50 (1983)
    346, doi:10.1103/PhysRevLett.50.346.

    >>> correlation_sum([[0.0, 0.0], [0.5, 0.5]], [0.1, 1.0]).tolist()
    [0.0, 1.0]
    """
    given, distances = _points(points), np.atleast_1d(np.asarray(radii, dtype=float))
    n = len(given)
    if not 0 <= window < n - 1:
        raise refuse("window", f"{window} with {n} points; write 0 to {n - 2}")
    tree = cKDTree(given)
    order = np.argsort(distances)
    pairs = np.empty(len(distances))
    pairs[order] = (tree.count_neighbors(tree, distances[order]).astype(float) - n) / 2.0
    for lag in range(1, window + 1):
        near = np.sort(np.linalg.norm(given[lag:] - given[:-lag], axis=1))
        pairs -= np.searchsorted(near, distances, side="right")
    return pairs / ((n - window) * (n - window - 1) / 2.0)


def correlation_dimension(points: Any, radii: Any = None, window: int = 0) -> Dimension:
    """The correlation dimension D_2: the correlation sum grows like radius^D_2.

    radii: by default 12 between those at which 10^-4 (but at least 20 pairs) and 10^-1.5 of pairs are near,
    from a sample of them. Errors, cost and sources as of `correlation_sum`; Refused for fewer than three
    radii, and radii within which no pair lies.
    """
    given = _points(points)
    scales = _scales(_radii(given) if radii is None else radii, "radii")
    sums = correlation_sum(given, scales, window)
    if not (sums > 0.0).all():
        raise refuse("radii", f"no pair is nearer than {scales[sums == 0.0].max():.3g}; write larger ones")
    return power(scales, sums, 1.0)


def _radii(given: np.ndarray) -> np.ndarray:
    n = len(given)
    chosen = given[np.linspace(0, n - 1, min(n, 1500)).astype(int)]
    first, second = np.triu_indices(len(chosen), 1)
    apart = np.linalg.norm(chosen[first] - chosen[second], axis=1)
    low, high = np.quantile(apart[apart > 0.0], [max(1e-4, 20.0 / len(apart)), 10**-1.5])
    return np.geomspace(low, high, 12)
