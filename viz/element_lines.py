"""Curves as HoloViews elements: overlays, one for each panel."""

from __future__ import annotations

from functools import partial
from typing import Any

import holoviews as hv
import numpy as np

from viz.dress import SIZES, TOOLS, counting, tidy
from viz.escape import plain
from viz.scales import log_ticks
from viz.scenes import Curve, Lines, Panel, Rule

_LEGEND = 120  # pixels of a legend, at least
_KEY = 44  # pixels of its lines and margins, beside the letters
_BORDER = 90  # pixels of numbers and a label beside the first of several frames
_NUMBERS = 56  # pixels of the numbers beside a small frame
_ROW = 24  # pixels of height that a number beside a small frame needs
_LETTER = 7  # pixels of a letter of a label
_NARROW = 300  # pixels in which a logarithm needs its numbers thinned
_TIGHT = {"label_height": 12, "glyph_height": 12, "spacing": 0, "padding": 4}
_WIDE = {"line": 2.0, "thin": 1.0, "outline": 1.4, "dashed": 2.0}
_SMALLER = {"labels": "11pt", "ticks": "10pt", "legend": "10pt"}
_WORDS = {"text_color": "#58606e", "text_font_size": "9.5pt"}
_RULE = {"color": "#58606e", "line_width": 1, "line_dash": "dashed"}


