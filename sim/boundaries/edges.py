"""Points on boundaries by bisection, many pairs at once, and edge tracking along them.

Source: J. Skufca, J. Yorke & B. Eckhardt, PRL 96 (2006) 174101, doi:10.1103/PhysRevLett.96.174101.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sim.boundaries.uncertainty import Label, labels_of
from sim.errors import refuse

_MOST = 1100  # halvings that take any pair of float64 together


def _pairs(label: Label, first: Any, second: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of points (n, d) and the labels of the first ones; refused where a pair has one label."""
    a, b = np.array(first, dtype=float, ndmin=2), np.array(second, dtype=float, ndmin=2)
    if a.shape != b.shape or a.ndim != 2 or not (np.isfinite(a) & np.isfinite(b)).all():
        raise refuse("first, second", f"shapes {a.shape} and {b.shape}; write two of finite points (n, d)")
    home, away = labels_of(label, a), labels_of(label, b)
    same = home == away
    if same.any():
        i = int(np.flatnonzero(same)[0])
        raise refuse(
            "first, second",
            f"no boundary between them: {int(same.sum())} of {len(a)} pairs have one label, first pair {i} "
            f"with label {home[i]}; write points of different labels",
        )
    return a, b, home


def bisect(label: Label, first: Any, second: Any, tolerance: float = 1e-12) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, d) on either side of a boundary, at most the tolerance apart, from pairs of different
    labels.

    Each pair keeps the label of its first point and any other; where rounding lets no point between them, it
    stays as near as float64 has it. Errors: Refused for pairs of one label. Cost: log2(distance / tolerance)
    labels a pair.
    """
    a, b, home = _pairs(label, first, second)
    return _closed(label, a, b, home, tolerance)


def _closed(
    label: Label, a: np.ndarray, b: np.ndarray, home: np.ndarray, tolerance: float
) -> tuple[np.ndarray, np.ndarray]:
    a, b = a.copy(), b.copy()
    for _ in range(_MOST):
        middle = 0.5 * a + 0.5 * b
        still = np.linalg.norm(a - b, axis=1) > tolerance
        still &= (middle != a).any(axis=1) & (middle != b).any(axis=1)
        if not still.any():
            break
        inside = np.zeros(len(a), dtype=bool)
        inside[still] = labels_of(label, middle[still]) == home[still]
        a[still & inside] = middle[still & inside]
        b[still & ~inside] = middle[still & ~inside]
    return a, b


class Edge(NamedTuple):
    """Where tracks along a boundary end: states (n, d), whether they have come to rest (n,), and the tracks.

    `track` (rounds + 1, n, d) holds the states after each bisection; one that is not at rest (a cycle,
    chaos on the edge, or a budget too small) is what the last rounds of its track show.
    """

    state: np.ndarray
    settled: np.ndarray
    track: np.ndarray


def track(
    advance: Callable[[np.ndarray], np.ndarray],
    label: Label,
    first: Any,
    second: Any,
    rounds: int = 200,
    near: float = 1e-10,
    rest: float = 1e-9,
) -> Edge:
    """Edge states: pairs on either side of a boundary are led along it, and brought together again each
    round.

    advance: states (n, d) after a while (a step of a map, a piece of a flow) for states (n, d). label: labels
    (n,) of points, that is where they lead. near: the distance to which pairs are bisected; rest: how far the
    middle of a pair may move in a round for its state to count as settled. Two points that part beyond recall
    within a round (one has left for its attractor) are bisected anew. Errors: Refused for pairs of one
    label. Cost: rounds x log2(distance / near) labels a pair.
    """
    a, b, home = _pairs(label, first, second)
    a, b = _closed(label, a, b, home, near)
    middles = [0.5 * (a + b)]
    for _ in range(rounds):
        a, b = np.asarray(advance(a), dtype=float), np.asarray(advance(b), dtype=float)
        a, b = _closed(label, a, b, labels_of(label, a), near)
        middles.append(0.5 * (a + b))
        if np.linalg.norm(middles[-1] - middles[-2], axis=1).max() == 0.0:
            break
    path = np.array(middles)
    moved = np.linalg.norm(path[-1] - path[-2], axis=1) if len(path) > 1 else np.full(len(a), np.inf)
    return Edge(path[-1], moved <= rest, path)
