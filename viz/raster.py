"""Scenes as PNG, drawn directly: no browser, no plotting library, a map of 512 x 512 cells in a tenth of
a second.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from viz import palettes
from viz.axes import Axis
from viz.canvas import SOFT, Box, Sheet, width, wrapped
from viz.colour_bar import colour_bar
from viz.keys import keys
from viz.raster_lines import LABEL, TICK, draw_lines, name_axes, room_left
from viz.raster_plane import draw_plane, draw_shapes
from viz.scenes import Field, Scene
from viz.shapes import Plane

WIDTH, HEIGHT = 1280, 960
_TITLE, _CAPTION = 27, 17
_EDGE = 28
_TWO = 700  # columns that two maps need
_BAR = 150  # columns that colours and their words take at least
_KEY = 12  # letters for which there is room beside a colour


def save_png(scene: Scene, path: Path, columns: int = WIDTH, rows: int | None = None) -> None:
    """Draw a scene into a PNG file of so many pixels; maps beside each other need fewer rows."""
    image(scene, columns, rows).save(path, format="PNG", compress_level=3)


def image(scene: Scene, columns: int = WIDTH, rows: int | None = None) -> Image.Image:
    """A scene as a Pillow image."""
    if rows is None:
        rows = HEIGHT * 2 // 3 if isinstance(scene, Field) and scene.beside is not None else HEIGHT
    sheet = Sheet(columns, rows)
    top = _heading(sheet, scene.title, columns)
    bottom = _legend_below(sheet, scene.caption, columns, rows)
    if isinstance(scene, Field):
        _fields(sheet, scene, (_EDGE, top, columns - _EDGE, bottom))
    elif isinstance(scene, Plane):
        draw_plane(sheet, scene, (_EDGE, top, columns - _EDGE, bottom))
    else:
        draw_lines(sheet, scene, (_EDGE, top, columns - _EDGE, bottom))
    return sheet.image


def _heading(sheet: Sheet, title: str, columns: int) -> int:
    lines = wrapped(title, _TITLE, columns - 2 * _EDGE, 2, bold=True)
    for i, line in enumerate(lines):
        sheet.write(_EDGE, _EDGE - 4 + i * (_TITLE + 8), line, _TITLE, bold=True)
    return _EDGE + len(lines) * (_TITLE + 8) + 14


def _legend_below(sheet: Sheet, caption: str, columns: int, rows: int) -> int:
    lines = wrapped(caption, _CAPTION, columns - 2 * _EDGE, 3)
    top = rows - 18 - len(lines) * (_CAPTION + 7)
    for i, line in enumerate(lines):
        sheet.write(_EDGE, top + i * (_CAPTION + 7), line, _CAPTION, colour=SOFT)
    return top - 14


def _fields(sheet: Sheet, field: Field, room: Box) -> None:
    """A map, and the one beside it where there is one and room for two, each in half of it."""
    if field.beside is None or room[2] - room[0] < _TWO:
        _field(sheet, field, room)
        return
    middle = (room[0] + room[2]) // 2
    _field(sheet, field, (room[0], room[1], middle - _EDGE // 2, room[3]))
    _field(sheet, field.beside, (middle + _EDGE // 2, room[1], room[2], room[3]))


def _field(sheet: Sheet, field: Field, room: Box) -> None:
    upright = field.y.ticks(8)
    words = [words for _, words in field.scale.ticks(8)]
    bar = max(_BAR, min(2 * _BAR, 64 + max((width(word, TICK) for word in words), default=0)))
    box = (room[0] + room_left(upright), room[1], room[2] - bar, room[3] - TICK - LABEL - 34)
    if field.equal:
        box = _square(box, field)
    field = field.limited(4 * (box[2] - box[0]), 4 * (box[3] - box[1]))
    picture = _paint(field, box[2] - box[0], box[3] - box[1])
    sheet.image.paste(picture, box[:2])
    across, up = _places(field.x, box[0], box[2]), _places(field.y, box[3], box[1])
    draw_shapes(sheet, box, field.over, across.every, up.every)
    sheet.frame(box)
    sheet.ticks_below(box, across, field.x.ticks(8), TICK)
    sheet.ticks_left(box, up, upright, TICK)
    name_axes(sheet, box, room[0], field.x.label, field.y.label)
    beside = (box[2] + 26, box[1], box[2] + 50, box[3])
    colour_bar(sheet, field.label, field.scale, field.palette, beside, room[2], keys(field, _KEY))


def _square(box: Box, field: Field) -> Box:
    """The largest box in which one unit is as wide as it is high."""
    ratio = (field.x.edges[-1] - field.x.edges[0]) / (field.y.edges[-1] - field.y.edges[0])
    columns, rows = box[2] - box[0], box[3] - box[1]
    wide, high = (columns, round(columns / ratio)) if columns / ratio <= rows else (round(rows * ratio), rows)
    wide, high = max(wide, 60), max(high, 60)
    left, top = box[0] + (columns - wide) // 2, box[1] + (rows - high) // 2
    return left, top, left + wide, top + high


def _paint(field: Field, columns: int, rows: int) -> Image.Image:
    """The colours of a field on so many pixels; where there are more cells than pixels, colours are
    averaged.
    """
    soften = 2 if len(field.x.centres) > columns or len(field.y.centres) > rows else 1
    colours = paint(field)
    across = _cells(field.x, columns * soften)
    up = _cells(field.y, rows * soften)[::-1]
    picture = Image.fromarray(np.ascontiguousarray(colours[np.ix_(up, across)]))
    return picture.resize((columns, rows), Image.Resampling.BOX) if soften > 1 else picture


def paint(field: Field) -> np.ndarray:
    """Red, green and blue of every cell, shape (y, x, 3): grey where a number is missing, near-black
    where it never came.
    """
    table = palettes.table(field.palette)
    share = field.scale.unit(field.values)
    missing = np.isnan(share)
    colours = table[np.where(missing, 0, share * 255).round().astype(np.uint8)]
    colours[missing] = (255, 255, 255) if field.empty == "white" else palettes.MISSING
    if field.never is not None:
        colours[field.never] = palettes.NEVER
    return colours


def _cells(axis: Axis, pixels: int) -> np.ndarray:
    """Which cell lies under each pixel along an axis."""
    middles = (np.arange(pixels) + 0.5) / pixels
    low, high = axis.edges[0], axis.edges[-1]
    at = low * (high / low) ** middles if axis.kind == "log" else low + (high - low) * middles
    return np.clip(np.searchsorted(axis.edges, at, side="right") - 1, 0, len(axis.centres) - 1)


class _places:  # noqa: N801 - used as a function
    """From a position on an axis to a pixel."""

    def __init__(self, axis: Axis, first: int, last: int) -> None:
        self.first, self.last, self.logarithmic = first, last, axis.kind == "log"
        self.low, self.high = (float(part) for part in (axis.edges[0], axis.edges[-1]))

    def __call__(self, value: float) -> float:
        return float(self.every(np.array(value)))

    def every(self, values: np.ndarray) -> np.ndarray:
        """The same of many positions at once."""
        low, high = self.low, self.high
        over = (
            np.log(values / low) / np.log(high / low) if self.logarithmic else (values - low) / (high - low)
        )
        return np.asarray(self.first + (self.last - self.first) * over)
