"""Lines on pixels, cut into dashes."""

from __future__ import annotations

import numpy as np


def dashed(x: np.ndarray, y: np.ndarray, on: float = 13.0, off: float = 7.0) -> tuple[np.ndarray, np.ndarray]:
    """The same curve with gaps: points along it, and missing numbers where a gap is; gaps of its own stay.

    >>> x, _ = dashed(np.array([0.0, 40.0]), np.array([0.0, 0.0]), on=10.0, off=10.0)
    >>> float(np.isfinite(x).mean().round(1))
    0.5
    """
    made = []
    good = np.isfinite(x) & np.isfinite(y)
    borders = np.flatnonzero(np.diff(np.concatenate([[False], good, [False]]).astype(int)))
    for first, last in zip(borders[::2], borders[1::2], strict=True):
        part = np.stack([x[first:last], y[first:last]])
        way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(part, axis=1)))])
        at = np.unique(np.concatenate([way, np.arange(0.0, way[-1], 1.0)]))
        points = np.stack([np.interp(at, way, row) for row in part])
        points[:, at % (on + off) > on] = np.nan
        made += [points, np.full((2, 1), np.nan)]
    if not made:
        return x, y
    whole = np.concatenate(made, axis=1)
    return whole[0], whole[1]
