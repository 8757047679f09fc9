"""Which steps a gradient comes from: contributions by lag, and the share that the first lags make up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from viz import choices, palettes, reading
from viz.frames import limits, outside
from viz.reading import Unseen
from viz.scales import percent
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
    the sweep (at most `most`, evenly spaced). `at`: where the others are held, as the parameter. Sizes are
    drawn, and triangles mark the negative ones. The share of the first p lags is what backpropagation that is
    truncated after p steps keeps of the derivative by one weight; norms of matrices do not add up to it.
    """
    array = reading.variable(dataset, variable)
    if x not in (None, "lag"):
        raise Unseen(f"x = {x!r}: this picture lies over the lag; the view `lines` draws other axes below")
    choices.check(array, x="lag", by=by)
    left = [dim for dim in choices.free(array, ("lag", by), at) if dim in reading.sweep_axes(dataset)]
    by = by or choices.longest(dataset, array, left)
    held = choices.held(dataset, array, ("lag", by), at)
    part = array.isel(held)
    rows = reading.turned(part, by, "lag") if by else part.values[None]
    chosen = choices.spread(len(rows), most)
    labels = [reading.said(dataset, {by: int(i)}) for i in chosen] if by else [""]
    colours = choices.hues(chosen, len(rows)) if by else [palettes.CURVES[0]]
    places, order, _ = choices.along(dataset, "lag")
    parts = [rows[i][order].astype(float) for i in chosen]
    every = np.concatenate(parts)
    negative = bool((every < 0.0).any())
    single = tuple(
        curve
        for label, values, colour in zip(labels, parts, colours, strict=True)
        for curve in _sizes(label, places, values, colour)
    )
    share = tuple(
        Curve(label, places, _share(values), colour)
        for label, values, colour in zip(labels, parts, colours, strict=True)
    )
    sizes = [np.abs(values) for values in parts]
    log = choices.logarithmic(np.concatenate(sizes), "yes")
    word = f"size of the {reading.full_name(array)}" if negative else reading.full_name(array)
    above = Panel("", single, limits(sizes, log), y_label=word, log_y=log)
    few = f"{len(chosen)} of {len(rows)} values of {by} are drawn" if len(chosen) < len(rows) else ""
    notes = (
        *_said(every, array),
        few,
        "" if log else outside([above], log),
    )  # a logarithm shows all but zeros
    return Lines(
        panels=(
            above,
            Panel(
                "",
                share,
                limits([*(curve.y for curve in share), np.array([0.0, 1.0])], False)
                if negative
                else (0.0, 1.04),
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


def _sizes(label: str, places: np.ndarray, values: np.ndarray, colour: str) -> list[Curve]:
    """The sizes of contributions as a line, and triangles on those that are negative."""
    below = values < 0.0
    curves = [Curve(label, places, np.abs(values), colour)]
    if below.any():
        curves.append(Curve(label, places[below], np.abs(values[below]), colour, "marks"))
    return curves


def _said(every: np.ndarray, array: xr.DataArray) -> tuple[str, ...]:
    """What the share means, which contributions are triangles, and which are not there."""
    norms = str(array.attrs.get("comment", "")).startswith("norm")
    keep = "the share of the first p lags is what truncation to p steps keeps"
    if norms and not (every < 0.0).any():
        keep = "norms of contributions are drawn: they do not add up, the share is one of their sum"
    signs = "triangles are negative contributions" if (every < 0.0).any() else ""
    if (every < 0.0).any() and (every > 0.0).any():
        signs += ", and where both signs occur the share may leave 0 to 1"
    zero = (every == 0.0).mean() if every.size else 0.0
    return keep, signs, f"{percent(zero, 0)} of the contributions are exactly zero" if zero else ""


def _share(values: np.ndarray) -> np.ndarray:
    """What the contributions up to each lag add up to, as a share of all."""
    with np.errstate(all="ignore"):
        shares: np.ndarray = np.cumsum(values) / values.sum()
    return shares
