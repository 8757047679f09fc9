"""Where the curves of a plane begin: fixed points and cycles all over the box, by Newton's method from
states of trajectories and around them, and from these the nearest points of each kind.

Everything is done for all places of a grid at once; nothing is drawn at random.
"""

import numpy as np

from sim.continuation.arclength import Room
from sim.continuation.defining import Defining
from sim.continuation.family import Family
from sim.continuation.generalised_flips import collapsed
from sim.continuation.results import of_full_period

_LENGTHS = (0, 1, 2, 5, 20, 100)  # of the trajectories whose states are tried
_SPREAD = (-3.0, -1.5, -0.75, -0.3, 0.0, 0.3, 0.75, 1.5, 3.0)  # around the last of them
_ROUNDS = 25
_STEPS = 12
_CLOSE = 1e-10  # a step of Gauss-Newton's after which there is nothing to gain
_EACH = 2  # fixed points of a place that are followed up
_MOST_NUMBERS = 4_000_000  # of the Jacobians that are held at once


def places_in(low: np.ndarray, high: np.ndarray, count: int) -> np.ndarray:
    """Places (count^2, 2) all over a box, off its borders and off round numbers."""
    share = (np.arange(count) + 0.5) / count
    x, y = np.meshgrid(
        low[0] + share * (high[0] - low[0]), low[1] + share * (high[1] - low[1]), indexing="ij"
    )
    return np.column_stack([x.ravel(), y.ravel()])


def places_around(low: np.ndarray, high: np.ndarray, count: int) -> np.ndarray:
    """Places (4 count, 2) on the border of a box, its corners among them."""
    along = low + np.linspace(0.0, 1.0, count + 1)[:, None] * (high - low)
    along[-1] = high
    sides = [np.column_stack([along[:, 0], np.full(count + 1, side)]) for side in (low[1], high[1])]
    sides += [np.column_stack([np.full(count - 1, side), along[1:-1, 1]]) for side in (low[0], high[0])]
    return np.concatenate(sides)


def solutions(
    family: Family, starts: np.ndarray, places: np.ndarray, period: int
) -> tuple[np.ndarray, np.ndarray]:
    """Different states (m, n) with F^k(s) = s of full period, and their keywords (m, q), over places (g, q).

    `starts` (c, n): states from which trajectories begin.
    """
    g, c = len(places), len(starts)
    p = np.repeat(places, c, axis=0)
    orbit = family.orbit(np.tile(starts, (g, 1)), p, max(_LENGTHS))
    orbit = np.where(np.abs(orbit) < 1e5, orbit, np.nan)
    tried = [orbit[length] for length in _LENGTHS]
    size = 1.0 + np.abs(orbit[-1])
    size = np.where(np.isfinite(size), size, 1.0)
    orbit[-1] = np.where(np.isfinite(orbit[-1]), orbit[-1], 0.0)
    tried += [orbit[-1] + far * size for far in _SPREAD] if family.n <= 4 else []
    s, p = np.concatenate(tried), np.concatenate([p] * len(tried))
    sound = np.isfinite(s).all(axis=1) & (np.abs(s).max(axis=1) < 1e6)
    s, p, good = newton(family, s[sound], p[sound], period)
    s, p = s[good], p[good]
    if not len(s):
        return s, p
    if period > 1:
        orbits = family.orbit(s, p, period)
        full = of_full_period(orbits)
        s, p = s[full], p[full]
    inside = (np.abs(s) < 1e5).all(axis=1)
    s, p = s[inside], p[inside]
    keys = np.round(np.hstack([p, s]) / (1e-6 * (1.0 + np.abs(np.hstack([p, s])).max(initial=0.0))))
    _, first = np.unique(keys, axis=0, return_index=True)
    return s[np.sort(first)], p[np.sort(first)]


