"""Scenes as HoloViews elements on Bokeh: Image where cells are equal, QuadMesh where not, overlays of curves.

Colours carry the scale's own axis (`shade`), so that linear, logarithmic and symmetric-logarithmic maps
are one kind of
picture; the hover shows the numbers themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import holoviews as hv
import holoviews.plotting.bokeh  # registers the backend without a notebook
import numpy as np
from bokeh.core.validation import silence
from bokeh.core.validation.warnings import FIXED_SIZING_MODE
from bokeh.models import CustomJSHover, FixedTicker, HoverTool, Quad

from viz import palettes
from viz.axes import Axis
from viz.classes import Classes
from viz.dress import SIZES, TOOLS, counting, tidy
from viz.element_lines import curves
from viz.element_plane import plane, shapes
from viz.escape import Markup, esc, plain
from viz.scenes import Field, Scene
from viz.shapes import Plane

hv.Store.set_current_backend("bokeh")
silence(FIXED_SIZING_MODE)  # a fixed frame needs no width of the whole

MOST_IMAGE = (2000, 2000)
MOST_MESH = (220, 220)
MOST_COUNTS = (1100, 480)  # a browser drops rows where there are more than pixels, and thin curves with them
_NEVER_SHADE = -1.0
_LONG = 32  # letters from which a heading takes the room of the tools
_CELL = """
let [low, high] = [0, words.length]
while (high - low > 1) {
  const middle = (low + high) >> 1
  if (edges[middle] <= value) low = middle
  else high = middle
}
return words[low]
"""
_NUMBER = "return Number.isFinite(value) ? String(Number(value.toPrecision(6))) : '–'"


FRAME = (560, 480)
BELOW = {"legend_position": "bottom"}  # the names of shapes: on the map they would hide cells
_THREAD = {"color": "#c2410c", "line_width": 1.5, "line_dash": "dashed"}


def element(
    scene: Scene,
    window: tuple[Any, Any] | None = None,
    frame: tuple[int, int] = FRAME,
    title: str | None = None,
) -> hv.Element | hv.Layout:
    """A scene as an element of a size in pixels; `window` (x range, y range) draws that part in full detail.

    `title`: another heading than the scene's own, for pages that say the rest themselves.
    """
    if isinstance(scene, Plane):
        made = plane(scene, frame)
    elif isinstance(scene, Field):
        made = _field(scene, window, frame)
        if scene.beside is not None and window is None:
            second = replace(scene.beside, title=scene.beside.label)
            made = hv.Layout([made, _field(second, None, frame)]).cols(2)
    else:
        made = curves(scene, frame)
    if title is not None and not isinstance(made, hv.Layout):
        sizes = SIZES if len(title) < _LONG else SIZES | {"title": "12pt"}
        made.opts(title=plain(title, 90), fontsize=sizes)
    made.scene = scene
    made.scene_id = made.id
    return made


def mark(scene: Scene | None, x: float | None, y: float | None) -> hv.Overlay:
    """A ring around a cell; a line where only one of its coordinates is in sight."""
    names = [scene.x.name, scene.y.name] if isinstance(scene, Field) else ["x", "y"]
    points = [] if x is None or y is None else [(x, y)]
    rings = [
        hv.Points(points, names).opts(
            size=size, fill_alpha=0, line_color=colour, line_width=wide, framewise=True
        )
        for size, colour, wide in ((15, "black", 4.5), (15, "white", 2))
    ]
    upright = [] if x is None or y is not None else [x]
    flat = [] if y is None or x is not None else [y]
    return hv.Overlay([*rings, hv.VLines(upright).opts(**_THREAD), hv.HLines(flat).opts(**_THREAD)])


def over(field: Field) -> hv.Overlay:
    """The shapes over a map, without it."""
    return hv.Overlay(shapes(field.over, [_dimension(field.x), _dimension(field.y)]))


def figure(made: Any) -> Any:
    """An element as a Bokeh model, new at every call."""
    return hv.renderer("bokeh").get_plot(made).state


def _field(field: Field, window: tuple[Any, Any] | None, frame: tuple[int, int]) -> Any:
    whole = field
    if window is not None:
        field = field.within(*window)
    smooth = field.x.regular and field.y.regular
    field = field.limited(*(MOST_COUNTS if field.empty == "white" else MOST_IMAGE if smooth else MOST_MESH))
    smooth = field.x.regular and field.y.regular
    kdims = [_dimension(field.x), _dimension(field.y)]
    vdims, planes = _planes(field)
    if smooth:
        made: Any = hv.Image((field.x.centres, field.y.centres, *planes), kdims, vdims, rtol=1e-3)
    else:
        made = hv.QuadMesh((field.x.edges, field.y.edges, *planes), kdims, vdims)
    made.opts(**_field_options(whole, frame, _dressing(field)))
    return hv.Overlay([made, *shapes(field.over, kdims)]).opts(**BELOW) if field.over else made


def _dimension(axis: Axis) -> hv.Dimension:
    return hv.Dimension(axis.name, label=plain(axis.label))


def _lean(shade: np.ndarray, low: float, high: float) -> np.ndarray:
    """Numbers between two ends in half the bytes, where that still tells them apart."""
    apart = 1e-30 < high - low < 1e30 and high - low > 1e-4 * max(abs(low), abs(high))
    return np.asarray(shade, np.float32 if apart else np.float64)


def _planes(field: Field) -> tuple[list[hv.Dimension], list[np.ndarray]]:
    """The colour, the number, and the outcome of every cell."""
    shade = field.scale.forward(field.values)
    low, high = field.scale.span
    shade = np.clip(shade, low, high)
    if field.never is not None:
        shade = np.where(field.never, low + _NEVER_SHADE * (high - low), shade)
    counts = field.values
    if field.never is not None:
        counts = np.where(field.never, field.never_value, counts)
    planes = [_lean(shade, low, high), counts]
    named = [("shade", "colour"), (_value_name(field), plain(field.label))]
    if field.codes is not None:
        planes.append(field.codes)
        named.append(("outcome_code", "outcome"))
    # a range of its own for each: HoloViews would look for one, and warn where there is no number
    reach = [(low, high), (field.scale.low, field.scale.high), (0, 255)]
    vdims = [
        hv.Dimension(name, label=label, range=ends) for (name, label), ends in zip(named, reach, strict=False)
    ]
    return vdims, planes


def _field_options(
    field: Field, frame: tuple[int, int], dressing: Callable[[Any, Any], None]
) -> dict[str, Any]:
    table = palettes.table(field.palette)
    options: dict[str, Any] = {
        "cmap": palettes.words(field.palette),
        "clim": field.scale.span,
        "colorbar": True,
        "clipping_colors": {
            "NaN": "white" if field.empty == "white" else palettes.web(palettes.MISSING),
            "min": palettes.web(table[0] if field.never is None else palettes.NEVER),
        },
        "colorbar_opts": {
            "width": 16,
            "padding": 6,
            "border_line_color": None,
            "major_label_text_font_size": "11pt",
            "title": None,
        },
        "title": plain(field.title, 90),
        "xlabel": plain(field.x.label),
        "ylabel": plain(field.y.label),
        "fontsize": SIZES,
        "logx": field.x.kind == "log",
        "logy": field.y.kind == "log",
        "xlim": _ends(field.x),
        "ylim": _ends(field.y),
        "default_tools": TOOLS,
        "tools": ["hover"],
        "active_tools": ["wheel_zoom"],
        "framewise": True,
        "toolbar": "above",
        "frame_width": frame[0] - _beside(field.y) - _named(field),
        "frame_height": frame[1],
        "hooks": [tidy, counting(field.x.whole, field.y.whole), dressing],
    }
    for side, name in ((field.x, "xticks"), (field.y, "yticks")):
        if side.kind == "words" or len(side.centres) == 1:
            options[name] = [(place, plain(words, 40)) for place, words in side.ticks()]
    if field.equal:
        ratio = (field.x.edges[-1] - field.x.edges[0]) / (field.y.edges[-1] - field.y.edges[0])
        wide, high = (
            (frame[0], frame[0] / ratio) if ratio > frame[0] / frame[1] else (frame[1] * ratio, frame[1])
        )
        options |= {"frame_width": int(max(wide, 160)), "frame_height": int(max(high, 160))}
    return options


def _beside(side: Axis) -> int:
    """Pixels that long words beside a frame take from it."""
    longest = max((len(words) for _, words in side.ticks()), default=0) if side.kind == "words" else 0
    return min(7 * max(longest - 3, 0), 220)


def _named(field: Field) -> int:
    """Pixels that the words of classes beside the colours take from a frame."""
    words = field.scale.words if isinstance(field.scale, Classes) else ()
    return min(7 * max(max(map(len, words), default=0) - 4, 0), 120)


def _ends(axis: Axis) -> tuple[float, float]:
    return float(axis.edges[0]), float(axis.edges[-1])


def _dressing(field: Field) -> Callable[[Any, Any], None]:
    """A hook that writes the ticks of the colours and the words of the hover into a drawn plot (new
    models for each), and closes the seams between its cells; `field` has the cells that are drawn.
    """
    forward = field.scale.forward
    ticks = [(float(forward(np.array(value))), words) for value, words in field.scale.ticks(8)]

    def dress(plot: Any, _: Any) -> None:
        bar = plot.handles.get("colorbar")
        if bar is not None:
            bar.title = None
            bar.ticker = FixedTicker(ticks=[tick for tick, _ in ticks])
            bar.major_label_overrides = dict(ticks)
        for cells in plot.state.select({"type": Quad}):  # their edges are soft, and seams between them white
            cells.update(line_color=cells.fill_color, line_alpha=1, line_width=1)
        for hover in plot.state.select({"type": HoverTool}):
            hover.tooltips, hover.formatters = _tooltips(field)
            hover.point_policy = "follow_mouse"  # the middle of a cell that fills the frame lies outside it

    return dress


def _tooltips(field: Field) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """What the hover says of a cell: its coordinates, the number, and the outcome in words."""
    tips: list[tuple[str, str]] = []
    formatters: dict[str, Any] = {}
    for side, key in ((field.x, "$x"), (field.y, "$y")):
        tips.append((esc(side.name), f"{key}{{custom}}"))
        formatters[key] = _cell(side)
    name = _value_name(field)
    tips.append((esc(field.label), f"@{{{name}}}{{custom}}"))
    number = CustomJSHover(code=_NUMBER)
    if isinstance(field.scale, Classes):  # classes are numbered from 1
        number = _lookup([esc(""), *(esc(word) for word in field.scale.words)])
    formatters[f"@{{{name}}}"] = number
    if field.codes is not None:
        tips.append(("outcome", "@{outcome_code}{custom}"))
        known = [esc(field.meanings.get(code, str(code))) for code in range(8)]
        formatters["@{outcome_code}"] = _lookup(known)
    return tips, formatters


def _cell(side: Axis) -> CustomJSHover:
    """A hover that shows the coordinate of the cell under the pointer, which is anywhere in it."""
    words = [str(esc(word)) for word in side.words or side.places()]
    return CustomJSHover(args={"edges": side.edges.tolist(), "words": words}, code=_CELL)


def _lookup(words: list[Markup]) -> CustomJSHover:
    """A hover that shows the word at a position; the words travel as data and are escaped."""
    return CustomJSHover(
        args={"words": [str(word) for word in words]}, code="return words[Math.round(value)] ?? ''"
    )


def _value_name(field: Field) -> str:
    """The dimension that holds the numbers; it may not be called like an axis (`b` over `w` and `b`)."""
    return field.name if field.name not in (field.x.name, field.y.name) else f"{field.name}_value"
