"""Verdicts on orbits, not on intervals alone: what stands still or flies off is not chaotic, what grows or
decays as a power of time is neutral, what rounding has swallowed is no number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.errors import Refused
from sim.lyapunov.intervals import VERDICTS, quantile
from sim.run import prepare

NAME = "largest_lyapunov_exponent"
SYSTEMS = Path(__file__).parents[1] / "systems"


def found(system: str, varied: dict[str, Any], names: tuple[str, ...] = (NAME,), **fixed: Any) -> Any:
    columns = {path: np.asarray(column) for path, column in varied.items()}
    run = prepare(system, observables=list(names), fixed=fixed, varied=list(columns), folder=SYSTEMS)
    return run.evaluate(columns)


def words(values: Any, name: str = NAME) -> list[str]:
    return [VERDICTS[int(code)] for code in values[f"{name}_verdict"]]


@pytest.mark.parametrize("units", [1, 2, 20])
def test_an_orbit_that_stands_still_on_an_unstable_state_is_unstable_not_chaotic(units: int):
    """tanh without bias at zero has the log of the spectral radius; another start settles, or is chaotic."""
    varied = {"w": [2.0, 0.5]} if units == 1 else {"weights.gain": [6.0, 0.2]}
    fixed = {"activation": "tanh", "steps": 600} | ({"units": units} if units > 1 else {})
    assert words(found("rnn", varied, **fixed)) == ["unstable", "stable"]
    start = 0.3 if units == 1 else "gaussian"
    assert words(found("rnn", varied, **fixed, start=start))[0] in ("stable", "chaotic")


@pytest.mark.compiled
def test_one_large_network_at_rest_is_unstable():
    fixed = {"units": 256, "activation": "tanh", "exponents": 16, "steps": 12, "batches": 4, "transient": 1}
    values = found("rnn", {"weights.gain": [2.0]}, ("lyapunov_spectrum",), **fixed)
    assert words(values, "lyapunov_spectrum") == ["unstable"]


@pytest.mark.parametrize("units", [1, 9, 12])  # tiles of 4, 5 or 6 rows leave one or two over
def test_an_orbit_that_grows_without_bound_is_unstable(units: int):
    own = {"weights": "orthogonal", "units": units, "start": "gaussian"} if units > 1 else {"start": 0.1}
    varied = {"w": [1.1, 0.9, 1.0]} if units == 1 else {"weights.gain": [1.1, 0.9, 1.0]}
    values = found("rnn", varied, activation="identity", steps=800, **own)
    np.testing.assert_allclose(values[NAME], np.log([1.1, 0.9, 1.0]), atol=1e-12)
    assert words(values) == ["unstable", "stable", "neutral"]


@pytest.mark.compiled
def test_decay_as_a_power_of_time_is_neutral():
    """At a flip (r = 3), a flip of the 2-cycle (1 + sqrt 6) and a fold (1 + sqrt 8) the exponent is zero."""
    r = [3.0, 1.0 + np.sqrt(6.0), 1.0 + np.sqrt(8.0), 2.9, 3.4, 3.9]
    values = found("logistic", {"r": r}, steps=20_000, start=0.3)
    assert words(values) == ["neutral", "neutral", "neutral", "stable", "stable", "chaotic"]


@pytest.mark.compiled
@pytest.mark.parametrize("steps", [20_000, 200_000])
def test_islands_of_the_standard_map_are_not_chaotic(steps: int):
    """Tangents of regular orbits shear, like time; the sea around them is chaotic: ln(k / 2) or so."""
    values = found("./standard_map.py", {"k": [0.5, 0.9, 1.0, 1.5]}, steps=steps, start=[3.0, 0.5])
    assert (np.abs(values[NAME]) < 1e-3).all()
    assert words(values) == ["neutral"] * 4
    assert words(found("./standard_map.py", {"k": [6.0]}, steps=2_000, start=[0.7, 0.2])) == ["chaotic"]


@pytest.mark.compiled
def test_what_is_lost_between_two_orthonormalisations_is_no_number():
    """20 units: the last tangent falls behind the first by e^1.5 a step or so."""
    names = ("lyapunov_spectrum", "kaplan_yorke_dimension")
    fixed = {"units": 20, "activation": "tanh", "weights.gain": 2.0, "start": "gaussian", "steps": 1000}
    each, seldom = (found("rnn", {"seed": [1]}, names, every=every, **fixed) for every in (1, 16))
    right, lost = each["lyapunov_spectrum"][0], seldom["lyapunov_spectrum"][0]
    gone = right[0] - right > 29.0 / 16
    assert gone.any()
    assert not gone.all()
    assert np.isnan(lost[gone]).all()
    np.testing.assert_allclose(lost[~gone], right[~gone], atol=0.05)
    assert words(seldom, "lyapunov_spectrum") == ["not_converged"]
    assert np.isnan(seldom["kaplan_yorke_dimension"]).all()


@pytest.mark.compiled
@pytest.mark.parametrize("system", ["logistic", "quadratic", "complex_quadratic"])
def test_a_start_on_a_critical_point_says_nothing_of_the_orbit_after_it(system: str):
    """The first step's derivative is zero: with it in the transient the exponents are those of other starts;
    the ln 2 of r = 4 and c = -2, whose critical orbit ends on the unstable fixed point, is ln 4 there.
    """
    key, numbers, critical, other = {
        "logistic": ("r", [3.9, 4.0, 2.0], 0.5, 0.3),
        "quadratic": ("c", [-1.9, -2.0, 0.0], 0.0, 0.1),
        "complex_quadratic": ("c_re", [-1.9, -2.0, 0.0], 0.0, [0.1, 0.0]),
    }[system]
    names = (NAME, "lyapunov_spectrum")
    at = found(system, {key: numbers}, names, steps=20_000, start=critical)
    beside = found(system, {key: numbers[:1]}, names, steps=20_000, start=other)
    for name in names:
        value, error = at[name].reshape(3, -1), at[f"{name}_error"].reshape(3, -1)
        assert (np.abs(value[0] - beside[name][0]) < 4.0 * error[0]).all()
        np.testing.assert_allclose(value[1], np.log(4.0), atol=1e-12)
        assert np.isneginf(value[2]).all()  # a superstable fixed point: every step's derivative is zero
        assert words(at, name) == ["chaotic", "unstable", "stable"]


@pytest.mark.compiled
@pytest.mark.parametrize("units", [3, 5, 256])
def test_tangents_that_die_in_the_transient_begin_anew(units: int):
    """Relu units that do not see each other, off at the first step but for one, then on: the exponents are ln
    of their own weights.
    """
    rates = np.linspace(0.95, 0.15, units)
    if units == 256:  # one network at a time, with BLAS
        rates = np.full(256, 0.1)
        rates[::16] = np.linspace(0.95, 0.2, 16)
    W = np.diag(rates).tolist()
    fixed = {"units": units, "activation": "relu", "weights": "matrix", "weights.matrix": W}
    fixed |= {"start": [1.0] + [-100.0] * (units - 1), "b": 1.0, "exponents": min(units, 16)}
    value = found("rnn", {"seed": [0]}, ("lyapunov_spectrum",), **fixed, steps=4000)["lyapunov_spectrum"][0]
    # a fresh direction has at least 1e-6 of its axis: what turning costs, over a window of 3600 steps
    np.testing.assert_allclose(value, np.log(np.sort(rates)[: -len(value) - 1 : -1]), atol=np.log(1e6) / 3600)


@pytest.mark.compiled
@pytest.mark.parametrize("dt", [0.02, 0.03, 0.05])
def test_a_cycle_has_dimension_one_and_a_torus_two_whatever_the_sign_of_a_zero(dt: float):
    """Two oscillators: a cycle (exponents 0, then negative ones), or alone a torus (0, 0, -2, -2)."""
    names = ("lyapunov_spectrum", "kaplan_yorke_dimension", "entropy_rate")
    fixed = {"flow": "./hopf_pair.py", "dt": dt, "steps": 40_000, "per": "time"}
    values = found("rk4", {"flow.k": [0.3, 0.1, 0.0]}, names, **fixed)
    assert words(values, "lyapunov_spectrum") == ["neutral"] * 3
    np.testing.assert_allclose(values["lyapunov_spectrum"][2], [0.0, 0.0, -2.0, -2.0], atol=1e-3)
    assert values["kaplan_yorke_dimension"].tolist() == [1.0, 1.0, 2.0]
    assert values["entropy_rate"].tolist() == [0.0, 0.0, 0.0]


def test_a_dimension_between_none_and_one_has_no_error():
    """Ten steps of the Hénon map do not say whether its largest exponent is negative: 0, or 1 and more."""
    names = ("lyapunov_spectrum", "kaplan_yorke_dimension", "entropy_rate")
    values = found("henon", {"a": [1.4, 1.0]}, names, steps=10, start=0.1)
    assert words(values, "lyapunov_spectrum") == ["not_converged"] * 2
    value, error = values["lyapunov_spectrum"], values["lyapunov_spectrum_error"]
    assert (np.abs(value[:, 0]) < quantile(9) * error[:, 0]).all()
    assert (value[0, 0] > 0.0) & (value[1, 0] < 0.0)
    assert np.isnan(values["kaplan_yorke_dimension_error"]).all()
    np.testing.assert_allclose(values["entropy_rate"], np.maximum(value[:, 0], 0.0))
    np.testing.assert_allclose(values["entropy_rate_error"], error[:, 0])


@pytest.mark.compiled
@pytest.mark.parametrize("steps", [6_400, 6_500])
def test_a_cycle_that_does_not_attract_is_unstable_however_long_a_batch(steps: int):
    """Zero leads to the cycle of i - 1 and -i under z^2 + i, of multiplier |4 i (i - 1)|: a batch of 91 steps
    sees it once here, once there, one of 90 always here.
    """
    values = found("complex_quadratic", {"c_im": [1.0, 0.0]}, (NAME, "lyapunov_spectrum"), steps=steps)
    for name in (NAME, "lyapunov_spectrum"):
        np.testing.assert_allclose(values[name].reshape(2, -1)[0], 0.25 * np.log(32.0), atol=1e-3)
        assert words(values, name) == ["unstable", "stable"]


@pytest.mark.compiled
@pytest.mark.parametrize("units", [2, 5, 256])
def test_a_cycle_of_a_network_that_does_not_attract_is_unstable(units: int):
    """Identity units: one changes its sign at every step, one beside it stays at zero, on which it is
    unstable. A batch has 15 steps.
    """
    rates = np.full(units, 0.5)
    rates[:2] = -1.0, 2.0
    fixed = {"units": units, "activation": "identity", "weights": "matrix"}
    fixed |= {"weights.matrix": np.diag(rates).tolist(), "start": [1.0] + [0.0] * (units - 1)}
    fixed |= {"exponents": 16, "steps": 75, "batches": 4, "transient": 15} if units > 16 else {"steps": 1066}
    values = found("rnn", {"seed": [0]}, ("lyapunov_spectrum",), **fixed)
    assert values["lyapunov_spectrum"][0, 0] == pytest.approx(np.log(2.0), abs=0.1)
    assert words(values, "lyapunov_spectrum") == ["unstable"]


@pytest.mark.parametrize("wrapper", ["stacked", "bidirectional"])
def test_time_passes_in_a_wrapper_as_it_does_in_its_cell(wrapper: str):
    """Two linear networks s' = (1 - alpha) s + alpha w s: the exponents per tau add up to ln det / alpha."""
    alpha, w = np.array([0.1, 0.25]), np.array([0.5, -0.5])
    own = {"units": 2, "activation": "identity", "weights": "matrix", "weights.matrix": np.diag(w).tolist()}
    fixed = {"cell": "ctrnn", "start": "gaussian", "steps": 80, "per": "time"}
    fixed |= {f"cell.{name}": value for name, value in own.items()}
    values = found(wrapper, {"cell.alpha": alpha}, ("lyapunov_spectrum",), **fixed)
    wanted = 2.0 * np.log(1.0 + alpha * (w[:, None] - 1.0)).sum(axis=0) / alpha
    np.testing.assert_allclose(values["lyapunov_spectrum"].sum(axis=1), wanted, rtol=1e-9)


@pytest.mark.parametrize("resolution", [float("nan"), float("inf"), -0.01])
def test_a_resolution_is_a_distance(resolution: float):
    with pytest.raises(Refused, match="is no distance; write 0 or more"):
        prepare("logistic", observables=[NAME], fixed={"steps": 100, "resolution": resolution})
