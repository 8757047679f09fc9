"""A curve of solutions of N equations in N + 1 unknowns, followed by pseudo-arclength: Newton's method in the
plane across the tangent, with steps as long as the curve is straight.

Source: H. B. Keller, in P. Rabinowitz (ed.), Applications of Bifurcation Theory, 1977, p. 359.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from sim.continuation.differences import solve

CORRECTIONS = 10  # Newton steps of one correction
_CLOSE = 1e-11
_NOISE = 1e-8
_TURN = 0.35  # radians between neighbouring tangents
_HALVINGS = 60
_STRAY = 0.4  # of a step: how far the corrector may move the prediction


class Equations(Protocol):
    """What is solved: u (N + 1,) holds the unknowns, those of the box last."""

    def residual(self, u: np.ndarray) -> np.ndarray:
        """(m, N) of points (m, N + 1)."""

    def jacobian(self, u: np.ndarray) -> np.ndarray:
        """(N, N + 1) at one point."""

    def adapt(self, u: np.ndarray) -> None:
        """Whatever auxiliary vectors the equations have, fitted to a point that solves them."""


class Steps(NamedTuple):
    """Lengths of steps, in units of `scale`, and how many at most in each direction."""

    first: float = 0.01
    least: float = 1e-7
    largest: float = 0.05
    budget: int = 2000


STEPS = Steps()


class Room(NamedTuple):
    """The box of the last unknowns, how large the others may become, and what counts as one unit of each."""

    low: np.ndarray
    high: np.ndarray
    scale: np.ndarray  # of every unknown
    reach: float = 1e6


class Piece(NamedTuple):
    """A curve in one direction: its points, unit tangents in scaled unknowns, and why it ends."""

    points: list[np.ndarray]
    tangents: list[np.ndarray]
    end: str


ENDS = {
    "box": "leaves the box",
    "closed": "closes",
    "budget": "the budget of steps ran out",
    "stuck": "the corrector did not converge at the smallest step",
    "reach": "the state grows beyond bounds",
    "stopped": "stops where it no longer is what it was",
}


def correct(
    equations: Equations, u: np.ndarray, row: np.ndarray, target: float
) -> tuple[np.ndarray, int] | None:
    """The solution near u with row . u = target, and the number of Newton steps; None without convergence."""
    last = np.inf
    for count in range(1, CORRECTIONS + 1):
        wrong = np.append(equations.residual(u[None])[0], row @ u - target)
        matrix = np.vstack([equations.jacobian(u), row])
        change = solve(matrix, -wrong)
        size = float(np.max(np.abs(change) / (1.0 + np.abs(u))))
        if not np.isfinite(size) or (count > 3 and size > 2.0 * last > _NOISE):
            return None
        u = u + change
        if np.max(np.abs(wrong)) < 1e-6 and (
            size < _CLOSE or (size < _NOISE and size > 0.3 * last)
        ):  # no better
            return u, count
        last = size
    return None


def tangent(equations: Equations, u: np.ndarray, before: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """The unit tangent at u in scaled unknowns, on the side of `before`."""
    matrix = np.vstack([equations.jacobian(u) * scale, before])
    t = solve(matrix, np.append(np.zeros(len(u) - 1), 1.0))
    size = float(np.linalg.norm(t))
    return t / size if np.isfinite(size) and size > 0 else before


def forward(direction: np.ndarray) -> np.ndarray:
    """A direction or its opposite, the one whose first entry of some size is positive: linear algebra returns
    null vectors with a sign that differs from processor to processor.
    """
    sizes = np.abs(direction)
    first = direction[np.argmax(sizes > 0.3 * sizes.max())]
    return direction if first >= 0.0 else -direction


def along(
    equations: Equations, u: np.ndarray, t: np.ndarray, length: float, scale: np.ndarray
) -> tuple[np.ndarray, int] | None:
    """The point of the curve at this length along the tangent at u."""
    row = t / scale
    return correct(equations, u + length * t * scale, row, float(row @ u) + length)


def follow(
    equations: Equations,
    u: np.ndarray,
    t: np.ndarray,
    room: Room,
    steps: Steps = STEPS,
    goes_on: Callable[[np.ndarray], bool] = lambda u: True,
) -> Piece:
    """The curve from u along t until it leaves the box, closes, or a budget runs out."""
    points, tangents = [u], [t]
    q, h = len(room.low), steps.first
    travelled = 0.0
    for _ in range(steps.budget):
        here, t = points[-1], tangents[-1]
        found = along(equations, here, t, h, room.scale)
        turn = 0.0
        if found is not None:
            new = tangent(equations, found[0], t, room.scale)
            turn = float(np.arccos(np.clip(new @ t, -1.0, 1.0)))
            away = float(np.linalg.norm((found[0] - here) / room.scale - h * t))
            if away > _STRAY * h:
                found = None  # it may have fallen on another curve
        if found is None or (turn > _TURN and h > steps.least):
            if h <= steps.least:
                return Piece(points, tangents, ENDS["stuck"])
            h = max(h / 2, steps.least)
            continue
        there, count = found
        if _outside(there, room, q):
            edge = _edge(equations, here, there, room, q)
            if edge is not None:
                points.append(edge)
                tangents.append(tangent(equations, edge, t, room.scale))
            return Piece(points, tangents, ENDS["box"])
        if float(np.max(np.abs(there[:-q]))) > room.reach:
            return Piece(points, tangents, ENDS["reach"])
        travelled += h
        if travelled > 4.0 * h and _returns(u, tangents[0], here, there, h, room.scale):
            points.append(u)
            tangents.append(tangents[0])
            return Piece(points, tangents, ENDS["closed"])
        equations.adapt(there)
        points.append(there)
        tangents.append(new)
        if not goes_on(there):
            return Piece(points, tangents, ENDS["stopped"])
        if turn < _TURN / 3 and count <= 5:
            h = min(1.5 * h, steps.largest)
    return Piece(points, tangents, ENDS["budget"])


def _outside(u: np.ndarray, room: Room, q: int) -> bool:
    return bool((u[-q:] < room.low).any() or (u[-q:] > room.high).any())


def _edge(
    equations: Equations, inner: np.ndarray, outer: np.ndarray, room: Room, q: int
) -> np.ndarray | None:
    """The point of the curve on the border of the box that it crosses first; near a corner the straight line
    from `inner` to `outer` does not say which side that is, and at one rounding does not.
    """
    crossed: list[tuple[float, int, float]] = []
    for i in range(len(inner) - q, len(inner)):
        a, b = inner[i], outer[i]
        low, high = room.low[i - len(inner)], room.high[i - len(inner)]
        if not low <= b <= high:
            end = float(low if b < low else high)
            crossed.append(((end - a) / (b - a), i, end))
    longest = 3.0 * np.linalg.norm((outer - inner) / room.scale)
    for share, place, value in sorted(crossed):
        row = np.zeros(len(inner))
        row[place] = 1.0
        found = correct(equations, inner + share * (outer - inner), row, value)
        if found is None:
            continue
        edge = found[0]
        edge[place] = value
        beside = np.clip(edge[-q:], room.low, room.high)
        near = np.abs(beside - edge[-q:]) <= _CLOSE * (room.high - room.low)
        if near.all() and np.linalg.norm((edge - inner) / room.scale) <= longest:
            edge[-q:] = beside
            return edge
    return None


def _returns(
    start: np.ndarray, first: np.ndarray, here: np.ndarray, there: np.ndarray, h: float, scale: np.ndarray
) -> bool:
    """Whether the last step passed the start of the curve, in the direction in which it began."""
    way = (there - here) / scale
    back = (start - here) / scale
    size = float(np.linalg.norm(way))
    share = float(back @ way) / size**2 if size > 0 else -1.0
    off = float(np.linalg.norm(back - share * way))
    return 0.0 < share <= 1.0 and off < 0.2 * h and float(way @ first) > 0.5 * size


def crossing(
    equations: Equations,
    u: np.ndarray,
    after: np.ndarray,
    t: np.ndarray,
    scale: np.ndarray,
    test: Callable[[np.ndarray, np.ndarray], float],
    ends: Sequence[float],
) -> np.ndarray:
    """The point between u and `after`, t being the tangent at u, at which a test of (point, tangent)
    changes its sign.

    Bisection and secant steps by turns, to the resolution of the numbers; `ends` are the test's values.
    """
    length = float(t @ ((after - u) / scale))
    low, high = 0.0, length
    below, above = ends
    first, last = u, after  # the solutions at low and high
    row = t / scale
    for i in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if i % 3 and above != below:
            guess = low - below * (high - low) / (above - below)
            margin = 1e-3 * (high - low) if i % 3 == 1 else 0.0
            middle = min(max(guess, low + margin), high - margin)
        between = first + (middle - low) / (high - low) * (last - first)
        found = correct(equations, between, row, float(row @ u) + middle)
        if found is None:  # the curve crosses another one here
            return between
        value = test(found[0], tangent(equations, found[0], t, scale))
        if value == 0.0 or not np.isfinite(value):
            return found[0]
        if np.sign(value) == np.sign(below):
            low, below, first = middle, value, found[0]
        else:
            high, above, last = middle, value, found[0]
        if high - low < 1e-13 * max(1.0, length):
            break
    return first if abs(below) < abs(above) else last
