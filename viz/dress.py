"""How pictures in the browser are dressed: letters, tools, a quiet frame, numbers as a reader writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bokeh.models import BasicTicker, BasicTickFormatter, CustomJSTickFormatter

FONT = "ui-sans-serif, system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif"
SIZES = {"title": "15pt", "labels": "13pt", "ticks": "11pt", "legend": "11pt"}
TOOLS = ["pan", "wheel_zoom", "box_zoom", "reset", "save"]

# as many digits as tell a mark from the next one
_TICK = """
const size = Math.abs(tick)
const minus = (words) => words.replace("-", "−")
const steps = ticks.slice(1).map((other, i) => Math.abs(other - ticks[i])).filter((step) => step > 0)
const step = steps.length ? Math.min(...steps) : size
const needed = size ? Math.floor(Math.log10(size)) + 1 + Math.ceil(-Math.log10(step) - 1e-6) : 1
const digits = Math.min(Math.max(needed, 6), 17)
if (tick === 0 || (size >= 1e-3 && size < 1e5)) return minus(String(Number(tick.toPrecision(digits))))
if (needed > 4 && step >= 1 && size < 1e12)
  return minus(String(Math.round(tick)).replace(/\\B(?=(\\d{3})+$)/g, "\u202f"))
const [mantissa, exponent] = tick.toExponential(Math.min(Math.max(needed - 1, 3), 16)).split("e")
const raised = [...String(Number(exponent))].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("")
return minus(`${Number(mantissa)}·10${raised}`)
"""


def counting(across: bool, up: bool) -> Callable[[Any, Any], None]:
    """A hook that keeps marks to whole numbers along the axes where everything stands at such."""

    def dress(plot: Any, _: Any) -> None:
        sides = [
            axis
            for wanted, axes in ((across, plot.state.xaxis), (up, plot.state.yaxis))
            if wanted
            for axis in axes
        ]
        for axis in sides:
            if type(axis.ticker) is BasicTicker:
                axis.ticker = BasicTicker(min_interval=1)

    return dress


def tidy(plot: Any, _: Any) -> None:
    """What HoloViews has no option for: fonts and a quiet frame."""
    figure = plot.state
    figure.title.update(text_font=FONT, text_font_style="bold", text_color="#1c2330")
    figure.outline_line_color = "#8a919c"
    figure.toolbar.logo = None
    figure.min_border_right = 14
    for axis in (*figure.xaxis, *figure.yaxis):
        if isinstance(axis.formatter, BasicTickFormatter) and not axis.major_label_overrides:
            axis.formatter = CustomJSTickFormatter(code=_TICK)
        axis.update(
            axis_label_text_font=FONT,
            major_label_text_font=FONT,
            axis_label_text_font_style="normal",
            axis_label_text_color="#1c2330",
            major_label_text_color="#1c2330",
            axis_line_color=None,
            minor_tick_line_color=None,
            major_tick_line_color="#58606e",
            major_tick_in=0,
            axis_label_standoff=10,
        )
