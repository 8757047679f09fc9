"""Fixed points, cycles and slow points of maps of several numbers, by search from many states.

What is sought are the zeros of r(s) = F^k(s) - s, and where wanted the minima of q = |F^k(s) - s|^2 / 2 that
are no zeros. From every state Levenberg-Marquardt steps are taken, (A^T A + m I) d = -A^T r with A = DF^k - I
and a damping m = l |r| that lets the steps become Newton's as r vanishes; of all cells and states at once,
those that are done left out. A search finds what lies in reach of its states: it says "found n", not "n".

Sources: D. Sussillo & O. Barak, Neural Computation 25 (2013) 626, doi:10.1162/NECO_a_00409 (minima of q);
J. Fan & Y. Yuan, Computing 74 (2005) 23, doi:10.1007/s00607-004-0083-1 (damping by |r|).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from sim.draws import Draw
from sim.equations.evaluation import Map, product
from sim.equations.graph import Node
from sim.fixed_points.kinks import Kinks
from sim.series import distinct
from sim.start import starts_of

STEPS = 100  # most steps of one search
_EXACT = 1e-13  # |r| at which a search ends, relative to 1 + |s|
_POLISH = 40
_STILL = 1e-11  # length of a step that moves no further, likewise
_SHARES = (1.0, 1.0, 0.25, 1.0)  # of the box that states are drawn from
_AHEAD = (0, 0, 1, 0, 8)  # steps that a drawn state is taken along its trajectory
OWN = (0, 1, 4, 16, 64)  # states of the run's own trajectory


class Ends(NamedTuple):
    """Where searches ended, (cells, searches, ...)."""

    s: np.ndarray
    residual: np.ndarray  # largest number of |F^k(s) - s|
    half_square: np.ndarray  # q
    step: np.ndarray  # length of Newton's next step: how well the place is known
    still: np.ndarray  # whether the search came to rest


class Search:
    """The map of a run, to be searched for points of period dividing `cycle`."""

    def __init__(self, form: Any, cycle: int) -> None:
        self.map, self.cycle = Map(form), cycle
        self.map.matvec = _of_directions
        self.kinks = Kinks(self.map, cycle)
        self.n = self.map.n

    def residual(self, known: Mapping[Node, np.ndarray], which: np.ndarray, s: np.ndarray) -> np.ndarray:
        """F^k(s) - s."""
        image = s
        with np.errstate(all="ignore"):
            for _ in range(self.cycle):
                image = self.map.step(known, which, image)
            return image - s

    def slope(self, known: Mapping[Node, np.ndarray], which: np.ndarray, s: np.ndarray) -> np.ndarray:
        """DF^k(s), by the chain rule along the orbit."""
        image, total = s, np.broadcast_to(np.eye(self.n), (len(s), self.n, self.n))
        with np.errstate(all="ignore"):
            for _ in range(self.cycle):
                total = self.map.jacobian(known, which, image) @ total
                image = self.map.step(known, which, image)
        return np.array(total)

    def states(
        self, given: Mapping[str, np.ndarray], known: Mapping[Node, np.ndarray], cells: int,
        interval: tuple[float, float], searches: int,
    ) -> np.ndarray:  # fmt: skip
        """The states to search from, (cells, searches + 5, n): drawn ones by the seed, some way along their
        trajectories, and some of the run's own trajectory.
        """
        setting = self.map.setting
        kinds, which = distinct(setting, given, ["seed"], cells)
        drawn = Draw(kinds["seed"].reshape(-1), "fixed points").uniform(searches, self.n)[which]
        low, high = interval
        share = np.array([_SHARES[i % len(_SHARES)] for i in range(searches)])[:, None]
        s = 0.5 * (low + high) + 0.5 * (high - low) * share * (2.0 * drawn - 1.0)
        own = np.stack([np.broadcast_to(v, cells) for v in starts_of(setting, given, cells, self.n)], axis=-1)
        s = np.concatenate([s, np.repeat(own[:, None], len(OWN), axis=1)], axis=1)
        ahead = np.array([*(_AHEAD[i % len(_AHEAD)] for i in range(searches)), *OWN])
        for t in range(max(OWN)):
            moving = np.flatnonzero(ahead > t)
            here = s[:, moving].reshape(-1, self.n)
            cell = np.repeat(np.arange(cells), len(moving))
            with np.errstate(all="ignore"):
                s[:, moving] = self.map.step(known, cell, here).reshape(cells, len(moving), self.n)
        return s

    def run(self, known: Mapping[Node, np.ndarray], states: np.ndarray) -> Ends:
        """Where the searches from these states (cells, searches, n) end."""
        cells, searches, n = states.shape
        cell = np.repeat(np.arange(cells), searches)
        s = states.reshape(-1, n).copy()
        r = self.residual(known, cell, s)
        damping = np.ones(len(s))
        step = np.full(len(s), np.inf)
        still = np.zeros(len(s), dtype=bool)
        active = np.flatnonzero(np.isfinite(r).all(axis=1))
        A = self._matrix(known, cell[active], s[active])
        for _ in range(STEPS):
            if not len(active):
                break
            d, predicted = _damped(A, r[active], damping[active])
            trial = s[active] + d
            then = self.residual(known, cell[active], trial)
            now, q = square(r[active]), square(then)
            with np.errstate(all="ignore"):
                ratio = (now - q) / predicted
            better = (ratio > 1e-4) & np.isfinite(q)
            damping[active] *= np.where(better & (ratio > 0.75), 0.25, np.where(ratio >= 0.25, 1.0, 4.0))
            damping[active] = np.clip(damping[active], 1e-12, 1e12)
            moved = active[better]
            s[moved], r[moved] = trial[better], then[better]
            step[active] = np.abs(d).max(axis=1)
            size = 1.0 + np.abs(s[active]).max(axis=1)
            rest = step[active] <= _STILL * size
            exact = np.abs(r[active]).max(axis=1) <= _EXACT * size
            still[active] = rest | exact
            going = ~(rest | exact) & np.isfinite(d).all(axis=1)
            again = better & going
            A[again] = self._matrix(known, cell[active[again]], s[active[again]])
            active, A = active[going], A[going]
        s, r, step = self._polished(known, cell, s, r, step)
        shape = (cells, searches)
        half, largest = 0.5 * square(r), np.abs(r).max(axis=1)
        return Ends(s.reshape(*shape, n), *(part.reshape(shape) for part in (largest, half, step, still)))

    def _matrix(self, known: Mapping[Node, np.ndarray], cell: np.ndarray, s: np.ndarray) -> np.ndarray:
        """DF^k - I."""
        return self.slope(known, cell, s) - np.eye(self.n)

    def _polished(
        self,
        known: Mapping[Node, np.ndarray],
        cell: np.ndarray,
        s: np.ndarray,
        r: np.ndarray,
        step: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Newton's own steps where a search ended at a fixed point, taken while they lessen |r|: two as a
        rule, many where the zero is a multiple one.
        """
        largest = np.abs(r).max(axis=1)
        near = np.flatnonzero(largest <= 1e-6 * (1.0 + np.abs(s).max(axis=1)))
        for _ in range(_POLISH):
            if not len(near):
                break
            d = solved(self._matrix(known, cell[near], s[near]), -r[near])
            trial = s[near] + d
            then = self.residual(known, cell[near], trial)
            better = np.abs(then).max(axis=1) < np.abs(r[near]).max(axis=1)
            s[near[better]], r[near[better]] = trial[better], then[better]
            step[near] = np.abs(d).max(axis=1)
            near = near[better & (step[near] > 1e-14)]
        return s, r, step


