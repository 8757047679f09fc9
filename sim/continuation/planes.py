"""Curves of folds, flips, Neimark-Sacker and branch points in the plane of two keywords, with the points on
them where more happens: cusps and resonances.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from sim.continuation.arclength import ENDS, Piece, Room, Steps, correct, crossing, follow, forward
from sim.continuation.defining import Defining, Kind, curvature
from sim.continuation.family import Family
from sim.continuation.happenings import determinant
from sim.continuation.lines import crossed
from sim.continuation.results import Curve, Special
from sim.continuation.seeds import nearest, on_lines, paired, places_around, places_in, settled, solutions
from sim.errors import refuse
from sim.one_thread import one_thread

KINDS: tuple[Kind, ...] = ("fold", "flip", "neimark_sacker", "branch_point")
STEPS = Steps(first=0.003, largest=0.02, budget=1500)
_ANGLES = {"resonance_1_1": 1.0, "resonance_1_2": -1.0, "resonance_1_3": -0.5, "resonance_1_4": 0.0}
_STILL = 10  # points in a row that do not move in the plane: no curve of it
_NEAR = 2e-3  # of the box: how near to a curve a point counts as one of it

Test = Callable[[np.ndarray, np.ndarray], float]


class Found(NamedTuple):
    """The curves of a box, and in words whether a budget left some out (empty: it did not)."""

    curves: tuple[Curve, ...]
    left_out: str


def curves(
    family: Family,
    box: tuple[tuple[float, float], tuple[float, float]],
    kinds: Sequence[str] = KINDS,
    *,
    periods: int = 1,
    starts: np.ndarray | None = None,
    grid: int = 12,
    most: int = 24,
    steps: Steps = STEPS,
) -> Found:
    """The bifurcation curves of fixed points, and of cycles up to `periods`, in a box of two free keywords.

    Searched, not proved complete: fixed points at `grid` x `grid` places and around the border are sought
    from `starts` (c, n) and the states of their trajectories. Along the lines through these places and along
    the border their branches are followed; what bifurcates there, and the points of each kind that are
    nearest to the fixed points, begin curves, which are followed to the box's border, back to their start or
    to the end of a budget. So a curve is missed if it lies between lines, or if no start leads to its branch.
    Cost: tenths of a second a curve for small systems.

    >>> from sim.continuation.family import family
    >>> found = curves(family("ctrnn", ["w", "b"], {"alpha": 1.0}), ((0.0, 3.0), (-1.0, 1.0)), ["fold"])
    >>> [(point.kind, [round(float(v), 9) + 0.0 for v in point.values]) for point in found.curves[0].special]
    [('cusp', [1.0, 0.0])]
    """
    low, high = (np.array([float(side[i]) for side in box]) for i in (0, 1))
    if len(family.free) != 2:
        raise refuse("free", f"{list(family.free)} are free; curves need exactly two keywords")
    if not (np.isfinite([low, high]).all() and (low < high).all()):
        raise refuse("box", f"{box}; write two pairs of finite numbers, the lower one first")
    if unknown := [kind for kind in kinds if kind not in KINDS]:
        raise refuse("kinds", f"{unknown[0]!r} is no kind of curve; there are {', '.join(KINDS)}")
    starts = np.zeros((1, family.n)) if starts is None else np.asarray(starts, dtype=float)
    found: list[Curve] = []
    left_out = ""
    with one_thread():
        places = np.concatenate([places_in(low, high, grid), places_around(low, high, grid)])
        for period in range(1, periods + 1):
            s, p = solutions(family, starts, places, period)
            if not len(s):
                continue
            size = float(np.clip(np.ptp(s, axis=0).max(), 0.1, 100.0))
            room = Room(low, high, np.concatenate([np.full(family.n, size), high - low]))
            seen = [crossed(family, s, p, period, axis, room, grid) for axis in (0, 1)]
            for kind in (
                kind for kind in KINDS if kind in kinds and (family.n > 1 or kind != "neimark_sacker")
            ):
                defining = Defining(family, kind, period)
                units = np.concatenate([np.full(family.n, size), np.ones(defining.extra), high - low])
                room = Room(low, high, units)
                lone: list[np.ndarray] = []  # places that no curve goes through
                for near in _seeds(defining, seen, s, p, room):
                    if _is_on(near[-2:], kind, period, found, high - low) or any(
                        np.linalg.norm((near[-2:] - place) / (high - low)) < _NEAR for place in lone
                    ):
                        continue
                    u = settled(defining, near, room)
                    if u is None:
                        continue
                    if len(found) >= most:
                        left_out = f"there are more than {most} curves"
                        break
                    made = curve(defining, u, room, steps)
                    if made is not None and np.ptp(made.values / (high - low), axis=0).max() > _NEAR:
                        found.append(made)
                    else:
                        lone.append(u[-2:])
    return Found(tuple(found), left_out)


def _seeds(
    defining: Defining, seen: Sequence[Mapping[str, np.ndarray]], s: np.ndarray, p: np.ndarray, room: Room
) -> np.ndarray:
    """Points of this kind: where branches over lines have one, and near solutions."""
    known = [on_lines(defining, lines[defining.kind], room) for lines in seen if defining.kind in lines]
    return np.concatenate([*known, nearest(defining, s, p, room)])


def _is_on(place: np.ndarray, kind: str, period: int, found: Sequence[Curve], width: np.ndarray) -> bool:
    """Whether a point of the plane lies on a curve of its kind that is there already."""
    for other in found:
        if other.kind != kind or other.period != period:
            continue
        corners = other.values / width
        way = np.diff(corners, axis=0)
        at = place / width - corners[:-1]
        share = np.clip(np.sum(at * way, 1) / np.maximum(np.sum(way * way, 1), 1e-300), 0.0, 1.0)
        if np.min(np.linalg.norm(at - share[:, None] * way, axis=1)) < _NEAR:
            return True
    return False


def curve(defining: Defining, u: np.ndarray, room: Room, steps: Steps = STEPS) -> Curve | None:
    """The curve through a point, to both sides; None where there is none (a lone point, no convergence)."""
    defining.adapt(u)
    J = defining.jacobian(u) * room.scale
    if not np.isfinite(J).all():
        return None
    t = forward(np.linalg.svd(J)[2][-1])
    start = correct(defining, u, t / room.scale, float(t / room.scale @ u))
    if start is None:
        return None
    pieces = []
    for way in (t, -t):
        defining.adapt(start[0])
        piece = follow(defining, start[0], way, room, steps, _Moving(defining, room))
        pieces.append(_ended(defining, piece))
        if piece.end == ENDS["closed"]:
            pieces.append(Piece([start[0]], [-t], ENDS["closed"]))
            break
    ahead, behind = pieces
    points = [*behind.points[:0:-1], *ahead.points]
    tangents = [*(-v for v in behind.tangents[:0:-1]), *ahead.tangents]
    return _curve(defining, points, tangents, room, (behind.end, ahead.end)) if len(points) > 2 else None


class _Moving:
    """Whether a curve still is of its kind, and still moves in the plane (a continuum of states does not)."""

    def __init__(self, defining: Defining, room: Room) -> None:
        self.defining, self.width = defining, room.high - room.low
        self.last, self.still = np.full(2, np.nan), 0

    def __call__(self, u: np.ndarray) -> bool:
        moved = np.abs(u[-2:] - self.last) / self.width
        self.still = self.still + 1 if (moved < 1e-9).all() else 0
        self.last = u[-2:]
        if self.defining.kind == "neimark_sacker":
            return paired(self.defining, u) and self.still < _STILL
        if self.defining.kind == "branch_point":
            return bool(abs(u[self.defining.n]) < 1e-7) and self.still < _STILL
        return self.still < _STILL


def _ended(defining: Defining, piece: Piece) -> Piece:
    """A piece without the point that no longer is of its kind; a Neimark-Sacker curve ends at its
    resonance.
    """
    if piece.end != ENDS["stopped"]:
        return piece
    points, tangents = piece.points, piece.tangents
    if defining.kind == "neimark_sacker" and len(points) > 1 and abs(points[-1][defining.n]) >= 1.0:
        row = np.zeros(defining.size)
        row[defining.n] = 1.0
        end = float(np.sign(points[-1][defining.n]))
        share = (end - points[-2][defining.n]) / (points[-1][defining.n] - points[-2][defining.n])
        found = correct(defining, points[-2] + share * (points[-1] - points[-2]), row, end)
        if found is not None:
            return Piece([*points[:-1], found[0]], tangents, "ends in a resonance")
    return Piece(points[:-1], tangents[:-1], piece.end)


def _tests(defining: Defining) -> Mapping[str, Test]:
    """What else may happen on a curve of this kind, as functions that change their sign there."""
    one = np.eye(defining.n)

    def angle(u: np.ndarray, t: np.ndarray) -> float:
        v, w = defining.vectors(u)
        return float(v @ w)

    def signed(shift: float) -> Test:
        return lambda u, t: determinant(defining.linear(u) + shift * one)

    if defining.kind == "fold":
        tests: dict[str, Test] = {"cusp": lambda u, t: curvature(defining, u)}
        return tests | ({"resonance_1_1": angle, "fold_flip": signed(1.0)} if defining.n > 1 else {})
    if defining.kind == "flip":
        return {"resonance_1_2": angle, "fold_flip": signed(-1.0)} if defining.n > 1 else {}
    if defining.kind == "neimark_sacker":
        return {name: _beyond(defining.n, cosine) for name, cosine in _ANGLES.items() if abs(cosine) < 1.0}
    return {}


def _beyond(place: int, level: float) -> Test:
    return lambda u, t: float(u[place] - level)


def _curve(
    defining: Defining,
    points: Sequence[np.ndarray],
    tangents: Sequence[np.ndarray],
    room: Room,
    ends: tuple[str, str],
) -> Curve:
    """The curve of these points, with those on it where more happens put into their row."""
    rows: list[np.ndarray] = []
    special: list[Special] = []
    tests = _tests(defining)
    before: dict[str, float] = {}
    for i, (u, t) in enumerate(zip(points, tangents, strict=True)):
        defining.adapt(u)
        now = {name: test(u, t) for name, test in tests.items()}
        inside = []
        for name, value in now.items():
            if i and np.isfinite([value, before[name]]).all() and value * before[name] < 0:
                pair = (before[name], value)
                inside.append(
                    (
                        name,
                        crossing(defining, points[i - 1], u, tangents[i - 1], room.scale, tests[name], pair),
                    )
                )
        inside.sort(key=lambda item: float(tangents[i - 1] @ ((item[1] - points[i - 1]) / room.scale)))
        for name, place in inside:
            special.append(_special(defining, name, place, len(rows)))
            rows.append(place)
        rows.append(u)
        before = now
    if defining.kind == "neimark_sacker":
        for i in (0, len(rows) - 1):
            special += [
                _special(defining, name, rows[i], i)
                for name in ("resonance_1_1", "resonance_1_2")
                if abs(rows[i][defining.n] - _ANGLES[name]) < 1e-9
            ]
    U = np.array(rows)
    s, other, p = defining.split(U)
    extra = other if defining.kind == "neimark_sacker" else np.full(len(U), np.nan)
    free = (defining.family.free[0], defining.family.free[1])
    closed = ENDS["closed"] in ends
    return Curve(defining.kind, defining.period, free, s, p, extra, tuple(special), closed, ends)


def _special(defining: Defining, name: str, u: np.ndarray, index: int) -> Special:
    s, _, p = defining.split(u[None])
    multipliers = np.linalg.eigvals(defining.linear(u))
    return Special(name, s[0], p[0], multipliers, defining.period, True, index)
