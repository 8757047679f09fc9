"""The attractors of many cells: which ones the orbits from some starts end on, how many on each, in one
order.

Two orbits end on one attractor if their fates are of one kind and period and their states lie closer
together than `distinct`. The attractors of a cell are found from a fixed ensemble of starts, the same for
every cell, and put in the order in which they lie along one direction (`sim.settling.direction`): a label is
a function of the cell's numbers alone, whatever tile it is computed in, and moves on smoothly with them.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np

from sim.draws import Draw
from sim.errors import refuse
from sim.evaluation import equation_width
from sim.generic import noise
from sim.series import different, series_of
from sim.settling import AT_ONCE, ESCAPED, LOOSE, UNDECIDED, Fates, Settling, direction
from sim.settling_arrays import SettlingOfArrays
from sim.settling_kernel import WIDTH
from sim.signature import About
from sim.small_networks import MOST

FILES = (
    "attractors.py", "settling.py", "settling_arrays.py", "settling_kernel.py", "small_networks.py",
    "evaluation.py",
)  # fmt: skip

OTHER = -2  # in place of a number: an attractor that has none


# the keywords of what looks for attractors
Box = Annotated[
    tuple[float, ...],
    About("where starts are drawn: lowest and highest of all numbers of the state, or of each"),
]
Most = Annotated[int, About("of how many attractors of a cell, those with the most starts, more is kept")]
Distinct = Annotated[float, About("states farther apart than this are different attractors", sweepable=False)]
Far = Annotated[float, About("an orbit farther from 0 than this has escaped for good", sweepable=False)]
Longest = Annotated[int, About("longest period that is looked for", "step")]
Tolerance = Annotated[float, About("largest difference of a state that has returned")]


class Attractors(NamedTuple):
    """Of each cell (cells, attractors), in order: the period of each attractor (as in `Fates`; 0 where there
    is none), its state and its reach (n, cells, attractors), NaN where there is none, and how many starts end
    there.
    """

    period: np.ndarray
    state: np.ndarray
    reach: np.ndarray
    starts: np.ndarray
    escaped: np.ndarray  # (cells,): how many starts escape
    undecided: np.ndarray  # and how many have not settled

    def foremost(self, most: int) -> np.ndarray:
        """Where the `most` attractors with the most starts stand (cells, most), in order; the first ones
        where several are as large; beyond the last place where there are fewer.
        """
        width = self.starts.shape[1]
        places = np.argsort(-self.starts, axis=1, kind="stable")[:, :most]
        fewer = ((0, 0), (0, most - places.shape[1]))
        return np.pad(np.sort(places, axis=1), fewer, constant_values=width)

    def taken(self, places: np.ndarray) -> "Attractors":
        """The attractors that stand at these places, nothing beyond the last one."""
        more = max(int(places.max(initial=0)) + 1 - self.starts.shape[1], 0)

        def each(x: np.ndarray, nothing: float) -> np.ndarray:
            wider = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, more)], constant_values=nothing)
            return np.take_along_axis(wider, places if x.ndim == 2 else places[None], -1)

        return self._replace(
            period=each(self.period, 0.0),
            state=each(self.state, np.nan),
            reach=each(self.reach, np.nan),
            starts=each(self.starts, 0),
        )


def settling(form: Any, k: Any, copies: int = 0) -> Any:
    """What runs this system's orbits to their ends; refused where a keyword makes no sense."""
    steps = int(form.setting.values["steps"])
    if not 1 <= k.max_period <= steps:
        raise refuse("parameters.max_period", f"{k.max_period} with {steps} steps; write 1 to {steps}")
    for name in ("tolerance", "distinct", "far"):
        if name in form.setting.varied:
            raise refuse(f"axes.{name}", f"{name} decides what an attractor is; write it under parameters")
        if not getattr(k, name) > 0.0:
            raise refuse(f"parameters.{name}", f"{getattr(k, name)} is no distance; write a positive number")
    if k.most < 1:
        raise refuse("parameters.most", f"{k.most} attractors; write 1 or more")
    given = (form, steps, int(k.max_period), float(k.far), float(k.tolerance), float(k.distinct))
    steady(form, steps)
    numbers = sum(form.equation.parts.values()) or len(form.equation.state)
    return Settling(*given, copies) if numbers <= MOST else SettlingOfArrays(*given)


