"""The boundary in a stored map, measured."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from jobs.dataset import open as open_store
from sim.boundaries.fits import Dimension
from sim.boundaries.grids import box_dimension
from sim.errors import nearest, refuse


def boundary(
    store: xr.Dataset | Path | str,
    variable: str,
    dims: Sequence[str] | None = None,
    at: Mapping[str, Any] | None = None,
    sizes: Sequence[int] | None = None,
    level: float = 0.0,
) -> Dimension:
    """Box-counting dimension of the boundary in a variable of a store, with its interval, scales and counts.

    A variable of whole numbers is a map of labels; of other numbers the boundary is where they cross the
    level. dims: one to three axes of the map, by default all of more than one value; at: where the others are
    held. Scales are in steps of the grid, whose axes should be evenly spaced. Errors: Refused for variables
    and axes that do not exist, axes neither drawn nor held, and maps that `box_dimension` refuses.
    """
    dataset = store if isinstance(store, xr.Dataset) else open_store(store)
    if variable not in dataset.data_vars:
        raise refuse("variable", f"{variable!r:.80} given; {nearest(variable, map(str, dataset.data_vars))}")
    array = dataset[variable]
    for name in (*(dims or ()), *(at or {})):
        if name not in array.dims:
            raise refuse(name, f"no axis of {variable}; {nearest(name, map(str, array.dims))}")
    for name, value in (at or {}).items():
        array = array.sel({name: value}, method=None if array[name].dtype.kind in "OUT" else "nearest")
    array = array.squeeze([dim for dim in array.dims if array.sizes[dim] == 1 and dim not in (dims or ())])
    wanted = list(dims) if dims is not None else [str(dim) for dim in array.dims]
    left = [str(dim) for dim in array.dims if dim not in wanted]
    if left:
        raise refuse(left[0], f"an axis of {array.sizes[left[0]]} values that is neither in dims nor held")
    numbers = np.asarray(array.values)  # read, then turned: xarray reads a turned variable number by number
    return box_dimension(numbers.transpose([array.dims.index(dim) for dim in wanted]), sizes, level)
