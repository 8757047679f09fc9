"""Runs of networks: which form their matrix products take, which programs they need, how a tile's numbers
reach them.

Two forms, equal in every bit: `distinct` holds other matrices in every lane, as many lanes as their matrices
leave room for in the first-level cache; `shared` has one matrix for all lanes of a block, so that the
products over cells become one blocked matrix product. The form follows from the system and the varied
keywords.
"""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from sim import call_memory
from sim import compile as machine_code
from sim.cells import aligned
from sim.equations.equation import Equation
from sim.equations.stages import BUNDLE, REGISTER
from sim.errors import refuse
from sim.generic import gates, has, mirrored, noise, vjp
from sim.networks import gradient as network_gradient
from sim.networks import kernels as network_kernels
from sim.networks import module as network
from sim.networks.calls import call, lag_tapes, span_of, tape_sizes, tapes_of
from sim.networks.rollout import rollout
from sim.networks.setting import aimed, check_ends, matrix_bytes, parameter_names, shape_of, symbols
from sim.networks.tile import Tile, lay_out
from sim.objective import apart, followed, lags_apart, several
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
from sim.pointwise.module import Watcher
from sim.series import inputs_kind
from sim.signature import Keyword

_PULLED = (Backward, Norms, Pulled)  # observables that need gradients pulled back


