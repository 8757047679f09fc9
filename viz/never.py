"""Counts of what did not happen: -1 where a run went to its end without it, which is a result and no hole.

A run that diverged, crashed or was never computed counted nothing; its cells are missing, whatever is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from viz import reading
from viz.scales import text

if TYPE_CHECKING:
    import xarray as xr

_LOST = (reading.PENDING, 2, 5, 6, 7)  # pending, diverged, timeout, crashed, out of memory


def counted(array: xr.DataArray) -> bool:
    """Whether a variable holds counts, in which -1 is no number; codes with words have a -1 of their own."""
    return array.dtype.kind == "i" and not reading.flags(array)


def apart(values: np.ndarray, codes: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Counts as floats, NaN where there are none, and where the count is a sound never.

    codes: outcomes of the same cells; without them every run is taken for sound.

    >>> apart(np.array([3, -1, -1]), np.array([1, 1, 2]))
    (array([ 3., nan, nan]), array([False,  True, False]))
    """
    never = values == reading.NEVER
    lost = np.zeros(values.shape, bool) if codes is None else np.isin(codes, _LOST)
    return np.where(never | lost, np.nan, np.asarray(values, dtype=float)), never & ~lost


def along(
    dataset: xr.Dataset, array: xr.DataArray, place: Mapping[str, int]
) -> tuple[np.ndarray, np.ndarray]:
    """The same of a variable that is cut everywhere but along one dim."""
    values = array.isel(dict(place)).values
    if "outcome" not in dataset.variables:
        return apart(values, None)
    outcome = dataset["outcome"]
    codes = outcome.isel({dim: i for dim, i in place.items() if dim in outcome.dims}).values
    return apart(values, np.broadcast_to(codes, values.shape))


def said(never: np.ndarray, word: str) -> str:
    """How many of the cells in sight are nevers; empty where none is.

    >>> said(np.array([True, False]), "never escaped")
    '1 of 2 cells: never escaped'
    """
    return f"{text(int(never.sum()))} of {text(never.size)} cells: {word}" if never.any() else ""
