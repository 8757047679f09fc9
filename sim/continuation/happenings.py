"""What happens between two neighbouring points of a branch: tests that change their sign there, the point
located by bisection and secant steps, refined with the equations of its kind, and named.
"""

from collections.abc import Callable, Mapping

import numpy as np

from sim.continuation.arclength import correct, crossing, tangent
from sim.continuation.defining import Defining, Kind, Solutions, even
from sim.continuation.differences import solve
from sim.continuation.results import Special, of_full_period

Test = Callable[[np.ndarray, np.ndarray], float]

_SIDES = {"beyond_1": 1.0, "beyond_-1": -1.0}
_AT_ONCE = 1e-6  # how near to 1 or -1 multipliers are that pass together
_BESIDE = 1e-5  # of a scaled unit: there rounding leaves Newton's states as good as the mean of two is
LEVEL = 1e-9  # points and tangents are known to about 1e-11: a test below it is zero, whatever its sign


def eigenvalues(M: np.ndarray) -> np.ndarray:
    """Eigenvalues of many matrices (m, n, n); NaN where one is not finite."""
    sound = np.isfinite(M).all(axis=(1, 2))
    found = np.full(M.shape[:2], complex(np.nan, np.nan))
    if sound.any():
        found[sound] = np.linalg.eigvals(M[sound])
    return found


def determinant(matrix: np.ndarray) -> float:
    """A number with the sign of det and a size that neither overflows nor underflows: sign |det|^(1/n)."""
    sign, size = np.linalg.slogdet(matrix)
    return float(sign * np.exp(size / len(matrix)))


def turning(multipliers: np.ndarray) -> np.ndarray:
    """sign of the product of (l_i l_j - 1) over pairs, with the size of the factor nearest to zero: (m,) of
    multipliers (m, n).

    It changes its sign where a pair of complex multipliers crosses the unit circle, and where two real ones
    are each other's inverse.
    """
    if multipliers.shape[1] < 2:
        return np.ones(len(multipliers))
    i, j = np.triu_indices(multipliers.shape[1], 1)
    factors = multipliers[:, i] * multipliers[:, j] - 1.0
    real = np.abs(factors.imag) <= 1e-12 * (1.0 + np.abs(factors))
    sign = np.prod(np.where(real, np.sign(factors.real), 1.0), axis=1)
    return np.asarray(sign * np.min(np.abs(factors), axis=1))


def _tests(equations: Solutions, scale: np.ndarray) -> dict[str, Test]:
    one = np.eye(equations.n)

    def crossed(u: np.ndarray, t: np.ndarray) -> float:
        return determinant(np.vstack([equations.jacobian(u) * scale, t]))

    return {
        "fold": lambda u, t: float(t[-1]),
        "branch_point": crossed,
        "flip": lambda u, t: determinant(equations.linear(u) + one),
        "neimark_sacker": lambda u, t: float(turning(np.linalg.eigvals(equations.linear(u))[None])[0]),
    }


def readings_of(
    equations: Solutions, U: np.ndarray, T: np.ndarray, scale: np.ndarray
) -> dict[str, np.ndarray]:
    """The tests at many points of a branch at once."""
    _, M, P = equations.family.whole(U[:, : equations.n], U[:, equations.n :], equations.period)
    return readings(M, P, T, scale)


def readings(M: np.ndarray, P: np.ndarray, T: np.ndarray, scale: np.ndarray) -> dict[str, np.ndarray]:
    """The tests from the Jacobians M (m, n, n), slopes P (m, n, 1) and scaled tangents T (m, n + 1)."""
    one = np.eye(M.shape[1])
    bordered = np.concatenate([np.concatenate([M - one, P], axis=2) * scale, T[:, None]], axis=1)
    multipliers = eigenvalues(M)
    return {
        "fold": T[:, -1],
        "branch_point": _determinants(bordered),
        "flip": _determinants(M + one),
        "neimark_sacker": turning(multipliers),
        **{name: _beyond(multipliers, side) for name, side in _SIDES.items()},
    }


