"""Boundaries on grids of labels in one, two or three dimensions: where they are, and how their boxes scale.

The labels are those of points; a box of b steps has b + 1 points a side and shares its faces with its
neighbours, so that no boundary falls between two boxes. A box is mixed when not all of its points have one
label.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.boundaries.fits import FEWEST, Dimension, power
from sim.errors import refuse

_MOST_DIMS = 3


def labelled(values: Any, level: float = 0.0) -> np.ndarray:
    """A map as labels: whole numbers and truths are labels; of other numbers, whether they are above a level.

    Errors: Refused for other dimensions than 1, 2, 3, for numbers that are not finite (give them a label of
    their own first: `np.where(np.isfinite(m), m > level, 2)`), and for a map of one label only.
    """
    given = np.asarray(values)
    if not 1 <= given.ndim <= _MOST_DIMS or min(given.shape) < 2:
        raise refuse(
            "labels", f"an array of shape {given.shape}; a map has 1 to 3 dimensions of 2 or more points each"
        )
    if given.dtype.kind not in "biuf":
        raise refuse("labels", f"an array of {given.dtype}; whole numbers, truths or real numbers are needed")
    if given.dtype.kind == "f":
        bad = int((~np.isfinite(given)).sum())
        if bad:
            raise refuse(
                "labels",
                f"{bad} of {given.size} numbers are not finite; give them a label of their own first: "
                "np.where(np.isfinite(m), m > level, 2)",
            )
        given = given > level
    found = given.astype(np.int64)
    if (found == found.flat[0]).all():
        word = "sign" if np.asarray(values).dtype.kind == "f" else "label"
        raise refuse(
            "labels",
            f"no boundary: every cell has the same {word}; choose a region or level that a boundary crosses",
        )
    return found


def mixed(labels: np.ndarray) -> np.ndarray:
    """Which boxes of one step, shape n - 1 along each dimension, have different labels at their corners."""
    low: np.ndarray = labels
    high: np.ndarray = labels
    for axis in range(labels.ndim):
        first, second = _halves(axis)
        low = np.minimum(low[first], low[second])
        high = np.maximum(high[first], high[second])
    differ: np.ndarray = low != high
    return differ


def _halves(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """All points but the last, and all but the first, along an axis."""
    return (slice(None),) * axis + (slice(None, -1),), (slice(None),) * axis + (slice(1, None),)


def coarsened(boxes: np.ndarray, size: int) -> np.ndarray:
    """Which boxes of `size` steps hold a mixed one; what does not fill a box at the end is left out."""
    cut = boxes[tuple(slice(0, n // size * size) for n in boxes.shape)]
    for axis in range(boxes.ndim):
        shape = (*cut.shape[:axis], cut.shape[axis] // size, size, *cut.shape[axis + 1 :])
        cut = np.asarray(cut.reshape(shape).any(axis=axis + 1))
    return cut


def _sizes(shape: tuple[int, ...], sizes: Sequence[int] | None) -> np.ndarray:
    """Sizes of boxes in steps: by default powers of 2 from 1 to an eighth of the shortest side."""
    shortest = min(shape)
    if sizes is None:
        most = max(shortest // 8, 1)
        chosen = 2 ** np.arange(int(np.log2(most)) + 1)
    else:
        chosen = np.unique(np.asarray(sizes))
        if chosen.dtype.kind not in "iu" or (chosen < 1).any() or (chosen > shortest).any():
            raise refuse("sizes", f"{list(sizes)!r:.80} given; write whole numbers of steps, 1 to {shortest}")
    if len(chosen) < FEWEST:
        raise refuse(
            "sizes",
            f"{len(chosen)} of them on a grid of {' x '.join(str(n + 1) for n in shape)} points; {FEWEST} or "
            "more are needed: make the grid finer, or name sizes",
        )
    return chosen


def _shares(values: Any, sizes: Sequence[int] | None, level: float) -> tuple[np.ndarray, np.ndarray]:
    labels = labelled(values, level)
    boxes = mixed(labels)
    chosen = _sizes(boxes.shape, sizes)
    shares = np.array([coarsened(boxes, int(size)).mean() for size in chosen])
    if not (shares > 0.0).all():
        raise refuse(
            "sizes", "no box of the largest size is mixed: the boundary lies beyond the last whole box"
        )
    return chosen, shares


def box_dimension(values: Any, sizes: Sequence[int] | None = None, level: float = 0.0) -> Dimension:
    """Box-counting dimension of the boundary of a map in d = 1, 2 or 3 dimensions.

    The share of mixed boxes of b steps grows like b^(d - D). `sizes`: in steps, by default powers of 2 from
    1 to an eighth of the shortest side. `counts` of the result are shares, times as many boxes as the grid
    has room for. Errors: as of `labelled`; Refused for fewer than three sizes. Cost: the size of the map.
    Source: C. Grebogi, S. McDonald, E. Ott & J. Yorke, Phys. Lett. A 99 (1983) 415,
    doi:10.1016/0375-9601(83)90945-3.
    """
    chosen, shares = _shares(values, sizes, level)
    room = np.prod([(n - 1) / chosen for n in np.asarray(values).shape], axis=0)
    return power(chosen.astype(float), shares * room, -1.0)


def uncertainty_exponent(values: Any, sizes: Sequence[int] | None = None, level: float = 0.0) -> Dimension:
    """alpha: the share of boxes of b steps whose label is uncertain grows like b^alpha; D = d - alpha.

    Arguments, errors and source as of `box_dimension`; `counts` are shares.
    """
    chosen, shares = _shares(values, sizes, level)
    return power(chosen.astype(float), shares, 1.0)
