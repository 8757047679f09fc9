"""Losses and backpropagation through time, rows 58, 134, 135 and 137-145.

Read-outs (133) and uniform classes (136) stand in test_heads.py, lags as layers (139) in
test_phenomena_stability.py, the masks of relus (143) in test_exhibits.py.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from sim.functions import log_sum_exp
from sim.generic import step, vjp
from sim.linear import recursions, spectra
from sim.run import Run, prepare
from tests.sim.cases import measure
from tests.sim.packs import built, central
from tests.sim.plain import Cell, cell, differences, moved, numbers, replaced

# ---- losses: rows 58, 135, 137 -----------------------------------------------------------------------------


def test_row_58_the_gradient_of_a_divergence_is_the_error_at_the_logits():
    """Softmax and cross-entropy: y - d by the logits z; by the outputs y themselves it is -d / y."""
    z, d = np.array([1.0, -2.0, 0.5], dtype=np.longdouble), np.array([0.0, 1.0, 0.0])
    y = np.exp(z) / np.sum(np.exp(z))
    by_logits = central(lambda z: (log_sum_exp(z) - z @ d)[None], z)[0]
    by_outputs = central(lambda y: -(d @ np.log(y))[None], y, 1e-5)[0]
    np.testing.assert_allclose(by_logits.astype(float), (y - d).astype(float), atol=1e-12)
    np.testing.assert_allclose(by_outputs.astype(float), (-d / y).astype(float), atol=1e-8)
    assert by_outputs[1] < -15.0 < -1.0 < by_logits[1]


@pytest.mark.parametrize("shift", [0.0, 3.0, 1e4, -1e4])
def test_row_134_probabilities_sum_to_one_and_know_no_shift(shift: float):
    """The largest logit is taken out first: exp never overflows."""
    z = np.array([1.0, -2.0, 0.5])
    with np.errstate(over="raise"):
        y = np.exp(z + shift - log_sum_exp(z + shift))
    np.testing.assert_allclose(y, np.exp(z) / np.sum(np.exp(z)), rtol=1e-11)
    assert y.sum() == pytest.approx(1.0, rel=1e-11)


STEPS, FROM = 9, 5
NAMES = ("trajectory", "loss", "gradient_norm", "gradient_through_time")


@cache
def masked(loss_from: int = FROM) -> tuple[Run, dict[str, np.ndarray], Cell]:
    """A tanh network that is to be 0.4 from a time on: the run, what it finds, and its plain numbers."""
    fixed = {"units": 3, "inputs": 2, "steps": STEPS, "start": "gaussian", "loss_from": loss_from}
    fixed |= {"target": 0.4, "weights.gain": 1.2, "b": [0.1, -0.3, 0.2], "seed": 4}
    run = prepare("rnn", task="white_noise", observables=NAMES, fixed=fixed)
    found = {name: values[0] for name, values in run.evaluate({}).items()}
    return run, found, cell(run, {}, 0, np.longdouble)


def end(c: Cell, s: np.ndarray, begin: int = 0, loss_from: int = FROM) -> np.ndarray:
    """The loss of the states from `begin` on, by plain steps."""
    total = np.longdouble(0.0)
    for t in range(begin, STEPS + 1):
        total += np.sum((s - 0.4) ** 2) if t >= loss_from else 0.0
        s = moved(c, s, t) if t < STEPS else s
    return np.atleast_1d(total)


@pytest.mark.parametrize("loss_from", [0, FROM, STEPS])
def test_rows_135_137_squares_are_summed_from_a_time_on(loss_from: int):
    """Sums of squared residuals; the lecture's sum of residuals lets errors cancel."""
    _, found, _ = masked(loss_from)
    residuals = found["trajectory"][loss_from:] - 0.4
    assert found["loss"] == pytest.approx(np.sum(residuals**2), rel=1e-13)
    assert abs(np.sum(residuals)) < 0.9 * np.sum(np.abs(residuals))


