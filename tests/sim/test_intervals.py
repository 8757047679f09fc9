"""Bounds of expressions hold for every point of their ranges, and are close where ranges are small."""

import numpy as np
import pytest

from sim.equations.evaluation import evaluate
from sim.equations.graph import Graph
from sim.equations.intervals import Interval, bounds, divide, multiply, point, square
from sim.errors import Refused
from sim.functions import (
    cos,
    exp,
    expm1,
    log,
    log1p,
    maximum,
    minimum,
    sigmoid,
    sin,
    softplus,
    sqrt,
    tanh,
    where,
)  # fmt: skip

FUNCTIONS = {
    "line": lambda x, y: 2.0 * x - y + 1.0,
    "square": lambda x, y: x * x - y * y * y * y,
    "product": lambda x, y: x * y * (x - y),
    "bump": lambda x, y: sigmoid(x) * (1.0 - sigmoid(x)) + tanh(y) * (1.0 - tanh(y)),
    "quotient": lambda x, y: x / (2.0 + y * y) - y / (abs(x) + 0.5),
    "rising": lambda x, y: tanh(x) + sigmoid(3.0 * y) + expm1(x) - exp(y) + softplus(2.0 * x),
    "logarithms": lambda x, y: log(4.5 + x) * log1p(y * y) + sqrt(x + 4.5),
    "waves": lambda x, y: sin(5.0 * x) - cos(7.0 * y) * sin(x * y),
    "choices": lambda x, y: where((x > 0.2) & (y <= 1.0), x, -y) + maximum(x, y) - minimum(x, 0.1),
    "modulus": lambda x, y: abs(x - y) * abs(y),
    "negated": lambda x, y: where(~(x >= y) | (x < -1.0), -x, x * y),
    "power": lambda x, y: (x * x + 0.1) ** 3 - (y * y + 1.0) ** -2 + (x * x + 0.5) ** 0.5,
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_value_lies_within_its_bounds(name):
    graph = Graph()
    x, y = graph.leaf("state", "x"), graph.leaf("state", "y")
    node = FUNCTIONS[name](x, y)
    rng = np.random.default_rng(0)
    middle = rng.uniform(-3.0, 3.0, (2, 4000))
    half = 10.0 ** rng.uniform(-9.0, 0.0, (2, 4000)) * (rng.random((2, 4000)) > 0.1)
    (found,) = bounds([node], {x: Interval(middle[0] - half[0], middle[0] + half[0]),
                               y: Interval(middle[1] - half[1], middle[1] + half[1])})  # fmt: skip
    assert (found.low <= found.high).all()
    for corner in [(-1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), *rng.uniform(-1.0, 1.0, (40, 2))]:
        values = evaluate([node], {x: middle[0] + corner[0] * half[0], y: middle[1] + corner[1] * half[1]})[0]
        assert (found.low <= values).all()
        assert (values <= found.high).all()
    points = half.max(axis=0) == 0.0
    width = (found.high - found.low)[points]
    assert points.sum() > 20
    assert (width <= 1e-12 * (1.0 + np.abs(found.high[points]))).all()


def test_a_number_times_itself_is_not_negative():
    graph = Graph()
    x = graph.leaf("state", "x")
    (found,) = bounds([x * x], {x: Interval(np.array([-1.0, 2.0]), np.array([2.0, 3.0]))})
    np.testing.assert_allclose(found.low, [0.0, 4.0], rtol=1e-15)
    np.testing.assert_allclose(found.high, [4.0, 9.0], rtol=1e-15)


def test_what_may_be_undefined_has_no_bounds():
    whole = Interval(np.array([-1.0, 0.0, -1.0, 0.0]), np.array([1.0, 1.0, 0.0, 0.0]))
    with np.errstate(all="ignore"):
        found = divide(point(np.float64(1.0)), whole)
    np.testing.assert_array_equal(np.isinf(found.low), [True, False, True, True])
    np.testing.assert_array_equal(np.isinf(found.high), [True, True, False, True])
    assert found.low[1] <= 1.0
    assert found.high[2] >= -1.0
    graph = Graph()
    x = graph.leaf("state", "x")
    (low,) = bounds([log(x)], {x: Interval(np.array([-1.0, 1.0]), np.array([1.0, 2.0]))})
    assert low.low[0] == -np.inf
    assert low.low[1] == pytest.approx(0.0, abs=1e-14)
    (root,) = bounds([sqrt(x)], {x: Interval(np.array([-1.0]), np.array([4.0]))})
    assert root.low[0] == -np.inf


def test_infinite_ends_are_no_trouble():
    with np.errstate(all="ignore"):
        found = multiply(
            Interval(np.array([0.0]), np.array([0.0])), Interval(np.array([1.0]), np.array([np.inf]))
        )
        assert found.low[0] == pytest.approx(0.0, abs=1e-300)
        assert found.high[0] == pytest.approx(0.0, abs=1e-300)
        assert square(Interval(np.array([-np.inf]), np.array([1.0]))).high[0] == np.inf
    graph = Graph()
    x = graph.leaf("state", "x")
    everything = {x: Interval(np.array([-np.inf]), np.array([np.inf]))}
    for node, ends in ((tanh(x), 1.0), (sin(x), 1.0)):
        (found,) = bounds([node], everything)
        assert (found.low[0], found.high[0]) == (-ends, ends)


def test_what_overflows_is_beyond_the_largest_number():
    """exp of 800 and more: no double, and surely not small; below zero likewise."""
    most = np.finfo(np.float64).max
    graph = Graph()
    x = graph.leaf("state", "x")
    rising, falling = bounds([exp(x), -exp(x)], {x: Interval(np.array([800.0]), np.array([np.inf]))})
    assert rising.low == most
    assert rising.high == np.inf
    assert falling.high == -most
    assert falling.low == -np.inf


def test_an_equation_over_units_is_refused():
    graph = Graph()
    x = graph.leaf("state", "x", (3,))
    with pytest.raises(Refused, match="no bounds are known"):
        bounds([tanh(x)], {x: point(np.zeros(3))})
