"""Lyapunov exponents as curves, with their intervals and the line between order and chaos."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from viz import choices, palettes, reading
from viz.frames import limits, outside
from viz.scales import text
from viz.scenes import Curve, Lines, Panel, Rule
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=1, names=("lyapunov_spectrum", "largest_lyapunov_exponent"), kinds="f", rank=14)
_BATCHES = 64  # where the sweep does not say how many
_MOST_BARS, _UNSTABLE = 400, 5


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

    `x`: the axis below, by default the longest one; `exponent` draws whole spectra. `by`: the axis
    whose values are curves, by default the rank, else the longest (at most `most`, evenly spaced). `at`:
    where the others are held. `bars`: whether intervals are drawn, as far as a standard error is stored.
    """
    array = reading.variable(dataset, variable)
    choices.check(array, x=x, by=by)
    left = choices.free(array, (x, by), at)
    swept = choices.longest(dataset, array, [dim for dim in left if dim != "exponent"])
    if (
        x is None
        and "exponent" in left
        and (swept is None or dataset.sizes["exponent"] > dataset.sizes[swept])
    ):
        x = "exponent"
    x = x or swept or str(array.dims[0])
    left = [dim for dim in left if dim != x]
    by = by or ("exponent" if "exponent" in left else choices.longest(dataset, array, left))
    choices.check(array, x=x, by=by)
    held = choices.held(dataset, array, (x, by), at)
    error = dataset.data_vars.get(f"{variable}_error") if bars else None
    places, order, words = choices.along(dataset, x)
    dims = (by, x) if by else (x,)
    heights = reading.turned(array.isel(held), *dims).reshape(-1, len(order))[:, order]
    spread = np.full(heights.shape, np.nan)
    if error is not None:
        spread = reading.turned(error.isel(held), *dims).reshape(-1, len(order))[:, order]
    far = reach(dataset)
    chosen = choices.spread(len(heights), most)
    colours = choices.hues(chosen, len(heights)) if by else [palettes.CURVES[0]]
    curves: list[Curve] = []
    for i, colour in zip(chosen, colours, strict=True):
        said = reading.said(dataset, {by: int(i)}) if by else ""
        curves.append(Curve(said, places, np.where(np.isfinite(heights[i]), heights[i], np.nan), colour))
        if np.isfinite(spread[i]).any() and len(places) <= _MOST_BARS:
            curves.append(_bars(places, heights[i], far * spread[i], colour))
    every = [*heights[chosen], np.zeros(1)]  # zero is always in sight
    dead = int(np.isneginf(heights[chosen]).sum())
    notes = [
        f"{len(chosen)} of {len(heights)} values of {by} are drawn" if len(chosen) < len(heights) else "",
        "bars are 95 % intervals" if len(curves) > len(chosen) else "",
        f"{dead} are minus infinity and not drawn" if dead else "",
        _unstable(dataset, variable, held),
    ]
    rule = (Rule(0.0, "chaos above", "left"),)
    panel = Panel("", tuple(curves), limits(every, False), rules=rule)
    drawn = tuple(curve for curve in curves if curve.form == "line")
    notes.append(outside([replace(panel, curves=drawn)], False))
    return Lines(
        panels=(panel,),
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


def reach(dataset: xr.Dataset) -> float:
    """How many standard errors a 95 % interval reaches: Student's, with half as many degrees of freedom as
    batches.

    Source: M. Abramowitz & I. Stegun, Handbook of Mathematical Functions, 1964, 26.7.5; within 0.1 % from 16
    batches on.
    """
    parameters = json.loads(dataset.attrs.get("sweep", "{}")).get("parameters", {})
    batches = parameters.get("batches", _BATCHES)
    z, free = 1.959963985, max(2.0, batches // 2 if isinstance(batches, int) else _BATCHES // 2)
    first, second = (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / free + second / free**2 + third / free**3


def _unstable(dataset: xr.Dataset, variable: str, held: Mapping[str, int]) -> str:
    """How many cells in sight have the verdict unstable, in words."""
    verdict = dataset.data_vars.get(f"{variable}_verdict")
    if verdict is None:
        return ""
    codes = verdict.isel({dim: i for dim, i in held.items() if dim in verdict.dims}).values
    count = int((codes == _UNSTABLE).sum())
    return f"{text(count)} cells are on an unstable state or grow without bound" if count else ""


def _bars(places: np.ndarray, heights: np.ndarray, reach: np.ndarray, colour: str) -> Curve:
    """Upright lines through the points, a gap after each."""
    sound = np.isfinite(heights) & np.isfinite(reach)
    gap = np.full(int(sound.sum()), np.nan)
    x = np.repeat(places[sound], 3)
    y = np.stack([heights[sound] - reach[sound], heights[sound] + reach[sound], gap], axis=1).ravel()
    return Curve("", x, y, colour, "thin")
