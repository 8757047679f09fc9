"""Products of Jacobians in log space: closed forms over 10^4 steps, determinants, and the reference for
moderate times."""

from __future__ import annotations

import numpy as np
import pytest

from sim.run import prepare
from tests.conftest import INTERPRETED
from tests.sim.cases import measure
from tests.sim.compounds import log_norms, log_singular_values_of

BOTH = ("log_jacobian_norm", "log_singular_values")
LONG = 200 if INTERPRETED else 10_000
NETWORK = {"units": 4, "activation": "identity", "weights": "matrix", "steps": LONG}


def linear(matrix, steps: int = LONG, gains=(1.0,), observables=BOTH) -> dict[str, np.ndarray]:
    """Growth in the linear network h' = gain W h, for one cell a gain."""
    fixed = NETWORK | {"weights.matrix": np.asarray(matrix).tolist(), "units": len(matrix), "steps": steps}
    run = prepare("rnn", observables=observables, fixed=fixed, varied=["weights.gain"])
    return run.evaluate({"weights.gain": np.array(gains, dtype=float)})


@pytest.mark.parametrize("w", [1.1, 0.9, -1.1, 1.0, 0.0, 1e-3, 1e3])
def test_one_unit_grows_as_a_power(w: float):
    found = measure("rnn", BOTH, {"w": [w]}, word="identity", steps=LONG, start=1.0)
    t = np.arange(LONG + 1)
    wanted = np.where(t > 0, -np.inf, 0.0) if w == 0.0 else t * np.log(abs(w))
    np.testing.assert_allclose(found["log_jacobian_norm"][0], wanted, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(found["log_singular_values"][0], wanted[-1:], rtol=1e-13, atol=1e-13)


def test_a_diagonal_grows_along_its_axes():
    d = np.array([0.5, 1.1, 0.0, 0.9])
    found = linear(np.diag(d), gains=(1.0, 0.5, 2.0))
    t = np.arange(LONG + 1)
    for i, gain in enumerate((1.0, 0.5, 2.0)):
        with np.errstate(divide="ignore"):
            wanted = np.sort(LONG * np.log(gain * d))[::-1]
        np.testing.assert_allclose(found["log_singular_values"][i], wanted, rtol=1e-13)
        np.testing.assert_allclose(
            found["log_jacobian_norm"][i], t * np.log(gain * 1.1), rtol=1e-12, atol=1e-12
        )


def test_an_orthogonal_matrix_keeps_every_length():
    fixed = {"units": 4, "activation": "identity", "weights": "orthogonal", "steps": LONG}
    run = prepare("rnn", observables=BOTH, fixed=fixed, varied=["weights.gain"])
    found = run.evaluate({"weights.gain": np.array([1.0, 1.01])})
    t = np.arange(LONG + 1)
    drift = 1e-15 * LONG  # W itself is orthogonal to within rounding, once a step
    for i, gain in enumerate((1.0, 1.01)):
        np.testing.assert_allclose(
            found["log_singular_values"][i], LONG * np.log(gain), atol=5 * drift, rtol=1e-13
        )
        np.testing.assert_allclose(
            found["log_jacobian_norm"][i], t * np.log(gain), atol=5 * drift, rtol=1e-12
        )


def test_a_nilpotent_matrix_ends_at_minus_infinity():
    found = linear(np.eye(4, k=1), steps=10, gains=(3.0,))
    wanted = np.where(np.arange(11) < 4, np.arange(11) * np.log(3.0), -np.inf)
    np.testing.assert_allclose(found["log_jacobian_norm"][0], wanted, atol=1e-14)
    np.testing.assert_array_equal(found["log_singular_values"][0], -np.inf)
    three = linear(np.eye(4, k=1), steps=3, gains=(3.0,))["log_singular_values"][0]
    np.testing.assert_allclose(three, [3 * np.log(3.0), -np.inf, -np.inf, -np.inf], atol=1e-14)


def test_minus_infinity_is_no_divergence():
    found = linear(np.eye(4, k=1), steps=10)
    np.testing.assert_array_equal(found["outcome"], 1)


@pytest.mark.parametrize("normal", [True, False])
def test_eigenvalues_decide_the_growth(normal: bool):
    """A normal matrix grows as its eigenvalues from the first step on, any other in the end."""
    pairs = [[0.6, 0.6], [0.9, 0.0], [0.3, 0.0]]
    fixed = {"units": 4, "activation": "identity", "weights": "eigenvalues", "weights.eigenvalues": pairs}
    fixed |= {"weights.normal": normal, "steps": LONG}
    run = prepare("rnn", observables=BOTH, fixed=fixed)
    found = run.evaluate({})["log_singular_values"][0] / LONG
    rates = np.log([0.9, 0.6 * np.sqrt(2), 0.6 * np.sqrt(2), 0.3])
    np.testing.assert_allclose(found, rates, atol=1e-12 if normal else 30 / LONG)


@pytest.mark.parametrize("steps", [1, 2, 10, LONG])
def test_a_shear_grows_as_the_time(steps: int):
    """[[1, 1], [0, 1]]^T = [[1, T], [0, 1]]: log sigma = +-asinh(T / 2), however close the two were."""
    shear = np.eye(4)
    shear[0, 1] = 1.0
    found = linear(shear, steps=steps)
    t = np.arange(steps + 1)
    wanted = np.arcsinh(steps / 2)
    np.testing.assert_allclose(found["log_singular_values"][0], [wanted, 0, 0, -wanted], rtol=1e-12)
    np.testing.assert_allclose(found["log_jacobian_norm"][0], np.arcsinh(t / 2), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("gap", [0.3, 1e-2, 1e-4, 1e-6, 0.0])
def test_singular_values_that_are_close(gap: float):
    """The norm does not depend on how close the second singular value comes."""
    random = np.random.default_rng(6)
    u, v = (np.linalg.qr(random.normal(size=(4, 4)))[0] for _ in range(2))
    found = linear(u @ np.diag([1.0, 1.0 - gap, 0.5, 0.1]) @ v, steps=1)
    logs = np.log([1.0, 1.0 - gap, 0.5, 0.1])
    np.testing.assert_allclose(found["log_singular_values"][0], logs, atol=2e-14)
    np.testing.assert_allclose(found["log_jacobian_norm"][0], [0.0, 0.0], atol=2e-14)


# ---- not linear -------------------------------------------------------------------------


def test_henon_contracts_areas_by_b():
    """HEN-01: det J = -b at every step, so the logs sum to T ln 0.3; the larger grows at 0.419 a step."""
    found = measure("henon", BOTH, steps=LONG, start=[0.1, 0.1])
    logs = found["log_singular_values"][0]
    assert logs.sum() == pytest.approx(LONG * np.log(0.3), rel=1e-12)
    assert logs[0] == pytest.approx(found["log_jacobian_norm"][0, -1], rel=1e-10)
    assert logs[0] / LONG == pytest.approx(0.4192, abs=0.01 if not INTERPRETED else 0.06)


def tanh_network(steps: int, gain: float) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Growth in a random tanh network, and its Jacobians diag(1 - h^2) W at the states that it visited."""
    w = gain * np.random.default_rng(8).normal(size=(5, 5)) / np.sqrt(5)
    settings = {"weights": "matrix", "weights__matrix": w.tolist(), "start": "gaussian", "seed": 3}
    found = measure("rnn", ("trajectory", *BOTH), network=True, steps=steps, **settings)
    h = found["trajectory"][0, 1:].astype(np.longdouble)
    return found, (1 - h**2)[:, :, None] * w


@pytest.mark.parametrize(("steps", "gain"), [(30, 0.5), (30, 1.0), (40, 1.5), (60, 3.0)])
def test_a_network_agrees_with_compound_matrices(steps: int, gain: float):
    found, jacobians = tanh_network(steps, gain)
    np.testing.assert_allclose(found["log_jacobian_norm"][0], log_norms(jacobians), atol=1e-11)
    np.testing.assert_allclose(found["log_singular_values"][0], log_singular_values_of(jacobians), atol=1e-10)


def test_logs_sum_to_those_of_the_determinants():
    """RNN-07: the sum of all is T ln|det W| + sum of ln(1 - h^2), an identity."""
    steps = 60 if INTERPRETED else 2000
    found, jacobians = tanh_network(steps, 2.0)
    signs, logs = np.linalg.slogdet(jacobians.astype(float))
    assert (signs != 0).all()
    assert found["log_singular_values"][0].sum() == pytest.approx(logs.sum(), rel=1e-10)


def test_the_norm_at_a_lag_is_the_largest_singular_value_of_a_run_that_long():
    norms = tanh_network(12, 1.5)[0]["log_jacobian_norm"][0]
    for steps in (1, 5, 12):
        assert norms[steps] == pytest.approx(
            tanh_network(steps, 1.5)[0]["log_singular_values"][0, 0], abs=1e-12
        )


OVERTAKING = """
from typing import NamedTuple
from sim.functions import exp
from sim.generic import step, units

class Scissors(NamedTuple):
    a: float = 1.0

@units.register
def _(p: Scissors):
    return ("u", "v")

@step.register
def _(p: Scissors, s, x):
    return exp(p.a * x) * s[0], exp(-p.a * x) * s[1]
"""


def test_a_direction_that_overtakes_is_found(tmp_path):
    """diag(e^x, e^-x): the norm is e^|sum x|, whose direction changes whenever the sum changes its sign."""
    (tmp_path / "scissors.py").write_text(OVERTAKING)
    steps = 60
    run = prepare(
        "./scissors.py",
        task="white_noise",
        observables=BOTH,
        fixed={"steps": steps, "seed": 2},
        varied=["a"],
        folder=tmp_path,
    )
    found = run.evaluate({"a": np.array([0.3, 5.0])})
    x = np.concatenate([[0.0], np.cumsum(run._form.load({"a": np.array([1.0])}, 1).inputs)])
    assert np.any(np.diff(np.sign(x[1:])) != 0)
    for i, a in enumerate((0.3, 5.0)):
        np.testing.assert_allclose(found["log_jacobian_norm"][i], np.abs(a * x), atol=1e-11)
        last = abs(a * x[-1])
        np.testing.assert_allclose(found["log_singular_values"][i], [last, -last], atol=1e-11)
