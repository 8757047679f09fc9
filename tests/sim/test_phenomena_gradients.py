"""The chain of gradients: Jacobians, their bounds and their singular values, rows 46-57, 59 and 67-71.

Row 58 stands in test_phenomena_bptt.py, rows 60-66 (19 layers) in test_mlp.py, row 68 in
test_phenomena_networks.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.activations import activation
from sim.generic import jvp, step, vjp
from sim.machine.one_thread import one_thread
from sim.run import prepare
from tests.sim.cases import measure
from tests.sim.packs import built, central

ROLL = np.array([[0.5, 10.0], [0.0, 0.5]])  # both eigenvalues 1/2, singular values 10.025 and 0.0249
ACTIVATIONS = ("identity", "sigmoid", "tanh", "relu", "elu")


def network(W: Any, dtype: type = np.float64, **settings: Any) -> Any:
    """A network of plain numbers with this matrix."""
    W = np.asarray(W, dtype=dtype)
    p = built("rnn", dtype, units=len(W), inputs=2, **settings)
    return p._replace(W=W)


def jacobian(p: Any, s: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.stack([jvp(p, s, x, v, np.zeros_like(x)) for v in np.eye(len(s), dtype=s.dtype)], axis=1)


def normed(v: Any) -> float:
    return float(np.linalg.norm(np.asarray(v, dtype=float)))


# ---- the chain rule: rows 46-50 ----------------------------------------------------------------------------


def test_row_46_the_gradient_by_a_weight_is_t_times_its_power():
    """d(w^T h0)/dw = T w^(T - 1) h0, by the gradient of (h[T] - d)^2."""
    w, d = np.array([0.9, 1.0, 1.1]), -3.0
    settings = {"word": "identity", "steps": 50, "start": 1.0, "target": d}
    found = measure("rnn", ["gradient", "final_state"], {"w": w}, **settings)
    slope = found["gradient"][:, 0] / (2.0 * (found["final_state"] - d))
    np.testing.assert_allclose(slope, 50 * w**49, rtol=1e-13)
    np.testing.assert_allclose(slope, [0.28632, 50.0, 5335.95], rtol=2e-5)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_rows_47_49_59_the_gradient_of_every_layer_is_the_backward_product(name: str):
    """grad of layer k = (J_T ... J_(k+1))^T grad D, by differences of the rest of the network.

    S3 lets gradients vanish in the forward pass: this product runs backward.
    """
    rng = np.random.default_rng(5)
    p = network(rng.normal(size=(5, 5)) / np.sqrt(5), np.longdouble, activation=name)
    x, path = rng.normal(size=(6, 2)).astype(np.longdouble), [rng.normal(size=5).astype(np.longdouble)]
    for now in x:
        path.append(step(p, path[-1], now))

    def end(s: np.ndarray, k: int) -> np.ndarray:
        for now in x[k:]:
            s = step(p, s, now)
        return np.sum(s * s)[None]

    g, product = 2.0 * path[-1], np.eye(5)
    for k in range(5, -1, -1):
        product = product @ jacobian(p, path[k], x[k]).astype(float)
        _, g, _ = vjp(p, path[k], x[k], g)
        np.testing.assert_allclose(g.astype(float), 2.0 * path[-1].astype(float) @ product, rtol=1e-12)
        slopes = central(lambda s, k=k: end(s, k), path[k], 1e-5)[0]
        assert normed(slopes - g) < 2e-9 * normed(g)


def test_row_48_gradients_are_columns_here_and_rows_on_the_slide():
    """f(W x): as a column W^T (f' g), as a row (g f') W; the slide's further factor dX/dX is the identity."""
    p, s, g = network(ROLL), np.array([0.3, -0.2]), np.array([1.0, 2.0])
    x = np.array([0.1, 0.2])
    _, column, _ = vjp(p, s, x, g)
    row = (g * (1.0 - step(p, s, x) ** 2))[None] @ p.W
    np.testing.assert_array_equal(column, row[0])
    assert normed(column - p.W @ (g * (1.0 - step(p, s, x) ** 2))) > 1.0  # without the transpose


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_row_50_the_jacobian_of_an_activation_is_diagonal_and_of_softmax_full(name: str):
    rng = np.random.default_rng(1)
    p, s, x = network(rng.normal(size=(4, 4)), activation=name), rng.normal(size=4), rng.normal(size=2)
    slopes = np.broadcast_to(activation(name).slope(step(p, s, x)), 4)
    np.testing.assert_allclose(jacobian(p, s, x), np.diag(slopes) @ p.W, rtol=1e-15)
    y = np.exp(s) / np.sum(np.exp(s))
    full = np.diag(y) - np.outer(y, y)
    assert (full != 0.0).all()
    found = central(lambda z: np.exp(z) / np.sum(np.exp(z)), s.astype(np.longdouble)).astype(float)
    np.testing.assert_allclose(found, full, atol=1e-12)


