"""From a special point to the branch that begins there: the other branch of a crossing, the doubled cycle
of a flip; and all branches that can be reached that way.

The tangents at a crossing solve a quadratic equation, whose coefficients are second derivatives of F along
the two directions in which the equations do not change. Source: H. B. Keller, Numerical solution of
bifurcation and nonlinear eigenvalue problems, 1977, section 5.
"""

from collections.abc import Sequence

import numpy as np

from sim.continuation.arclength import STEPS as DEFAULT
from sim.continuation.arclength import Steps, forward
from sim.continuation.branches import branch
from sim.continuation.defining import Solutions
from sim.continuation.family import Family
from sim.continuation.results import Branch, Special

_NUDGE = 1e-4
SWITCHED = ("flip", "pitchfork", "branch_point")


def other_tangent(family: Family, special: Special, along: np.ndarray) -> np.ndarray | None:
    """The direction (state, keyword) of the branch that crosses the one with the tangent `along`; None
    without.
    """
    equations = Solutions(family, special.period)
    u = np.append(special.state, special.values)
    left, _, right = np.linalg.svd(equations.jacobian(u))
    kernel, psi = right[-2:], left[:, -1]
    first = kernel.T @ (kernel @ along)  # the tangent, without what the location left of other directions
    first = first / np.linalg.norm(first)
    second = kernel[0] - (kernel[0] @ first) * first
    if np.linalg.norm(second) < 0.1:
        second = kernel[1] - (kernel[1] @ first) * first
    second = second / np.linalg.norm(second)
    change = equations.jacobian(u + _NUDGE * second) - equations.jacobian(u - _NUDGE * second)
    b, c = (psi @ change @ direction / (2 * _NUDGE) for direction in (first, second))
    size = float(np.hypot(b, c))
    if not np.isfinite(size) or size < 1e-12:
        return None
    direction = (c * first - 2.0 * b * second) / size
    return forward(direction / np.linalg.norm(direction))


def switched(
    family: Family,
    special: Special,
    along: np.ndarray,
    box: tuple[float, float],
    steps: Steps = DEFAULT,
    size: float = 1.0,
) -> Branch | None:
    """The branch that begins at a flip (cycles of twice the period) or crosses at a branch point or
    pitchfork.

    `along`: the tangent (state, keyword) of the branch that the point lies on. None where nothing begins.
    """
    value = float(special.values[0])
    if special.kind == "flip":
        M = Solutions(family, special.period).linear(np.append(special.state, special.values))
        values, vectors = np.linalg.eig(M)
        v = np.real(vectors[:, np.argmin(np.abs(values + 1.0))])
        direction = np.append(forward(v), 0.0)
        return branch(family, special.state, value, box, 2 * special.period, steps, size, direction)
    if special.kind not in SWITCHED:
        return None
    found = other_tangent(family, special, along)
    if found is None:
        return None
    return branch(family, special.state, value, box, special.period, steps, size, found)


def diagram(
    family: Family,
    starts: Sequence[tuple[float, float]],
    box: tuple[float, float],
    *,
    longest: int = 8,
    most: int = 40,
    steps: Steps = DEFAULT,
    size: float = 1.0,
) -> list[Branch]:
    """All branches that are reached from these starts (state, value of the keyword) by switching at flips,
    branch points and pitchforks, up to cycles of `longest` steps and `most` branches.

    A branch that was there already is left out.

    >>> from sim.continuation.family import family
    >>> found = diagram(family("ctrnn", ["w"], {"alpha": 1.0}), [(0.0, 0.5)], (0.5, 2.0))
    >>> [len(branch.of("pitchfork")) for branch in found]
    [1, 1]
    """
    found: list[Branch] = []
    known: list[tuple[int, np.ndarray]] = []  # points from which a branch was followed already

    def fresh(point: Special, doubled: int) -> bool:
        place = np.append(point.state, point.values)
        return all(period != doubled or np.max(np.abs(place - other)) > 1e-6 for period, other in known)

    waiting = [branch(family, state, value, box, 1, steps, size) for state, value in starts]
    while waiting and len(found) < most:
        here = waiting.pop(0)
        if not len(here.values) or _covered(here, found):
            continue
        found.append(here)
        for point in here.special:
            period = point.period * (2 if point.kind == "flip" else 1)
            if point.kind not in SWITCHED or period > longest or not fresh(point, period):
                continue
            orbit = family.orbit(point.state[None], point.values[None], point.period)[:, 0]
            known += [(period, np.append(state, point.values)) for state in orbit]
            new = switched(family, point, here.tangents[point.place], box, steps, size)
            if new is not None:
                waiting.append(new)
    return found


def _covered(new: Branch, found: Sequence[Branch]) -> bool:
    """Whether a branch lies on one of the same period (in any phase), at three points: that of a pitchfork
    crosses another one in its middle.
    """
    points = np.column_stack([new.states, new.values])
    asked = points[[len(points) * quarter // 4 for quarter in (1, 2, 3)]]
    return any(
        other.period == new.period and len(other.values) > 1 and all(_lies(point, other) for point in asked)
        for other in found
    )


def _lies(point: np.ndarray, other: Branch) -> bool:
    """Whether (state, keyword) is a point of a branch, as far as its chords tell."""
    a = np.column_stack([other.states, other.values])
    way = np.diff(a, axis=0)
    at = point - a[:-1]
    share = np.clip(np.sum(at * way, 1) / np.maximum(np.sum(way * way, 1), 1e-300), 0, 1)
    away = np.min(np.max(np.abs(at - share[:, None] * way), axis=1))
    return bool(away < 1e-3 * (1.0 + np.max(np.abs(a))))
