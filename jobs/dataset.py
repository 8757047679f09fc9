"""Stores as labelled arrays. Opening one needs no kernel: neither numba nor the simulator is imported."""

from pathlib import Path

import xarray as xr

from jobs import rooms
from jobs.seals import MEND, attributes_of
from sim.errors import refuse


def open(path: Path | str, root: Path | str = "results") -> xr.Dataset:  # noqa: A001
    """The dataset of a store, lazily, also while its sweep runs.

    path: of a store, or its name in `root`. What is not computed yet is NaN (-1 for integers) with outcome 0.
    Errors: Refused where there is no store, it is damaged, or a newer version of the software wrote it.
    """
    store = rooms.find(path, root)
    attributes_of(store)
    try:
        return xr.open_zarr(store, chunks=None, consolidated=True)
    except (ValueError, KeyError, TypeError, OSError) as fault:
        raise refuse("", f"{store} is damaged: {str(fault)[:200]}; {MEND}") from None