def steady(form: Any, steps: int) -> None:
    """Refused where the map is not the same at every step."""
    setting = form.setting
    if noise(setting.example):
        raise refuse(
            "observables",
            f"attractors are of a map that is the same at every step, and {setting.system!r} draws random "
            "numbers; leave dropout out",
        )
    if form.inputs != "none":
        series, _ = series_of(setting, {}, 1, steps, equation_width(form.equation.x))
        if not (series == series[:, :1]).all():
            raise refuse(
                "observables",
                "attractors are of a map that is the same at every step, and this input changes with time; "
                'write task = "silence" or "constant"',
            )


def drawn(k: Any, n: int, count: int, name: str) -> np.ndarray:
    """The starts of the ensemble (n, count), keyed by their position alone; refused where the box is none."""
    ends = np.asarray(k.box, dtype=np.float64)
    if ends.shape not in ((2,), (2 * n,)):
        raise refuse(
            "parameters.box",
            f"{ends.size} numbers for a state of {n}; write [lowest, highest], or both "
            f"for each: {2 * n} numbers",
        )
    low, high = np.broadcast_to(ends.reshape(-1, 2), (n, 2)).T
    if not (low < high).all():
        raise refuse(
            "parameters.box", f"{list(map(float, ends))} is empty; write each lowest before its highest"
        )
    if count < 1:
        raise refuse(f"parameters.{name}", f"{count} starts; write 1 or more")
    return np.asarray(low[:, None] + (high - low)[:, None] * Draw(0, "attractors").uniform(n, count)[0])


def same(a: Fates, b: Any, apart: float) -> np.ndarray:
    """Whether fates are one and the same, place by place; what never closes may lie and reach a little
    apart.
    """
    room = apart + 2.0 * LOOSE * np.max(b.reach, axis=0)
    found = a.period == b.period
    for here, there in zip((*a.state, *a.reach), (*b.state, *b.reach), strict=True):
        found = found & (abs(here - there) <= room)
    return np.asarray(found)


def listed(fates: Fates, apart: float) -> Attractors:
    """All attractors among the fates (cells, starts), in order.

    One pass for each attractor, over the cells that have one left.
    """
    cells, starts = fates.period.shape
    n = len(fates.state)
    period, count = np.zeros((cells, starts)), np.zeros((cells, starts), dtype=np.int64)
    state, reach = np.full((n, cells, starts), np.nan), np.full((len(fates.reach), cells, starts), np.nan)
    rest = (fates.period != ESCAPED) & (fates.period != UNDECIDED)
    rows, found = np.arange(cells), 0
    while (left := rest.any(axis=1)).any():
        rows, rest = rows[left], rest[left]
        first = rest.argmax(axis=1)
        here = Fates(fates.period[rows], fates.steps, fates.state[:, rows], fates.reach[:, rows])
        at = np.arange(len(rows)), first
        lead = Fates(
            here.period[at], fates.steps, here.state[(slice(None), *at)], here.reach[(slice(None), *at)]
        )
        shaped = Fates(lead.period[:, None], lead.steps, lead.state[..., None], lead.reach[..., None])
        alike = rest & same(here, shaped, apart)
        period[rows, found], count[rows, found] = lead.period, alike.sum(axis=1)
        state[:, rows, found], reach[:, rows, found] = lead.state, lead.reach
        rest = rest & ~alike
        found += 1
    escaped = (fates.period == ESCAPED).sum(axis=1)
    height = sum(c * s for c, s in zip(direction(n), state[..., :found], strict=True))
    order = np.argsort(height, axis=1, kind="stable")  # NaN, no attractor, comes last
    ranked = Attractors(period, state, reach, count, escaped, starts - escaped - count.sum(axis=1))
    return ranked.taken(order)


