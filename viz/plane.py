"""Two axes of a store as a field of numbers: which ones, in which order, and what is held fixed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from viz import classes, never, palettes, reading, scales
from viz.axes import axis
from viz.reading import Unseen
from viz.scenes import Field

if TYPE_CHECKING:
    import xarray as xr


def field(
    dataset: xr.Dataset,
    variable: str,
    x: str | None,
    y: str | None,
    at: Mapping[str, Any] | None,
    scale: scales.Choice,
    palette: str,
    low: float | None,
    high: float | None,
) -> Field:
    """The numbers of a variable over two axes, with the scale of colours that shows them."""
    array = reading.variable(dataset, variable)
    across, up = two_axes(array, x, y)
    held = reading.fixed(dataset, tuple(str(d) for d in array.dims if d not in (across, up)), at)
    side, height = (axis(dim, reading.label(dataset[dim]), dataset[dim].values) for dim in (across, up))
    values = cut(array, held, up, across)[np.ix_(height.order, side.order)]
    chosen = scales.choose(values, scale, low, high, centred=palette in palettes.DIVERGING)
    codes, _ = reading.outcomes(dataset, held)
    codes = _codes(dataset, codes, held, (up, across), (height.order, side.order))
    return Field(
        x=side,
        y=height,
        values=values,
        scale=chosen,
        palette=_palette(palette, chosen),
        name=variable,
        label=reading.label(array),
        title=reading.title(dataset, array),
        caption=reading.caption(dataset, array, held, chosen.note),
        codes=codes,
        meanings=reading.meanings(dataset),
    )


def spoken(
    field: Field,
    dataset: xr.Dataset,
    at: Mapping[str, Any] | None,
    scale: scales.Choice | Callable[[np.ndarray], scales.Choice],
    palette: str,
    limits: tuple[float | None, float | None],
) -> Field:
    """The same field where its numbers are no amounts: codes as classes with their words, nevers apart.

    scale: of counts, or how it follows from them.
    """
    array = dataset[field.name]
    held = reading.fixed(
        dataset, tuple(str(d) for d in array.dims if d not in (field.x.name, field.y.name)), at
    )
    if array.dtype.kind not in "iu":
        return field
    codes = np.full(field.values.shape, reading.OK) if field.codes is None else field.codes
    counts, nevers = never.apart(array, field.values, codes)
    if reading.flags(array):
        seen = replace(field, values=counts)
        return _classed(seen, reading.flags(array), lambda note: reading.caption(dataset, array, held, note))
    wish = scale(counts) if callable(scale) else scale
    chosen = scales.choose(counts, wish, *limits, centred=palette in palettes.DIVERGING)
    word = reading.never_word(array)
    note = "; ".join(part for part in (never.said(nevers, word), chosen.note) if part)
    return replace(
        field,
        values=counts,
        scale=chosen,
        palette=_palette(palette, chosen),
        never=nevers if nevers.any() else None,
        never_word=word,
        caption=reading.caption(dataset, array, held, note),
    )


def _classed(field: Field, known: dict[int, str], caption: Callable[[str], str]) -> Field:
    """Codes as classes: one colour each for those in sight, their words beside the colours."""
    present = [code for code in known if (field.values == code).any()]
    placed = np.full(field.values.shape, np.nan)
    for place, code in enumerate(present):
        placed[field.values == code] = place + 1
    shares = [f"{known[code]} {scales.percent(np.mean(field.values == code))}" for code in present]
    return replace(
        field,
        values=placed,
        scale=classes.classes([known[code] for code in present]),
        palette=classes.palette(len(present)),
        caption=caption("; ".join(shares)),
    )


def two_axes(array: xr.DataArray, x: str | None, y: str | None) -> tuple[str, str]:
    """The names of the two dims to draw: the ones asked for, else the first two long ones, sweep axes
    first.
    """
    dims = [str(dim) for dim in array.dims]
    for name, wish in (("x", x), ("y", y)):
        if wish is not None and wish not in dims:
            raise Unseen(f"{name} = {wish!r}: {array.name} has no such axis; it has {', '.join(dims)}")
    if x is not None and x == y:
        raise Unseen(f"x and y are both {x!r}; a map needs two different axes")
    ranked = sorted(dims, key=lambda dim: (array.sizes[dim] == 1, dims.index(dim)))
    rest = [dim for dim in ranked if dim not in (x, y)]
    if x is None and y is None and rest[1].endswith("re") and rest[0].endswith("im"):
        rest[:2] = rest[1], rest[0]  # real parts lie across, whatever the order in the file
    across = x if x is not None else rest.pop(0)
    return across, y if y is not None else rest[0]


def cut(array: xr.DataArray, held: Mapping[str, int], up: str, across: str) -> np.ndarray:
    """The numbers of the plane in sight as (up, across) floats; -1 of an integer that was never computed
    stays.
    """
    plane = reading.turned(array.isel(dict(held)), up, across)
    return plane if plane.dtype.kind == "f" else plane.astype(float)


def _codes(
    dataset: xr.Dataset,
    codes: np.ndarray | None,
    held: Mapping[str, int],
    plane: tuple[str, str],
    orders: tuple[Any, Any],
) -> np.ndarray | None:
    """Outcome codes over the plane; repeated along an axis that outcomes do not have."""
    if codes is None:
        return None
    left = [str(dim) for dim in dataset["outcome"].dims if dim not in held]
    extra = [dim for dim in left if dim not in plane]
    if extra:
        codes, left = (
            codes[tuple(0 if dim in extra else slice(None) for dim in left)],
            [d for d in left if d not in extra],
        )
    shaped = codes.T if left == [plane[1], plane[0]] else codes
    shaped = shaped.reshape([dataset.sizes[dim] if dim in left else 1 for dim in plane])
    full = np.broadcast_to(shaped, [dataset.sizes[dim] for dim in plane])
    return full[np.ix_(*orders)]


def _palette(wish: str, chosen: scales.Scale) -> str:
    if wish != "auto":
        return wish
    if chosen.signed:
        return "blue_red"
    return "magma" if chosen.kind == "log" else "viridis"
