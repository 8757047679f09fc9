"""Orbits of systems of a few numbers followed by an observable of another's making, for whole tiles.

What a leaf wants to know of an orbit number by number (a network's units too) it writes as a `Reduced` or a
`Sampled` of a tuple of numbers; here it is compiled with the system's equation written out and run.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.attractors.labels import steady
from sim.cells import aligned, cells_of, columns, padded, room, rows_of
from sim.compile import kernel as compiled
from sim.equations.evaluation import Map
from sim.errors import refuse
from sim.networks.written_out import MOST, SmallEquation
from sim.observable import Sampled
from sim.pointwise.module import Watcher, rollout
from sim.start import starts_of

WIDTH = 32


class Followed:
    """The runs of a form as one observable sees them; refused for systems that are driven or too large."""

    def __init__(self, form: Any, name: str, observable: Any) -> None:
        self.setting, self.observable = form.setting, observable
        self.steps = int(form.setting.values["steps"])
        numbers = sum(form.equation.parts.values()) or len(form.equation.state)
        if numbers > MOST:
            raise refuse(
                "observables",
                f"{name} follows the numbers of the state one by one, at most {MOST}; this system has "
                f"{numbers}",
            )
        steady(form, self.steps)
        self.map = Map(form)
        self.equation = SmallEquation(form.equation)
        self.n = self.map.n
        self.program = rollout(self.equation, [Watcher(observable, None)], WIDTH)  # type: ignore[arg-type]

    @property
    def source(self) -> str:
        """The text that is compiled."""
        return self.program.source

    @property
    def operations(self) -> float:
        """Counted operations of a cell."""
        return float(self.program.operations * self.steps)

    def run(self, given: Mapping[str, np.ndarray], first: int) -> np.ndarray:
        """What the observable says of these cells from time `first` on: (cells, rows), and (cells, times,
        rows) of one that is kept at every time.
        """
        cells = cells_of(given)
        numbers = self.equation.arrays(self.map.load(given, cells))
        starts = [np.broadcast_to(s, cells).copy() for s in starts_of(self.setting, given, cells, self.n)]
        whole, height = padded(cells, WIDTH), self.program.rows[0]
        every = isinstance(self.observable, Sampled)
        times = self.steps + 1 - first if every else 1
        out = room(times * height, whole, WIDTH) if every else aligned(height * whole)
        given_columns, begin = columns(numbers, cells, WIDTH), columns(starts, cells, WIDTH)
        firsts = np.array([first, 0], dtype=np.int64)
        none = aligned(1)
        kernel = compiled(self.source)
        kernel(tuple(given_columns), tuple(begin), none, none, np.zeros(1), (out,), whole, self.steps, firsts)
        if every:
            return rows_of(out, times * height, whole, WIDTH)[:cells].reshape(cells, times, height)
        return out.reshape(height, whole).T[:cells]
