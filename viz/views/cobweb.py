"""A cobweb: the curve of a map, the diagonal, and the staircase that an orbit climbs between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from viz import choices, palettes, points, reading
from viz.shapes import Path, Plane, Shape
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=1, own=("place",), names=("map_curve",), kinds="f", rank=8)


def scene(
    dataset: xr.Dataset,
    variable: str,
    by: str | None = None,
    at: Mapping[str, Any] | None = None,
    steps: int = 60,
    most: int = 5,
) -> Plane:
    """A map of one number: its curve, the diagonal, staircases of orbits, and fixed points by their kind.

    `by`: the axis whose values are different orbits, by default one of starts (at most `most`, evenly
    spaced). `at`: where the other axes are held. `steps`: how many steps of each orbit are drawn. Orbits are
    the stored `trajectory`, or else `orbit`; without them the curve stands alone.
    """
    array = reading.variable(dataset, variable)
    choices.check(array, by=by)
    starts = [dim for dim in points.start_axes(dataset) if dataset.sizes[dim] > 1 and dim not in (at or {})]
    by = by or (starts[0] if starts else None)
    held = reading.fixed(dataset, tuple(str(d) for d in array.dims if d not in ("place", by)), at)
    place = dataset["place"].values.astype(float)
    first = {by: 0} if by else {}
    curve = np.asarray(array.isel({**held, **first}).values)
    low, high = float(place[0]), float(place[-1])
    k = int(points.parameter(dataset, "cycle", 1))
    shapes: list[Shape] = [
        Path(f"s[t+{k}] = s[t]", np.array([low, high]), np.array([low, high]), "#7a7a7a", "dashed"),
        Path(
            f"s[t+{k}] = {reading.long_name(array)[:-3]}(s[t])",
            place,
            _inside(curve, low, high),
            "#1c2330",
            "thick",
        ),
    ]
    shapes += _stairs(dataset, held, by, (low, high), k, steps, most)
    found = points.stored(dataset, {**_named(dataset, held), **_named(dataset, first)})
    if found is not None:
        x = found.s[..., 0]
        shapes += points.marks(found.kind, x, x)
    said = "" if found is None else points.counted(found.kind)
    edge = 0.02 * (high - low)  # a point at an end of the interval is seen whole
    return Plane(
        shapes=tuple(shapes),
        x_range=(low - edge, high + edge),
        y_range=(low - edge, high + edge),
        x_label="s[t]",
        y_label=f"s[t+{k}]",
        name=variable,
        title=reading.title(dataset, array),
        caption=reading.caption(dataset, array, held, said),
        also=("place",),
    )


def _named(dataset: xr.Dataset, held: Mapping[str, int]) -> dict[str, Any]:
    """Held indices as values, which is how other variables are asked for them."""
    return {dim: reading.value(dataset, dim, index) for dim, index in held.items()}


def _inside(heights: np.ndarray, low: float, high: float) -> np.ndarray:
    """Heights, those far outside the frame missing: they would be no numbers of pixels."""
    reach = 5.0 * (high - low)
    return np.where(np.abs(heights - (low + high) / 2) <= reach, heights, np.nan)


def _stairs(
    dataset: xr.Dataset,
    held: Mapping[str, int],
    by: str | None,
    frame: tuple[float, float],
    stride: int,
    steps: int,
    most: int,
) -> list[Path]:
    """The staircases of the stored orbits, each in its colour."""
    known = [name for name in ("trajectory", "orbit") if name in set(map(str, dataset.data_vars))]
    if not known:
        return []
    orbits = dataset[known[0]]
    time = "time" if known[0] == "trajectory" else "iterate"
    part = orbits.isel({dim: index for dim, index in held.items() if dim in orbits.dims})
    rows = reading.turned(part, *([by] if by else []), time).reshape(-1, dataset.sizes[time])
    chosen = choices.spread(len(rows), most)
    drawn = []
    for colour, i in zip(palettes.CURVES[2:], chosen, strict=False):  # as many as there are orbits
        s = _inside(rows[i][::stride][: steps + 1], *frame)
        x, y = np.repeat(s, 2)[:-1], np.repeat(s, 2)[1:]
        label = reading.said(dataset, {by: int(i)}) if by else "orbit"
        drawn.append(Path(label, x, y, colour, "thin"))
    return drawn
