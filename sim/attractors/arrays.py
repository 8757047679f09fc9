"""The same as `sim/attractors/settling.py` for states of any size, on NumPy arrays: networks too large to be
written out.

Slower, and NumPy's functions round differently; what is found and how it is decided is the same, word for
word.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.attractors.settling import (
    ESCAPED,
    LEFT,
    LOOK,
    LOOSE,
    RECURRENT,
    ROUNDING,
    UNDECIDED,
    Fates,
    direction,
    generic,
)  # fmt: skip
from sim.equations.evaluation import Map


class SettlingOfArrays:
    """Orbits of one system run to their ends; see `sim.attractors.settling.Settling`."""

    source = ""
    copies = 0

    def __init__(
        self, form: Any, steps: int, longest: int, far: float, tolerance: float, apart: float
    ) -> None:
        self.map = Map(form)
        self.n, self.steps, self.longest = self.map.n, steps, longest
        self.far, self.tolerance, self.apart = far, tolerance, apart
        self.operations = float(steps * (self.n**2 + 20 * self.n))

    def load(self, given: Mapping[str, np.ndarray], cells: int) -> dict[Any, np.ndarray]:
        """The numbers of these cells, as `run` takes them."""
        return self.map.load(given, cells)

    def run(
        self, numbers: Mapping[Any, np.ndarray], starts: np.ndarray, which: Any = None, times: int = 1
    ) -> Fates:
        """The fates of orbits from these starts (n, orbits), as `sim.attractors.settling.Settling.run` gives
        them.
        """
        s = np.ascontiguousarray(starts.T)
        which = np.zeros(len(s), dtype=np.intp) if which is None else which
        with np.errstate(all="ignore"):
            s, certain = self._settled(numbers, which, s, times * self.steps)
            return self._around(numbers, which, s, certain)

    def _inside(self, s: np.ndarray) -> np.ndarray:
        return np.asarray((s * s).sum(axis=1) <= self.far * self.far)

    def _height(self, s: np.ndarray) -> np.ndarray:
        return np.asarray((s * direction(self.n)).sum(axis=1))

    def _settled(
        self, numbers: Any, which: np.ndarray, s: np.ndarray, steps: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """The states at which fates were certain, else the last ones, and when that was."""
        kept, certain = s.copy(), np.full(len(s), -1.0)
        live, mark, marked, t = np.arange(len(s)), s, 8, 0
        while t < steps and len(live):
            before = s
            stride = min(4, steps - t)
            for _ in range(stride):
                s = self.map.step(numbers, which[live], s)
            t += stride
            now = ~self._inside(s) | (s == before).all(axis=1) | (s == mark).all(axis=1)
            kept[live] = s
            certain[live[now]] = t
            live, s, mark = live[~now], s[~now], mark[~now]
            if t >= marked:
                mark, marked = s, 2 * t
        return kept, certain

    def _around(self, numbers: Any, which: np.ndarray, home: np.ndarray, certain: np.ndarray) -> Fates:
        """Once around each cycle; a look at what does not close."""
        period = np.where(self._inside(home), float(UNDECIDED), float(ESCAPED))
        anchor, reach = home.copy(), np.zeros((len(home), self.n + 2 * len(generic(self.n))))
        around = np.flatnonzero(period < 0.0)
        if len(around):
            turns = self._turns(numbers, which[around], home[around])
            period[around], anchor[around], last, tried = turns
            left = period[around] < 0.0
            around, last, tried = around[left], last[left], tried[left]
        if len(around):
            ends = self._looks(numbers, which[around], last, tried)
            period[around] = ends.period
            found = ends.period != UNDECIDED
            anchor[around[found]], reach[around] = ends.state[found], ends.reach
        return Fates(period, certain, np.ascontiguousarray(anchor.T), np.ascontiguousarray(reach.T))

    def _turns(self, numbers: Any, which: np.ndarray, home: np.ndarray) -> tuple[np.ndarray, ...]:
        """The period of each, as far as it closes and little is still to come; its lowest state; the state
        after the longest period; whether it has closed at all.
        """
        count = len(home)
        period, tried, wide = np.full(count, float(UNDECIDED)), np.zeros(count, bool), np.zeros(count, bool)
        anchor, last, back, least = home.copy(), home.copy(), home.copy(), self._height(home)
        gap, turn, due, span = np.zeros((4, count))
        doubtful = np.zeros(count, bool)
        rows, s = np.arange(count), home
        for q in range(1, 2 * self.longest + 1):
            s = self.map.step(numbers, which[rows], s)
            again = due[rows] == q
            one = rows[again]
            rest = _distance(s[again], back[one])
            size = ROUNDING * np.sqrt((s[again] ** 2).sum(axis=1))
            shrunk, near = gap[one] - rest, gap[one] <= size
            soon = self._little(gap[one], shrunk + size) | near
            sure = self._little(gap[one], shrunk - size) | near
            period[one[soon]] = turn[one[soon]]
            doubtful[one] = soon & ~sure
            tried[one], due[one] = True, 0.0
            if q <= self.longest:
                free = (period[rows] < 0.0) & (due[rows] == 0.0)
                here = self._height(s)
                lower = free & (here < least[rows])
                least[rows[lower]], anchor[rows[lower]] = here[lower], s[lower]
                off = _distance(s, home[rows])
                wide[rows[free & (off > self.apart)]] = True
                ends = free & (off <= self.tolerance)
                one = rows[ends]
                turn[one] = np.where(tried[one], turn[one], np.where(wide[one], q, 1.0))
                gap[one], due[one], back[one], last[rows] = off[ends], 2.0 * q, s[ends], s
                span[one] = q
                still = one[(s[ends] == home[one]).all(axis=1)]
                period[still] = turn[still]
            going = (period[rows] < 0.0) & ((q < self.longest) | (due[rows] > 0.0))
            rows, s = rows[going], s[going]
            if not len(rows):
                break
        left = np.flatnonzero(doubtful & (period > 0.0))
        left = left[~self._arrived(numbers, which[left], home[left], span[left])]
        period[left] = UNDECIDED
        return period, anchor, last, tried

    def _arrived(self, numbers: Any, which: np.ndarray, home: np.ndarray, span: np.ndarray) -> np.ndarray:
        """Which orbits have little still to come, from a turn of `span` steps and what the linearised map
        makes of its displacement in the next one.
        """
        if not self.map.linear:
            return np.zeros(len(home), dtype=bool)
        v, s, gap, rest = np.zeros_like(home), home, *np.zeros((2, len(home)))
        for q in range(1, 2 * int(span.max(initial=0)) + 1):
            v, s = self.map.carried(numbers, which, s, v), self.map.step(numbers, which, s)
            v = np.where((span == q)[:, None], s - home, v)
            for length, at in ((gap, span), (rest, 2 * span)):
                length[at == q] = np.sqrt((v[at == q] ** 2).sum(axis=1))
        return self._little(gap, gap - rest - gap * ROUNDING)

    def _little(self, gap: np.ndarray, shrunk: np.ndarray) -> np.ndarray:
        """Whether what is still to come is small, after a turn `gap` and a next one shorter by `shrunk`."""
        return np.asarray(gap**2 <= shrunk * self.apart * LEFT)

    def _looks(self, numbers: Any, which: np.ndarray, s: np.ndarray, tried: np.ndarray) -> Fates:
        """What orbits do that do not close, by the boxes that they fill in two stretches, one after the
        other; the states are rows.
        """
        boxes, ways, soon = [], generic(self.n), np.ones(len(s), dtype=bool)
        for _ in range(2):
            low = high = np.concatenate([s, s @ ways.T], axis=1)
            for q in range(LOOK * self.longest):
                s = self.map.step(numbers, which, s)
                outline = np.concatenate([s, s @ ways.T], axis=1)
                low, high = np.minimum(low, outline), np.maximum(high, outline)
                if q + 1 == self.longest:
                    begun = low, high
            soon &= (begun[0] == low).all(axis=1) & (begun[1] == high).all(axis=1)
            boxes.append((low, high))
        (low, high), (lower_still, higher_still) = boxes
        extent, then = (x[:, : self.n].max(axis=1) for x in (high - low, higher_still - lower_still))
        moves = np.concatenate([lower_still - low, high - higher_still], axis=1)
        least = ROUNDING * extent[:, None]
        steady = ~((moves > least).all(axis=1) & soon)
        recurs = ~tried & steady & (abs(moves).max(axis=1) <= LOOSE * extent) & (extent > self.apart)
        point = tried & (extent <= self.apart) & self._little(then, extent - then)
        period = np.where(recurs, RECURRENT, np.where(point, 1.0, UNDECIDED))
        period = np.where(self._inside(s), period, ESCAPED)
        low, high = np.minimum(low, lower_still), np.maximum(high, higher_still)
        middle, reach = (0.5 * (side[:, : self.n]) for side in (low + high, high - low))
        along, most, least = middle @ ways.T, high[:, self.n :], low[:, self.n :]
        reach = np.concatenate([reach, np.stack([most - along, along - least], 2).reshape(len(s), -1)], 1)
        box = (period == RECURRENT)[:, None]
        return Fates(period, s, np.where(box, middle, s), np.where(box, reach, 0.0))


def _distance(s: np.ndarray, then: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(((s - then) ** 2).sum(axis=1)))