def _of_directions(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """The products of matrices (m, 1, r, c) with directions (m, n, c): one BLAS product a state, ten times as
    fast as sums in the order of the columns at n = 64. Searches run under one thread.
    """
    if vector.ndim != 3 or vector.shape[1] == 1 or matrix.shape[:2] != (len(vector), 1):
        return product(matrix, vector)
    return np.asarray(np.ascontiguousarray(vector) @ np.swapaxes(matrix[:, 0], -1, -2))


def square(r: np.ndarray) -> np.ndarray:
    """|r|^2, summed in the order of the numbers."""
    with np.errstate(over="ignore", invalid="ignore"):  # of searches that are lost
        return np.asarray(np.cumsum(r * r, axis=-1)[..., -1])


def _damped(A: np.ndarray, r: np.ndarray, damping: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The damped step, and by how much it would lessen |r|^2 if r were linear."""
    across = np.swapaxes(A, -1, -2)
    with np.errstate(all="ignore"):
        normal = across @ A
        least = 1e-30 + 1e-16 * np.trace(normal, axis1=1, axis2=2)
        normal += np.eye(A.shape[-1]) * np.maximum(damping * np.sqrt(square(r)), least)[:, None, None]
        d = solved(normal, -product(across, r))
        return d, square(r) - square(r + product(A, d))


def solved(A: np.ndarray, right: np.ndarray) -> np.ndarray:
    """A d = right for each matrix; by the pseudo-inverse where a matrix is singular, NaN where it is not
    finite.
    """
    sound = np.isfinite(A).all(axis=(1, 2)) & np.isfinite(right).all(axis=1)
    d = np.full_like(right, np.nan)
    try:
        d[sound] = np.linalg.solve(A[sound], right[sound][..., None])[..., 0]
    except np.linalg.LinAlgError:
        singular = sound & (np.linalg.det(np.where(sound[:, None, None], A, 1.0)) == 0.0)
        plain = sound & ~singular
        d[plain] = np.linalg.solve(A[plain], right[plain][..., None])[..., 0]
        d[singular] = product(np.linalg.pinv(A[singular]), right[singular])
    return d