class Network:
    """The form of one run of a network."""

    def __init__(self, setting: Any, known: Mapping[str, Keyword]) -> None:
        self.setting, self.known = setting, known
        self.steps = int(setting.values["steps"])
        self.inputs = inputs_kind(setting)
        random = noise(setting.example) > 0 and "seed" in setting.varied
        self.equation = Equation(setting.example, self.inputs, "cells" if random else "")
        self.n = sum(self.equation.parts.values())
        own = matrix_bytes(self.equation)
        self.shape = shape_of(setting, own, pulled=self._any(_PULLED), whole=self._any((Whole,)))
        self.lanes, self.tile, self.shared, self.together = self.shape
        self._aim()
        self.parameters = parameter_names(self.equation)
        self.declared: list[tuple[str, Declared]] = []
        self.loops: dict[str, Any] = {}
        self.followed = self.steps
        self.apart: np.ndarray | None = None
        self._forward: list[tuple[str, Watcher, int]] = []
        self._backward: list[tuple[str, Watcher]] = []
        self._by_lag: list[tuple[str, Watcher]] = []
        for name, observable in setting.observables:
            self._take(name, observable)
        self._programs()

    def _any(self, kinds: tuple[type, ...]) -> bool:
        """Whether there is an observable of these kinds."""
        return any(isinstance(observable, kinds) for _, observable in self.setting.observables)

    def _aim(self) -> None:
        """Targets and read-out, where the observables have a loss."""
        self.counts = aimed(self.setting, self.equation)
        if mirrored(self.setting.example):
            check_ends(self.setting, self.counts if self.equation.masked else None)

    def _take(self, name: str, observable: Any) -> None:
        facts = self.facts(observable)
        if isinstance(observable, Forward):
            raise refuse(
                "observables",
                f"{name} is for systems of one or a few numbers; a network of {self.n} units has "
                "gradient_norm",
            )
        backward = isinstance(observable, _PULLED)
        if backward and not has(vjp, type(self.setting.example)):
            file = self.setting.file
            raise refuse(
                "observables",
                f"{name} needs vjp, which {self.setting.system!r} does not define; add one with "
                f"@vjp.register in {file}",
            )
        if backward:
            self._follow(name, observable, facts)
        self.declared.append((name, observable.declare(facts)))
        k = symbols(self.setting, self.known, self.equation, observable)
        if isinstance(observable, Whole):
            self.loops[name] = observable.plan(self, k, facts)
        elif backward and lags_apart(observable, facts):  # `lags` sums up one lag, then takes its norms
            self._by_lag.append((name, Watcher(Norms(observable.declare, observable.keywords), k)))
        elif backward:
            self._backward.append((name, Watcher(observable, k)))
        else:
            first = observable.first(facts) if isinstance(observable, (Sampled, Reduced)) else 0
            self._forward.append((name, Watcher(observable, k), first))

    def _follow(self, name: str, observable: Any, facts: Facts) -> None:
        """How far back its gradient is followed; refused where that is no part of the run."""
        cost_first(facts)  # refuses what is no time of the run
        self.followed = followed(facts)
        self.apart = apart(facts)
        windowed = isinstance(observable, Norms) and observable.of == "loss"
        if self.apart is not None and not (windowed or lags_apart(observable, facts)):
            raise several(name)
        self.counts = self.counts if self.apart is None else self.apart

    def facts(self, observable: Any) -> Facts:
        """What the observable's declaration may depend on."""
        values, equation = self.setting.values, self.equation
        k = observable.keywords(*(values[name] for name in observable.keywords._fields))
        inner = (
            gates(equation.pack, equation.shaped(equation.state), equation.driven) if self._gated() else {}
        )
        arrays = equation.learnable
        shapes = {name: arrays[name].shape for name in self.parameters}
        return Facts(
            equation.labels,
            self.steps,
            self.parameters,
            k,
            shapes,
            0,
            {name: numbers(v) for name, v in inner.items()},
            self.counts if self.equation.masked else None,
        )

    def _gated(self) -> bool:
        return has(gates, type(self.setting.example))

    def _programs(self) -> None:
        self.forward = self.backward = self.lags = None
        form = (self.lanes, self.tile, self.shared)
        if self._forward:
            self.forward = rollout(self.equation, [watcher for _, watcher, _ in self._forward], *form)
        if self._backward:
            watchers = [watcher for _, watcher in self._backward]
            loop = network_kernels.bptt if self.apart is None else network_kernels.windows
            self.backward = network_gradient.bptt(self.equation, watchers, self.parameters, *form, loop)
        if self._by_lag:
            watchers = [watcher for _, watcher in self._by_lag]
            self.lags = network_gradient.bptt(
                self.equation, watchers, self.parameters, *form, network_kernels.lags
            )

    @property
    def sources(self) -> list[str]:
        """The text of everything that is compiled."""
        made = (self.forward, self.backward, self.lags)
        programs = [program.source for program in made if program is not None]
        return [*programs, *(loop.source for loop in self.loops.values() if loop.source)]

    @property
    def operations(self) -> float:
        """Counted operations of a cell."""
        forward = self.forward.operations if self.forward is not None else 0.0
        backward = self.backward.operations if self.backward is not None else 0.0
        windows = 1 if self.apart is None else self.followed
        counted = (forward + backward * windows) * self.steps
        if self.lags is not None:  # of all pairs of steps and lags half are in the run
            counted += 0.5 * self.lags.operations * self.followed * self.steps
        return counted + sum(loop.operations for loop in self.loops.values()) + 1.0

    @property
    def work_bytes(self) -> int:
        """Scratch memory of a cell: matrices of its own, its vectors and columns, its input series."""
        weights = 0 if self.shared else sum(math.prod(node.shape) for node in self.equation.matrices.values())
        own = self.steps * self.equation.x.shape[0] if self.equation.series == "cells" else 0
        rest = (
            2 * self.n * (len(self.equation.vectors) + 1)
            + len(self.equation.columns()) * BUNDLE // self.lanes
        )
        outer = self.steps + 1 if self.equation.goals == "cells" else 0
        own += outer * (self.equation.goal.shape[0] if self.equation.goal is not None else 0)
        copies = 2 if self.lanes >= REGISTER else 3
        return 8 * (copies * weights + own + rest) + max(
            (loop.work_bytes for loop in self.loops.values()), default=0
        )

    @property
    def written(self) -> dict[str, int]:
        """How many numbers of a cell each observable of the forward pass gives, by name."""
        return written(self._forward, self.forward, self.steps)

    def lanes_of(self, tile: Tile) -> int:
        """How many lanes a tile has, the unused ones too."""
        return tile.blocks * self.lanes

    def compile(self) -> None:
        """Compile or fetch every kernel."""
        for source in self.sources:
            machine_code.kernel(source)

    @cached_property
    def span(self) -> int:
        """How many states lie between two checkpoints of the backward pass."""
        if self.apart is not None:
            return self.followed  # a window
        return span_of(self.backward, self.steps) if self.backward else self.steps

    @property
    def scratch_bytes(self) -> int:
        """Memory of a call beside that of its cells."""
        asked: list[tuple[Any, list[Any], tuple[int, ...]]] = []
        if self.forward is not None:
            asked.append((self.forward, [watcher.observable for _, watcher, _ in self._forward], ()))
        if self.backward is not None:
            tapes = tape_sizes(self.backward, self.steps, self.span)
            asked.append((self.backward, [watcher.observable for _, watcher in self._backward], tapes))
        if self.lags is not None:
            kept = [self._named(name) for name, _ in self._by_lag]
            asked.append((self.lags, kept, lag_tapes(self.lags, self.steps)))
        return call_memory.of_network(self, asked)

    def compute(self, tile: Tile) -> dict[str, np.ndarray]:
        """The raw values of every observable, cells first."""
        result: dict[str, np.ndarray] = {}
        if self.forward is not None:
            firsts = [start for _, _, start in self._forward]
            times = [times_of(watcher.observable, self.steps, start) for _, watcher, start in self._forward]
            self._call(self.forward, tile, [name for name, _, _ in self._forward], times, firsts, (), result)
        if self.backward is not None:
            facts = self.facts(self._backward[0][1].observable)
            tapes = tapes_of(self.backward, self.steps, self.span, self.followed, self.apart is not None)
            times = [times_of(watcher.observable, self.steps, 0) for _, watcher in self._backward]
            names = [name for name, _ in self._backward]
            self._call(self.backward, tile, names, times, [cost_first(facts)], tapes, result)
        if self.lags is not None:
            facts = self.facts(self._named(self._by_lag[0][0]))
            tapes = (*map(aligned, lag_tapes(self.lags, self.steps)), self.followed)
            names = [name for name, _ in self._by_lag]
            times = [self.steps] * len(names)
            self._call(self.lags, tile, names, times, [cost_first(facts)], tapes, result)
        for name, loop in self.loops.items():
            raw = loop.evaluate(tile)
            result[name] = np.moveaxis(raw if loop.by_cell else raw[..., tile.place], -1, 0)
        return result

    def _call(
        self,
        program: network.Program,
        tile: Tile,
        names: list[str],
        times: list[int],
        first: list[int],
        more: Any,
        result: dict[str, Any],
    ) -> None:
        whole = tile.blocks * self.lanes
        outs = tuple(
            aligned(count * height * whole) for count, height in zip(times, program.rows, strict=True)
        )
        for (_, observable), out in zip(((name, self._named(name)) for name in names), outs, strict=True):
            if isinstance(observable, Pulled) and observable.summed:
                out[:] = 0.0
        call(program, (*tile[:7], self.counts), outs, (tile.blocks, tile.steps), first, more)
        for name, count, height, out in zip(names, times, program.rows, outs, strict=True):
            table = out.reshape(count, height, whole)
            if getattr(self._named(name), "backward", False):
                table = table[::-1]
            result[name] = np.moveaxis(table[..., tile.place], -1, 0)

    def _named(self, name: str) -> Any:
        return dict(self.setting.observables)[name]

    def load(self, columns: Mapping[str, np.ndarray], cells: int) -> Tile:
        """The numbers of these cells in the kernels' layout."""
        layout = network.Module(self.equation, self.lanes, self.tile, self.shared).layout
        return lay_out(self.setting, self.equation, layout, columns, cells)


def numbers(node: Any) -> int:
    """How many numbers a value of one cell has."""
    return int(math.prod(node.shape))
