"""Things that are numbered within each cell, such as fixed points: where a number means another thing.

Branches, attractors and cliffs are numbered from the first to the last of the cell. Where their count changes
from one cell to the next, one of them ends or begins there, at a fold for instance, and the numbers of the
others shift: from three fixed points to one, the one that is left is number 0, whichever it was. That both
cells have as many is needed for a number to mean the same in both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from viz import reading

if TYPE_CHECKING:
    import xarray as xr

_COUNTS = {"branch": "fixed_points_count", "attractor": "census", "jump": "cliff_count"}


def ends(
    dataset: xr.Dataset, array: xr.DataArray, place: Mapping[str, int], x: str, order: np.ndarray
) -> np.ndarray:
    """Whether numbers mean other things in the next cell along `x`, for each of its values but the last.

    place: where the variable is cut along its other dims; order: of the values of `x`. Nothing ends for a
    variable without such numbers, or in a store that does not say how many there are.
    """
    changed = np.zeros(max(len(order) - 1, 0), dtype=bool)
    for count in _counts(dataset, array):
        if x in count.dims:
            along = _cut(count, place)[order]
            changed |= along[1:] != along[:-1]
    return changed


def most(dataset: xr.Dataset, array: xr.DataArray, dim: str, places: Sequence[Mapping[str, int]]) -> int:
    """How many values of a dim there is anything at in what is drawn, cut at these places: where a variable
    has room for 16 branches and no cell of the cuts has more than 3, three.
    """
    size, name = int(array.sizes[dim]), _COUNTS.get(dim, "")
    if name not in dataset.variables:
        return size
    return min(max(1, *(int(np.max(_cut(dataset[name], place))) for place in places)), size)


def said(dataset: xr.Dataset, array: xr.DataArray) -> str:
    """Why the lines of a variable have gaps."""
    names = " or ".join(f"the {reading.long_name(count)}" for count in _counts(dataset, array))
    return f"lines break where {names} changes"


def _counts(dataset: xr.Dataset, array: xr.DataArray) -> list[xr.DataArray]:
    """How many there are of what a variable numbers along its dims, where the store says so."""
    return [dataset[name] for dim, name in _COUNTS.items() if dim in array.dims and name in dataset.variables]


def _cut(count: xr.DataArray, place: Mapping[str, int]) -> np.ndarray:
    """A count along what a place leaves of its dims; no more of it is read."""
    return np.asarray(count.isel({dim: i for dim, i in place.items() if dim in count.dims}).values)


def broken(
    x: np.ndarray, y: np.ndarray, kept: np.ndarray, changed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The kept points of a curve, with a gap wherever something ends between two of them.

    >>> broken(np.arange(4.0), np.arange(4.0), np.array([0, 2, 3]), np.array([False, True, False]))
    (array([0., 0., 2., 3.]), array([ 0., nan,  2.,  3.]))
    """
    so_far = np.concatenate([[0], np.cumsum(changed)])[kept]
    gaps = np.flatnonzero(np.diff(so_far)) + 1
    # a gap stands at a value of the axis: between two seeds there is none
    return np.insert(x[kept], gaps, x[kept][gaps - 1]), np.insert(y[kept].astype(float), gaps, np.nan)
