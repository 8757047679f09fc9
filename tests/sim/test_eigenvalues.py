"""Eigenvalues of a step's Jacobian where a run ends: multipliers at fixed points, poles of taps."""

from functools import cache

import numpy as np
import pytest

from sim.equations.evaluation import Map
from sim.linear import recursions, spectra
from sim.run import prepare

BOTH = ["eigenvalues", "jacobian_spectral_radius"]


def complex_of(values: np.ndarray) -> np.ndarray:
    return values[..., 0] + 1j * values[..., 1]


def test_multipliers_of_maps():
    """May 1976: the logistic fixed point has 2 - r."""
    fixed = {"steps": 2000, "start": 0.3}
    found = prepare("logistic", observables=BOTH, fixed=fixed, varied=["r"])
    r = np.array([2.8, 2.2, 0.5])
    values = found.evaluate({"r": r})
    np.testing.assert_allclose(complex_of(values["eigenvalues"])[:, 0], [-0.8, -0.2, 0.5], atol=1e-9)
    np.testing.assert_allclose(values["jacobian_spectral_radius"], [0.8, 0.2, 0.5], atol=1e-9)


def test_multipliers_of_a_map_of_two_numbers():
    """Henon 1976; ChaosTools.jl test/stability/fixedpoints.jl: -1.923738857 and 0.155946323 at x+."""
    x = 0.6313544770895048
    fixed = {"steps": 1, "start": [x, 0.3 * x], "a": 1.4, "b": 0.3}
    run = prepare("henon", observables=["eigenvalues"], fixed=fixed)
    values = complex_of(run.evaluate({})["eigenvalues"])[0]
    np.testing.assert_allclose(values, [-1.923738858, 0.1559463223], atol=1e-8)


def test_poles_of_taps():
    fixed = {"lags": [1.0, 5.0], "gains": [0.5, 0.25], "steps": 3}
    run = prepare("taps", observables=BOTH, fixed=fixed, varied=["gain"])
    gain = np.array([1.0, 0.5, 4.0 / 3.0])
    found = run.evaluate({"gain": gain})
    made = recursions.recursion({1: 0.5 * gain, 5: 0.25 * gain})
    np.testing.assert_allclose(complex_of(found["eigenvalues"]), recursions.poles(made), atol=1e-12)
    np.testing.assert_allclose(found["jacobian_spectral_radius"][[0, 2]], [0.893046, 1.0], atol=1e-6)


@cache
def network(varied: str):
    fixed = {"units": 5, "activation": "tanh", "steps": 40, "start": 0.5}
    fixed |= {"seed": 3} if varied != "seed" else {"weights.gain": 1.4}
    return prepare("rnn", observables=[*BOTH, "final_state"], fixed=fixed, varied=[varied])


@pytest.mark.parametrize(("varied", "column"), [("weights.gain", [0.5, 1.4, 2.0]), ("seed", [3, 4, 5])])
def test_networks_have_those_of_their_jacobian(varied, column):
    run, given = network(varied), {varied: np.array(column)}
    found = run.evaluate(given)
    values = complex_of(found["eigenvalues"])
    map_ = Map(run._form)
    J = map_.jacobian(map_.load(given, 3), np.arange(3), found["final_state"])
    np.testing.assert_allclose(values, spectra.eigenvalues(J), rtol=1e-9, atol=1e-12)
    assert (np.diff(np.abs(values), axis=1) <= 0).all()
    np.testing.assert_array_equal(found["jacobian_spectral_radius"], np.abs(values)[:, 0])


def test_a_cell_does_not_depend_on_its_neighbours():
    run = network("weights.gain")
    gain = np.linspace(0.5, 3, 37)
    whole = run.evaluate({"weights.gain": gain})
    for some in (slice(0, 1), slice(5, 22), slice(36, 37)):
        part = run.evaluate({"weights.gain": gain[some]})
        for name in BOTH:
            np.testing.assert_array_equal(part[name], whole[name][some])


def test_what_diverges_is_data():
    run = prepare("logistic", observables=BOTH, fixed={"steps": 2000, "start": 0.3}, varied=["r"])
    found = run.evaluate({"r": np.array([2.8, 5.0])})
    assert found["outcome"].tolist() == [1, 2]
    assert np.isnan(found["eigenvalues"][1]).all()
    assert np.isnan(found["jacobian_spectral_radius"][1])


@pytest.mark.slow
def test_gated_cells_count_all_their_arrays():
    run = prepare(
        "lstm", observables=["eigenvalues", "final_state"], fixed={"units": 3, "steps": 4, "start": 0.1}
    )
    found = run.evaluate({})
    map_ = Map(run._form)
    J = map_.jacobian(map_.load({}, 1), np.zeros(1, dtype=int), found["final_state"])
    assert J.shape == (1, 6, 6)
    np.testing.assert_allclose(
        complex_of(found["eigenvalues"]), spectra.eigenvalues(J), rtol=1e-9, atol=1e-12
    )


def test_components_of_numbers_stand_beside_parts_of_states():
    run = prepare(
        "lstm", observables=["eigenvalues", "gradient_through_time"], fixed={"units": 2, "steps": 3}
    )
    assert {c.name for c in run.coordinates} == {"index", "component", "time", "part"}
