"""Where a function of one number jumps: bracketed on a coarse scan, then narrowed to neighbouring numbers.

A cliff of slope 1e11 is 1e-11 wide, and a grid of 400001 points sees nothing of it but a step. Each round
here cuts a bracket into eight and keeps a quarter: the part with the largest jump while the jump is not
explained by the slopes that are seen, then the surroundings of the largest slope. Twenty-five rounds reach
neighbouring numbers. All cells and all their cliffs are narrowed together.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

PARTS = 8  # of a bracket in one round
_SHRINK = PARTS / 2
_SURE = 1e-11  # of the values: a difference that is as large is no rounding
_BLURRED = 1e4  # spacings of numbers: the rounding of a state acts like a shift by about one

# values and slopes (cells, points) at points (cells, points); slopes are NaN where they are not known
Function = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


class Cliffs(NamedTuple):
    """Of each cell (cells, most), by rising position: NaN where there are no more."""

    position: np.ndarray
    height: np.ndarray
    slope: np.ndarray
    resolved: np.ndarray  # whether neighbouring numbers still see less than a tenth of the jump


def rounds(low: float, high: float, scan: int) -> int:
    """How many rounds narrow a bracket of the scan down to neighbouring numbers."""
    finest = np.spacing(max(abs(low), abs(high)))
    return int(np.ceil(np.log(2.0 * (high - low) / (scan - 1) / finest) / np.log(_SHRINK))) + 1


@np.errstate(over="ignore", invalid="ignore")  # a loss that diverges is data: it is no cliff
def search(
    function: Function, cells: int, low: float, high: float, scan: int, most: int, steep: float
) -> Cliffs:
    """The steepest `most` cliffs of each cell: where |slope| is above `steep` times (range of the values) /
    (high - low). A function without any is no error: all are NaN.
    """
    x = np.broadcast_to(np.linspace(low, high, scan), (cells, scan))
    L, g = function(x)
    L = np.where(np.isfinite(L), L, np.nan)
    spread = np.max(np.where(np.isnan(L), -np.inf, L), 1) - np.min(np.where(np.isnan(L), np.inf, L), 1)
    spread = np.where(np.isfinite(spread), spread, 0.0)
    threshold = steep * spread / (high - low)
    dx = (high - low) / (scan - 1)
    size = _sizes(L, g, dx)
    peak = np.ones(size.shape, bool)
    peak[:, 1:] &= size[:, 1:] >= size[:, :-1]
    peak[:, :-1] &= size[:, :-1] > size[:, 1:]
    chosen = np.argsort(np.where(peak, -size, np.inf), axis=1, kind="stable")[:, :most]
    usable = np.take_along_axis(peak & (size > 0.0), chosen, 1) & (spread > 0.0)[:, None]
    start = low + chosen * dx
    position, slope, resolved = _narrowed(function, start, start + dx, (low, high), rounds(low, high, scan))
    height = _heights(L, chosen, threshold[:, None] * dx)
    good = usable & (np.abs(slope) >= threshold[:, None]) & _first_of_each(position, slope, 0.5 * dx)
    order = np.argsort(np.where(good, position, np.inf), axis=1, kind="stable")
    good = np.take_along_axis(good, order, 1)
    position, height, slope = (
        np.where(good, np.take_along_axis(values, order, 1), np.nan) for values in (position, height, slope)
    )
    return Cliffs(position, height, slope, np.take_along_axis(resolved, order, 1) & good)


def _sizes(L: np.ndarray, g: np.ndarray, width: np.ndarray | float) -> np.ndarray:
    """Of each part between two points: the jump, or what the slopes at its ends say it may hide."""
    jump = np.abs(np.diff(L, axis=-1))
    ends = np.abs(g) * width
    size = np.fmax(jump, np.fmax(ends[..., 1:], ends[..., :-1]))
    return np.where(np.isfinite(size), size, 0.0)


def _narrowed(
    function: Function, a: np.ndarray, b: np.ndarray, limits: tuple[float, float], count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the slope is largest in each bracket (cells, most), that slope, and whether it was resolved."""
    cells, most = a.shape
    low, high = limits
    share = np.linspace(0.0, 1.0, PARTS + 1)
    margin = 0.5 * (b - a)
    a, b = np.maximum(a - margin, low), np.minimum(b + margin, high)
    position, slope = 0.5 * (a + b), np.zeros(a.shape)
    whole, last, centre = np.zeros(a.shape), np.zeros(a.shape), position
    for round_ in range(count):
        x = a[..., None] + (b - a)[..., None] * share
        L, g = (v.reshape(cells, most, -1) for v in function(x.reshape(cells, -1)))
        width = np.diff(x, axis=-1)
        with np.errstate(all="ignore"):
            rise = np.diff(L, axis=-1) / width
            rise = np.where(np.isfinite(rise), rise, 0.0)
        jump = np.where(np.isfinite(np.diff(L, axis=-1)), np.abs(np.diff(L, axis=-1)), 0.0)
        sure = np.abs(np.diff(L, axis=-1)) > _SURE * np.max(np.abs(L), axis=-1, initial=0.0)[..., None]
        rise = np.where(sure, rise, 0.0)
        if np.isnan(g).all():  # only differences are known: those of parts that rounding does not blur
            wide = width > _BLURRED * np.spacing(np.abs(x[..., 1:]))
            at, seen = 0.5 * (x[..., 1:] + x[..., :-1]), np.where(wide, rise, 0.0)
        else:
            at, seen = x, np.where(np.isfinite(g), g, 0.0)
        best = np.argmax(np.abs(seen), axis=-1)[..., None]
        here, steepest = (np.take_along_axis(v, best, -1)[..., 0] for v in (at, seen))
        better = np.abs(steepest) > np.abs(slope)
        position, slope = np.where(better, here, position), np.where(better, steepest, slope)
        j = np.argmax(jump, axis=-1)[..., None]
        last = np.take_along_axis(jump, j, -1)[..., 0]
        whole = last if round_ == 0 else whole
        unexplained = last > 2.0 * np.abs(slope) * np.take_along_axis(width, j, -1)[..., 0]
        middle = np.take_along_axis(0.5 * (x[..., 1:] + x[..., :-1]), j, -1)[..., 0]
        centre = np.where(unexplained, middle, position)
        part = np.maximum((b - a) / PARTS, np.spacing(np.abs(centre)))
        a, b = np.maximum(centre - part, low), np.minimum(centre + part, high)
    resolved = last < 0.1 * whole
    sharpest = np.take_along_axis(rise, np.argmax(np.abs(rise), axis=-1)[..., None], -1)[..., 0]
    bound = ~resolved & (np.abs(sharpest) > np.abs(slope))
    return np.where(bound, centre, position), np.where(bound, sharpest, slope), resolved


