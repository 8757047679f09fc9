"""Runs of networks: which form their matrix products take, which programs they need, how a tile's numbers
reach them.

Two forms, equal in every bit: `distinct` holds other matrices in every lane; `shared` has one matrix for all
lanes of a block, so that the products over cells become one blocked matrix product. The form follows from the
system and the varied keywords.
"""

import math
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from sim import compile as machine_code
from sim import network
from sim.cells import aligned
from sim.equation import Equation
from sim.errors import refuse
from sim.generic import has, vjp
from sim.matrices import Matrices, Vectors
from sim.objective import first as cost_first
from sim.observable import Backward, Declared, Facts, Forward, Norms, Reduced, Sampled, Whole
from sim.pointwise import Watcher
from sim.series import inputs_kind, series_of
from sim.signature import Keyword
from sim.stages import BUNDLE
from sim.start import starts_of

_TAPE = 1 << 20  # bytes of one span's tapes a block may take before checkpoints are set
_SCALINGS = ("gain", "spectral_radius")


class Tile(NamedTuple):
    """A tile's numbers as the networks' kernels take them."""

    numbers: np.ndarray
    vectors: np.ndarray
    matrices: np.ndarray
    which: np.ndarray
    start: np.ndarray
    inputs: np.ndarray
    blocks: int
    place: np.ndarray  # the lane of each cell
    steps: int


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
        self.lanes, self.tile = (32, 4) if self.shared else (16, 4) if self.n <= 16 else (8, 8)
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
            self.backward = network.bptt(self.equation, watchers, norms, watchers[0].k, *form)

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
        values = {**self.setting.values, **columns}
        pack = self.setting.built(values)
        layout = network.Module(self.equation, self.lanes, self.tile, self.shared).layout
        fields = {name: getattr(pack, name) for name in self.parameters}
        order, place, group = self._order(fields, cells)
        blocks = len(order) // self.lanes
        matrices, which = self._matrices(layout, fields, order, group, blocks)
        numbers = self._numbers(pack, values, order, blocks)
        vectors = [
            self._array(layout, f.base[np.broadcast_to(f.which, cells)[order]], blocks)
            for f in fields.values()
            if isinstance(f, Vectors)
        ]
        starts = [np.broadcast_to(value, cells) for value in starts_of(self.setting, columns, cells, self.n)]
        start = np.stack(starts, axis=1)[order]
        flat = aligned(max(1, blocks * layout.vector_size))
        flat.reshape(blocks, -1)[:, : layout.vector_size] = (
            np.concatenate(vectors, axis=1) if vectors else 0.0
        )
        began = aligned(blocks * layout.size(self.n))
        began.reshape(blocks, -1)[:] = self._array(layout, start, blocks)
        return Tile(
            numbers,
            flat,
            matrices,
            which,
            began,
            self._inputs(columns, cells, order),
            blocks,
            place,
            self.steps,
        )

    def _order(self, fields: Mapping[str, Any], cells: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The cell in each lane, the lane of each cell, and the group of cells that share matrices, by
        block.
        """
        kinds = (
            [np.broadcast_to(f.which, cells) for f in fields.values() if isinstance(f, Matrices)]
            if self.shared
            else []
        )
        if not kinds or cells == 0:
            groups = np.zeros(cells, dtype=np.intp)
        else:
            groups = np.unique(np.stack(kinds), axis=1, return_inverse=True)[1].reshape(-1)
        order, place, of_block = [], np.empty(cells, dtype=np.intp), []
        filled = 0
        for group in range(int(groups.max()) + 1):
            members = np.flatnonzero(groups == group)
            blocks = -(-len(members) // self.lanes)
            place[members] = filled + np.arange(len(members))
            order.append(
                np.concatenate([members, np.repeat(members[-1:], blocks * self.lanes - len(members))])
            )
            of_block += [group] * blocks
            filled += blocks * self.lanes
        return np.concatenate(order), place, np.array(of_block)

    def _matrices(
        self, layout: Any, fields: Mapping[str, Any], order: np.ndarray, group: np.ndarray, blocks: int
    ) -> tuple[np.ndarray, np.ndarray]:
        cells = int(order.max()) + 1
        copies = int(group.max()) + 1 if self.shared else blocks
        flat = aligned(max(1, copies * layout.matrix_size))
        flat[:] = 0.0
        table = flat.reshape(copies, -1)
        for name, offset in layout.matrices.items():
            field = fields[name]
            kind = np.broadcast_to(field.which, cells)[order]
            height, width = layout.shapes[name]
            high, wide = layout.padded(height), layout.padded(width)
            size = high * wide * (1 if self.shared else self.lanes)
            view = table[:, offset : offset + size]
            if self.shared:
                firsts = np.searchsorted(group, np.arange(copies)) * self.lanes
                view.reshape(copies, high, wide)[:, :height, :width] = field.base[kind[firsts]]
            else:
                lanes = field.base[kind].reshape(blocks, self.lanes, height, width)
                view.reshape(blocks, high, wide, self.lanes)[:, :height, :width] = lanes.transpose(0, 2, 3, 1)
        which = (group if self.shared else np.arange(blocks)) * layout.matrix_size
        return flat, which.astype(np.int64)

    def _numbers(self, pack: Any, values: Mapping[str, Any], order: np.ndarray, blocks: int) -> np.ndarray:
        """Every column, each block's lanes repeated to a whole bundle."""
        columns = []
        for name in self.equation.columns():
            field, _, factor = name.partition(".factor")
            value = getattr(pack, field).factor if name.endswith(".factor") else getattr(pack, field, None)
            columns.append(values[name] if value is None else value)
            del factor
        flat = aligned(max(1, blocks * len(columns) * BUNDLE))
        table = flat.reshape(blocks, max(1, len(columns)), BUNDLE)
        for i, column in enumerate(columns):
            lanes = np.broadcast_to(np.asarray(column, dtype=np.float64), int(order.max()) + 1)[
                order
            ].reshape(blocks, self.lanes)
            table[:, i] = np.tile(lanes, (1, BUNDLE // self.lanes))
        return flat

    def _array(self, layout: Any, values: np.ndarray, blocks: int) -> np.ndarray:
        """(lanes of all blocks, units) as [block][unit, lane], padded."""
        n = values.shape[1]
        table = np.zeros((blocks, layout.padded(n), self.lanes))
        table[:, :n] = values.reshape(blocks, self.lanes, n).transpose(0, 2, 1)
        return table.reshape(blocks, -1)

    def _inputs(self, columns: Mapping[str, np.ndarray], cells: int, order: np.ndarray) -> np.ndarray:
        m = self.equation.x.shape[0]
        series, which = series_of(self.setting, columns, cells, self.steps, m)
        chosen = (
            series[0]
            if self.inputs != "cells"
            else np.ascontiguousarray(series[which[order]].transpose(1, 2, 0))
        )
        flat = aligned(chosen.size)
        flat[:] = chosen.reshape(-1)
        return flat


__all__ = ["Network", "Reduced", "Tile"]
