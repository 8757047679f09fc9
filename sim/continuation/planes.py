"""Curves of folds, flips, Neimark-Sacker and branch points in the plane of two keywords: all that are found
in a box. `through` follows one of them.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from sim.continuation.arclength import Room, Steps
from sim.continuation.defining import Defining, Kind
from sim.continuation.family import Family
from sim.continuation.lines import crossed
from sim.continuation.results import Curve
from sim.continuation.seeds import nearest, on_lines, places_around, places_in, settled, solutions
from sim.continuation.through import curve
from sim.errors import refuse
from sim.machine.one_thread import one_thread

KINDS: tuple[Kind, ...] = ("fold", "flip", "neimark_sacker", "branch_point")
STEPS = Steps(first=0.003, largest=0.02, budget=1500)
_NEAR = 2e-3  # of the box: how near to a curve a point counts as one of it


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
