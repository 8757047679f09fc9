"""What the lectures show with one unit: numbers of `phenomena` rows 6-7, 20-26, 75-79, 92, 94 and the
published SCL rows.

Where a lecture's statement differs from what is true, the test says so.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import INTERPRETED
from tests.sim.cases import measure


def cells(w, b, start) -> dict[str, np.ndarray]:
    return dict(zip(("w", "b", "start"), np.broadcast_arrays(*np.atleast_1d(w, b, start)), strict=True))


def orbits(activation: str, w, b=0.0, start=1.0, steps: int = 100) -> np.ndarray:
    """h[t] of h' = f(w h + b), (cells, time)."""
    return measure("rnn", ["trajectory"], cells(w, b, start), word=activation, steps=steps)["trajectory"]


def slopes(activation: str, w, b=0.0, start=1.0, steps: int = 50) -> np.ndarray:
    """ln |dh[t] / dh[0]|, (cells, time)."""
    name = "log_jacobian_norm"
    return measure("rnn", [name], cells(w, b, start), word=activation, steps=steps)[name]


def settled(path: np.ndarray, goal: np.ndarray, within: float) -> np.ndarray:
    """The first time from which a path stays near its goal."""
    far = np.abs(path - np.asarray(goal)[:, None]) > within
    return np.where(far.any(axis=1), far.shape[1] - np.argmax(far[:, ::-1], axis=1), 0)


# ---- linear: rows 6, 7, 75-77 -----------------------------------------------------------------


def test_row_6_powers_of_w():
    """The lecture says it blows up for w > 1; it does for |w| > 1: w = -1.1 grows as fast, alternating."""
    w = np.array([0.5, 0.9, 1.05, 1.1, 1.2, 1.5, -1.1])
    h = orbits("identity", w, steps=50)
    np.testing.assert_allclose(h[:, 20], [9.54e-7, 0.1216, 2.6533, 6.727, 38.338, 3325, 6.727], rtol=4e-4)
    np.testing.assert_allclose(h[:, 50], w**50, rtol=1e-13)
    np.testing.assert_allclose(h[[1, 2, 3, 4], 50], [0.005154, 11.467, 117.391, 9100.4], rtol=1e-4)
    assert h[6, 49] < 0 < h[6, 50]


def test_row_7_half_lives():
    """The lecture says it shrinks rapidly; w = 0.99 keeps half for 69 steps."""
    w = np.array([0.5, 0.8, 0.9, 0.95, 0.99])
    h = orbits("identity", w, steps=100)
    found = np.argmax(h <= 0.5, axis=1)
    np.testing.assert_array_equal(found, np.ceil([1.00, 3.11, 6.58, 13.51, 68.97]))


def test_rows_75_to_77_the_exponent_is_one_less():
    """S4 prints 117.4 and 0.00515 for dh(50)/dh(1): those are w^50; the formula w^(T-1) gives w^49."""
    name = "gradient_through_time"
    g = measure("rnn", [name], {"w": [1.1, 0.9]}, word="identity", steps=50, start=1.0)[name]
    np.testing.assert_allclose(g[:, 1] / g[:, 50], [106.7189571633598, 0.005726416897], rtol=1e-9)
    np.testing.assert_allclose(g[:, 0] / g[:, 50], [117.39085287969579, 0.005153775207], rtol=1e-9)
    logs = slopes("identity", [1.1, 0.9])
    np.testing.assert_allclose(np.exp(logs[:, 49]), [106.7189571633598, 0.005726416897], rtol=1e-9)


# ---- sigmoid: rows 21, 22 ----------------------------------------------------------------------


def test_row_21_sigmoid_settles_on_a_value_that_depends_on_w():
    w = np.array([0, 0.5, 0.9, 1, 1.1, 1.5, 2, 3, 5])
    goal = [0.5, 0.57088, 0.64019, 0.65905, 0.67835, 0.75680, 0.84395, 0.94445, 0.99307]
    h = orbits("sigmoid", w, steps=100)
    np.testing.assert_allclose(h[:, -1], goal, atol=6e-6)
    assert settled(h, h[:, -1], 1e-3).max() <= 5
    np.testing.assert_allclose(orbits("sigmoid", w, start=-1.0)[:, -1], goal, atol=6e-6)


def test_row_21_is_not_regardless_of_w():
    """The lecture says it saturates regardless of w: for w < -5.8696 it ends on a cycle of two, and close to
    it slowly."""
    h = orbits("sigmoid", [-10.0, -5.8], steps=2500 if INTERPRETED else 4000)
    np.testing.assert_allclose(np.sort(h[0, -2:]), [0.0082, 0.4795], atol=5e-5)
    assert settled(h[1:], h[1:, -1], 1e-3)[0] == 516


def test_row_21_the_largest_slope():
    w = np.array([1.6345])
    h = orbits("sigmoid", w)[:, -1]
    assert (w * h * (1 - h))[0] == pytest.approx(0.27846, abs=1e-5)