class Survey:
    """The attractors of cells from `count` starts in the box."""

    def __init__(self, form: Any, k: Any, count: int, name: str, shared: bool) -> None:
        """`shared`: a kernel of its own whose bundles belong to one cell; else that of single orbits."""
        self.k, self.count = k, count
        copies = -(-count // WIDTH) * WIDTH
        self.settling = settling(form, k, copies if shared else 0)
        starts = drawn(k, self.settling.n, count, name)
        if self.settling.copies:
            starts = np.concatenate([starts, np.repeat(starts[:, -1:], copies - count, axis=1)], axis=1)
        self.starts = np.ascontiguousarray(starts)

    def parts(self, numbers: Any, cells: int) -> Iterator[Attractors]:
        """All attractors of cells whose numbers `settling.load` gave, of some cells after others."""
        wide = self.starts.shape[1]
        together = max(1, AT_ONCE // wide)
        for first in range(0, cells, together):
            some = np.arange(first, min(first + together, cells))
            if self.settling.copies:
                own = [column[some] for column in numbers]
                fates = self.settling.run(own, self.starts)
            else:
                starts = np.tile(self.starts, (1, len(some)))
                fates = self.settling.run(numbers, starts, np.repeat(some, wide))
            fates = fates.shaped(len(some), wide)
            used = Fates(*(x[..., : self.count] for x in fates))
            yield listed(used, float(self.k.distinct))

    def find(self, numbers: Any, cells: int) -> Attractors:
        """All attractors of all of these cells."""
        parts = list(self.parts(numbers, cells))
        width = max(part.starts.shape[1] for part in parts)
        alike = [part.taken(np.tile(np.arange(width), (len(part.starts), 1))) for part in parts]
        axes = (0, 1, 1, 0, 0, 0)
        return Attractors(
            *(np.concatenate(x, axis) for x, axis in zip(zip(*alike, strict=True), axes, strict=True))
        )


def labelled(fates: Fates, found: Attractors, which: Any, apart: float, most: int) -> np.ndarray:
    """The number of the attractor that each fate is, from 1 on, in order among the `most` with the most
    starts; OTHER on one of the rest, 0 escaped, -1 undecided or on what is not among those found.
    """
    label = np.where(fates.period == ESCAPED, 0.0, -1.0)
    places = found.foremost(most)
    kept = found.taken(places)
    of = np.zeros(1, dtype=np.intp) if which is None else which
    for a in range(int((kept.period != 0).sum(axis=1).max(initial=0))):
        label = np.where((label < 0.0) & same(fates, one_of(kept, of, a), apart), a + 1.0, label)
    if found.starts.shape[1] <= most:
        return label
    rest = np.flatnonzero((label < 0.0) & (fates.period != UNDECIDED))
    of = np.broadcast_to(of, label.shape)
    for a in range(found.starts.shape[1]):
        some = Fates(*(x[..., rest] for x in fates))
        there = same(some, one_of(found, of[rest], a), apart)
        label[rest[there]], rest = OTHER, rest[~there]
    return label


def one_of(found: Attractors, cells: np.ndarray, a: int) -> Fates:
    """One attractor of these cells, as a fate."""
    return Fates(found.period[cells, a], found.period, found.state[:, cells, a], found.reach[:, cells, a])


def settings(given: Mapping[str, np.ndarray], cells: int) -> tuple[dict[str, np.ndarray], int, Any]:
    """The different settings of these cells apart from their starts: their columns, how many there are, and
    which one each cell has (None: there is one).
    """
    names = [name for name in given if name.partition(".")[0] != "start"]
    if not names:
        return {}, 1, None
    kinds, which = different([np.broadcast_to(given[name], cells) for name in names])
    count = len(kinds[0])
    return dict(zip(names, kinds, strict=True)), count, None if count == 1 else which
