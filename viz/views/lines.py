"""Curves: a variable over time or over one axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from viz import palettes, reading, scales
from viz.reading import Unseen
from viz.scenes import Curve, Lines, Panel, extremes
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

_OWN = ("time", "lag", "iterate", "index")
NEEDS = Needs(dims=1, likes=_OWN, rank=0)
_MOST_PANELS, _MOST_POINTS = 6, 20_000
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
    rest = tuple(str(dim) for dim in array.dims if dim not in (x, by, panels))
    held = reading.fixed(
        dataset, rest, {name: wish for name, wish in (at or {}).items() if name not in (x, by, panels)}
    )
    part = array.isel(held)
    across = dataset[x].values
    words = () if across.dtype.kind in "iufb" else tuple(str(value) for value in across)
    places = np.arange(len(across), dtype=float) if words else across.astype(float)
    order = np.argsort(places, kind="stable")
    frames = [
        (said, _curves(dataset, frame, by, places, order, most))
        for said, frame in _frames(dataset, part, panels)
    ]
    log_y = _logarithmic(np.concatenate([curve.y for _, curves in frames for curve in curves]), log)
    drawn = _framed(frames, log_y)
    total = dataset.sizes[by] if by else 1
    shown = len(drawn[0].curves)
    thinned = f"of {len(order)} values of {x} only extremes are drawn" if len(order) > _MOST_POINTS else ""
    note = f"{shown} of {total} values of {by} are drawn" if by and shown < total else ""
    note = "; ".join(part for part in (note, thinned) if part)
    return Lines(
        panels=drawn,
        x_name=x,
        x_label=reading.label(dataset[x]),
        y_label=reading.label(array),
        name=variable,
        title=reading.title(dataset, array),
        caption=reading.caption(dataset, array, held, note),
        log_y=log_y,
        log_x=not words and _geometric(places[order]),
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
    dims = [str(dim) for dim in array.dims]
    for name, wish in (("x", x), ("by", by), ("panels", panels)):
        if wish is not None and wish not in dims:
            raise Unseen(f"{name} = {wish!r}: {array.name} has no such axis; it has {', '.join(dims)}")
    free = [
        dim for dim in dims if dim not in (x, by, panels) and dim not in (at or {}) and array.sizes[dim] > 1
    ]
    if x is None:
        candidates = free or [dim for dim in dims if dim not in (by, panels)]
        own = [dim for dim in candidates if dim in _OWN]
        numeric = [dim for dim in candidates if dataset[dim].dtype.kind in "iuf"] or candidates
        x = own[0] if own else max(numeric, key=lambda dim: array.sizes[dim])
        free = [dim for dim in free if dim != x]
    named = [dim for dim in free if dataset[dim].dtype.kind not in "iuf" and array.sizes[dim] <= _MOST_PANELS]
    if panels is None and len(free) > 1 and named:
        panels = max(named, key=lambda dim: array.sizes[dim])
        free.remove(panels)
    if by is None and free:
        by = max(free, key=lambda dim: (dim not in _OWN, array.sizes[dim]))
    if len({x, by, panels} - {None}) < sum(name is not None for name in (x, by, panels)):
        raise Unseen(
            f"x = {x!r}, by = {by!r}, panels = {panels!r}: each axis can have only one of the three places"
        )
    return x, by, panels


def _frames(dataset: xr.Dataset, part: xr.DataArray, panels: str | None) -> list[tuple[str, xr.DataArray]]:
    if panels is None:
        return [("", part)]
    chosen = _spread(part.sizes[panels], _MOST_PANELS)
    return [(reading.said(dataset, {panels: int(i)}), part.isel({panels: int(i)})) for i in chosen]


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
    chosen = _spread(part.sizes[by], most)
    ordered = part.sizes[by] > len(palettes.CURVES)
    hues = palettes.words("viridis", max(int(1.15 * len(chosen)), 2))
    colours = [hues[i] if ordered else palettes.curve_colour(int(index)) for i, index in enumerate(chosen)]
    return tuple(
        _curve(reading.said(dataset, {by: int(index)}), part.isel({by: int(index)}), places, order, colour)
        for index, colour in zip(chosen, colours, strict=True)
    )


def _curve(label: str, part: xr.DataArray, places: np.ndarray, order: np.ndarray, colour: str) -> Curve:
    heights = _heights(part, order)
    kept = extremes(heights, _MOST_POINTS)
    return Curve(label, places[order][kept], heights[kept], colour)


def _heights(part: xr.DataArray, order: np.ndarray) -> np.ndarray:
    heights: np.ndarray = part.values[order].astype(float)
    if part.dtype.kind == "i":
        heights[heights == _NEVER] = np.nan  # a gap: nothing was counted
    return heights


def _spread(n: int, most: int) -> np.ndarray:
    """Indices of at most `most` values, evenly spaced, ends included."""
    return np.arange(n) if n <= most else np.unique(np.linspace(0, n - 1, most).round().astype(int))


def _logarithmic(heights: np.ndarray, wish: str) -> bool:
    if wish not in ("auto", "yes", "no"):
        raise Unseen(f"log = {wish!r}: write auto, yes or no")
    finite = heights[np.isfinite(heights)]
    positive = finite[finite > 0]
    if wish != "auto" or not positive.size:
        return wish == "yes" and bool(positive.size)
    return bool(
        (finite >= 0).all() and positive.size > 0.5 * finite.size and scales.choose(positive).kind == "log"
    )


def _limits(heights: np.ndarray, log_y: bool) -> tuple[float, float] | None:
    """The height of the frame; a few diverging curves do not flatten the others."""
    finite = heights[np.isfinite(heights)]
    if log_y:
        finite = finite[finite > 0]
    if not finite.size:
        return None
    if log_y:
        low, high = max(finite.min(), finite.max() * 1e-30), finite.max()
        return float(low / 1.5), float(high * 1.5)
    lower, upper = np.percentile(finite, [2, 98])
    low, high = finite.min(), finite.max()
    if high - low > 20 * (upper - lower) > 0:
        low, high = lower - (upper - lower), upper + (upper - lower)
    pad = 0.05 * (high - low) or abs(high) * 0.05 or 0.5
    return float(low - pad), float(high + pad)


def _framed(frames: list[tuple[str, tuple[Curve, ...]]], log_y: bool) -> tuple[Panel, ...]:
    """Panels with the heights they show: the same for all unless one would flatten another."""
    own = [_limits(np.concatenate([curve.y for curve in curves]), log_y) for _, curves in frames]
    known = [limits for limits in own if limits is not None]
    reach = [high - low for low, high in known]
    if known and (log_y or max(reach) < 4 * min(reach)):
        common = (min(low for low, _ in known), max(high for _, high in known))
        own = [common] * len(own)
    return tuple(Panel(said, curves, limits) for (said, curves), limits in zip(frames, own, strict=True))


def _geometric(places: np.ndarray) -> bool:
    return bool(
        len(places) > 2
        and places[0] > 0
        and np.ptp(np.log(places)) > np.log(20)
        and np.ptp(np.diff(np.log(places))) < 1e-3 * np.ptp(np.log(places))
    )
