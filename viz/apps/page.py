"""The look of the page: colours, letters and the few blocks of HTML; the only door for markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import panel as pn

from viz import keys
from viz.escape import Markup, esc, html, joined

INK, SOFT, ACCENT, PAPER, LINE = "#1c2330", "#5d6675", "#0f6b75", "#f6f5f1", "#dfe2e6"
FONT = 'ui-sans-serif, system-ui, "Segoe UI", "Liberation Sans", "DejaVu Sans", sans-serif'

PAGE_CSS = f"""
html, body {{ margin: 0; background: {PAPER}; color: {INK}; font-family: {FONT}; }}
body {{ min-height: 100vh; }}
:root {{ --panel-primary-color: {ACCENT}; --design-primary-color: {ACCENT}; }}
"""

BLOCK_CSS = f"""
:host {{ font-family: {FONT}; color: {INK}; font-size: 15px; line-height: 1.45; }}
h1 {{
  font-size: 22px; line-height: 1.25; margin: 0; font-weight: 650; letter-spacing: -0.01em;
  overflow-wrap: anywhere;
}}
h2 {{
  font-size: 12px; margin: 0; font-weight: 650; letter-spacing: 0.07em; text-transform: uppercase;
  color: {SOFT};
}}
p {{ margin: 0; overflow-wrap: anywhere; }}
.brand {{ font-size: 21px; font-weight: 700; letter-spacing: -0.02em; color: {ACCENT}; }}
.brand small {{ display: block; font-size: 12.5px; font-weight: 400; letter-spacing: 0; color: {SOFT}; }}
.soft {{ color: {SOFT}; }}
.caption {{ color: {SOFT}; font-size: 14.5px; max-width: 1100px; }}
.keys {{ color: {SOFT}; font-size: 14px; margin-bottom: 4px; }}
{keys.CSS}
.line {{ display: flex; justify-content: space-between; align-items: center; gap: 18px; }}
.badge {{
  font-size: 13px; padding: 3px 11px; border-radius: 99px; background: #e3eeee; color: {ACCENT};
  white-space: nowrap;
}}
.badge.running {{ background: #fdf0d8; color: #8a5a00; }}
.badge.failed, .badge.damaged, .badge.interrupted {{ background: #fbe3df; color: #9c2f1f; }}
.bar {{ height: 5px; border-radius: 3px; background: {LINE}; margin-top: 8px; overflow: hidden; }}
.bar i {{ display: block; height: 100%; background: #d69210; border-radius: 3px; }}
.big {{
  font-size: 30px; font-weight: 600; letter-spacing: -0.02em; line-height: 1.2; font-variant-
  numeric: tabular-nums;
}}
.fault {{
  border-left: 4px solid #b4412f; background: #fff5f2; padding: 14px 18px; border-radius: 4px;
  max-width: 640px;
}}
.fault b {{ display: block; margin-bottom: 4px; }}
.word {{
  border-left: 4px solid #d69210; background: #fdf6e7; padding: 8px 14px; border-radius: 4px;
  font-size: 14px;
}}
.slider {{ font-size: 13.5px; }}
.plot b {{ font-size: 14px; font-weight: 600; }}
table {{ border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; width: 100%; }}
td {{ padding: 1.5px 0; vertical-align: top; overflow-wrap: anywhere; }}
td:first-child {{ color: {SOFT}; padding-right: 14px; }}
td:last-child {{ text-align: right; max-width: 180px; overflow-wrap: break-word; }}
"""

WIDGET_CSS = f"""
:host {{ font-family: {FONT}; font-size: 14.5px; color: {INK}; }}
.bk-input, select, input {{ font-size: 14.5px; font-family: {FONT}; color: {INK}; }}
label, .bk-slider-title {{ font-size: 13px; color: {SOFT}; font-family: {FONT}; }}
.noUi-connect {{ background: {ACCENT} !important; }}
"""

CARD = {"background": "white", "border": f"1px solid {LINE}", "border-radius": "10px"}


def block(markup: Markup, **layout: Any) -> pn.pane.HTML:
    """A pane of markup; text from files has been escaped on its way into `Markup`, anything else too."""
    return pn.pane.HTML(
        str(esc(markup)), stylesheets=[BLOCK_CSS], **layout
    )  # the one raw sink, fed with Markup only


def put(pane: pn.pane.HTML, markup: Markup) -> None:
    """Change what a block shows."""
    pane.object = str(esc(markup))


def fault(what: object, why: object) -> Markup:
    """A named card for something that cannot be shown."""
    return html("div", html("b", what), html("p", why), cls="fault")


def word(*lines: object) -> Markup:
    """A quiet word to the reader, for example about an address that could not be understood."""
    return html("div", *(html("p", line) for line in lines), cls="word") if lines else Markup("")


def table(rows: Mapping[str, object]) -> Markup:
    """Names and values in two columns."""
    return html("table", *(html("tr", html("td", name), html("td", value)) for name, value in rows.items()))


def heading(title: object, badge: object, state: str, share: float | None) -> Markup:
    """The title of a store, how far it is, and a bar while it grows."""
    top = html("div", html("h1", title), html("span", badge, cls=f"badge {state}"), cls="line")
    if share is None:
        return top
    bar = f'<div class="bar"><i style="width:{100 * min(max(share, 0.0), 1.0):.1f}%"></i></div>'
    return joined(top, Markup(bar))


def brand() -> Markup:
    """Who we are."""
    inner = joined("Separatrix", html("small", "recurrent networks as dynamical systems"))
    return html("div", inner, cls="brand")


def section(words: object) -> Markup:
    """A small heading over a group of widgets."""
    return html("h2", words)


def columns(choices: Sequence[Any], picture: Sequence[Any], card: Any) -> pn.Row:
    """The page: choices, the picture, the cell; below each other where the window is narrow."""
    left = pn.Column(block(brand(), margin=(0, 0, 14, 0)), *choices, width=214, margin=(20, 14, 20, 20))
    # it grows with the window but is not stretched: what is stretched does not wrap
    look = {**CARD, "padding": "14px 16px", "flex-grow": "1"}
    middle = pn.Column(*picture, width=680, margin=(14, 0, 14, 0), styles=look)
    return pn.Row(left, middle, card, margin=0, styles={"flex-wrap": "wrap", "width": "100%"})
