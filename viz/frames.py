"""Which heights a frame of curves shows, and in words what lies outside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from viz import choices
from viz.scales import text
from viz.scenes import Curve, Panel, Rule

_SPIKE = 20.0  # a curve's whole reach over that of its middle 96 %, from which a frame leaves its spikes out
_FAR = 100.0  # a height nearer to the middle than this part of a frame lies within a line's width of it
_FAIR = 0.2  # share of all heights that a frame has to show for others to leave it
_LARGEST, _SMALLEST = 1e300, 1e-300  # ends of a logarithm: beyond, axes in browsers overflow or lose numbers
_FEW = 4  # curves that are named in words
_LEVEL = 0.05  # share of a frame between two lines of nevers
_MARKS, _POINTS = 16, 20_000  # marks on such a line and its points, at most

Limits = tuple[float, float] | None


def limits(curves: Sequence[np.ndarray], log: bool) -> Limits:
    """The heights of a frame that holds these curves. None: there is nothing to show.

    A logarithm holds all positive heights, whatever their decades. A linear frame holds all but what would
    hide the rest: curves that reach so far that a smaller frame tells three times as many heights from its
    middle (`_common`), and the spikes of the others (`_calm`).

    >>> low, high = limits([np.array([0.0, 1.0]), np.array([1.0, 0.5]), np.array([1.0, 1e9])], False)
    >>> round(low, 3), round(high, 3)
    (-0.05, 1.05)
    """
    if log:
        return whole(curves, log)
    finite = [part for part in (heights[np.isfinite(heights)] for heights in curves) if part.size]
    if not finite:
        return None
    ends = np.array([_calm(heights) for heights in finite])
    middle = float(np.median([np.median(heights) for heights in finite]))
    with np.errstate(over="ignore"):  # heights of both signs near the largest number
        return _padded(*_common(ends, finite, middle))


def whole(curves: Sequence[np.ndarray], log: bool) -> Limits:
    """The heights of a frame that holds every number, on a logarithm every positive one."""
    every = np.concatenate([np.zeros(0), *curves])
    finite = every[np.isfinite(every) & ((every > 0) | (not log))]
    if not finite.size:
        return None
    low, high = float(finite.min()), float(finite.max())
    if not log:
        return _padded(low, high)
    bottom, top = (min(max(end, _SMALLEST), _LARGEST) for end in (low, high))
    return bottom / 1.5, top * 1.5


def _padded(low: float, high: float) -> tuple[float, float]:
    """A little air on both sides."""
    low, high = (min(max(end, -_LARGEST), _LARGEST) for end in (low, high))
    pad = 0.05 * (high - low) or abs(high) * 0.05 or 0.5
    return low - pad, high + pad


def _calm(heights: np.ndarray) -> tuple[float, float]:
    """The ends of one curve, without spikes that would flatten it."""
    low, high = float(heights.min()), float(heights.max())
    lower, upper = (float(part) for part in np.percentile(heights, [2, 98]))
    if 0 < _SPIKE * (upper - lower) < high - low:
        return max(low, 2 * lower - upper), min(high, 2 * upper - lower)
    return low, high


def _common(ends: np.ndarray, finite: Sequence[np.ndarray], middle: float) -> tuple[float, float]:
    """The ends of the curves in the largest frame that shows more than a third as many heights apart from
    the middle as any other: in a frame too large they lie flat on it, in one too small they are outside.

    All ends where no frame shows a fair share: heights spread over all decades lie flat in each frame.
    """
    middle = middle if abs(middle) > np.abs(ends).max() / _FAR else 0.0  # what is not told from zero is zero
    reach = np.abs(ends - middle).max(axis=1)
    away = np.sort(np.abs(np.concatenate([*finite]) - middle))
    away = away[away > 0]
    seen = np.searchsorted(away, reach, "right") - np.searchsorted(away, reach / _FAR)
    fair = seen.max() >= _FAIR * away.size
    kept = ends[reach <= reach[3 * seen > seen.max()].max()] if fair and away.size else ends
    return float(kept[:, 0].min()), float(kept[:, 1].max())


def outside(panels: Sequence[Panel], log: bool) -> str:
    """What the frames do not show of their curves: `outside the frame: w = 1.5 up to 6.4·10⁸`."""
    beyond: list[tuple[float, str]] = []
    unseen = points = infinite = 0
    for panel in panels:
        if panel.limits is None:
            infinite += sum(int(np.isinf(curve.y).sum()) for curve in panel.curves)
            continue
        logarithmic = log if panel.log_y is None else panel.log_y
        for curve in panel.curves:
            heights = curve.y[np.isfinite(curve.y)]
            points += heights.size
            infinite += int(np.isinf(curve.y).sum())
            if logarithmic:
                unseen += int((heights <= 0).sum())
                heights = heights[heights > 0]
            beyond += _beyond(panel, curve, heights)
    words = [said for _, said in sorted(beyond, key=lambda pair: -pair[0])]
    more = f" and {len(words) - _FEW} more" if len(words) > _FEW else ""
    notes = [f"outside the frame: {', '.join(words[:_FEW])}{more}" if words else ""]
    if panels and all(panel.limits is None for panel in panels):
        notes.append("no finite number here")
    if unseen:
        notes.append(f"{text(unseen)} of {text(points)} heights are not positive and have no logarithm")
    if infinite:
        notes.append(f"{text(infinite)} infinite heights are gaps")
    return "; ".join(note for note in notes if note)


def _beyond(panel: Panel, curve: Curve, heights: np.ndarray) -> list[tuple[float, str]]:
    """How far a curve leaves its frame, largest first, and in which words."""
    low, high = panel.limits or (0.0, 0.0)
    if not heights.size:
        return []
    name = " at ".join(part for part in (curve.label, panel.title) if part)
    bottom, top = float(heights.min()), float(heights.max())
    ends = [("down", bottom)] if bottom < low else []
    ends += [("up", top)] if top > high else []
    said = " and ".join(f"{way} to {text(end)}" for way, end in ends)
    return [(max(abs(end) for _, end in ends), f"{name} {said}".strip())] if ends else []


def topped(
    panels: Sequence[Panel], places: np.ndarray, nevers: Sequence[Sequence[np.ndarray]], word: str, log: bool
) -> tuple[Panel, ...]:
    """The panels with a dashed line on top, above which lies what never happened: for each curve a line and
    marks where it did not.

    places: along the axis below; nevers: of each curve of each panel, where along it.
    """
    made = []
    for panel, rows in zip(panels, nevers, strict=True):
        low, high = panel.limits or ((1.0, 10.0) if log else (0.0, 1.0))
        step = _LEVEL * (np.log(high / low) if log else high - low)
        levels = [float(high * np.exp(i * step) if log else high + i * step) for i in range(1, len(rows) + 2)]
        above = [
            part
            for curve, never, level in zip(panel.curves, rows, levels, strict=False)
            for part in _level(curve, places, never, level)
        ]
        made.append(
            replace(
                panel,
                curves=(*panel.curves, *above),
                limits=(low, levels[-1]),
                rules=(*panel.rules, Rule(high, word, below=True)),
                ceiling=high,
            )
        )
    return tuple(made)


def _level(curve: Curve, places: np.ndarray, never: np.ndarray, height: float) -> list[Curve]:
    """One curve's line of nevers at a height, with marks on it."""
    among = np.flatnonzero(never)
    if not among.size:
        return []
    kept = choices.spread(len(places), _POINTS)
    marked = among[choices.spread(len(among), _MARKS)]
    return [
        Curve(curve.label, places[kept], np.where(never[kept], height, np.nan), curve.colour),
        Curve(curve.label, places[marked], np.full(len(marked), height), curve.colour, "marks"),
    ]
