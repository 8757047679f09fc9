"""A system's verbs traced on symbols: the equation that kernels are generated from."""

from collections.abc import Sequence
from typing import Any

from sim.errors import refuse
from sim.generic import output, step, units
from sim.graph import Graph, Leaf, Node
from sim.matrices import Matrices, Vectors


def is_number(value: Any) -> bool:
    """Whether a pack's field is a number of its own for every cell (else it is fixed: a word, a count, a
    flag).
    """
    return value is not None and not isinstance(value, (str, bool, int, tuple))


class Scaled:
    """A weight matrix times a number of each cell; the number multiplies the product, not the matrix."""

    def __init__(self, matrix: Node, factor: Node) -> None:
        self.matrix, self.factor = matrix, factor
        self.shape = matrix.shape

    def __matmul__(self, vector: Any) -> Node:
        return self.factor * (self.matrix @ vector)

    @property
    def T(self) -> "Scaled":
        """The transposed matrix."""
        return Scaled(self.matrix.T, self.factor)


class Equation:
    """One step of a system, on symbols.

    `example` is a pack with the fixed fields filled in; its numbers only say which fields are numbers. A
    tuple of numbers is that many parameters, named `taps[0]`, `taps[1]`, …. `inputs` says where x comes from:
    "none" (always zero), "shared" (one series for all cells) or "cells" (a series for each). A network's
    fields are `Matrices` and `Vectors`.
    """

    def __init__(self, example: Any, inputs: str = "none") -> None:
        self.inputs = inputs
        self.graph = Graph()
        self.labels = units(example)
        self.parameters: dict[str, Node] = {}
        self.extras: dict[str, Node] = {}
        self.matrices: dict[str, Node] = {}
        self.vectors: dict[str, Node] = {}
        self.pack = type(example)(
            *(self._field(name, value) for name, value in zip(example._fields, example, strict=True))
        )
        self.t = self.graph.leaf("time", "t")
        if isinstance(self.labels, int):
            self.state: tuple[Node, ...] = (self.graph.leaf("state", "s", (self.labels,)),)
            inputs_shape = (self._inputs(),)
            self.x = (
                self.graph.leaf("input", "x", inputs_shape)
                if inputs != "none"
                else self.graph.zeros(*inputs_shape)
            )
        else:
            self.state = tuple(self.graph.leaf("state", str(i)) for i in range(len(self.labels or [""])))
            self.x = self.graph.leaf("input", "x") if inputs != "none" else self.graph.silence()
        self.next = self._numbers(step(self.pack, self.shaped(self.state), self.x))
        if len(self.next) != len(self.state) or self.next[0].shape != self.state[0].shape:
            raise refuse(
                "system",
                f"step of {type(example).__name__} returns {len(self.next)} values of shape "
                f"{self.next[0].shape} for a state of "
                f"{len(self.state)} of shape {self.state[0].shape}; a state of several numbers is declared "
                "with @units.register",
            )

    def _inputs(self) -> int:
        """The number of inputs: the width of the matrix that is not square over the units, else 1."""
        widths = [node.shape[1] for name, node in self.matrices.items() if name == "U"]
        return widths[0] if widths else 1

    def _field(self, name: str, value: Any) -> Any:
        if isinstance(value, Matrices):
            matrix = self.matrices.setdefault(name, self.graph.leaf("matrix", name, value.base.shape[1:]))
            return Scaled(matrix, self._field(f"{name}.factor", 1.0))
        if isinstance(value, Vectors):
            return self.vectors.setdefault(name, self.graph.leaf("vector", name, value.base.shape[1:]))
        if isinstance(value, tuple):
            return tuple(self._field(f"{name}[{i}]", item) for i, item in enumerate(value))
        if not is_number(value):
            return value
        return self.parameters.setdefault(name, self.graph.leaf("parameter", name))

    def own(self, name: str) -> Node:
        """A number of each cell that belongs to an observable (such as `target`), not to the system."""
        return self.extras.setdefault(name, self.graph.leaf("extra", name))

    def shaped(self, numbers: Sequence[Node]) -> Any:
        """Numbers as the system's functions see a state: one of them alone, or a tuple."""
        return tuple(numbers) if isinstance(self.labels, tuple) else numbers[0]

    def _numbers(self, state: Any) -> tuple[Node, ...]:
        values = tuple(state) if isinstance(state, (tuple, list)) else (state,)
        if any(value is None for value in values):
            name = type(self.pack).__name__
            raise refuse("system", f"a function of {name} gives None; does it end without `return`?")
        return tuple(self.graph.lift(value) for value in values)

    def output(self, state: Sequence[Node]) -> tuple[Node, ...]:
        """What is read out of a state."""
        return self._numbers(output(self.pack, self.shaped(state)))

    def columns(self) -> list[str]:
        """The names of the numbers each cell has, in the order in which kernels take them."""
        return [*self.parameters, *self.extras]

    def source(self, node: Node) -> tuple[str, bool] | None:
        """The variable that holds a leaf in generated code, and whether it is the same for all lanes."""
        if node.op != "leaf":
            return None
        leaf = node.value
        if leaf.kind in ("parameter", "extra"):
            return variable(leaf), False
        if leaf.kind == "time":
            return leaf.name, True
        if leaf.kind == "input":
            return leaf.name, self.inputs != "cells"
        return {"state": "s", "accumulator": "a", "tangent": "v", "gradient": "g"}[
            leaf.kind
        ] + leaf.name, False

    def variables(self) -> list[str]:
        """The variables that hold the columns in generated code."""
        return [variable(node.value) for node in (*self.parameters.values(), *self.extras.values())]


def variable(leaf: Leaf) -> str:
    """A legal variable name for a parameter: `taps[0]` is p_taps_0_."""
    return ("p_" if leaf.kind == "parameter" else "k_") + "".join(
        c if c.isalnum() else "_" for c in leaf.name
    )
