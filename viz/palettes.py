"""Colours that are told apart by everybody: a few anchors each, interpolated when asked for.

Sequential tables run from dark to light with a steady lightness, diverging ones have a light middle and
two hues that
stay apart for red-green blindness. Missing cells are grey, cells that never escaped near-black.

Sources: viridis, magma and cividis by S. van der Walt, N. Smith and J. Nuñez (CC0); RdBu and PuOr by C.
Brewer (ColorBrewer,
Apache-2.0).
"""

from __future__ import annotations

import functools
from typing import Literal

import numpy as np

from sim.errors import refuse

_ANCHORS = {
    "viridis": "440154 48186a 472d7b 424086 3b528b 33638d 2c728e 26828e 21918c"
    " 1fa088 28ae80 3fbc73 5ec962 84d44b addc30 d8e219 fde725",
    "magma": "000004 0a0822 1d1147 36106b 51127c 6a1c81 832681 9c2e7f b73779"
    " d0416f e75263 f56b5c fc8961 fea772 fec488 fde2a3 fcfdbf",
    "cividis": "00224e 002e6a 1a386f 32436d 434e6c 535a6d 61656f 6f7073 7d7c78"
    " 8c8878 9b9476 aba072 bcae6c cdbb63 dec958 f0d846 fee838",
    "blue_red": "053061 175290 2a71b2 3f8ec0 6bacd1 9bc9e0 c2ddec e0ecf3 f7f6f6"
    " fbe5d8 fbccb4 f5aa89 e48066 d05548 ba2832 930e26 67001f",
    "purple_orange": "2d004b 451871 5f3a91 7b6aa8 9990bf b7b1d5 cfcfe5 e4e5f0 f7f7f6"
    " fce8cd fed59f fdbc6b ee9b39 d97b12 bd6109 9e4c07 7f3b08",
    "dusk": "2b4c96 2f5a9c 36689f 3f76a6 4f86ad 6697b5 80aabf 9dbec8 bcd0d0"
    " dcdfd0 f0e0b8 f0ce8c eeb665 e39546 cf7236 b0502d 8a3327",
    "ink": "ffffff e6ecf0 cbd7e0 aec1d0 90aac0 7393b0 587d9f 41688e 2f557c"
    " 22446a 183659 112a4a 0c203c 09192f 071323 050d19 030810",
}
_ANCHORS["ink_on_white"] = " ".join(_ANCHORS["ink"].split()[3:])  # its palest is seen on white paper
SEQUENTIAL = ("viridis", "magma", "cividis", "dusk", "ink")
DIVERGING = ("blue_red", "purple_orange")
PALETTES = (*SEQUENTIAL, *DIVERGING)
Named = Literal["viridis", "magma", "cividis", "dusk", "ink", "blue_red", "purple_orange"]
Colours = Literal["auto", "viridis", "magma", "cividis", "dusk", "ink", "blue_red", "purple_orange"]

MISSING = (188, 190, 194)
"""Grey of a cell whose number is missing: pending, diverged, or outside a logarithm."""

NEVER = (14, 14, 22)
"""Near-black of a cell that never escaped: a result, not a hole."""

CURVES = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#cc79a7",
    "#b8860b",
    "#56b4e9",
    "#5b3a91",
    "#7a7a7a",
    "#a4262c",
    "#3c6e47",
)
"""Colours of curves: after Okabe and Ito (2008), darkened where the original is too pale for a line on
white."""

CLASSES = [
    "4477aa",
    "ee6677",
    "ccbb44",
    "228833",
    "66ccee",
    "aa3377",
    "ee8866",
    "777777",
    "44aa99",
    "ddaadd",
    "99ddff",
    "882255",
]
"""Colours of classes, in bands: after P. Tol (2021), told apart by everybody, also in print."""


@functools.cache
def table(palette: str, n: int = 256) -> np.ndarray:
    """The palette as `n` rows of red, green, blue (uint8); `classes7` has bands for seven classes.

    >>> table("blue_red").shape, table("viridis", 2).tolist()
    ((256, 3), [[68, 1, 84], [253, 231, 37]])
    """
    if palette.startswith("classes"):
        bands = np.array([_parts(CLASSES[i % len(CLASSES)]) for i in range(int(palette[7:]))], np.uint8)
        picked: np.ndarray = bands[np.minimum(np.arange(n) * len(bands) // n, len(bands) - 1)]
        picked.flags.writeable = False
        return picked
    if palette not in _ANCHORS:
        raise refuse("palette", f"{palette!r} is no palette; choose one of {', '.join(PALETTES)}")
    rows = np.array([_parts(word) for word in _ANCHORS[palette].split()], dtype=float)
    at = np.linspace(0, len(rows) - 1, n)
    columns = [np.interp(at, np.arange(len(rows)), rows[:, channel]) for channel in range(3)]
    rounded: np.ndarray = np.stack(columns, axis=1).round().astype(np.uint8)
    rounded.flags.writeable = False
    return rounded


def _parts(word: str) -> list[int]:
    """Red, green and blue of six hexadecimal digits."""
    return [int(word[i : i + 2], 16) for i in (0, 2, 4)]


def web(colour: tuple[int, int, int] | np.ndarray) -> str:
    """A colour as the web writes it.

    >>> web((14, 14, 22))
    '#0e0e16'
    """
    red, green, blue = (int(part) for part in colour)
    return f"#{red:02x}{green:02x}{blue:02x}"


def words(palette: str, n: int = 256) -> list[str]:
    """The palette as `n` web colours, dark to light."""
    return [web(row) for row in table(palette, n)]


def curve_colour(position: int) -> str:
    """The colour of the curve at this position; a label keeps its colour when others come or go."""
    return CURVES[position % len(CURVES)]
