"""Theories over pictures: the curve of `sim/theory` that fits what is drawn, with its name and source.

The curve is computed by the theory; here it is only asked for, at the values that the picture shows.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from jobs.settings import settings
from sim.names import find
from viz import choices, reading
from viz.reading import Unseen
from viz.scenes import Curve, Field, Lines, Panel
from viz.shapes import Path

if TYPE_CHECKING:
    import xarray as xr

COLOUR = "#1c2330"
_FINE = 200  # places at which a curve over numbers is drawn


def over_lines(
    lines: Lines,
    dataset: xr.Dataset,
    name: str,
    held: Mapping[str, int],
    most: int = 8,
) -> Lines:
    """The same curves with those of a theory, dashed, one for each of them where the theory tells them apart.

    Errors: `Unseen` where the theory speaks of something else, Refused where it does not hold for this sweep.
    """
    if not name:
        return lines
    theory = find("sim.theory", name).theory
    said = {dim: reading.value(dataset, dim, index) for dim, index in held.items()}
    panels = []
    for panel, frame in zip(lines.panels, _places(dataset, lines.panel_by, choices.MOST_PANELS), strict=True):
        found: list[tuple[str, np.ndarray, np.ndarray]] = []
        for curve, cell in zip(panel.curves, _places(dataset, lines.by, most), strict=True):
            known = _settings(dataset, said | frame | cell)
            pairs = _drawn(theory, name, lines, panel, curve, dataset, known)
            found += [(curve.colour, *pair) for pair in pairs]
        panels.append(_with(panel, theory, found))
    return replace(lines, panels=tuple(panels), caption=f"{lines.caption} {_said(theory)}")


def _places(dataset: xr.Dataset, dim: str, most: int) -> Sequence[dict[str, Any]]:
    """The values of an axis that are drawn, each as what it holds."""
    if not dim:
        return [{}]
    return [{dim: reading.value(dataset, dim, int(i))} for i in choices.spread(int(dataset.sizes[dim]), most)]


def _settings(dataset: xr.Dataset, held: Mapping[str, Any]) -> dict[str, Any]:
    """What the sweep says of the cells in sight; of a dataset that is no sweep's, what is held."""
    try:
        return dict(held) | settings(dataset.attrs["sweep"], held)
    except (KeyError, TypeError, json.JSONDecodeError):
        return dict(held)


def _drawn(
    theory: Any, name: str, lines: Lines, panel: Panel, curve: Curve, dataset: xr.Dataset, known: Any
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The theory's branches beside one curve: heights over the axis, or places on it as upright lines."""
    if theory.onto == lines.x_name:
        low, high = panel.limits or (0.0, 1.0)
        at = float(known.get(theory.axis, 0.0)) if theory.axis else 0.0
        return [
            (np.full(2, place), np.array([low, high]))
            for place in np.ravel(theory(np.array([at]), known))
            if curve.x.min() <= place <= curve.x.max()
        ]
    if theory.onto or theory.variable != lines.name or theory.axis not in ("", lines.x_name) or lines.words:
        raise Unseen(
            f"theory {name!r}: it gives {_speaks(theory)}; this picture has {lines.name} over {lines.x_name}"
        )
    places = curve.x
    if dataset[lines.x_name].dtype.kind == "f" and len(curve.x) > 1:
        spaced = np.geomspace if lines.log_x else np.linspace
        places = np.unique(np.concatenate([spaced(curve.x.min(), curve.x.max(), _FINE), curve.x]))
    heights = theory(places, known)
    return [(places, row) for row in heights.reshape(-1, len(places))]


def _with(panel: Panel, theory: Any, found: list[tuple[str, np.ndarray, np.ndarray]]) -> Panel:
    """A panel with dashed curves above its own: dark, or where they differ from curve to curve in the colour
    of each; the frame grows to hold them.
    """
    kept: list[tuple[str, np.ndarray, np.ndarray]] = []
    for colour, x, y in found:
        if not any(np.array_equal(x, a) and np.array_equal(y, b, equal_nan=True) for _, a, b in kept):
            kept.append((colour, x, y))
    several = len({colour for colour, _, _ in kept}) > 1
    added = tuple(Curve(theory.title, x, y, colour if several else COLOUR, "dashed") for colour, x, y in kept)
    if several:
        added = (added[0], *(replace(curve, label="") for curve in added[1:]))
    if theory.onto or panel.limits is None or not added:
        return replace(panel, curves=panel.curves + added)
    low, high = panel.limits
    heights = np.concatenate([curve.y for curve in added])
    heights = heights[np.isfinite(heights)]
    if heights.size:
        pad = 0.05 * (max(high, heights.max()) - min(low, heights.min()))
        low = low if heights.min() >= low else float(heights.min() - pad)
        high = high if heights.max() <= high else float(heights.max() + pad)
    return replace(panel, curves=panel.curves + added, limits=(low, high))


def over_field(field: Field, dataset: xr.Dataset, name: str, held: Mapping[str, int]) -> Field:
    """The same map with the curve of a theory in the plane of its axes, dashed on white.

    Errors: `Unseen` where the theory is of other axes, Refused where it does not hold for this sweep.
    """
    if not name:
        return field
    theory = find("sim.theory", name).theory
    known = _settings(dataset, {dim: reading.value(dataset, dim, index) for dim, index in held.items()})
    sides = {"x": field.x, "y": field.y}
    onto = [key for key, side in sides.items() if theory.onto and side.name == theory.onto]
    other = [key for key in sides if key not in onto and theory.axis in ("", sides[key].name)]
    if not onto or not other or "words" in (field.x.kind, field.y.kind):
        raise Unseen(
            f"theory {name!r}: it gives {_speaks(theory)}; this map is over {field.x.name} and {field.y.name}"
        )
    along = sides[other[0]]
    spaced = np.geomspace if along.kind == "log" else np.linspace
    places = spaced(along.centres[0], along.centres[-1], _FINE)
    shapes: list[Path] = []
    for row in theory(places, known).reshape(-1, len(places)):
        edges = sides[onto[0]].edges
        inside = np.where((row >= edges[0]) & (row <= edges[-1]), row, np.nan)
        x, y = (places, inside) if other[0] == "x" else (inside, places)
        shapes += [Path("", x, y, "#ffffff", "thick"), Path(theory.title, x, y, COLOUR, "dashed")]
    return replace(field, over=(*field.over, *shapes), caption=f"{field.caption} {_said(theory)}")


def _speaks(theory: Any) -> str:
    """What a theory is about."""
    over = f" over {theory.axis}" if theory.axis else ""
    return f"places on the axis {theory.onto}{over}" if theory.onto else f"{theory.variable}{over}"


def _said(theory: Any) -> str:
    """The caption's sentence."""
    return f"Dashed: {theory.title}, assuming {theory.assumes} ({theory.source})."