def _beyond(multipliers: np.ndarray, side: float) -> np.ndarray:
    """How many real parts of multipliers (m, n) are above 1 (`side` 1) or below -1; NaN where one is not
    finite.
    """
    count = (side * multipliers.real > 1.0).sum(axis=1)
    return np.where(np.isfinite(multipliers).all(axis=1), count, np.nan)


def _determinants(matrices: np.ndarray) -> np.ndarray:
    sign, size = np.linalg.slogdet(matrices)
    return np.asarray(sign * np.exp(size / matrices.shape[-1]))


def between(
    equations: Solutions,
    ends: tuple[np.ndarray, np.ndarray],
    t: np.ndarray,
    readings: Mapping[str, tuple[float, float]],
    scale: np.ndarray,
) -> list[tuple[Special, np.ndarray]]:
    """The special points between two neighbouring points of a branch, in their order."""
    u, after = ends
    found: list[tuple[float, Special, np.ndarray]] = []
    for kind, test in _tests(equations, scale).items():
        a, b = readings[kind]
        if not (np.isfinite(a) and np.isfinite(b)) or np.sign(a) * np.sign(b) >= 0:
            continue
        if kind == "fold" and max(abs(a), abs(b)) < LEVEL:  # a line of fixed points at one value
            continue
        near = crossing(equations, u, after, t, scale, test, (a, b))
        special = _special(equations, kind, near)
        if special is not None and not any(_same(special, other) for _, other, _ in found):
            place = float(t @ ((np.append(special.state, special.values) - u) / scale))
            found.append((place, special, tangent(equations, near, t, scale)))
    for kind, side in _SIDES.items():
        for special, near in _together(equations, ends, t, readings[kind], side, scale):
            if not any(_same(special, other) for _, other, _ in found):
                place = float(t @ ((near - u) / scale))
                found.append((place, special, tangent(equations, near, t, scale)))
    return [(special, v) for _, special, v in sorted(found, key=lambda item: item[0])]


def _together(
    equations: Solutions,
    ends: tuple[np.ndarray, np.ndarray],
    t: np.ndarray,
    counts: tuple[float, float],
    side: float,
    scale: np.ndarray,
) -> list[tuple[Special, np.ndarray]]:
    """Where an even number of multipliers passes 1 or -1 between two points: determinants do not change
    their sign there. So it is where units that are alike break their symmetry, all at one place.
    """
    found: list[tuple[Special, np.ndarray]] = []
    a, b = counts
    if not np.isfinite([a, b]).all() or a == b or (a - b) % 2:
        return found
    for rank in range(int(min(a, b)), int(max(a, b))):

        def passing(u: np.ndarray, t: np.ndarray, rank: int = rank) -> float:
            real = np.sort(side * np.linalg.eigvals(equations.linear(u)).real)[::-1]
            return float(real[rank] - 1.0)

        u, after = ends
        pair = (passing(u, t), passing(after, t))
        near = crossing(equations, u, after, t, scale, passing, pair)
        near = _beside(equations, near, t / scale, scale) if side > 0 else near
        multipliers = np.linalg.eigvals(equations.linear(near))
        point = _point(equations, "branch_point" if side > 0 else "flip", near, None)
        if (np.abs(multipliers - side) < _AT_ONCE).sum() > 1 and (side < 0 or _is_whole(equations, point)):
            found.append((point, near))
    return found


