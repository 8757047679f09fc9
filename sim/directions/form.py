"""Runs of networks that read from both ends: level by level forward, then level by level back.

What stands side by side at a time t of the run, in trajectories and in the loss: aligned by "positions", what
the forward half makes of x[0..t-1] and the backward half of x[T-1], ..., x[t-1]. The state of time t belongs
to the input x[t-1], as in every network here, and time 0 to none: there both halves are at their start.
Aligned by "ends", what the halves make of their first t and their last t inputs, as where one layer steps
both at once; at the last time each has seen all. What a layer reads of the one below is by position.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sim import compile as machine_code
from sim.cells import aligned
from sim.directions.packs import levels
from sim.directions.passes import Pass, Reading, Size, Stage
from sim.directions.tile import Kept, Tile, beside, flat, lay_out, own
from sim.errors import Refused, refuse
from sim.generic import units
from sim.names import find
from sim.networks.setting import aimed, check_ends, matrix_bytes, shape_of, symbols
from sim.networks.tile import Arrays, blocks_of
from sim.objective import first as cost_first
from sim.observable import Declared, Facts, Norms, Reduced, Sampled
from sim.pointwise.module import Watcher
from sim.series import inputs_kind
from sim.signature import Keyword

Both = tuple[np.ndarray, np.ndarray]  # a series as kernels take it: from the beginning, from the end
_NORMS = ("array", "neuron", "dead")  # what norms there are of


class Directed:
    """The form of one run of a network that reads from both ends."""

    def __init__(self, setting: Any, known: Mapping[str, Keyword]) -> None:
        self.setting, self.known = setting, known
        self.steps = int(setting.values["steps"])
        self.inputs = inputs_kind(setting)
        self.ends = setting.example.alignment == "ends"
        self.levels = [
            [Pass(part, "cells" if i else self.inputs, above=i > 0) for part in level]
            for i, level in enumerate(levels(setting.example))
        ]
        self.passes = [each for level in self.levels for each in level]
        self._check_widths()
        self.reading = Reading([each.width for each in self.levels[-1]])
        self.watching = Reading([sum(sum(each.sizes) for each in self.passes if each.part.suffix)])
        between = [each for each in self.passes if not each.part.suffix]
        halves = [each for each in self.passes if each.part.suffix]
        self.stages: list[Stage] = [*halves, *between, self.reading]  # in the order of the pack
        self.counts = aimed(setting, self.reading.equation)
        if self.ends:
            check_ends(setting, self.counts if self.reading.equation.masked else None)
        self.declared: list[tuple[str, Declared]] = []
        self.norms: list[tuple[str, Norms]] = []
        self.constant: dict[str, float] = {}
        self.first = 0  # of the times whose loss counts
        for name, observable in setting.observables:
            self._take(name, observable)
        self._programs()

    def _check_widths(self) -> None:
        for below, level in zip(self.levels, self.levels[1:], strict=False):
            made = sum(each.width for each in below)
            if any(each.wanted != made for each in level):
                raise refuse(
                    "parameters.cell",
                    f"a layer puts out {made} numbers and the one above takes {level[0].wanted}; layers need "
                    "a cell with as many outputs as units",
                )

    def _take(self, name: str, observable: Any) -> None:
        facts = self._facts(observable)
        if isinstance(observable, Norms) and observable.of == "loss" and observable.by in _NORMS:
            self.first = cost_first(facts)  # refuses what is no time of the run
            if facts.k.truncation:
                raise refuse(
                    "parameters.truncation",
                    "the gradient of a network that reads from both ends goes through all of the sequence at "
                    "any time; leave truncation at 0",
                )
            self.norms.append((name, observable))
        elif isinstance(observable, (Sampled, Reduced)):
            reading = self.reading if "loss_from" in facts.k._fields else self.watching
            k = symbols(self.setting, self.known, reading.equation, observable)
            reading.watchers.append((name, Watcher(observable, k), observable.first(facts)))
        elif observable is find("sim.observables", "parameter_count").observable:
            self.constant[name] = float(sum(np.prod(shape) for shape in facts.shapes.values()))
        else:
            raise _stepwise(name)
        self.declared.append((name, observable.declare(facts)))

    def _facts(self, observable: Any) -> Facts:
        """What the observable's declaration may depend on."""
        values = self.setting.values
        k = observable.keywords(*(values[name] for name in observable.keywords._fields))
        shapes = {name: shape for each in self.stages for name, shape in each.shapes.items()}
        counts = self.counts if self.reading.equation.masked else None
        return Facts(units(self.setting.example), self.steps, tuple(shapes), k, shapes, 0, counts=counts)

    def _programs(self) -> None:
        largest = max(matrix_bytes(each.equation) for each in self.passes)
        self.shape = shape_of(self.setting, largest, pulled=bool(self.norms), whole=False)
        self.together = self.shape.together
        kinds = [norm for _, norm in self.norms]
        kept = 2 if self.watching.watchers else 1 if kinds or self.reading.watchers else 0
        for each in self.passes:
            each.make(self.shape, kinds, kept if each.part.suffix else min(kept, 1))
        k = symbols(self.setting, self.known, self.reading.equation, kinds[0]) if kinds else None
        self.reading.make(self.shape, k, kinds)
        self.watching.make(self.shape)
        every = (*self.stages, self.watching)
        self._made = [program for each in every for program in each.programs]
        self.equations = [each.equation for each in every]

    @property
    def sources(self) -> list[str]:
        """The text of everything that is compiled."""
        return list(dict.fromkeys(program.source for program in self._made))

    @property
    def operations(self) -> float:
        """Counted operations of a cell."""
        return sum(program.operations for program in self._made) * self.steps + 1.0

    @property
    def work_bytes(self) -> int:
        """Scratch memory of a cell: matrices of its own, the series of inputs of every level both ways, those
        of outputs or gradients of one level and of states.
        """
        weights = sum(matrix_bytes(equation) for equation in self.equations)
        series = sum(2 * level[0].wanted for level in self.levels if level[0].above or self.inputs == "cells")
        widest = max(sum(max(each.width, each.wanted) for each in level) for level in self.levels)
        states = 3 * sum(self.watching.sizes) if self.watching.watchers else 0
        goal = self.reading.equation.goal
        series += goal.shape[0] if goal is not None and self.reading.equation.goals == "cells" else 0
        series += 5 * widest + states
        return (0 if self.shape.shared else 3 * weights) + 8 * (self.steps + 1) * series

    def lanes_of(self, tile: Tile) -> int:
        """How many lanes a tile has, the unused ones too."""
        return tile.blocks * self.shape.lanes

    def compile(self) -> None:
        """Compile or fetch every kernel."""
        for source in self.sources:
            machine_code.kernel(source)

    def load(self, columns: Mapping[str, np.ndarray], cells: int) -> Tile:
        """The numbers of these cells in the kernels' layout."""
        return lay_out(self.setting, self.levels, self.reading, self.watching, columns, cells)

    def compute(self, tile: Tile) -> dict[str, np.ndarray]:
        """The raw values of every observable, cells first."""
        found = self._measured(tile) if self._made else {}
        result = {name: np.moveaxis(table[..., tile.place], -1, 0) for name, table in found.items()}
        return result | {name: np.full(len(tile.place), value) for name, value in self.constant.items()}

    def _measured(self, tile: Tile) -> dict[str, np.ndarray]:
        """The values of what is made of a run, lanes last."""
        size = (tile.blocks, self.steps, self.lanes_of(tile))
        inputs, tops, states = self._run(tile, size)
        found: dict[str, np.ndarray] = {}
        if self.watching.programs:
            given = self._given(self.watching, tile.watching, states, aligned(1))
            found |= self.watching.read(given, size)
        if self.reading.programs:
            given = self._given(self.reading, tile.reading, tops, tile.goals)
            found |= self.reading.read(given, size)
            if self.norms:
                found |= self._pull(tile, given, inputs, size)
        return found

    def _run(self, tile: Tile, size: Size) -> tuple[list[Both], list[Kept], list[Kept]]:
        """The inputs of every level, from the beginning and from the end; the last level's outputs and all
        states, to be read as the alignment has them side by side.
        """
        inputs = [tile.inputs]
        tops: list[Kept] = []
        states: list[Kept] = []
        for level, loaded in zip(self.levels, tile.levels, strict=True):
            if tops:
                series = beside(tops)
                inputs.append((series.reshape(-1), flat(series[::-1])))
            last = level is self.levels[-1]
            tops = []
            for each, numbers in zip(level, loaded, strict=True):
                back = each.part.backward
                given = (*numbers.arrays, numbers.start, inputs[-1][back], aligned(1), np.zeros(1))
                outputs, *kept = each.run(given, size)
                tops.append(Kept(outputs, back and not (last and self.ends)))
                states += [Kept(series, back and not self.ends) for series in kept]
        return inputs, tops, states

    def _given(
        self, reading: Reading, arrays: Arrays, kept: Sequence[Kept], goals: np.ndarray
    ) -> tuple[np.ndarray, ...]:
        """The first arguments of the kernels over series side by side."""
        start = blocks_of(np.concatenate([each.series[0] for each in kept]), reading.sizes, reading.layout)
        return (*arrays, start, beside(kept).reshape(-1), goals, self.counts)

    def _pull(
        self, tile: Tile, given: Sequence[np.ndarray], inputs: Sequence[Both], size: Size
    ) -> dict[str, np.ndarray]:
        """The norms of all gradients, (number, lane) or (matrix, number, lane)."""
        g, *read = self.reading.pull(given, size, self.first)
        found: dict[Stage, list[np.ndarray]] = {self.reading: read} if read else {}
        for i in reversed(range(len(self.levels))):
            ends = self.ends and i == len(self.levels) - 1
            below, at = np.zeros((size[1] + 1, self.levels[i][0].wanted, size[2])), 0
            for each, numbers in zip(self.levels[i], tile.levels[i], strict=True):
                share, at, back = g[:, at : at + each.width], at + each.width, each.part.backward
                share = own(share, back=back and not ends).reshape(-1)
                args = (*numbers.arrays, numbers.start, inputs[i][back], share, np.zeros(1))
                norms = each.pull(args, size)
                if each.above:
                    series = norms.pop()
                    below[1:] += series[::-1] if back else series
                found[each] = norms
            g = below
        stages = [stage for stage in self.stages if stage in found]
        return {
            name: _joined(norm, stages, [found[stage][i][0] for stage in stages])
            for i, (name, norm) in enumerate(self.norms)
        }


def _joined(norm: Norms, stages: Sequence[Stage], tables: list[np.ndarray]) -> np.ndarray:
    """One observable's norms of all stages, one after another; rows that a matrix has not are NaN."""
    if norm.by != "neuron":
        return np.concatenate(tables)
    lanes = tables[0].shape[-1]
    counts = [len(stage.equation.matrices) for stage in stages]
    tables = [table.reshape(n, -1, lanes) for n, table in zip(counts, tables, strict=True)]
    whole = np.full((sum(counts), max(table.shape[1] for table in tables), lanes), np.nan)
    for at, table in zip(np.cumsum([0, *counts]), tables, strict=False):
        whole[at : at + len(table), : table.shape[1]] = table
    return whole


def _stepwise(name: str) -> Refused:
    return refuse(
        "observables",
        f"{name} is of steps from one state to the next, which a network that reads from both ends has not "
        "when it has several layers or is aligned by position; it has loss, gradient_norm, "
        "neuron_gradient_norm, dead_fraction, trajectory, norm, final_state, orbit, period and "
        'parameter_count, and with layers = 1 and alignment = "ends" also what other networks have',
    )
