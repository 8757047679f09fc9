"""Gate traces of one cell: how far every gate is open at every step, and what the candidate is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from viz import choices, palettes, reading
from viz.axes import Axis, axis
from viz.frames import limits, outside
from viz.reading import Unseen
from viz.scales import Scale, choose
from viz.scenes import Curve, Field, Lines, Panel
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=1, own=("gate", "gate_unit"), kinds="f", rank=0)
_MOST_LINES, _MOST_ROWS = 16, 128
_OPEN = "gates are shut at 0 and open at 1"


def scene(
    dataset: xr.Dataset,
    variable: str,
    x: str | None = None,
    by: str | None = None,
    at: Mapping[str, Any] | None = None,
    form: Literal["auto", "lines", "map"] = "auto",
) -> Lines | Field:
    """The gates of a cell over its steps, one row a gate: shut at 0, open at 1; the candidate from -1 to 1.

    `x`: the axis below, by default the steps. `by`: the axis whose values are different lines, by default the
    units of the cell. `at`: where the others are held. `form`: lines, or a map with a line of colours for
    each unit; auto takes lines for up to 16.
    """
    array = reading.variable(dataset, variable)
    choices.check(array, x=x, by=by)
    if "gate" in (x, by):
        raise Unseen("the gates are the rows of this picture; x and by are for other axes")
    x = x or "step"
    by = by or ("gate_unit" if array.sizes["gate_unit"] > 1 and x != "gate_unit" else None)
    held = choices.held(dataset, array, (x, by, "gate"), at)
    part = reading.turned(array.isel(held), "gate", *([by] if by else []), x).astype(float)
    part = part if by else part[:, None]
    if form not in ("auto", "lines", "map"):
        raise Unseen(f"form = {form!r}: write auto, lines or map")
    if form == "map" or (form == "auto" and part.shape[1] > _MOST_LINES):
        return _map(dataset, array, part, x, by, held)
    return _lines(dataset, array, part, x, by, held)


def _lines(
    dataset: xr.Dataset, array: xr.DataArray, part: np.ndarray, x: str, by: str | None, held: dict[str, int]
) -> Lines:
    """A panel for each gate, a line for each unit."""
    places, order, words = choices.along(dataset, x)
    chosen = choices.spread(part.shape[1], 8 * _MOST_LINES)
    labels = choices.some([_said(dataset, by, int(i)) for i in chosen]) if by else [""]
    colours = choices.hues(chosen, part.shape[1]) if by else [palettes.CURVES[0]]
    form: Literal["line", "thin"] = "thin" if len(chosen) > 4 else "line"
    panels = []
    for values, name in zip(part, _names(dataset), strict=True):
        curves = tuple(
            Curve(label, places, values[i][order], colour, form)
            for i, label, colour in zip(chosen, labels, colours, strict=True)
        )
        panels.append(Panel("", curves, _reach(values), y_label=name))
    few = f"{len(chosen)} of {part.shape[1]} values of {by} are drawn" if len(chosen) < part.shape[1] else ""
    note = "; ".join(part for part in (few, _OPEN, outside(panels, False)) if part)
    return Lines(
        panels=tuple(panels),
        x_name=x,
        x_label=reading.label(dataset[x]),
        y_label=reading.label(array),
        name=str(array.name),
        title=reading.title(dataset, array),
        caption=reading.caption(dataset, array, held, note),
        words=words,
        by=by or "",
        columns=1,
        also=("gate",),
    )


def _map(
    dataset: xr.Dataset, array: xr.DataArray, part: np.ndarray, x: str, by: str | None, held: dict[str, int]
) -> Field:
    """A band for each gate, the first on top, a row of colours for each unit, the first on top."""
    chosen = choices.spread(part.shape[1], _MOST_ROWS)
    across = axis(x, reading.label(dataset[x]), dataset[x].values)
    bands = part[:, chosen][:, :, across.order]
    gap = max(1, len(chosen) // 24)
    between = np.full((len(bands), gap, bands.shape[2]), np.nan)
    rows = np.concatenate([bands, between], axis=1).reshape(-1, bands.shape[2])[:-gap][::-1]
    few = f"{len(chosen)} of {part.shape[1]} values of {by} are drawn" if len(chosen) < part.shape[1] else ""
    row = "unit" if by in (None, "gate_unit") else by
    note = "; ".join(
        part for part in (few, f"in each band one row for each {row}, the first on top", _OPEN) if part
    )
    finite = bands[np.isfinite(bands)]
    inside = finite.size == 0 or (finite.min() >= -1.0 and finite.max() <= 1.0)
    return Field(
        x=across,
        y=_bands(dataset, by or "gate_unit", chosen, gap),
        values=rows,
        scale=Scale("linear", -1.0, 1.0) if inside else choose(bands, centred=True),
        palette="blue_red",
        name=str(array.name),
        label="gate",
        title=reading.title(dataset, array),
        caption=reading.caption(dataset, array, held, note),
        empty="white",
        also=("gate",),
    )


def _bands(dataset: xr.Dataset, by: str, chosen: np.ndarray, gap: int) -> Axis:
    """The axis upward: a place for every row, from the last unit of the last gate up; names beside bands."""
    names, n = _names(dataset), len(chosen)
    words: list[str] = []
    order: list[int] = []
    for name in names:
        words += [f"{name}, {_said(dataset, by, int(i))}" for i in chosen] + [""] * gap
        order += [*(int(i) for i in chosen), *([0] * gap)]
    words, order = words[:-gap][::-1], order[:-gap][::-1]
    middle = [len(words) - 1 - (i * (n + gap) + (n - 1) / 2) for i in range(len(names))]
    return Axis(
        by,
        "gate, unit by unit" if by == "gate_unit" else f"gate, by {reading.label(dataset[by])}",
        "words",
        np.arange(len(words), dtype=float),
        np.arange(len(words) + 1) - 0.5,
        np.array(order),
        tuple(words),
        tuple(zip(middle, names, strict=True)),
    )


def _said(dataset: xr.Dataset, by: str, index: int) -> str:
    """A line's name: `unit 3`, `b_f = 2`."""
    return reading.said(dataset, {by: index}).replace("gate_unit = ", "unit ")


def _names(dataset: xr.Dataset) -> list[str]:
    return [str(name) for name in dataset["gate"].values]


def _reach(values: np.ndarray) -> tuple[float, float] | None:
    """From shut to open for gates, from -1 to 1 for what has a sign, else all there is."""
    finite = values[np.isfinite(values)]
    if finite.size and finite.min() >= 0.0 and finite.max() <= 1.0:
        return -0.04, 1.04
    if finite.size and finite.min() >= -1.0 and finite.max() <= 1.0:
        return -1.08, 1.08
    return limits(list(values), False)
