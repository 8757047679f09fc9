"""A plane of exponents: order and chaos on either side of a line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from viz import plane, reading
from viz.contours import contour, crossings
from viz.scales import text
from viz.scenes import Field
from viz.shapes import Marks, Path, Shape
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=2, names=("largest_lyapunov_exponent",), kinds="f", rank=16)
_UNRESOLVED = 4
_INK = "#1a1a1a"


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
) -> Field:
    """Exponents over two axes: blue is order, red is chaos, and the line is where they are zero.

    `x`, `y`: axes to draw, by default the first two of the sweep. `at`: where the others are held. `line`:
    whether the zero line is drawn. `marks`: whether cells whose interval says nothing are dotted. `low`,
    `high`: limits of the colours.
    """
    field = plane.field(dataset, variable, x, y, at, "auto", "blue_red", low, high)
    shapes: list[Shape] = []
    notes = []
    if line:
        across, up = _zero(field)
        if across.size:
            shapes.append(Path("zero", across, up, _INK, "line"))
            notes.append("the line is zero")
    unresolved = _verdicts(dataset, variable, field, at) == _UNRESOLVED
    if marks and unresolved.any():
        rows, columns = np.nonzero(unresolved)
        places = field.x.centres[columns], field.y.centres[rows]
        shapes.append(Marks("not converged", *places, _INK, "filled", 3.0))
        notes.append(f"dots: {text(int(unresolved.sum()))} cells whose interval holds zero and is wide")
    said = f" {notes[0][0].upper()}{'; '.join(notes)[1:]}." if notes else ""
    return replace(field, over=tuple(shapes), caption=f"{field.caption}{said}")


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
