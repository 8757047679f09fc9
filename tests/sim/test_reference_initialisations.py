"""Published rows of initialisations that ask for runs: INI-03, INI-06, INI-07, INI-08."""

from __future__ import annotations

import numpy as np
import pytest

from sim.equations.evaluation import Map
from sim.errors import Refused
from sim.initialisations import recommended_gain
from sim.run import prepare


def test_ini_03_an_identity_network_of_relus_keeps_state_and_gradient():
    """INI-03: 200 steps without input leave h as it is, and dh_T / dh_0 = I.

    That backpropagation through a run says the same stands in test_phenomena_networks.
    """
    fixed = {"units": 5, "activation": "relu", "weights": "identity", "steps": 1}
    one = Map(prepare("rnn", observables=["final_state"], fixed=fixed)._form)
    known, which, product = one.load({}, 1), np.zeros(1, dtype=int), np.eye(5)
    start = np.array([[0.5, 2.0, 1e-3, 7.0, 1.0]])
    h = start
    for _ in range(200):
        h, product = one.step(known, which, h), one.jacobian(known, which, h)[0] @ product
    np.testing.assert_array_equal(h, start)
    np.testing.assert_array_equal(product, np.eye(5))


@pytest.mark.parametrize(
    ("word", "keywords", "wanted"),
    [
        ("tanh", {}, 1.666666667),
        ("relu", {}, 1.414213562),
        ("sigmoid", {}, 1.0),
        ("identity", {}, 1.0),
        ("leaky_relu", {"leak": 0.2}, 1.386750491),
        ("selu", {}, 0.75),
    ],
)
def test_ini_06_recommended_gains(word: str, keywords: dict[str, float], wanted: float):
    """INI-06: torch.nn.init.calculate_gain; ours is called `identity` where that is called `linear`."""
    exact = {"tanh": 5 / 3, "relu": np.sqrt(2.0), "leaky_relu": np.sqrt(2 / 1.04)}.get(word, wanted)
    assert recommended_gain(word, **keywords) == pytest.approx(exact, abs=1e-12)
    assert recommended_gain(word, **keywords) == pytest.approx(wanted, abs=5e-10)


def test_ini_06_there_is_no_gain_of_other_activations():
    with pytest.raises(Refused, match="'softplus' has no recommended gain; there are: "):
        recommended_gain("softplus")
    with pytest.raises(Refused, match="leak belongs to leaky_relu"):
        recommended_gain("tanh", leak=0.2)


def factors(weights: str, layers: int, **own: object) -> np.ndarray:
    """By how much the second moment of the gradient grows a layer, through all hidden ones, by seed."""
    fixed = {"layers": layers, "width": 512, "batch": 16, "images": "noise", "activation": "relu"}
    fixed |= {"weights": weights} | {name.replace("__", "."): value for name, value in own.items()}
    run = prepare("mlp", observables=["delta_norm"], fixed=fixed, varied=["seed"])
    norms = run.evaluate({"seed": np.arange(2)})["delta_norm"]
    return (norms[:, 0] / norms[:, -2]) ** (2 / (layers - 2))


def test_ini_07_and_08_gradients_of_relu_layers():
    """INI-07: He's variance 2 / n keeps them, within 0.02. INI-08: 1 / n halves them, within 0.015: 2^-30 is
    left behind thirty layers, where sqrt 2, the recommended gain of relu, makes one of the other."""
    kept, halved = factors("he", 32), factors("gaussian", 32)
    assert kept.mean() == pytest.approx(1.0, abs=0.02)
    assert halved.mean() == pytest.approx(0.5, abs=0.015)
    assert np.log2(halved.mean() ** 30) == pytest.approx(-30, abs=1)
    gained = factors("gaussian", 32, weights__gain=recommended_gain("relu"))
    assert gained.mean() == pytest.approx(1.0, abs=0.02)
