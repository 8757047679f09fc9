"""Theories over pictures: the curve of `sim/theory` that fits what is drawn, with its name and source.

The curve is computed by the theory; here it is only asked for, at the values that the picture shows. Any
picture can have one: curves over an axis, a map of two axes, marks in a plane.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from jobs.settings import settings
from sim.errors import Refused
from sim.names import find, listing
from sim.theory import check
from viz import choices, palettes, reading
from viz.reading import Unseen
from viz.scenes import Curve, Field, Lines, Panel, Scene, drawn_dims
from viz.shapes import Path, Plane, framed

if TYPE_CHECKING:
    import xarray as xr

COLOUR = "#1c2330"
_FINE = 200  # places at which a curve over numbers is drawn
_OUTLINE = 4001  # the same for a closed curve, whose ends are steep
_MOST_OUTLINES = 4


def over(scene: Scene, dataset: xr.Dataset, name: str, at: Mapping[str, Any] | None = None) -> Scene:
    """The same picture with the curve of a theory, dashed. `at`: where axes that are not drawn are held.

    Errors: `Unseen` where the theory speaks of something else, Refused where it does not hold for this sweep.
    """
    theory = find("sim.theory", name).theory
    if not _speaks_of(theory, scene, dataset):
        raise Unseen(f"theory {name!r}: it gives {_gives(theory)}; {_shows(scene)}")
    known = _held(scene, dataset, at)
    lay = {Lines: _over_lines, Field: _over_field, Plane: _over_plane}[type(scene)]
    seen: Scene = lay(scene, theory, dataset, known)  # type: ignore[operator]
    return replace(seen, caption=f"{seen.caption} {_said(theory)}")


def fitting(scene: Scene, dataset: xr.Dataset, at: Mapping[str, Any] | None = None) -> Iterator[str]:
    """The names of the theories that `over` would lay on this picture; no curve is computed."""
    for name in listing("sim.theory"):
        theory = find("sim.theory", name).theory
        if _speaks_of(theory, scene, dataset):
            try:
                check(theory, _settings(dataset, _held(scene, dataset, at)))
            except Refused:
                continue
            yield name


def _held(scene: Scene, dataset: xr.Dataset, at: Mapping[str, Any] | None) -> dict[str, Any]:
    """The values at which the axes of the sweep that are not drawn are held."""
    drawn = drawn_dims(scene)
    rest = tuple(dim for dim in reading.sweep_axes(dataset) if dim not in drawn and dim in dataset.dims)
    wishes = {dim: wish for dim, wish in (at or {}).items() if dim in rest}
    return {
        dim: reading.value(dataset, dim, index) for dim, index in reading.fixed(dataset, rest, wishes).items()
    }


def _settings(dataset: xr.Dataset, held: Mapping[str, Any]) -> dict[str, Any]:
    """What the sweep says of the cells in sight; of a dataset that is no sweep's, what is held."""
    try:
        return dict(held) | settings(dataset.attrs["sweep"], held)
    except (KeyError, TypeError, json.JSONDecodeError):
        return dict(held)


def _speaks_of(theory: Any, scene: Scene, dataset: xr.Dataset) -> bool:
    """Whether a theory is about what a picture shows."""
    if isinstance(scene, Lines):
        over_axis = theory.variable == scene.name and theory.axis in ("", scene.x_name) and not scene.words
        return theory.onto == scene.x_name or (over_axis and not theory.onto)
    if isinstance(scene, Field):
        words = "words" in (scene.x.kind, scene.y.kind)
        return _sides(theory, scene.x.name, scene.y.name) is not None and not words
    return _sides(theory, scene.x_name, scene.y_name) is not None


def _sides(theory: Any, x: str, y: str) -> bool | None:
    """Whether a theory of a curve in a plane runs along x (True) or along y; None where it is of others."""
    if theory.onto and theory.onto == y and theory.axis in ("", x):
        return True
    return False if theory.onto and theory.onto == x and theory.axis in ("", y) else None


def _over_lines(lines: Lines, theory: Any, dataset: xr.Dataset, held: dict[str, Any]) -> Lines:
    """One curve for each of those drawn, where the theory tells them apart."""
    frames = _places(dataset, lines.panel_by, choices.MOST_PANELS)
    panels = []
    for i, panel in enumerate(lines.panels):
        frame = frames[i] if len(frames) == len(lines.panels) else {}
        own = [curve for curve in panel.curves if curve.form == "line"]
        cells = _places(dataset, lines.by, len(own))
        found: list[tuple[str, np.ndarray, np.ndarray]] = []
        for j, curve in enumerate(own):
            cell = cells[j] if len(cells) == len(own) else {}
            known = _settings(dataset, held | frame | cell)
            found += [(curve.colour, *pair) for pair in _drawn(theory, lines, panel, curve, dataset, known)]
        panels.append(_with(panel, theory, found))
    return replace(lines, panels=tuple(panels))