def test_row_22_two_values_for_one_weight():
    """With w > 4 and bias -w/2 the start decides: the value is no function of w and b, as the lecture has
    it."""
    w = np.repeat([5.0, 6.0, 8.0, 4.0], 3)
    h = orbits("sigmoid", w, b=-w / 2, start=np.tile([0.0, 0.5, 1.0], 4), steps=2500)
    wanted = [0.14479, 0.5, 0.85521, 0.07072, 0.5, 0.92928, 0.02125, 0.5, 0.97875]
    np.testing.assert_allclose(h[:9, -1], wanted, atol=6e-6)
    np.testing.assert_allclose(h[9:, -1], 0.5, atol=0.02)  # the cusp: one value, reached like 1/sqrt(t)


# ---- tanh: rows 23, 24 ---------------------------------------------------------------------------


def test_row_23_tanh_settles_only_above_one():
    """The lecture says it eventually saturates; for |w| < 1 it decays to 0."""
    w = np.array([1.05, 1.1, 1.2, 1.5, 2, 3, 5])
    goal = [0.37071, 0.50294, 0.65857, 0.85856, 0.95750, 0.99490, 0.99991]
    np.testing.assert_allclose(orbits("tanh", w, steps=300)[:, -1], goal, atol=6e-6)
    assert orbits("tanh", 0.9)[0, 100] == pytest.approx(1.34e-5, rel=5e-3)
    two = orbits("tanh", -1.5, steps=300)[0]
    np.testing.assert_allclose(two[-2:], [-two[-1], two[-1]])
    assert abs(two[-1]) == pytest.approx(0.85856, abs=6e-6)


def test_row_23_gradients_of_fifty_steps():
    logs = slopes("tanh", [0.9, 1.0, 1.1, 1.5, 2.0])[:, 50]
    np.testing.assert_allclose(np.exp(logs), [6.29e-4, 4.38e-3, 6.02e-6, 3.5e-21, 9.3e-40], rtol=1.5e-2)


def test_row_24_how_long_two_starts_differ():
    """Analog memory peaks just below w = 1; as a memory of one bit every w > 1 keeps it for ever."""
    w = np.array([0.5, 0.8, 0.9, 0.95, 0.99, 1, 1.01, 1.05, 1.1, 1.5, 2, 0.984])
    apart = np.abs(orbits("tanh", w, start=1.0) - orbits("tanh", w, start=0.5))
    steps = np.argmax(apart < 1e-2 * 0.5, axis=1)
    np.testing.assert_array_equal(steps, [7, 18, 31, 48, 70, 61, 50, 28, 19, 6, 4, 70])
    signs = orbits("tanh", np.array([1.01, 2.0]), steps=1000)
    assert (signs[:, -1] > 0.1).all()


@pytest.mark.compiled
def test_row_24_slow_decay_at_one():
    """At w = 1: h ~ sqrt(3 / (2 t)), the gradient ~ t^(-3/2)."""
    steps = 10_000
    assert orbits("tanh", 1.0, steps=steps)[0, -1] == pytest.approx(0.0122457, abs=5e-8)
    assert np.exp(slopes("tanh", 1.0, steps=steps)[0, -1]) * steps**1.5 == pytest.approx(1.641, abs=1e-3)


# ---- relu and negative starts: rows 25, 26, 20 -----------------------------------------------------


def test_row_25_relu_is_linear_where_it_is_not_zero():
    """The lecture says it blows up or vanishes; w = 1 keeps everything exactly."""
    h = orbits("relu", [0.5, 0.9, 1.0, 1.1, 1.5, -0.7], steps=50)
    np.testing.assert_allclose(h[:5, 50], [8.9e-16, 0.005154, 1.0, 117.39, 6.38e8], rtol=3e-3)
    np.testing.assert_array_equal(h[2], 1.0)
    np.testing.assert_array_equal(h[5, 1:], 0.0)


def test_row_26_a_negative_start_is_no_negative_weight():
    """S1 calls them equivalent: only the first step agrees, a negative recurrent weight alternates."""
    start, weight = orbits("tanh", [1.1, -1.1], start=[-1.0, 1.0], steps=3)
    np.testing.assert_allclose(start[1:], [-0.8005, -0.7067, -0.6512], atol=6e-5)
    np.testing.assert_allclose(weight[1:], [-0.8005, 0.7067, -0.6512], atol=6e-5)
    relu = orbits("relu", [1.1, -1.1, -1.1], start=[-1.0, 1.0, -1.0], steps=2)
    np.testing.assert_allclose(relu[:, 1:], [[0, 0], [0, 0], [1.1, 0]], rtol=1e-15)
    np.testing.assert_allclose(orbits("sigmoid", 1.1, start=-1.0)[0, [1, 2, 3, 100]],
                               [0.2497, 0.5682, 0.6514, 0.6783], atol=6e-5)  # fmt: skip


