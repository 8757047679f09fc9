"""Whether an orbit oscillates, how far, how fast, and which way round.

After `settle` steps the turning points of the first number are timed, between the samples by a parabola
through three of them. One period is the mean time from one low to the next: that of the cycle only where
every low is like the one before (`steady`); a cycle of several loops, a torus and chaos are `uneven`, what
still spirals in or out is `decaying` or `growing`. `winding` counts the turns of the orbit's direction in the
plane of the first two numbers, positive from the first axis to the second, each step by the shorter way:
1 / period for a simple loop, whichever point it goes round (H. Hopf's Umlaufsatz). Multiply times by the step
of a flow.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np

from sim.attractors.followed import Followed
from sim.errors import refuse
from sim.functions import maximum, minimum, where
from sim.observable import Declared, Facts, Loop, Reduced, Whole
from sim.signature import About

_SOURCE = "S. H. Strogatz, Nonlinear Dynamics and Chaos (1994), chapter 7"
_UNEVEN = 0.2  # share of the mean by which times from low to low may differ
_APART = 0.05  # share of the distance from the lowest to the highest value by which lows may differ


class Keywords(NamedTuple):
    """When the orbit counts as settled, and what counts as rest."""

    settle: Annotated[int, About("steps before the orbit is looked at; -1: half of them", "step")] = -1
    rest: Annotated[float, About("amplitude below which an orbit is at rest", sweepable=False)] = 1e-6


def declare(facts: Facts) -> Declared:
    """A verdict, and the numbers of the oscillation."""
    _first(facts)
    flags = {-1: "not finite", 0: "at rest", 1: "steady", 2: "uneven", 3: "decaying", 4: "growing"}
    further = {
        "limit_cycle_amplitude": Declared(
            facts.unit,
            "amplitude",
            "1",
            "half of the distance from the lowest to the highest value after it has settled",
            _SOURCE,
        ),
        "limit_cycle_period": Declared(
            (),
            "period of the oscillation",
            "step",
            "mean time from one low of the first number to the next; NaN with fewer than three lows or at "
            "rest",
            _SOURCE,
            infinite=True,
        ),
        "winding": Declared(
            (),
            "turns a step",
            "1/step",
            "turns of the orbit's direction in the plane of the first two numbers; NaN where there is one "
            "number or no period",
            _SOURCE,
            infinite=True,
        ),
    }
    return Declared(
        (),
        "oscillation",
        "1",
        "at rest; a steady oscillation; uneven, if times from low to low differ by more than a fifth or lows "
        "by more than a twentieth of the range; decaying or growing, if each low is higher, or lower, than "
        "the one before",
        _SOURCE,
        "int32",
        flags,
        outcomes={-1: 2},
        further=further,
    )


def _first(facts: Facts) -> int:
    """The time from which on the orbit counts."""
    settle = int(facts.k.settle)
    first = facts.steps // 2 if settle == -1 else settle
    if facts.steps < 3:
        raise refuse("parameters.steps", f"{facts.steps} steps are too few to turn; write 3 or more")
    if not 0 <= first <= facts.steps - 3:
        raise refuse(
            "parameters.settle",
            f"{settle} of {facts.steps} steps leave nothing to look at; write 0 to {facts.steps - 3}",
        )
    return first


def _begin(k: Any, p: Any, s: Any) -> tuple[Any, ...]:
    """States seen; lows; first and last low, turns then and now; shortest and longest time between lows; the
    lowest and the highest low, the last one, how many were higher than the one before, how many lower; the
    step before; and for each number its last, lowest and highest value.
    """
    lows = (1e300, -1e300, 0.0, 0.0, 0.0)
    return (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1e300, 0.0, *lows, 0.0, 0.0, *s, *s, *s)


def _update(k: Any, p: Any, s: Any, a: Any, t: Any) -> tuple[Any, ...]:
    (
        seen,
        lows,
        began,
        ended,
        turned,
        turns,
        shortest,
        longest,
        least,
        most,
        deep,
        rises,
        falls,
        u,
        v,
        *rest,
    ) = a
    n = len(s)
    last, low, high = rest[:n], rest[n : 2 * n], rest[2 * n :]
    x = s[0] - last[0]
    y = s[1] - last[1] if n > 1 else 0.0 * x
    ready = seen >= 2.0
    bottom = ready & (u < 0.0) & (x >= 0.0)
    top = ready & (u >= 0.0) & (x < 0.0)
    bend = where(bottom, x - u, 1.0)
    at = t - 1.0 - 0.5 * (u + x) / bend
    depth = last[0] - (u + x) * (u + x) / (8.0 * bend)
    # at a low and at a high of the first number the step turns past the second axis, by the shorter way: the
    # sign of its angle to the step before is which way, for any angle below half a turn
    turn = u * y - v * x
    half = where(turn > 0.0, 0.5, where(turn < 0.0, -0.5, 0.0))
    counted = lows >= 1.0
    now = turns + where(counted & (bottom | top), half, 0.0)
    again = bottom & counted
    fresh = seen < 1.0
    return (
        seen + 1.0,
        lows + where(bottom, 1.0, 0.0),
        where(bottom & (lows < 1.0), at, began),
        where(bottom, at, ended),
        where(bottom, now, turned),
        now,
        where(again, minimum(at - ended, shortest), shortest),
        where(again, maximum(at - ended, longest), longest),
        where(bottom, minimum(depth, least), least),
        where(bottom, maximum(depth, most), most),
        where(bottom, depth, deep),
        rises + where(again & (depth > deep), 1.0, 0.0),
        falls + where(again & (depth < deep), 1.0, 0.0),
        where(fresh, 0.0, x),
        where(fresh, 0.0, y),
        *s,
        *(where(fresh, z, minimum(z, o)) for z, o in zip(s, low, strict=True)),
        *(where(fresh, z, maximum(z, o)) for z, o in zip(s, high, strict=True)),
    )


def _end(k: Any, p: Any, s: Any, a: Any) -> tuple[Any, ...]:
    return tuple(a[i] for i in (1, 2, 3, 4, 6, 7, 8, 9, 11, 12)) + tuple(a[15 + len(s) :])


_INNER = Reduced(declare, _begin, _update, _end)


def plan(form: Any, k: Keywords, facts: Facts) -> Loop:
    """The orbit followed number by number."""
    followed = Followed(form, "limit_cycle", _INNER)
    first, n, rest = _first(facts), followed.n, float(facts.k.rest)

    def evaluate(tile: Any) -> np.ndarray:
        rows = followed.run(tile.given, first).T
        lows, began, ended, turned, shortest, longest, least, most, rises, falls = rows[:10]
        with np.errstate(all="ignore"):
            amplitude = 0.5 * (rows[10 + n :] - rows[10 : 10 + n])
            finite = np.isfinite(amplitude).all(axis=0)
            still = amplitude.max(axis=0) <= rest
            timed = finite & ~still & (lows >= 3.0)
            period = np.where(timed, (ended - began) / (lows - 1.0), np.nan)
            winding = np.where(timed & (n > 1), turned / (ended - began), np.nan)
            alike = most - least <= 2.0 * _APART * amplitude[0]
            even = timed & alike & (longest - shortest <= _UNEVEN * period)
            decaying, growing = (timed & ~alike & (count == lows - 1.0) for count in (rises, falls))
        verdict = np.select([~finite, still, even, decaying, growing], [-1.0, 0.0, 1.0, 3.0, 4.0], 2.0)
        return np.concatenate([verdict[None], amplitude, period[None], winding[None]])

    return Loop(followed.source, evaluate, followed.operations, 64, by_cell=True)


observable = Whole(declare, plan, Keywords)
