"""A map: any scalar variable over two axes, as colours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from viz import bifurcations, plane
from viz.palettes import Colours
from viz.scales import Choice
from viz.scenes import Field
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=2, rank=3)


def scene(
    dataset: xr.Dataset,
    variable: str,
    x: str | None = None,
    y: str | None = None,
    at: Mapping[str, Any] | None = None,
    scale: Choice = "auto",
    palette: Colours = "auto",
    low: float | None = None,
    high: float | None = None,
    curves: bool = True,
) -> Field:
    """A variable over two axes, as colours.

    `x`, `y`: axes to draw, by default the first two of the sweep. `at`: where the others are held
    (`{"seed": 3}`).
    `scale`: auto, linear, log or symlog. `palette`: auto is diverging for signed numbers. `low`, `high`:
    limits of the colours.
    Cells without a number are grey, counts of what never happened near-black; codes are classes with their
    words. `curves`: whether bifurcation curves that are stored for this plane are drawn.
    """
    seen = plane.field(dataset, variable, x, y, at, scale, palette, low, high)
    seen = plane.spoken(seen, dataset, at, scale, palette, (low, high))
    return bifurcations.over_field(seen, dataset, curves)
