"""Norms from 1e-308 to 1e308: gradients vanish and explode beyond what a sum of squares can hold."""

import numpy as np
import pytest

from sim.functions import length
from sim.run import prepare

IDENTITY = {"activation": "identity", "target": 1.0}
NAMES = ["gradient_norm", "neuron_gradient_norm", "gradient_by_lag", "gradient_through_time", "norm"]


@pytest.mark.parametrize("size", [1e-300, 1e-160, 1e-3, 1.0, 1e160, 1e300])
def test_lengths_of_arrays_and_numbers(size: float):
    assert float(length(np.array([3.0, -4.0]) * size)) == pytest.approx(5.0 * size, rel=1e-15)
    assert float(length((3.0 * size, -4.0 * size))) == pytest.approx(5.0 * size, rel=1e-15)
    assert float(length(-size)) == size
    assert np.isnan(length(np.array([np.nan, 1.0])))
    assert length(np.array([np.inf, 1.0])) == np.inf


@pytest.mark.parametrize(
    ("w", "steps", "start", "task"), [(0.5, 1000, 0.0, "impulse"), (2.0, 400, 1.0, "silence")]
)
def test_one_unit_forgets_or_explodes_past_the_squares(w: float, steps: int, start: float, task: str):
    """dE/ds[0] = 2 (s[T] - 1) w^T and Omega = T (w - 1)^2."""
    fixed = IDENTITY | {"w": w, "steps": steps, "start": start}
    names = ["pascanu_regulariser", "gradient_through_time", "separation"]
    found = prepare("rnn", task=task, observables=names[:2], fixed=fixed).evaluate({})
    last = start * w**steps + (w ** (steps - 1) if task == "impulse" else 0.0)
    reached = found["gradient_through_time"][0, 0]
    assert reached == pytest.approx(abs(2.0 * (last - 1.0)) * w**steps, rel=1e-12)
    assert not 1e-162 < reached < 1e154
    assert found["pascanu_regulariser"][0] == pytest.approx(steps * (w - 1.0) ** 2, rel=1e-12)


def test_row_34_the_norm_of_powers_leaves_the_numbers_where_powers_do():
    fixed = {"activation": "identity", "steps": 7500, "start": 1.0}
    found = prepare("rnn", observables=["norm"], fixed=fixed, varied=["w"]).evaluate(
        {"w": np.array([0.9, 1.1])}
    )
    small, large = found["norm"]
    assert small[7000] == pytest.approx(0.9**7000, rel=1e-9)
    assert int(np.isinf(large).argmax()) == 7448


def test_gradients_of_a_network_scale_with_its_gain():
    """W = g Q, Q orthogonal: dE/ds[0] = g^T times that of g = 1, and so do the lags at g = 0.5."""
    fixed = IDENTITY | {"units": 3, "weights": "orthogonal", "steps": 1000}
    run = prepare("rnn", task="impulse", observables=NAMES, fixed=fixed, varied=["weights.gain"])
    found = run.evaluate({"weights.gain": np.array([0.5, 1.0])})
    small, one = found["gradient_through_time"]
    # at g = 0.5 the state has died out: the error is the target, the same for every unit
    np.testing.assert_allclose(small / small[-1], 0.5 ** np.arange(1000, -1, -1.0), rtol=1e-10)
    np.testing.assert_allclose(one, one[-1], rtol=1e-10)
    assert 1e-305 < small[0] < 1e-290
    labels = [str(label) for label in run.coordinates[0].values] if run.coordinates else []
    for name in ("gradient_norm", "neuron_gradient_norm", "gradient_by_lag"):
        values = found[name][0]
        assert np.isfinite(values[values == values]).all(), (name, labels)
        assert 0.0 < values[values > 0.0].min() < 1e-200
    assert (found["outcome"] == 1).all()


def test_the_gradient_of_omega_is_sound_where_gradients_are_tiny():
    """Against the same network whose target, and with it every gradient, is 1e190 times as large."""
    fixed = {"units": 3, "activation": "tanh", "steps": 40, "start": "gaussian", "weights.gain": 0.4}
    names = ["pascanu_regulariser", "pascanu_regulariser_gradient"]
    run = prepare("rnn", observables=names, fixed=fixed, varied=["target"])
    found = run.evaluate({"target": np.array([1e-190, 1.0, 1e190])})
    for name in names:
        assert np.isfinite(found[name]).all()
        np.testing.assert_allclose(found[name][2], found[name][1], rtol=0.2)
