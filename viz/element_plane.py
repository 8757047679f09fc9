"""Marks, paths and regions as HoloViews elements: over a map, or in a frame of their own."""

from __future__ import annotations

from typing import Any

import holoviews as hv
import numpy as np

from viz import palettes
from viz.dress import SIZES, TOOLS, tidy
from viz.escape import plain
from viz.scales import Scale
from viz.shapes import Marks, Path, Plane, Region, Shape

_MARKERS = {"filled": "circle", "open": "circle", "cross": "x", "plus": "cross"}
_WIDE = {"line": 2.0, "thin": 1.0, "thick": 3.0, "dashed": 1.6, "dotted": 1.6}
_DASH = {"dashed": "dashed", "dotted": "dotted"}


def plane(scene: Plane, frame: tuple[int, int]) -> hv.Overlay:
    """The shapes of a plane in a frame of at most so many pixels."""
    kdims = [
        hv.Dimension(f"{scene.name} {side}", label=plain(label))
        for side, label in (("x", scene.x_label), ("y", scene.y_label))
    ]
    drawn = shapes(scene.shapes, kdims, scene.scale, scene.palette, scene.scale_label)
    wide, high = scene.room(*frame)
    return hv.Overlay(drawn).opts(
        title=plain(scene.title, 90),
        xlabel=plain(scene.x_label),
        ylabel=plain(scene.y_label),
        xlim=scene.x_range,
        ylim=scene.y_range,
        frame_width=max(wide, 160),
        frame_height=max(high, 160),
        fontsize=SIZES,
        framewise=True,
        hooks=[tidy],
        show_legend=bool(scene.labels),
        legend_position="right" if scene.scale is None else "bottom",  # at the right there are the colours
        default_tools=TOOLS,
        toolbar="above",
        show_grid=True,
        gridstyle={"grid_line_color": "#e4e7eb"},
    )


def shapes(
    drawn: tuple[Shape, ...],
    kdims: list[hv.Dimension],
    scale: Scale | None = None,
    palette: str = "viridis",
    label: str = "",
) -> list[hv.Element]:
    """An element for each shape, over the two dimensions; one colour bar for all marks that have values."""
    made = []
    barred = False
    for shape in drawn:
        named = plain(shape.label, 60)
        if isinstance(shape, Region):
            region = hv.Polygons([np.column_stack([shape.x, shape.y])], kdims, label=named)
            made.append(region.opts(color=shape.colour, fill_alpha=shape.opacity, line_alpha=0))
        elif isinstance(shape, Path):
            line = hv.Curve((shape.x, shape.y), kdims[0], kdims[1], label=named)
            dash = _DASH.get(shape.stroke, "solid")
            made.append(line.opts(color=shape.colour, line_width=_WIDE[shape.stroke], line_dash=dash))
        else:
            bar = shape.values is not None and scale is not None and not barred
            barred = barred or bar
            made.append(_marks(shape, named, kdims, scale, palette, label, bar))
    return [part.opts(framewise=True) for part in made]


def _marks(
    shape: Marks,
    named: str,
    kdims: list[hv.Dimension],
    scale: Scale | None,
    palette: str,
    label: str,
    bar: bool,
) -> hv.Points:
    # Bokeh's cross is a plus, and it has a stroke only
    options: dict[str, Any] = {"marker": _MARKERS.get(shape.marker, shape.marker), "size": shape.size}
    stroke = shape.marker in ("cross", "plus", "open")
    options["line_width"] = 2 if stroke else 0.5
    colour: Any = shape.colour
    if shape.values is not None and scale is not None:
        shade = hv.Dimension("shade", label=plain(label))
        points = hv.Points((shape.x, shape.y, scale.forward(shape.values)), kdims, [shade], label=named)
        missing = {"NaN": palettes.web(palettes.MISSING)}
        options |= {"cmap": palettes.words(palette), "clim": scale.span, "clipping_colors": missing}
        options |= {"colorbar": bar, "colorbar_opts": {"title": plain(label)}, "tools": ["hover"]}
        colour = "shade"
    else:
        points = hv.Points((shape.x, shape.y), kdims, label=named).opts(tools=["hover"])
    options["line_color" if stroke else "color"] = colour
    if shape.marker == "open":
        options["fill_color"] = "white"
    return points.opts(**options)
