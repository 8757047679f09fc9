"""Lyapunov exponents as curves, with their intervals and the line between order and chaos."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from viz import choices, palettes, reading
from viz.scenes import Curve, Lines, Panel, Rule
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=1, names=("lyapunov_spectrum", "largest_lyapunov_exponent"), kinds="f", rank=14)
_T = 2.0369  # of Student's distribution with 32 degrees of freedom: 95 % with 64 batches
_MOST_BARS = 400


def scene(
    dataset: xr.Dataset,
    variable: str,
    x: str | None = None,
    by: str | None = None,
    at: Mapping[str, Any] | None = None,
    most: int = 8,
    bars: bool = True,
) -> Lines:
    """Exponents over an axis or over their rank, each with its 95 % interval; above the dashed line is chaos.

    `x`: the axis below, by default the longest one of numbers; `exponent` draws whole spectra. `by`: the axis
    whose values are curves, by default the rank, else the longest (at most `most`, evenly spaced). `at`:
    where the others are held. `bars`: whether intervals are drawn, as far as a standard error is stored.
    """
    array = reading.variable(dataset, variable)
    choices.check(array, x=x, by=by)
    left = choices.free(array, (x, by), at)
    own = [dim for dim in left if dim == "exponent"]
    x = x or choices.longest(dataset, array, [dim for dim in left if dim != "exponent"])
    x = x or ("exponent" if own else str(array.dims[0]))
    left = [dim for dim in left if dim != x]
    by = by or ("exponent" if "exponent" in left else choices.longest(dataset, array, left))
    choices.check(array, x=x, by=by)
    held = choices.held(dataset, array, (x, by), at)
    error = dataset.data_vars.get(f"{variable}_error") if bars else None
    places, order, words = choices.along(dataset, x)
    dims = (by, x) if by else (x,)
    heights = array.isel(held).transpose(*dims).values.reshape(-1, len(order))[:, order]
    spread = np.full(heights.shape, np.nan)
    if error is not None:
        spread = error.isel(held).transpose(*dims).values.reshape(-1, len(order))[:, order]
    chosen = choices.spread(len(heights), most)
    colours = choices.hues(chosen, len(heights)) if by else [palettes.CURVES[0]]
    curves: list[Curve] = []
    for i, colour in zip(chosen, colours, strict=True):
        said = reading.said(dataset, {by: int(i)}) if by else ""
        curves.append(Curve(said, places, np.where(np.isfinite(heights[i]), heights[i], np.nan), colour))
        if np.isfinite(spread[i]).any() and len(places) <= _MOST_BARS:
            curves.append(_bars(places, heights[i], _T * spread[i], colour))
    every = np.concatenate([heights[chosen].ravel(), [0.0]])
    dead = int(np.isneginf(heights[chosen]).sum())
    notes = [
        f"{len(chosen)} of {len(heights)} values of {by} are drawn" if len(chosen) < len(heights) else "",
        "bars are 95 % intervals" if len(curves) > len(chosen) else "",
        f"{dead} are minus infinity and not drawn" if dead else "",
    ]
    rule = (Rule(0.0, "chaos above", "left"),)
    return Lines(
        panels=(Panel("", tuple(curves), choices.limits(every, False), rules=rule),),
        x_name=x,
        x_label=reading.label(dataset[x]),
        y_label=reading.label(array),
        name=variable,
        title=reading.title(dataset, array),
        caption=reading.caption(dataset, array, held, "; ".join(note for note in notes if note)),
        log_x=not words and choices.geometric(places),
        words=words,
        by=by or "",
    )


def _bars(places: np.ndarray, heights: np.ndarray, reach: np.ndarray, colour: str) -> Curve:
    """Upright lines through the points, a gap after each."""
    sound = np.isfinite(heights) & np.isfinite(reach)
    gap = np.full(int(sound.sum()), np.nan)
    x = np.repeat(places[sound], 3)
    y = np.stack([heights[sound] - reach[sound], heights[sound] + reach[sound], gap], axis=1).ravel()
    return Curve("", x, y, colour, "thin")