# ---- bounds of slopes: rows 51-54 --------------------------------------------------------------------------


def test_activations_are_the_usual_ones():
    """The leak is 0.01 and elu's scale 1, as in PyTorch and in the lectures."""
    z = np.array([-2.0, 3.0])
    wanted = {"leaky_relu": [-0.02, 3.0], "elu": [np.expm1(-2.0), 3.0], "softplus": np.log1p(np.exp(z))}
    for name, values in wanted.items():
        np.testing.assert_allclose(activation(name).f(z), values, rtol=1e-14)
    np.testing.assert_array_equal(activation("leaky_relu").slope(np.array([-0.02, 3.0])), [0.01, 1.0])


GAMMA = {"sigmoid": 0.25, "tanh": 1.0, "relu": 1.0, "elu": 1.0}


@pytest.mark.parametrize("name", GAMMA)
def test_rows_51_to_53_slopes_have_a_bound_that_is_reached(name: str):
    """S0 says derivatives are always below 1 and the Jacobian always shrinks: at most 1, never expands."""
    z = np.linspace(-30.0, 30.0, 60_001)
    f = activation(name)
    slope = f.slope(f.f(z))
    assert slope.min() >= 0.0
    assert slope.max() == GAMMA[name]
    assert np.broadcast_to(slope, z.shape)[np.abs(z) < 1e-9] == (GAMMA[name] if name != "relu" else 0.0)
    assert name != "relu" or set(slope) == {0.0, 1.0}
    v = np.random.default_rng(0).normal(size=z.size)
    assert normed(slope * v) <= GAMMA[name] * normed(v)
    if name in ("relu", "elu"):
        np.testing.assert_array_equal(slope[z > 0.0] * v[z > 0.0], v[z > 0.0])  # nothing shrinks at all


def test_row_54_only_sigmoids_forget_by_themselves():
    """At its steepest a sigmoid passes 1/4 a layer; tanh at 0 passes everything, so nothing is forgotten."""
    name, settings = "gradient_through_time", {"weights": "identity", "steps": 50, "target": 2.0}
    found = measure("rnn", [name], word="sigmoid", network=True, start=0.5, b=-0.5, **settings)[name][0]
    left = found[::-1] / found[-1]
    np.testing.assert_array_equal(left, 0.25 ** np.arange(51))
    np.testing.assert_allclose(left[[5, 10, 19, 50]], [9.77e-4, 9.54e-7, 3.64e-12, 7.9e-31], rtol=5e-3)
    found = measure("rnn", [name], word="tanh", network=True, start=0.0, **settings)[name][0]
    np.testing.assert_array_equal(found, found[-1])


# ---- eigenvalues and singular values: rows 55-57 -----------------------------------------------------------


def backward(matrices: list[np.ndarray]) -> np.ndarray:
    """The singular values of the backward product through linear layers of these matrices."""
    columns = []
    for g in np.eye(2):
        for W in reversed(matrices):
            _, g, _ = vjp(network(W, activation="identity"), np.zeros(2), np.zeros(2), g)  # noqa: PLW2901
        columns.append(g)
    return np.linalg.svd(np.stack(columns, axis=1), compute_uv=False)


def test_row_55_the_same_matrix_and_different_ones_are_two_regimes():
    """The lecture holds for both what holds for one: repeated, eigenvalues decide; alternating with its
    transpose, of equal singular values and eigenvalues, singular values do."""
    repeated, alternating = backward([ROLL] * 50), backward([ROLL, ROLL.T] * 25)
    assert repeated[0] == pytest.approx(8.9e-13, rel=0.01, abs=0.0)
    assert alternating[0] == pytest.approx(np.linalg.norm(ROLL, 2) ** 50, rel=1e-10)


def test_row_57_singular_values_of_stages_need_not_align():
    """Every stage has one above and one below 1, and the product keeps every length."""
    stretch = np.diag([2.0, 0.5])
    np.testing.assert_array_equal(backward([stretch, stretch[::-1, ::-1]] * 20), [1.0, 1.0])


def grown(W: Any, steps: int) -> dict[str, np.ndarray]:
    """Growth in the linear network of four units that has this block."""
    matrix = np.zeros((4, 4))
    matrix[: len(W), : len(W)] = W
    fixed = {"units": 4, "activation": "identity", "weights": "matrix", "weights.matrix": matrix.tolist()}
    names = ["log_jacobian_norm", "log_singular_values"]
    run = prepare("rnn", observables=names, fixed=fixed | {"steps": steps}, varied=["weights.gain"])
    return run.evaluate({"weights.gain": np.ones(1)})


