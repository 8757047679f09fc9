"""The bifurcation curves of a store over its maps, in colours and strokes that everybody tells apart."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from viz.scenes import Field
from viz.shapes import Marker, Marks, Path, Stroke

if TYPE_CHECKING:
    import xarray as xr

# of each kind: its name, what happens there, colour, the colour's word, stroke and the stroke's word
_LOOKS: dict[str, tuple[str, str, str, str, Stroke, str]] = {
    "fold": ("folds", "two {} meet and vanish", "#d55e00", "orange", "line", "solid"),
    "flip": ("flips", "{} give way to cycles of twice the period", "#0072b2", "blue", "dashed", "dashed"),
    "neimark_sacker": (
        "Neimark-Sacker",
        "a pair of multipliers of {} leaves the unit circle",
        "#007a59",
        "green",
        "dotted",
        "dotted",
    ),
    "branch_point": ("branch points", "branches of {} cross", "#7b3294", "purple", "line", "solid"),
}
# of each kind of point on them: its name, its plural, what happens there, marker and the marker's word
_POINTS: dict[str, tuple[str, str, str, Marker, str]] = {
    "cusp": ("cusp", "cusps", "two folds meet", "filled", "disk"),
    "resonance_1_1": ("1:1 resonance", "1:1 resonances", "two multipliers are 1", "square", "square"),
    "resonance_1_2": ("1:2 resonance", "1:2 resonances", "two multipliers are -1", "diamond", "diamond"),
    "resonance_1_3": (
        "1:3 resonance",
        "1:3 resonances",
        "a pair is exp(+-2i pi/3)",
        "triangle",
        "triangle",
    ),
    "resonance_1_4": ("1:4 resonance", "1:4 resonances", "a pair is +-i", "cross", "cross"),
    "generalised_flip": (
        "generalised flip",
        "generalised flips",
        "folds of the doubled cycle begin",
        "open",
        "ring",
    ),
    "fold_flip": ("fold-flip", "fold-flips", "one multiplier is 1, another -1", "plus", "plus"),
}


def over_field(field: Field, dataset: xr.Dataset, wanted: bool) -> Field:
    """The same map with the stored curves that lie in the plane of its axes, said in the caption."""
    names = (f"curve_{field.x.name}", f"curve_{field.y.name}")
    known = set(dataset.data_vars)
    if not wanted or "curve_kind" not in known or not set(names) <= known:
        return field
    kinds = [str(kind) for kind in dataset["curve_kind"].values]
    periods = dataset["curve_period"].values
    across, up = (dataset[name].values for name in names)
    shapes: list[Path] = []
    said: dict[str, set[int]] = {}
    for kind, period, x, y in zip(kinds, periods, across, up, strict=True):
        if kind not in _LOOKS or not np.isfinite(x).any():
            continue
        words, _, colour, _, stroke, _ = _LOOKS[kind]
        shapes += [Path("", x, y, "#ffffff", "thick"), Path(words, x, y, colour, stroke)]
        said.setdefault(kind, set()).add(int(period))
    if not shapes:
        return field
    marks, more = _points(field, dataset)
    sentences = " ".join([_sentence(kind, sorted(said[kind])) for kind in _LOOKS if kind in said] + more)
    return replace(field, over=(*field.over, *shapes, *marks), caption=f"{field.caption} {sentences}")


def _points(field: Field, dataset: xr.Dataset) -> tuple[list[Marks], list[str]]:
    """The codimension-two points on the curves, each kind with its mark, and a sentence on each kind."""
    if "special_kind" not in set(dataset.data_vars):  # a store of an earlier version
        return [], []
    kinds = np.array([str(kind) for kind in dataset["special_kind"].values], dtype=str)
    x, y = (dataset[f"special_{axis.name}"].values for axis in (field.x, field.y))
    marks, said = [], []
    for kind, (name, names, happens, marker, word) in _POINTS.items():
        here = np.flatnonzero(kinds == kind)
        here = here[_different(x[here], y[here], field)]
        count = len(here)
        if count:
            marks.append(Marks("", x[here], y[here], "#ffffff", marker, 14.0))
            marks.append(Marks(names, x[here], y[here], "#111111", marker, 9.0))
            said.append(f"{count} {name if count == 1 else names} (black {word}): {happens}.")
    return marks, said


def _different(x: np.ndarray, y: np.ndarray, field: Field) -> np.ndarray:
    """The first of each place: where two curves meet, the point stands on both."""
    places = [
        np.round((points - side.centres.min()) / (1e-6 * (np.ptp(side.centres) or 1.0)))
        for points, side in ((x, field.x), (y, field.y))
    ]
    return np.sort(np.unique(np.stack(places), axis=1, return_index=True)[1])


def _sentence(kind: str, periods: list[int]) -> str:
    """What a kind of curve looks like and what happens there."""
    words, happens, _, colour, _, stroke = _LOOKS[kind]
    things = ["fixed points" if period == 1 else f"{period}-cycles" for period in periods]
    text = happens.format(" or ".join(things))
    return f"{words[:1].upper()}{words[1:]} ({colour}, {stroke}): {text}."
