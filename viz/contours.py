"""Where a field over a grid crosses a height: the segments of its contour, cell by cell."""

from __future__ import annotations

import numpy as np


def contour(
    x: np.ndarray, y: np.ndarray, values: np.ndarray, height: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """The contour of values (y, x) at a height, as segments with a gap (NaN) after each.

    Every square of four centres is entered and left through its sides, where the values between two corners
    cross the height; the square whose sides all cross has two segments. Squares with a missing corner have
    none.

    >>> contour(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([[-1.0, 3.0], [-1.0, 3.0]]))[0][:2]
    array([0.25, 0.25])
    """
    corners = values[:-1, :-1], values[:-1, 1:], values[1:, 1:], values[1:, :-1]
    across, up = np.meshgrid(np.arange(len(x) - 1), np.arange(len(y) - 1))
    places = [(across, up), (across + 1, up), (across + 1, up + 1), (across, up + 1)]
    whole = np.isfinite(values)
    sound = whole[:-1, :-1] & whole[:-1, 1:] & whole[1:, 1:] & whole[1:, :-1]
    sides = []
    for k in range(4):
        a, b = corners[k] - height, corners[(k + 1) % 4] - height
        crossed = sound & ((a > 0.0) != (b > 0.0))
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(crossed, a / (a - b), 0.0)
        (i, j), (i2, j2) = places[k], places[(k + 1) % 4]
        sides.append((crossed, x[i] + share * (x[i2] - x[i]), y[j] + share * (y[j2] - y[j])))
    lines: list[tuple[np.ndarray, np.ndarray]] = []
    count = sum(crossed.astype(int) for crossed, _, _ in sides)
    for first in range(4):
        for second in range(first + 1, 4):
            (a, ax, ay), (b, bx, by) = sides[first], sides[second]
            drawn = a & b & ((count == 2) | ((count == 4) & ((first, second) in ((0, 1), (2, 3)))))
            gap = np.full(int(drawn.sum()), np.nan)
            lines.append(
                (
                    np.stack([ax[drawn], bx[drawn], gap], axis=1).ravel(),
                    np.stack([ay[drawn], by[drawn], gap], axis=1).ravel(),
                )
            )
    return np.concatenate([line[0] for line in lines]), np.concatenate([line[1] for line in lines])


def crossings(
    x: np.ndarray, edges: np.ndarray, values: np.ndarray, height: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Where each row of values (rows, x) crosses a height, as upright segments from edge to edge of its row,
    with a gap (NaN) after each.

    >>> crossings(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([[-1.0, 3.0]]))[1][:2]
    array([0., 1.])
    """
    a, b = values[:, :-1] - height, values[:, 1:] - height
    crossed = np.isfinite(a) & np.isfinite(b) & ((a > 0.0) != (b > 0.0))
    row, column = np.nonzero(crossed)
    share = a[crossed] / (a[crossed] - b[crossed])
    place = x[column] + share * (x[column + 1] - x[column])
    gap = np.full(len(place), np.nan)
    across = np.stack([place, place, gap], axis=1).ravel()
    return across, np.stack([edges[row], edges[row + 1], gap], axis=1).ravel()
