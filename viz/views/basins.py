"""Basins of attraction: which start ends on which attractor."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from viz import plane, reading
from viz.classes import classes, palette
from viz.reading import Unseen
from viz.scales import text
from viz.scenes import Field
from viz.shapes import Marks, Shape
from viz.view import Needs

if TYPE_CHECKING:
    import xarray as xr

NEEDS = Needs(dims=2, names=("basin",), kinds="iu", rank=8)
_GRADIENT = "log_jacobian_norm"
_SLANTED = ("start.first", "start.second", "start.origin")


def scene(
    dataset: xr.Dataset,
    variable: str,
    x: str | None = None,
    y: str | None = None,
    at: Mapping[str, Any] | None = None,
    show: Literal["attractor", "steps", "gradient"] = "attractor",
    beside: bool = True,
) -> Field:
    """Which start ends on which attractor, one colour for each; the attractors are marked where they lie in
    the plane.

    `x`, `y`: axes to draw, by default the first two of the sweep. `at`: where the others are held. `show`:
    the attractor, the steps until it was certain, or the logarithm of the gradient's norm, where those are
    stored: it has vanished inside the basins and blows up on their borders. `beside`: the gradient at the
    right of the attractors, where it is stored.
    """
    field = plane.field(dataset, variable, x, y, at, "linear", "viridis", None, None)
    marks = _marks(dataset, field, at)
    if show != "attractor":
        return _other(dataset, show, replace(field, over=marks), at)
    labels = field.values
    found = [int(label) for label in np.unique(labels[labels > 0])]
    number = {label: i + 1 for i, label in enumerate(found)}
    placed = np.full(labels.shape, np.nan)
    for label, i in number.items():
        placed[labels == label] = i
    shares = [f"{label}: {np.mean(labels == label):.1%}" for label in found]
    escaped, rest = labels == 0, int((labels == -1).sum())
    notes = ["shares " + ", ".join(shares)] if shares else []
    notes += [f"escaped {np.mean(escaped):.1%}"] if escaped.any() else []
    notes += [f"{text(rest)} on none of them or undecided"] if rest else []
    array = dataset[variable]
    held = reading.fixed(
        dataset, tuple(str(d) for d in array.dims if d not in (field.x.name, field.y.name)), at
    )
    return replace(
        field,
        values=placed,
        scale=classes([str(label) for label in found]),
        palette=palette(len(found)),
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


def _other(dataset: xr.Dataset, show: str, field: Field, at: Mapping[str, Any] | None) -> Field:
    """The steps or the gradient on the plane of the basins, under the same marks."""
    name = {"steps": "basin_steps", "gradient": _GRADIENT}[show]
    if name not in dataset.variables:
        raise Unseen(f"show = {show!r}: this store has no {name}; add it to the observables")
    axes = (field.x.name, field.y.name, at)
    other = plane.field(dataset, name, *axes, "linear", "dusk", None, None)
    if show == "steps":
        return replace(other, equal=_same(field), over=field.over)
    finite = other.values[np.isfinite(other.values)]
    ends = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    other = plane.field(dataset, name, *axes, "linear", "magma", *ends)
    return replace(other, label="log gradient", equal=_same(field), over=field.over)


def _same(field: Field) -> bool:
    """Whether both axes are starts, which have one measure."""
    return {field.x.name, field.y.name} == {"x", "y"}


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
    held = reading.fixed(dataset, tuple(d for d in reading.sweep_axes(dataset) if d not in ("x", "y")), at)
    points = states.isel(held).transpose("x", "y", own[0]).values.reshape(-1, 2)
    labels = dataset["basin"].isel(held).transpose("x", "y").values.reshape(-1)
    periods = dataset["basin_period"].isel(held).transpose("x", "y").values.reshape(-1)
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
