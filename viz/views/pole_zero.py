"""Poles and zeros of a linear recurrence around the unit circle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from viz import complex_plane, reading
from viz.shapes import Plane
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=1, own=("index", "component"), names=("eigenvalues",), kinds="f", rank=0)


def scene(dataset: xr.Dataset, variable: str, at: Mapping[str, Any] | None = None) -> Plane:
    """The eigenvalues of one cell as poles, with the zeros of its system where they are known.

    `at`: which cell. Taps on the past alone, h[t] = sum g h[t - l] + x[t], have as many zeros at z = 0 as
    poles; of other systems the store holds no read-out, and no zeros are drawn.
    """
    array = reading.variable(dataset, variable)
    dims = tuple(str(dim) for dim in array.dims if dim not in ("index", "component"))
    held = reading.fixed(dataset, dims, at)
    part = reading.turned(array.isel(held), "index", "component")
    poles = complex_plane.numbers(part)
    of_taps = json.loads(str(dataset.attrs.get("sweep", "{}"))).get("system") == "taps"
    zeros = np.zeros(len(poles) if of_taps else 0, dtype=complex)
    note = "" if of_taps else "Poles of the step at the last state; zeros need a read-out and are not drawn"
    caption = reading.caption(dataset, array, held, note)
    return complex_plane.pole_zero(
        poles, zeros, reading.title(dataset, array), caption, ("index", "component")
    )
