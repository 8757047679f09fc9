"""The same as `sim/settling.py` for states of any size, on NumPy arrays: networks too large to be written
out.

Slower, and NumPy's functions round differently; what is found and how it is decided is the same, word for
word.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.evaluation import Map
from sim.settling import ESCAPED, LOOK, LOOSE, RECURRENT, UNDECIDED, Fates, direction


class SettlingOfArrays:
    """Orbits of one system run to their ends; see `sim.settling.Settling`."""

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

    def run(self, numbers: Mapping[Any, np.ndarray], starts: np.ndarray, which: Any = None) -> Fates:
        """The fates of orbits from these starts (n, orbits), as `sim.settling.Settling.run` gives them."""
        s = np.ascontiguousarray(starts.T)
        which = np.zeros(len(s), dtype=np.intp) if which is None else which
        with np.errstate(all="ignore"):
            s, certain = self._settled(numbers, which, s)
            return self._around(numbers, which, s, certain)

    def _inside(self, s: np.ndarray) -> np.ndarray:
        return np.asarray((s * s).sum(axis=1) <= self.far * self.far)

    def _height(self, s: np.ndarray) -> np.ndarray:
        return np.asarray((s * direction(self.n)).sum(axis=1))

    def _settled(self, numbers: Any, which: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The states at which fates were certain, else the last ones, and when that was."""
        kept, certain = s.copy(), np.full(len(s), -1.0)
        live, mark, marked, t = np.arange(len(s)), s, 8, 0
        while t < self.steps and len(live):
            before = s
            stride = min(4, self.steps - t)
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
        anchor, reach = home.copy(), np.zeros_like(home)
        least = self._height(home)
        around = np.flatnonzero(period < 0.0)
        s, wide = home[around], np.zeros(len(around), dtype=bool)
        for q in range(self.longest):
            if not len(around):
                break
            s = self.map.step(numbers, which[around], s)
            here = self._height(s)
            lower = here < least[around]
            least[around[lower]], anchor[around[lower]] = here[lower], s[lower]
            off = ((s - home[around]) ** 2).sum(axis=1)
            wide = wide | (off > self.apart**2)
            back = off <= self.tolerance**2
            period[around[back]] = np.where(wide[back], q + 1.0, 1.0)
            around, s, wide = around[~back], s[~back], wide[~back]
        if len(around):
            boxes, s = self._looks(numbers, which[around], s)
            (low, high), (lower_still, higher_still) = boxes
            extent = (high - low).max(axis=1)
            off = np.maximum(abs(lower_still - low), abs(higher_still - high)).max(axis=1)
            same = (off <= LOOSE * extent) & (extent > self.apart)
            period[around] = np.where(self._inside(s), np.where(same, RECURRENT, UNDECIDED), ESCAPED)
            low, high = np.minimum(low, lower_still), np.maximum(high, higher_still)
            box = around[period[around] == RECURRENT]
            kept = period[around] == RECURRENT
            anchor[box], reach[box] = (0.5 * (low + high))[kept], (0.5 * (high - low))[kept]
        return Fates(period, certain, np.ascontiguousarray(anchor.T), np.ascontiguousarray(reach.T))

    def _looks(self, numbers: Any, which: np.ndarray, s: np.ndarray) -> tuple[list[Any], np.ndarray]:
        """The boxes that the orbits fill in two stretches one after the other, and where they end."""
        boxes = []
        for _ in range(2):
            low, high = s, s
            for _ in range(LOOK * self.longest):
                s = self.map.step(numbers, which, s)
                low, high = np.minimum(low, s), np.maximum(high, s)
            boxes.append((low, high))
        return boxes, s