def test_row_56_singular_values_bound_one_step_and_eigenvalues_decide():
    """The lecture has products expand where singular values exceed 1: here W^50 is 8.9e-13, W^2 zero."""
    norms = np.exp(grown(ROLL, 50)["log_jacobian_norm"][0])
    assert norms[1] == pytest.approx(10.025, abs=5e-4)
    np.testing.assert_allclose(norms[[10, 50]], [0.195, 8.9e-13], rtol=5e-3)
    assert norms.argmax() == 1
    nilpotent = grown([[0.0, 5.0], [0.0, 0.0]], 3)["log_jacobian_norm"][0]
    np.testing.assert_allclose(nilpotent, [0.0, np.log(5.0), -np.inf, -np.inf])


def test_row_56_a_gaussian_matrix_is_not_normal():
    W = built("rnn", units=500, inputs=1).W
    with one_thread():
        assert np.abs(np.linalg.eigvals(W)).max() == pytest.approx(1.016, abs=0.06)
        assert np.linalg.norm(W, 2) == pytest.approx(1.98, abs=0.05)


def test_row_56_a_small_singular_value_is_enough_to_vanish_and_a_large_one_not_to_explode():
    """sigma_max = 3.9 is below the 4 of sigmoids: it vanishes; far above the 1 of tanh, it does too."""
    name, settings = "gradient_through_time", {"steps": 30, "start": "gaussian", "target": 2.0}
    columns = {"weights.gain": [3.9, 3.9], "seed": [0, 1]}
    found = measure("rnn", [name], columns, word="sigmoid", network=True, weights="orthogonal", **settings)
    assert (np.diff(found[name]) > 0.0).all()
    assert (found[name][:, 0] < 1e-2 * found[name][:, -1]).all()
    found = measure("rnn", [name], columns, word="tanh", network=True, weights="orthogonal", **settings)
    assert (found[name][:, 0] < found[name][:, -1]).all()  # saturated: above 1 is not enough


# ---- how much is left: rows 67, 69-71 -------------------------------------------------------------------


def effective_rank(weights: str, steps: int, cells: int) -> np.ndarray:
    fixed = {"units": 64, "activation": "identity", "weights": weights, "steps": steps}
    run = prepare("rnn", observables=["effective_rank"], fixed=fixed, varied=["seed"])
    return run.evaluate({"seed": np.arange(cells)})["effective_rank"]


@pytest.mark.compiled
def test_row_67_few_directions_are_left():
    """Of 64: 51.6, 28, 18.9, 11, 4.0 and 2.2 for a Gaussian matrix; all of them for an orthogonal one."""
    found = [np.median(effective_rank("gaussian", steps, 8)) for steps in (1, 5, 10, 20, 50, 100)]
    np.testing.assert_allclose(found, [51.6, 28.0, 18.9, 11.0, 4.0, 2.2], rtol=0.3)
    np.testing.assert_allclose(effective_rank("orthogonal", 100, 1), 64.0, rtol=1e-12)


def test_row_69_a_weight_and_an_activation_both_shrink_what_is_remembered():
    columns = {"w": [0.5, 1.0, 1.0], "b": [0.0, 0.0, 3.0]}
    found = measure("rnn", ["separation"], columns, word="tanh", steps=20, start=0.2, apart=0.1)["separation"]
    w, b = np.array(columns["w"]), np.array(columns["b"])
    beside = np.tanh(w * 0.3 + b) - np.tanh(w * 0.2 + b)  # the other run starts 0.1 above
    np.testing.assert_allclose(found[:, 1], beside, rtol=1e-13, atol=4e-16)  # numbers near 1, subtracted
    assert (np.diff(found, axis=1) <= 0.0).all()
    assert (found[:, -1] < [1e-6, 0.1, 1e-12]).all()
    kept = measure("rnn", ["separation"], {"w": [1.0]}, word="relu", steps=20, start=0.5, apart=0.25)
    np.testing.assert_array_equal(kept["separation"], 0.25)


def test_row_70_what_is_kept_depends_on_the_weights_and_not_on_what_is_remembered():
    columns = {"w": [0.9, 0.9, 1.1], "start": [1.0, -70.0, 1.0], "apart": [0.5, 3.0, 0.5]}
    found = measure("rnn", ["separation"], columns, word="identity", steps=20)["separation"]
    left = found[:, -1] / found[:, 0]
    np.testing.assert_allclose(left, [0.9**20, 0.9**20, 1.1**20], rtol=1e-12)


def test_row_71_the_gradient_of_a_gated_memory_is_the_product_of_its_gates():
    """S3 writes the gates' slopes sigma': with them 8.2e-41 of sigma = 0.99 would be left, not 0.818."""
    gate = np.array([0.9, 0.99, 0.999])
    logs = measure("cec", ["log_jacobian_norm"], {"b": np.log(gate / (1.0 - gate))}, steps=20)
    found = np.exp(logs["log_jacobian_norm"][:, -1])
    np.testing.assert_allclose(found, gate**20, rtol=1e-12)
    np.testing.assert_allclose(found, [0.1216, 0.8179, 0.9802], atol=5e-5)
    slopes = gate * (1.0 - gate)
    assert slopes[1] ** 20 == pytest.approx(8.2e-41, rel=5e-3, abs=0.0)
