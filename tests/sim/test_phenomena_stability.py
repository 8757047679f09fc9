"""What keeps gradients in bounds: identities, truncation, regularisers, initialisations.

Rows 100-106, 112 and 191. Clipping (96-98) stands in test_clipping.py, reversal (99) in test_tasks.py,
multiplicative networks and normalised memories (108, 110) in test_phenomena_cells.py.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from sim.generic import jvp, step
from sim.machine.one_thread import one_thread
from sim.run import prepare
from tests.sim.cases import measure
from tests.sim.packs import built

# ---- close to the identity: rows 100-102 -------------------------------------------------------------------


def test_row_100_tanh_is_no_identity():
    h = measure("rnn", ["trajectory"], {"start": [0.1, 0.5, 0.01]}, word="tanh", w=1.0, steps=50)
    np.testing.assert_allclose(h["trajectory"][:, 50], [0.0866, 0.163, 0.009983], rtol=3e-3)


@pytest.mark.parametrize(("w", "left"), [(1.01, 2443.0), (0.99, 3.8e-4), (1.0 + 1.0 / 784, np.e)])
def test_row_100_close_to_the_identity_means_close_over_the_whole_run(w: float, left: float):
    """The lecture: Jacobians near I keep products bounded. That needs T epsilon of at most about 1."""
    found = measure("rnn", ["log_jacobian_norm"], {"w": [w]}, word="identity", steps=784, start=1.0)
    assert np.exp(found["log_jacobian_norm"][0, -1]) == pytest.approx(left, rel=5e-3)


def irnn(start: list[float], gains: list[float], steps: int = 784) -> np.ndarray:
    """log |dh[t]/dh[0]| of networks of relus whose matrix is a multiple of the identity."""
    fixed = {"units": 4, "activation": "relu", "weights": "identity", "steps": steps, "start": start}
    run = prepare("rnn", observables=["log_jacobian_norm"], fixed=fixed, varied=["weights.gain"])
    return run.evaluate({"weights.gain": np.array(gains)})["log_jacobian_norm"]


@pytest.mark.compiled
def test_row_101_an_identity_network_keeps_every_positive_number():
    kept, scaled = irnn([0.5, 2.0, 1e-3, 7.0], [1.0, 0.01])
    np.testing.assert_array_equal(kept, 0.0)
    assert scaled[100] / np.log(10.0) == pytest.approx(-200.0, rel=1e-13)
    np.testing.assert_array_equal(irnn([0.5, -2.0, -1e-3, -7.0], [1.0]), 0.0)  # one positive unit is enough
    np.testing.assert_array_equal(irnn([-0.5, -2.0, -1e-3, -7.0], [1.0])[0, 1:], -np.inf)


def test_row_101_input_weights_are_not_to_be_the_identity():
    """S4 initialises all matrices to the identity: positive inputs of unit variance then add up to 625."""
    p = built("rnn", units=100, inputs=100, activation="relu", weights="identity")
    p, rng, h = p._replace(U=np.eye(100)), np.random.default_rng(0), np.zeros(100)
    for _ in range(784):
        h = step(p, h, np.abs(rng.normal(size=100)))
    assert h.mean() == pytest.approx(784 * np.sqrt(2.0 / np.pi), rel=0.01)
    assert h.mean() == pytest.approx(625.0, rel=0.01)


@cache
def reading_digits() -> dict[str, np.ndarray]:
    """A silent read-out, an identity network, 0.01 I and a network without memory before the same digit."""
    fixed = {"units": 3, "activation": "relu", "weights": "identity", "steps": 64, "start": 0.1}
    fixed |= {"input_weights": "ones", "outputs": 10, "criterion": "cross_entropy"}
    names, varied = ["loss", "gradient_through_time"], ["weights.gain", "readout.scale", "seed"]
    run = prepare("rnn", task="digits_by_pixel", observables=names, fixed=fixed, varied=varied)
    columns = {"weights.gain": [1.0, 1.0, 0.01, 0.0], "readout.scale": [0.0, 1.0, 1.0, 1.0], "seed": [3] * 4}
    return run.evaluate({name: np.array(column) for name, column in columns.items()})


def test_row_102_an_identity_network_reads_digits_pixel_by_pixel():
    """After 64 pixels the gradient still reaches the first one, where 0.01 I has lost it at once."""
    silent, kept, lost, _ = reading_digits()["gradient_through_time"]
    assert reading_digits()["loss"][0] == pytest.approx(np.log(10.0), rel=1e-15)
    np.testing.assert_array_equal(silent, 0.0)
    np.testing.assert_allclose(kept, kept[-1], rtol=1e-14)
    assert 0.0 < lost[0] < 1e-120 * lost[-1]


def test_row_191_what_is_said_while_nobody_asks_costs_nothing():
    """Before the last pixel the output is undefined: without memory no gradient reaches any other time."""
    assert np.flatnonzero(reading_digits()["gradient_through_time"][3]).tolist() == [64]


# ---- how far back: rows 103, 112 ---------------------------------------------------------------------------


def counter(names: list[str], gains: list[float], **settings: Any) -> dict[str, np.ndarray]:
    """h' = w h + 1, one linear unit among five, T = 50."""
    matrix, feeding = np.zeros((5, 5)), np.zeros((5, 2))
    matrix[0, 0] = feeding[0, 0] = 1.0
    settings |= {"weights": "matrix", "weights__matrix": matrix.tolist(), "steps": 50, "task": "constant"}
    settings |= {"input_weights": "matrix", "input_weights__matrix": feeding.tolist(), "word": "identity"}
    return measure("rnn", names, {"weights.gain": gains}, network=True, **settings)


