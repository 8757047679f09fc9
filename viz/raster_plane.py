"""Marks, paths and regions as pixels: over a map, or in a frame of their own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from viz import palettes
from viz.canvas import INK, PAPER, Box, Sheet, clean, fitted, runs, width
from viz.colour_bar import colour_bar
from viz.raster_lines import LABEL, TICK, name_axes, room_left
from viz.scales import Scale, linear_ticks
from viz.shapes import Marks, Path, Plane, Region, Shape

_FINE = 3  # shapes are drawn this many times larger and shrunk
_THICK = {"line": 2.2, "thin": 1.1, "thick": 3.4, "dashed": 1.8, "dotted": 1.8}
_DASH = {"dashed": (9.0, 6.0), "dotted": (2.0, 4.0)}
_BAR = 150  # pixels that a colour bar takes

Place = Callable[[np.ndarray], np.ndarray]


def draw_plane(sheet: Sheet, plane: Plane, room: Box) -> None:
    """A plane into a room: frame, shapes, legend and colours on the right."""
    upright = linear_ticks(*plane.y_range, 9)
    words = [clean(shape.label) for shape in plane.labels]
    legend = min(340, max((width(word, TICK) for word in words), default=-78) + 78)
    beside = max(legend, _BAR if plane.scale is not None else 0)
    left = room[0] + room_left(upright)
    wide, high = plane.room(room[2] - beside - 20 - left, room[3] - TICK - LABEL - 34 - room[1])
    left += (room[2] - beside - 20 - left - wide) // 2
    box = (left, room[1], left + wide, room[1] + high)

    def across(value: np.ndarray | float) -> np.ndarray:
        low, end = plane.x_range
        return np.asarray(box[0] + (np.asarray(value) - low) / (end - low) * (box[2] - box[0]))

    def up(value: np.ndarray | float) -> np.ndarray:
        low, end = plane.y_range
        return np.asarray(box[3] - (np.asarray(value) - low) / (end - low) * (box[3] - box[1]))

    draw_shapes(sheet, box, plane.shapes, across, up, plane.scale, plane.palette)
    sheet.frame(box)
    sheet.ticks_below(box, lambda v: float(across(v)), linear_ticks(*plane.x_range, max(wide // 90, 3)), TICK)
    sheet.ticks_left(box, lambda v: float(up(v)), upright, TICK)
    name_axes(sheet, box, left - room_left(upright), plane.x_label, plane.y_label)
    _legend(sheet, plane, (box[2] + 26, box[1]), beside - 30)
    if plane.scale is not None:
        top = box[1] + len(words) * (TICK + 12) + (24 if words else 0)
        bar = (box[2] + 26, top, box[2] + 50, max(box[3], top + 200))
        colour_bar(sheet, plane.scale_label, plane.scale, plane.palette, bar, room[2])


def draw_shapes(
    sheet: Sheet,
    box: Box,
    shapes: tuple[Shape, ...],
    across: Place,
    up: Place,
    scale: Scale | None = None,
    palette: str = "viridis",
) -> None:
    """Shapes over what a box of the sheet shows already, cut at its borders."""
    if not shapes:
        return
    columns, rows = box[2] - box[0], box[3] - box[1]
    fine = (columns * _FINE, rows * _FINE)
    large = sheet.image.crop(box).resize(fine, Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(large)
    for shape in shapes:
        with np.errstate(all="ignore"):
            places = [(across(shape.x) - box[0]) * _FINE, (up(shape.y) - box[1]) * _FINE]
        points = np.stack(places, axis=1) if len(shape.x) else np.empty((0, 2))
        if isinstance(shape, Region):
            _region(large, points, shape)
        elif isinstance(shape, Path):
            _path(pen, points, shape)
        else:
            _marks(pen, points, shape, _colours(shape, scale, palette))
    sheet.image.paste(large.resize((columns, rows), Image.Resampling.BOX), box[:2])


def _region(large: Image.Image, points: np.ndarray, shape: Region) -> None:
    mask = Image.new("L", large.size, 0)
    for part in runs(points):
        if len(part) > 2:
            corners = [tuple(point) for point in part.tolist()]
            ImageDraw.Draw(mask).polygon(corners, fill=round(255 * shape.opacity))
    large.paste(shape.colour, (0, 0), mask)


def _path(pen: ImageDraw.ImageDraw, points: np.ndarray, shape: Path) -> None:
    thick = round(_THICK[shape.stroke] * _FINE)
    for part in runs(points):
        pieces = _dashes(part, *_DASH[shape.stroke]) if shape.stroke in _DASH else [part]
        for piece in pieces:
            pen.line([tuple(p) for p in piece.tolist()], fill=shape.colour, width=thick, joint="curve")


def _dashes(points: np.ndarray, drawn: float, gap: float) -> list[np.ndarray]:
    """A line cut into dashes by its length in pixels."""
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))]) / _FINE
    total = float(lengths[-1])
    if not 0 < total < 2e5:
        return []
    cut = []
    for start in np.arange(0.0, total, drawn + gap):
        stop = min(start + drawn, total)
        inner = lengths[(lengths > start) & (lengths < stop)]
        at = np.concatenate([[start], inner, [stop]])
        cut.append(np.stack([np.interp(at, lengths, points[:, side]) for side in (0, 1)], axis=1))
    return cut


def _colours(shape: Marks, scale: Scale | None, palette: str) -> list[str]:
    """The colour of each mark; grey where its number is missing."""
    if shape.values is None or scale is None:
        return [shape.colour] * len(shape.x)
    share = scale.unit(shape.values)
    table = palettes.words(palette)
    missing = palettes.web(palettes.MISSING)
    return [missing if np.isnan(part) else table[round(float(part) * 255)] for part in share]


def _marks(pen: ImageDraw.ImageDraw, points: np.ndarray, shape: Marks, colours: list[str]) -> None:
    reach = shape.size * _FINE / 2
    for (x, y), colour in zip(points.tolist(), colours, strict=True):
        if abs(x) < 1e5 and abs(y) < 1e5:  # false for what is missing
            _mark(pen, x, y, reach, shape.marker, colour)


def _mark(pen: ImageDraw.ImageDraw, x: float, y: float, r: float, marker: str, colour: str) -> None:
    """One mark around a place, `r` pixels from its middle to its border."""
    thick = max(round(0.4 * r), 1)
    if marker in ("cross", "plus"):
        a, b = (r * 0.85, r * 0.85) if marker == "cross" else (r * 1.1, 0.0)
        pen.line([(x - a, y - b), (x + a, y + b)], fill=colour, width=thick)
        pen.line([(x - b, y + a), (x + b, y - a)], fill=colour, width=thick)
    elif marker == "square":
        pen.rectangle([x - 0.85 * r, y - 0.85 * r, x + 0.85 * r, y + 0.85 * r], fill=colour)
    elif marker == "diamond":
        pen.polygon([(x, y - 1.2 * r), (x + 1.2 * r, y), (x, y + 1.2 * r), (x - 1.2 * r, y)], fill=colour)
    elif marker == "triangle":
        pen.polygon([(x - r, y + r), (x + r, y + r), (x, y - r)], fill=colour)
    elif marker == "open":
        pen.ellipse([x - r, y - r, x + r, y + r], fill=PAPER, outline=colour, width=thick)
    else:
        pen.ellipse([x - r, y - r, x + r, y + r], fill=colour)


def _legend(sheet: Sheet, plane: Plane, corner: tuple[int, int], wide: int) -> None:
    left, top = corner
    for i, shape in enumerate(plane.labels):
        at = top + 14 + i * (TICK + 12)
        middle = left + 14.0
        if isinstance(shape, Region):
            sample: Shape = Region(
                "", np.array([0.0, 28, 28, 0]), np.array([0.0, 0, 16, 16]), shape.colour, 0.4
            )
        elif isinstance(shape, Path):
            sample = Path("", np.array([0.0, 28.0]), np.array([8.0, 8.0]), shape.colour, shape.stroke)
        else:
            colour = shape.colour if shape.values is None else palettes.web(INK)
            sample = Marks("", np.array([14.0]), np.array([8.0]), colour, shape.marker, 11.0)
        corner_x, corner_y = int(middle - 14), int(at - 8)
        box = (corner_x, corner_y, corner_x + 28, corner_y + 16)
        draw_shapes(sheet, box, (sample,), lambda v, x=corner_x: x + v, lambda v, y=corner_y: y + v)  # type: ignore[misc]
        sheet.write(left + 38, at, fitted(clean(shape.label), TICK, wide - 38), TICK, anchor="lm")
