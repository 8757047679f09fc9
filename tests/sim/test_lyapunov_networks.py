"""Exponents of networks: random, driven, gated, large, of two units."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from sim.lyapunov import lanes, written_out
from sim.lyapunov.window import Window
from sim.run import prepare
from tests.conftest import INTERPRETED
from tests.sim.test_lyapunov import ALL, measured

# ---- networks --------------------------------------------------------------------------------------


@pytest.mark.compiled
def test_lvb_01_a_chaotic_lstm_and_lvb_09_a_network_without_chaos():
    """LVB-01: four exponents. LVB-09: every |h| falls to zero."""
    found = measured("./laurent_lstm.py", ALL[:1], {"gain": [1.0]}, steps=400_000, transient=1000)
    np.testing.assert_allclose(found["lyapunov_spectrum"][0], [0.1713, -0.3842, -1.680, -4.629], atol=0.006)
    free = measured("./chaos_free.py", ["trajectory", *ALL[:2]], {"b": [-1.0, 0.0, 3.0]}, steps=2000)
    size = np.abs(free["trajectory"])
    assert (np.diff(size, axis=1)[size[:, 1:] > 0] < 0).all()
    assert (free["lyapunov_spectrum_verdict"] == 2).all()


GAINS = np.array([0.5, 0.9, 1.0, 1.2, 1.5, 2.0, 3.0])


@pytest.mark.compiled
def test_row_35_and_rnn_01_chaos_of_random_networks_begins_at_gain_one():
    """RNN-01. N = 300: one network; rows of the lecture are of another draw, mean-field values of infinitely
    many units."""
    columns = {"weights__gain": np.tile(GAINS, 3), "seed": np.repeat([0, 1, 2], len(GAINS))}
    fixed = {"units": 300, "activation": "tanh", "weights": "gaussian", "start": "gaussian", "steps": 2500}
    found = measured("rnn", ALL[1:2], columns, **fixed, transient=500)
    value = found["largest_lyapunov_exponent"].reshape(3, -1).mean(axis=0)
    np.testing.assert_allclose(value, [-0.673, -0.0855, 0.0, 0.0097, 0.0639, 0.1515, 0.3009], atol=0.03)
    assert value[4] == pytest.approx(0.06521721191, abs=0.03)
    verdict = found["largest_lyapunov_exponent_verdict"].reshape(3, -1)
    assert (verdict[:, :2] == 2).all()
    assert (verdict[:, 5:] == 1).all()


def test_rnn_07_the_mean_exponent_is_that_of_the_determinant():
    """RNN-07. x' = J tanh(x) is the network in state form: ctrnn with alpha = 1. The published -2.2161 is of
    one draw of 60 units, which differ by a tenth: it is one of them.
    """
    n, steps = (12, 40) if INTERPRETED else (60, 400)
    fixed = {"units": n, "activation": "tanh", "weights": "gaussian", "start": "gaussian", "alpha": 1.0}
    fixed |= {"steps": steps, "transient": 0, "batches": 4}
    fixed |= {"weights.gain": 3.0}
    run = prepare("ctrnn", observables=["lyapunov_spectrum", "trajectory"], fixed=fixed, varied=["seed"])
    draws = {"seed": np.arange(2 if INTERPRETED else 12)}
    found = run.evaluate(draws)
    J = 3.0 * run.setting.built({**run.setting.values, **draws}).W.base
    slopes = np.log1p(-(np.tanh(found["trajectory"][:, :-1]) ** 2)).mean(axis=(1, 2))
    wanted = np.linalg.slogdet(J)[1] / n + slopes
    np.testing.assert_allclose(found["lyapunov_spectrum"].mean(axis=1), wanted, rtol=0, atol=1e-8)
    if not INTERPRETED:
        assert wanted.std(ddof=1) < 0.15
        assert abs(wanted.mean() + 2.2161) < 2 * wanted.std(ddof=1)


@pytest.mark.compiled
def test_scs_06_07_through_euler_steps():
    """SCS-06: below gain 1 all are negative. SCS-07: without autapses the mean of all is -1, the trace.

    Euler's steps make ln(1 - dt) / dt of it, but for something small of first order in dt.
    """
    J = np.random.default_rng(2).normal(size=(80, 80)) / np.sqrt(80)
    np.fill_diagonal(J, 0.0)
    fixed = {"units": 80, "activation": "tanh", "weights": "matrix", "weights.matrix": J.tolist()}
    fixed |= {"start": "gaussian", "per": "time", "steps": 2000}
    columns = {"weights__gain": [0.7, 4.0, 4.0], "alpha": np.array([0.05, 0.05, 0.01])}
    found = measured("ctrnn", ALL[:1], columns, **fixed)
    assert -0.4 < found["lyapunov_spectrum"][0, 0] < -0.2
    assert found["lyapunov_spectrum_verdict"].tolist() == [2, 1, 4]  # twenty tau are too short to tell
    means = found["lyapunov_spectrum"].mean(axis=1)
    np.testing.assert_allclose(means, np.log1p(-columns["alpha"]) / columns["alpha"], atol=2e-3)
    assert means[2] == pytest.approx(-1.0, abs=0.02)


def test_driven_networks_have_conditional_exponents():
    """Noise that all copies share synchronises a weakly chaotic network: its exponent falls."""
    fixed = {"units": 5, "inputs": 1, "activation": "tanh", "weights": "gaussian", "start": "gaussian"}
    columns = {"weights__gain": np.full(3, 1.8), "seed": np.arange(3), "amplitude": np.full(3, 3.0)}
    steps = 200 if INTERPRETED else 2000
    driven = measured("rnn", ALL[1:2], columns, task="white_noise", **fixed, steps=steps)
    assert (driven["largest_lyapunov_exponent"] < 0.0).all()
    assert (driven["largest_lyapunov_exponent_verdict"] == 2).all()


def test_dead_units_are_minus_infinity():
    fixed = {"units": 3, "activation": "relu", "weights": "matrix", "start": 1.0, "steps": 640}
    matrix = [[0.5, 0.0, 0.0], [0.0, 0.9, 0.0], [0.0, 0.0, -1.0]]
    found = measured("rnn", ALL, **fixed, weights__matrix=matrix)
    np.testing.assert_allclose(found["lyapunov_spectrum"][0, :2], np.log([0.9, 0.5]), atol=1e-6)
    assert np.isneginf(found["lyapunov_spectrum"][0, 2])
    assert np.isnan(found["lyapunov_spectrum_error"][0, 2])
    assert found["kaplan_yorke_dimension"][0] == 0.0
    assert found["outcome"][0] == 1


@pytest.mark.compiled
def test_a_large_network_is_the_same_by_blas_as_on_lanes(monkeypatch):
    from sim.lyapunov import large

    fixed = {"units": 48, "activation": "tanh", "weights": "gaussian", "start": "gaussian", "steps": 60}
    columns = {"weights__gain": [0.8, 2.0], "seed": [0, 1]}  # short enough for chaos to hide no rounding
    lanes = measured("rnn", ALL[:1], columns, **fixed, exponents=48)
    monkeypatch.setattr(large, "_UNITS", 40)
    blas = measured("rnn", ALL[:1], columns, **fixed, exponents=48)
    np.testing.assert_allclose(blas["lyapunov_spectrum"], lanes["lyapunov_spectrum"], atol=1e-8)
    assert blas["lyapunov_spectrum"].shape == (2, 48)


@pytest.mark.parametrize("exponents", [1, 2])
@pytest.mark.parametrize("system", ["rnn", "ctrnn"])
def test_networks_of_two_units_grow_written_out_as_they_do_in_memory(system: str, exponents: int):
    """The loop in registers beside the other, for the same cells."""
    fixed = {"units": 2, "activation": "tanh", "weights": "gaussian", "weights.gain": 2.5, "b": 0.1}
    fixed |= {"start": "gaussian", "steps": 60} | ({"alpha": 0.7} if system == "ctrnn" else {})
    run = prepare(system, observables=["norm"], fixed=fixed, varied=["seed"])
    form, tile = run.form, run.load({"seed": np.arange(19)}).tile
    assert written_out.fits(form, 2)
    window = Window(10, 5, 10, 1)
    small, large = (loop.Growth(form, exponents, window) for loop in (written_out, lanes))
    np.testing.assert_allclose(small.evaluate(tile), large.evaluate(tile), rtol=1e-8, atol=1e-9)


@pytest.mark.compiled
@pytest.mark.parametrize("shapes", ["wide", "slim"])
def test_a_driven_unit_has_the_exponent_of_its_own_noise_in_any_tile(shapes: str):
    """Noise of a cell's own lies in rows as long as the form's bundles ask, on any processor."""
    code = """if True:
        import numpy as np
        from sim.run import prepare
        fixed = {"activation": "tanh", "w": 1.5, "b": 0.0, "steps": 60, "transient": 10}
        name = "largest_lyapunov_exponent"
        run = prepare("rnn", task="white_noise", observables=[name], fixed=fixed, varied=["seed"])
        whole, alone = (run.evaluate({"seed": seeds})[name] for seeds in (np.arange(37), np.array([20])))
        assert whole[20] == alone[0], (whole[20], alone[0])
    """
    environment = os.environ | {"SEPARATRIX_SHAPES": shapes}
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.compiled
def test_what_dies_out_at_once_has_its_exponent_and_neighbours_move_no_bit():
    """Derivatives of e^b at every step, down to 1e-35, and of 1e20."""
    b = np.array([-10.0, -45.0, -60.0, -80.0])
    sigmoid = {"activation": "sigmoid", "w": 1.0, "steps": 600, "transient": 100, "batches": 8}
    run = prepare("rnn", observables=["largest_lyapunov_exponent"], fixed=sigmoid, varied=["b"])
    found = run.evaluate({"b": b})["largest_lyapunov_exponent"]
    np.testing.assert_allclose(found, b, rtol=1e-5)
    alone = [run.evaluate({"b": b[i : i + 1]})["largest_lyapunov_exponent"][0] for i in range(4)]
    assert np.array(alone).tobytes() == found.tobytes()
    network = {"units": 8, "weights": "gaussian", **sigmoid}
    del network["w"]
    many = prepare("rnn", observables=["largest_lyapunov_exponent"], fixed=network, varied=["b"])
    found = many.evaluate({"b": np.array([-30.0, -40.0, -80.0])})["largest_lyapunov_exponent"]
    np.testing.assert_allclose(np.diff(found), [-10.0, -40.0], rtol=1e-9)
    identity = {**sigmoid, "activation": "identity"}
    del identity["w"]
    linear = prepare("rnn", observables=["largest_lyapunov_exponent"], fixed=identity, varied=["w"])
    found = linear.evaluate({"w": np.array([1e20, 1e-20])})["largest_lyapunov_exponent"]
    np.testing.assert_allclose(found, np.log([1e20, 1e-20]), rtol=1e-12)
    two = {"activation": "sigmoid", "units": 2, "steps": 600, "transient": 100, "batches": 8}
    both = prepare("rnn", observables=["lyapunov_spectrum"], fixed=two, varied=["b"])
    found = both.evaluate({"b": np.array([-20.0, -40.0])})["lyapunov_spectrum"]
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[1] - found[0], -20.0, rtol=1e-7)
