"""Between which neighbouring points of the branches over the lines of a plane something happens.

A curve of bifurcations that crosses a box and does not close in it crosses the border of the box, and one
that is larger than the distance between places crosses a line through them. On the line stands a branch with
a bifurcation, of which a test changes its sign. So branches are followed from place to place along all lines
and along the border, many at once (`arclength` follows one), by Keller's pseudo-arclength continuation.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from sim.continuation.arclength import Room
from sim.continuation.family import Family
from sim.continuation.happenings import readings
from sim.continuation.results import of_full_period

_FIRST, _LEAST = 0.01, 1e-4  # steps, in the scaled unknowns
_OF_A_PLACE = 0.25  # the largest step, in distances between places
_TURN = np.cos(0.35)  # of the angle between neighbouring tangents
_CORRECTIONS = 4
_ROUNDS = 40


class Lanes(NamedTuple):
    """Points (m, n + 1) of branches over lines, their unit tangents in scaled unknowns, the lengths of the
    next steps, and what all that is at: states, keyword along the line, both keywords at the start.
    """

    u: np.ndarray
    t: np.ndarray
    h: np.ndarray
    begun: np.ndarray  # (m, 2)

    def take(self, which: np.ndarray) -> "Lanes":
        """Some of them."""
        return Lanes(*(part[which] for part in self))


class Line:
    """The branches along one keyword of a plane, the other one fixed for each of them."""

    def __init__(self, family: Family, period: int, axis: int, room: Room) -> None:
        self.family, self.period, self.axis, self.n = family, period, axis, family.n
        self.low, self.high = room.low[axis], room.high[axis]
        self.scale = np.append(room.scale[: family.n], self.high - self.low)
        self.reach = room.reach

    def keywords(self, u: np.ndarray, begun: np.ndarray) -> np.ndarray:
        """Both keywords at points of the branches, (m, 2)."""
        p = begun.copy()
        p[:, self.axis] = u[:, self.n]
        return p

    def at(self, u: np.ndarray, begun: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """F^k(s) - s, its Jacobian M, and its derivative by the keyword of the line (m, n, 1)."""
        s = u[:, : self.n]
        value, M, P = self.family.whole(s, self.keywords(u, begun), self.period)
        return value - s, M, P[:, :, self.axis : self.axis + 1]

    def matrix(self, M: np.ndarray, P: np.ndarray) -> np.ndarray:
        """[M - 1, P] in scaled unknowns."""
        return np.concatenate([M - np.eye(self.n), P], axis=2) * self.scale

    def begin(self, s: np.ndarray, p: np.ndarray) -> tuple[Lanes, dict[str, np.ndarray]]:
        """From solutions (m, n) at (m, 2) to both sides, where derivatives are finite."""
        u = np.column_stack([s, p[:, self.axis]])
        _, M, P = self.at(u, p)
        A = self.matrix(M, P)
        sound = np.isfinite(A).all(axis=(1, 2))
        u, p, M, P, A = u[sound], p[sound], M[sound], P[sound], A[sound]
        t = _forward(np.linalg.svd(A)[2][:, -1])
        there = Lanes(
            np.tile(u, (2, 1)), np.concatenate([t, -t]), np.full(2 * len(u), _FIRST), np.tile(p, (2, 1))
        )
        return there, readings(np.tile(M, (2, 1, 1)), np.tile(P, (2, 1, 1)), there.t, self.scale)

    def step(self, lanes: Lanes) -> tuple[np.ndarray, np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        """The next points and tangents, whether they are to be trusted, and the tests there."""
        row = lanes.t / self.scale
        u = lanes.u + lanes.h[:, None] * lanes.t * self.scale
        good = np.zeros(len(u), bool)
        for _ in range(_CORRECTIONS):
            wrong, M, P = self.at(u, lanes.begun)
            off = np.sum(row * (u - lanes.u), axis=1) - lanes.h
            A = np.concatenate([self.matrix(M, P), lanes.t[:, None]], axis=1)
            change = _solved(A, -np.column_stack([wrong, off]))
            u = u + change * self.scale
            good = np.max(np.abs(change), axis=1) < 1e-9
        _, M, P = self.at(u, lanes.begun)
        A = np.concatenate([self.matrix(M, P), lanes.t[:, None]], axis=1)
        right = np.zeros((len(u), self.n + 1))
        right[:, -1] = 1.0
        t = _solved(A, right)
        t = t / np.linalg.norm(t, axis=1, keepdims=True)
        good &= np.isfinite(t).all(axis=1) & (np.sum(t * lanes.t, axis=1) > _TURN)
        good &= np.max(np.abs(u[:, : self.n]), axis=1) < self.reach
        if self.period > 1:
            p = self.keywords(u, lanes.begun)
            good &= of_full_period(self.family.orbit(u[:, : self.n], p, self.period))
        return u, t, good, readings(M, P, t, self.scale)


def crossed(
    family: Family, s: np.ndarray, p: np.ndarray, period: int, axis: int, room: Room, places: int
) -> Mapping[str, np.ndarray]:
    """For each kind of bifurcation points (m, n + 2) of branches near it: those between two points of which
    the test of that kind changes its sign. From solutions (m, n) at (m, 2) as far as the next place.
    """
    line = Line(family, period, axis, room)
    found: dict[str, list[np.ndarray]] = {}
    if not len(s):
        return {}
    with np.errstate(all="ignore"):
        lanes, before = line.begin(s, p)
        far = (line.high - line.low) / places
        for _ in range(_ROUNDS):
            u, t, good, now = line.step(lanes)
            for kind, value in now.items():
                changed = good & (np.sign(value) * np.sign(before[kind]) < 0)
                share = (before[kind] / (before[kind] - value))[changed, None]
                middle = lanes.u[changed] + share * (u - lanes.u)[changed]
                states, keywords = middle[:, :-1], line.keywords(middle, lanes.begun[changed])
                found.setdefault(kind, []).append(np.hstack([states, keywords]))
            h = np.where(good, np.minimum(1.5 * lanes.h, _OF_A_PLACE / places), 0.5 * lanes.h)
            lanes = Lanes(
                np.where(good[:, None], u, lanes.u), np.where(good[:, None], t, lanes.t), h, lanes.begun
            )
            x = lanes.u[:, -1]
            on = (
                (h >= _LEAST) & (np.abs(x - lanes.begun[:, axis]) <= far) & (x >= line.low) & (x <= line.high)
            )
            before = {kind: np.where(good, value, before[kind])[on] for kind, value in now.items()}
            lanes = lanes.take(on)
            if not len(lanes.u):
                break
    return {kind: np.concatenate(rows) for kind, rows in found.items()}


def _solved(A: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solutions of many linear systems; NaN where a matrix is not finite or singular."""
    sound = np.isfinite(A).all(axis=(1, 2))
    sound[sound] = np.linalg.slogdet(A[sound])[0] != 0
    found = np.full(right.shape, np.nan)
    found[sound] = np.linalg.solve(A[sound], right[sound, :, None])[:, :, 0]
    return found


def _forward(t: np.ndarray) -> np.ndarray:
    """Directions or their opposites, as `arclength.forward` chooses one."""
    sizes = np.abs(t)
    first = np.argmax(sizes > 0.3 * sizes.max(axis=1, keepdims=True), axis=1)
    return np.where(t[np.arange(len(t)), first] >= 0.0, 1.0, -1.0)[:, None] * t
