"""The colours of a picture with round numbers beside them, as pixels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from viz import palettes
from viz.canvas import SOFT, Box, Sheet, clean, fitted, stacked
from viz.scales import Scale

TICK, KEY = 19, 17


def colour_bar(
    sheet: Sheet,
    label: str,
    scale: Scale,
    palette: str,
    box: Box,
    right: int,
    keys: Sequence[tuple[tuple[int, int, int], str]] = (),
) -> None:
    """A strip of the palette from the scale's low end to its high one, its label above; `keys`: colours
    outside the scale and their words, below.
    """
    title = stacked(label, TICK, right + 20 - box[0])
    below = 34 + (TICK + 5) * (len(title) - 1)
    rows = box[3] - box[1] - below - 30 * len(keys)
    bar = (box[0], box[1] + below, box[2], box[1] + below + rows)
    for i, line in enumerate(title):
        sheet.write(box[0], box[1] - 2 + (TICK + 5) * i, line, TICK)
    table = palettes.table(palette)[::-1]
    strip = table[np.clip((np.arange(rows) * 256) // max(rows, 1), 0, 255)]
    sheet.image.paste(Image.fromarray(np.repeat(strip[:, None], bar[2] - bar[0], axis=1)), bar[:2])
    sheet.frame(bar)
    for value, words in scale.ticks(8):
        at = bar[3] - float(scale.unit(np.array(value))) * (bar[3] - bar[1])
        sheet.draw.line([(bar[2], at), (bar[2] + 6, at)], fill=SOFT)
        sheet.write(bar[2] + 11, at, words, TICK, anchor="lm")
    for i, (colour, words) in enumerate(keys):
        at = bar[3] + 14 + 30 * i
        sheet.draw.rectangle((bar[0], at, bar[2], at + 16), fill=colour, outline=SOFT)
        sheet.write(bar[2] + 11, at + 8, fitted(clean(words), KEY, right + 20 - bar[2]), KEY, anchor="lm")
