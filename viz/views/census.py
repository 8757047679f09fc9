"""A census of attractors: how many there are and of which kind, over two parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sim.families import families
from viz import plane, reading
from viz.classes import classes, palette
from viz.reading import Unseen
from viz.scales import percent
from viz.scenes import Field
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=2, names=("census",), kinds="iu", rank=8)
_MOST = 11  # families with a colour of their own
_KINDS = ("1 point", "2 points", "3+ points", "mixed", "cycles", "unclosed", "undecided", "escape")


def scene(
    dataset: xr.Dataset,
    variable: str,
    x: str | None = None,
    y: str | None = None,
    at: Mapping[str, Any] | None = None,
    show: Literal["auto", "kinds", "number", "family"] = "auto",
    apart: float = 0.5,
) -> Field:
    """How many attractors there are and of which kind, over two parameters, with a colour for each answer.

    `x`, `y`: axes to draw, by default the first two of the sweep. `at`: where the others are held. `show`:
    the number of attractors, or their kinds (auto: where they are stored): fixed points alone, cycles alone
    or with points (mixed), something that never closes among them (unclosed), nothing settled (undecided) or
    nothing left (escape); or the family of the attractor with the most starts, which keeps its colour from
    cell to cell as long as it moves less than `apart`.
    """
    field = plane.field(dataset, variable, x, y, at, "linear", "viridis", None, None)
    if show == "kinds" and "census_kind" not in dataset.variables:
        raise Unseen("show = 'kinds': this store has no census_kind; write show = 'number'")
    kinds = show != "number" and "census_kind" in dataset.variables
    if show == "family":
        kinds, (codes, words) = False, _families(dataset, field, at, apart)
    else:
        codes, words = _kinds(dataset, field, at) if kinds else _numbers(field)
    present = [i for i in range(len(words)) if (codes == i).any()]
    placed = np.full(codes.shape, np.nan)
    for place, i in enumerate(present):
        placed[codes == i] = place + 1
    shares = "; ".join(f"{words[i]} {percent(np.mean(codes == i))}" for i in present)
    array = dataset[variable]
    held = reading.fixed(
        dataset, tuple(str(d) for d in array.dims if d not in (field.x.name, field.y.name)), at
    )
    names = [words[i] for i in present]
    what = "family of the largest basin" if show == "family" else "kinds" if kinds else "number of attractors"
    note = f"{what}: {shares}" if shares else ""
    return replace(
        field,
        values=placed,
        scale=classes(names),
        palette=palette(len(names)),
        label="attractors",
        caption=reading.caption(dataset, array, held, note),
    )


def _numbers(field: Field) -> tuple[np.ndarray, list[str]]:
    """Counts as classes; -1 where nothing was computed."""
    counts = np.where(np.isfinite(field.values), field.values, -1).astype(int)
    return counts, [str(i) for i in range(int(counts.max(initial=0)) + 1)]


def _families(
    dataset: xr.Dataset, field: Field, at: Mapping[str, Any] | None, apart: float
) -> tuple[np.ndarray, list[str]]:
    """The family of the attractor with the most starts; the last ones, which are small, are one class."""
    for name in ("census_state", "census_fraction"):
        if name not in dataset.variables:
            raise Unseen(f"show = 'family': this store has no {name}; write show = 'number'")
    grid = (field.y.name, field.x.name, "attractor")
    states = dataset["census_state"]
    own = [str(dim) for dim in states.dims if dim not in (*reading.sweep_axes(dataset), "attractor")]
    held = reading.fixed(dataset, tuple(d for d in reading.sweep_axes(dataset) if d not in grid), at)
    placed = reading.turned(states.isel(held), *grid, *own)[np.ix_(field.y.order, field.x.order)]
    numbers = families(placed if own else placed[..., None], apart)
    share = reading.turned(dataset["census_fraction"].isel(held), *grid)
    most = share[np.ix_(field.y.order, field.x.order)].argmax(axis=-1)
    codes = np.take_along_axis(numbers, most[..., None], axis=-1)[..., 0]
    words = [str(i + 1) for i in range(_MOST)]
    return np.minimum(codes, _MOST), [*words, "others"]


def _kinds(dataset: xr.Dataset, field: Field, at: Mapping[str, Any] | None) -> tuple[np.ndarray, list[str]]:
    """Which of the answers `_KINDS` each cell is."""
    kinds = dataset["census_kind"]
    fixed = tuple(str(d) for d in kinds.dims if d not in (field.x.name, field.y.name, "attractor"))
    held = reading.fixed(dataset, fixed, at)
    each = reading.turned(kinds.isel(held), field.y.name, field.x.name, "attractor")
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
        gone = reading.turned(dataset["census_escaped"].isel(held), field.y.name, field.x.name)
        codes = np.where((codes == 6) & (gone[np.ix_(field.y.order, field.x.order)] == 1.0), 7, codes)
    return np.where(field.values >= 0, codes, -1), list(_KINDS)