def _beside(equations: Solutions, near: np.ndarray, row: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """A point where several multipliers are 1, as the mean of the solutions on either side: at it Newton's
    matrix is singular, and any state in the plane of these directions solves the equations.
    """
    way = _BESIDE * row * scale * scale
    sides = [correct(equations, near + s * way, row, float(row @ near) + s * _BESIDE) for s in (-1.0, 1.0)]
    found = [side[0] for side in sides if side is not None]
    return near if len(found) < 2 else np.asarray(0.5 * (found[0] + found[1]))


def _is_whole(equations: Solutions, point: Special) -> bool:
    """Whether the cycle at a point is of the full period. Where it shrinks to one of half its period that
    flips, its own iterate has a pitchfork, not it.
    """
    orbit = equations.family.orbit(point.state[None], point.values[None], equations.period)
    return bool(of_full_period(orbit)[0])


def _same(a: Special, b: Special) -> bool:
    """Whether two tests have found one point: a pitchfork is seen by three of them, and of multipliers that
    pass together each is one.
    """
    first, second = np.append(a.state, a.values), np.append(b.state, b.values)
    folded = {"fold", "pitchfork", "branch_point"}
    alike = a.kind == b.kind or (a.kind in folded and b.kind in folded)
    return alike and bool(np.max(np.abs(first - second)) < 1e-5)


def _special(equations: Solutions, seen: str, near: np.ndarray) -> Special | None:
    """The point that a test has found, refined and named; None where it is no bifurcation."""
    family, period, n = equations.family, equations.period, equations.n
    multipliers = np.linalg.eigvals(equations.linear(near))
    if seen in ("fold", "branch_point"):
        found = _meeting(equations, seen, near)
        return found if _is_whole(equations, found) else None
    kind: Kind = "flip"
    extra = []
    if seen == "neimark_sacker":
        pairs = multipliers[multipliers.imag > 1e-9]
        if not len(pairs):
            return None  # a neutral saddle
        pair = pairs[np.argmin(np.abs(np.abs(pairs) - 1.0))]
        if abs(abs(pair) - 1.0) > 1e-3:
            return None
        kind, extra = "neimark_sacker", [float(pair.real / abs(pair))]
    better = _close(Defining(family, kind, period), np.concatenate([near[:n], extra, near[n:]]))
    return _point(equations, kind, near if better is None else np.append(better[:n], better[-1]), better)


def _meeting(equations: Solutions, seen: str, near: np.ndarray) -> Special:
    """Where a multiplier is 1: two branches cross there if F does not move with the keyword, else it is a
    fold. Where several are 1, more than two branches meet, and the equations of neither kind hold.
    """
    family, period, n = equations.family, equations.period, equations.n
    if (np.abs(np.linalg.eigvals(equations.linear(near)) - 1.0) < _AT_ONCE).sum() > 1:
        return _point(equations, "branch_point", near, None)
    crossed = _close(Defining(family, "branch_point", period), np.insert(near, n, 0.0))
    if crossed is not None and abs(crossed[n]) < 1e-10:
        here = np.append(crossed[:n], crossed[-1])
        defining = Defining(family, "fold", period)
        defining.adapt(here)
        return _point(equations, "pitchfork" if even(defining, here) else "branch_point", here, crossed)
    better = _close(Defining(family, "fold", period), near)
    kind = seen if better is None else "fold"
    return _point(equations, kind, near if better is None else better, better)


def _point(equations: Solutions, kind: str, u: np.ndarray, better: np.ndarray | None) -> Special:
    n = equations.n
    multipliers = np.linalg.eigvals(equations.linear(u))
    return Special(kind, u[:n], u[n:], multipliers, equations.period, better is not None, -1)


def _close(defining: Defining, u: np.ndarray) -> np.ndarray | None:
    """The point of this kind that is near u, or None."""
    better = refined(defining, u)
    if better is None or np.max(np.abs(better - u)) > 0.02 * (1.0 + np.max(np.abs(u))):
        return None
    return better


def refined(defining: Defining, u: np.ndarray) -> np.ndarray | None:
    """The point of this kind near u: as many equations as unknowns, Newton's method; None without
    convergence.
    """
    defining.adapt(u)
    last = np.inf
    for count in range(20):
        change = solve(defining.jacobian(u), -defining.residual(u[None])[0])
        size = float(np.max(np.abs(change) / (1.0 + np.abs(u))))
        if not np.isfinite(size) or (count > 4 and size > 2.0 * last > 1e-9):
            return None
        u = u + change
        if size < 1e-13 or (size < 1e-9 and size > 0.3 * last):
            return u if np.max(np.abs(defining.residual(u[None]))) < 1e-9 else None
        last = size
        if size < 1e-3:
            defining.adapt(u)
    return None
