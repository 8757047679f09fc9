"""Histograms by layer: how many neurons have a gradient of which size, coloured by depth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from viz import choices, reading
from viz.reading import Unseen
from viz.scales import percent, text
from viz.scenes import Curve, Lines, Panel
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=1, own=("neuron",), kinds="f", rank=8)
_BY = ("layer", "matrix")
_WISHES = {"auto": "auto", "log": "yes", "linear": "no"}
_BOXES = 60
_NOTHING = (0.0, 1.0)  # the sizes of a frame in which there is nothing
_FEW = 50  # a row of fewer numbers is all spikes and may reach out of the frame


def scene(
    dataset: xr.Dataset,
    variable: str,
    x: str | None = None,
    by: str | None = None,
    panels: str | None = None,
    at: Mapping[str, Any] | None = None,
    sizes: Literal["auto", "log", "linear"] = "auto",
    bins: int = 10,
) -> Lines:
    """How the sizes of a variable are spread over the neurons of each layer, one outline a layer.

    `x`: the axis whose values are counted, by default the neurons. `by`: the axis whose values are outlines,
    by default the layers, dark to light from the first to the last. `panels`: the axis whose values stand
    side by side. `at`: where the others are held. `sizes`: log, linear, or auto: log where no number is
    negative. `bins`: boxes in a decade. Exact zeros are counted in words and left out; the area under an
    outline is the share of the others.
    """
    array = reading.variable(dataset, variable)
    x, by, panels = _roles(dataset, array, x, by, panels, at)
    held = choices.held(dataset, array, (x, by, panels), at)
    rows = [(said, _rows(frame, by, x)) for said, frame in choices.frames(dataset, array.isel(held), panels)]
    every = np.concatenate([values.ravel() for _, values in rows])
    if sizes not in _WISHES:
        raise Unseen(f"sizes = {sizes!r}: write {', '.join(_WISHES)}")
    log_x = _by_decades(every, sizes)
    edges = _edges(every, bins, log_x)
    names = [reading.said(dataset, {by: i}) for i in range(dataset.sizes[by])] if by else [""]
    labels = choices.some(names)
    colours = choices.depth(len(names)) if len(names) > 1 else choices.hues(np.arange(1), 1)
    drawn = tuple(
        Panel(_titled(said, values), _outlines(values, edges, log_x, labels, colours))
        for said, values in rows
    )
    known = (~np.isnan(rows[0][1])).sum(axis=1)
    tall = {int(i) for i in np.flatnonzero(known >= min(_FEW, known.max()))}
    drawn = _framed(drawn, tall, log_x)
    wide = "panels differ in their range" if len({panel.reach for panel in drawn}) > 1 else ""
    nothing = not any(curve.y.any() for panel in drawn for curve in panel.curves)
    few = len(tall) < len(known) and not nothing
    out = f"rows of fewer than {_FEW} may reach out of the frame" if few else ""
    notes = (_zeros(rows, dataset, by, x), wide, out)
    unit = "decade" if log_x else "unit of size"
    return Lines(
        panels=drawn,
        x_name=x,
        x_label=reading.full_name(array),
        y_label=f"share of {x}s [1/{unit}]",
        name="share",
        title=reading.title(dataset, array),
        caption=reading.caption(dataset, array, held, "; ".join(note for note in notes if note)),
        log_x=log_x,
        by=by or "",
        panel_by=panels or "",
    )


def _by_decades(every: np.ndarray, sizes: str) -> bool:
    """Whether boxes are parts of decades: as wished, and by default where numbers are sizes, none of them
    negative, as norms are; a box of equal width would reach below zero.
    """
    some = every[np.isfinite(every)]
    if sizes == "auto":
        return bool((some >= 0.0).all() and (some > 0.0).any())
    return choices.logarithmic(np.where(every == 0.0, np.nan, every), _WISHES[sizes])


def _roles(
    dataset: xr.Dataset,
    array: xr.DataArray,
    x: str | None,
    by: str | None,
    panels: str | None,
    at: Mapping[str, Any] | None,
) -> tuple[str, str | None, str | None]:
    """Which dim is counted, which makes outlines, which makes panels."""
    choices.check(array, x=x, by=by, panels=panels)
    x = x or ("neuron" if "neuron" not in (by, panels) else None)
    left = choices.free(array, (x, by, panels), at)
    x = x or choices.longest(dataset, array, left)
    if x is None:
        raise Unseen(f"{array.name}: no axis is left to count over; leave `by` or `panels` away")
    left = [dim for dim in left if dim != x]
    by = by or next((dim for dim in _BY if dim in left), None)
    left = [dim for dim in left if dim != by]
    return x, by, panels or choices.words(dataset, array, left)


def _rows(part: xr.DataArray, by: str | None, x: str) -> np.ndarray:
    """The numbers as (by, x)."""
    rows: np.ndarray = (reading.turned(part, by, x) if by else part.values[None]).astype(float)
    return rows


def _edges(values: np.ndarray, bins: int, log: bool) -> np.ndarray:
    """Borders of the boxes: equal parts of decades, or of the whole range."""
    finite = values[np.isfinite(values)]
    if log:
        finite = finite[finite > 0]
        first = np.floor(np.log10(finite.min()) * bins)
        last = np.floor(np.log10(finite.max()) * bins) + 1
        borders: np.ndarray = 10.0 ** (np.arange(first, last + 1) / bins)
        return borders
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    pad = (high - low) / _BOXES or abs(high) * 0.05 or 0.5
    return np.linspace(low - pad, high + pad, _BOXES + 1)


def _outlines(
    rows: np.ndarray, edges: np.ndarray, log: bool, labels: list[str], colours: list[str]
) -> tuple[Curve, ...]:
    """One outline for each row: the share of all its numbers, zeros included, by decade or unit."""
    width = np.diff(np.log10(edges) if log else edges)
    curves = []
    for row, label, colour in zip(rows, labels, colours, strict=True):
        known = row[~np.isnan(row)]
        counts, _ = np.histogram(known[np.isfinite(known) & (known != 0.0)], edges)
        heights = counts / max(known.size, 1) / width
        filled = np.flatnonzero(counts)
        first, last = (int(filled[0]), int(filled[-1]) + 1) if filled.size else (0, 0)
        up = np.concatenate([[0.0], np.repeat(heights[first:last], 2), [0.0]])
        curves.append(Curve(label, np.repeat(edges[first : last + 1], 2), up, colour, "outline"))
    return tuple(curves)


def _framed(panels: tuple[Panel, ...], tall: set[int], log: bool) -> tuple[Panel, ...]:
    """From zero up, as high as the outlines `tall`; the same for all unless one would flatten another."""
    tops = [
        max(float(curve.y.max()) for i, curve in enumerate(panel.curves) if i in tall) for panel in panels
    ]
    some = [top for top in tops if top > 0.0]
    if some and max(some) < 4 * min(some):
        tops = [max(some)] * len(tops)
    ends = _ends(panels, log)
    ends = [_wider(low, high, log) for low, high in ends]
    framed = zip(panels, tops, ends, strict=True)
    return tuple(replace(panel, limits=(0.0, 1.05 * top or 1.0), reach=end) for panel, top, end in framed)


def _ends(panels: tuple[Panel, ...], log: bool) -> list[tuple[float, float]]:
    """How far the outlines of each panel reach; the same for all unless one would flatten another.

    A panel without outlines, whose numbers are all zero or missing, has no sizes of its own: it shows those
    of the others, and where there are none at all sizes from zero up.
    """
    drawn = [[curve for curve in panel.curves if curve.y.any()] for panel in panels]
    own = [
        (min(float(c.x.min()) for c in curves), max(float(c.x.max()) for c in curves))
        for curves in drawn
        if curves
    ]
    common = (min(low for low, _ in own), max(high for _, high in own)) if own else _NOTHING
    widths = [np.log(high / low) if log else high - low for low, high in own]
    if not own or max(widths) < 2.5 * min(widths):
        return [common] * len(panels)
    known = iter(own)
    return [next(known) if curves else common for curves in drawn]


def _wider(low: float, high: float, log: bool) -> tuple[float, float]:
    """A little air on both sides."""
    air = (high / low) ** 0.02 if log else 0.02 * (high - low)
    return (low / air, high * air) if log else (low - air, high + air)


def _titled(said: str, values: np.ndarray) -> str:
    known = ~np.isnan(values)
    share = float((values[known] == 0.0).mean()) if known.any() else 0.0
    return f"{said} · {share:.0%} zero" if said and share >= 0.005 else said


def _zeros(rows: list[tuple[str, np.ndarray]], dataset: xr.Dataset, by: str | None, x: str) -> str:
    """How many numbers are exactly zero, and which row of which panel has the most."""
    every = np.stack([values for _, values in rows])
    known, zero = ~np.isnan(every), every == 0.0
    if not known.any():
        return ""
    if not zero.any():
        return "none is exactly zero"
    if zero.sum() == known.sum():
        return f"all {text(int(known.sum()))} are exactly zero and left out, so that there is nothing to draw"
    total = f"{text(int(zero.sum()))} of {text(int(known.sum()))} are exactly zero and left out"
    if by is None:
        return total
    with np.errstate(invalid="ignore"):
        share = np.nan_to_num(zero.sum(axis=2) / known.sum(axis=2))
    panel, row = np.unravel_index(int(share.argmax()), share.shape)
    where = ", ".join(part for part in (rows[panel][0], reading.said(dataset, {by: int(row)})) if part)
    return f"{total}, most of them at {where}: {percent(share[panel, row], 0)} of its {x}s"