def test_row_137_before_the_mask_gradients_come_through_the_state_alone():
    """dE/dh[t] for t < tau is what comes back from t + 1; at T it is the local error alone."""
    _, found, c = masked()
    h, g = found["trajectory"], found["gradient_through_time"]
    assert g[-1] == pytest.approx(2.0 * np.linalg.norm(h[-1] - 0.4), rel=1e-14)
    assert (g[:FROM] > 0.0).all()
    last = masked(STEPS)[1]["gradient_through_time"]
    assert g[0] != pytest.approx(last[0], rel=1e-3)
    slopes = differences(lambda s: end(c, s, FROM - 1), h[FROM - 1].astype(np.longdouble))[0]
    assert g[FROM - 1] == pytest.approx(float(np.linalg.norm(slopes.astype(float))), rel=1e-10)


# ---- why through time: rows 138-142 ------------------------------------------------------------------------


def test_row_138_a_static_input_has_a_varying_answer():
    found = measure(
        "rnn", ["trajectory"], {"w": [0.9]}, word="tanh", task="constant", amplitude=0.5, steps=60
    )
    h = found["trajectory"][0]
    assert (np.diff(h[:12]) > 1e-6).all()
    assert h[-1] == pytest.approx(np.tanh(0.9 * h[-1] + 0.5), abs=1e-9)


GRAPH = np.array([[1, 0, 0, 0.4], [0.9, 0, 0.6, 0.5], [0, 0, 0, 0.3], [0, 0.8, 0, 0.7]])  # (i, j) is j -> i


def test_row_140_the_lectures_matrix_is_unstable():
    """Eight edges; spectral radius 1.464, which the lecture does not say."""
    made = spectra.modes(GRAPH)
    assert np.count_nonzero(GRAPH) == 8
    pair = -0.17832 + 0.36633j
    np.testing.assert_allclose(made.values, [1.46415, 0.59249, pair, pair.conjugate()], atol=1e-5)
    characteristic = recursions.roots([1.0, -1.7, 0.3, -0.032, 0.144])  # trace 1.7, determinant 0.144
    np.testing.assert_allclose(characteristic, made.values, atol=1e-12)
    lead = made.vectors[:, 0].real
    np.testing.assert_allclose(lead / lead.sum(), [0.285, 0.316, 0.068, 0.331], atol=6e-4)
    settings = {"weights": "matrix", "weights__matrix": np.pad(GRAPH, ((0, 1), (0, 1))).tolist(), "steps": 1}
    logs = measure("rnn", ["log_singular_values"], network=True, word="identity", **settings)
    sizes = np.exp(logs["log_singular_values"][0])
    np.testing.assert_allclose(sizes, [1.601, 1.005, 0.427, 0.210, 0.0], atol=6e-4)
    scaled = built("rnn", units=4, inputs=1, weights="matrix", weights__matrix=GRAPH.tolist(),
                   weights__spectral_radius=1.0).W  # fmt: skip
    assert scaled[0, 0] == pytest.approx(0.68299, abs=5e-6)


@pytest.mark.parametrize(
    ("activation", "steps", "wanted"),
    [
        ("identity", 10, (22.25, 24.66, 5.29, 25.82)),
        ("relu", 10, (22.25, 24.66, 5.29, 25.82)),
        ("tanh", 200, (0.82362, 0.86760, 0.25267, 0.86087)),
        ("sigmoid", 200, (0.7399, 0.7993, 0.5570, 0.7639)),
    ],
)
def test_row_140_where_the_lectures_matrix_leads(activation: str, steps: int, wanted: tuple[float, ...]):
    p, h = built("rnn", units=4, inputs=1, activation=activation)._replace(W=GRAPH), np.full(4, 0.5)
    for _ in range(steps):
        h = step(p, h, np.zeros(1))
    np.testing.assert_allclose(h, wanted, atol=6e-3 if steps == 10 else 6e-5)
    if activation == "tanh":
        matrix = np.pad(GRAPH, ((0, 1), (0, 1))).tolist()
        settings = {"weights": "matrix", "weights__matrix": matrix, "steps": steps, "start": 0.5}
        found = measure("rnn", ["final_state"], network=True, **settings)["final_state"][0]
        np.testing.assert_allclose(found[:4], h, atol=1e-13)


