"""Expressions of a system of a few numbers as a list of NumPy calls, for many walks of the same graph.

`sim.equations.evaluation.evaluate` orders and looks up the graph at every call; a continuation takes
thousands of small steps, and that would be most of its time.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sim.equations.graph import NOTHING, Node, reachable
from sim.errors import refuse

_CALLS: dict[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative,
    "abs": np.abs, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
    "and": np.logical_and, "or": np.logical_or, "not": np.logical_not, "where": np.where,
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "tanh": np.tanh,
    "sigmoid": lambda z: 1.0 / (1.0 + np.exp(-z)), "softplus": lambda z: np.logaddexp(0.0, z),
    "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos,
}  # fmt: skip


class Program:
    """The values of these expressions of numbers, where all leaves are given: a call for each operation."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.places: dict[Node, int] = {}
        self._constants: list[tuple[int, Any]] = []
        self._calls: list[tuple[Callable[..., Any], int, tuple[int, ...]]] = []
        for i, node in enumerate(reachable(nodes)):
            self.places[node] = i
            args = tuple(self.places[arg] for arg in node.args)
            if node.op == "const" or node.op in NOTHING:
                self._constants.append((i, np.float64(node.value or 0.0)))
            elif node.op in _CALLS:
                self._calls.append((_CALLS[node.op], i, args))
            elif node.op in ("total", "largest", "spread"):  # of one number
                self._calls.append((np.asarray, i, args))
            elif node.op != "leaf":
                raise refuse("system", f"the operation {node.op} is not one of numbers")
        self._leaves = [(node, i) for node, i in self.places.items() if node.op == "leaf"]
        self._out = [self.places[node] for node in nodes]

    def __call__(self, known: Mapping[Node, np.ndarray]) -> list[np.ndarray]:
        values: list[Any] = [None] * len(self.places)
        for i, constant in self._constants:
            values[i] = constant
        for node, i in self._leaves:
            values[i] = known[node]
        for call, i, args in self._calls:
            values[i] = call(*[values[arg] for arg in args])
        return [values[i] for i in self._out]
