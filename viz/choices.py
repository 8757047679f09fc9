"""Which axes become curves and panels, which of their values are drawn, in which colours and heights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from viz import palettes, reading, scales
from viz.reading import Unseen

if TYPE_CHECKING:
    import xarray as xr

MOST_PANELS = 6


def check(array: xr.DataArray, **wishes: str | None) -> None:
    """Refuse axes that a variable does not have, and one axis in two places."""
    dims = [str(dim) for dim in array.dims]
    for name, wish in wishes.items():
        if wish is not None and wish not in dims:
            raise Unseen(f"{name} = {wish!r}: {array.name} has no such axis; it has {', '.join(dims)}")
    given = [wish for wish in wishes.values() if wish is not None]
    if len(set(given)) < len(given):
        said = ", ".join(f"{name} = {wish!r}" for name, wish in wishes.items())
        raise Unseen(f"{said}: each axis can have only one of the {_COUNT[len(wishes)]} places")


_COUNT = {2: "two", 3: "three", 4: "four"}


def free(array: xr.DataArray, taken: Sequence[str | None], at: Mapping[str, Any] | None) -> list[str]:
    """Axes of several values that have no place yet and are not held by a wish."""
    return [
        str(dim) for dim in array.dims if dim not in taken and dim not in (at or {}) and array.sizes[dim] > 1
    ]


def numeric(dataset: xr.Dataset, dim: str) -> bool:
    """Whether the values of a dim are numbers."""
    return dataset[dim].dtype.kind in "iuf"


def longest(dataset: xr.Dataset, array: xr.DataArray, dims: Sequence[str]) -> str | None:
    """The longest axis of numbers, else the longest at all; the first of equals; None without any."""
    numbers = [dim for dim in dims if numeric(dataset, dim)]
    return max(numbers or dims, key=lambda dim: array.sizes[dim], default=None)


def words(
    dataset: xr.Dataset, array: xr.DataArray, dims: Sequence[str], most: int = MOST_PANELS
) -> str | None:
    """The longest axis of at most so many words; the first of equals; None without any."""
    named = [dim for dim in dims if not numeric(dataset, dim) and array.sizes[dim] <= most]
    return max(named, key=lambda dim: array.sizes[dim], default=None)


def held(
    dataset: xr.Dataset, array: xr.DataArray, drawn: Sequence[str | None], at: Mapping[str, Any] | None
) -> dict[str, int]:
    """Where the axes that are not drawn are held."""
    rest = tuple(str(dim) for dim in array.dims if dim not in drawn)
    return reading.fixed(dataset, rest, {dim: wish for dim, wish in (at or {}).items() if dim not in drawn})


def along(dataset: xr.Dataset, dim: str) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Positions of an axis in rising order, the order itself, and its words where it has words."""
    values = dataset[dim].values
    said = () if values.dtype.kind in "iufb" else tuple(str(value) for value in values)
    places = np.arange(len(values), dtype=float) if said else values.astype(float)
    order = np.argsort(places, kind="stable")
    return places[order], order, said


def frames(
    dataset: xr.Dataset, part: xr.DataArray, panels: str | None, most: int = MOST_PANELS
) -> list[tuple[str, xr.DataArray]]:
    """The parts of a variable that stand in panels, each with its words."""
    if panels is None:
        return [("", part)]
    chosen = spread(part.sizes[panels], most)
    return [(reading.said(dataset, {panels: int(i)}), part.isel({panels: int(i)})) for i in chosen]


def cuts(
    dataset: xr.Dataset, held: dict[str, int], panels: str | None, total: int | None = None
) -> list[tuple[str, dict[str, int]]]:
    """Of each panel its words and where the variable is cut. total: how many values of the axis there is
    anything at, by default all.
    """
    if panels is None:
        return [("", held)]
    chosen = spread(dataset.sizes[panels] if total is None else total, MOST_PANELS)
    return [(reading.said(dataset, {panels: int(i)}), held | {panels: int(i)}) for i in chosen]


