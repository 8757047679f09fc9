"""Basins of attraction: which start ends on which attractor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from sim.families import families
from viz import plane, reading
from viz.axes import axis
from viz.classes import classes, palette
from viz.reading import Unseen
from viz.scales import percent, text
from viz.scenes import Field
from viz.shapes import Marks, Shape
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=2, names=("basin",), kinds="iu", rank=8)
_GRADIENT = "log_jacobian_norm"
_MOST = 11  # families with a colour of their own
_PLANE = ("x", "y")  # the axes of a plane of starts
_SLANTED = ("start.first", "start.second", "start.origin")


def scene(
    dataset: xr.Dataset,
    variable: str,
    x: str | None = None,
    y: str | None = None,
    at: Mapping[str, Any] | None = None,
    show: Literal["attractor", "steps", "gradient"] = "attractor",
    beside: bool = True,
    apart: float = 0.5,
) -> Field:
    """Which start ends on which attractor, one colour for each; the attractors are marked where they lie in
    the plane.

    `x`, `y`: axes to draw, by default the first two of the sweep. `at`: where the others are held. `show`:
    the attractor, the steps until it was certain, or the logarithm of the gradient's norm, where those are
    stored: it has vanished inside the basins and blows up on their borders. `beside`: the gradient at the
    right of the attractors, where it is stored. `apart`: where parameters are swept too, an attractor keeps
    its colour from cell to cell as long as it moves less than this (`sim.families` over the whole store, the
    same for every plane that is cut from it), whatever its number in each cell.
    """
    field = plane.field(dataset, variable, x, y, at, "linear", "viridis", None, None)
    marks = _marks(dataset, field, at)
    if show != "attractor":
        return _other(dataset, show, replace(field, over=marks), at)
    placed, words, what = _classes(dataset, field, at, apart)
    labels = field.values
    each = {word: np.mean(placed == i + 1) for i, word in enumerate(words)}
    shares = [f"{word}: {percent(share)}" for word, share in each.items() if share]
    escaped, rest = labels == 0, int((labels == -1).sum())
    notes = [f"{what} " + ", ".join(shares)] if shares else []
    notes += [f"escaped {percent(np.mean(escaped))}"] if escaped.any() else []
    notes += [f"{text(rest)} on none of them or undecided"] if rest else []
    array = dataset[variable]
    held = reading.fixed(
        dataset, tuple(str(d) for d in array.dims if d not in (field.x.name, field.y.name)), at
    )
    return replace(
        field,
        values=placed,
        scale=classes(words),
        palette=palette(len(words)),
        label="attractor",
        never=escaped if escaped.any() else None,
        never_word="escaped",
        never_value=0.0,
        equal=_same(field),
        caption=reading.caption(dataset, array, held, "; ".join(notes)),
        over=marks,
        beside=_other(dataset, "gradient", replace(field, over=marks), at)
        if beside and _GRADIENT in dataset.variables
        else None,
    )


def _classes(
    dataset: xr.Dataset, field: Field, at: Mapping[str, Any] | None, apart: float
) -> tuple[np.ndarray, list[str], str]:
    """The class of each cell in sight, from 1 on, NaN without one; the words of the classes; what they are.

    Where parameters are swept a class is a family, and all families of the store have their class in every
    plane, the smallest of many in one.
    """
    labels = field.values
    followed = _followed(dataset, apart)
    if followed is None:
        found = np.unique(labels[labels > 0])
        placed = np.where(labels > 0, np.searchsorted(found, labels) + 1.0, np.nan)
        words = [str(int(label)) for label in found]
        if (labels < -1).any():  # on attractors that have no number
            placed[labels < -1], words = len(words) + 1.0, [*words, "others"]
        return placed, words, "shares"
    numbers, axes, others = followed
    held = reading.fixed(dataset, tuple(d for d in axes if d not in (field.x.name, field.y.name)), at)
    table = numbers[tuple(held.get(axis, slice(None)) for axis in axes)]
    own = [axis for axis in axes if axis not in held]
    table = table.transpose(*(own.index(d) for d in (field.y.name, field.x.name) if d in own), table.ndim - 1)
    for place, side in enumerate((field.y, field.x)):
        table = np.take(table, side.order, place) if side.name in own else np.expand_dims(table, place)
    which = np.where(labels > 0, labels - 1, 0).astype(np.intp)
    table = np.broadcast_to(table, (*labels.shape, table.shape[-1]))
    family = np.take_along_axis(table, which[..., None], axis=-1)[..., 0]
    words = [str(i + 1) for i in range(min(int(numbers.max()) + 1, _MOST))]
    words += ["others"] if others or numbers.max() >= _MOST else []
    placed = np.where(labels > 0, np.minimum(family, _MOST) + 1.0, np.nan)
    placed[labels < -1] = len(words)
    return placed, words, f"followed over {', '.join(axes)}, shares"


def _followed(dataset: xr.Dataset, apart: float) -> tuple[np.ndarray, tuple[str, ...], bool] | None:
    """The family of each attractor (parameters, attractors), in the store's order, the axes that are
    parameters, and whether some have no number; None without such axes, or states to tell families by.
    """
    axes, sweep = reading.sweep_axes(dataset), json.loads(dataset.attrs.get("sweep", "{}")).get("axes", [])
    if len(axes) != len(sweep) or "basin_state" not in dataset.variables:
        return None
    names = [str(each["name"]).partition(".")[0] for each in sweep]
    starts = [dim for dim, name in zip(axes, names, strict=True) if name == "start" or dim in _PLANE]
    given = tuple(dim for dim in axes if dim not in starts)
    if max((dataset.sizes[dim] for dim in given), default=1) == 1:
        return None
    states = dataset["basin_state"]
    own = [str(dim) for dim in states.dims if str(dim) not in axes]
    shape = [dataset.sizes[dim] for dim in given]
    labels = reading.turned(dataset["basin"], *given, *starts).reshape(*shape, -1)
    points = reading.turned(states, *given, *starts, *own).reshape(*labels.shape, -1)
    found = np.full((*shape, max(int(labels.max()), 1), points.shape[-1]), np.nan)
    for i in range(found.shape[-2]):
        there = labels == i + 1
        first = np.take_along_axis(points, there.argmax(axis=-1)[..., None, None], axis=-2)[..., 0, :]
        found[..., i, :] = np.where(there.any(axis=-1)[..., None], first, np.nan)
    orders = [axis(dim, dim, dataset[dim].values).order for dim in given]
    numbers = np.empty(found.shape[:-1], dtype=np.intp)
    numbers[np.ix_(*orders)] = families(found[np.ix_(*orders)], apart)
    return numbers, given, bool((labels < -1).any())


def _other(dataset: xr.Dataset, show: str, field: Field, at: Mapping[str, Any] | None) -> Field:
    """The steps or the gradient on the plane of the basins, under the same marks."""
    name = {"steps": "basin_steps", "gradient": _GRADIENT}[show]
    if name not in dataset.variables:
        raise Unseen(f"show = {show!r}: this store has no {name}; add it to the observables")
    axes = (field.x.name, field.y.name, at)
    other = plane.field(dataset, name, *axes, "linear", "dusk", None, None)
    if show == "steps":  # -1 is no count of steps: its colours would reach from -1 up, or as far below zero
        other = plane.spoken(other, dataset, at, "linear", "dusk", (None, None))
        return replace(other, equal=_same(field), over=field.over)
    finite = other.values[np.isfinite(other.values)]
    ends = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    other = plane.field(dataset, name, *axes, "linear", "magma", *ends)
    return replace(other, label="log gradient", equal=_same(field), over=field.over)


def _same(field: Field) -> bool:
    """Whether both axes are starts, which have one measure."""
    return {field.x.name, field.y.name} == set(_PLANE)


def _marks(dataset: xr.Dataset, field: Field, at: Mapping[str, Any] | None) -> tuple[Shape, ...]:
    """Where the attractors lie, if the plane is that of the state's two numbers."""
    sweep = json.loads(dataset.attrs.get("sweep", "{}"))
    slanted = any(name in sweep.get("parameters", {}) for name in _SLANTED)
    if "basin_state" not in dataset.variables or not _same(field) or slanted:
        return ()
    states = dataset["basin_state"]
    own = [str(dim) for dim in states.dims if str(dim) not in reading.sweep_axes(dataset)]
    if len(own) != 1 or dataset.sizes[own[0]] != 2:
        return ()
    held = reading.fixed(dataset, tuple(d for d in reading.sweep_axes(dataset) if d not in _PLANE), at)
    points = reading.turned(states.isel(held), *_PLANE, own[0]).reshape(-1, 2)
    labels = reading.turned(dataset["basin"].isel(held), *_PLANE).reshape(-1)
    periods = reading.turned(dataset["basin_period"].isel(held), *_PLANE).reshape(-1)
    numbers, first = np.unique(labels, return_index=True)
    shapes: list[Shape] = []
    for marker, word, wanted in (
        ("filled", "fixed points", periods[first] == 1),
        ("diamond", "cycles, their lowest point", periods[first] > 1),
        ("cross", "middle of what never closes", periods[first] == 0),
    ):
        chosen = first[(numbers > 0) & wanted]
        if len(chosen):
            across, up = points[chosen].T if field.x.name == "x" else points[chosen].T[::-1]
            ring = Marks("", across, up, "#ffffff", marker, 15.0)  # type: ignore[arg-type]
            shapes += [ring, Marks(word, across, up, "#111111", marker, 9.0)]  # type: ignore[arg-type]
    return tuple(shapes)
