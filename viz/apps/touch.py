"""Between pixels of a scene and cells of a store: what lies under a point, where a cell stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from viz import reading
from viz.axes import Axis
from viz.reading import Unseen
from viz.scenes import Field, Lines, Scene

if TYPE_CHECKING:
    import xarray as xr


def off_middle(dataset: xr.Dataset) -> dict[str, Any]:
    """A cell that is neither at an edge of a sweep nor where its symmetries are."""
    axes = reading.sweep_axes(dataset)
    return {dim: reading.value(dataset, dim, round(0.618 * (dataset.sizes[dim] - 1))) for dim in axes}


def restored(
    dataset: xr.Dataset, wish: Mapping[str, str], held: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """The cell that is wished for, snapped to the grid, elsewhere held or off the middle; what it cannot be,
    in words.
    """
    cell = off_middle(dataset)
    cell |= {dim: value for dim, value in held.items() if dim in cell}
    words = []
    for dim, value in wish.items():
        if dim not in cell:
            words.append(f"cell {dim!r}: this store has no such axis")
            continue
        try:
            cell[dim] = reading.value(dataset, dim, reading.nearest(dataset, dim, value))
        except Unseen as fault:
            words.append(str(fault))
    return cell, words


def under(scene: Field, dataset: xr.Dataset, x: float, y: float) -> dict[str, Any]:
    """The stored coordinates under a point of a field, for the axes that are axes of the store."""
    found: dict[str, Any] = {}
    for axis, position in ((scene.x, x), (scene.y, y)):
        if axis.name in dataset.sizes:
            found[axis.name] = reading.value(dataset, axis.name, axis.index(position))
    return found


def place(scene: Field, dataset: xr.Dataset, cell: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Where a cell stands on the two axes of a field; None along an axis that is not of the cell."""
    return _along(scene.x, dataset, cell), _along(scene.y, dataset, cell)


def _along(axis: Axis, dataset: xr.Dataset, cell: Mapping[str, Any]) -> float | None:
    if axis.name not in cell:
        return None
    index = reading.nearest(dataset, axis.name, cell[axis.name])
    if index in axis.order:
        return axis.place(index)
    number = reading.value(
        dataset, axis.name, index
    )  # an averaged field has lost the cell, not its coordinate
    return float(number) if isinstance(number, int | float) else None


def chosen_by_view(scene: Scene | None) -> dict[str, str]:
    """What a view made of the options that were left to it."""
    if isinstance(scene, Field):
        return {"x": scene.x.name, "y": scene.y.name, "scale": scene.scale.kind, "palette": scene.palette}
    if isinstance(scene, Lines):
        log = "yes" if scene.log_y else "no"
        return {"x": scene.x_name, "by": scene.by, "panels": scene.panel_by, "log": log}
    return {}
