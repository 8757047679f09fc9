"""What is to be seen, as plain data: a field of colours, panels of curves or shapes in a plane, with axes,
title and caption.

A scene knows nothing of HoloViews, Bokeh or pixels. `viz.elements` turns it into a HoloViews element,
`viz.raster` into a
PNG; both show the same numbers on the same scales.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from viz.axes import Axis, coarse, inside, part, starts
from viz.classes import Classes
from viz.scales import Scale, linear_ticks, log_ticks, whole
from viz.shapes import Plane, Shape

_DENSE, _ROUGH = 200, 0.1

Form = Literal["line", "thin", "outline", "dashed", "marks"]


@dataclass(frozen=True)
class Field:
    """A map: one number per cell of two axes, a scale of colours, and why numbers are missing.

    `values` has shape (y, x) in the order of the axes' positions; `codes` likewise holds outcome codes,
    `meanings` their words; `also` names dims that the picture uses up beside its two; `over` are shapes that
    lie over the map, in the units of its axes. `beside` is a second map of the same axes, drawn at its right.
    """

    x: Axis
    y: Axis
    values: np.ndarray
    scale: Scale
    palette: str
    name: str
    label: str
    title: str
    caption: str
    codes: np.ndarray | None = None
    meanings: dict[int, str] = field(default_factory=dict)
    never: np.ndarray | None = None
    never_word: str = ""
    never_value: float = -1.0
    equal: bool = False
    empty: Literal["grey", "white"] = "grey"
    also: tuple[str, ...] = ()
    over: tuple[Shape, ...] = ()
    beside: Field | None = None

    @property
    def _kept(self) -> str:
        return "the first" if isinstance(self.scale, Classes) else "means"

    def limited(self, columns: int, rows: int) -> Field:
        """The same field with at most about so many cells: blocks are averaged (counts of words are never
        mixed).
        """
        step_x = 1 if self.x.kind == "words" else -(-len(self.x.centres) // columns)
        step_y = 1 if self.y.kind == "words" else -(-len(self.y.centres) // rows)
        if step_x == 1 and step_y == 1:
            return self
        return replace(
            self,
            x=coarse(self.x, step_x),
            y=coarse(self.y, step_y),
            values=(_picked if isinstance(self.scale, Classes) else _coarse)(self.values, step_y, step_x),
            codes=None if self.codes is None else _picked(self.codes, step_y, step_x),
            never=None if self.never is None else _picked(self.never, step_y, step_x),
            caption=f"{self.caption} Drawn as {self._kept} of {step_x} × {step_y} cells.",
        )

    def within(self, x_range: tuple[float, float] | None, y_range: tuple[float, float] | None) -> Field:
        """The part of the field that a window shows, with a cell to spare on each side."""
        columns, rows = inside(self.x, x_range), inside(self.y, y_range)
        return replace(
            self,
            x=part(self.x, columns),
            y=part(self.y, rows),
            values=self.values[rows, columns],
            codes=None if self.codes is None else self.codes[rows, columns],
            never=None if self.never is None else self.never[rows, columns],
        )


@dataclass(frozen=True)
class Curve:
    """One line of a panel; a label keeps its colour whatever else is drawn. `marks` are points set apart."""

    label: str
    x: np.ndarray
    y: np.ndarray
    colour: str
    form: Form = "line"

    @property
    def rough(self) -> bool:
        """Whether it jumps so often that a line would be a block of colour and dots tell more."""
        if self.form != "line":
            return False
        heights = self.y[np.isfinite(self.y)]
        jumps = np.abs(np.diff(heights))
        return len(heights) > _DENSE and bool(jumps.mean() > _ROUGH * np.ptp(heights))


@dataclass(frozen=True)
class Rule:
    """A height that means something, as a dashed line with its words."""

    height: float
    words: str
    side: Literal["left", "right"] = "right"
    below: bool = False


@dataclass(frozen=True)
class Panel:
    """Curves in one frame with the heights that it shows (None: nothing to show).

    `y_label` and `log_y` are its own where they are not those of all panels; above `ceiling` heights are
    places and no numbers; `reach` is what it shows of the axis below, by default all of its curves; `marks`
    are what stands along its height where heights are codes with words.
    """

    title: str
    curves: tuple[Curve, ...]
    limits: tuple[float, float] | None = None
    y_label: str | None = None
    log_y: bool | None = None
    rules: tuple[Rule, ...] = ()
    ceiling: float = float("inf")
    reach: tuple[float, float] | None = None
    marks: tuple[tuple[float, str], ...] = ()

    @property
    def whole(self) -> bool:
        """Whether all its heights below the ceiling are whole numbers."""
        heights = np.concatenate([np.zeros(0), *(curve.y for curve in self.curves)])
        return whole(heights[heights <= self.ceiling])


@dataclass(frozen=True)
class Lines:
    """Panels of curves over one common axis; `by`, `panel_by`: the axes whose values they are.

    `columns`: how many panels stand side by side, 0 for as many as fit; `also` names dims that the picture
    uses up.
    """

    panels: tuple[Panel, ...]
    x_name: str
    x_label: str
    y_label: str
    name: str
    title: str
    caption: str
    log_x: bool = False
    log_y: bool = False
    words: tuple[str, ...] = ()
    by: str = ""
    panel_by: str = ""
    columns: int = 0
    also: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether everything stands at whole numbers of the axis below."""
        return whole(np.concatenate([np.zeros(0), *(curve.x for p in self.panels for curve in p.curves)]))

    @property
    def shared(self) -> bool:
        """Whether all panels show the same frame of the same thing."""
        return len({(panel.limits, panel.y_label, panel.reach) for panel in self.panels}) < 2

    def logarithmic(self, panel: Panel) -> bool:
        """Whether the heights of a panel stand on a logarithm."""
        return bool(panel.limits) and (self.log_y if panel.log_y is None else panel.log_y)

    def upright(self, panel: Panel, most: int) -> list[tuple[float, str]]:
        """The round numbers, or the words of codes, along a panel's height, none above its ceiling."""
        low, high = panel.limits or (0.0, 1.0)
        if panel.marks:
            return [mark for mark in panel.marks if low <= mark[0] <= high]
        even = linear_ticks(low, high, most, panel.whole)
        ticks = log_ticks(low, high, most) if self.logarithmic(panel) else even
        return [(value, words) for value, words in ticks if value <= panel.ceiling]