def _heights(L: np.ndarray, chosen: np.ndarray, least: np.ndarray) -> np.ndarray:
    """The change over the stretch of the scan, around each part, in which every part changes by `least`."""
    steep = np.abs(np.nan_to_num(np.diff(L, axis=1))) >= least
    n = steep.shape[1]
    place = np.broadcast_to(np.arange(n), steep.shape)
    flat_before = np.maximum.accumulate(np.where(steep, -1, place), axis=1)
    flat_after = np.minimum.accumulate(np.where(steep, n, place)[:, ::-1], axis=1)[:, ::-1]
    first = np.minimum(np.take_along_axis(flat_before, chosen, 1) + 1, chosen)
    last = np.maximum(np.take_along_axis(flat_after, chosen, 1) - 1, chosen)
    return np.asarray(np.take_along_axis(L, last + 1, 1) - np.take_along_axis(L, first, 1))


def _first_of_each(position: np.ndarray, slope: np.ndarray, near: float) -> np.ndarray:
    """False where a steeper cliff (or an equal one before it) lies as near as that."""
    keep = np.ones(position.shape, bool)
    for i in range(position.shape[1]):
        for j in range(position.shape[1]):
            if i != j:
                steeper = (np.abs(slope[:, j]) > np.abs(slope[:, i])) | (
                    (slope[:, j] == slope[:, i]) & (j < i)
                )
                keep[:, i] &= ~(steeper & (np.abs(position[:, j] - position[:, i]) < near))
    return keep