def _places(dataset: xr.Dataset, dim: str, most: int) -> Sequence[dict[str, Any]]:
    """The values of an axis that are drawn, each as what it holds."""
    if not dim:
        return [{}]
    return [{dim: reading.value(dataset, dim, int(i))} for i in choices.spread(int(dataset.sizes[dim]), most)]


def _drawn(
    theory: Any, lines: Lines, panel: Panel, curve: Curve, dataset: xr.Dataset, known: dict[str, Any]
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


def _over_field(field: Field, theory: Any, dataset: xr.Dataset, held: dict[str, Any]) -> Field:
    """The curve in the plane of a map's two axes, dashed on white."""
    across = bool(_sides(theory, field.x.name, field.y.name))
    along, up = (field.x, field.y) if across else (field.y, field.x)
    spaced = np.geomspace if along.kind == "log" else np.linspace
    ends = along.centres if theory.axis else along.edges  # a place on the other axis crosses the whole frame
    places = spaced(ends[0], ends[-1], _FINE)
    shapes: list[Path] = []
    for row in theory(places, _settings(dataset, held)).reshape(-1, len(places)):
        inside = np.where((row >= up.edges[0]) & (row <= up.edges[-1]), row, np.nan)
        if np.isfinite(inside).any():
            shapes += _dashes(theory, *((places, inside) if across else (inside, places)))
    return replace(field, over=(*field.over, *shapes))


def _over_plane(plane: Plane, theory: Any, dataset: xr.Dataset, held: dict[str, Any]) -> Plane:
    """Outlines in the plane of marks, for a few values of the axis that colours them; the frame grows to hold
    them.
    """
    across = bool(_sides(theory, plane.x_name, plane.y_name))
    swept = [dim for dim in plane.also if dim in reading.sweep_axes(dataset)]
    far = 3.0 * max(map(abs, (*plane.x_range, *plane.y_range)))
    places = np.linspace(-far, far, _OUTLINE)
    shapes: list[Path] = []
    for cell in _places(dataset, swept[0] if swept else "", _MOST_OUTLINES):
        graded = [value for value in cell.values() if plane.scale is not None and isinstance(value, float)]
        colour = COLOUR
        if graded and plane.scale is not None:
            colour = palettes.words(plane.palette)[round(float(plane.scale.unit(np.array(graded))[0]) * 255)]
        for row in theory(places, _settings(dataset, held | cell)).reshape(-1, len(places)):
            along, up = places[np.isfinite(row)], row[np.isfinite(row)]
            shapes += _dashes(theory, *((along, up) if across else (up, along)), colour)
    held_in = [np.array(plane.x_range), *(path.x for path in shapes)]
    and_up = [np.array(plane.y_range), *(path.y for path in shapes)]
    x, y = framed(np.concatenate(held_in), np.concatenate(and_up), equal=plane.equal, pad=0.0)
    return replace(plane, shapes=(*plane.shapes, *shapes), x_range=x, y_range=y)


def _dashes(theory: Any, x: np.ndarray, y: np.ndarray, colour: str = COLOUR) -> list[Path]:
    """A dashed path on a white one."""
    return [Path("", x, y, "#ffffff", "thick"), Path(theory.title, x, y, colour, "dashed")]


def _gives(theory: Any) -> str:
    """What a theory is about."""
    over_axis = f" over {theory.axis}" if theory.axis else ""
    return f"places on the axis {theory.onto}{over_axis}" if theory.onto else f"{theory.variable}{over_axis}"


def _shows(scene: Scene) -> str:
    """What a picture is about."""
    if isinstance(scene, Lines):
        return f"this picture has {scene.name} over {scene.x_name}"
    if isinstance(scene, Field):
        return f"this map is over {scene.x.name} and {scene.y.name}"
    return f"this picture has {scene.y_label} over {scene.x_label}"


def _said(theory: Any) -> str:
    """The caption's sentence."""
    return f"Dashed: {theory.title}, assuming {theory.assumes} ({theory.source})."
