"""An image of counts: escape times and periods over two axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from viz import bifurcations, plane, reading, scales
from viz.palettes import Named
from viz.scales import Choice
from viz.scenes import Field
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=2, kinds="iu", rank=2)
_NEVER = -1


def scene(
    dataset: xr.Dataset,
    variable: str,
    x: str | None = None,
    y: str | None = None,
    at: Mapping[str, Any] | None = None,
    scale: Choice = "auto",
    palette: Named = "dusk",
    low: float | None = None,
    high: float | None = None,
    curves: bool = True,
) -> Field:
    """Counts over two axes: how many steps until something happened, near-black where it never did.

    `x`, `y`: axes to draw, by default the first two of the sweep (real and imaginary part have equal
    measure).
    `at`: where the others are held. `scale`: auto takes the logarithm where counts span decades. `low`,
    `high`: limits. `curves`: whether bifurcation curves that are stored for this plane are drawn.
    """
    field = plane.field(dataset, variable, x, y, at, "linear", palette, low, high)
    waiting = np.zeros(field.values.shape, bool) if field.codes is None else field.codes == reading.PENDING
    never = (field.values == _NEVER) & ~waiting
    counts = np.where(field.values == _NEVER, np.nan, field.values)
    chosen = scales.choose(counts, _scale(counts, scale), low, high)
    array = dataset[variable]
    word = reading.never_word(array)
    held = reading.fixed(
        dataset, tuple(str(d) for d in array.dims if d not in (field.x.name, field.y.name)), at
    )
    share = f"{never.mean():.1%} of the cells: {word}" if never.any() else ""
    note = "; ".join(part for part in (share, chosen.note) if part)
    seen = replace(
        field,
        values=counts,
        scale=chosen,
        palette=palette,
        never=never,
        never_word=word,
        caption=reading.caption(dataset, array, held, note),
        equal=_equal(field),
    )
    return bifurcations.over_field(seen, dataset, curves)


def _scale(counts: np.ndarray, wish: Choice) -> Choice:
    """The logarithm for counts over more than a decade: 0 is drawn at its low end."""
    if wish != "auto":
        return wish
    finite = counts[np.isfinite(counts)]
    return "log" if finite.size and finite.max() > 30 else "linear"


def _equal(field: Field) -> bool:
    """Whether the axes are the real and imaginary part of one number."""
    names = (field.x.name, field.y.name)
    return (
        all(name.split("_")[-1] in ("re", "im") for name in names)
        and names[0].split("_")[-1] != names[1].split("_")[-1]
    )