@pytest.mark.parametrize(
    ("w", "full", "parts"),
    [
        (0.9, 96.621, {1: 0.103, 5: 0.421, 10: 0.668, 20: 0.897, 30: 0.973}),
        (1.1, 41720.4, {5: 0.126, 20: 0.498, 30: 0.728}),
        (0.5, None, {5: 0.969}),
    ],
)
def test_rows_103_112_139_lags_add_up_to_the_gradient(w: float, full: float | None, parts: dict[int, float]):
    """Truncation bounds cost and explosion and biases what is left; it is no cure of vanishing.

    One weight in fifty layers: what each layer contributes adds up to its gradient.
    """
    names = ["gradient_by_lag", "gradient_norm"]
    found = counter(names, [w])
    h = (1.0 - w**50) / (1.0 - w)
    lags = found["gradient_by_lag"][0, :, 0] / (2.0 * h)  # E = h^2
    before = np.array([(1.0 - w ** (49 - k)) / (1.0 - w) for k in range(50)])
    np.testing.assert_allclose(lags, w ** np.arange(50) * before, rtol=1e-12, atol=1e-12)
    assert found["gradient_norm"][0, 0] / (2.0 * h) == pytest.approx(lags.sum(), rel=1e-12)
    assert full is None or lags.sum() == pytest.approx(full, rel=1e-5)
    for p, fraction in parts.items():
        assert lags[:p].sum() / lags.sum() == pytest.approx(fraction, abs=6e-4)
        cut = counter(["gradient_norm"], [w], truncation=p)["gradient_norm"]
        assert cut[0, 0] / found["gradient_norm"][0, 0] == pytest.approx(lags[:p].sum() / lags.sum())


def test_row_112_lags_beyond_ten_carry_a_third():
    lags = counter(["gradient_by_lag"], [0.9])["gradient_by_lag"][0, :, 0]
    assert lags[:10].sum() / lags.sum() == pytest.approx(0.668, abs=5e-4)
    reached = counter(["gradient_through_time"], [0.9], truncation=20)["gradient_through_time"][0]
    assert (reached[30:] > 0.0).all()
    np.testing.assert_array_equal(reached[:30], 0.0)  # a loss says nothing of what lies further back


# ---- the regulariser: row 104 ------------------------------------------------------------------------------

OMEGA = ["pascanu_regulariser", "pascanu_regulariser_gradient"]


def test_row_104_a_linear_unit_pays_for_every_step_that_is_not_one():
    """(|w| - 1)^2 a step, its gradient 2 (|w| - 1) a step: states and incoming gradients are held."""
    settings = {"weights": "identity", "start": "unit", "steps": 10, "word": "identity"}
    found = measure("rnn", OMEGA, {"weights.gain": [0.9, 1.0, 1.1, -0.9]}, network=True, **settings)
    np.testing.assert_allclose(found[OMEGA[0]], [0.1, 0.0, 0.1, 0.1], rtol=1e-12, atol=1e-30)
    np.testing.assert_allclose(found[OMEGA[1]][:, 0], [2.0, 0.0, 2.0, 2.0], rtol=1e-12, atol=1e-14)


def test_row_104_the_lecture_has_no_transpose():
    """For a matrix that is not normal W g is not W^T g, and Omega another number."""
    W = np.eye(5)
    W[:2, :2] = [[0.5, 2.0], [0.0, 0.5]]
    settings = {"weights": "matrix", "weights__matrix": W.tolist(), "start": "unit", "steps": 8}
    found = measure("rnn", OMEGA, network=True, word="identity", **settings)[OMEGA[0]][0]
    g = np.linalg.matrix_power(W, 8) @ np.full(5, 5**-0.5)
    with_, without = 0.0, 0.0
    for _ in range(8):
        with_ += (np.linalg.norm(W.T @ g) / np.linalg.norm(g) - 1.0) ** 2
        without += (np.linalg.norm(W @ g) / np.linalg.norm(g) - 1.0) ** 2
        g = W.T @ g
    assert found == pytest.approx(with_, rel=1e-12)
    assert abs(without - with_) > 0.1 * with_


