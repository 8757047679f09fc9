"""Bounds of gradients and closed forms: the published rows GRD-01, GRD-02, GRD-04 and PAS-07."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.equations.evaluation import Map
from sim.run import prepare
from tests.conftest import INTERPRETED
from tests.sim.cases import measure

MANY = 6 if INTERPRETED else 40


def growth(word: str, columns: dict[str, np.ndarray], **own: Any) -> np.ndarray:
    """ln |dh[t] / dh[0]| of networks of five units under noise, (cells, time)."""
    name = "log_jacobian_norm"
    own = {"task": "white_noise", "amplitude": 0.5, "start": "gaussian", "steps": 30} | own
    return measure("rnn", [name], columns, word=word, network=True, **own)[name]


def test_grd_01_hochreiters_bound():
    """GRD-01: with |w| <= 1/2 < 4 / n every |dy_v(t + q) / dy_u(t)| <= (n / 8)^q, here of the whole norm.

    It is reached where all weights are 1/2 and all sums 0.
    """
    tau, q = 5 * 0.5 / 4, np.arange(31)
    half = np.full(MANY, 0.5 / np.sqrt(6 / 10))  # the family is uniform on +-sqrt(6 / 10)
    seeds = {"weights.gain": half, "seed": np.arange(MANY)}
    found = growth("sigmoid", seeds, weights="xavier")
    assert (found[:, 1:] < q[1:] * np.log(tau)).all()
    still: dict[str, Any] = {"weights": "matrix", "weights__matrix": np.full((5, 5), 0.5).tolist()}
    reached = growth("sigmoid", {"seed": [0]}, **still, b=-1.25, start=0.5, amplitude=0.0)
    np.testing.assert_allclose(reached[0], q * np.log(tau), atol=1e-12)


@pytest.mark.parametrize(("word", "largest", "slope"), [("tanh", 0.95, 1.0), ("sigmoid", 3.8, 0.25)])
def test_grd_02_pascanus_bound(word: str, largest: float, slope: float):
    """GRD-02: |dx_t / dx_k| <= (lambda_1 gamma)^(t - k), lambda_1 the largest singular value; reached by
    orthogonal weights where the slope is gamma."""
    q, seeds = np.arange(31), np.arange(MANY)
    own = {"units": 5, "inputs": 2, "steps": 1}
    run = prepare("rnn", observables=["final_state"], fixed=own, varied=["seed"])
    W = run.setting.built({**run.setting.values, "seed": seeds}).W
    gains = largest / np.linalg.svd(np.asarray(W.base)[W.which], compute_uv=False)[:, 0]
    found = growth(word, {"weights.gain": gains, "seed": seeds})
    assert (found <= q * np.log(largest * slope) + 1e-12).all()
    assert (found[:, 1:] < q[1:] * np.log(largest * slope)).all()
    # sums of 0: at rest for tanh; sigmoid(0) = 1/2 where the bias takes W h away
    rest: dict[str, Any] = {"weights": "identity", "amplitude": 0.0}
    rest |= {"start": 0.0} if word == "tanh" else {"start": 0.5, "b": -largest / 2}
    reached = growth(word, {"weights.gain": [largest], "seed": [0]}, **rest)
    np.testing.assert_allclose(reached[0], q * np.log(largest * slope), atol=1e-12)


def test_grd_04_the_carousel_keeps_the_product_of_its_gates():
    """GRD-04: dc_T/dc_0 = prod f: 1 where f = 1 and i = 0; sigma(1)^20 where the forget bias is 1."""
    names = ["trajectory", "log_jacobian_norm"]
    columns = {"u": [0.0, 0.0], "b": [700.0, 1.0], "start": [1.0, 1.0]}
    found = measure("cec", names, columns, steps=20)
    gate = 1 / (1 + np.exp(-1.0))
    np.testing.assert_allclose([gate, gate**20], [0.7310585786, 0.001901268944], rtol=0, atol=5e-11)
    known = np.array([[1.0, 1.0], [gate, gate**20]])
    np.testing.assert_allclose(found["trajectory"][:, [1, 20]], known, rtol=0, atol=1e-15)
    np.testing.assert_allclose(np.exp(found["log_jacobian_norm"][:, [1, 20]]), known, rtol=0, atol=2e-16)
    shut: dict[str, Any] = {"w_c": 0.7, "force_i": 0.0, "steps": 1, "start": [0.3, -0.8]}
    for more, f in (({"force_f": 1.0, "w_o": 0.5}, 1.0), ({"w_f": 0.0, "b_f": 1.0, "w_o": 0.5}, gate)):
        one = Map(prepare("lstm", observables=["final_state"], fixed={**shut, **more})._form)
        leaves, which, s, left = one.load({}, 1), np.zeros(1, dtype=int), np.array([[0.3, -0.8]]), 1.0
        for _ in range(20):
            left *= one.jacobian(leaves, which, s)[0, 1, 1]
            s = one.step(leaves, which, s)
        assert left == pytest.approx(f**20, abs=1e-15)


def test_pas_07_the_linear_case():
    """PAS-07: dx/dw = t x0 w^(t-1) and d2x/dw2 = t (t-1) x0 w^(t-2) at w = 1.1, t = 50, x0 = 1/2."""
    w = 1.1 + np.array([-1e-5, 0.0, 1e-5])
    names = ["gradient", "final_state"]
    found = measure("rnn", names, {"w": w}, word="identity", steps=50, start=0.5, target=0.0)
    slope = found["gradient"][:, 0] / (2.0 * found["final_state"])  # the loss is x^2
    assert slope[1] == pytest.approx(2667.973929, rel=1e-9)
    assert (slope[2] - slope[0]) / 2e-5 == pytest.approx(118846.1114, rel=1e-6)
