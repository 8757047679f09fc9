"""Branches of fixed points and cycles in one keyword: where they fold, branch, double and begin to turn.

What happens between two points of a branch is seen by tests that change their sign there, located by
bisection and secant steps along the curve, and refined with the equations of its kind (`defining`).
"""

from typing import Any

import numpy as np

from sim.continuation.arclength import ENDS, Piece, Room, Steps, correct, follow, tangent
from sim.continuation.arclength import STEPS as DEFAULT
from sim.continuation.defining import Solutions
from sim.continuation.differences import solve
from sim.continuation.family import Family
from sim.continuation.happenings import between, eigenvalues, readings_of
from sim.continuation.results import Branch, Special, shortest
from sim.errors import refuse
from sim.machine.one_thread import one_thread

_NEWTON = 50


def started(family: Family, state: Any) -> np.ndarray:
    """A state of n numbers: one number stands for all of them. Refused where there are others than n."""
    given = np.atleast_1d(np.asarray(state, dtype=float))
    if given.shape not in ((1,), (family.n,)):
        raise refuse(
            "state", f"{len(given)} numbers for a state of {family.n}; write {family.n}, or one for all"
        )
    return np.broadcast_to(given, (family.n,)).copy()


def fixed_point(family: Family, state: Any, value: float, period: int = 1) -> np.ndarray | None:
    """The state with F^k(s) = s that damped Newton steps reach from `state`; None without convergence."""
    s, p = started(family, state), np.array([[float(value)]])
    for _ in range(_NEWTON):
        image, M = family.linear(s[None], p, period)
        change = solve(M[0] - np.eye(family.n), s - image[0])
        size = float(np.max(np.abs(change) / (1.0 + np.abs(s))))
        if not np.isfinite(size):
            return None
        s = s + change / max(1.0, size)
        if size < 1e-12:
            return s
    return s if size < 1e-9 else None


def branch(
    family: Family,
    state: Any,
    value: float,
    box: tuple[float, float],
    period: int = 1,
    steps: Steps = DEFAULT,
    size: float = 1.0,
    direction: np.ndarray | None = None,
) -> Branch:
    """The branch of F^k(s) = s through the solution that Newton's method finds from `state` at `value`.

    Followed to both sides through the box of the keyword; one length unit is `size` of the state and the
    width of the box of the keyword. With `direction`, (state, keyword), it begins along it and `state` is
    taken as a solution already (that is how branches are switched). Nothing raises without convergence:
    `ends` say it. Cost: about four evaluations of F and its derivatives a point.

    >>> from sim.continuation.family import family
    >>> found = branch(family("logistic", ["r"]), 0.6, 2.5, (1.5, 3.2))
    >>> [(point.kind, round(float(point.values[0]), 10)) for point in found.special]
    [('flip', 3.0)]
    """
    low, high = map(float, box)
    if not (low < high and np.isfinite([low, high, value]).all() and low <= value <= high):
        raise refuse("box", f"{box} with the value {value}; write finite numbers, low < high, around it")
    if len(family.free) != 1:
        raise refuse("free", f"{list(family.free)} are free; a branch needs exactly one keyword")
    with one_thread():
        start = fixed_point(family, state, value, period) if direction is None else started(family, state)
        if start is None:
            return _empty(family, period, f"Newton's method found no solution from {state} at {value}")
        equations = Solutions(family, period)
        scale = np.append(np.full(family.n, float(size)), high - low)
        room = Room(np.array([low]), np.array([high]), scale)
        u = np.append(start, float(value))
        t = _first_tangent(equations, u, scale) if direction is None else direction / scale
        t = t / np.linalg.norm(t)
        steps = steps._replace(first=steps.first / period, largest=steps.largest / period**0.5)
        if direction is not None:  # off the crossing, so that the tangent is that of the new branch
            moved = _leave(equations, u, t, scale, steps.first)
            if moved is None:
                return _empty(family, period, "the new branch was not reached")
            u, t = moved
        ahead = _ended(follow(equations, u, t, room, steps, _Longest(family, period)))
        behind = Piece([u], [-t], ENDS["closed"])
        if ahead.end != ENDS["closed"]:
            behind = _ended(follow(equations, u, -t, room, steps, _Longest(family, period)))
        return _branch(equations, ahead, behind, scale)


class _Longest:
    """Whether a cycle still has its full period: false where two points in a row belong to a shorter one."""

    def __init__(self, family: Family, period: int) -> None:
        self.family, self.period, self.shorter = family, period, 0

    def __call__(self, u: np.ndarray) -> bool:
        if self.period > 1:
            n = self.family.n
            orbit = self.family.orbit(u[None, :n], u[None, n:], self.period)[:, 0]
            self.shorter = self.shorter + 1 if shortest(orbit) < self.period else 0
        return self.shorter < 2


def _ended(piece: Piece) -> Piece:
    """Without the point that showed that the branch had gone over to a cycle of a shorter period: it ends at
    the one before, where the two meet.
    """
    if piece.end != ENDS["stopped"]:
        return piece
    return Piece(piece.points[:-1], piece.tangents[:-1], piece.end)


def _first_tangent(equations: Solutions, u: np.ndarray, scale: np.ndarray) -> np.ndarray:
    _, _, right = np.linalg.svd(equations.jacobian(u) * scale)
    t = right[-1]
    return t if t[-1] >= 0 else -t


def _leave(
    equations: Solutions, u: np.ndarray, t: np.ndarray, scale: np.ndarray, h: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """A point of the branch along t a little way off a crossing, and the tangent there."""
    row = t / scale
    for _ in range(8):
        found = correct(equations, u + h * t * scale, row, float(row @ u) + h)
        if found is not None and np.linalg.norm((found[0] - u) / scale) < 3.0 * h:
            return found[0], tangent(equations, found[0], t, scale)
        h /= 2
    return None


def _empty(family: Family, period: int, why: str) -> Branch:
    n = family.n
    none = np.zeros((0, n))
    return Branch(
        family.free[0], period, none, np.zeros(0), none.astype(complex), np.zeros(0, bool),
        np.zeros((0, n + 1)), (), False, (why, why),
    )  # fmt: skip


def _branch(equations: Solutions, ahead: Piece, behind: Piece, scale: np.ndarray) -> Branch:
    """Both pieces as one branch, with what happens between its points put into their row."""
    points = [*behind.points[:0:-1], *ahead.points]
    tangents = [*(-t for t in behind.tangents[:0:-1]), *ahead.tangents]
    rows: list[np.ndarray] = []
    slopes: list[np.ndarray] = []
    special: list[Special] = []
    readings = readings_of(equations, np.array(points), np.array(tangents), scale)
    for i, (u, t) in enumerate(zip(points, tangents, strict=True)):
        if i:
            seen = {kind: (float(row[i - 1]), float(row[i])) for kind, row in readings.items()}
            for point, v in between(equations, (points[i - 1], u), tangents[i - 1], seen, scale):
                special.append(point._replace(place=len(rows)))
                rows.append(np.append(point.state, point.values))
                slopes.append(v)
        rows.append(u)
        slopes.append(t)
    U, n = np.array(rows), equations.n
    M = equations.family.linear(U[:, :n], U[:, n:], equations.period)[1]
    multipliers = eigenvalues(M)
    stable = (np.abs(multipliers) < 1.0).all(axis=1)
    closed = ahead.end == ENDS["closed"]
    return Branch(
        equations.family.free[0], equations.period, U[:, :n], U[:, n], multipliers, stable,
        np.array(slopes) * scale, tuple(special), closed, (behind.end, ahead.end),
    )  # fmt: skip
