"""The attractors of many cells: which ones the orbits from some starts end on, how many on each, in one
order.

Two orbits end on one attractor if their fates are of one kind and period and their states lie closer together
than `distinct`; what never closes must also reach equally far, along each number and along one direction
more. The attractors of a cell are found from a fixed ensemble of starts, the same for every cell, and put in
the order in which they lie along one direction (`sim.attractors.settling.direction`): a label is a function
of the cell's numbers alone, whatever tile it is computed in, and moves on smoothly with them.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np

from sim.attractors.arrays import SettlingOfArrays
from sim.attractors.kernel import WIDTH
from sim.attractors.settling import AT_ONCE, ESCAPED, LOOSE, RECURRENT, UNDECIDED, Fates, Settling, direction
from sim.draws import Draw
from sim.equations.evaluation import equation_width
from sim.errors import refuse
from sim.generic import noise
from sim.networks.written_out import MOST
from sim.series import different, series_of
from sim.signature import About

LONGER = 3  # times the steps that what never closes is run for where other starts end elsewhere
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

    def foremost(self, most: int) -> "Attractors":
        """The `most` attractors with the most starts, in order; the first ones where several are as large."""
        if self.starts.shape[1] <= most:
            return self.widened(most)
        return self.taken(np.sort(np.argsort(-self.starts, axis=1, kind="stable")[:, :most], axis=1))

    def taken(self, places: np.ndarray) -> "Attractors":
        """The attractors that stand at these places (cells, places)."""
        period, starts = (np.take_along_axis(x, places, 1) for x in (self.period, self.starts))
        state, reach = (np.take_along_axis(x, places[None], 2) for x in (self.state, self.reach))
        return Attractors(period, state, reach, starts, self.escaped, self.undecided)

    def widened(self, width: int) -> "Attractors":
        """The same with places for so many attractors."""

        def wider(x: np.ndarray, nothing: float) -> np.ndarray:
            found = np.full((*x.shape[:-1], width), nothing, dtype=x.dtype)
            found[..., : x.shape[-1]] = x
            return found

        period, starts = wider(self.period, 0.0), wider(self.starts, 0)
        state, reach = wider(self.state, np.nan), wider(self.reach, np.nan)
        return Attractors(period, state, reach, starts, self.escaped, self.undecided)


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


def same(a: Fates, b: Any, apart: float, at: Any = slice(None)) -> np.ndarray:
    """Whether fates are one and the same, place by place; what never closes may lie and reach a little
    apart. `at`: of the first axis of `a`, the places that are compared.
    """
    found = np.asarray(a.period[at] == b.period)
    room = apart + 2.0 * LOOSE * np.max(b.reach[: len(b.state)], axis=0)
    for here, there in zip(a.state, b.state, strict=True):
        found &= abs(here[at] - there) <= room
    rows = np.flatnonzero((b.period == RECURRENT).any(axis=tuple(range(1, b.period.ndim))))
    if len(rows) and len(b.period) < len(found):  # one attractor, many fates
        rows = np.arange(len(found))
    if len(rows):  # the rest has no reach
        wide = (len(found), *b.period.shape[1:])
        theirs, room = np.broadcast_to(b.reach, (len(b.reach), *wide)), np.broadcast_to(room, wide)
        which = np.arange(len(a.period))[at][rows]
        for here, there in zip(a.reach, theirs, strict=True):
            found[rows] &= abs(here[which] - there[rows]) <= room[rows]
    return found


def listed(fates: Fates, left: np.ndarray, apart: float) -> Attractors:
    """All attractors among the fates (cells, starts), in order. What one of its orbits has `left` is none,
    and its starts are undecided.

    One pass for each attractor, over the cells that have one left.
    """
    cells, starts = fates.period.shape
    columns: list[tuple[np.ndarray, ...]] = []
    rest = (fates.period != ESCAPED) & (fates.period != UNDECIDED)
    rows = np.arange(cells)
    while True:
        more = rest.any(axis=1)
        rows, rest = rows[more], rest[more]
        if columns and not len(rows):
            break
        first = rest.argmax(axis=1)
        lead = Fates(*(x[..., rows, first] for x in fates))
        at = slice(None) if len(rows) == cells else rows
        alike = rest & same(fates, Fates(*(x[..., None] for x in lead)), apart, at)
        stays = ~(alike & left[rows]).any(axis=1)
        columns.append(
            (
                _column(lead.period, rows[stays], stays, cells, 0.0),
                _column(lead.state, rows[stays], stays, cells, np.nan),
                _column(lead.reach, rows[stays], stays, cells, np.nan),
                _column(alike.sum(axis=1), rows[stays], stays, cells, 0),
            )
        )
        rest = rest & ~alike
    period, state, reach, count = (np.stack(every, axis=-1) for every in zip(*columns, strict=True))
    escaped = (fates.period == ESCAPED).sum(axis=1)
    found = Attractors(period, state, reach, count, escaped, starts - escaped - count.sum(axis=1))
    if len(columns) == 1:
        return found
    height = sum(c * s for c, s in zip(direction(len(state)), state, strict=True))
    return found.taken(np.argsort(height, axis=1, kind="stable"))  # NaN, no attractor, comes last


def _column(values: np.ndarray, rows: np.ndarray, used: np.ndarray, cells: int, nothing: float) -> np.ndarray:
    """The values that are used at their rows, nothing in the other cells."""
    column = np.full((*values.shape[:-1], cells), nothing, dtype=values.dtype)
    column[..., rows] = values[..., used]
    return column


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
        together = max(1, AT_ONCE // self.starts.shape[1])
        for first in range(0, cells, together):
            some = np.arange(first, min(first + together, cells))
            fates = self._fates(numbers, some)
            yield listed(fates, self._left(numbers, some, fates.period), float(self.k.distinct))

    def _fates(self, numbers: Any, some: np.ndarray, times: int = 1) -> Fates:
        """Those of all starts of some cells, (cells, starts); `times`: so many times the steps."""
        wide = self.starts.shape[1]
        if self.settling.copies:
            fates = self.settling.run([column[some] for column in numbers], self.starts, times=times)
        else:
            starts = np.tile(self.starts, (1, len(some)))
            fates = self.settling.run(numbers, starts, np.repeat(some, wide), times=times)
        return Fates(*(x[..., : self.count] for x in fates.shaped(len(some), wide)))

    def _left(self, numbers: Any, some: np.ndarray, period: np.ndarray) -> np.ndarray:
        """Which orbits are not on what they seem to be on for ever: run on, they end elsewhere.

        What never closes may be a transient (chaotic transients fill the box of the set that they will
        leave). Asked in the cells where other starts have ended on something else; where all starts are on
        the one set, there is nothing yet that could tell it from an attractor.
        """
        open_, left = period == RECURRENT, np.zeros(period.shape, dtype=bool)
        asked = open_.any(axis=1) & (period >= 0.0).any(axis=1)
        if asked.any():
            later = self._fates(numbers, some[asked], LONGER).period
            left[asked] = open_[asked] & (later >= 0.0)
        return left

    def find(self, numbers: Any, cells: int) -> Attractors:
        """All attractors of all of these cells."""
        parts = list(self.parts(numbers, cells))
        width = max(part.starts.shape[1] for part in parts)
        alike = [part.widened(width) for part in parts]
        axes = (0, 1, 1, 0, 0, 0)
        return Attractors(
            *(np.concatenate(x, axis) for x, axis in zip(zip(*alike, strict=True), axes, strict=True))
        )


def labelled(fates: Fates, found: Attractors, which: Any, apart: float, most: int) -> np.ndarray:
    """The number of the attractor that each fate is, from 1 on, in order among the `most` with the most
    starts; OTHER on one of the rest, 0 escaped, -1 undecided or on what is not among those found.
    """
    label = np.where(fates.period == ESCAPED, 0.0, -1.0)
    kept = found.foremost(most)
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
