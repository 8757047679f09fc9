"""Runs of systems with a small fixed state: which programs they need, and how a tile's numbers reach them."""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from sim import call_memory
from sim import compile as machine_code
from sim.cells import FINITE, Columns, aligned, columns, finite_of, padded, room, rows, rows_of
from sim.equations.equation import Equation
from sim.errors import refuse
from sim.generic import gates, has
from sim.machine.processor import SHAPES
from sim.objective import apart, counted, followed, lags_apart, several
from sim.objective import first as cost_first
from sim.observable import (
    Backward,
    Declared,
    Facts,
    Forward,
    Norms,
    Pulled,
    Reduced,
    Sampled,
    Whole,
    times_of,
    written,
)
from sim.pointwise import gradient as pointwise_gradient
from sim.pointwise import module as pointwise
from sim.series import (
    check_single,
    columns_of,
    inputs_kind,
    network_instead,
    series_of,
    targets_kind,
    targets_of,
)
from sim.signature import Keyword
from sim.start import starts_of

WIDTH = SHAPES.pointwise  # with AVX-512, 32 ran at 0.65 and 16 at 0.35 of the rate of 64 on the cliff map
_SHORT = 1024  # steps up to which the tape keeps every state


class Tile(NamedTuple):
    """A tile's numbers as kernels take them."""

    parameters: Columns
    start: Columns
    inputs: np.ndarray
    goals: np.ndarray
    cells: int
    whole: int  # cells with the last bundle filled up
    steps: int
    given: Mapping[str, np.ndarray]  # the columns that it was made of


