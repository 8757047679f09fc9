"""A sheet to draw on: text that is measured before it is written, frames with ticks, curves with soft edges.

Pictures drawn here look the same on every machine: the letters come with the package. Importing this
takes 20 ms.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

INK = (28, 35, 48)
SOFT = (88, 96, 110)
HAIR = (214, 218, 224)
PAPER = (255, 255, 255)

_FONTS = Path(__file__).parent / "fonts"
_SOFTEN = 3  # curves are drawn this many times larger and shrunk

Box = tuple[int, int, int, int]


@functools.cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """The letters of the package at a size in pixels."""
    name = "DejaVuSansCondensed-Bold.ttf" if bold else "DejaVuSansCondensed.ttf"
    return ImageFont.truetype(str(_FONTS / name), size, layout_engine=ImageFont.Layout.BASIC)


def clean(words: str, most: int = 400) -> str:
    """Text on one line: no control characters, not too long."""
    flat = "".join(letter if letter.isprintable() else " " for letter in words)
    return flat if len(flat) <= most else flat[: most - 1] + "…"


def width(words: str, size: int, bold: bool = False) -> int:
    """How many pixels a line of text takes."""
    return int(font(size, bold).getlength(words) + 0.999)


def wrapped(words: str, size: int, room: int, lines: int, bold: bool = False) -> list[str]:
    """Text broken into at most so many lines of at most so many pixels; the rest becomes an ellipsis."""
    broken, line = [], ""
    for word in clean(words, 2000).split():
        trial = f"{line} {word}".strip()
        if line and width(trial, size, bold) > room:
            broken.append(line)
            line = word
        else:
            line = trial
    broken = [fitted(part, size, room, bold) for part in [*broken, line] if part]
    if len(broken) > lines:
        broken = [*broken[: lines - 1], fitted(broken[lines - 1] + " …", size, room, bold)]
    return broken


def stacked(words: str, size: int, room: int) -> list[str]:
    """A name broken after spaces and underscores into lines of at most so many pixels, none of it lost but
    what is wider alone.

    >>> stacked("largest_lyapunov_exponent", 19, 130)
    ['largest_', 'lyapunov_', 'exponent']
    """
    lines: list[str] = []
    for part in re.findall(r"\[[^]]*\]|[^_\s]*[_\s]?", clean(words)):  # a unit stays whole
        if lines and width((lines[-1] + part).strip(), size) <= room:
            lines[-1] += part
        elif part:
            lines.append(part)
    return [fitted(line.strip(), size, room) for line in lines]


def fitted(words: str, size: int, room: int, bold: bool = False) -> str:
    """A line of text, cut with an ellipsis where it is wider than the room."""
    if width(words, size, bold) <= room:
        return words
    while words and width(words + "…", size, bold) > room:
        words = words[:-1]
    return words + "…"


class Sheet:
    """A white picture with text and frames on it, in pixels from the upper left corner."""

    def __init__(self, columns: int, rows: int) -> None:
        self.image = Image.new("RGB", (columns, rows), PAPER)
        self.draw = ImageDraw.Draw(self.image)

    def write(
        self,
        x: float,
        y: float,
        words: str,
        size: int,
        *,
        anchor: str = "la",
        bold: bool = False,
        colour: tuple[int, int, int] = INK,
    ) -> None:
        """One line of text; `anchor` as in Pillow (l, m, r and a, m, s, d)."""
        self.draw.text((x, y), words, font=font(size, bold), fill=colour, anchor=anchor)

    def write_upwards(self, x: int, middle: int, words: str, size: int) -> None:
        """One line of text that runs upwards, its left side at `x`."""
        columns, rows = width(words, size) + 4, size + 10
        strip = Image.new("L", (columns, rows), 0)
        ImageDraw.Draw(strip).text((2, rows // 2), words, font=font(size), fill=255, anchor="lm")
        turned = strip.rotate(90, expand=True)
        self.image.paste(INK, (x, middle - columns // 2), turned)

    def frame(self, box: Box) -> None:
        """A thin frame around a box."""
        self.draw.rectangle(box, outline=SOFT, width=1)

    def ticks_below(
        self, box: Box, place: Callable[[float], float], ticks: Sequence[tuple[float, str]], size: int
    ) -> None:
        """Marks and numbers under a box; those that would touch the one before are left out."""
        free = float("-inf")
        for value, words in ticks:
            at = place(value)
            if not box[0] - 1 <= at <= box[2] + 1:
                continue
            self.draw.line([(at, box[3]), (at, box[3] + 6)], fill=SOFT)
            short = fitted(clean(words), size, 190)
            half = width(short, size) / 2
            at = min(at, self.image.width - half - 4)  # the last number is not cut at the edge of the sheet
            if at - half > free:
                self.write(at, box[3] + 10, short, size, anchor="ma")
                free = at + half + 8

    def ticks_left(
        self, box: Box, place: Callable[[float], float], ticks: Sequence[tuple[float, str]], size: int
    ) -> None:
        """Marks and numbers left of a box, likewise."""
        taken: list[float] = []
        for value, words in ticks:
            at = place(value)
            if not box[1] - 1 <= at <= box[3] + 1:
                continue
            self.draw.line([(box[0] - 6, at), (box[0], at)], fill=SOFT)
            if all(abs(at - other) > size * 1.1 for other in taken):
                self.write(box[0] - 11, at, fitted(clean(words), size, 190), size, anchor="rm")
                taken.append(at)

    def rule(self, box: Box, at: float, words: str, size: int, *, left: bool, below: bool) -> None:
        """A dashed line across a box, with words above or below one of its ends."""
        if not box[1] <= at <= box[3]:
            return
        for dash in range(box[0], box[2], 12):
            self.draw.line([(dash, at), (min(dash + 6, box[2]), at)], fill=SOFT)
        place = (box[0] + 8 if left else box[2] - 6, at + 4 if below else at - 2)
        anchor = ("l" if left else "r") + ("a" if below else "d")
        short = fitted(clean(words), size, box[2] - box[0])
        self.draw.text(
            place, short, font=font(size), fill=INK, anchor=anchor, stroke_width=3, stroke_fill=PAPER
        )

    def triangles(self, x: np.ndarray, y: np.ndarray, colour: str, reach: float = 5.5) -> None:
        """Marks that point upward, for what lies beyond."""
        for across, up in zip(x.tolist(), y.tolist(), strict=True):
            corners = [(across - reach, up + reach), (across + reach, up + reach), (across, up - reach)]
            self.draw.polygon(corners, fill=colour)

    def curves(self, box: Box, drawn: Sequence[tuple[np.ndarray, np.ndarray, str, float]]) -> None:
        """Curves in pixels of the sheet (x, y, colour, thickness), cut at the box; gaps where a number is
        missing, a dot for a lone one.
        """
        columns, rows = box[2] - box[0], box[3] - box[1]
        large = Image.new("RGB", (columns * _SOFTEN, rows * _SOFTEN), PAPER)
        pen = ImageDraw.Draw(large)
        for x, y, colour, thick in drawn:
            points = np.stack([(x - box[0]) * _SOFTEN, (y - box[1]) * _SOFTEN], axis=1)
            for part in runs(points):
                if len(part) == 1:
                    reach = thick * _SOFTEN
                    pen.ellipse(
                        [part[0][0] - reach, part[0][1] - reach, part[0][0] + reach, part[0][1] + reach],
                        fill=colour,
                    )
                else:
                    pen.line(
                        [tuple(point) for point in part.tolist()],
                        fill=colour,
                        width=round(thick * _SOFTEN),
                        joint="curve",
                    )
        self.image.paste(large.resize((columns, rows), Image.Resampling.LANCZOS), box[:2])


def runs(points: np.ndarray) -> list[np.ndarray]:
    """Runs of points without a missing number; far away ones are brought near, where they are still out
    of sight.
    """
    good = np.isfinite(points).all(axis=1)
    points = np.clip(np.where(np.isfinite(points), points, 0.0), -1e5, 1e5)
    borders = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(int)))
    return [points[start:stop] for start, stop in zip(borders[::2], borders[1::2], strict=True)]
