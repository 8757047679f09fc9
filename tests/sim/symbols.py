"""Graphs as numbers: evaluates traced expressions with NumPy, so that equations can be tested without
compiling them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sim import functions
from sim.equations.graph import Node, reachable
from sim.equations.lower import BINARY

_BINARY = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "and": np.logical_and,
    "or": np.logical_or,
}
assert set(_BINARY) == set(BINARY)


def value(node: Node, leaves: Mapping[tuple[str, str], Any]) -> Any:
    """The number or array that this expression is, for leaves given as (kind, name) -> value."""
    return values([node], leaves)[0]


def values(nodes: Sequence[Node], leaves: Mapping[tuple[str, str], Any]) -> list[Any]:
    """As `value`, for several expressions."""
    known: dict[Node, Any] = {}
    for node in reachable(nodes):
        a = [known[arg] for arg in node.args]
        if node.op == "leaf":
            known[node] = leaves[node.value.kind, node.value.name]
        elif node.op == "const":
            known[node] = node.value
        elif node.op == "zeros":
            known[node] = np.zeros(node.shape)
        elif node.op in _BINARY:
            known[node] = _BINARY[node.op](*a)
        elif node.op == "where":
            known[node] = np.where(*a)
        elif node.op == "matvec":
            known[node] = a[0] @ a[1]
        elif node.op == "transpose":
            known[node] = a[0].T
        elif node.op == "outer":
            known[node] = np.multiply.outer(*a)
        elif node.op == "total":
            known[node] = np.sum(a[0])
        elif node.op == "spread":
            known[node] = np.broadcast_to(a[0], node.shape)
        elif node.op in ("neg", "abs", "not"):
            known[node] = {"neg": np.negative, "abs": np.abs, "not": np.logical_not}[node.op](a[0])
        else:
            known[node] = getattr(functions, node.op)(a[0])
    return [known[node] for node in nodes]
