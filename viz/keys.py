"""Colours outside the scale of a map that are in sight, with words: what never came, what is missing."""

from __future__ import annotations

import numpy as np

from viz import palettes
from viz.escape import Markup, html
from viz.scenes import Field, Scene

CSS = f"""
.keys span {{ margin-right: 1.2em; white-space: nowrap; }}
.keys i {{
  display: inline-block; width: 0.8em; height: 0.8em; margin-right: 0.4em; border: 1px solid #8a919c;
}}
.keys .never {{ background: {palettes.web(palettes.NEVER)}; }}
.keys .missing {{ background: {palettes.web(palettes.MISSING)}; }}
"""


def keys(field: Field, most: int = 60) -> list[tuple[tuple[int, int, int], str]]:
    """Such colours and their words, of at most so many letters."""
    found = []
    if field.never is not None and field.never.any():
        words = field.never_word
        short = "never" if words.startswith("never") else "none"
        found.append((palettes.NEVER, words if len(words) <= most else short))
    missing = np.isnan(field.scale.unit(field.values))
    if field.never is not None:
        missing &= ~field.never
    if field.empty == "grey" and missing.any():
        negative = field.scale.kind == "log" and bool((field.values[missing] < 0).all())
        why = set(field.codes[missing].tolist()) if field.codes is not None else set()
        word = field.meanings.get(int(why.pop()), "missing") if len(why) == 1 else "missing"
        found.append((palettes.MISSING, "negative" if negative else "missing" if word == "ok" else word))
    return found


def explained(scene: Scene | None) -> Markup:
    """The same for a page: words beside small squares of the colours; nothing where there are none."""
    found = keys(scene) if isinstance(scene, Field) else []
    names = {palettes.NEVER: "never", palettes.MISSING: "missing"}
    parts = [html("span", html("i", cls=names[colour]), word) for colour, word in found]
    return html("p", *parts, cls="keys") if parts else Markup("")
