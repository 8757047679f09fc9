"""A plane of exponents: order and chaos on either side of a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from viz import bifurcations, plane, reading
from viz.contours import contour, crossings
from viz.scales import text
from viz.scenes import Field
from viz.shapes import Marker, Marks, Path, Shape
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=2, names=("largest_lyapunov_exponent",), kinds="f", rank=16)
_INK = "#1a1a1a"
# of each verdict that is no answer: its number, its mark's name, the mark, its size and what it means
_DOUBTFUL: tuple[tuple[int, str, Marker, float, str], ...] = (
    (4, "dots", "filled", 3.0, "whose interval holds zero and is wide"),
    (
        5,
        "crosses",
        "cross",
        7.0,
        "whose orbit stands still on an unstable state or grows without bound",
    ),
)


def scene(
    dataset: xr.Dataset,
    variable: str,
    x: str | None = None,
    y: str | None = None,
    at: Mapping[str, Any] | None = None,
    line: bool = True,
    marks: bool = True,
    low: float | None = None,
    high: float | None = None,
    curves: bool = True,
) -> Field:
    """Exponents over two axes: blue is order, red is chaos, and the line is where they are zero.

    `x`, `y`: axes to draw, by default the first two of the sweep. `at`: where the others are held. `line`:
    whether the zero line is drawn. `marks`: whether cells whose interval says nothing are dotted and those of
    unstable states have a cross. `low`, `high`: limits of the colours, whose middle is zero: the farther one
    counts for both sides. `curves`: whether bifurcation curves that are stored for this plane are drawn.
    """
    field = plane.field(dataset, variable, x, y, at, "auto", "blue_red", low, high)
    shapes: list[Shape] = []
    notes = []
    if line:
        across, up = _zero(field)
        if across.size:
            shapes.append(Path("zero", across, up, _INK, "line"))
            notes.append("the line is zero")
    verdicts = _verdicts(dataset, variable, field, at)
    for verdict, label, marker, size, meaning in _DOUBTFUL:
        here = verdicts == verdict
        if here.any():
            rows, columns = np.nonzero(here)
            places = field.x.centres[columns], field.y.centres[rows]
            shapes += [Marks(label, *places, _INK, marker, size)] if marks else []
            notes.append(f"{f'{label}: ' if marks else ''}{text(int(here.sum()))} cells {meaning}")
    said = f" {notes[0][0].upper()}{'; '.join(notes)[1:]}." if notes else ""
    seen = replace(field, over=tuple(shapes), caption=f"{field.caption} Blue is order, red is chaos.{said}")
    return bifurcations.over_field(seen, dataset, curves)


def _zero(field: Field) -> tuple[np.ndarray, np.ndarray]:
    """The contour; where one axis is draws that have nothing to do with their neighbours, each draw's own."""
    x, y = field.x, field.y
    if "seed" not in (x.name.rpartition(".")[2], y.name.rpartition(".")[2]):
        return contour(x.centres, y.centres, field.values)
    if y.name.rpartition(".")[2] == "seed":
        return crossings(x.centres, y.edges, field.values)
    up, across = crossings(y.centres, x.edges, field.values.T)
    return across, up


def _verdicts(dataset: xr.Dataset, variable: str, field: Field, at: Mapping[str, Any] | None) -> np.ndarray:
    """The verdict of each cell in sight; nothing is said where none are stored."""
    name = f"{variable}_verdict"
    none = np.zeros(field.values.shape)
    if name not in dataset.data_vars:
        return none
    array = dataset[name]
    across, up = field.x.name, field.y.name
    if {across, up} - set(map(str, array.dims)):
        return none
    held = reading.fixed(dataset, tuple(str(d) for d in array.dims if d not in (across, up)), at)
    return plane.cut(array, held, up, across)[np.ix_(field.y.order, field.x.order)]