Scene = Field | Lines | Plane


def drawn_dims(scene: Scene) -> set[str]:
    """The dims that a scene draws; the others of its variable are held somewhere."""
    if isinstance(scene, Field):
        return {scene.x.name, scene.y.name, *scene.also}
    if isinstance(scene, Plane):
        return set(scene.also)
    return {scene.x_name, scene.by, scene.panel_by, *scene.also}


def extremes(heights: np.ndarray, most: int) -> np.ndarray:
    """Indices of about `most` points that keep a curve's look: the lowest and the highest of every block.

    Every k-th point would turn a cycle of period k into a fixed point.

    >>> extremes(np.array([0.0, 1, 0, 1, 0, 1, 0, 1]), 4).tolist()
    [0, 1, 4, 5]
    """
    n = len(heights)
    if n <= most:
        return np.arange(n)
    size = -(-2 * n // most)
    padded = np.full(-(-n // size) * size, np.nan)
    padded[:n] = heights
    blocks = padded.reshape(-1, size)
    missing = np.isnan(blocks)
    lowest = np.where(missing, np.inf, blocks).argmin(axis=1)
    highest = np.where(missing, -np.inf, blocks).argmax(axis=1)
    kept = np.unique(np.concatenate([lowest, highest]) + np.tile(np.arange(len(blocks)) * size, 2))
    return kept[kept < n]


def _picked(codes: np.ndarray, step_y: int, step_x: int) -> np.ndarray:
    """The first code of each block: codes are not averaged."""
    return codes[np.ix_(starts(codes.shape[0], step_y), starts(codes.shape[1], step_x))]


def _coarse(values: np.ndarray, step_y: int, step_x: int) -> np.ndarray:
    """Means over blocks of finite values; NaN where a block has none. The last row and column of blocks
    may be smaller.
    """
    values = np.asarray(values, dtype=float)
    finite = np.isfinite(values)
    total: Any = np.where(finite, values, 0.0)
    count: Any = finite.astype(float)
    for side, step in ((0, step_y), (1, step_x)):
        first = starts(values.shape[side], step)
        total, count = np.add.reduceat(total, first, axis=side), np.add.reduceat(count, first, axis=side)
    with np.errstate(all="ignore"):
        means: np.ndarray = np.where(count > 0, total / count, np.nan)
    return means