@pytest.mark.compiled
def test_row_104_omega_of_tanh_networks():
    """N = 30: 15.0, 2.34, 1.47 at gains 0.5, 1 and 1.5, and 1.26 for an orthogonal matrix."""
    fixed = {"units": 30, "steps": 60, "start": "gaussian", "amplitude": 0.3, "target": 3.0}
    columns = {"weights.gain": np.repeat([0.5, 1.0, 1.5], 16), "seed": np.tile(np.arange(16), 3)}
    medians = []
    for weights in ("gaussian", "orthogonal"):
        settings: dict[str, Any] = {"observables": OMEGA[:1], "varied": list(columns)}
        run = prepare("rnn", task="white_noise", fixed=fixed | {"weights": weights}, **settings)
        medians.append(np.median(run.evaluate(columns)[OMEGA[0]].reshape(3, 16), axis=1))
    np.testing.assert_allclose([*medians[0], medians[1][1]], [15.0, 2.34, 1.47, 1.26], rtol=0.6)
    assert medians[0][0] > 4.0 * medians[0][1] > 4.0 * medians[1][1]


# ---- initialisations of relu networks: rows 105, 106 -------------------------------------------------------


def norms(W: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
    """|dh[t]/dh[0]| at 10, 50 and 100, and how much the state grows a step over the last 50."""
    p = built("rnn", units=len(W), inputs=1, activation="relu")._replace(W=W)
    p, h = p._replace(b=np.zeros((len(W), 1))), np.random.default_rng(seed).normal(size=(len(W), 1))
    v, x, found, length = np.eye(len(W)), np.zeros((1, 1)), [], []
    with one_thread():
        for t in range(1, 101):
            v, h = jvp(p, h, x, v, x), step(p, h, x)
            found += [np.linalg.norm(v, 2)] if t in (10, 50, 100) else []
            length.append(np.linalg.norm(h))
    return np.array(found), (length[-1] / length[49]) ** (1 / 50)


@pytest.mark.parametrize(
    ("weights", "wanted"),
    [
        ("he", (3.27, 1.11, 0.082)),
        ("gaussian", (0.081, 1.5e-8, 3e-17)),
        ("orthogonal", (0.103, 2.8e-8, 1e-16)),
        ("identity", (1.0, 1.0, 1.0)),
    ],
)
def test_row_105_initialisations_of_relu_networks(weights: str, wanted: tuple[float, ...]):
    """N = 100: the row's one network lies among ours, whose decades spread by 1, 3 and 6 over seeds."""
    found = [norms(built("rnn", units=100, weights=weights, seed=seed).W, seed)[0] for seed in range(12)]
    if weights == "identity":
        np.testing.assert_array_equal(found, 1.0)
        return
    decades = np.log10(np.median(found, axis=0)) - np.log10(wanted)
    assert (np.abs(decades) < [0.5, 1.5, 3.0]).all()


@cache
def positive(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Talathi and Vartak's matrix as it is in the paper and as the lecture prints it, from B = R^T R / n of
    the same draw."""
    R, one = built("rnn", units=100, weights="gaussian", seed=seed).W, np.eye(100)
    B, paper = R.T @ R, built("rnn", units=100, weights="np_rnn", seed=seed).W
    largest = np.linalg.eigvalsh(B + one)[-1]
    np.testing.assert_allclose(paper, (B + one) / largest, rtol=0, atol=1e-14)
    return paper, B / largest + one


def test_row_106_one_eigenvalue_is_one_and_all_others_are_smaller():
    values = np.linalg.eigvalsh(positive(0)[0])
    np.testing.assert_allclose(values[[0, 50, -1]], [0.206, 0.336, 1.0], rtol=0.07)
    assert values[-1] == pytest.approx(1.0, abs=1e-14)
    assert values[-2] < 0.99


def test_row_106_without_its_parentheses_it_explodes():
    """The lecture prints W = B / largest + I: no eigenvalue is below 1."""
    values = np.linalg.eigvalsh(positive(0)[1])
    np.testing.assert_allclose(values[[0, -1]], [1.0, 1.794], atol=0.02)
    each = [1.0 / (2.0 - np.linalg.eigvalsh(positive(seed)[1])[-1]) for seed in range(6)]
    assert np.median(each) == pytest.approx(4.852, rel=0.03)  # of B + I: the largest here is 2 - 1 / that
    assert values[-1] ** 50 == pytest.approx(4.9e12, rel=0.5)
    growth = [norms(positive(seed)[1], seed)[1] for seed in range(6)]
    assert np.median(growth) == pytest.approx(1.59, abs=0.04)


def test_row_106_under_relu_the_right_one_decays_too():
    """The leading eigenvector has both signs: 0.796 a step, where the lecture finds it better than I."""
    found = [norms(positive(seed)[0], seed) for seed in range(12)]
    assert np.median([growth for _, growth in found]) == pytest.approx(0.796, abs=0.04)
    assert np.median([each[2] for each, _ in found]) < 1e-8
