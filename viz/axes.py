"""One side of a picture: cells in rising order, their borders and names; parts and blocks of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from viz.scales import linear_ticks, log_ticks, needed, text, whole

AxisKind = Literal["linear", "log", "words"]


@dataclass(frozen=True)
class Axis:
    """One side of a picture: cells in rising order, their borders, and what they are called.

    `centres` are positions (numbers of words: 0, 1, 2, …); `order` says which stored index stands at each
    position; `marks` are what stands along the axis where not every word does.
    """

    name: str
    label: str
    kind: AxisKind
    centres: np.ndarray
    edges: np.ndarray
    order: np.ndarray
    words: tuple[str, ...] = ()
    marks: tuple[tuple[float, str], ...] = ()

    @property
    def regular(self) -> bool:
        """Whether all cells are equally wide on a linear axis (more than one of them)."""
        widths = np.diff(self.edges)
        return (
            self.kind != "log"
            and len(widths) > 1
            and bool(np.allclose(widths, widths[0], rtol=1e-6, atol=0.0))
        )

    @property
    def whole(self) -> bool:
        """Whether its cells stand at whole numbers alone, as seeds and indices do."""
        return self.kind == "linear" and whole(self.centres)

    def ticks(self, n: int = 6) -> list[tuple[float, str]]:
        """Where to write what along the axis."""
        low, high = float(self.edges[0]), float(self.edges[-1])
        if self.marks:
            return list(self.marks)
        if self.kind == "words":
            return [(float(place), word) for place, word in zip(self.centres, self.words, strict=True)]
        if len(self.centres) == 1:
            return [
                (float(self.centres[0]), linear_ticks(float(self.centres[0]), float(self.centres[0]))[0][1])
            ]
        return log_ticks(low, high, n) if self.kind == "log" else linear_ticks(low, high, n, self.whole)

    def places(self) -> list[str]:
        """Every cell's own number for a reader, with the digits that tell it from its neighbours."""
        if self.whole:
            return [text(int(place)) for place in self.centres]
        gap = float(np.diff(self.centres).min()) if len(self.centres) > 1 else math.inf
        return [text(float(place), needed(float(place), gap)) for place in self.centres]

    def index(self, position: float) -> int:
        """The stored index of the cell at a position on the axis; the nearest one outside."""
        place = int(np.searchsorted(self.edges, position, side="right")) - 1
        return int(self.order[min(max(place, 0), len(self.centres) - 1)])

    def place(self, index: int) -> float:
        """Where the cell with this stored index stands on the axis."""
        return float(self.centres[int(np.flatnonzero(self.order == index)[0])])


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


def inside(side: Axis, window: tuple[float, float] | None) -> slice:
    """The cells that a window shows, one to spare on each side."""
    if window is None or None in window:
        return slice(0, len(side.centres))
    low, high = sorted(window)
    first = max(int(np.searchsorted(side.edges, low, side="right")) - 2, 0)
    last = min(int(np.searchsorted(side.edges, high, side="left")) + 1, len(side.centres))
    return slice(first, last) if last > first else slice(0, len(side.centres))


def part(side: Axis, cells: slice) -> Axis:
    """A run of an axis's cells."""
    words = side.words[cells] if side.words else ()
    return replace(
        side,
        centres=side.centres[cells],
        edges=side.edges[cells.start : cells.stop + 1],
        order=side.order[cells],
        words=words,
    )


def starts(n: int, step: int) -> np.ndarray:
    """Where blocks of about `step` cells begin; blocks differ by a cell at most."""
    blocks = -(-n // step)
    return (np.arange(blocks) * n) // blocks


def coarse(side: Axis, step: int) -> Axis:
    """The axis of blocks; a regular one stays regular, its borders move by less than a cell."""
    if step == 1:
        return side
    first = starts(len(side.centres), step)
    edges = np.append(side.edges[first], side.edges[-1])
    if side.regular:
        edges = np.linspace(side.edges[0], side.edges[-1], len(first) + 1)
    centres = np.sqrt(edges[1:] * edges[:-1]) if side.kind == "log" else (edges[1:] + edges[:-1]) / 2
    middle = np.minimum(first + step // 2, len(side.centres) - 1)
    return replace(side, centres=centres, edges=edges, order=side.order[middle])
