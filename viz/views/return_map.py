"""A return map: a number of the state against the same number later, with the diagonal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from viz import choices, palettes, reading
from viz.scales import text
from viz.shapes import Marks, Path, Plane, framed
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=1, own=("iterate", "pair"), names=("return_map",), kinds="f", rank=8)
_MOST = 6


def scene(
    dataset: xr.Dataset,
    variable: str,
    by: str | None = None,
    at: Mapping[str, Any] | None = None,
) -> Plane:
    """Each state over the one before it, for one cell or for some values of an axis, with the diagonal.

    `by`: the axis whose values have a colour each, at most six of them, evenly spaced; by default none. `at`:
    where the other axes are held.
    """
    array = reading.variable(dataset, variable)
    choices.check(array, by=by)
    held = reading.fixed(dataset, tuple(str(d) for d in array.dims if d not in ("iterate", "pair", by)), at)
    part = array.isel(held)
    chosen = choices.spread(dataset.sizes[by], _MOST) if by else np.zeros(1, dtype=int)
    clouds = [part.isel({by: int(i)}) if by else part for i in chosen]
    pairs = [reading.turned(cloud, "iterate", "pair") for cloud in clouds]
    names = [reading.said(dataset, {by: int(i)}) if by else "pairs" for i in chosen]
    everything = np.concatenate([pair.ravel() for pair in pairs])
    side, _ = framed(everything, everything)
    ends = np.array(side)
    marks = [
        Marks(name, pair[:, 0], pair[:, 1], palettes.curve_colour(i), "filled", 6.0)
        for i, (name, pair) in enumerate(zip(names, pairs, strict=True))
    ]
    note = f"{text(len(pairs[0]))} pairs each; fixed points lie on the diagonal"
    return Plane(
        shapes=(Path("s[t+lag] = s[t]", ends, ends, "#7a7a7a", "dashed"), *marks),
        x_range=side,
        y_range=side,
        x_label="s[t]",
        y_label="s[t + lag]",
        name=variable,
        title=reading.title(dataset, array),
        caption=reading.caption(dataset, array, held, note),
        also=("iterate", "pair"),
    )
