"""Basins on grids of labels: how large they are, how mixed, how they change, and what shocks they stand.

Sources: A. Daza, A. Wagemakers, B. Georgeot, D. Guery-Odelin & M. Sanjuan, Sci. Rep. 6 (2016) 31416,
doi:10.1038/srep31416 (entropy); P. Menck, J. Heitzig, N. Marwan & J. Kurths, Nature Physics 9 (2013) 89,
doi:10.1038/nphys2516 (stability); L. Halekotte & U. Feudel, Sci. Rep. 10 (2020) 11783,
doi:10.1038/s41598-020-68805-6 (shocks).
"""

from typing import Any, NamedTuple

import numpy as np
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from sim.boundaries.grids import labelled, mixed
from sim.errors import refuse


class Fractions(NamedTuple):
    """Labels (k,) in rising order, the share of cells of each, and its standard error if cells are draws.

    The share of randomly drawn starts that lead to an attractor is its basin stability.
    """

    labels: np.ndarray
    shares: np.ndarray
    errors: np.ndarray


def fractions(labels: Any) -> Fractions:
    """How large each basin is, on a grid or among random starts of any shape.

    >>> fractions([[1, 2], [2, 1]]).shares.tolist()
    [0.5, 0.5]
    """
    given = _whole(labels)
    names, counts = np.unique(given, return_counts=True)
    shares = counts / given.size
    return Fractions(names, shares, np.sqrt(shares * (1.0 - shares) / given.size))


def tipping(before: Any, after: Any) -> np.ndarray:
    """(k, m) shares of each basin before (rows) that belong to each basin after (columns), labels rising.

    Source: U. Feudel, A. Pisarchik & K. Showalter, Chaos 28 (2018) 033501, doi:10.1063/1.5027718.
    """
    first, second = _whole(before), _whole(after)
    if first.shape != second.shape:
        raise refuse(
            "before, after", f"shapes {first.shape} and {second.shape}; two maps of the same grid are needed"
        )
    rows, row = np.unique(first, return_inverse=True)
    columns, column = np.unique(second, return_inverse=True)
    counts = np.zeros((len(rows), len(columns)))
    np.add.at(counts, (row.ravel(), column.ravel()), 1.0)
    return counts / counts.sum(axis=1, keepdims=True)


def _whole(labels: Any) -> np.ndarray:
    given = np.asarray(labels)
    if given.size == 0 or given.dtype.kind not in "biu":
        raise refuse("labels", f"{given.size} of {given.dtype}; whole numbers, one or more, are needed")
    return given


class Entropy(NamedTuple):
    """Basin entropy (mean over all boxes) and boundary basin entropy (over boxes of several labels), in nats.

    `fractal`: whether the latter exceeds ln 2, which no smooth boundary of two basins reaches.
    """

    basin: float
    boundary: float
    fractal: bool
    boxes: np.ndarray


def basin_entropy(labels: Any, size: int = 5) -> Entropy:
    """The entropy of labels within boxes of `size` cells a side; a smooth boundary has less and less of it.

    Boxes do not overlap; cells that do not fill one at the end are left out. `boxes` holds each box's
    entropy. `boundary` is 0 where no box has two labels. Errors: Refused for a size beyond the map. Cost:
    the size of the map times the number of labels.
    """
    given = _whole(labels)
    if not 1 <= size <= min(given.shape, default=0):
        raise refuse(
            "size", f"{size} cells on a map of shape {given.shape}; write 1 to {min(given.shape, default=1)}"
        )
    cut = given[tuple(slice(0, n // size * size) for n in given.shape)]
    shape = [part for n in cut.shape for part in (n // size, size)]
    inner = tuple(range(1, 2 * cut.ndim, 2))
    boxes = np.zeros([n // size for n in cut.shape])
    for name in np.unique(cut):
        share = (cut == name).reshape(shape).mean(axis=inner)
        boxes -= share * np.log(np.where(share > 0.0, share, 1.0))
    several = boxes > 0.0
    boundary = float(boxes[several].mean()) if several.any() else 0.0
    return Entropy(float(boxes.mean()), boundary, bool(boundary > np.log(2.0) * (1.0 + 1e-9)), boxes)


def wada_distance(labels: Any) -> float:
    """How far, in cells, the boundary of any one basin strays from that of another: small for Wada basins.

    For each label the boundary between it and all others together; the largest distance of a cell of one such
    boundary to the nearest of another. Wada: it stays at a cell or two while the grid is refined. Errors:
    Refused for fewer than three labels. Source: A. Daza, A. Wagemakers & M. Sanjuan, Sci. Rep. 8 (2018)
    9954, doi:10.1038/s41598-018-28119-0.
    """
    given = labelled(_whole(labels))
    names = np.unique(given)
    if len(names) < 3:
        raise refuse("labels", f"{len(names)} different ones; basins can be of Wada from three on")
    boundaries = [mixed((given == name).astype(np.int64)) for name in names]
    apart = [distance_transform_edt(~boundary) for boundary in boundaries]
    return float(max(away[boundary].max() for away in apart for boundary in boundaries))


class Shocks(NamedTuple):
    """Labels (k,); the shortest way out of each basin, and the longest that still leads back, from its
    attractor.

    Infinite where there is no way out, NaN where a basin has no attractor.
    """

    labels: np.ndarray
    minimal_critical: np.ndarray
    maximal_noncritical: np.ndarray


def shocks(points: Any, labels: Any, attractors: dict[int, Any]) -> Shocks:
    """Minimal critical and maximal non-critical shocks of starts (n, d) that lead to labels (n,).

    attractors: for each label its points (m, d). Distances are Euclidean, to the nearest point of the
    attractor, and are exact among these starts: within a step of a grid of the true ones. Cost: a tree of
    each attractor.
    """
    starts, given = np.asarray(points, dtype=float), _whole(labels)
    if starts.ndim != 2 or given.shape != starts.shape[:1] or not np.isfinite(starts).all():
        raise refuse(
            "points", f"shape {starts.shape} with labels {given.shape}; write finite (n, d) with labels (n,)"
        )
    names = np.unique(given)
    least, largest = np.full(len(names), np.nan), np.full(len(names), np.nan)
    for i, name in enumerate(names.tolist()):
        if name not in attractors:
            continue
        away, _ = cKDTree(np.atleast_2d(np.asarray(attractors[name], dtype=float))).query(starts)
        least[i] = np.min(away[given != name], initial=np.inf)
        largest[i] = away[given == name].max()
    return Shocks(names, least, largest)
