"""What a fixed point can be, by the eigenvalues of the Jacobian there: always a matter of their moduli.

A multiplier below -1 is as unstable as one above 1; lectures that ask for f' > 1 miss those.
"""

import numpy as np

STABILITY = {
    -1: "none",
    0: "undecided",
    1: "sink",
    2: "alternating_sink",
    3: "source",
    4: "alternating_source",
    5: "neutral",
    6: "saddle",
    7: "stable_focus",
    8: "unstable_focus",
    9: "saddle_focus",
    10: "slow_point",
    11: "continuum",
}
COMPLETENESS = {1: "exact", 2: "searched", 3: "undecided", 4: "continuum"}
EXACT, SEARCHED, UNDECIDED, CONTINUUM = 1, 2, 3, 4
SLOW, CONTINUUM_FLAG = 10, 11
NEUTRAL = 1e-9  # |modulus - 1| up to which an eigenvalue counts as neutral, and two moduli as equal


def of_multiplier(multiplier: np.ndarray) -> np.ndarray:
    """The flag of each multiplier of a map of one number; -1 where it is NaN.

    >>> of_multiplier(np.array([0.5, -0.5, 1.6, -1.5, 1.0, np.nan])).tolist()
    [1, 2, 3, 4, 5, -1]
    """
    size = np.abs(multiplier)
    kind = np.where(size < 1.0, 1, 3) + (multiplier < 0.0)
    kind = np.where(np.abs(size - 1.0) <= NEUTRAL, 5, kind)
    return np.where(np.isnan(multiplier), -1, kind)


def of_eigenvalues(eigenvalues: np.ndarray) -> np.ndarray:
    """The flag of each row of eigenvalues (..., n); -1 where one is NaN.

    A focus is where the eigenvalue nearest to the unit circle, inside or outside, is complex: it decides how
    orbits near the point arrive or leave. Where several are equally near (a ring of units), one is enough:
    which of them rounding makes the nearest says nothing.

    >>> of_eigenvalues(np.array([[0.5, 0.2], [2.0, 0.5], [0.5 + 0.5j, 0.5 - 0.5j]])).tolist()
    [1, 6, 7]
    >>> of_eigenvalues(0.9 * np.array([[1, 1j, -1, -1j]])).tolist()
    [7]
    """
    size = np.abs(eigenvalues)
    turning = np.abs(eigenvalues.imag) > 1e-9 * np.maximum(size, 1e-300)
    inside, outside = size < 1.0, size > 1.0
    slow = np.where(inside, size, -np.inf).max(axis=-1, keepdims=True) * (1.0 - NEUTRAL)
    mild = np.where(outside, size, np.inf).min(axis=-1, keepdims=True) * (1.0 + NEUTRAL)
    slowest = (turning & inside & (size >= slow)).any(axis=-1)
    mildest = (turning & outside & (size <= mild)).any(axis=-1)
    kind = np.select(
        [inside.all(axis=-1), outside.all(axis=-1)],
        [np.where(slowest, 7, 1), np.where(mildest, 8, 3)],
        np.where(slowest | mildest, 9, 6),
    )
    kind = np.where((np.abs(size - 1.0) <= NEUTRAL).any(axis=-1), 5, kind)
    return np.where(np.isnan(size).any(axis=-1), -1, kind)


def listed(
    cell: np.ndarray, cells: int, most: int, columns: dict[str, tuple[np.ndarray, float]]
) -> dict[str, np.ndarray]:
    """Tables (cells, most, ...) of points that stand in order, a cell's points one after another.

    `cell` (points,) says whose a point is; each column has a number or an array a point, and what stands
    where there is none. Points beyond `most` are left out.
    """
    first = np.searchsorted(cell, np.arange(cells))
    rank = np.arange(len(cell)) - first[cell]
    kept = rank < most
    tables = {}
    for name, (values, nothing) in columns.items():
        table = np.full((cells, most, *values.shape[1:]), nothing, dtype=values.dtype)
        table[cell[kept], rank[kept]] = values[kept]
        tables[name] = table
    return tables
