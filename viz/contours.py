"""Lines along which a field on a grid is zero, by marching squares."""

from __future__ import annotations

import numpy as np


def zero(x: np.ndarray, y: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The zero line of `values` (y, x) as short pieces with NaN between them; none through missing values.

    On each side of a square where the sign changes a place is found by a straight line; a square with four
    such places has two pieces.

    >>> x, y = zero(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([[-1.0, 1.0], [-1.0, 1.0]]))
    >>> x[:2].tolist(), y[:2].tolist()
    ([0.5, 0.5], [0.0, 1.0])
    """
    corners = np.stack([values[:-1, :-1], values[:-1, 1:], values[1:, 1:], values[1:, :-1]])
    xs = np.stack(np.broadcast_arrays(x[None, :-1], x[None, 1:], x[None, 1:], x[None, :-1]))
    ys = np.stack(np.broadcast_arrays(y[:-1, None], y[:-1, None], y[1:, None], y[1:, None]))
    xs, ys = np.broadcast_to(xs, corners.shape), np.broadcast_to(ys, corners.shape)
    ahead = (np.roll(part, -1, axis=0) for part in (corners, xs, ys))
    next_values, next_x, next_y = ahead
    crossed = (corners < 0) != (next_values < 0)
    crossed &= np.isfinite(corners).all(axis=0)
    with np.errstate(all="ignore"):
        share = corners / (corners - next_values)
        place_x, place_y = xs + share * (next_x - xs), ys + share * (next_y - ys)
    found: list[np.ndarray] = []
    for sides in ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)):
        only = crossed[list(sides)].all(axis=0) & (crossed.sum(axis=0) == 2)
        both = (crossed.sum(axis=0) == 4) & (sides in ((0, 1), (2, 3)))
        which = only | both
        a, b = sides
        gap = np.full(int(which.sum()), np.nan)
        found.append(
            np.stack(
                [
                    np.stack([place_x[a][which], place_x[b][which], gap], axis=1).ravel(),
                    np.stack([place_y[a][which], place_y[b][which], gap], axis=1).ravel(),
                ]
            )
        )
    every = np.concatenate(found, axis=1)
    return every[0], every[1]
