"""Counts of what did not happen: -1 where a run went to its end without it, which is a result and no hole.

A run that diverged or crashed did not go to its end: where it is stored as -1 it is missing. What it had
counted by then happened: an orbit that escaped at step 3 and left all numbers at step 12 has an escape time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from viz import reading
from viz.scales import text

if TYPE_CHECKING:
    import xarray as xr


def apart(array: xr.DataArray, values: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of a variable as floats, NaN where there are none, and where a count is a sound never.

    codes: outcomes of the same cells. Whatever is stored of a cell that is not computed is a blank, and so is
    -1 in the counts of runs that were lost.
    """
    never = (values == reading.NEVER) & reading.counted(array)
    whole = array.dtype.kind == "i"
    blank = whole & ((codes == reading.PENDING) | (never & np.isin(codes, reading.LOST)))
    return np.where(never | blank, np.nan, np.asarray(values, dtype=float)), never & ~blank


def along(
    dataset: xr.Dataset, array: xr.DataArray, place: Mapping[str, int]
) -> tuple[np.ndarray, np.ndarray]:
    """The same of a variable that is cut everywhere but along one dim."""
    values = array.isel(dict(place)).values
    codes: np.ndarray = np.array(reading.OK)
    if "outcome" in dataset.variables and array.dtype.kind == "i":
        outcome = dataset["outcome"]
        codes = outcome.isel({dim: i for dim, i in place.items() if dim in outcome.dims}).values
    return apart(array, values, np.broadcast_to(codes, values.shape))


def said(never: np.ndarray, word: str) -> str:
    """How many of the cells in sight are nevers; empty where none is.

    >>> said(np.array([True, False]), "never escaped")
    '1 of 2 cells: never escaped'
    """
    return f"{text(int(never.sum()))} of {text(never.size)} cells: {word}" if never.any() else ""