class Pointwise:
    """The form of one run: its declarations, its generated programs, and their evaluation."""

    def __init__(self, setting: Any, known: Mapping[str, Keyword]) -> None:
        self.setting, self.known = setting, known
        self.steps = int(setting.values["steps"])
        self.inputs = inputs_kind(setting)
        self.equation = Equation(setting.example, self.inputs)
        self._aim()
        self.parameters = tuple(self.equation.parameters)
        self.together: frozenset[str] = frozenset()  # cells share nothing but the program
        self.declared: list[tuple[str, Declared]] = []
        groups: dict[type, list[tuple[str, pointwise.Watcher, int]]] = {}
        self.loops: dict[str, Any] = {}
        self._gradient: tuple[str, Any, int] | None = None
        self._by_lag: list[tuple[str, Any]] = []
        self._followed = self.steps
        self._apart: np.ndarray | None = None
        symbols = [self._symbols(observable) for _, observable in setting.observables]
        for (name, observable), k in zip(setting.observables, symbols, strict=True):
            if isinstance(observable, Norms):
                raise refuse(
                    "observables",
                    f"{name} is for networks; a system of one or a few numbers has gradient, one number "
                    "for each parameter",
                )
            facts = self._facts(observable)
            backward = isinstance(observable, (Backward, Pulled))
            if backward or isinstance(observable, Forward):
                cost_first(facts)  # refuses what is no time of the run
                self._followed = followed(facts)
                self._apart = apart(facts)
                if self._apart is not None and backward and not lags_apart(observable, facts):
                    raise several(name)
                if self._apart is not None:
                    self.counts = self._apart
            self.declared.append((name, observable.declare(facts)))
            first = observable.first(facts) if isinstance(observable, (Sampled, Reduced)) else 0
            if isinstance(observable, Whole):
                self.loops[name] = observable.plan(self, k, facts)
            elif isinstance(observable, Forward):
                self._gradient = (name, k, cost_first(facts))
                self._wanted = observable.wanted(facts)
            elif lags_apart(observable, facts):
                self._by_lag.append((name, k))
            else:
                kind = Backward if backward else Sampled
                groups.setdefault(kind, []).append((name, pointwise.Watcher(observable, k), first))
        self._forward = groups.get(Sampled, [])
        self._backward = groups.get(Backward, [])
        self._programs()

    def _aim(self) -> None:
        """Targets, where the observables have a loss and the task has targets."""
        values, equation = self.setting.values, self.equation
        self.counts = np.zeros(1)
        if "loss_from" not in values:
            return
        if values.get("outputs") or values.get("criterion") == "cross_entropy":
            raise refuse(
                "parameters.outputs" if values.get("outputs") else "parameters.criterion",
                f"read-outs and cross-entropy are for networks; {network_instead(self.setting)}",
            )
        if hasattr(self.setting.task, "targets"):
            check_single(self.setting, len(equation.output(equation.state)))
            equation.aim(1, targets_kind(self.setting))
        mask = counted(self.setting, int(values["loss_from"]), self.steps)
        equation.masked = mask is not None
        self.counts = self.counts if mask is None else mask

    def _facts(self, observable: Any) -> Facts:
        values, equation = self.setting.values, self.equation
        k = observable.keywords(*(values[name] for name in observable.keywords._fields))
        inner = {}
        if has(gates, type(self.setting.example)):
            inner = gates(equation.pack, equation.shaped(equation.state), equation.x)
        mask = self.counts if equation.masked else None
        own = dict.fromkeys(inner, 1)
        return Facts(equation.labels, self.steps, self.parameters, k, gates=own, counts=mask)

    def _symbols(self, observable: Any) -> Any:
        """The observable's keywords, numbers as symbols that every cell has its own value of."""
        names = observable.keywords._fields
        numbers = {name for name in names if self.known[name].kind == "number"}
        given = {
            name: self.equation.own(name) if name in numbers else self.setting.values[name] for name in names
        }
        if "target" in given and self.equation.goal is not None:
            given["target"] = self.equation.goal
        return observable.keywords(**given)

    def _programs(self) -> None:
        self.width = WIDTH
        self.forward: pointwise.Program | None = None
        self.backward: pointwise.Program | None = None
        self.lags: pointwise.Program | None = None
        watchers = [watcher for _, watcher, _ in self._forward]
        ahead_alone = not (self._backward or self._by_lag)  # nothing needs bundles of the usual width
        if self._gradient is not None:
            crowded = len(self.equation.state) * len(self._wanted) > SHAPES.crowd
            if ahead_alone and crowded and not self.loops:  # which have bundles of up to 32
                self.width = SHAPES.crowded
            self.forward = pointwise_gradient.tangent(
                self.equation, watchers, self._gradient[1], self._wanted, self.width, self._apart is not None
            )
        elif watchers:
            if ahead_alone and pointwise.is_light(self.equation, watchers):
                self.width = SHAPES.light
            self.forward = pointwise.rollout(self.equation, watchers, self.width)
        if self._by_lag:
            self.lags = pointwise_gradient.lags(self.equation, self._by_lag[0][1], WIDTH)
        if self._backward:
            k = self._backward[0][1].k
            self.backward = pointwise_gradient.bptt(
                self.equation, k, [watcher for _, watcher, _ in self._backward], WIDTH
            )

    @property
    def programs(self) -> list[pointwise.Program]:
        """The generated programs of this run."""
        return [program for program in (self.forward, self.backward, self.lags) if program is not None]

    @property
    def sources(self) -> list[str]:
        """The text of everything that is compiled."""
        return [program.source for program in self.programs] + [
            loop.source for loop in self.loops.values() if loop.source
        ]

    @property
    def operations(self) -> float:
        """Counted operations of a cell."""
        windows = 1 if self._apart is None else self._followed
        counted = sum(
            program.operations * self.steps * (self._followed if program is self.lags else windows)
            for program in self.programs
        )
        return counted + sum(loop.operations for loop in self.loops.values()) + 1.0

    @property
    def work_bytes(self) -> int:
        """Scratch memory of a cell: its columns and, where it has one of its own, its input series."""
        own = self.steps if self.inputs == "cells" else 0
        numbers = len(self.equation.columns()) + len(self.equation.state)
        return 8 * (numbers + own) + max((loop.work_bytes for loop in self.loops.values()), default=0)

    @property
    def written(self) -> dict[str, int]:
        """How many numbers of a cell each observable of the forward pass gives, by name."""
        return written(self._forward, self.forward, self.steps)

    def lanes_of(self, tile: Tile) -> int:
        """How many cells a tile has, those that fill the last bundle up too."""
        return tile.whole

    def compile(self) -> None:
        """Compile or fetch every kernel."""
        for source in self.sources:
            machine_code.kernel(source)

    @cached_property
    def span(self) -> int:
        """How many states lie between two checkpoints of the backward pass."""
        return self.steps if self.steps <= _SHORT else max(64, math.isqrt(self.steps))

    @property
    def _tapes(self) -> tuple[int, ...]:
        """Numbers of the tapes of the backward pass: the states of a span, and checkpoints."""
        if self.backward is None:
            return ()
        state = len(self.equation.state) * self.width
        return self.span * state, (self.steps // self.span + 1) * state

    @property
    def _lag_tapes(self) -> tuple[int, ...]:
        """Numbers of the tapes of the loop by lag: every state, and the gradient of every time's loss."""
        if self.lags is None:
            return ()
        return ((self.steps + 1) * len(self.equation.state) * WIDTH,) * 2

    @property
    def scratch_bytes(self) -> int:
        """Memory of a call beside that of its cells."""
        return call_memory.of_pointwise(self, max(self._tapes, self._lag_tapes, key=sum))

    def compute(self, tile: Tile) -> dict[str, np.ndarray]:
        """The raw values of every observable, cells first."""
        result: dict[str, np.ndarray] = {}
        if self.forward is not None:
            names = [name for name, _, _ in self._forward]
            first = [start for _, _, start in self._forward]
            if self._gradient is not None:
                names.append(self._gradient[0])
                first.append(self._gradient[2])
            times = [times_of(watcher.observable, self.steps, start) for _, watcher, start in self._forward]
            more = () if self._gradient is None else (self._followed,)
            self._call(self.forward, tile, names, [*times, 1][: len(names)], first, result, more)
        if self.backward is not None:
            names = [name for name, _, _ in self._backward]
            facts = self._facts(self._backward[0][1].observable)
            tapes = (
                self._followed,
                *(aligned(size) for size in self._tapes),
                self.span,
            )
            times = [times_of(watcher.observable, self.steps, 0) for _, watcher, _ in self._backward]
            self._call(self.backward, tile, names, times, [cost_first(facts)], result, tapes)
        if self.lags is not None:
            name = self._by_lag[0][0]
            start = cost_first(self._facts(dict(self.setting.observables)[name]))
            tapes = (self._followed, *map(aligned, self._lag_tapes))
            self._call(self.lags, tile, [name], [self.steps], [start], result, tapes)
            result |= {other: result[name] for other, _ in self._by_lag}  # all that are by lag keep the same
        for name, loop in self.loops.items():
            raw = loop.evaluate(tile)
            result[name] = np.moveaxis(raw[..., : tile.cells], -1, 0)
        return result

    def _call(
        self,
        program: pointwise.Program,
        tile: Tile,
        names: list[str],
        times: list[int],
        first: list[int],
        result: dict[str, np.ndarray],
        more: tuple[Any, ...] = (),
    ) -> None:
        observables = dict(self.setting.observables)
        every = [pointwise.every_time(observables[name]) for name in names]
        outs = tuple(
            room(count * height, tile.whole, self.width) if each else aligned(height * tile.whole)
            for each, count, height in zip(every, times, program.rows, strict=True)
        )
        for name, out in zip(names, outs, strict=True):
            if getattr(observables[name], "summed", False):
                out[:] = 0.0
        kernel = machine_code.kernel(program.source)
        starts = np.array([*first, 0], dtype=np.int64)
        given = (tuple(tile.parameters), tuple(tile.start), tile.inputs, tile.goals, self.counts)
        kernel(*given, outs, tile.whole, tile.steps, starts, *more)
        for name, each, count, height, out in zip(names, every, times, program.rows, outs, strict=True):
            if each:
                kept = rows_of(out, count * height, tile.whole, self.width)[: tile.cells]
                backward = getattr(observables[name], "backward", False)
                result[name] = kept.reshape(-1, count, height)[:, :: -1 if backward else 1]
                result[FINITE + name] = finite_of(out, tile.whole)[: tile.cells]
            else:
                result[name] = out.reshape(height, tile.whole).T[: tile.cells]

    def load(self, given: Mapping[str, np.ndarray], cells: int) -> Tile:
        """The numbers of these cells as kernels take them."""
        values = {**self.setting.values, **given}
        pack = self.setting.built(values)
        numbers = columns_of(pack, self.equation.parameters) + [values[name] for name in self.equation.extras]
        n = len(self.equation.state)
        return Tile(
            columns(numbers, cells, self.width),
            columns(starts_of(self.setting, given, cells, n), cells, self.width),
            self._inputs(given, cells),
            self._goals(given, cells),
            cells,
            padded(cells, self.width),
            self.steps,
            given,
        )

    def _inputs(self, given: Mapping[str, np.ndarray], cells: int) -> np.ndarray:
        series, which = series_of(self.setting, given, cells, self.steps)
        if self.inputs != "cells":
            flat = aligned(self.steps)
            flat[:] = series[0, :, 0]
            return flat
        return rows(series[:, :, 0].T[:, which], cells, self.width)

    def _goals(self, given: Mapping[str, np.ndarray], cells: int) -> np.ndarray:
        if self.equation.goal is None:
            return aligned(1)
        series, which = targets_of(self.setting, given, cells, self.steps)
        if self.equation.goals != "cells":
            flat = aligned(self.steps + 1)
            flat[:] = series[0, :, 0]
            return flat
        return rows(series[:, :, 0].T[:, which], cells, self.width)