def small(lines: Lines, frame: tuple[int, int]) -> hv.Overlay:
    """One panel of curves for a narrow card: no title, no label upwards, smaller letters, no tools."""
    sizes = {"labels": "10pt", "ticks": "9.5pt"}
    drawn = _panel(lines, lines.panels[0], frame, legend=False)
    hooks = [tidy, _few_ticks, partial(_bordered, _NUMBERS)]
    panel = lines.panels[0]
    if panel.limits is not None and lines.logarithmic(panel):
        drawn.opts(yticks=log_ticks(*panel.limits, frame[1] // _ROW))
    return drawn.opts(
        fontsize=sizes, ylabel="", title="", toolbar=None, default_tools=[], active_tools=[], hooks=hooks
    )


def _bordered(least: int | None, plot: Any, _: Any) -> None:
    plot.state.min_border_left = least  # a frame that is moved by its numbers is cut at the right


def _few_ticks(plot: Any, _: Any) -> None:
    for axis in (*plot.state.xaxis, *plot.state.yaxis):
        axis.ticker.desired_num_ticks = 5
        axis.ticker.num_minor_ticks = 0


def curves(lines: Lines, frame: tuple[int, int]) -> hv.Overlay | hv.Layout:
    """All panels: one alone, else side by side or, in one column, one below the other."""
    if len(lines.panels) == 1:
        return _panel(lines, lines.panels[0], frame, legend=True).opts(title=plain(lines.title, 90))
    columns = lines.columns or 2
    rows = -(-len(lines.panels) // columns)
    left = frame[0] - _legend(lines)
    own = any(panel.y_label is not None for panel in lines.panels)
    between = (columns - 1) * (_BORDER if own else _NUMBERS)
    room = left + 36 - between  # a frame alone leaves as much beside it
    beside = max(150, room // columns), int(frame[1] / 2.4)
    size = (left, max(90, int((frame[1] - 40) / rows))) if columns == 1 else beside
    panels = []
    for i, panel in enumerate(lines.panels):
        named = panel.y_label is not None or i % columns == 0
        border = _BORDER if named else _NUMBERS
        drawn = _panel(lines, panel, size, legend=i == columns - 1, border=border)
        last = i >= len(lines.panels) - columns
        drawn.opts(
            fontsize={"title": _title(panel.title, size[0]), **_SMALLER},
            **({} if named else {"ylabel": ""}),
            **({"xlabel": ""} if columns == 1 and not last else {}),
            **({"toolbar": None} if columns == 1 and i else {}),
            **({"legend_opts": _TIGHT} if columns == 1 else {}),
        )
        panels.append(drawn)
    return hv.Layout(panels).cols(columns).opts(shared_axes=lines.shared or own)


def _legend(lines: Lines) -> int:
    """Pixels of the legend beside the curves; none where they have no labels."""
    labels = [curve.label for panel in lines.panels for curve in panel.curves if curve.label]
    return max(_LEGEND, _KEY + _LETTER * max(map(len, labels))) if labels else 0


def _title(words: str, room: int) -> str:
    """The size of a bold title that has so many pixels: it would be cut without a word."""
    return f"{min(max(room / (0.8 * max(len(words), 1)), 7.0), 11.0):.1f}pt"


def _panel(
    lines: Lines, panel: Panel, frame: tuple[int, int], *, legend: bool, border: int | None = None
) -> hv.Overlay:
    kdim = hv.Dimension(lines.x_name, label=plain(lines.x_label))
    name = lines.name if lines.name != lines.x_name else f"{lines.name} "
    if panel.y_label is not None:
        name = f"{name} · {panel.y_label}"  # a height of its own, which no other panel shares
    vdim = hv.Dimension(name, label=plain(_up(lines, panel)))
    drawn = [part for i, curve in enumerate(panel.curves) for part in _drawn(curve, kdim, vdim, i == 0)]
    drawn += [part for rule in panel.rules for part in _ruled(panel, rule, kdim, vdim)]
    named = legend and len(panel.curves) > 1 and any(curve.label for curve in panel.curves)
    alone = len(lines.panels) == 1
    options: dict[str, Any] = {
        "logy": lines.logarithmic(panel),
        "logx": lines.log_x,
        "title": plain(panel.title, 60),
        "framewise": True,
        "padding": 0,
        "xlabel": plain(lines.x_label, max(frame[0] // _LETTER, 8)),
        "ylabel": plain(_up(lines, panel), max(frame[1] // _LETTER, 8)),
        "fontsize": SIZES,
        "hooks": [
            tidy,
            counting(lines.whole and not lines.words, panel.whole and not panel.marks),
            partial(_bordered, border),
        ],
        "show_legend": named,
        "legend_limit": 10_000,
        "legend_position": "right",
        "default_tools": TOOLS,
        "toolbar": "above",
        "frame_width": frame[0] - (_legend(lines) if named and alone else 0),
        "frame_height": frame[1],
        "show_grid": True,
        "gridstyle": {"grid_line_color": "#e4e7eb"},
        "ylim": panel.limits or (0.0, 1.0),
    }
    if lines.words:
        options["xticks"] = [(float(i), plain(word, 40)) for i, word in enumerate(lines.words)]
    if panel.reach is not None:
        options["xlim"] = panel.reach
        if lines.log_x and frame[0] < _NARROW:
            options["xticks"] = log_ticks(*panel.reach, frame[0] // 45)
    if np.isfinite(panel.ceiling) or panel.marks:
        options["yticks"] = lines.upright(panel, 8)
    return hv.Overlay(drawn).opts(**options)


def _up(lines: Lines, panel: Panel) -> str:
    return lines.y_label if panel.y_label is None else panel.y_label


def _drawn(curve: Curve, kdim: hv.Dimension, vdim: hv.Dimension, first: bool) -> list[hv.Element]:
    """A curve as a line, as dots where it is rough, as both where it has few points; marks as triangles."""
    label = plain(curve.label, 60)
    heights = np.where(np.isfinite(curve.y), curve.y, np.nan)  # infinities are gaps
    dots = hv.Scatter((curve.x, heights), kdim, vdim, label=label)
    if curve.form == "marks":
        return [dots.opts(color=curve.colour, marker="triangle", size=8, framewise=True)]
    if curve.rough:
        return [dots.opts(color=curve.colour, size=2, framewise=True)]
    one = hv.Curve((curve.x, heights), kdim, vdim, label=label)
    dash = "dashed" if curve.form == "dashed" else "solid"
    one.opts(color=curve.colour, line_width=_WIDE[curve.form], line_dash=dash, framewise=True)
    if curve.form == "line" and (np.isfinite(curve.y).sum() <= 2 or len(curve.x) <= 12):
        return [one, dots.opts(color=curve.colour, size=7 if first else 5, framewise=True)]
    lone = _lone(heights)
    if lone.any():  # between two gaps there is no line
        alone = hv.Scatter((curve.x[lone], heights[lone]), kdim, vdim, label=label)
        return [one, alone.opts(color=curve.colour, size=2 * _WIDE[curve.form], framewise=True)]
    return [one]


def _lone(heights: np.ndarray) -> np.ndarray:
    """Which points of a curve have a gap on both sides."""
    there = np.concatenate([[False], np.isfinite(heights), [False]])
    lone: np.ndarray = there[1:-1] & ~there[:-2] & ~there[2:]
    return lone


def _ruled(panel: Panel, rule: Rule, kdim: hv.Dimension, vdim: hv.Dimension) -> list[hv.Element]:
    """A dashed line over the panel's whole width, its words at one end."""
    ends = [(float(curve.x.min()), float(curve.x.max())) for curve in panel.curves if len(curve.x)]
    if not ends:
        return []
    left, right = min(low for low, _ in ends), max(high for _, high in ends)
    line = hv.Curve([(left, rule.height), (right, rule.height)], kdim, vdim).opts(**_RULE, framewise=True)
    end = left if rule.side == "left" else right
    text = hv.Labels([(end, rule.height, plain(rule.words, 60))], [kdim, vdim], "words")
    text.opts(text_align=rule.side, text_baseline="top" if rule.below else "bottom", **_WORDS)
    return [line, text]
