"""Fixed points in pictures: which mark each kind has, and how they are counted in words.

Filled is stable, open is unstable, a cross is a saddle; squares, diamonds and triangles are what is neither.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from viz import reading
from viz.shapes import Marker, Marks

if TYPE_CHECKING:
    import xarray as xr


class Kind(NamedTuple):
    """How one kind of fixed point is drawn and called."""

    words: str
    colour: str
    marker: Marker
    stable: bool = False


KINDS = {
    "sink": Kind("sink", "#0072b2", "filled", True),
    "alternating_sink": Kind("sink, alternating", "#56b4e9", "filled", True),
    "stable_focus": Kind("stable focus", "#009e73", "filled", True),
    "source": Kind("source", "#d55e00", "open"),
    "alternating_source": Kind("source, alternating", "#a4262c", "open"),
    "unstable_focus": Kind("unstable focus", "#e69f00", "open"),
    "saddle": Kind("saddle", "#1c2330", "cross"),
    "saddle_focus": Kind("saddle focus", "#1c2330", "plus"),
    "neutral": Kind("neutral", "#b8860b", "square"),
    "undecided": Kind("undecided", "#7a7a7a", "diamond"),
    "slow_point": Kind("slow point", "#5b3a91", "triangle"),
    "continuum": Kind("on a continuum", "#7a7a7a", "square"),
}
STABLE = tuple(word for word, kind in KINDS.items() if kind.stable)


class Points(NamedTuple):
    """The fixed points of one cell, or of cells along axes: numbers (..., branch, unit) and their kinds."""

    s: np.ndarray
    kind: np.ndarray  # words, "none" where there is no point


def stored(dataset: xr.Dataset, at: Mapping[str, Any] | None, along: tuple[str, ...] = ()) -> Points | None:
    """The stored fixed points where the sweep is held, axes `along` first; None in a store without."""
    if not {"fixed_points", "fixed_points_stability"} <= set(map(str, dataset.data_vars)):
        return None
    array, flags = dataset["fixed_points"], dataset["fixed_points_stability"]
    own = ("branch", *(dim for dim in map(str, array.dims) if dim == "unit"))
    axes = tuple(dim for dim in map(str, flags.dims) if dim not in ("branch", *along))
    held = reading.fixed(dataset, axes, {key: wish for key, wish in (at or {}).items() if key in axes})
    s = reading.turned(array.isel(held), *along, *own)
    words = named(flags)
    codes = reading.turned(flags.isel(held), *along, "branch")
    return Points(s if len(own) > 1 else s[..., None], words[np.clip(codes, -1, None)])


def named(flags: xr.DataArray) -> np.ndarray:
    """The word of each code, by its place; the last one is that of -1."""
    codes = np.atleast_1d(flags.attrs["flag_values"])
    words = np.full(int(codes.max()) + 2, "none", dtype=object)
    for code, word in zip(codes, str(flags.attrs["flag_meanings"]).split(), strict=True):
        words[int(code)] = word
    return words


def marks(kind: np.ndarray, x: np.ndarray, y: np.ndarray, size: float = 11.0) -> tuple[Marks, ...]:
    """The marks of points at these places, each kind with its label."""
    drawn = []
    for word, how in KINDS.items():
        here = kind == word
        if here.any():
            drawn.append(Marks(how.words, x[here], y[here], how.colour, how.marker, size))
    return tuple(drawn)


def counted(kind: np.ndarray) -> str:
    """How many of each kind, in words.

    >>> counted(np.array(["sink", "source", "sink", "none"]))
    '2 sinks, 1 source'
    """
    said = []
    for word, how in KINDS.items():
        n = int((kind == word).sum())
        first, comma, rest = how.words.partition(",")
        several = {"stable focus": "stable foci", "unstable focus": "unstable foci"} | {
            "saddle focus": "saddle foci",
            "slow point": "slow points",
        }
        plural = several.get(first, first if word in ("neutral", "undecided", "continuum") else f"{first}s")
        if n:
            said.append(f"{n} {first if n == 1 else plural}{comma}{rest}")
    return ", ".join(said) or "no fixed point"


def parameter(dataset: xr.Dataset, name: str, default: Any) -> Any:
    """A fixed parameter of the store's sweep."""
    try:
        return json.loads(dataset.attrs["sweep"])["parameters"].get(name, default)
    except (KeyError, TypeError, ValueError, AttributeError):
        return default


def start_axes(dataset: xr.Dataset) -> tuple[str, ...]:
    """The axes of the sweep that are starts: what differs along them is where runs begin."""
    try:
        paths = [str(axis["name"]) for axis in json.loads(dataset.attrs["sweep"])["axes"]]
    except (KeyError, TypeError, ValueError):
        return ()
    axes = reading.sweep_axes(dataset)
    if len(paths) != len(axes):
        return ()
    return tuple(dim for dim, path in zip(axes, paths, strict=True) if path.split(".")[0] == "start")
