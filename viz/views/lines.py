"""Curves: a variable over time or over one axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from viz import choices, never, numbered, reading
from viz.frames import limits, outside, topped
from viz.scenes import Curve, Lines, Panel, extremes
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

_OWN = ("time", "lag", "iterate", "index", "layer")
NEEDS = Needs(dims=1, likes=_OWN, rank=0)
_MOST_POINTS = 20_000


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
    an axis named here is not drawn. `log`: auto, yes or no, for the height. Branches, attractors and cliffs
    are numbered in each cell: lines break where there are more or fewer of them.
    """
    array = reading.variable(dataset, variable)
    x, by, panels = _roles(dataset, array, x, by, panels, at)
    held = choices.held(dataset, array, (x, by, panels), at)
    places, order, words = choices.along(dataset, x)
    cuts = choices.cuts(dataset, held, panels, _panels(dataset, array, held, by, panels, most))
    total = numbered.most(dataset, array, by, [place for _, place in cuts]) if by else 1
    chosen = choices.spread(total, most)
    hues = list(zip(chosen, choices.hues(chosen, total), strict=True))
    frames = [
        (said, [_row(dataset, array, place, (by, int(i), hue), (x, places, order)) for i, hue in hues])
        for said, place in cuts
    ]
    own = [np.concatenate([row.curve.y for row in rows]) for _, rows in frames]
    heights = np.concatenate(own)
    log_y = choices.together(own, log)
    codes = _codes(array, heights)
    drawn = _framed([(said, tuple(row.curve for row in rows)) for said, rows in frames], log_y, codes)
    nevers = [[row.never for row in rows] for _, rows in frames]
    word = reading.never_word(array)
    names = [row.curve.label for row in frames[0][1]]
    notes = [
        f"{len(chosen)} of {total} values of {by} are drawn" if len(chosen) < total else "",
        f"of {len(order)} values of {x} only extremes are drawn" if len(order) > _MOST_POINTS else "",
        outside(drawn, log_y),
        never.said(np.array(nevers), word),
        numbered.said(dataset, array) if any(row.ends for _, rows in frames for row in rows) else "",
        choices.covered(
            [(said, [_seen(row.curve.y, log_y) for row in rows]) for said, rows in frames], names
        ),
    ]
    if np.any(nevers):
        drawn = topped(drawn, places, nevers, f"↑ {word}", log_y)
    return Lines(
        panels=drawn,
        x_name=x,
        x_label=reading.label(dataset[x]),
        y_label=reading.label(array),
        name=variable,
        title=reading.title(dataset, array),
        caption=reading.caption(dataset, array, held, "; ".join(note for note in notes if note)),
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


def _panels(
    dataset: xr.Dataset,
    array: xr.DataArray,
    held: dict[str, int],
    by: str | None,
    panels: str | None,
    most: int,
) -> int | None:
    """How many panels have anything in one of the curves that are drawn."""
    if panels is None:
        return None
    chosen = choices.spread(array.sizes[by], most) if by else ()
    return numbered.most(dataset, array, panels, [held | {by: int(i)} for i in chosen] if by else [held])


def _seen(heights: np.ndarray, log_y: bool) -> np.ndarray:
    """The heights of a curve that are drawn: on a logarithm, only positive ones."""
    return np.where(heights > 0, heights, np.nan) if log_y else heights


class _Row(NamedTuple):
    """A curve, where along the axis below what it counts never happened, whether what is numbered ends."""

    curve: Curve
    never: np.ndarray
    ends: bool


def _row(
    dataset: xr.Dataset,
    array: xr.DataArray,
    place: dict[str, int],
    one: tuple[str | None, int, str],
    below: tuple[str, np.ndarray, np.ndarray],
) -> _Row:
    """One curve, given by its axis, index and colour, over the axis below, its places and their order; gaps
    where a count is of nothing and where what is numbered ends.
    """
    (by, index, colour), (x, places, order) = one, below
    label = reading.said(dataset, {by: index}) if by else ""
    place = place | ({by: index} if by else {})
    heights, nevers = never.along(dataset, array, place)
    heights, nevers = heights[order], nevers[order]
    kept = extremes(heights, _MOST_POINTS)
    ends = numbered.ends(dataset, array, place, x, order)
    drawn = numbered.broken(places, heights, kept, ends)
    return _Row(Curve(label, *drawn, colour), nevers, bool(ends.any()))


def _codes(array: xr.DataArray, heights: np.ndarray) -> tuple[tuple[float, str], ...]:
    """The codes in sight with their words, where heights are codes."""
    return tuple(
        (float(code), said) for code, said in reading.flags(array).items() if (heights == code).any()
    )


def _framed(
    frames: list[tuple[str, tuple[Curve, ...]]], log_y: bool, codes: tuple[tuple[float, str], ...]
) -> tuple[Panel, ...]:
    """Panels with the heights they show: the same for all unless one would flatten another."""
    own = [limits([curve.y for curve in curves], log_y) for _, curves in frames]
    known = [ends for ends in own if ends is not None]
    level = [None if log_y else _level(curves) for _, curves in frames]  # any frame around it is good
    apart = [ends for ends, one in zip(own, level, strict=True) if ends is not None and one is None]
    if apart:
        reach = [high - low for low, high in apart]
        air = 0.05 * max(reach)
        known = apart + [(one - air, one + air) for one in level if one is not None]
    if known:
        common = (min(low for low, _ in known), max(high for _, high in known))
        if log_y or not apart or common[1] - common[0] < 4 * min(reach):
            own = [common] * len(own)
    return tuple(
        Panel(said, curves, ends, marks=codes) for (said, curves), ends in zip(frames, own, strict=True)
    )


def _level(curves: tuple[Curve, ...]) -> float | None:
    """The one height of all curves, if it is one."""
    heights = np.concatenate([np.zeros(0), *(curve.y for curve in curves)])
    every = np.unique(heights[np.isfinite(heights)])
    return float(every[0]) if every.size == 1 else None
