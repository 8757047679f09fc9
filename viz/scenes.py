"""What is to be seen, as plain data: a field of colours or panels of curves, with axes, title and caption.

A scene knows nothing of HoloViews, Bokeh or pixels. `viz.elements` turns it into a HoloViews element,
`viz.raster` into a
PNG; both show the same numbers on the same scales.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from viz.scales import Scale, linear_ticks, log_ticks

_DENSE, _ROUGH = 200, 0.1

AxisKind = Literal["linear", "log", "words"]


@dataclass(frozen=True)
class Axis:
    """One side of a picture: cells in rising order, their borders, and what they are called.

    `centres` are positions (numbers of words: 0, 1, 2, …); `order` says which stored index stands at each
    position.
    """

    name: str
    label: str
    kind: AxisKind
    centres: np.ndarray
    edges: np.ndarray
    order: np.ndarray
    words: tuple[str, ...] = ()

    @property
    def regular(self) -> bool:
        """Whether all cells are equally wide on a linear axis (more than one of them)."""
        widths = np.diff(self.edges)
        return (
            self.kind != "log"
            and len(widths) > 1
            and bool(np.allclose(widths, widths[0], rtol=1e-6, atol=0.0))
        )

    def ticks(self, n: int = 6) -> list[tuple[float, str]]:
        """Where to write what along the axis."""
        low, high = float(self.edges[0]), float(self.edges[-1])
        if self.kind == "words":
            return [(float(place), word) for place, word in zip(self.centres, self.words, strict=True)]
        if len(self.centres) == 1:
            return [
                (float(self.centres[0]), linear_ticks(float(self.centres[0]), float(self.centres[0]))[0][1])
            ]
        return log_ticks(low, high, n) if self.kind == "log" else linear_ticks(low, high, n)

    def index(self, position: float) -> int:
        """The stored index of the cell at a position on the axis; the nearest one outside."""
        place = int(np.searchsorted(self.edges, position, side="right")) - 1
        return int(self.order[min(max(place, 0), len(self.centres) - 1)])

    def place(self, index: int) -> float:
        """Where the cell with this stored index stands on the axis."""
        return float(self.centres[int(np.flatnonzero(self.order == index)[0])])


@dataclass(frozen=True)
class Field:
    """A map: one number per cell of two axes, a scale of colours, and why numbers are missing.

    `values` has shape (y, x) in the order of the axes' positions; `codes` likewise holds outcome codes,
    `meanings` their words.
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
    equal: bool = False
    empty: Literal["grey", "white"] = "grey"

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
            x=_coarse_axis(self.x, step_x),
            y=_coarse_axis(self.y, step_y),
            values=_coarse(self.values, step_y, step_x),
            codes=None if self.codes is None else _picked(self.codes, step_y, step_x),
            never=None if self.never is None else _picked(self.never, step_y, step_x),
            caption=f"{self.caption} Drawn as means of {step_x} × {step_y} cells.",
        )

    def within(self, x_range: tuple[float, float] | None, y_range: tuple[float, float] | None) -> Field:
        """The part of the field that a window shows, with a cell to spare on each side."""
        columns, rows = _inside(self.x, x_range), _inside(self.y, y_range)
        return replace(
            self,
            x=_cut(self.x, columns),
            y=_cut(self.y, rows),
            values=self.values[rows, columns],
            codes=None if self.codes is None else self.codes[rows, columns],
            never=None if self.never is None else self.never[rows, columns],
        )


@dataclass(frozen=True)
class Curve:
    """One line of a panel; a label keeps its colour whatever else is drawn."""

    label: str
    x: np.ndarray
    y: np.ndarray
    colour: str

    @property
    def rough(self) -> bool:
        """Whether it jumps so often that a line would be a block of colour and dots tell more."""
        heights = self.y[np.isfinite(self.y)]
        jumps = np.abs(np.diff(heights))
        return len(heights) > _DENSE and bool(jumps.mean() > _ROUGH * np.ptp(heights))


@dataclass(frozen=True)
class Panel:
    """Curves in one frame with the heights that it shows (None: nothing to show)."""

    title: str
    curves: tuple[Curve, ...]
    limits: tuple[float, float] | None = None


@dataclass(frozen=True)
class Lines:
    """Panels of curves over one common axis; `by`, `panel_by`: the axes whose values they are."""

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

    @property
    def shared(self) -> bool:
        """Whether all panels show the same heights."""
        return len({panel.limits for panel in self.panels}) < 2


