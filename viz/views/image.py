"""An image of counts: escape times and periods over two axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from viz import bifurcations, plane
from viz.palettes import Named
from viz.scales import Choice
from viz.scenes import Field
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=2, kinds="iu", first=("escape_time",), rank=2)


def scene(
    dataset: xr.Dataset,
    variable: str,
    x: str | None = None,
    y: str | None = None,
    at: Mapping[str, Any] | None = None,
    scale: Choice = "auto",
    palette: Named = "dusk",
    low: float | None = None,
    high: float | None = None,
    curves: bool = True,
) -> Field:
    """Counts over two axes: how many steps until something happened, near-black where it never did.

    `x`, `y`: axes to draw, by default the first two of the sweep (real and imaginary part have equal
    measure).
    `at`: where the others are held. `scale`: auto takes the logarithm where counts span decades. `low`,
    `high`: limits. `curves`: whether bifurcation curves that are stored for this plane are drawn.
    """
    field = plane.field(dataset, variable, x, y, at, "linear", palette, low, high)
    seen = plane.spoken(field, dataset, at, lambda counts: _scale(counts, scale), palette, (low, high))
    return bifurcations.over_field(replace(seen, equal=_equal(field)), dataset, curves)


def _scale(counts: np.ndarray, wish: Choice) -> Choice:
    """The logarithm for counts over more than a decade: 0 is drawn at its low end."""
    if wish != "auto":
        return wish
    finite = counts[np.isfinite(counts)]
    return "log" if finite.size and finite.max() > 30 else "linear"


def _equal(field: Field) -> bool:
    """Whether the axes are the real and imaginary part of one number."""
    names = (field.x.name, field.y.name)
    return (
        all(name.split("_")[-1] in ("re", "im") for name in names)
        and names[0].split("_")[-1] != names[1].split("_")[-1]
    )
