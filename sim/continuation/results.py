"""What continuation hands back: branches in one keyword, curves in two, and the special points on them."""

from typing import NamedTuple

import numpy as np

_SAME = 1e-7  # of the size of states: how near the states of a cycle are taken as one

MEANINGS = {
    "fold": "two solutions meet and vanish: a multiplier is 1",
    "pitchfork": "a symmetric pair of solutions branches off: a multiplier is 1",
    "branch_point": "two branches cross: a multiplier is 1",
    "flip": "a cycle of twice the period begins: a multiplier is -1",
    "neimark_sacker": "an invariant circle begins: a pair of multipliers is on the unit circle",
    "cusp": "two curves of folds meet",
    "resonance_1_1": "two multipliers are 1",
    "resonance_1_2": "two multipliers are -1",
    "resonance_1_3": "the pair of multipliers is the third roots of unity",
    "resonance_1_4": "the pair of multipliers is i and -i",
    "generalised_flip": "a flip turns subcritical: a curve of folds of cycles of twice the period begins",
    "fold_flip": "one multiplier is 1, another -1",
}


class Special(NamedTuple):
    """A special point: its kind, its state, the values of the free keywords, its multipliers.

    `located`: whether Newton's method on the equations of its kind converged; else it is known as well as the
    points of its curve.
    """

    kind: str
    state: np.ndarray
    values: np.ndarray
    multipliers: np.ndarray
    period: int
    located: bool
    place: int  # which point of its branch or curve it is


class Branch(NamedTuple):
    """Fixed points or cycles along one keyword: states (m, n), values (m,), multipliers (m, n).

    `stable` (m,): all multipliers inside the unit circle. `tangents` are in the unknowns (state, keyword).
    `ends`: why it ends on either side, in words.
    """

    free: str
    period: int
    states: np.ndarray
    values: np.ndarray
    multipliers: np.ndarray
    stable: np.ndarray
    tangents: np.ndarray
    special: tuple[Special, ...]
    closed: bool
    ends: tuple[str, str]

    def of(self, *kinds: str) -> list[Special]:
        """The special points of these kinds, by rising value of the keyword, then along the branch."""
        wanted = (point for point in self.special if point.kind in kinds)
        return sorted(wanted, key=lambda point: (round(float(point.values[0]), 9), point.place))


class Curve(NamedTuple):
    """A curve of bifurcations in the plane of two keywords: states (m, n), values (m, 2).

    `extra` (m,): the cosine of the angle of a Neimark-Sacker pair, NaN for other kinds.
    """

    kind: str
    period: int
    free: tuple[str, str]
    states: np.ndarray
    values: np.ndarray
    extra: np.ndarray
    special: tuple[Special, ...]
    closed: bool
    ends: tuple[str, str]

    def of(self, *kinds: str) -> list[Special]:
        """The special points of these kinds, in the order of the curve."""
        return [point for point in self.special if point.kind in kinds]


def of_full_period(orbits: np.ndarray) -> np.ndarray:
    """Whether each of many closed orbits (period + 1, m, n) is back at its first state no sooner: (m,)."""
    period = len(orbits) - 1
    size = 1.0 + np.max(np.abs(orbits), axis=(0, 2))
    full = np.ones(orbits.shape[1], bool)
    for k in range(1, period):
        if period % k == 0:
            full &= np.max(np.abs(orbits[k] - orbits[0]), axis=1) >= _SAME * size
    return full


def shortest(orbit: np.ndarray) -> int:
    """The least period of a closed orbit (period + 1, n): how soon it is back at its first state."""
    size = 1.0 + np.max(np.abs(orbit))
    for k in range(1, len(orbit) - 1):
        if (len(orbit) - 1) % k == 0 and np.max(np.abs(orbit[k] - orbit[0])) < _SAME * size:
            return k
    return len(orbit) - 1
