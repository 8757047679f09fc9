"""The curve of one kind through a point of the plane of two keywords, with the points on it where more
happens: cusps, resonances, fold-flips and generalised flips.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from sim.continuation.arclength import ENDS, Piece, Room, Steps, correct, crossing, follow, forward
from sim.continuation.defining import Defining, curvature
from sim.continuation.generalised_flips import Cubic, apart, near, sign
from sim.continuation.happenings import LEVEL, Test, determinant, refined
from sim.continuation.results import Curve, Special
from sim.continuation.seeds import branches_cross, of_its_period, paired

_ANGLES = {"resonance_1_1": 1.0, "resonance_1_2": -1.0, "resonance_1_3": -0.5, "resonance_1_4": 0.0}
_STILL = 10  # points in a row that do not move in the plane: no curve of it
_SINGULAR = 1e-9  # of the largest singular value: differences of order two err by about 1e-11
_SHRUNK = "ends in a generalised flip"


def curve(defining: Defining, u: np.ndarray, room: Room, steps: Steps) -> Curve | None:
    """The curve through a point, to both sides; None where there is none (a lone point, no convergence)."""
    defining.adapt(u)
    J = defining.jacobian(u) * room.scale
    if not np.isfinite(J).all():
        return None
    _, sizes, right = np.linalg.svd(J)
    if sizes[-1] < _SINGULAR * sizes[0]:  # a surface of solutions, as where every state is a cycle
        return None
    t = forward(right[-1])
    start = correct(defining, u, t / room.scale, float(t / room.scale @ u))
    if start is None or not of_its_period(defining, start[0]):
        return None
    # Where branches cross, the equations of folds are singular and Newton's method comes near only by halves:
    # what the seed was too far away to show shows here.
    if defining.kind == "fold" and branches_cross(defining, start[0]):
        return None
    pieces = []
    for way in (t, -t):
        defining.adapt(start[0])
        moving = _Moving(defining, room, start[0])
        piece = follow(defining, start[0], way, room, steps, moving)
        pieces.append(_ended(defining, piece, moving))
        if piece.end == ENDS["closed"]:
            pieces.append(Piece([start[0]], [-t], ENDS["closed"]))
            break
    ahead, behind = pieces
    points = [*behind.points[:0:-1], *ahead.points]
    tangents = [*(-v for v in behind.tangents[:0:-1]), *ahead.tangents]
    return _curve(defining, points, tangents, room, (behind.end, ahead.end)) if len(points) > 2 else None


class _Moving:
    """Whether a curve still is of its kind and period, and still moves in the plane (a continuum of states
    does not). `meeting`: the generalised flip in which it ends; `passed`: whether the last point is beyond.
    """

    def __init__(self, defining: Defining, room: Room, start: np.ndarray) -> None:
        self.defining, self.room, self.width = defining, room, room.high - room.low
        self.last, self.still = start, 0
        self.apart = apart(defining.family, start[: defining.n], start[-2:], defining.period)
        self.meeting: np.ndarray | None = None
        self.passed = False

    def __call__(self, u: np.ndarray) -> bool:
        moved = np.abs(u[-2:] - self.last[-2:]) / self.width
        self.still = self.still + 1 if (moved < 1e-9).all() else 0
        ends = self._shrinks(u)
        self.last = u
        if ends or self.still >= _STILL:
            return False
        if self.defining.kind == "neimark_sacker" and not paired(self.defining, u):
            return False
        if self.defining.kind == "branch_point" and abs(u[self.defining.n]) >= 1e-7:
            return False
        return of_its_period(self.defining, u)

    def _shrinks(self, u: np.ndarray) -> bool:
        """Whether the cycle shrinks to one of half the period here or in the next step or two, in a
        generalised flip. The equations are singular there: the corrector is not led nearer to it.
        """
        defining, n = self.defining, self.defining.n
        if defining.kind != "fold" or defining.period % 2:
            return False
        before, self.apart = self.apart, apart(defining.family, u[:n], u[n:], defining.period)
        now, then = np.linalg.norm(self.apart), np.linalg.norm(before)
        passed = bool(self.apart @ before < 0.0)
        if not (passed or (now < then and now < 2.0 * np.linalg.norm(self.apart - before))):
            return False
        meeting = near(defining.family, u[:n], u[n:], defining.period)
        if meeting is None:
            return False
        way = np.linalg.norm((meeting - u) / self.room.scale)
        if way > 3.0 * np.linalg.norm((u - self.last) / self.room.scale):
            return False
        self.meeting, self.passed = meeting, passed
        return True


def _ended(defining: Defining, piece: Piece, moving: _Moving) -> Piece:
    """A piece without the point that no longer is of its kind; a Neimark-Sacker curve ends at its
    resonance, one of folds where its cycles have shrunk.
    """
    if piece.end != ENDS["stopped"]:
        return piece
    points, tangents = piece.points, piece.tangents
    if moving.meeting is not None:
        kept = points[:-1] if moving.passed else points
        return Piece([*kept, moving.meeting], [*tangents[: len(kept)], tangents[len(kept) - 1]], _SHRUNK)
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
        tests = {"generalised_flip": lambda u, t: sign(defining, u)}
        return tests | ({"resonance_1_2": angle, "fold_flip": signed(-1.0)} if defining.n > 1 else {})
    if defining.kind == "neimark_sacker":
        return {name: _beyond(defining.n, cosine) for name, cosine in _ANGLES.items() if abs(cosine) < 1.0}
    return {}


def _changed(name: str, before: float, value: float) -> bool:
    """Whether a test has changed its sign. Not where an angle stays within rounding at a resonance: with a
    trace of zero the pair is i and -i all along the curve.
    """
    if not np.isfinite([value, before]).all() or value * before >= 0.0:
        return False
    return name not in _ANGLES or max(abs(value), abs(before)) >= LEVEL


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
        shrunk = ends[0 if i == 0 else 1] == _SHRUNK and i in (0, len(points) - 1)  # tests are 0 there
        now = {name: np.nan if shrunk else test(u, t) for name, test in tests.items()}
        inside = []
        for name, value in now.items():
            if i and _changed(name, before[name], value):
                pair = (before[name], value)
                place = crossing(defining, points[i - 1], u, tangents[i - 1], room.scale, tests[name], pair)
                confirmed: np.ndarray | None = place
                if name == "generalised_flip":
                    confirmed = _confirmed(defining, place, points[i - 1], u, room)
                if confirmed is not None:
                    inside.append((name, confirmed))
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
    special += [
        _special(defining, "generalised_flip", rows[i], i)
        for i, end in zip((0, len(rows) - 1), ends, strict=True)
        if end == _SHRUNK
    ]
    U = np.array(rows)
    s, other, p = defining.split(U)
    extra = other if defining.kind == "neimark_sacker" else np.full(len(U), np.nan)
    free = (defining.family.free[0], defining.family.free[1])
    closed = ENDS["closed"] in ends
    return Curve(defining.kind, defining.period, free, s, p, extra, tuple(special), closed, ends)


def _confirmed(
    defining: Defining, place: np.ndarray, before: np.ndarray, after: np.ndarray, room: Room
) -> np.ndarray | None:
    """The generalised flip between two points of a curve of flips; None where c has no zero but a jump."""
    found = refined(Cubic(defining.family, defining.period), place)
    length = np.linalg.norm((after - before) / room.scale)
    return None if found is None or np.linalg.norm((found - place) / room.scale) > length else found


def _special(defining: Defining, name: str, u: np.ndarray, index: int) -> Special:
    s, _, p = defining.split(u[None])
    multipliers = np.linalg.eigvals(defining.linear(u))
    return Special(name, s[0], p[0], multipliers, defining.period, True, index)
