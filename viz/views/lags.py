"""Which steps a gradient comes from: contributions by lag, and the share that the first lags make up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from viz import choices, palettes, reading
from viz.frames import limits, outside
from viz.reading import Unseen
from viz.scenes import Curve, Lines, Panel, Rule
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=1, own=("lag",), names=("gradient_by_lag",), kinds="f", rank=0)


def scene(
    dataset: xr.Dataset,
    variable: str,
    x: str | None = None,
    by: str | None = None,
    at: Mapping[str, Any] | None = None,
    most: int = 8,
) -> Lines:
    """What each lag contributes to a gradient, and below it the share of the lags up to there.

    `x`: the axis below, which is the lag. `by`: the axis whose values are curves, by default the longest of
    the sweep (at most `most`, evenly spaced). `at`: where the others are held, as the parameter. The share of
    the first p lags is what truncated backpropagation through p steps keeps; norms of matrices add up to it
    only where the contributions point the same way.
    """
    array = reading.variable(dataset, variable)
    if x not in (None, "lag"):
        raise Unseen(f"x = {x!r}: this picture lies over the lag; the view `lines` draws other axes below")
    choices.check(array, x="lag", by=by)
    left = [dim for dim in choices.free(array, ("lag", by), at) if dim in reading.sweep_axes(dataset)]
    by = by or choices.longest(dataset, array, left)
    held = choices.held(dataset, array, ("lag", by), at)
    part = array.isel(held)
    rows = part.transpose(by, "lag").values if by else part.values[None]
    chosen = choices.spread(len(rows), most)
    labels = [reading.said(dataset, {by: int(i)}) for i in chosen] if by else [""]
    colours = choices.hues(chosen, len(rows)) if by else [palettes.CURVES[0]]
    places, order, _ = choices.along(dataset, "lag")
    parts = [rows[i][order].astype(float) for i in chosen]
    single = tuple(
        Curve(label, places, values, colour)
        for label, values, colour in zip(labels, parts, colours, strict=True)
    )
    share = tuple(
        Curve(label, places, _share(values), colour)
        for label, values, colour in zip(labels, parts, colours, strict=True)
    )
    every = np.concatenate(parts)
    log = choices.logarithmic(every, "yes")
    zero = (
        f"{(every == 0.0).mean():.0%} of the contributions are exactly zero" if (every == 0.0).any() else ""
    )
    above = Panel("", single, limits(parts, log), y_label=reading.full_name(array), log_y=log)
    few = f"{len(chosen)} of {len(rows)} values of {by} are drawn" if len(chosen) < len(rows) else ""
    keep = "the share of the first p lags is what truncation to p steps keeps"
    notes = (keep, zero, few, "" if log else outside([above], log))  # a logarithm shows all but zeros
    return Lines(
        panels=(
            above,
            Panel(
                "",
                share,
                (0.0, 1.04),
                y_label="share of the lags so far",
                log_y=False,
                rules=(Rule(0.9, "90 %"),),
            ),
        ),
        x_name="lag",
        x_label=reading.label(dataset["lag"]),
        y_label=reading.label(array),
        name=variable,
        title=reading.title(dataset, array),
        caption=reading.caption(dataset, array, held, "; ".join(note for note in notes if note)),
        by=by or "",
        columns=1,
    )


def _share(values: np.ndarray) -> np.ndarray:
    """The cumulated share of non-negative contributions, lag by lag."""
    with np.errstate(all="ignore"):
        shares: np.ndarray = np.cumsum(values) / values.sum()
    return shares
