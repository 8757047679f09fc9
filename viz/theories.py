"""Theories over pictures: the curve of `sim/theory` that fits what is drawn, with its name and source.

The curve is computed by the theory; here it is only asked for, at the values that the picture shows. Any
picture can have one: curves over an axis, a map of two axes, marks in a plane.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sim.errors import Refused
from sim.names import find, listing
from sim.theory import check
from viz import choices, reading
from viz.reading import Unseen
from viz.scenes import Field, Lines, Scene, drawn_dims
from viz.shapes import Plane
from viz.theory_curves import (
    demanded,
    known_of,
    over_field,
    over_lines,
    over_plane,
    places_of,
    runs_along,
    swept,
)

if TYPE_CHECKING:
    import xarray as xr

_LAID: dict[type, Any] = {Lines: over_lines, Field: over_field, Plane: over_plane}
_MANY = 64  # values of an axis that are looked at for whether a theory holds for any


def over(scene: Scene, dataset: xr.Dataset, name: str, at: Mapping[str, Any] | None = None) -> Scene:
    """The same picture with the curve of a theory, dashed. `at`: where axes that are not drawn are held.

    Errors: `Unseen` where the theory speaks of something else, Refused where it holds for nothing that is
    drawn; a curve for which it does not hold goes without.
    """
    theory = find("sim.theory", name).theory
    if not _speaks_of(theory, scene):
        raise Unseen(f"theory {name!r}: it gives {_gives(theory)}; {_shows(scene)}")
    known = _held(scene, dataset, at)
    seen: Scene = _LAID[type(scene)](scene, theory, dataset, known)
    said = _said(theory) if seen is not scene else f"{theory.title.capitalize()}: not within what is drawn."
    return replace(seen, caption=f"{seen.caption} {said}")


def fitting(scene: Scene, dataset: xr.Dataset, at: Mapping[str, Any] | None = None) -> Iterator[str]:
    """The names of the theories that hold for some of what a picture shows; no curve is computed."""
    speaking = [name for name in listing("sim.theory") if _speaks_of(find("sim.theory", name).theory, scene)]
    if not speaking:
        return
    held = _held(scene, dataset, at)
    known = [known_of(dataset, held | cell) for cell in _cells(scene, dataset)]
    for name in speaking:
        theory = find("sim.theory", name).theory
        varied = isinstance(scene, Field) and demanded(theory, scene) is not None
        if not varied and any(_holds(theory, cell) for cell in known):
            yield name


def _cells(scene: Scene, dataset: xr.Dataset) -> Sequence[dict[str, Any]]:
    """The cells that a picture shows apart, each as what it holds beside what all do."""
    if isinstance(scene, Lines):
        rows = places_of(dataset, scene.panel_by, choices.MOST_PANELS)
        return [row | cell for row in rows for cell in places_of(dataset, scene.by, _MANY)]
    return places_of(dataset, swept(scene, dataset), _MANY) if isinstance(scene, Plane) else [{}]


def _holds(theory: Any, known: Mapping[str, Any]) -> bool:
    """Whether a theory's demands are met."""
    try:
        check(theory, known)
    except Refused:
        return False
    return True


def _held(scene: Scene, dataset: xr.Dataset, at: Mapping[str, Any] | None) -> dict[str, Any]:
    """The values at which the axes of the sweep that are not drawn are held."""
    drawn = drawn_dims(scene)
    rest = tuple(dim for dim in reading.sweep_axes(dataset) if dim not in drawn and dim in dataset.sizes)
    wishes = {dim: wish for dim, wish in (at or {}).items() if dim in rest}
    places = reading.fixed(dataset, rest, wishes)
    return {dim: reading.value(dataset, dim, index) for dim, index in places.items()}


def _speaks_of(theory: Any, scene: Scene) -> bool:
    """Whether a theory is about what a picture shows."""
    if isinstance(scene, Lines):
        over_axis = theory.variable == scene.name and theory.axis in ("", scene.x_name) and not scene.words
        return theory.onto == scene.x_name or (over_axis and not theory.onto)
    if isinstance(scene, Field):
        words = "words" in (scene.x.kind, scene.y.kind)
        return runs_along(theory, scene.x.name, scene.y.name) is not None and not words
    return runs_along(theory, scene.x_name, scene.y_name) is not None


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
