"""Strings from sweep files and stores on their way to a page: escaped once, here.

Panel and Bokeh run script that stands in the text of 23 of their parts. Whatever comes from a file goes
through `esc`
before it becomes HTML; `html` builds markup from parts that are escaped unless they are markup already.
"""

from __future__ import annotations

import html as _html

_LONGEST = 2000


class Markup(str):
    """Text that is HTML already; only this file and constants of the page make it."""

    __slots__ = ()


def esc(words: object, most: int = _LONGEST) -> Markup:
    """Text as HTML that shows exactly this text: no tags, no control characters, not too long.

    >>> esc("<b>1 & 2</b>")
    '&lt;b&gt;1 &amp; 2&lt;/b&gt;'
    """
    if isinstance(words, Markup):
        return words
    shown = "".join(letter if letter.isprintable() or letter in "\n\u202f" else " " for letter in str(words))
    if len(shown) > most:
        shown = shown[: most - 1] + "…"
    return Markup(_html.escape(shown, quote=True))


def html(tag: str, *parts: object, cls: str = "") -> Markup:
    """An element around parts; parts are escaped, its class is ours.

    >>> html("p", "a < b", html("b", "c"), cls="note")
    '<p class="note">a &lt; b<b>c</b></p>'
    """
    named = f' class="{esc(cls)}"' if cls else ""
    return Markup(f"<{tag}{named}>{''.join(esc(part) for part in parts)}</{tag}>")


def joined(*parts: object) -> Markup:
    """Parts one after the other, each escaped unless it is markup already."""
    return Markup("".join(esc(part) for part in parts))


def plain(words: object, most: int = 200) -> str:
    """Text for places that show text as text (titles of plots, axis labels, options): no control
    characters, not too long.
    """
    shown = "".join(letter if letter.isprintable() or letter == "\u202f" else " " for letter in str(words))
    return shown if len(shown) <= most else shown[: most - 1] + "…"
