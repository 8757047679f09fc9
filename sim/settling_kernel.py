"""The loop that runs orbits to their ends; `sim/settling.py` writes its parts out for one system.

An orbit that returns to an earlier state bit for bit is periodic for ever: its fate is certain and it is not
run on. What is found of an orbit is fixed at that time, whatever its neighbours in the bundle still do. Then
it is followed once around.
"""

from typing import Any

from sim.kernels import load_parameters, load_state, step
from sim.lanes import align_stack, any_lane, select, splat
from sim.processor import SHAPES

WIDTH = SHAPES.settling  # with AVX2 the last orbit of 32 comes a quarter later than that of 16


def inside(p: Any, s: Any) -> Any:
    """Which lanes are within bounds; NaN is not."""
    raise NotImplementedError


def moved(s: Any, then: Any) -> Any:
    """Which lanes are not where they were, bit for bit."""
    raise NotImplementedError


def chosen(mask: Any, s: Any, then: Any) -> Any:
    """The one state where the mask holds, else the other."""
    raise NotImplementedError


def closed(s: Any, then: Any) -> Any:
    """Which lanes have returned, within the tolerance."""
    raise NotImplementedError


def beyond(s: Any, then: Any) -> Any:
    """Which lanes have gone farther than one attractor's own extent."""
    raise NotImplementedError


def height(s: Any) -> Any:
    """How far along the direction that puts states in order."""
    raise NotImplementedError


def lowest(s: Any, then: Any) -> Any:
    """The smaller one of each number."""
    raise NotImplementedError


def highest(s: Any, then: Any) -> Any:
    """The larger one of each number."""
    raise NotImplementedError


def recurring(low: Any, high: Any, lower: Any, higher: Any) -> Any:
    """Which lanes filled the same box twice, and one that is no point."""
    raise NotImplementedError


def keep_fate(outs: Any, cells: int, at: int, period: Any, steps: Any, s: Any, low: Any, high: Any) -> None:
    """Store what was found: a point of a cycle, or the box of what never closes."""
    raise NotImplementedError


def settle(parameters: Any, start: Any, inputs: Any, outs: Any, cells: int, steps: int, first: Any) -> None:
    """Run every orbit until its fate is certain, then once around. `first`: the first mark (0: only run), the
    longest period, the steps of a look at what never closes.
    """
    align_stack()
    for at in range(0, cells, WIDTH):
        p = load_parameters(parameters, cells, at)
        s = load_state(start, cells, at)
        certain = splat(-1.0, WIDTH)
        live = certain < 0.0
        kept = s
        mark = s
        marked = first[0]
        t = 0
        while t < steps:
            stride = min(4, steps - t)
            before = s
            for _q in range(stride):
                s = step(p, s, 0.0)
            t += stride
            if first[0] > 0:
                now = live & (~inside(p, s) | ~moved(s, before) | ~moved(s, mark))
                certain = select(now, float(t), certain)
                kept = chosen(now, s, kept)
                live = live & ~now
                if not any_lane(live):
                    break
                if t >= marked:
                    mark = s
                    marked = 2 * t
        s = chosen(live, s, kept)
        bounded = inside(p, s)
        period = select(bounded, -1.0, 0.0)
        home = s
        anchor = s
        wide = period > 0.0
        least = height(s)
        low = s
        high = s
        if first[0] > 0:
            for q in range(first[1]):
                s = step(p, s, 0.0)
                around = period < 0.0
                here = height(s)
                lower = around & (here < least)
                least = select(lower, here, least)
                anchor = chosen(lower, s, anchor)
                wide = wide | (around & beyond(s, home))
                turns = select(wide, float(q + 1), 1.0)  # a narrow spiral is a point on its way
                period = select(around & closed(s, home), turns, period)
                if not any_lane(period < 0.0):
                    break
            if any_lane(period < 0.0):
                low = s
                high = s
                for _q in range(first[2]):
                    s = step(p, s, 0.0)
                    low = lowest(s, low)
                    high = highest(s, high)
                lower_still = s
                higher_still = s
                for _q in range(first[2]):
                    s = step(p, s, 0.0)
                    lower_still = lowest(s, lower_still)
                    higher_still = highest(s, higher_still)
                around = period < 0.0
                period = select(around & ~inside(p, s), 0.0, period)
                same = recurring(low, high, lower_still, higher_still)
                period = select((period < 0.0) & same, -2.0, period)
                low = lowest(lower_still, low)
                high = highest(higher_still, high)
        keep_fate(outs, cells, at, period, certain, anchor, low, high)
