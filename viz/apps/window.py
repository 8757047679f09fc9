"""The browser's window: its size, which the picture takes as far as the rest of the page leaves room."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import panel as pn
from bokeh.models import CustomJS, TextInput

_NARROW, _LOW = 1280, 800  # the window in which the page has its smallest picture
_STEP = 20  # pixels: the picture is not drawn anew for less
_LARGEST = 8000
_SAID = re.compile(r"^(\d{1,6}) (\d{1,6})$")

# A window that is being drawn larger changes its size many times; the last one counts.
_TELL = """
const tell = () => { size.value = `${window.innerWidth} ${window.innerHeight}` }
let later = 0
window.addEventListener("resize", () => { clearTimeout(later); later = setTimeout(tell, 300) })
tell()
"""


def spare(said: str) -> tuple[int, int]:
    """By how many pixels a window is wider and higher than the smallest page; what a browser sends may be
    anything.

    >>> spare("2560 1440"), spare("800 600"), spare("wide")
    ((1280, 640), (0, 0), (0, 0))
    """
    sizes = _SAID.match(said)
    if sizes is None:
        return 0, 0
    wide, high = (min(int(size), _LARGEST) for size in sizes.groups())
    return max(wide - _NARROW, 0) // _STEP * _STEP, max(high - _LOW, 0) // _STEP * _STEP


class Window:
    """An unseen part of the page. `changed` is called with the spare pixels when it opens and later."""

    def __init__(self, changed: Callable[[int, int], None]) -> None:
        self._size = TextInput(visible=False)
        self._size.on_change("value", lambda attribute, old, new: changed(*spare(new)))

    def part(self, document: Any) -> pn.pane.Bokeh:
        """What has to be on the page, which tells its size from now on."""
        document.js_on_event("document_ready", CustomJS(args={"size": self._size}, code=_TELL))
        return pn.pane.Bokeh(self._size, width=0, height=0, margin=0)