@pytest.mark.parametrize("activation", ["identity", "sigmoid", "tanh", "relu"])
def test_row_20_an_impulse_is_a_start(activation: str):
    """The reply to c x(0) from rest is the orbit that starts at f(c x(0)), one step later."""
    settings = {"steps": 8, "u": 0.7, "amplitude": 1.5, "start": 0.0}
    reply = measure("rnn", ["trajectory"], {"w": [0.9]}, word=activation, task="impulse", **settings)
    reply = reply["trajectory"][0]
    np.testing.assert_allclose(reply[1:], orbits(activation, 0.9, start=reply[1], steps=7)[0], rtol=1e-14)


# ---- backward: rows 79, 92; cliffs: row 94 ------------------------------------------------------------


def test_row_79_squashing_bounds_the_state_and_not_the_gradient():
    assert np.abs(orbits("tanh", 2.0, start=1e-6, steps=20)).max() <= 1.0
    assert np.exp(slopes("tanh", 2.0, start=1e-6, steps=20)[0, 20]) == pytest.approx(3.44e5, rel=2e-3)


def test_row_92_the_gradient_peaks_on_the_boundary():
    """2^20 at the saddle, and only within 1e-5 of it: regular grids miss it."""
    distance = np.array([1e-1, 1e-4, 1e-5, 1e-6, 1e-8, 1e-12, 0.0])
    found = np.exp(slopes("tanh", 2.0, start=distance, steps=20)[:, 20])
    np.testing.assert_allclose(found, [1.2e-12, 0.069, 267, 3.44e5, 1.0486e6, 1.0486e6, 2.0**20], rtol=4e-2)


def slope_in_b(w: float, b: np.ndarray, steps: int) -> np.ndarray:
    """dh[T]/db from the gradient of (h[T] - d)^2, at d = -3 which no state reaches."""
    names = ["gradient", "final_state"]
    found = measure("rnn", names, {"b": b}, steps=steps, start=0.5, target=-3.0, w=w)
    return found["gradient"][:, 2] / (2 * (found["final_state"] + 3.0))


@pytest.mark.parametrize(("steps", "steepest"), [(5, 10.4317), (20, 430.08), (50, 28166.6)])
def test_row_94_the_cliff_stands_where_the_start_is_the_saddle(steps: int, steepest: float):
    """b_c = atanh(h0) - w h0; the steepest slope grows without bound in T.

    In extended precision 10.43, 430.1 and 28167; the row's 2.7e4 for T = 50 comes from a coarser scan.
    """
    near = np.concatenate([-np.logspace(0, -12, 3000), [0.0], np.logspace(-12, 0, 3000)])
    b = np.arctanh(0.5) - 1.5 * 0.5 + near
    found = slope_in_b(1.5, b, steps)
    assert found.max() == pytest.approx(steepest, rel=1e-3)
    assert abs(near[found.argmax()]) < 0.25


def test_row_94_a_uniform_grid_does_not_see_the_cliff():
    """w = 5, T = 20: the true slope is 1.33e11 (in 80 bits), 400 001 points on [-2, 2] see 0.0098."""
    points = 40_001 if INTERPRETED else 400_001
    found = slope_in_b(5.0, np.linspace(-2.0, 2.0, points), 20)
    assert 0.005 < found.max() < 0.0099


# ---- published rows SCL ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("w", "edge"),
    [(1.2, 0.05639058531), (1.5, 0.2075464553), (2, 0.5328399754), (3, 1.303273908), (5, 3.02850048)],
)
def test_scl_01_02_and_row_94_the_bistable_window(w: float, edge: float):
    """|b*| = w s - atanh s with s = sqrt(1 - 1/w): inside two values attract, outside one."""
    b = edge + np.array([-1e-3, 1e-3])
    low, high = (orbits("tanh", w, b=b, start=start, steps=1500)[:, -1] for start in (-1.0, 1.0))
    assert low[0] < 0 < high[0]
    assert low[1] == pytest.approx(high[1], abs=1e-6)


def test_scl_03_to_05():
    assert orbits("tanh", 1.01, steps=2500)[0, -1] == pytest.approx(0.1716617793, rel=1e-6)
    h = orbits("tanh", [2.0, -2.0], steps=200)[:, -1]
    np.testing.assert_allclose(np.abs(h), 0.9575040241, atol=1e-10)
    assert 2 * (1 - h[0] ** 2) == pytest.approx(0.1663720878, abs=1e-9)


@pytest.mark.parametrize("edge", [-2.655610339, -2.344389661])
def test_scl_07_folds_of_the_state_form(edge: float):
    """x' = w sigma(x) + b with w = 5 has two stable values between its folds and one outside; the cusp is
    (4, -2)."""
    sign = 1 if edge > -2.5 else -1
    for inside, b in ((True, edge - sign * 1e-3), (False, edge + sign * 1e-3)):
        columns = {"b": [b, b], "start": [-5.0, 5.0]}
        found = measure("ctrnn", ["final_state"], columns, word="sigmoid", alpha=1.0, w=5.0, steps=2500)
        found = found["final_state"]
        assert (abs(found[1] - found[0]) > 0.5) == inside
