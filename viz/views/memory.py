"""Memory lengths as curves, with what is never forgotten within the run drawn apart at the top."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from viz import choices, never, palettes, reading
from viz.frames import limits
from viz.scenes import Curve, Lines, Panel, Rule
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=1, names=("memory_length",), kinds="iu", rank=8)
_NEVER, _MARKS = -1, 12


def scene(
    dataset: xr.Dataset,
    variable: str,
    x: str | None = None,
    by: str | None = None,
    panels: str | None = None,
    at: Mapping[str, Any] | None = None,
    log: Literal["auto", "yes", "no"] = "auto",
) -> Lines:
    """How many steps are remembered along an axis, one line for each value of another.

    `x`: the axis below, by default the longest of numbers. `by`: the axis whose values are lines, by default
    the longest of words. `panels`: the axis whose values stand side by side. `at`: where the others are held.
    `log`: auto, yes or no, for the steps. Above the dashed line lies what is never forgotten within the run.
    """
    array = reading.variable(dataset, variable)
    choices.check(array, x=x, by=by, panels=panels)
    left = choices.free(array, (x, by, panels), at)
    x = x or choices.longest(dataset, array, left) or str(array.dims[0])
    left = [dim for dim in left if dim != x]
    by = by or choices.words(dataset, array, left) or choices.longest(dataset, array, left)
    left = [dim for dim in left if dim != by]
    panels = panels or choices.words(dataset, array, left)
    choices.check(array, x=x, by=by, panels=panels)
    held = choices.held(dataset, array, (x, by, panels), at)
    frames = [(said, _rows(dataset, array, place, by)) for said, place in choices.cuts(dataset, held, panels)]
    every = np.concatenate([rows.ravel() for _, rows in frames])
    ever = (every == _NEVER).any()
    steps = _steps(dataset, every)
    log_y = choices.logarithmic(every[every > 0], log)
    names = [reading.said(dataset, {by: i}) for i in range(dataset.sizes[by])] if by else [""]
    colours = choices.hues(np.arange(len(names)), len(names)) if by else [palettes.CURVES[0]]
    levels = _levels(len(names), steps, log_y)
    places, order, words = choices.along(dataset, x)
    limits = _limits(every, levels, steps, log_y, ever)
    rules = (Rule(steps, f"↑ never within {steps} steps", below=True),) if ever else ()
    drawn = tuple(
        Panel(
            said,
            tuple(
                curve
                for row, name, colour, level in zip(rows, choices.some(names), colours, levels, strict=True)
                for curve in _curve(places, row[order], name, colour, level)
            ),
            limits,
            rules=rules,
            ceiling=float(steps) if ever else float("inf"),
        )
        for said, rows in frames
    )
    return Lines(
        panels=drawn,
        x_name=x,
        x_label=reading.label(dataset[x]),
        y_label=reading.full_name(array),
        name=variable,
        title=reading.title(dataset, array),
        caption=reading.caption(dataset, array, held, _said(frames, names, steps, ever)),
        log_x=not words and choices.geometric(places),
        log_y=log_y,
        words=words,
        by=by or "",
        panel_by=panels or "",
    )


def _rows(dataset: xr.Dataset, array: xr.DataArray, place: dict[str, int], by: str | None) -> np.ndarray:
    """Steps as (by, x), -1 where nothing was forgotten, NaN where a run was lost."""
    rows = []
    for i in range(dataset.sizes[by] if by else 1):
        steps, nevers = never.along(dataset, array, place | ({by: i} if by else {}))
        rows.append(np.where(nevers, _NEVER, steps))
    return np.array(rows)


def _steps(dataset: xr.Dataset, every: np.ndarray) -> int:
    """How long the runs are, as the store's sweep says; else the longest memory."""
    try:
        return int(json.loads(dataset.attrs["sweep"])["parameters"]["steps"])
    except (KeyError, TypeError, ValueError):
        return int(np.nanmax([*every, 1]))


def _levels(n: int, steps: int, log: bool) -> list[float]:
    """Where the marks of each line stand above the run's end."""
    return [steps * (1.35 * 1.22**i if log else 1.04 + 0.035 * i) for i in reversed(range(n))]


def _limits(
    every: np.ndarray, levels: list[float], steps: int, log: bool, never: bool
) -> tuple[float, float] | None:
    finite = every[every > 0]
    if never:
        bottom = float(finite.min()) / 1.5 if log and finite.size else steps / 100 if log else 0.0
        return bottom, max(levels) * (1.25 if log else 1.03)
    return limits([finite.astype(float)], log)


def _curve(places: np.ndarray, row: np.ndarray, name: str, colour: str, level: float) -> list[Curve]:
    """The steps as a line with gaps, and above them the reach over which nothing is forgotten."""
    curves = [Curve(name, places, np.where(row == _NEVER, np.nan, row.astype(float)), colour, "line")]
    beyond = row == _NEVER
    if beyond.any():
        curves.append(Curve(name, places, np.where(beyond, level, np.nan), colour, "line"))
        among = np.flatnonzero(beyond)
        marked = among[choices.spread(len(among), _MARKS)]
        curves.append(Curve(name, places[marked], np.full(len(marked), level), colour, "marks"))
    return curves


def _said(frames: list[tuple[str, np.ndarray]], names: list[str], steps: int, never: bool) -> str:
    """What the marks mean, and which lines hide each other."""
    notes = [f"above the dashed line: never forgotten within {steps} steps"] if never else []
    if any((rows == 0).any() for _, rows in frames):
        notes.append("0 steps: the two starts are equal, there is nothing to remember")
    for j, name in enumerate(names):
        for i, other in enumerate(names[:j]):
            where = [said for said, rows in frames if np.array_equal(rows[i], rows[j], equal_nan=True)]
            place = "" if len(where) == len(frames) else f" at {' and '.join(where)}"
            notes += [f"{name} covers {other}{place}"] if where else []
    return "; ".join(notes)
