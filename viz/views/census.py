"""A census of attractors: how many there are and of which kind, over two parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from viz import plane, reading
from viz.classes import classes, palette
from viz.reading import Unseen
from viz.scenes import Field
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=2, names=("census",), kinds="iu", rank=8)
_KINDS = ("1 point", "2 points", "3+ points", "mixed", "cycles", "unclosed", "undecided", "escape")


def scene(
    dataset: xr.Dataset,
    variable: str,
    x: str | None = None,
    y: str | None = None,
    at: Mapping[str, Any] | None = None,
    show: Literal["auto", "kinds", "number"] = "auto",
) -> Field:
    """How many attractors there are and of which kind, over two parameters, with a colour for each answer.

    `x`, `y`: axes to draw, by default the first two of the sweep. `at`: where the others are held. `show`:
    the number of attractors, or their kinds (auto: where they are stored): fixed points alone, cycles alone
    or with points (mixed), something that never closes among them (unclosed), nothing settled (undecided) or
    nothing left (escape).
    """
    field = plane.field(dataset, variable, x, y, at, "linear", "viridis", None, None)
    if show == "kinds" and "census_kind" not in dataset.variables:
        raise Unseen("show = 'kinds': this store has no census_kind; write show = 'number'")
    kinds = show != "number" and "census_kind" in dataset.variables
    codes, words = _kinds(dataset, field, at) if kinds else _numbers(field)
    present = [i for i in range(len(words)) if (codes == i).any()]
    placed = np.full(codes.shape, np.nan)
    for place, i in enumerate(present):
        placed[codes == i] = place + 1
    shares = "; ".join(f"{words[i]} {np.mean(codes == i):.1%}" for i in present)
    array = dataset[variable]
    held = reading.fixed(
        dataset, tuple(str(d) for d in array.dims if d not in (field.x.name, field.y.name)), at
    )
    names = [words[i] for i in present]
    colours = palette(len(names))
    note = f"{'kinds' if kinds else 'number of attractors'}: {shares}" if shares else ""
    return replace(
        field,
        values=placed,
        scale=classes(names),
        palette=colours,
        label="attractors",
        caption=reading.caption(dataset, array, held, note),
    )


def _numbers(field: Field) -> tuple[np.ndarray, list[str]]:
    """Counts as classes; -1 where nothing was computed."""
    counts = np.where(np.isfinite(field.values), field.values, -1).astype(int)
    return counts, [str(i) for i in range(int(counts.max(initial=0)) + 1)]


def _kinds(dataset: xr.Dataset, field: Field, at: Mapping[str, Any] | None) -> tuple[np.ndarray, list[str]]:
    """Which of the answers `_KINDS` each cell is."""
    kinds = dataset["census_kind"]
    fixed = tuple(str(d) for d in kinds.dims if d not in (field.x.name, field.y.name, "attractor"))
    held = reading.fixed(dataset, fixed, at)
    each = kinds.isel(held).transpose(field.y.name, field.x.name, "attractor").values
    each = each[np.ix_(field.y.order, field.x.order)]
    points, cycles, unclosed = ((each == kind).sum(axis=-1) for kind in (1, 2, 3))
    answers = [points == 1, points == 2, points > 2]
    alone = (cycles == 0) & (unclosed == 0)
    codes = np.select(
        [unclosed > 0, (cycles > 0) & (points > 0), cycles > 0, *(a & alone for a in answers)],
        [5, 3, 4, 0, 1, 2],
        6,
    )
    if "census_escaped" in dataset.variables:
        gone = dataset["census_escaped"].isel(held).transpose(field.y.name, field.x.name).values
        codes = np.where((codes == 6) & (gone[np.ix_(field.y.order, field.x.order)] == 1.0), 7, codes)
    return np.where(field.values >= 0, codes, -1), list(_KINDS)
