"""A fan of singular values: how much each direction of the start is stretched or shrunk by a whole run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from viz import choices, palettes, reading
from viz.scales import power, text
from viz.scenes import Curve, Lines, Panel, Rule
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=1, own=("index",), names=("log_singular_values",), kinds="f", rank=0)
_RANK = "effective_rank"
_MOST_PANELS = 3


def scene(
    dataset: xr.Dataset,
    variable: str,
    x: str | None = None,
    by: str | None = None,
    panels: str | None = None,
    at: Mapping[str, Any] | None = None,
    most: int = 64,
) -> Lines:
    """The singular values of a run, largest to smallest dark to light, and the effective rank where stored.

    `x`: the axis below, by default the longest axis of the sweep; `index` draws whole spectra. `by`: the axis
    whose values are curves, by default the index (at most `most`, evenly spaced). `panels`: the axis whose
    values stand side by side. `at`: where the others are held.
    """
    array = reading.variable(dataset, variable)
    x, by, panels = _roles(dataset, array, x, by, panels, at)
    held = choices.held(dataset, array, (x, by, panels), at)
    frames = choices.frames(dataset, array.isel(held), panels, _MOST_PANELS)
    fans = [(said, _curves(dataset, frame, x, by, most)) for said, frame in frames]
    heights = np.concatenate([curve.y for _, curves in fans for curve in curves])
    limits = _limits(heights)
    own = "log₁₀ σ"
    one = (Rule(0.0, "σ = 1", "left"),)
    drawn = [Panel(said, curves, limits, y_label=own, rules=one) for said, curves in fans]
    ranks = _ranks(dataset, x, by, panels, held)
    zero = int(np.isneginf(array.isel(held).values).sum())
    shown, total = len(fans[0][1]), dataset.sizes[by] if by else 1
    notes = [
        "below it the effective rank, the number of directions that are left" if ranks else "",
        f"{shown} of {total} values of {by} are drawn" if shown < total else "",
        f"the smallest is {power(round(float(np.nanmin(heights))))}" if _cut(heights, limits) else "",
        f"{text(zero)} are exactly zero and not drawn" if zero else "",
    ]
    places, _, words = choices.along(dataset, x)
    return Lines(
        panels=(*drawn, *ranks),
        x_name=x,
        x_label=reading.label(dataset[x]),
        y_label=own,
        name=variable,
        title=reading.title(dataset, array),
        caption=reading.caption(dataset, array, held, "; ".join(note for note in notes if note)),
        log_x=not words and choices.geometric(places),
        words=words,
        by=by or "",
        panel_by=panels or "",
        columns=len(drawn),
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
    left = [dim for dim in choices.free(array, (x, by, panels), at) if dim != "index"]
    numbers = [dim for dim in left if choices.numeric(dataset, dim)]
    x = x or choices.longest(dataset, array, numbers) or ("index" if by != "index" else None)
    x = x or choices.longest(dataset, array, left) or str(array.dims[0])
    if by is None:
        by = "index" if x != "index" else choices.longest(dataset, array, numbers)
    left = [dim for dim in left if dim not in (x, by)]
    panels = panels or choices.words(dataset, array, left, _MOST_PANELS)
    choices.check(array, x=x, by=by, panels=panels)
    return x, by, panels


def _curves(dataset: xr.Dataset, part: xr.DataArray, x: str, by: str | None, most: int) -> tuple[Curve, ...]:
    places, order, _ = choices.along(dataset, x)
    if by is None:
        return (Curve("", places, _decades(part.values[order]), palettes.CURVES[0]),)
    rows = reading.turned(part, by, x)
    chosen = choices.spread(len(rows), most)
    names = [_named(dataset, by, int(i), len(rows)) for i in chosen]
    labels = choices.some(names)
    colours = choices.depth(len(chosen))
    return tuple(
        Curve(label, places, _decades(rows[i][order]), colour, "thin" if len(chosen) > 12 else "line")
        for i, label, colour in zip(chosen, labels, colours, strict=True)
    )


def _limits(heights: np.ndarray) -> tuple[float, float] | None:
    """All but the far smallest tenth, which would flatten the fan; 0 is always in sight."""
    finite = heights[np.isfinite(heights)]
    if not finite.size:
        return None
    top, tenth = max(float(finite.max()), 0.0), min(float(np.percentile(finite, 10)), 0.0)
    low = max(min(float(finite.min()), 0.0), tenth - 0.25 * (top - tenth))
    pad = 0.04 * (top - low) or 0.5
    return low - pad, top + pad


def _cut(heights: np.ndarray, limits: tuple[float, float] | None) -> bool:
    return limits is not None and bool(np.nanmin(heights) < limits[0])


def _named(dataset: xr.Dataset, by: str, index: int, total: int) -> str:
    if by != "index":
        return reading.said(dataset, {by: index})
    return {0: "largest", total - 1: "smallest"}.get(index, f"number {index + 1}")


def _decades(logs: np.ndarray) -> np.ndarray:
    """Natural logarithms as decimal ones; a gap where the singular value is zero."""
    return np.where(np.isfinite(logs), logs / np.log(10.0), np.nan)


def _ranks(
    dataset: xr.Dataset, x: str, by: str | None, panels: str | None, held: Mapping[str, int]
) -> tuple[Panel, ...]:
    """The effective rank below each fan, where it is stored and lies over the same axis."""
    if _RANK not in dataset.data_vars or x == "index" or by != "index":
        return ()
    ranks = dataset[_RANK].isel({dim: i for dim, i in held.items() if dim in dataset[_RANK].dims})
    places, order, _ = choices.along(dataset, x)
    top = float(dataset.sizes["index"])
    return tuple(
        Panel(
            "",
            (Curve("", places, part.values[order].astype(float), palettes.CURVES[1]),),
            (0.0, 1.05 * top),
            y_label="effective rank",
            rules=(Rule(top, ""),),
        )
        for _, part in choices.frames(dataset, ranks, panels, _MOST_PANELS)
    )
