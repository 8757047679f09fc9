"""Fixed points over a parameter: stable branches drawn through, unstable ones dashed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from viz import choices, points, reading, shapes
from viz.reading import Unseen
from viz.shapes import Path, Plane, Shape
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=1, own=("branch",), names=("fixed_points",), kinds="f", rank=8)
_FEW = 60  # cells up to which every point has its mark
_STABLE, _UNSTABLE = "#0072b2", "#d55e00"


def scene(
    dataset: xr.Dataset,
    variable: str,
    x: str | None = None,
    unit: int = 0,
    at: Mapping[str, Any] | None = None,
    form: Literal["auto", "lines", "marks"] = "auto",
) -> Plane:
    """Where the fixed points lie along one parameter, and which of them are stable.

    `x`: the axis below, by default the longest of numbers. `unit`: which number of a state of several. `at`:
    where the other axes are held. `form`: lines (stable solid, unstable dashed), marks by kind (stable
    filled, unstable open), or auto: marks where there are few cells. Points of one kind in neighbouring cells
    are joined to the nearest.
    """
    array = reading.variable(dataset, variable)
    if form not in ("auto", "lines", "marks"):
        raise Unseen(f"form = {form!r}: write auto, lines or marks")
    choices.check(array, x=x)
    axes = [str(dim) for dim in array.dims if dim in reading.sweep_axes(dataset)]
    x = x or choices.longest(dataset, array, [dim for dim in axes if dim not in (at or {})])
    if x is None or not choices.numeric(dataset, x):
        raise Unseen(f"{variable}: branches need an axis of numbers below; this store has {', '.join(axes)}")
    held = reading.fixed(dataset, tuple(dim for dim in axes if dim != x), at)
    found = points.stored(dataset, {dim: reading.value(dataset, dim, i) for dim, i in held.items()}, (x,))
    if found is None:
        raise Unseen(f"{variable}: the kinds of the points, fixed_points_stability, are not in this store")
    if not 0 <= unit < found.s.shape[-1]:
        raise Unseen(f"unit = {unit}: the state has the numbers 0 to {found.s.shape[-1] - 1}")
    places, order, _ = choices.along(dataset, x)
    heights, kinds = found.s[order, :, unit], found.kind[order]
    seen = kinds != "none"
    if form == "marks" or (form == "auto" and len(places) <= _FEW):
        every = np.broadcast_to(places[:, None], heights.shape)
        drawn: tuple[Shape, ...] = points.marks(kinds.ravel(), every.ravel(), heights.ravel(), 8.0)
    else:
        drawn = _lines(places, heights, kinds)
    x_range, y_range = shapes.framed(places, heights[seen], equal=False, pad=0.04)
    several = f", number {unit} of the state" if found.s.shape[-1] > 1 else ""
    return Plane(
        shapes=drawn,
        x_range=x_range,
        y_range=y_range,
        x_label=reading.label(dataset[x]),
        y_label=f"{reading.long_name(array)}{several}",
        name=variable,
        title=reading.title(dataset, array),
        caption=reading.caption(dataset, array, held, _said(seen.sum(axis=1))),
        equal=False,
        also=(x, "branch", "unit"),
    )


def _said(count: np.ndarray) -> str:
    """How many points there are along the axis."""
    few, many = int(count.min()), int(count.max())
    return f"{few} points everywhere" if few == many else f"from {few} to {many} points"


def _lines(places: np.ndarray, heights: np.ndarray, kinds: np.ndarray) -> tuple[Shape, ...]:
    """Branches as lines: solid where stable, dashed where not; what is undecided has its mark."""
    stable = np.isin(kinds, points.STABLE)
    open_ = np.isin(kinds, ("undecided", "continuum", "neutral", "slow_point"))
    unstable = ~stable & ~open_ & (kinds != "none")
    drawn: list[Shape] = []
    for label, which, colour, stroke in (
        ("unstable", unstable, _UNSTABLE, "dashed"),
        ("stable", stable, _STABLE, "thick"),
    ):
        x, y = _joined(places, heights, which)
        if len(x):
            drawn.append(Path(label, x, y, colour, stroke))  # type: ignore[arg-type]
    every = np.broadcast_to(places[:, None], heights.shape)
    return (*drawn, *points.marks(kinds[open_], every[open_], heights[open_], 7.0))


def _joined(places: np.ndarray, heights: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lines from column to column through the nearest points, one after another with gaps between."""
    reach = 0.2 * float(np.ptp(heights[which])) if which.any() else 0.0
    growing: list[list[tuple[float, float]]] = []
    finished: list[list[tuple[float, float]]] = []
    for place, column, chosen in zip(places, heights, which, strict=True):
        new = column[chosen].tolist()
        pairs = sorted(
            (abs(y - line[-1][1]), i, j) for i, line in enumerate(growing) for j, y in enumerate(new)
        )
        taken_lines: set[int] = set()
        taken: set[int] = set()
        for gap, i, j in pairs:
            if gap <= reach and i not in taken_lines and j not in taken:
                growing[i].append((float(place), new[j]))
                taken_lines.add(i)
                taken.add(j)
        finished += [line for i, line in enumerate(growing) if i not in taken_lines]
        growing = [line for i, line in enumerate(growing) if i in taken_lines]
        growing += [[(float(place), y)] for j, y in enumerate(new) if j not in taken]
    lines = [[*line, (np.nan, np.nan)] for line in finished + growing]
    every = np.array([point for line in lines for point in line]).reshape(-1, 2)
    return every[:, 0], every[:, 1]
