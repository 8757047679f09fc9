"""Exact derivatives of expressions: every rule against differences, broadcasting, seeds, and what is zero by
structure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sim.equations.derivatives import _RULES, gradient
from sim.equations.graph import Graph, Node, reachable
from sim.functions import (
    cos,
    exp,
    expm1,
    log,
    log1p,
    log_sum_exp,
    sigmoid,
    sin,
    softplus,
    sqrt,
    tanh,
    total,
    where,
)  # fmt: skip
from tests.sim.plain import differences
from tests.sim.symbols import value

RULES: dict[str, Callable] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: b - a,
    "mul": lambda a, b: a * b * a,
    "div": lambda a, b: a / b - b / (a + 3.0),
    "neg": lambda a, b: -(a * b),
    "abs": lambda a, b: abs(a) * b + abs(a - b),
    "where": lambda a, b: where(a > b, a * b, b * b * b) + where(b > 0.0, a, 2.0),
    "exp": lambda a, b: exp(a * b),
    "expm1": lambda a, b: expm1(a - b),
    "log": lambda a, b: log(a * a + b * b),
    "log1p": lambda a, b: log1p(a * a),
    "tanh": lambda a, b: tanh(a * b + 0.1),
    "sigmoid": lambda a, b: sigmoid(a - 2.0 * b),
    "softplus": lambda a, b: softplus(a * b),
    "sqrt": lambda a, b: sqrt(a * a + 1.0),
    "sin": lambda a, b: sin(a * b),
    "cos": lambda a, b: cos(a + b),
    "total": lambda a, b: total((a * a, a * b)),
    "power": lambda a, b: (a * a + 0.5) ** 2.5 + a**3 - b**-2,
    "powers of data": lambda a, b: (a * a + 0.5) ** b,
    "conditions": lambda a, b: (a > b) * a + where((a < 2.0) & ~(b > 1.0), a * b, b),
    "used twice": lambda a, b: (a * b) * (a * b) + tanh(a * b),
}
POINTS = [(0.3, 0.7), (-1.2, 0.4), (1.3, -0.8)]


def slope(node: Node | None, at: dict) -> float:
    return 0.0 if node is None else float(value(node, at))


@pytest.mark.parametrize("name", RULES)
def test_derivatives_are_differences(name: str):
    graph = Graph()
    a, b = graph.leaf("parameter", "a"), graph.leaf("parameter", "b")
    expression = RULES[name](a, b)
    both = gradient(expression, [a, b])
    for point in POINTS:
        at = {("parameter", "a"): point[0], ("parameter", "b"): point[1]}
        wanted = differences(
            lambda y: np.atleast_1d(value(expression, {("parameter", "a"): y[0], ("parameter", "b"): y[1]})),
            np.array(point, dtype=np.longdouble),
        )[0]
        np.testing.assert_allclose(
            [slope(node, at) for node in both], wanted.astype(float), rtol=1e-12, atol=1e-13
        )


def test_every_rule_is_tested():
    units = {"total", "spread", "matvec", "transpose", "largest"}  # below
    assert set(_RULES) <= set(RULES) | units


def test_kinks_take_the_stated_side():
    graph = Graph()
    a = graph.leaf("parameter", "a")
    (of_modulus,) = gradient(abs(a), [a])
    (of_relu,) = gradient(where(a <= 0.0, 0.0, a), [a])
    at = {("parameter", "a"): 0.0}
    assert slope(of_modulus, at) == 0.0
    assert slope(of_relu, at) == 0.0  # the left derivative, as in PyTorch


def test_what_a_value_does_not_depend_on_is_none():
    graph = Graph()
    a, b = graph.leaf("parameter", "a"), graph.leaf("parameter", "b")
    assert gradient(a * a, [a, b])[1] is None
    assert gradient(graph.constant(2.0), [a]) == [None]
    found = gradient(where(a > b, 1.0, 2.0), [a, b])
    assert found == [None, None]  # a comparison has no slope


def test_the_derivative_of_a_linear_step_costs_nothing():
    """d(w h + b) is w, h and 1: nothing is computed that a hand-written derivative would not compute."""
    graph = Graph()
    w, h, b = (graph.leaf("parameter", name) for name in "whb")
    of_w, of_h, of_b = gradient(w * h + b, [w, h, b])
    assert of_w is h
    assert of_h is w
    assert (of_b.op, of_b.value) == ("const", 1.0)
    silent = gradient(w * h + graph.constant(0.0) * b, [b])
    assert silent == [None]


def test_an_intermediate_can_stand_for_itself():
    graph = Graph()
    a = graph.leaf("parameter", "a")
    middle = tanh(a)
    outer_slope, inner = gradient(middle * middle, [middle, a])
    assert inner is None  # derivatives stop at what is asked for
    assert slope(outer_slope, {("parameter", "a"): 0.5}) == pytest.approx(2 * np.tanh(0.5))


# ---- arrays over units ------------------------------------------------------------------

N, M = 3, 2


def network() -> tuple[Graph, dict[str, Node], dict[str, np.ndarray]]:
    graph, random = Graph(), np.random.default_rng(2)
    shapes = {"W": (N, N), "U": (N, M), "h": (N,), "x": (M,), "b": (N,), "c": ()}
    nodes = {name: graph.leaf("parameter", name, shape) for name, shape in shapes.items()}
    return graph, nodes, {name: random.normal(size=shape) for name, shape in shapes.items()}


NETWORK: dict[str, Callable] = {
    "product": lambda p: p["W"] @ p["h"],
    "transposed": lambda p: p["W"].T @ tanh(p["h"]),
    "layer": lambda p: tanh(p["W"] @ p["h"] + p["U"] @ p["x"] + p["b"]),
    "number times array": lambda p: p["c"] * (p["W"] @ p["h"]) + p["c"] * p["b"],
    "sum spread back": lambda p: p["h"] * total(p["h"] * p["b"]),
    "choice": lambda p: where(p["h"] > 0.0, p["W"] @ p["h"], p["c"] * p["h"]),
    "twice": lambda p: p["W"] @ sigmoid(p["W"] @ p["h"]),
}


# a matrix that is used twice has no gradient as one outer product, which is what networks' kernels take
PAIRS = [(name, wrt) for name in NETWORK for wrt in "WUhxbc" if (name, wrt) != ("twice", "W")]


@pytest.mark.parametrize(("name", "wrt"), PAIRS)
def test_seeded_derivatives_of_arrays_are_differences(name: str, wrt: str):
    graph, nodes, numbers = network()
    expression = NETWORK[name](nodes)
    g = graph.leaf("gradient", "g", (N,))
    (found,) = gradient(expression, [nodes[wrt]], seed=g)
    at = {("parameter", key): number for key, number in numbers.items()} | {
        ("gradient", "g"): np.arange(1.0, N + 1)
    }

    def run(y: np.ndarray) -> np.ndarray:
        return np.asarray(value(expression, at | {("parameter", wrt): y.reshape(numbers[wrt].shape)}))

    jacobian = differences(run, numbers[wrt].reshape(-1).astype(np.longdouble)).astype(float)
    wanted = (at["gradient", "g"] @ jacobian).reshape(numbers[wrt].shape)
    if found is None:
        assert not wanted.any()
    else:
        assert found.shape == numbers[wrt].shape
        np.testing.assert_allclose(value(found, at), wanted, rtol=1e-11, atol=1e-12)


def test_the_gradient_of_a_number_of_the_units():
    graph, nodes, numbers = network()
    error = total((nodes["h"] - nodes["c"]) * (nodes["h"] - nodes["c"]))
    of_h, of_c = gradient(error, [nodes["h"], nodes["c"]])
    at = {("parameter", key): number for key, number in numbers.items()}
    np.testing.assert_allclose(value(of_h, at), 2 * (numbers["h"] - numbers["c"]))
    np.testing.assert_allclose(value(of_c, at), -2 * np.sum(numbers["h"] - numbers["c"]))
    assert all(node.graph is graph for node in reachable([of_h, of_c]))


def test_the_largest_of_the_units_is_a_shift_that_cancels():
    """The gradient of log sum exp is softmax, the largest number taken out or not."""
    graph = Graph()
    z = graph.leaf("state", "z", (4,))
    (found,) = gradient(graph.lift(log_sum_exp(z)), [z])
    assert found is not None
    numbers = np.array([700.0, 2.0, 699.0, -800.0])
    wanted = np.exp(numbers - 700.0) / np.sum(np.exp(numbers - 700.0))
    np.testing.assert_allclose(value(found, {("state", "z"): numbers}), wanted, rtol=1e-14)
