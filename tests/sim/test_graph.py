"""Tracing: ordinary functions of numbers become expressions; what cannot is refused with its file and
line."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable

import numpy as np
import pytest

from sim.equations.graph import Graph, reachable
from sim.errors import Refused
from sim.functions import (
    cos,
    exp,
    expm1,
    log,
    log1p,
    maximum,
    minimum,
    outer,
    sigmoid,
    sin,
    softplus,
    sqrt,
    tanh,
    total,
    where,
)  # fmt: skip
from tests.sim.symbols import value

POINTS = [(0.3, 0.7), (-1.2, 0.4), (2.0, 1.5), (0.5, 0.5), (1e-3, 3.0)]

EXPRESSIONS: dict[str, Callable] = {
    "sums and products": lambda a, b: 2.0 * a - b * 3 + (a + 1) / (4 - b) - -a,
    "numbers on the left": lambda a, b: (1 - a) * (2 / b) + (3 + a),
    "sign and modulus": lambda a, b: -abs(a) + (+b),
    "comparisons": lambda a, b: where((a < b) | ~(a > 0.0) & (b >= 0.5), a, b) + where(a <= b, 1.0, 2.0),
    "equality": lambda a, b: where(a == b, 1.0, 0.0) + where(a != 0.3, 10.0, 20.0),
    "conditions are numbers": lambda a, b: (a > 0.0) * b + (b > 1.0) - 2.0 * (a < b),
    "fixed condition": lambda a, b: where(True, a, b) + where(False, a, b),
    "larger and smaller": lambda a, b: maximum(a, b) - 2.0 * minimum(a, b),
    "elementary": lambda a, b: tanh(a) + sigmoid(b) * exp(-a) + expm1(a) - softplus(a) + sin(a) * cos(b),
    "logarithms": lambda a, b: log(b) + log1p(b) + sqrt(b),
    "of numpy": lambda a, b: np.tanh(a) + np.exp(b) * np.sin(a) - np.sqrt(b) + np.abs(a) + np.square(b),
    "numpy numbers": lambda a, b: np.float64(2.0) * a + np.int64(3) * b - np.float64(0.1),
    "sum of a tuple": lambda a, b: total((a, b, a * b)),
}


def leaves(graph: Graph):
    return graph.leaf("parameter", "a"), graph.leaf("parameter", "b")


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_a_traced_expression_is_the_expression(name: str):
    f = EXPRESSIONS[name]
    node = f(*leaves(Graph()))
    for a, b in POINTS:
        found = value(node, {("parameter", "a"): a, ("parameter", "b"): b})
        assert found == pytest.approx(float(f(a, b)), rel=1e-15, abs=1e-15)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 5, 7, 16, -1, -2, 0.5, 2.5, -0.3, 64, 65, 200])
def test_powers(exponent: float):
    a, _ = leaves(Graph())
    for x in (0.3, 1.0, 1.7):
        found = value(a**exponent, {("parameter", "a"): x})
        assert found == pytest.approx(x**exponent, rel=1e-13)


def test_powers_with_data_in_the_exponent():
    a, b = leaves(Graph())
    for x, y in ((0.3, 0.7), (2.0, -1.5)):
        assert value(a**b, {("parameter", "a"): x, ("parameter", "b"): y}) == pytest.approx(x**y, rel=1e-14)
        assert value(2.0**b, {("parameter", "b"): y}) == pytest.approx(2.0**y, rel=1e-14)


def test_whole_powers_take_the_fewest_products():
    a, _ = leaves(Graph())
    assert sum(node.op == "mul" for node in reachable([a**16])) == 4
    assert a**1 is a
    assert a**2 is a * a


def test_larger_of_nan_is_nan_as_in_numpy():
    a, b = leaves(Graph())
    for x, y in ((math.nan, 1.0), (1.0, math.nan)):
        at = {("parameter", "a"): x, ("parameter", "b"): y}
        assert math.isnan(value(maximum(a, b), at))
        assert math.isnan(value(minimum(a, b), at))


def test_equal_expressions_are_one_node():
    graph = Graph()
    a, b = leaves(graph)
    assert a * b + 1.0 is a * b + 1.0
    assert tanh(a) is np.tanh(a)
    assert a * b is not b * a  # no algebra: rounding decides what is equal
    assert graph.constant(0.0) is not graph.constant(-0.0)
    assert graph.constant(math.nan) is graph.constant(math.nan)
    assert graph.leaf("state", "a") is not a


def test_arguments_come_before_their_users_and_once():
    a, b = leaves(Graph())
    shared = tanh(a * b)
    order = reachable([shared + a, shared * b])
    assert len(order) == len(set(order)) == 6
    place = {node: i for i, node in enumerate(order)}
    assert all(place[arg] < place[node] for node in order for arg in node.args)


def test_deep_expressions_need_no_recursion():
    a, _ = leaves(Graph())
    node = a
    for _ in range(5000):
        node = node * 0.999 + 0.1
    assert value(node, {("parameter", "a"): 1.0}) == pytest.approx(100.0, rel=1e-2)


# ---- arrays over units ------------------------------------------------------------------


def network():
    graph = Graph()
    W, h = graph.leaf("matrix", "W", (3, 3)), graph.leaf("state", "h", (3,))
    U, x = graph.leaf("matrix", "U", (3, 2)), graph.leaf("input", "x", (2,))
    return graph, W, h, U, x


def test_shapes_follow_the_operations():
    _, W, h, U, x = network()
    assert (W @ h).shape == (3,)
    assert (W.T @ h).shape == (3,)
    assert (U @ x).shape == (3,)
    assert (U.T @ h).shape == (2,)
    assert tanh(W @ h + 1.0).shape == (3,)
    assert total(h * h).shape == ()
    assert outer(h, x).shape == (3, 2)


def test_products_with_matrices_are_numpys():
    _, W, h, U, x = network()
    random = np.random.default_rng(1)
    at = {
        ("matrix", "W"): random.normal(size=(3, 3)),
        ("state", "h"): random.normal(size=3),
        ("matrix", "U"): random.normal(size=(3, 2)),
        ("input", "x"): random.normal(size=2),
    }
    w, s, u, i = at.values()
    np.testing.assert_allclose(value(tanh(W @ h + U @ x), at), np.tanh(w @ s + u @ i), rtol=1e-15)
    np.testing.assert_allclose(value(W.T @ h, at), w.T @ s, rtol=1e-15)
    np.testing.assert_allclose(value(outer(h, x), at), outer(s, i), rtol=1e-15)


REFUSED: dict[str, tuple[Callable, str]] = {
    "if": (lambda a, W, h, x: 1.0 if a > 0 else 2.0, r"a choice on data .* write where\(condition, a, b\)"),
    "and": (lambda a, W, h, x: (a > 0) and (a < 1), "& | for and, or"),
    "not": (lambda a, W, h, x: not a, "a choice on data"),
    "max": (lambda a, W, h, x: max(a, 0.0), "a choice on data"),
    "chain": (lambda a, W, h, x: 0 < a < 1, "a chained comparison"),
    "membership": (lambda a, W, h, x: a in (1.0, 2.0), "a choice on data"),
    "numpy where": (lambda a, W, h, x: np.where(a > 0, a, 0), "a choice on data"),
    "math": (lambda a, W, h, x: math.tanh(a), r"plain number.* use the functions of sim\.functions \(tanh"),
    "float": (lambda a, W, h, x: float(a), "plain number"),
    "index": (lambda a, W, h, x: [1, 2][a], "plain number"),
    "remainder": (lambda a, W, h, x: a % 1.0, "rounding, // and % have no compiled form"),
    "floor": (lambda a, W, h, x: math.floor(a), "no compiled form"),
    "round": (lambda a, W, h, x: round(a), "no compiled form"),
    "unknown ufunc": (lambda a, W, h, x: np.arctan(a), r"numpy\.arctan has no compiled form; see sim/func"),
    "reduction": (lambda a, W, h, x: np.sum(h), "numpy.add has no compiled form"),
    "text": (lambda a, W, h, x: a + "1", "an equation combines numbers, not str '1'"),
    "list": (lambda a, W, h, x: a * [1.0], "an equation combines numbers, not list"),
    "complex": (lambda a, W, h, x: a * 1j, "an equation combines numbers, not complex 1j"),
    "number as condition": (lambda a, W, h, x: where(a, 1.0, 2.0), "a condition is needed.* as in s > 0.0"),
    "number in logic": (lambda a, W, h, x: (a > 0) & a, "a condition is needed here"),
    "iteration": (lambda a, W, h, x: sum(v for v in a), "one number; a state of several numbers is declared"),
    "matrix times number": (lambda a, W, h, x: W @ a, r"shapes do not fit in @: \(3, 3\) and \(\)"),
    "wrong length": (lambda a, W, h, x: W @ x, r"shapes do not fit in @: \(3, 3\) and \(2,\)"),
    "units and inputs": (lambda a, W, h, x: h + x, r"shapes do not fit in add: \[\(3,\), \(2,\)\]"),
    "matrix elementwise": (lambda a, W, h, x: W * 2.0, r"shapes do not fit in mul: \[\(3, 3\), \(\)\]"),
    "array on the left": (lambda a, W, h, x: np.eye(3) @ h, "@ needs a matrix parameter on its left"),
    "transposed vector": (lambda a, W, h, x: h.T, r"\.T needs a matrix, this has the shape \(3,\)"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_compiled_form_is_refused_with_its_line(name: str):
    f, message = REFUSED[name]
    graph, W, h, _, x = network()
    with pytest.raises(Refused, match=message) as refusal:
        f(graph.leaf("parameter", "a"), W, h, x)
    (problem,) = refusal.value.problems
    file, _, line = problem.place.rpartition(":")
    assert file == __file__
    first = inspect.getsourcelines(f)[1]
    assert first <= int(line) <= first + 1


def test_functions_of_plain_numbers_are_numpys():
    x = np.array([-2.0, -0.5, 0.0, 0.7, 3.0])
    np.testing.assert_allclose(sigmoid(x), 1 / (1 + np.exp(-x)))
    np.testing.assert_allclose(softplus(x), np.log1p(np.exp(x)))
    np.testing.assert_array_equal(where(x > 0, x, 0.0), np.maximum(x, 0.0))
    np.testing.assert_array_equal(maximum(x, 0.1), np.maximum(x, 0.1))
    np.testing.assert_array_equal(minimum(x, 0.1), np.minimum(x, 0.1))
    assert total(x) == pytest.approx(1.2)
    assert total((1.0, 2.0, 3.0)) == 6.0
    assert total(0.25) == 0.25
