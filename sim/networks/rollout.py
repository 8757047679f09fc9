"""Modules for a network's forward pass: the parts of the loop `rollout` of `sim/networks/kernels.py`."""

from collections.abc import Sequence
from typing import Any

from sim.equations.equation import Equation
from sim.equations.graph import Node
from sim.equations.lower import operations
from sim.equations.stages import BUNDLE, Stages
from sim.leaves import given_by
from sim.networks import kernels as network_kernels
from sim.networks.module import Module, Program, stored
from sim.observable import Reduced, Sampled, Shadow, Stepped
from sim.pointwise.module import Watcher


class Forward:
    """The forward pass in the making; each method adds what one kind of observable needs."""

    def __init__(self, module: Module) -> None:
        self.module, self.equation = module, module.equation
        self.p, self.s = self.equation.pack, self.equation.shaped(self.equation.state)
        self.homes: dict[Node, str] = {}
        self.begin, self.finish = module.stages(), module.stages()
        self.attend: list[str] = []
        self.update: list[str] = []
        self.sample: list[str] = []

    def watch(self, index: int, watcher: Watcher) -> int:
        """Add an observable; returns the rows of its output."""
        observable, k = watcher
        if isinstance(observable, Stepped):
            return self._kept(
                self.attend, index, observable.value(k, self.p, self.s, self.equation.driven), "t", ""
            )
        if isinstance(observable, Sampled):
            guard = f"t >= first[{index}]"
            return self._kept(
                self.sample, index, observable.value(k, self.p, self.s), f"t - first[{index}]", guard
            )
        if isinstance(observable, Shadow):
            a = self._accumulators(index, observable.begin(k, self.p, self.s))
            moved = observable.move(k, self.p, self.s, self.equation.driven, a)
            self.attend += self._moved(observable.move, a, moved)
            if not observable.each:
                return self._last(index, observable.value(k, self.p, self.s, a))
            return self._kept(self.sample, index, observable.value(k, self.p, self.s, a), "t", "")
        return self._reduced(index, observable, k)

    def _reduced(self, index: int, observable: Reduced, k: Any) -> int:
        a = self._accumulators(index, observable.begin(k, self.p, self.s))
        counts = "loss_from" in observable.keywords._fields and self.equation.masked  # type: ignore[attr-defined]
        guard = "counts[t] > 0.0" if counts else f"t >= first[{index}]"
        lines = self._moved(observable.update, a, observable.update(k, self.p, self.s, a, self.equation.t))
        self.update += [f"if {guard}:", *(f"    {line}" for line in lines)] if lines else []
        return self._last(index, observable.end(k, self.p, self.s, a))

    def _last(self, index: int, value: Any) -> int:
        known(self.finish, self.homes)
        stores, count = stored(self.module, index, self.finish, self.equation.numbers(value), "0")
        self.finish.lines += stores
        return count

    def _accumulators(self, index: int, begin: Sequence[Any]) -> tuple[Node, ...]:
        graph, layout = self.equation.graph, self.module.layout
        starts = [graph.lift(value) for value in begin]
        a = tuple(graph.leaf("accumulator", f"{index}.{i}", v.shape) for i, v in enumerate(starts))
        for leaf in a:
            self.homes[leaf] = (
                f"work, {layout.allocate(layout.size(leaf.shape[0]) if leaf.shape else BUNDLE)}"
            )
        assign(self.module, self.begin, self.homes, list(zip(starts, a, strict=True)))
        return a

    def _moved(self, function: Any, a: Sequence[Node], values: Sequence[Any]) -> list[str]:
        moved = given_by(function, self.equation.graph.lift, values, len(a))
        if not moved:
            return []
        stages = self.module.stages()
        assign(self.module, stages, self.homes, list(zip(moved, a, strict=True)))
        self.module.operations += operations(moved)
        return stages.lines

    def _kept(self, into: list[str], index: int, value: Any, row: str, guard: str) -> int:
        values = self.equation.numbers(value)
        stages = self.module.stages()
        known(stages, self.homes)
        stores, count = stored(self.module, index, stages, values, row)
        lines = [*stages.lines, *stores]
        into += [f"if {guard}:", *(f"    {line}" for line in lines)] if guard else lines
        self.module.operations += operations(values)
        return count


def rollout(equation: Equation, watchers: Sequence[Watcher], lanes: int, tile: int, shared: bool) -> Program:
    """The forward pass with these observables in one kernel."""
    module = Module(equation, lanes, tile, shared)
    module.loading()
    module.stepping()
    forward = Forward(module)
    rows = [forward.watch(index, watcher) for index, watcher in enumerate(watchers)]
    module.add("begin(c, work)", forward.begin.lines)
    module.add("attend(outs, cells, at, c, work, t)", forward.attend)
    module.add("update(c, work, t, first, counts)", forward.update)
    module.add("sample(outs, cells, at, c, work, t, first)", forward.sample)
    module.add("finish(outs, cells, at, c, work)", forward.finish.lines)
    return module.finished(network_kernels.rollout, "A network forward in time.", rows)


def known(stages: Stages, homes: dict[Node, str]) -> None:
    """Tell a body where accumulators lie."""
    for leaf, place in homes.items():
        (stages.home if leaf.shape else stages.tiles)[leaf] = place


def assign(
    module: Module, stages: Stages, homes: dict[Node, str], pairs: Sequence[tuple[Node, Node]]
) -> None:
    """Lines that give accumulators their next values, all from the values before."""
    known(stages, homes)
    bundle = module.layout.bundle
    numbers = [(value, leaf) for value, leaf in pairs if not leaf.shape]
    arrays = [(value, homes[leaf]) for value, leaf in pairs if leaf.shape]
    names = stages.scalars([value for value, _ in numbers])
    if arrays:
        stages.write(arrays)
    for name, (_, leaf) in zip(names, numbers, strict=True):
        stages.lines.append(f"store({homes[leaf]}, repeat({name}, {bundle}))")
