"""An orbit diagram: where the states of an orbit lie, over one parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from viz import reading
from viz.axes import Axis, axis
from viz.palettes import Named
from viz.reading import Unseen
from viz.scales import Scale, text
from viz.scenes import Field
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=2, own=("iterate",), kinds="f", rank=1)


def scene(
    dataset: xr.Dataset,
    variable: str,
    x: str | None = None,
    at: Mapping[str, Any] | None = None,
    window: tuple[float, float] | None = None,
    width: int = 1100,
    height: int = 700,
    palette: Named = "ink",
) -> Field:
    """How often an orbit visits each height, over one parameter.

    `x`: the parameter below, by default the longest axis of the sweep. `at`: where the others are held.
    `window`: heights
    to show, by default all that most orbits visit. `width`, `height`: boxes in which visits are counted
    by datashader.
    """
    array = reading.variable(dataset, variable)
    axes = [str(dim) for dim in array.dims if dim != "iterate" and dataset[dim].dtype.kind in "iuf"]
    if x is not None and x not in axes:
        raise Unseen(f"x = {x!r}: {variable} has no such numeric axis; it has {', '.join(axes)}")
    across = x or max(
        axes, key=lambda dim: (dim in reading.sweep_axes(dataset), array.sizes[dim]), default=""
    )
    if not across:
        raise Unseen(f"{variable}: an orbit diagram needs an axis of numbers beside `iterate`")
    held = reading.fixed(dataset, tuple(str(d) for d in array.dims if d not in (across, "iterate")), at)
    orbits = reading.turned(array.isel(held), across, "iterate")
    side = axis(across, reading.label(dataset[across]), dataset[across].values)
    low, high = window or _heights(orbits)
    width = min(width, len(side.centres))
    visits = _visits(orbits[side.order], (low, high), width, height)
    upright = _linear(variable, reading.label(array), low, high, height)
    often = visits[visits > 0]
    most = float(np.percentile(often, 99)) if often.size else 1.0
    outside = int((np.isfinite(orbits) & ((orbits < low) | (orbits > high))).sum())
    notes = [
        "darker: visited more often",
        f"the colours end at {text(most)} visits; a box has up to {text(int(often.max()))}"
        if often.size and often.max() > most
        else "",
        f"{text(outside)} of {text(orbits.size)} states lie outside the frame" if outside else "",
    ]
    return Field(
        x=_thinned(side, width),
        y=upright,
        values=np.where(visits > 0, visits, np.nan),
        name="visits",
        label="visits",
        scale=Scale("linear", 0.5, 1.5, whole=True) if most <= 1 else Scale("log", 1.0, most),
        palette="ink_on_white" if palette == "ink" else palette,
        title=reading.title(dataset, array),
        caption=reading.caption(dataset, array, held, "; ".join(note for note in notes if note)),
        empty="white",
        also=("iterate",),
    )


def _visits(orbits: np.ndarray, heights: tuple[float, float], width: int, height: int) -> np.ndarray:
    """How many iterates fall into each box, shape (height, width)."""
    import datashader  # noqa: PLC0415 - it takes a second to import and only this picture needs it
    import pandas as pd  # noqa: PLC0415

    n_cells, n_iterates = orbits.shape
    places = np.repeat(np.arange(n_cells, dtype=np.float32) + 0.5, n_iterates)
    points = pd.DataFrame({"x": places, "y": orbits.ravel()})
    canvas = datashader.Canvas(width, height, x_range=(0, n_cells), y_range=heights)
    counts: np.ndarray = canvas.points(points, "x", "y", agg=datashader.count()).to_numpy()
    return counts.astype(float)


def _heights(orbits: np.ndarray) -> tuple[float, float]:
    """Lowest and highest state, without the few that have escaped."""
    finite = orbits[np.isfinite(orbits)]
    if not finite.size:
        return 0.0, 1.0
    lower, upper = np.percentile(finite, [0.5, 99.5]) if finite.size < 10**7 else (finite.min(), finite.max())
    reach = float(upper - lower) or 1.0
    low, high = max(float(finite.min()), lower - reach), min(float(finite.max()), upper + reach)
    pad = max(0.03 * (high - low), 1e-12 * max(abs(low), abs(high))) or 0.5  # the frame has a height
    return low - pad, high + pad


def _linear(name: str, label: str, low: float, high: float, n: int) -> Axis:
    edges = np.linspace(low, high, n + 1)
    return Axis(name, label, "linear", (edges[1:] + edges[:-1]) / 2, edges, np.arange(n))


def _thinned(side: Axis, width: int) -> Axis:
    """The axis in as many equal columns as the picture has; each stands for the cell in its middle."""
    n = len(side.centres)
    if width == n:
        return side
    borders = np.linspace(0, n, width + 1)
    edges = np.interp(borders, np.arange(n + 1), side.edges)
    middle = np.minimum((borders[1:] + borders[:-1]) / 2, n - 1).astype(int)
    centres = np.sqrt(edges[1:] * edges[:-1]) if side.kind == "log" else (edges[1:] + edges[:-1]) / 2
    return Axis(side.name, side.label, side.kind, centres, edges, side.order[middle])
