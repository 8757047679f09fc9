"""Panels of curves as pixels: frames, ticks, legend, dashed rules, marks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from viz.canvas import HAIR, Box, Sheet, clean, fitted, width
from viz.dashes import dashed
from viz.scales import Scale, linear_ticks, log_ticks
from viz.scenes import Curve, Lines, Panel

LABEL, TICK = 22, 19
_THICK = {"line": 2.2, "thin": 1.1, "outline": 1.6, "dashed": 2.4}
_ROOMY = 90  # pixels that a number below a frame has at least

Ticks = list[tuple[float, str]]
Places = Callable[[float | np.ndarray], np.ndarray]


def room_left(ticks: Ticks) -> int:
    """Pixels for the numbers and the label left of a frame."""
    return 12 + min(190, max((width(clean(words), TICK) for _, words in ticks), default=0)) + 14 + LABEL + 12


def name_axes(sheet: Sheet, box: Box, left: int, across: str, up: str) -> None:
    """What is drawn below and left of a frame."""
    middle = (box[0] + box[2]) / 2
    sheet.write(middle, box[3] + TICK + 20, fitted(clean(across), LABEL, box[2] - box[0]), LABEL, anchor="ma")
    if up:
        _name_up(sheet, min(left, box[0] - 60), box, up)


def _name_up(sheet: Sheet, left: int, box: Box, words: str) -> None:
    sheet.write_upwards(left, (box[1] + box[3]) // 2, fitted(clean(words), LABEL, box[3] - box[1]), LABEL)


def draw_lines(sheet: Sheet, lines: Lines, room: Box) -> None:
    """Panels of curves into a room, their legend on the right, one label below all."""
    labels = _labels(lines)
    legend = (
        min(300, max((width(clean(words), TICK) for words, _ in labels), default=0) + 60) if labels else 0
    )
    columns = lines.columns or _columns(len(lines.panels))
    rows = -(-len(lines.panels) // columns)
    most = 8 if rows == 1 else 5
    left_room = max(room_left(lines.upright(panel, most)) for panel in lines.panels)
    left = room[0] + left_room
    beside = [i % columns == 0 or _other(panel, lines.panels[i - 1]) for i, panel in enumerate(lines.panels)]
    own = any(panel.y_label is not None for panel in lines.panels)
    between = 22 if sum(beside) == rows else left_room - (0 if own else LABEL)
    stacked = columns == 1 and rows > 1
    below = LABEL + 18 + (TICK + 10 if stacked else 0)
    wide, high = (room[2] - legend - left) // columns, (room[3] - room[1] - below) // rows
    for i, panel in enumerate(lines.panels):
        x, y = left + (i % columns) * wide, room[1] + (i // columns) * high
        right = x + wide - (between if columns > 1 else 0)
        box = (x, y + (34 if panel.title else 0), right, y + high - (14 if stacked else TICK + 26))
        upright = lines.upright(panel, most)
        last = i == len(lines.panels) - 1
        _panel(sheet, lines, panel, box, upright if beside[i] else [], not stacked or last)
        if panel.y_label is not None and beside[i]:
            _name_up(sheet, box[0] - left_room, box, panel.y_label)
    whole = (left, room[1], room[2] - legend, room[3] - LABEL - TICK - 34)
    name_axes(sheet, whole, room[0], lines.x_label, "" if own else lines.y_label)
    _legend(sheet, labels, room[2] - legend, room[1], legend)


def _other(panel: Panel, left: Panel) -> bool:
    """Whether a panel shows other heights than its neighbour, so that it needs numbers of its own."""
    return (panel.limits, panel.y_label) != (left.limits, left.y_label)


def _columns(n: int) -> int:
    """How many panels stand side by side."""
    return 1 if n == 1 else 2 if n in (2, 4) else 3


def _labels(lines: Lines) -> list[tuple[str, str]]:
    """Words and colours of the legend, each once."""
    every = [(curve.label, curve.colour) for panel in lines.panels for curve in panel.curves if curve.label]
    return list(dict.fromkeys(every))


def _legend(sheet: Sheet, labels: list[tuple[str, str]], left: int, top: int, wide: int) -> None:
    for i, (words, colour) in enumerate(labels):
        at = top + 14 + i * (TICK + 12)
        sheet.draw.line([(left + 16, at), (left + 44, at)], fill=colour, width=4)
        sheet.write(left + 54, at, fitted(clean(words), TICK, wide - 54), TICK, anchor="lm")


def _apart(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """The points of a curve; those of a rough one apart from each other, so that they become dots."""
    if not curve.rough:
        return curve.x, curve.y
    heights = np.full(2 * len(curve.y), np.nan)
    heights[::2] = curve.y
    return np.repeat(curve.x, 2), heights


def _panel(sheet: Sheet, lines: Lines, panel: Panel, box: Box, upright: Ticks, numbered: bool) -> None:
    everywhere = np.concatenate([curve.x for curve in panel.curves]) if panel.curves else np.array([0.0, 1.0])
    low, high = panel.reach or (float(everywhere.min()), float(everywhere.max()))
    if not high > low:
        low, high = low - 0.5, high + 0.5
    place_x, place_y = _places(lines, panel, box, (low, high))
    drawn = [curve for curve in panel.curves if curve.form != "marks"]
    sheet.curves(
        box,
        [(*_strokes(curve, place_x, place_y), curve.colour, _THICK[curve.form]) for curve in drawn],
    )
    for curve in panel.curves:
        if curve.form == "marks":
            sheet.triangles(*_placed((curve.x, curve.y), place_x, place_y), curve.colour)
    for rule in panel.rules:
        at, left = float(place_y(rule.height)), rule.side == "left"
        sheet.rule(box, at, rule.words, TICK - 3, left=left, below=rule.below)
    for value, _ in upright:
        sheet.draw.line([(box[0], float(place_y(value))), (box[0] + 5, float(place_y(value)))], fill=HAIR)
    sheet.frame(box)
    marks = [(float(i), word) for i, word in enumerate(lines.words)]
    if not marks:
        room = max(5, (box[2] - box[0]) // _ROOMY)
        marks = (
            log_ticks(low, high, min(room, 8)) if lines.log_x else linear_ticks(low, high, room, lines.whole)
        )
    sheet.ticks_below(box, lambda value: float(place_x(value)), marks if numbered else [], TICK)
    sheet.ticks_left(box, lambda value: float(place_y(value)), upright, TICK)
    if panel.title:
        sheet.write(box[0], box[1] - 28, fitted(clean(panel.title), LABEL, box[2] - box[0]), LABEL)


def _strokes(curve: Curve, place_x: Places, place_y: Places) -> tuple[np.ndarray, np.ndarray]:
    """A curve in pixels, in dashes where it is to have them."""
    x, y = _placed(_apart(curve), place_x, place_y)
    return dashed(x, y) if curve.form == "dashed" else (x, y)


def _placed(
    points: tuple[np.ndarray, np.ndarray], place_x: Places, place_y: Places
) -> tuple[np.ndarray, np.ndarray]:
    return place_x(points[0]), place_y(points[1])


def _places(lines: Lines, panel: Panel, box: Box, ends: tuple[float, float]) -> tuple[Places, Places]:
    """From positions and heights to pixels of the sheet."""
    scale = Scale("log" if lines.logarithmic(panel) else "linear", *(panel.limits or (0.0, 1.0)))
    across = Scale("log" if lines.log_x else "linear", *ends)
    pad = 0 if lines.log_x else 0.01
    bottom, top = scale.span

    def place_x(value: float | np.ndarray) -> np.ndarray:
        share = (across.forward(np.asarray(value)) - across.span[0]) / (across.span[1] - across.span[0])
        moved: np.ndarray = box[0] + (box[2] - box[0]) * (pad + share * (1 - 2 * pad))
        return moved

    def place_y(value: float | np.ndarray) -> np.ndarray:
        share = (scale.forward(np.asarray(value)) - bottom) / (top - bottom)
        moved: np.ndarray = box[3] - (box[3] - box[1]) * share
        return moved

    return place_x, place_y
