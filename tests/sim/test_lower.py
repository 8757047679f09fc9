"""From expressions to lines of code: the fused multiply-add is chosen from the expression alone, whatever
stands around."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim import functions
from sim.equations.graph import Graph, Node
from sim.equations.lower import COST, Code, literal, operations
from tests.sim.symbols import value
from tests.sim.test_graph import EXPRESSIONS, POINTS

WIDTH = 4
NAMESPACE = {name: f for name, f in vars(functions).items() if callable(f)} | {
    "fma": lambda a, b, c: a * b + c,
    "select": np.where,
    "splat": lambda v, n: np.full(n, v, dtype=np.float64),
    "WIDTH": WIDTH,
}


def leaf_name(node: Node) -> tuple[str, bool] | None:
    return (node.value.name, node.value.kind == "time") if node.op == "leaf" else None


def code_of(*roots: Node) -> tuple[list[str], list[str]]:
    """(lines, names of the roots)."""
    code = Code(leaf_name)
    names = code.lanes(roots)
    return code.lines, names


def leaves(*names: str) -> list[Node]:
    graph = Graph()
    return [graph.leaf("parameter", name) for name in names]


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_the_code_computes_the_expression(name: str):
    a, b = leaves("a", "b")
    root = EXPRESSIONS[name](a, b)
    lines, (result,) = code_of(root)
    for x, y in POINTS:
        names = dict(NAMESPACE) | {"a": np.full(WIDTH, x), "b": np.full(WIDTH, y)}
        exec("\n".join([*lines, f"result = {result}"]), names)
        wanted = value(root, {("parameter", "a"): x, ("parameter", "b"): y})
        np.testing.assert_allclose(names["result"], np.full(WIDTH, wanted), rtol=4e-16, atol=1e-16)


FUSED = [
    (lambda a, b, c: a * b + c, "fma(a, b, c)"),
    (lambda a, b, c: c + a * b, "fma(a, b, c)"),
    (lambda a, b, c: a * b - c, "fma(a, b, -c)"),
    (lambda a, b, c: c - a * b, "fma(-a, b, c)"),
    (lambda a, b, c: 2.0 * a + 1.0, "fma(2.0, a, 1.0)"),
    (lambda a, b, c: a * b - 1.5, "fma(a, b, -1.5)"),
    (lambda a, b, c: a * b - -1.5, "fma(a, b, 1.5)"),
    (lambda a, b, c: 1.0 - -0.5 * b, "fma(0.5, b, 1.0)"),
]


@pytest.mark.parametrize(("f", "text"), FUSED, ids=[text for _, text in FUSED])
def test_a_product_in_a_sum_is_fused(f, text: str):
    lines, (name,) = code_of(f(*leaves("a", "b", "c")))
    assert [line for line in lines if line.startswith(f"{name} =")] == [f"{name} = {text}"]


def test_of_two_products_the_right_one_is_fused():
    a, b, c, d = leaves("a", "b", "c", "d")
    lines, _ = code_of(a * b + c * d)
    assert lines == ["t0 = a * b", "t1 = fma(c, d, t0)"]


@pytest.mark.parametrize("around", ["before", "after", "twice", "not at all"])
def test_fusing_does_not_depend_on_what_stands_around(around: str):
    """The product is computed again for its other uses, so that a sum has the same bits in every kernel."""
    a, b, c = leaves("a", "b", "c")
    product, total = a * b, a * b + c
    roots = {
        "before": [product, total],
        "after": [total, product],
        "twice": [product * product, total, functions.tanh(product)],
        "not at all": [total],
    }[around]
    lines, names = code_of(*roots)
    own = names[[root is total for root in roots].index(True)]
    assert f"{own} = fma(a, b, c)" in lines
    assert sum("fma(" in line for line in lines) == 1
    assert sum(line.endswith("= a * b") for line in lines) == (around != "not at all")


def test_common_expressions_are_computed_once():
    a, b = leaves("a", "b")
    shared = functions.tanh(a * b)
    lines, _ = code_of(shared + a, shared * b, shared)
    assert sum("tanh(" in line for line in lines) == 1


def test_what_is_the_same_for_all_lanes_is_spread():
    graph = Graph()
    t, a = graph.leaf("time", "t"), graph.leaf("parameter", "a")
    lines, (name,) = code_of(t * 2.0 + 1.0)
    assert lines[-1].startswith(f"{name} = fma(splat(t, WIDTH)") or "splat(t" in lines[-1]
    assert code_of(graph.constant(3.0)) == ([], ["splat(3.0, WIDTH)"])
    assert code_of(t)[1] == ["splat(t, WIDTH)"]
    assert code_of(a)[1] == ["a"]


@pytest.mark.parametrize("number", [0.1, -0.0, 1e-300, math.inf, -math.inf, math.nan, 1.0, -2.5e17])
def test_literals_are_the_numbers(number: float):
    back = eval(literal(number), {})
    same = np.float64(back).tobytes() == np.float64(number).tobytes()
    assert same or (math.isnan(back) and math.isnan(number))


def test_operations_count_products_of_matrices_and_units():
    graph = Graph()
    W, h, a = graph.leaf("matrix", "W", (5, 7)), graph.leaf("state", "h", (7,)), graph.leaf("parameter", "a")
    assert operations([W @ h]) == 35
    assert operations([functions.tanh(W @ h)]) == 35 + 5 * COST["tanh"]
    assert operations([functions.tanh(a)]) == COST["tanh"]
    assert operations([a * a + 1.0]) == 2
    assert operations([a]) == 0