def test_row_141_several_paths_reach_the_same_weights():
    """The masked loss of a tanh network, t >= 5 of 9: dE/dW = sum over t of delta_t h_(t-1)^T."""
    run, found, c = masked()
    labels = next(each.values for each in run.coordinates if each.name == "parameter")
    for label, norm in zip(labels, found["gradient_norm"], strict=True):
        value = numbers(c.pack)[label]

        def loss(y: np.ndarray, label: str = label) -> np.ndarray:
            other = c._replace(pack=replaced(c.pack, label, y))
            return end(other, c.start)

        slopes = differences(loss, value.reshape(-1))[0].astype(float)
        assert norm == pytest.approx(np.linalg.norm(slopes), rel=1e-10), label


def test_row_142_every_loss_injects_its_gradient():
    """delta_t = dE_t/dh_t + J_(t+1)^T delta_(t+1)."""
    _, found, c = masked(0)
    h, g = found["trajectory"], np.zeros(3)
    p = type(c.pack)(*(np.asarray(v, float) if isinstance(v, np.ndarray) else v for v in c.pack))
    for t in range(STEPS, -1, -1):
        g = 2.0 * (h[t] - 0.4) + (vjp(p, h[t], c.inputs[t].astype(float), g)[1] if t < STEPS else 0.0)
        assert found["gradient_through_time"][t] == pytest.approx(np.linalg.norm(g), rel=1e-12)


# ---- powers of the transposed matrix: rows 144, 145 --------------------------------------------------------


def linear(W: Any, g: Any, steps: int) -> np.ndarray:
    """The gradients of times steps..0 in a linear network, from g of the last."""
    W, found = np.asarray(W, float), [np.asarray(g, float)]
    p = built("rnn", units=len(W), inputs=1, activation="identity")._replace(W=W)
    for _ in range(steps):
        found.append(vjp(p, np.zeros(len(W)), np.zeros(1), found[-1])[1])
    return np.stack(found)


def test_row_144_so_many_layers_back_is_a_power_of_the_transpose():
    """(W^T)^k = U L^k U^-1, where W has as many eigenvectors as units; a Jordan block has not."""
    g = np.array([1.0, -0.5, 0.3, 2.0])
    found = linear(GRAPH, g, 12)
    values, U = np.linalg.eig(GRAPH.T)
    for k, now in enumerate(found):
        np.testing.assert_allclose(now, (U * values**k) @ np.linalg.solve(U, g), rtol=1e-11, atol=1e-11)
    shear = linear([[1.0, 1.0], [0.0, 1.0]], [1.0, 0.0], 50)
    np.testing.assert_array_equal(shear[-1], [1.0, 50.0])
    assert np.linalg.cond(np.linalg.eig(np.array([[1.0, 1.0], [0.0, 1.0]]))[1]) > 1e15


def test_row_144_masks_are_left_out():
    """With tanh the product has a slope in every layer, and is smaller."""
    settings = {"weights": "identity", "start": 0.5, "steps": 12, "target": 2.0}
    found = measure("rnn", ["gradient_through_time"], network=True, **settings)["gradient_through_time"][0]
    h, left = 0.5, [1.0]
    for _ in range(12):
        h = np.tanh(h)
        left.append(left[-1] * (1.0 - h * h))
    assert found[0] / found[-1] == pytest.approx(left[-1], rel=1e-12)
    assert left[-1] < 0.2


def test_row_145_the_modulus_decides_along_eigenvectors_of_the_transpose():
    """The lecture has lambda > 1 explode: -1.2 does too; and the directions are not those of W itself."""
    rng = np.random.default_rng(2)
    basis = rng.normal(size=(3, 3))
    values = np.array([-1.2, 0.9, 0.5])
    W = basis @ np.diag(values) @ np.linalg.inv(basis)
    for k, value in enumerate(values):
        along = np.linalg.inv(basis)[k]
        np.testing.assert_allclose(linear(W, along, 20)[-1], value**20 * along, rtol=1e-9, atol=1e-9)
    assert values[0] ** 20 == pytest.approx(38.3, abs=0.05)
    own = linear(W, basis[:, 1], 20)[-1]  # an eigenvector of W with 0.9: its gradient explodes all the same
    assert np.linalg.norm(own) > 5.0 * np.linalg.norm(basis[:, 1])