def spread(n: int, most: int) -> np.ndarray:
    """Indices of at most `most` values, evenly spaced, ends included.

    >>> spread(5, 8).tolist(), spread(9, 3).tolist()
    ([0, 1, 2, 3, 4], [0, 4, 8])
    """
    return np.arange(n) if n <= most else np.unique(np.linspace(0, n - 1, most).round().astype(int))


def depth(n: int) -> list[str]:
    """Colours of n things in an order, dark to light; the palest are left out, they are lost on white."""
    return palettes.words("viridis", max(int(1.15 * n), 2))[:n]


def hues(chosen: np.ndarray, total: int) -> list[str]:
    """Colours of the chosen values of an axis: their own where they are few, else dark to light."""
    if total > len(palettes.CURVES):
        return depth(len(chosen))
    return [palettes.curve_colour(int(index)) for index in chosen]


def some(labels: Sequence[str], most: int = 12) -> list[str]:
    """The labels of a legend that has room for so many: the others are empty, the colours say the order."""
    kept = set(spread(len(labels), most if len(labels) <= most else 7).tolist())
    return [label if i in kept else "" for i, label in enumerate(labels)]


def covered(panels: Sequence[tuple[str, Sequence[np.ndarray]]], names: Sequence[str], most: int = 3) -> str:
    """Which curves hide others of the same numbers: of those only the last one is seen.

    >>> row = np.arange(3.0)
    >>> covered([("", [row, 2 * row, row])], ["w = 1", "w = 2", "w = 3"])
    'w = 3 covers w = 1'
    """
    where: dict[tuple[int, ...], list[str]] = {}
    for said, rows in panels:
        alike: dict[bytes, list[int]] = {}
        for i, row in enumerate(rows):
            if not np.isnan(row).all():
                alike.setdefault((row + 0.0).tobytes(), []).append(i)  # -0.0 lies on 0.0
        for group in alike.values():
            if len(group) > 1:
                where.setdefault(tuple(group), []).append(said)
    notes = []
    for members, places in where.items():
        hidden = names[members[0]] if len(members) == 2 else f"{len(members) - 1} other curves"
        at = "" if len(places) == len(panels) else f" at {' and '.join(places)}"
        notes.append(f"{names[members[-1]]} covers {hidden}{at}")
    more = [f"{len(notes) - most} more such"] if len(notes) > most else []
    return ", ".join([*notes[:most], *more])


def logarithmic(heights: np.ndarray, wish: str) -> bool:
    """Whether heights stand on a logarithm: as wished, or where they are positive and span decades."""
    if wish not in ("auto", "yes", "no"):
        raise Unseen(f"log = {wish!r}: write auto, yes or no")
    finite = heights[np.isfinite(heights)]
    positive = finite[finite > 0]
    if wish != "auto" or not positive.size:
        return wish == "yes" and bool(positive.size)
    return bool(
        (finite >= 0).all() and positive.size > 0.5 * finite.size and scales.choose(positive).kind == "log"
    )


def together(panels: Sequence[np.ndarray], wish: str) -> bool:
    """Whether panels with one kind of height stand on a logarithm: as wished, or where none has a negative
    number and one of them spans decades, which would lie flat on zero.
    """
    every = np.concatenate(panels)
    if wish != "auto" or not (every[np.isfinite(every)] >= 0).all():
        return logarithmic(every, wish)
    return logarithmic(every, wish) or any(logarithmic(heights, wish) for heights in panels)


def geometric(places: np.ndarray) -> bool:
    """Whether rising positions belong on a logarithm: over a decade, in equal ratios."""
    return bool(
        len(places) > 2
        and places[0] > 0
        and np.ptp(np.log(places)) > np.log(20)
        and np.ptp(np.diff(np.log(places))) < 1e-3 * np.ptp(np.log(places))
    )
