"""Adaptive zoom: a boundary followed over as many decades as float64 has, in boxes that are mixed alone."""

from typing import Any, NamedTuple

import numpy as np
from scipy.stats import t as student

from sim.boundaries.fits import FEWEST, Dimension
from sim.boundaries.uncertainty import Label, box, labels_of
from sim.draws import Draw
from sim.errors import refuse

_GRAIN = 64.0  # a box is not halved below so many units in the last place of its corner
_STEPS = (64, 16, 6)  # of the lattice in a box, in one, two and three dimensions
_ROOM = 2_000_000  # points that are labelled in one call at most


class Level(NamedTuple):
    """One refinement: the size of its boxes, how many are mixed (estimated where some were left out), and
    corners (k, d) of those that were followed.
    """

    size: np.ndarray
    mixed: float
    corners: np.ndarray


def levels(
    label: Label,
    low: Any,
    high: Any,
    start: int = 32,
    most: int = 1000,
    depth: int | None = None,
    seed: int = 0,
) -> list[Level]:
    """Mixed boxes of a region at every refinement: halves of sides, from `start` boxes a side down.

    label: labels (n,) of points (n, d), whole numbers. A box is mixed when its points on a lattice (64
    steps a side in one dimension, 16 in two, 6 in three) are not all of one label: a boundary that slips
    through is lost with all below it, which makes dimensions of thin dust too low by a hundredth or two, and
    those of graphs with fine spikes (Weierstrass's) by three.
    Where more than `most` boxes are mixed, as many are followed, chosen at random by the seed, and counts
    are estimated from them. depth: how many halvings, by default until boxes are 64 units in the last place
    wide. Memory is bounded by `most`. Errors: Refused for a region without a boundary. Cost in labels:
    start^d lattices, then about most 2^d a level (in two dimensions 1.2 million a level by default).
    """
    first, last = box(low, high)
    d = len(first)
    if start < 1 or most < 16:
        raise refuse(
            "start, most", f"{start} and {most}; write 1 or more boxes a side, and follow 16 or more"
        )
    size = (last - first) / start
    places = np.stack(np.meshgrid(*[np.arange(start)] * d, indexing="ij"), axis=-1).reshape(-1, d)
    corners = first + places * size
    made: list[Level] = []
    scale = 1.0
    while True:
        corners = corners[_mixed(label, corners, size)]
        if not len(corners):
            break
        made.append(Level(size, scale * len(corners), corners))
        if len(corners) > most:
            keys = Draw(seed, f"zoom {len(made)}").uniform(1, len(corners))[0, 0]
            chosen = np.sort(np.argsort(keys, kind="stable")[:most])
            scale *= len(corners) / most
            corners = corners[chosen]
        made[-1] = made[-1]._replace(corners=corners)
        size = 0.5 * size
        if depth is not None and len(made) > depth:
            break
        if (size < _GRAIN * np.spacing(np.abs(corners).max(axis=0) + size)).any():
            break
        halves = np.stack(np.meshgrid(*[np.arange(2)] * d, indexing="ij"), axis=-1).reshape(-1, d)
        corners = (corners[:, None, :] + halves * size).reshape(-1, d)
    if not made:
        raise refuse(
            "label",
            f"no boundary: every point of {start}^{d} boxes has the same label; choose a region that a "
            "boundary crosses, or more boxes",
        )
    return made


def _mixed(label: Label, corners: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Which boxes have different labels on their lattices."""
    d = corners.shape[1]
    steps = _STEPS[d - 1]
    lattice = np.stack(np.meshgrid(*[np.arange(steps + 1)] * d, indexing="ij"), axis=-1).reshape(-1, d)
    found = np.empty(len(corners), dtype=bool)
    rows = max(1, _ROOM // len(lattice))
    for i in range(0, len(corners), rows):
        points = (corners[i : i + rows, None, :] + lattice * (size / steps)).reshape(-1, d)
        named = labels_of(label, points).reshape(-1, len(lattice))
        found[i : i + rows] = (named != named[:, :1]).any(axis=1)
    return found


def zoomed_dimension(
    label: Label,
    low: Any,
    high: Any,
    start: int = 32,
    most: int = 1000,
    depth: int | None = None,
    seed: int = 0,
) -> Dimension:
    """Box-counting dimension of a boundary over decades of scales, by following its mixed boxes.

    The value is the mean of log2(mixed boxes / mixed boxes one level up), level by level; the error comes
    from the scatter of these, which are nearly independent where boxes are chosen anew at each level.
    `scales` are the boxes' longest sides. Arguments, errors and cost as of `levels`; Refused for fewer than
    three levels.
    """
    found = levels(label, low, high, start, most, depth, seed)
    if len(found) <= FEWEST:
        raise refuse("depth", f"{len(found)} levels; {FEWEST + 1} or more are needed for an error")
    counts = np.array([level.mixed for level in found])
    scales = np.array([level.size.max() for level in found])
    gains = np.log2(counts[1:] / counts[:-1])
    value, error = float(gains.mean()), float(gains.std(ddof=1) / np.sqrt(len(gains)))
    reach = float(student.ppf(0.975, len(gains) - 1)) * error
    return Dimension(value, error, value - reach, value + reach, scales, counts)
