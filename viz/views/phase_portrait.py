"""A phase portrait: nullclines, fixed points by their kind, directions and orbits in the plane of a state of
two numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from viz import choices, points, reading
from viz.contours import contour
from viz.reading import Unseen
from viz.shapes import Path, Plane, Shape
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=2, own=("place_x", "place_y"), names=("vector_field",), kinds="f", rank=8)
_COLOURS = ("#cc79a7", "#b8860b")


def scene(
    dataset: xr.Dataset,
    variable: str,
    at: Mapping[str, Any] | None = None,
    arrows: int = 21,
    most: int = 16,
) -> Plane:
    """The plane of a state of two numbers: where each of them does not change, and where orbits go.

    `at`: where the axes of the sweep are held. Stored trajectories are drawn for every start (at most `most`,
    evenly spaced; an axis of starts that is named in `at` is held). `arrows`: how many directions a side, 0
    for none. Arrows show the direction of a step, not its length.
    """
    array = reading.variable(dataset, variable)
    if "unit" not in map(str, array.dims):
        raise Unseen(f"{variable}: a phase portrait needs both numbers of the state, the dim `unit`")
    starts = tuple(dim for dim in points.start_axes(dataset) if dim not in (at or {}))
    held = reading.fixed(
        dataset, tuple(str(d) for d in array.dims if d not in ("place_x", "place_y", "unit")), at
    )
    x, y = dataset["place_x"].values.astype(float), dataset["place_y"].values.astype(float)
    moved = reading.turned(array.isel(held), "unit", "place_y", "place_x")
    names = [reading.long_name(dataset[dim]) for dim in ("place_x", "place_y")]
    shapes: list[Shape] = [_arrows(x, y, moved, arrows)] if arrows else []
    shapes += _orbits(dataset, {dim: i for dim, i in held.items() if dim not in starts}, starts, most)
    for part, name, colour in zip(moved, names, _COLOURS, strict=True):
        shapes.append(Path(f"{name} does not change", *contour(x, y, part), colour, "line"))
    found = points.stored(dataset, {dim: reading.value(dataset, dim, i) for dim, i in held.items()})
    if found is not None:
        shapes += points.marks(found.kind, found.s[..., 0], found.s[..., 1])
    shown = {dim: i for dim, i in held.items() if dim not in starts}
    return Plane(
        shapes=tuple(shapes),
        x_range=(float(x[0]), float(x[-1])),
        y_range=(float(y[0]), float(y[-1])),
        x_label=names[0],
        y_label=names[1],
        name=variable,
        title=reading.title(dataset, array),
        caption=reading.caption(dataset, array, shown, "" if found is None else points.counted(found.kind)),
        also=("place_x", "place_y", "unit", *starts),
    )


def _orbits(dataset: xr.Dataset, held: Mapping[str, int], starts: tuple[str, ...], most: int) -> list[Path]:
    """The stored trajectories from all starts."""
    if "trajectory" not in set(map(str, dataset.data_vars)):
        return []
    array = dataset["trajectory"]
    part = array.isel({dim: i for dim, i in held.items() if dim in array.dims})
    rows = reading.turned(part, *starts, "time", "unit").reshape(-1, array.sizes["time"], 2)
    chosen = choices.spread(len(rows), most)
    with np.errstate(invalid="ignore"):
        rows = np.where(np.abs(rows) < 1e6, rows, np.nan)
    gap = np.full((1, 2), np.nan)
    joined = np.concatenate([np.concatenate([rows[i], gap]) for i in chosen])
    return [Path("orbits" if len(chosen) > 1 else "orbit", joined[:, 0], joined[:, 1], "#5b3a91", "line")]


def _arrows(x: np.ndarray, y: np.ndarray, moved: np.ndarray, count: int) -> Path:
    """Small arrows of one length along the displacement."""
    across, up = (choices.spread(len(side) - 2, count) + 1 for side in (x, y))
    u, v = moved[0][np.ix_(up, across)].ravel(), moved[1][np.ix_(up, across)].ravel()
    places_y, places_x = np.meshgrid(y[up], x[across], indexing="ij")
    a, b = places_x.ravel(), places_y.ravel()
    size = 0.6 * min((x[-1] - x[0]) / count, (y[-1] - y[0]) / count)
    with np.errstate(all="ignore"):
        length = np.hypot(u, v)
        u, v = size * u / length, size * v / length
    gap = np.full(len(a), np.nan)
    tip_x, tip_y = a + u / 2, b + v / 2
    left = tip_x - 0.35 * u + 0.2 * v, tip_y - 0.35 * v - 0.2 * u
    right = tip_x - 0.35 * u - 0.2 * v, tip_y - 0.35 * v + 0.2 * u
    xs = np.stack([a - u / 2, tip_x, gap, left[0], tip_x, right[0], gap], axis=1).ravel()
    ys = np.stack([b - v / 2, tip_y, gap, left[1], tip_y, right[1], gap], axis=1).ravel()
    return Path("direction of a step", xs, ys, "#a9b0bb", "thin")
