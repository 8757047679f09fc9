"""A system's verbs traced on symbols: the equation that kernels are generated from."""

from collections.abc import Sequence
from typing import Any

from sim.errors import refuse
from sim.generic import output, step, units
from sim.graph import Graph, Leaf, Node


def is_number(value: Any) -> bool:
    """Whether a pack's field is a number of its own for every cell (else it is fixed: a word, a count, a flag)."""
    return not isinstance(value, (str, bool, int, tuple))


class Equation:
    """One step of a system with a small fixed state, on symbols.

    `example` is a pack with the fixed fields filled in; its numbers only say which fields are numbers. A tuple of numbers is
    that many parameters, named `taps[0]`, `taps[1]`, …. `inputs` says where x comes from: "none" (always zero), "shared" (one
    series for all cells) or "cells" (a series for each).
    """

    def __init__(self, example: Any, inputs: str = "none") -> None:
        self.inputs = inputs
        self.graph = Graph()
        self.labels = units(example)
        self.parameters: dict[str, Node] = {}
        self.extras: dict[str, Node] = {}
        self.pack = type(example)(*(self._field(name, value) for name, value in zip(example._fields, example, strict=True)))
        names = [""] if self.labels is None else [str(label) for label in self.labels]  # type: ignore[union-attr]
        self.state = tuple(self.graph.leaf("state", str(i)) for i in range(len(names)))
        self.x = self.graph.leaf("input", "x")
        self.t = self.graph.leaf("time", "t")
        self.next = self._numbers(step(self.pack, self.shaped(self.state), self.x))
        if len(self.next) != len(self.state):
            raise refuse(
                "system",
                f"step of {type(example).__name__} returns {len(self.next)} numbers for a state of {len(self.state)}; "
                "a state of several numbers is declared with @units.register",
            )

    def _field(self, name: str, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(self._field(f"{name}[{i}]", item) for i, item in enumerate(value))
        if not is_number(value):
            return value
        return self.parameters.setdefault(name, self.graph.leaf("parameter", name))

    def extra(self, name: str) -> Node:
        """A number of each cell that belongs to an observable (such as `target`), not to the system."""
        return self.extras.setdefault(name, self.graph.leaf("extra", name))

    def shaped(self, numbers: Sequence[Node]) -> Any:
        """Numbers as the system's functions see a state: one of them alone, or a tuple."""
        return numbers[0] if self.labels is None else tuple(numbers)

    def _numbers(self, state: Any) -> tuple[Node, ...]:
        values = tuple(state) if isinstance(state, (tuple, list)) else (state,)
        return tuple(self.graph.lift(value) for value in values)

    def output(self, state: Sequence[Node]) -> tuple[Node, ...]:
        """What is read out of a state."""
        return self._numbers(output(self.pack, self.shaped(state)))

    def columns(self) -> list[str]:
        """The names of the numbers each cell has, in the order in which kernels take them."""
        return [*self.parameters, *self.extras]

    def leaf(self, leaf: Leaf) -> tuple[str, bool]:
        """The variable that holds a leaf in generated code, and whether it is the same for all lanes."""
        if leaf.kind in ("parameter", "extra"):
            return variable(leaf), False
        if leaf.kind == "time":
            return leaf.name, True
        if leaf.kind == "input":
            return {"none": "0.0"}.get(self.inputs, leaf.name), self.inputs != "cells"
        return {"state": "s", "accumulator": "a", "tangent": "v", "gradient": "g"}[leaf.kind] + leaf.name, False

    def variables(self) -> list[str]:
        """The variables that hold the columns in generated code."""
        return [variable(node.value) for node in (*self.parameters.values(), *self.extras.values())]


def variable(leaf: Leaf) -> str:
    """A legal variable name for a parameter: `taps[0]` is p_taps_0_."""
    return ("p_" if leaf.kind == "parameter" else "k_") + "".join(c if c.isalnum() else "_" for c in leaf.name)
