"""Continuous time and its Euler steps: rows 123, 127 and 128 of the lectures' phenomena."""

import numpy as np
import pytest

from sim.errors import Refused
from sim.linear import euler
from sim.run import prepare


def test_row_128_critical_steps():
    values = [-3, -1.5, -1, 0, 0.5, 0.5 + 1j, 0.9 + 2j, 3j]
    np.testing.assert_allclose(euler.critical_alpha(values), [0.5, 0.8, 1, 2, 4, 0.8, 0.0499, 0.2], atol=5e-5)
    assert euler.critical_alpha(1.2) == 0.0
    assert np.isnan(euler.critical_alpha(1.0))
    assert euler.critical_alpha(1.0 + 2j) == 0.0


def test_row_128_regions():
    real, imaginary = np.linspace(-6, 2, 161) + 0.0137, np.linspace(-4, 4, 161)  # no point on a border
    alphas = np.array([0.1, 0.2, 0.5, 1.0, 1.7])
    found = euler.regions(real, imaginary, alphas)
    values = real + 1j * imaginary[:, None]
    np.testing.assert_array_equal(found > 0, np.broadcast_to(values.real < 1, found.shape))
    for alpha, plane in zip(alphas, found, strict=True):
        centre, radius = euler.disc(alpha)
        np.testing.assert_array_equal(plane == 2, np.abs(values - centre) < radius)
        with np.errstate(invalid="ignore"):
            np.testing.assert_array_equal(plane == 2, alpha < euler.critical_alpha(values))
    assert (np.diff((found == 2).sum(axis=(1, 2))) < 0).all()  # a longer step keeps less
    np.testing.assert_array_equal(euler.regions(real, imaginary, 1.0) == 2, np.abs(values) < 1)
    assert found.dtype == np.int8
    assert set(np.unique(found)) == set(euler.CLASSES)


def test_row_12_the_slides_condition_is_that_of_continuous_time():
    value = 0.9 + 0.9j
    assert euler.continuous_is_stable(value)
    assert not euler.euler_is_stable(value, 1.0)
    assert euler.euler_is_stable(value, 0.2)
    assert euler.critical_alpha(value) == pytest.approx(2 * 0.1 / 0.82)


def test_row_128_a_tanh_unit_flips_where_the_step_is_too_long():
    fixed = {"units": 1, "activation": "tanh", "w": -3.0, "steps": 700, "start": 0.3}
    run = prepare("ctrnn", observables=["final_state", "period"], fixed=fixed, varied=["alpha"])
    found = run.evaluate({"alpha": np.array([0.3, 0.49, 0.51, 1.0])})
    last = np.abs(found["final_state"].ravel())
    np.testing.assert_allclose(last, [0.0, 0.0, 0.2846, 2.9847], atol=5e-5)
    assert found["period"].tolist() == [1, 1, 2, 2]
    assert euler.critical_alpha(-3.0) == 0.5


def test_row_127_time_constants():
    np.testing.assert_allclose(euler.effective_time_constant([0, 0.5, 0.9, 0.99]), [1, 2, 10, 100])
    assert euler.effective_time_constant(0.9 + 5j, tau=0.02) == pytest.approx(0.2)
    assert euler.effective_time_constant(1.0) == np.inf
    assert np.isnan(euler.effective_time_constant(1.1))
    steps = euler.euler_time_constant(0.0, [0.01, 0.1, 0.2, 0.5])
    np.testing.assert_allclose(steps, [99.5, 9.49, 4.48, 1.44], atol=5e-3)
    fine = euler.euler_time_constant(0.9, 1e-6) * 1e-6
    assert fine == pytest.approx(euler.effective_time_constant(0.9), rel=1e-5)


def test_row_123_a_leak_alone():
    alpha = np.array([0.1, 0.5, 1.0])
    np.testing.assert_allclose(euler.multiplier(0.0, alpha), [0.9, 0.5, 0.0])
    np.testing.assert_array_equal(euler.euler_is_stable(0.0, [1.99, 2.0]), [True, False])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: euler.multiplier(0.5, 0.0), "a positive alpha"),
        (lambda: euler.disc(-1.0), "a positive alpha"),
        (lambda: euler.continuous_is_stable(np.nan), "not finite"),
        (lambda: euler.regions([0.0], [np.inf], 1.0), "not finite"),
    ],
)
def test_wrong_input_has_one_message(call, message):
    with pytest.raises(Refused, match=message):
        call()
