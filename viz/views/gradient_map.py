"""A map of gradients: over time or lag and an axis, or over the neurons of every layer, by decades."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from viz import choices, plane, reading, scales
from viz.palettes import Named
from viz.reading import Unseen
from viz.scales import Choice
from viz.scenes import Field
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=2, names=("gradient_through_time", "gradient_by_lag", "neuron_gradient_norm"), rank=9)
_BELOW = ("time", "lag", "neuron")
_UP = ("layer", "matrix")


def scene(
    dataset: xr.Dataset,
    variable: str,
    x: str | None = None,
    y: str | None = None,
    at: Mapping[str, Any] | None = None,
    scale: Choice = "auto",
    palette: Named = "viridis",
    sort: Literal["auto", "yes", "no"] = "auto",
    low: float | None = None,
    high: float | None = None,
) -> Field:
    """Norms of gradients over time, lag or neuron and one more axis: where they vanish and where they grow.

    `x`: by default time, lag or neuron. `y`: by default the layers, else the longest axis of the sweep.
    `at`: where the others are held, as the part of the state, h or c. `sort`: every row by size, the largest
    first; auto does so for neurons, which have no order of their own. `scale`: auto is a logarithm.
    `low`, `high`: limits of the colours. Exact zeros are set apart, they have no logarithm.
    """
    array = reading.variable(dataset, variable)
    choices.check(array, x=x, y=y)
    rest = [str(dim) for dim in array.dims if dim not in (x, y)]
    x = x or next((dim for dim in _BELOW if dim in rest), None) or choices.longest(dataset, array, rest)
    rest = choices.free(array, (x, y), at) or [str(dim) for dim in array.dims if dim not in (x, y)]
    y = y or next((dim for dim in _UP if dim in rest), None) or choices.longest(dataset, array, rest)
    field = plane.field(dataset, variable, x, y, at, "log" if scale == "auto" else scale, palette, low, high)
    zero = field.values == 0.0
    values, label = np.where(zero, np.nan, field.values), field.x.label
    if sort not in ("auto", "yes", "no"):
        raise Unseen(f"sort = {sort!r}: write auto, yes or no")
    if sort == "yes" and x != "neuron":
        raise Unseen(f'sort = "yes": {x} has an order of its own; sort is for neurons')
    if sort != "no" and x == "neuron":
        ranks = np.argsort(np.where(np.isnan(field.values), -np.inf, field.values), axis=1)[:, ::-1]
        values, zero = np.take_along_axis(values, ranks, 1), np.take_along_axis(zero, ranks, 1)
        label = f"neurons of each {y}, the largest gradient first"
    chosen = scales.choose(values, field.scale.kind, low, high)
    notes = [
        f"{scales.percent(zero.mean())} are exactly zero" if zero.any() else "",
        "a row that ends in grey has no more neurons" if _short(field.values, field.x.name) else "",
        chosen.note if np.isfinite(values).any() or not zero.any() else "",  # zeros are numbers
    ]
    drawn = (field.x.name, field.y.name)
    note = "; ".join(part for part in notes if part)
    return replace(
        field,
        x=replace(field.x, label=label),
        values=values,
        scale=chosen,
        never=zero if zero.any() else None,
        never_word="zero",
        never_value=0.0,
        label="gradient",
        caption=reading.caption(dataset, array, choices.held(dataset, array, drawn, at), note),
    )


def _short(values: np.ndarray, below: str) -> bool:
    """Whether some rows end before others."""
    return below == "neuron" and bool(np.isnan(values[:, -1]).any() and not np.isnan(values[:, 0]).any())
