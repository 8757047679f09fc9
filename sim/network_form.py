"""Runs of networks: which form their matrix products take, which programs they need, how a tile's numbers
reach them.

Two forms, equal in every bit: `distinct` holds other matrices in every lane; `shared` has one matrix for all
lanes of a block, so that the products over cells become one blocked matrix product. The form follows from the
system and the varied keywords.
"""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from sim import compile as machine_code
from sim import network, network_gradient
from sim.cells import aligned
from sim.equation import Equation
from sim.errors import refuse
from sim.generic import has, vjp
from sim.network_tile import Tile, lay_out
from sim.objective import first as cost_first
from sim.observable import Backward, Declared, Facts, Forward, Norms, Sampled, Whole
from sim.pointwise import Watcher
from sim.series import inputs_kind
from sim.signature import Keyword
from sim.stages import BUNDLE

_TAPE = 1 << 20  # bytes of one span's tapes a block may take before checkpoints are set
_SCALINGS = ("gain", "spectral_radius")


class Network:
    """The form of one run of a network."""

    def __init__(self, setting: Any, known: Mapping[str, Keyword]) -> None:
        self.setting, self.known = setting, known
        self.steps = int(setting.values["steps"])
        self.inputs = inputs_kind(setting)
        self.equation = Equation(setting.example, self.inputs)
        self.n = int(self.equation.state[0].shape[0])
        moving = {
            path
            for path in setting.varied
            if path == "seed" or ("." in path and path.rpartition(".")[2] not in _SCALINGS)
        }
        self.shared = not moving or bool(setting.varied - moving)
        self.together = frozenset(setting.varied - moving) if self.shared else frozenset()
        self.lanes, self.tile = (32, 4) if self.shared else _blocks(self.n)
        self.parameters = tuple(
            name
            for name in setting.example._fields
            if name in self.equation.matrices or name in self.equation.vectors
        )
        self.declared: list[tuple[str, Declared]] = []
        self.loops: dict[str, Any] = {}
        self._forward: list[tuple[str, Watcher, int]] = []
        self._backward: list[tuple[str, Watcher]] = []
        for name, observable in setting.observables:
            self._take(name, observable)
        self._programs()

    def _take(self, name: str, observable: Any) -> None:
        facts = self.facts(observable)
        if isinstance(observable, Forward):
            raise refuse(
                "observables",
                f"{name} is for systems of one or a few numbers; a network of {self.n} units has "
                "gradient_norm",
            )
        if isinstance(observable, (Backward, Norms)) and not has(vjp, type(self.setting.example)):
            file = self.setting.file
            raise refuse(
                "observables",
                f"{name} needs vjp, which {self.setting.system!r} does not define; add one with "
                f"@vjp.register in {file}",
            )
        if isinstance(observable, (Backward, Forward, Norms)):
            cost_first(facts)  # refuses what is no time of the run
        self.declared.append((name, observable.declare(facts)))
        k = self._symbols(observable)
        if isinstance(observable, Whole):
            self.loops[name] = observable.plan(self, k, facts)
        elif isinstance(observable, (Backward, Norms)):
            self._backward.append((name, Watcher(observable, k)))
        else:
            self._forward.append((name, Watcher(observable, k), observable.first(facts)))

    def facts(self, observable: Any) -> Facts:
        """What the observable's declaration may depend on."""
        values = self.setting.values
        k = observable.keywords(*(values[name] for name in observable.keywords._fields))
        return Facts(self.n, self.steps, self.parameters, k)

    def _symbols(self, observable: Any) -> Any:
        names = observable.keywords._fields
        numbers = {name for name in names if self.known[name].kind == "number"}
        return observable.keywords(
            *(self.equation.own(name) if name in numbers else self.setting.values[name] for name in names)
        )

    def _programs(self) -> None:
        self.forward = self.backward = None
        form = (self.lanes, self.tile, self.shared)
        if self._forward:
            self.forward = network.rollout(self.equation, [watcher for _, watcher, _ in self._forward], *form)
        if self._backward:
            watchers = [watcher for _, watcher in self._backward]
            norms = [i for i, watcher in enumerate(watchers) if isinstance(watcher.observable, Norms)]
            self.backward = network_gradient.bptt(self.equation, watchers, norms, watchers[0].k, *form)

    @property
    def sources(self) -> list[str]:
        """The text of everything that is compiled."""
        programs = [program.source for program in (self.forward, self.backward) if program is not None]
        return programs + [loop.source for loop in self.loops.values()]

    @property
    def operations(self) -> float:
        """Counted operations of a cell."""
        counted = sum(
            program.operations * self.steps
            for program in (self.forward, self.backward)
            if program is not None
        )
        return counted + sum(loop.operations for loop in self.loops.values()) + 1.0

    @property
    def work_bytes(self) -> int:
        """Scratch memory of a cell: matrices of its own, its vectors and columns, its input series."""
        weights = 0 if self.shared else sum(math.prod(node.shape) for node in self.equation.matrices.values())
        own = self.steps * self.equation.x.shape[0] if self.inputs == "cells" else 0
        rest = (
            2 * self.n * (len(self.equation.vectors) + 1)
            + len(self.equation.columns()) * BUNDLE // self.lanes
        )
        return 8 * (2 * weights + own + rest) + max(
            (loop.work_bytes for loop in self.loops.values()), default=0
        )

    def compile(self) -> None:
        """Compile or fetch every kernel."""
        for source in self.sources:
            machine_code.load(source)

    @cached_property
    def span(self) -> int:
        """How many states lie between two checkpoints of the backward pass."""
        row = 8 * (self.backward.factors + self.n * self.lanes) if self.backward else 1
        fits = max(16, _TAPE // row)
        return self.steps if self.steps <= fits else max(16, min(fits, math.isqrt(self.steps)))

    def compute(self, tile: Tile) -> dict[str, np.ndarray]:
        """The raw values of every observable, cells first."""
        result: dict[str, np.ndarray] = {}
        if self.forward is not None:
            firsts = [start for _, _, start in self._forward]
            times = [
                self.steps + 1 - start if isinstance(watcher.observable, Sampled) else 1
                for _, watcher, start in self._forward
            ]
            self._call(self.forward, tile, [name for name, _, _ in self._forward], times, firsts, (), result)
        if self.backward is not None:
            size = -(-self.n // self.tile) * self.tile * self.lanes
            marks = aligned((self.steps // self.span + 2) * size)
            tapes = (
                marks,
                aligned((self.span + 1) * size),
                aligned(max(1, self.backward.factors) * self.span),
                self.span,
            )
            times = [
                self.steps + 1 if isinstance(watcher.observable, Backward) else 1
                for _, watcher in self._backward
            ]
            first = [cost_first(self.facts(self._backward[0][1].observable))]
            self._call(self.backward, tile, [name for name, _ in self._backward], times, first, tapes, result)
        for name, loop in self.loops.items():
            result[name] = np.moveaxis(loop.evaluate(tile)[..., tile.place], -1, 0)
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
        starts = np.array([*first, 0], dtype=np.int64)
        kernel = getattr(machine_code.load(program.source), program.kernel)
        work = aligned(program.work)
        work[:] = 0.0
        kernel(*tile[:6], outs, tile.blocks, tile.steps, starts, work, *more)
        for name, count, height, out in zip(names, times, program.rows, outs, strict=True):
            result[name] = np.moveaxis(out.reshape(count, height, whole)[..., tile.place], -1, 0)

    def load(self, columns: Mapping[str, np.ndarray], cells: int) -> Tile:
        """The numbers of these cells in the kernels' layout."""
        layout = network.Module(self.equation, self.lanes, self.tile, self.shared).layout
        return lay_out(self.setting, self.equation, layout, self.inputs, columns, cells)


def _blocks(n: int) -> tuple[int, int]:
    """Lanes of a block and rows of a register tile where every lane has its own matrix.

    Fraction of the multiply-add peak: n = 8 with 32 lanes 0.57, 16 lanes 0.53; n = 32 with 8 lanes 0.37, 16
    lanes 0.31, because the matrices of a block are then read from the second-level cache.
    """
    return (32, 4) if n <= 8 else (16, 4) if n <= 16 else (8, 8)
