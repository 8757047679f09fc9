"""Curves: a variable over time or over one axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from viz import choices, palettes, reading
from viz.frames import limits, outside
from viz.scenes import Curve, Lines, Panel, extremes
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

_OWN = ("time", "lag", "iterate", "index", "layer")
NEEDS = Needs(dims=1, likes=_OWN, rank=0)
_MOST_POINTS = 20_000
_NEVER = -1


def scene(
    dataset: xr.Dataset,
    variable: str,
    x: str | None = None,
    by: str | None = None,
    panels: str | None = None,
    at: Mapping[str, Any] | None = None,
    log: Literal["auto", "yes", "no"] = "auto",
    most: int = 8,
) -> Lines:
    """A variable over time or over one axis, as curves.

    `x`: the axis below, by default time or its kin, else the longest. `by`: the axis whose values are
    different curves
    (at most `most`, evenly spaced). `panels`: the axis whose values stand side by side. `at`: where the
    others are held;
    an axis named here is not drawn. `log`: auto, yes or no, for the height.
    """
    array = reading.variable(dataset, variable)
    x, by, panels = _roles(dataset, array, x, by, panels, at)
    held = choices.held(dataset, array, (x, by, panels), at)
    part = array.isel(held)
    places, order, words = choices.along(dataset, x)
    frames = [
        (said, _curves(dataset, frame, by, places, order, most))
        for said, frame in choices.frames(dataset, part, panels)
    ]
    log_y = choices.logarithmic(np.concatenate([curve.y for _, curves in frames for curve in curves]), log)
    drawn = _framed(frames, log_y)
    total = dataset.sizes[by] if by else 1
    shown = len(drawn[0].curves)
    thinned = f"of {len(order)} values of {x} only extremes are drawn" if len(order) > _MOST_POINTS else ""
    note = f"{shown} of {total} values of {by} are drawn" if by and shown < total else ""
    note = "; ".join(part for part in (note, thinned, outside(drawn, log_y)) if part)
    return Lines(
        panels=drawn,
        x_name=x,
        x_label=reading.label(dataset[x]),
        y_label=reading.label(array),
        name=variable,
        title=reading.title(dataset, array),
        caption=reading.caption(dataset, array, held, note),
        log_y=log_y,
        log_x=not words and choices.geometric(places),
        words=words,
        by=by or "",
        panel_by=panels or "",
    )


def _roles(
    dataset: xr.Dataset,
    array: xr.DataArray,
    x: str | None,
    by: str | None,
    panels: str | None,
    at: Mapping[str, Any] | None,
) -> tuple[str, str | None, str | None]:
    """Which dim lies below, which makes curves, which makes panels."""
    choices.check(array, x=x, by=by, panels=panels)
    free = choices.free(array, (x, by, panels), at)
    if x is None:
        candidates = free or [str(dim) for dim in array.dims if dim not in (by, panels)]
        own = [dim for dim in candidates if dim in _OWN]
        x = own[0] if own else choices.longest(dataset, array, candidates) or str(array.dims[0])
        free = [dim for dim in free if dim != x]
    if panels is None and len(free) > 1:
        panels = choices.words(dataset, array, free)
        free = [dim for dim in free if dim != panels]
    if by is None and free:
        by = max(free, key=lambda dim: (dim not in _OWN, array.sizes[dim]))
    choices.check(array, x=x, by=by, panels=panels)
    return x, by, panels


def _curves(
    dataset: xr.Dataset,
    part: xr.DataArray,
    by: str | None,
    places: np.ndarray,
    order: np.ndarray,
    most: int,
) -> tuple[Curve, ...]:
    if by is None:
        return (_curve("", part, places, order, palettes.CURVES[0]),)
    chosen = choices.spread(part.sizes[by], most)
    return tuple(
        _curve(reading.said(dataset, {by: int(index)}), part.isel({by: int(index)}), places, order, colour)
        for index, colour in zip(chosen, choices.hues(chosen, part.sizes[by]), strict=True)
    )


def _curve(label: str, part: xr.DataArray, places: np.ndarray, order: np.ndarray, colour: str) -> Curve:
    heights: np.ndarray = part.values[order].astype(float)
    if part.dtype.kind == "i":
        heights[heights == _NEVER] = np.nan  # a gap: nothing was counted
    kept = extremes(heights, _MOST_POINTS)
    return Curve(label, places[kept], heights[kept], colour)


def _framed(frames: list[tuple[str, tuple[Curve, ...]]], log_y: bool) -> tuple[Panel, ...]:
    """Panels with the heights they show: the same for all unless one would flatten another."""
    own = [limits([curve.y for curve in curves], log_y) for _, curves in frames]
    known = [limits for limits in own if limits is not None]
    reach = [high - low for low, high in known]
    if known and (log_y or max(reach) < 4 * min(reach)):
        common = (min(low for low, _ in known), max(high for _, high in known))
        own = [common] * len(own)
    return tuple(Panel(said, curves, limits) for (said, curves), limits in zip(frames, own, strict=True))
