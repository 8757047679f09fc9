"""A network of one unit, with a matrix of one number, is the unit that has it, and can be read out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.run import prepare

W = np.array([0.5, 1.3, -1.7])
FIXED = {"steps": 12, "start": 0.3, "target": 0.7}
NETWORK = FIXED | {"weights": "matrix", "weights.matrix": [[1.0]], "input_weights": "ones"}
SYSTEMS: dict[str, dict[str, Any]] = {"rnn": {"b": 0.1}, "ctrnn": {"alpha": 0.4, "b": 0.1}, "gru": {}}


def found(system: str, observables: list[str], fixed: dict[str, Any], columns: dict[str, np.ndarray], **more):
    run = prepare(system, observables=observables, fixed=fixed, varied=list(columns), **more)
    return run.evaluate(columns)


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_network_of_one_unit_is_that_unit(system: str):
    names = ["w_r", "w_u", "w_c"] if system == "gru" else ["w"]
    observables = ["trajectory", "loss", "gradient_through_time", "largest_lyapunov_exponent"]
    one = found(system, observables, FIXED | SYSTEMS[system], dict.fromkeys(names, W), task="constant")
    net = found(system, observables, NETWORK | SYSTEMS[system], {"weights.gain": W}, task="constant")
    for name in observables:
        np.testing.assert_allclose(net[name].ravel(), one[name].ravel(), rtol=1e-12, atol=1e-15)


def test_its_gradients_are_those_of_the_numbers():
    one = found("rnn", ["gradient"], FIXED, {"w": W}, task="constant")["gradient"]
    net = found("rnn", ["gradient_norm"], NETWORK, {"weights.gain": W}, task="constant")["gradient_norm"]
    np.testing.assert_allclose(net, np.abs(one), rtol=1e-12)


def test_it_takes_as_many_inputs_as_its_task_has():
    run = prepare(
        "lstm", task="adding", observables=["loss"], fixed={"steps": 6, "weights": "he", "outputs": 1}
    )
    assert run.setting.values["inputs"] == 2
    assert np.isfinite(run.evaluate({})["loss"]).all()


@pytest.mark.parametrize("system", [*SYSTEMS, "lstm", "mgu"])
def test_one_unit_is_read_out(system: str):
    """Two outputs V h + c of one unit against two targets: the loss is that of plain NumPy."""
    fixed = FIXED | SYSTEMS.get(system, {}) | {"weights": "gaussian", "outputs": 2}
    fixed |= {"readout": "matrix", "readout.matrix": [[1.0], [-2.0]], "loss_from": 1}
    seeds = {"seed": np.arange(3)}
    net = found(system, ["loss", "trajectory"], fixed, seeds, task="constant")
    h = net["trajectory"][:, 1:, 0]
    h = np.tanh(h) if system == "ctrnn" else h
    error = ((h[..., None] * np.array([1.0, -2.0]) - 0.7) ** 2).sum(axis=(1, 2))
    np.testing.assert_allclose(net["loss"], error, rtol=1e-12)