def newton(
    family: Family, s: np.ndarray, p: np.ndarray, period: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Damped Newton steps of F^k(s) = s for many states at once; whether each converged is the third."""
    one = np.eye(family.n)
    good = np.zeros(len(s), bool)
    for _ in range(_ROUNDS):
        value, M = family.linear(s, p, period)
        change = steps_of(M - one, s - value)
        size = np.max(np.abs(change) / (1.0 + np.abs(s)), axis=1)
        good = size < 1e-9
        factor = 1.0 / np.maximum(1.0, 2.0 * size)
        s = np.where(np.isfinite(size)[:, None], s + factor[:, None] * change, np.nan)
    return s, p, good & np.isfinite(s).all(axis=1)


def steps_of(A: np.ndarray, right: np.ndarray) -> np.ndarray:
    """A^-1 right for many systems, the pseudo-inverse where there are more unknowns; NaN where not finite."""
    sound = np.isfinite(A).all(axis=(1, 2)) & np.isfinite(right).all(axis=1)
    found = np.full((len(A), A.shape[2]), np.nan)
    if sound.any():
        found[sound] = (np.linalg.pinv(A[sound], rcond=1e-13) @ right[sound, :, None])[:, :, 0]
    return found


def nearest(defining: Defining, s: np.ndarray, p: np.ndarray, room: Room) -> np.ndarray:
    """Points near the curves of this kind (m, size), that Gauss-Newton steps reach from fixed points: from
    the one or two at each place that are nearest to a bifurcation. `settled` tells which are points of a
    curve.
    """
    count = max(8, _MOST_NUMBERS // (2 * defining.size * defining.n**2))
    u, off = _with_extra(defining, s, p)
    order = np.argsort(off, kind="stable")
    order = order[np.isfinite(off[order])]
    _, place = np.unique(u[order][:, -2:], axis=0, return_inverse=True)
    rank = np.empty(len(order), int)
    by_place = np.argsort(place.ravel(), kind="stable")
    counts = np.bincount(place.ravel())
    rank[by_place] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    order = order[rank < _EACH][:count]
    return _rounds(defining, u[order], room)


def on_lines(defining: Defining, points: np.ndarray, room: Room) -> np.ndarray:
    """Points of the curves of this kind (m, size), from (m, n + 2) nearby: `lines.crossed` knows of them."""
    count = max(8, _MOST_NUMBERS // (2 * defining.size * defining.n**2))
    u, _ = _with_extra(defining, points[:, : defining.n], points[:, defining.n :])
    found = [_rounds(defining, u[i : i + count], room) for i in range(0, len(u), count)]
    return np.concatenate(found) if found else u


def _with_extra(defining: Defining, s: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The unknowns at fixed points of finite derivatives, and how far multipliers are from this kind."""
    _, M = defining.family.linear(s, p, defining.period)
    sound = np.isfinite(M).all(axis=(1, 2))
    s, p, M = s[sound], p[sound], M[sound]
    multipliers = np.linalg.eigvals(M)
    extra = np.zeros((len(s), defining.extra))
    if defining.kind == "neimark_sacker":
        modulus = np.where(multipliers.imag > 1e-6, np.abs(np.abs(multipliers) - 1.0), np.inf)
        place = np.argmin(modulus, axis=1)
        off = modulus[np.arange(len(s)), place]
        pair = multipliers[np.arange(len(s)), place]
        extra = (pair.real / np.maximum(np.abs(pair), 1e-300))[:, None]
    else:
        wanted = -1.0 if defining.kind == "flip" else 1.0
        off = np.min(np.abs(multipliers - wanted), axis=1)
    return np.hstack([s, extra, p]), off


def _rounds(defining: Defining, u: np.ndarray, room: Room) -> np.ndarray:
    """A few Gauss-Newton steps; what leaves the box is dropped.

    Each point has the bordering vectors that fit it, anew for every step: with others g has poles where the
    bordered matrix is singular, and the steps lead nowhere.
    """
    k, q, width = defining.size, len(room.low), room.high - room.low
    for _ in range(_STEPS):
        s, _, p = defining.split(u)
        u = u[np.isfinite(defining.family.linear(s, p, defining.period)[1]).all(axis=(1, 2))]
        if not len(u):
            break
        defining.each(u)
        widths = 6e-6 * (1.0 + np.abs(u))
        moved = np.concatenate(
            [u[:, None] + widths[:, None] * np.eye(k), u[:, None] - widths[:, None] * np.eye(k)], 1
        )
        values = defining.repeated(2 * k).residual(moved.reshape(-1, k)).reshape(len(u), 2 * k, -1)
        J = np.swapaxes((values[:, :k] - values[:, k:]) / (2 * widths[:, :, None]), 1, 2)
        change = steps_of(J * room.scale, -defining.residual(u)) * room.scale
        size = np.max(np.abs(change / room.scale), axis=1)
        u = u + change / np.maximum(1.0, size / 0.2)[:, None]
        near = (u[:, -q:] > room.low - 0.2 * width) & (u[:, -q:] < room.high + 0.2 * width)
        u = u[near.all(axis=1) & np.isfinite(u).all(axis=1) & (np.abs(u).max(axis=1) < room.reach)]
        if np.max(size) < _CLOSE:
            break
    return u


def settled(defining: Defining, u: np.ndarray, room: Room) -> np.ndarray | None:
    """The point with its own bordering vectors, if it converges within the box."""
    defining.adapt(u)
    wrong = defining.residual(u[None])[0]
    q = len(room.low)
    inside = bool((u[-q:] >= room.low).all() and (u[-q:] <= room.high).all())
    if not inside or not np.isfinite(wrong).all() or np.max(np.abs(wrong)) > 1e-6:
        return None
    if not of_its_period(defining, u):
        return None
    if defining.kind == "fold" and branches_cross(defining, u):
        return None
    if defining.kind == "neimark_sacker" and not paired(defining, u):
        return None
    if defining.kind == "branch_point" and (abs(u[defining.n]) > 1e-9 or not branches_cross(defining, u)):
        return None
    return u


def of_its_period(defining: Defining, u: np.ndarray) -> bool:
    """Whether a point of a curve of k-cycles is no cycle of a shorter period."""
    if defining.period == 1:
        return True
    s, _, p = defining.split(u[None])
    if defining.kind == "fold" and collapsed(defining.family, s[0], p[0], defining.period):
        return False
    return bool(of_full_period(defining.family.orbit(s, p, defining.period))[0])


def branches_cross(defining: Defining, u: np.ndarray) -> bool:
    """Whether branches cross at a point with a multiplier 1: F does not move with any keyword there."""
    s, _, p = defining.split(u[None])
    P = defining.family.whole(s, p, defining.period)[2][0]
    _, w = defining.vectors(u)
    return bool(np.max(np.abs(w @ P)) < 1e-6 * max(1.0, float(np.max(np.abs(P)))))


def paired(defining: Defining, u: np.ndarray) -> bool:
    """Whether the pair exp(+-i theta) that a Neimark-Sacker point says it has is among the multipliers."""
    cosine = float(u[defining.n])
    if not abs(cosine) < 1.0:
        return False
    pair = complex(cosine, np.sqrt(1.0 - cosine * cosine))
    return bool(np.min(np.abs(np.linalg.eigvals(defining.linear(u)) - pair)) < 1e-5)
