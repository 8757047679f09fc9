"""The chain that derivatives travel: rows 72-75, 80 and 81.

The two numbers that the lecture prints for w^(T-1) (rows 76, 77) stand in test_phenomena_scalar.py.
"""

from __future__ import annotations

import numpy as np
import pytest

from sim.run import prepare
from tests.sim.cases import measure
from tests.sim.plain import cell

LOGS = "log_jacobian_norm"
SLOPES = {
    "identity": np.ones_like,
    "sigmoid": lambda h: h * (1.0 - h),
    "tanh": lambda h: 1.0 - h * h,
    "relu": lambda h: (h > 0.0).astype(float),
}


def test_rows_72_and_75_a_linear_chain_is_a_power_of_w():
    """Over w in [0.5, 1.5] and every T up to 200: dh(T)/dh(1) = w^(T-1), 1 along w = 1 alone. The gap of
    twenty words is w^20 (0.1216, 6.73) counted from h(0), w^19 (0.1351, 6.116) counted from h(1)."""
    w = np.linspace(0.5, 1.5, 101)
    logs = measure("rnn", [LOGS], {"w": w}, word="identity", steps=200, start=1.0)[LOGS]
    np.testing.assert_allclose(logs, np.log(w)[:, None] * np.arange(201), rtol=1e-12, atol=1e-13)
    assert (logs[50] == 0.0).all()
    assert (np.sign(logs[:, 1:]) == np.sign(w - 1.0).round()[:, None]).all()
    np.testing.assert_allclose(np.exp(logs[[40, 60], 20]), [0.1216, 6.73], rtol=5e-4)
    np.testing.assert_allclose(np.exp(logs[[40, 60], 19]), [0.1351, 6.116], rtol=5e-4)


@pytest.mark.parametrize("activation", SLOPES)
def test_row_74_a_univariate_chain_is_a_product_of_slopes(activation: str):
    """dh(T)/dh(1) = w^(T-1) phi'(z(2)) ... phi'(z(T)), over noise at the input."""
    columns = {"w": np.array([0.6, 0.9, 1.3, 2.0])}
    runs = {"word": activation, "task": "white_noise", "steps": 12, "start": 0.4, "u": 0.5, "amplitude": 1.0}
    h = measure("rnn", ["trajectory"], columns, **runs)["trajectory"]
    logs = measure("rnn", [LOGS], columns, **runs)[LOGS]
    wanted = np.cumprod(columns["w"][:, None] * SLOPES[activation](h[:, 1:]), axis=1)
    np.testing.assert_allclose(np.exp(logs[:, 1:]), wanted, rtol=1e-12, atol=1e-300)


def test_row_80_the_derivative_says_how_much_the_end_changes():
    """By central differences of the starts."""
    w, e = np.array([0.7, 1.0, 1.2, 1.4]), 1e-5
    starts = 0.3 + e * np.array([-1.0, 1.0])
    columns = {"w": np.repeat(w, 2), "start": np.tile(starts, 4)}
    ends = measure("rnn", ["final_state"], columns, word="tanh", steps=10)["final_state"].reshape(4, 2)
    logs = measure("rnn", [LOGS], {"w": w}, word="tanh", steps=10, start=0.3)[LOGS][:, -1]
    np.testing.assert_allclose((ends[:, 1] - ends[:, 0]) / (2 * e), np.exp(logs), rtol=1e-7)


def test_row_81_a_run_iterates_its_map():
    """h(4) = f(f(f(h(1), x(2)), x(3)), x(4)): three runs of one step each are f three times, and without
    input the curve of the third iterate is the orbit three steps on."""
    x, start = [0.3, -1.0, 0.7], 0.2
    h = start
    for now in x:
        runs = {"word": "tanh", "task": "constant", "amplitude": now, "steps": 1, "start": h, "w": 1.7}
        h = float(measure("rnn", ["final_state"], **runs)["final_state"][0])
    f = [lambda h, now=now: np.tanh(1.7 * h + now) for now in x]
    assert h == pytest.approx(float(f[2](f[1](f[0](start)))), rel=1e-14)
    fixed = {"r": 3.5, "steps": 1, "cycle": 3, "interval": (0.0, 1.0), "places": 11}
    run = prepare("logistic", observables=["map_curve"], fixed=fixed)
    path = measure("logistic", ["trajectory"], {"start": run.coordinates[0].values}, r=3.5, steps=3)
    np.testing.assert_allclose(run.evaluate({})["map_curve"][0], path["trajectory"][:, 3], rtol=1e-14)


# ---- row 73: backpropagation through time ------------------------------------------------------------------


def lecture(u: float, w: float, x: np.ndarray, y: float, start: float) -> tuple[float, float]:
    """The slide's equations with the bars that it lost, of L = sum over t >= 1 of (h(t) - y)^2: r = h, so
    h_bar(t) = r_bar(t) + z_bar(t+1) w. z_bar(T+1) = 0, and w_bar has the term of the start."""
    h = [start]
    for now in x:
        h.append(np.tanh(u * now + w * h[-1]))
    z_bar, u_bar, w_bar = 0.0, 0.0, 0.0
    for t in range(len(x), 0, -1):
        z_bar = (2.0 * (h[t] - y) + z_bar * w) * (1.0 - h[t] ** 2)
        u_bar, w_bar = u_bar + z_bar * x[t - 1], w_bar + z_bar * h[t - 1]
    return u_bar, w_bar


def test_row_73_the_lectures_recursion_is_the_gradient():
    """The row's three numbers are of a u, v, w and x that it does not name. v_bar = sum r_bar h, the gradient
    by a read-out, is tested in test_heads.py."""
    columns = {"w": np.array([0.6, 1.3, -0.8]), "u": np.array([1.0, -0.4, 0.7])}
    fixed = {"amplitude": 1.0, "steps": 10, "start": 0.25, "target": 0.3, "loss_from": 0}
    made = prepare("rnn", task="white_noise", observables=["gradient"], fixed=fixed, varied=list(columns))
    labels = [str(label) for label in made.coordinates[0].values]
    for i, found in enumerate(made.evaluate(columns)["gradient"]):
        own, x = dict(zip(labels, found, strict=True)), cell(made, columns, i).inputs[:, 0]
        wanted = lecture(columns["u"][i], columns["w"][i], x, 0.3, 0.25)
        np.testing.assert_allclose([own["u"], own["w"]], wanted, rtol=1e-12)