Scene = Field | Lines


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


def axis(name: str, label: str, values: np.ndarray) -> Axis:
    """The axis of these coordinate values: words in their given order, numbers rising, logarithmic if
    geometrically spaced.

    >>> axis("w", "w", np.array([1.0, 10.0, 100.0])).kind, axis("f", "f", np.array(["tanh", "relu"])).words
    ('log', ('tanh', 'relu'))
    """
    values = np.asarray(values)
    if values.dtype.kind not in "iufb":
        places = np.arange(len(values), dtype=float)
        return Axis(
            name,
            label,
            "words",
            places,
            np.arange(len(values) + 1) - 0.5,
            np.arange(len(values)),
            tuple(str(value) for value in values),
        )
    order = np.argsort(values, kind="stable")
    centres = values[order].astype(float)
    kind: AxisKind = "log" if _geometric(centres) else "linear"
    return Axis(name, label, kind, centres, _edges(centres, kind), order)


def _geometric(centres: np.ndarray) -> bool:
    if len(centres) < 3 or centres[0] <= 0 or centres[-1] / centres[0] < 5:
        return False
    ratios = np.diff(np.log(centres))
    return bool(np.allclose(ratios, ratios[0], rtol=1e-3, atol=0.0)) and not np.allclose(
        np.diff(centres), centres[1] - centres[0]
    )


def _edges(centres: np.ndarray, kind: AxisKind) -> np.ndarray:
    if len(centres) == 1:
        pad = abs(centres[0]) * 0.05 or 0.5
        return np.array([centres[0] - pad, centres[0] + pad])
    on_axis = np.log(centres) if kind == "log" else centres
    middles = (on_axis[1:] + on_axis[:-1]) / 2
    edges = np.concatenate([[2 * on_axis[0] - middles[0]], middles, [2 * on_axis[-1] - middles[-1]]])
    return np.exp(edges) if kind == "log" else edges


def _inside(side: Axis, window: tuple[float, float] | None) -> slice:
    if window is None or None in window:
        return slice(0, len(side.centres))
    low, high = sorted(window)
    first = max(int(np.searchsorted(side.edges, low, side="right")) - 2, 0)
    last = min(int(np.searchsorted(side.edges, high, side="left")) + 1, len(side.centres))
    return slice(first, last) if last > first else slice(0, len(side.centres))


def _cut(side: Axis, part: slice) -> Axis:
    words = side.words[part] if side.words else ()
    return replace(
        side,
        centres=side.centres[part],
        edges=side.edges[part.start : part.stop + 1],
        order=side.order[part],
        words=words,
    )


def _starts(n: int, step: int) -> np.ndarray:
    """Where blocks of about `step` cells begin; blocks differ by a cell at most."""
    blocks = -(-n // step)
    return (np.arange(blocks) * n) // blocks


def _picked(codes: np.ndarray, step_y: int, step_x: int) -> np.ndarray:
    """The first code of each block: codes are not averaged."""
    return codes[np.ix_(_starts(codes.shape[0], step_y), _starts(codes.shape[1], step_x))]


def _coarse_axis(side: Axis, step: int) -> Axis:
    """The axis of blocks; a regular one stays regular, its borders move by less than a cell."""
    if step == 1:
        return side
    starts = _starts(len(side.centres), step)
    edges = np.append(side.edges[starts], side.edges[-1])
    if side.regular:
        edges = np.linspace(side.edges[0], side.edges[-1], len(starts) + 1)
    centres = np.sqrt(edges[1:] * edges[:-1]) if side.kind == "log" else (edges[1:] + edges[:-1]) / 2
    middle = np.minimum(starts + step // 2, len(side.centres) - 1)
    return replace(side, centres=centres, edges=edges, order=side.order[middle])


def _coarse(values: np.ndarray, step_y: int, step_x: int) -> np.ndarray:
    """Means over blocks of finite values; NaN where a block has none. The last row and column of blocks
    may be smaller.
    """
    values = np.asarray(values, dtype=float)
    finite = np.isfinite(values)
    total: Any = np.where(finite, values, 0.0)
    count: Any = finite.astype(float)
    for side, step in ((0, step_y), (1, step_x)):
        starts = _starts(values.shape[side], step)
        total, count = np.add.reduceat(total, starts, axis=side), np.add.reduceat(count, starts, axis=side)
    with np.errstate(all="ignore"):
        means: np.ndarray = np.where(count > 0, total / count, np.nan)
    return means
