"""The equation of a few numbers, networks of a few units among them, as one expression for each number.

A network keeps its state as arrays over units, in memory; with two units that costs more than it computes.
Here every unit, weight and bias becomes a number of its own, so that an orbit lives in registers. Products of
matrices are written out in the order of the columns and fused as `sim/equations/stages.py` computes them: the
bits are those of the network.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sim.equations.equation import Equation, variable
from sim.equations.graph import NOTHING, Graph, Node, reachable

MOST = 8  # numbers of a state that are written out: 8 units have 64 weights


class SmallEquation:
    """An equation written out in numbers: what `sim.pointwise.module.Module` needs of one, without an input.

    An input that is the same at every step is a parameter here.
    """

    def __init__(self, equation: Equation) -> None:
        self.graph = Graph()
        self.inputs, self.goals, self.goal, self.masked = "none", "shared", None, False
        self.pack, self.x, self.t = None, self.graph.silence(), self.graph.leaf("time", "t")
        self.parameters: dict[str, Node] = {}
        self.extras: dict[str, Node] = {}
        self._places: list[tuple[Node, tuple[int, ...]]] = []  # of each parameter in the array it is part of
        self._found: dict[Node, Any] = {}
        numbers = 0
        for node in equation.state:
            count = node.shape[0] if node.shape else 1
            own = [self.graph.leaf("state", str(numbers + i)) for i in range(count)]
            self._found[node] = own if node.shape else own[0]
            numbers += count
        self.state = tuple(self.graph.leaf("state", str(i)) for i in range(numbers))
        for node in reachable(equation.next):
            if node not in self._found:
                self._found[node] = self._written(node)
        self.next = tuple(part for node in equation.next for part in _each(self._found[node]))

    def _written(self, node: Node) -> Any:
        """A node as a number, a list of them, or a list of rows."""
        graph = self.graph
        args: list[Any] = [self._found.get(arg) for arg in node.args]
        if node.op == "leaf":
            return self._leaf(node)
        if node.op == "const":
            return graph.constant(node.value)
        if node.op in NOTHING:
            zero = graph.constant(0.0)
            return [zero] * node.shape[0] if node.shape else zero
        if node.op == "matvec":
            return [self._product(row, args[1]) for row in args[0]]
        if node.op == "transpose":
            return [list(column) for column in zip(*args[0], strict=True)]
        if node.op in ("total", "largest") and node.args[0].shape:
            return self._over_units(node.op, args[0])
        if node.op == "spread" and node.shape:
            return args[0] if isinstance(args[0], list) else [args[0]] * node.shape[0]
        if not node.shape:
            return graph.node(node.op, tuple(args), None, ())
        return [
            graph.node(node.op, tuple(a[i] if isinstance(a, list) else a for a in args), None, ())
            for i in range(node.shape[0])
        ]

    def _leaf(self, node: Node) -> Any:
        """What enters from outside, number by number, each a parameter."""
        if len(node.shape) == 2:
            height, width = node.shape
            return [[self._parameter(node, (i, j)) for j in range(width)] for i in range(height)]
        if node.shape:
            return [self._parameter(node, (i,)) for i in range(node.shape[0])]
        return self._parameter(node, ())

    def _parameter(self, node: Node, place: tuple[int, ...]) -> Node:
        name = node.value.name + (f"[{','.join(map(str, place))}]" if place else "")
        if name not in self.parameters:
            self.parameters[name] = self.graph.leaf("parameter", name)
            self._places.append((node, place))
        return self.parameters[name]

    def _product(self, row: Sequence[Node], vector: Sequence[Node]) -> Node:
        """A row times a vector, a product and then one fused multiply-add for each further column."""
        total = self.graph.node("mul", (row[0], vector[0]), None, ())
        for weight, value in zip(row[1:], vector[1:], strict=True):
            product = self.graph.node("mul", (weight, value), None, ())
            total = self.graph.node("add", (total, product), None, ())
        return self.graph.node("spread", (total,), None, ())  # nothing is fused with what comes after

    def _over_units(self, op: str, values: Sequence[Node]) -> Node:
        sofar = self.graph.constant(0.0 if op == "total" else -np.inf)
        for value in values:
            if op == "total":
                sofar = self.graph.node("add", (sofar, value), None, ())
            else:
                larger = self.graph.node("gt", (value, sofar), None, ())
                sofar = self.graph.node("where", (larger, value, sofar), None, ())
        return sofar

    def arrays(self, known: Mapping[Node, np.ndarray]) -> list[np.ndarray]:
        """The number of each cell for each parameter, from the arrays of `evaluation.Map.load`."""
        found: list[Any] = [known[node] for node, _ in self._places]
        return [values[(..., *place)] for values, (_, place) in zip(found, self._places, strict=True)]

    def shaped(self, numbers: Sequence[Node]) -> tuple[Node, ...]:
        """A state as observables see it: always a tuple."""
        return tuple(numbers)

    def columns(self) -> list[str]:
        """The names of the numbers that each cell has."""
        return list(self.parameters)

    def variables(self) -> list[str]:
        """The variables that hold them in generated code."""
        return [variable(node.value) for node in self.parameters.values()]

    def source(self, node: Node) -> tuple[str, bool] | None:
        """The variable that holds a leaf, and whether it is the same for all lanes."""
        if node.op != "leaf":
            return None
        kinds = {"state": "s", "accumulator": "a", "tangent": "v"}
        if node.value.kind == "parameter":
            return variable(node.value), False
        if node.value.kind == "time":
            return node.value.name, True
        return kinds[node.value.kind] + node.value.name, False


def _each(value: Any) -> list[Node]:
    return value if isinstance(value, list) else [value]
