"""What is drawn in a plane of two numbers: marks, paths and filled regions, with their frame.

A `Plane` is a scene of its own (eigenvalues, phase portraits, cobwebs); the same shapes also lie over a map
(`Field.over`: curves of bifurcations).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from viz.scales import Scale

Marker = Literal["filled", "open", "cross", "plus", "square", "diamond", "triangle"]
Stroke = Literal["line", "thin", "thick", "dashed", "dotted"]


@dataclass(frozen=True)
class Marks:
    """Points of one kind. With `values`, one number each, their colours follow the scale of the plane."""

    label: str
    x: np.ndarray
    y: np.ndarray
    colour: str
    marker: Marker = "filled"
    size: float = 9.0  # pixels across
    values: np.ndarray | None = None


@dataclass(frozen=True)
class Path:
    """A line through points in their order, with a gap where a number is missing."""

    label: str
    x: np.ndarray
    y: np.ndarray
    colour: str
    stroke: Stroke = "line"


@dataclass(frozen=True)
class Region:
    """The pale inside of a polygon, given by its corners in order."""

    label: str
    x: np.ndarray
    y: np.ndarray
    colour: str
    opacity: float = 0.15


Shape = Marks | Path | Region


@dataclass(frozen=True)
class Plane:
    """Shapes in one frame, later ones above earlier ones.

    `equal`: one unit is as wide as high; `scale`, `palette`, `scale_label`: the colours of marks that have
    values; `also` names dims that the picture uses up; `x_name`, `y_name`: what theories call the axes.
    """

    shapes: tuple[Shape, ...]
    x_range: tuple[float, float]
    y_range: tuple[float, float]
    x_label: str
    y_label: str
    name: str
    title: str
    caption: str
    equal: bool = True
    scale: Scale | None = None
    palette: str = "viridis"
    scale_label: str = ""
    also: tuple[str, ...] = ()
    x_name: str = ""
    y_name: str = ""

    @property
    def labels(self) -> tuple[Shape, ...]:
        """The shapes of the legend: the first one of each label."""
        first: dict[str, Shape] = {}
        for shape in self.shapes:
            if shape.label:
                first.setdefault(shape.label, shape)
        return tuple(first.values())

    def room(self, columns: float, rows: float) -> tuple[int, int]:
        """The largest frame in so many pixels, of the ranges' proportions where they count."""
        if not self.equal:
            return int(columns), int(rows)
        ratio = (self.x_range[1] - self.x_range[0]) / (self.y_range[1] - self.y_range[0])
        wide, high = (columns, columns / ratio) if columns / ratio <= rows else (rows * ratio, rows)
        return int(max(wide, 60)), int(max(high, 60))


def circle(x: float, y: float, radius: float, corners: int = 361) -> tuple[np.ndarray, np.ndarray]:
    """The corners of a circle, the first one again at the end.

    >>> [float(part[90].round(6)) for part in circle(1.0, 0.0, 2.0)]
    [1.0, 2.0]
    """
    angle = np.linspace(0.0, 2.0 * np.pi, corners)
    return x + radius * np.cos(angle), y + radius * np.sin(angle)


def framed(
    x: np.ndarray, y: np.ndarray, *, equal: bool = True, pad: float = 0.08
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Ranges of both axes that hold all finite points, with a margin; one unit where there is no extent."""
    ends = []
    for places in (x, y):
        finite = places[np.isfinite(places)]
        low, high = (float(finite.min()), float(finite.max())) if finite.size else (-1.0, 1.0)
        ends.append((low, high))
    widths = [high - low for low, high in ends]
    least = 0.2 * max(widths) if equal else 0.0  # a very flat frame shows little
    found = []
    for (low, high), wide in zip(ends, widths, strict=True):
        half = max(wide, least) / 2 or 0.5
        middle, half = (low + high) / 2, half * (1 + 2 * pad)
        found.append((middle - half, middle + half))
    return found[0], found[1]
