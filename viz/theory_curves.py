"""The curve of a theory over a picture, in the form that the picture has: over curves, a map, or marks in a
plane.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from jobs.settings import settings
from sim.errors import Refused
from viz import choices, palettes, reading
from viz.reading import Unseen
from viz.scenes import Curve, Field, Lines, Panel
from viz.shapes import Path, Plane, framed

if TYPE_CHECKING:
    import xarray as xr

COLOUR = "#1c2330"
_FINE = 200  # places at which a curve over numbers is drawn
_OUTLINE = 4001  # the same for a closed curve, whose ends are steep
_MOST_OUTLINES = 4


def known_of(dataset: xr.Dataset, held: Mapping[str, Any]) -> dict[str, Any]:
    """What the sweep says of the cells in sight; of a dataset that is no sweep's, what is held."""
    try:
        return dict(held) | settings(dataset.attrs["sweep"], held)
    except (KeyError, TypeError, json.JSONDecodeError):
        return dict(held)


def demanded(theory: Any, field: Field) -> str | None:
    """The axis of a map along which something varies that the theory has a demand on."""
    for side in (field.x, field.y):
        if any(name.rpartition(".")[2] == side.name for name in theory.demands):
            return side.name
    return None


def runs_along(theory: Any, x: str, y: str) -> bool | None:
    """Whether a theory of a curve in a plane runs along x (True) or along y; None where it is of others."""
    if theory.onto and theory.onto == y and theory.axis in ("", x):
        return True
    return False if theory.onto and theory.onto == x and theory.axis in ("", y) else None


def over_lines(lines: Lines, theory: Any, dataset: xr.Dataset, held: dict[str, Any]) -> Lines:
    """One curve for each of those drawn, where the theory tells them apart."""
    frames = places_of(dataset, lines.panel_by, choices.MOST_PANELS)
    panels: list[Panel] = []
    refusals: list[Refused] = []
    for i, panel in enumerate(lines.panels):
        frame = frames[i] if len(frames) == len(lines.panels) else {}
        found: list[tuple[str, np.ndarray, np.ndarray]] = []
        for curve, cell in _apart(panel, lines, dataset):
            known = known_of(dataset, held | frame | cell)
            try:
                pairs = _drawn(theory, lines, panel, curve, dataset, known)
            except Refused as refusal:
                refusals.append(refusal)
                continue
            found += [(curve.colour, *pair) for pair in pairs]
        panels.append(_with(panel, theory, found) if found else panel)
    if all(new is old for new, old in zip(panels, lines.panels, strict=True)):
        if refusals:
            raise refusals[0]
        return lines
    return replace(lines, panels=tuple(panels))


def _apart(panel: Panel, lines: Lines, dataset: xr.Dataset) -> list[tuple[Curve, dict[str, Any]]]:
    """The curves of a panel with the cells that they are of; where those are not one each, the first one for
    what is held.
    """
    own = [curve for curve in panel.curves if curve.form != "thin"] or list(panel.curves)
    if not own:
        return []
    cells = places_of(dataset, lines.by, len(own))
    if len(cells) == len(own):
        return list(zip(own, cells, strict=True))
    by_sweep = lines.by in reading.sweep_axes(dataset)
    return [] if by_sweep else [(own[0], {})]


def places_of(dataset: xr.Dataset, dim: str, most: int) -> Sequence[dict[str, Any]]:
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
        at = _known(theory, known)
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


def _known(theory: Any, known: dict[str, Any]) -> float:
    """Where a cell stands on the axis of a theory: its keyword's value, by its full name or its last word."""
    if not theory.axis:
        return 0.0
    for name, value in known.items():
        if name.rpartition(".")[2] == theory.axis:
            return float(value)
    raise Unseen(f"theory {theory.title!r}: the sweep does not say where it stands on {theory.axis}")


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


def over_field(field: Field, theory: Any, dataset: xr.Dataset, held: dict[str, Any]) -> Field:
    """The curve in the plane of a map's two axes, dashed on white."""
    varied = demanded(theory, field)
    if varied is not None:
        raise Unseen(
            f"theory {theory.title!r}: it holds for one {varied} alone, which is an axis of this map"
        )
    across = bool(runs_along(theory, field.x.name, field.y.name))
    along, up = (field.x, field.y) if across else (field.y, field.x)
    spaced = np.geomspace if along.kind == "log" else np.linspace
    ends = along.centres if theory.axis else along.edges  # a place on the other axis crosses the whole frame
    places = spaced(ends[0], ends[-1], _FINE)
    shapes: list[Path] = []
    for row in theory(places, known_of(dataset, held)).reshape(-1, len(places)):
        inside = np.where((row >= up.edges[0]) & (row <= up.edges[-1]), row, np.nan)
        if np.isfinite(inside).any():
            shapes += _dashes(theory, *((places, inside) if across else (inside, places)))
    return replace(field, over=(*field.over, *shapes)) if shapes else field


def over_plane(plane: Plane, theory: Any, dataset: xr.Dataset, held: dict[str, Any]) -> Plane:
    """Outlines in the plane of marks, for a few values of the axis that colours them; the frame grows to hold
    them.
    """
    across = bool(runs_along(theory, plane.x_name, plane.y_name))
    far = 3.0 * max(map(abs, (*plane.x_range, *plane.y_range)))
    places = np.linspace(-far, far, _OUTLINE)
    shapes: list[Path] = []
    refusals: list[Refused] = []
    for cell in places_of(dataset, swept(plane, dataset), _MOST_OUTLINES):
        graded = [float(value) for value in cell.values() if isinstance(value, int | float)]
        colour = COLOUR
        if graded and plane.scale is not None:
            colour = palettes.words(plane.palette)[round(float(plane.scale.unit(np.array(graded))[0]) * 255)]
        try:
            rows = theory(places, known_of(dataset, held | cell)).reshape(-1, len(places))
        except Refused as refusal:
            refusals.append(refusal)
            continue
        for row in rows:
            along, up = places[np.isfinite(row)], row[np.isfinite(row)]
            if len(along) > 1:
                shapes += _dashes(theory, *((along, up) if across else (up, along)), colour)
    if not shapes and refusals:
        raise refusals[0]
    if not shapes:
        return plane
    held_in = [np.array(plane.x_range), *(path.x for path in shapes)]
    and_up = [np.array(plane.y_range), *(path.y for path in shapes)]
    x, y = framed(np.concatenate(held_in), np.concatenate(and_up), equal=plane.equal, pad=0.0)
    return replace(plane, shapes=(*plane.shapes, *shapes), x_range=x, y_range=y)


def swept(plane: Plane, dataset: xr.Dataset) -> str:
    """The axis of the sweep whose values a plane shows at once; empty without one."""
    return next((dim for dim in plane.also if dim in reading.sweep_axes(dataset)), "")


def _dashes(theory: Any, x: np.ndarray, y: np.ndarray, colour: str = COLOUR) -> list[Path]:
    """A dashed path on a white one."""
    return [Path("", x, y, "#ffffff", "thick"), Path(theory.title, x, y, colour, "dashed")]
