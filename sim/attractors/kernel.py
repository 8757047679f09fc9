"""The loop that runs orbits to their ends; `sim/attractors/settling.py` writes its parts out for one system.

An orbit that returns to an earlier state bit for bit is periodic for ever: its fate is certain and it is not
run on. What is found of an orbit is fixed at that time, whatever its neighbours in the bundle still do. Then
it is followed once around.

An orbit that returns only nearly may be on a cycle or drift past something slow. A second turn tells: turns
that end d and then d' from where they began shrink by r = d' / d, and d / (1 - r) is still to come. Where the
approach is no geometric one but a power law, as at a critical point, h -> h - a h^m, this gives h / m.

Where d - d' is no larger than what rounding does to a state, the difference of two distances says nothing: a
steady drift would pass for an arrival half of the time. There d' is the length of the first turn's
displacement carried through the second one by the linearised map, whose rounding is a share of d, not of the
state.
"""

from typing import Any

from sim.kernels import load_parameters, load_state, step
from sim.lanes import align_stack, any_lane, select, splat
from sim.machine.processor import SHAPES

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


def distance(s: Any, then: Any) -> Any:
    """How far a state is from another."""
    raise NotImplementedError


def size(s: Any) -> Any:
    """How far rounding moves a state in a turn."""
    raise NotImplementedError


def little(gap: Any, shrunk: Any) -> Any:
    """Whether what is still to come is small, after a turn that ended `gap` from its start and a further one
    that is shorter by `shrunk`.
    """
    raise NotImplementedError


def slowing(gap: Any, rest: Any) -> Any:
    """The same after a turn's displacement and what the linearised map makes of it in the next one."""
    raise NotImplementedError


def difference(s: Any, then: Any) -> Any:
    """The one state less the other."""
    raise NotImplementedError


def carried(p: Any, s: Any, v: Any) -> Any:
    """A small displacement of the state, one step on."""
    raise NotImplementedError


def lowest(s: Any, then: Any) -> Any:
    """The smaller one of each number of a box."""
    raise NotImplementedError


def highest(s: Any, then: Any) -> Any:
    """The larger one of each number of a box."""
    raise NotImplementedError


def outline(s: Any) -> Any:
    """The numbers whose box is looked at: the state's, and how far it lies along some directions."""
    raise NotImplementedError


def begun(low: Any, high: Any, lower: Any, higher: Any) -> Any:
    """Which lanes had filled a box at once that is no wider later."""
    raise NotImplementedError


def recurring(low: Any, high: Any, lower: Any, higher: Any, soon: Any) -> Any:
    """Which lanes filled the same box twice, and one that is no point. Not those that filled both at once
    (`soon`) with all sides of the second one farther in: they are on their way to something smaller.
    """
    raise NotImplementedError


def narrowing(low: Any, high: Any, lower: Any, higher: Any) -> Any:
    """Which lanes filled the box of a point, and then one so much smaller that little is still to come."""
    raise NotImplementedError


def keep_fate(outs: Any, cells: int, at: int, period: Any, steps: Any, s: Any, low: Any, high: Any) -> None:
    """Store what was found: a point of a cycle, or the box of what never closes."""
    raise NotImplementedError


def stretch(p: Any, s: Any, longest: int, steps: int) -> Any:
    """So many steps: where they end, the box that they fill, and whether `longest` steps had filled it."""
    low = outline(s)
    high = low
    for _q in range(longest):
        s = step(p, s, 0.0)
        low = lowest(outline(s), low)
        high = highest(outline(s), high)
    low_soon = low
    high_soon = high
    for _q in range(longest, steps):
        s = step(p, s, 0.0)
        low = lowest(outline(s), low)
        high = highest(outline(s), high)
    return s, low, high, begun(low_soon, high_soon, low, high)


def arrived(p: Any, s: Any, span: Any, doubtful: Any) -> Any:
    """Which of the doubtful orbits have little still to come, after a turn of `span` steps and one more."""
    home = s
    v = difference(s, s)
    turn = v
    then = v
    none = v
    q = 0
    while any_lane(doubtful & (2.0 * span > float(q))):
        v = carried(p, s, v)
        s = step(p, s, 0.0)
        q += 1
        once = (span <= float(q)) & (span >= float(q))
        twice = (2.0 * span <= float(q)) & (2.0 * span >= float(q))
        v = chosen(once, difference(s, home), v)
        turn = chosen(once, v, turn)
        then = chosen(twice, v, then)
    return slowing(distance(turn, none), distance(then, none))


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
        back = s  # where a turn ended whose like is awaited
        last = s
        wide = period > 0.0
        tried = wide
        least = height(s)
        gap = splat(0.0, WIDTH)
        turn = gap
        due = gap
        span = gap
        doubtful = wide
        low = outline(s)
        high = low
        if first[0] > 0:
            q = 0
            while q < 2 * first[1]:
                s = step(p, s, 0.0)
                q += 1
                again = (due > 0.0) & (due <= float(q))
                if any_lane(again):
                    shrunk = gap - distance(s, back)
                    moves = size(s)
                    near = gap <= moves
                    soon = again & (little(gap, shrunk + moves) | near)
                    period = select(soon, turn, period)
                    doubtful = select(again, soon & ~(little(gap, shrunk - moves) | near), doubtful)
                    tried = tried | again
                    due = select(again, 0.0, due)
                if q <= first[1]:
                    around = (period < 0.0) & (due < 1.0)
                    here = height(s)
                    lower = around & (here < least)
                    least = select(lower, here, least)
                    anchor = chosen(lower, s, anchor)
                    wide = wide | (around & beyond(s, home))
                    ends = around & closed(s, home)
                    if any_lane(ends):
                        turn = select(ends & ~tried, select(wide, float(q), 1.0), turn)  # narrow: a point
                        period = select(ends & ~moved(s, home), turn, period)
                        due = select(ends & (period < 0.0), float(2 * q), due)
                        span = select(ends, float(q), span)
                        gap = select(ends, distance(s, home), gap)
                        back = chosen(ends, s, back)
                    last = s
                going = period < 0.0
                if q >= first[1]:  # the others' box is looked at from the same step on, whatever is awaited
                    going = going & (due > 0.0)
                if not any_lane(going):
                    break
            doubtful = doubtful & (period > 0.0)
            if any_lane(doubtful):
                period = select(doubtful & ~arrived(p, s, span, doubtful), -1.0, period)
            if any_lane(period < 0.0):
                s = last
                s, low, high, soon = stretch(p, s, first[1], first[2])
                s, lower_still, higher_still, soon_still = stretch(p, s, first[1], first[2])
                around = period < 0.0
                period = select(around & ~inside(p, s), 0.0, period)
                point = (period < 0.0) & tried & narrowing(low, high, lower_still, higher_still)
                period = select(point, 1.0, period)
                anchor = chosen(point, s, anchor)
                same = recurring(low, high, lower_still, higher_still, soon & soon_still)
                period = select((period < 0.0) & ~tried & same, -2.0, period)  # else slow, and on its way
                low = lowest(lower_still, low)
                high = highest(higher_still, high)
        keep_fate(outs, cells, at, period, certain, anchor, low, high)
