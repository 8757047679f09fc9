"""Linear recursions as runs, and what superposition is worth beyond them: rows 1-5, 12, 14-16, 34.

Rates and modes (rows 6-13) stand in test_linear_modes.py, bounds and transients (rows 5, 18, 19) in
test_linear_bounds.py, one unit (rows 6, 7) in test_phenomena_scalar.py, row 17's cycle in test_basins.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.linear import spectra, transfer
from sim.run import Run, prepare
from tests.sim.cases import measure
from tests.sim.plain import cell

LOGS = "log_jacobian_norm"


def linear(observables=("trajectory",), varied=(), task: str = "silence", **fixed) -> Run:
    fixed = {path.replace("__", "."): value for path, value in fixed.items()}
    return prepare("rnn", task=task, observables=observables, fixed=fixed, varied=list(varied))


# ---- the closed form: rows 1-3 -----------------------------------------------------------------------------


def closed(W: np.ndarray, U: np.ndarray, start: np.ndarray, x: np.ndarray) -> np.ndarray:
    """h_k = W^(k+1) h_(-1) + sum W^(k-i) U x_i for the last k; h_(-1) is the state that a run starts from."""
    power, h = np.eye(len(W)), np.zeros(len(W))
    for now in x[::-1]:
        h, power = h + power @ (U @ now), power @ W
    return h + power @ start


@pytest.mark.parametrize(("steps", "tolerance"), [(12, 4e-15), (200, 1e-12)])
def test_rows_1_and_2_a_run_is_its_closed_form(steps: int, tolerance: float):
    """Five units, three inputs; up to 200 steps at spectral radii up to 1.1."""
    names = ["weights.spectral_radius", "seed"]
    own = {"units": 5, "inputs": 3, "activation": "identity", "start": "gaussian"}
    made = linear(task="white_noise", varied=names, steps=steps, **own)
    columns = {names[0]: np.tile([0.5, 0.9, 1.0, 1.1], 3), names[1]: np.repeat(np.arange(3), 4)}
    found = made.evaluate(columns)["trajectory"][:, -1]
    for i, h in enumerate(found):
        c = cell(made, columns, i)
        wanted = closed(c.pack.W, c.pack.U, c.start, c.inputs)
        assert np.linalg.norm(h - wanted) < tolerance * np.linalg.norm(wanted)


def test_row_3_a_linear_run_is_the_sum_of_its_impulses():
    """H(x_i) is linear in the whole vector x_i; the factor x_i H(1) of the notes is right for one input only.
    The reply to h_(-1) is another map: no input weights stand in it."""
    random = np.random.default_rng(0)
    W, U, x, start = (random.normal(size=shape) * 0.4 for shape in ((5, 5), (5, 3), (12, 3), (5,)))
    whole = transfer.driven(W, U, x)[-1] + spectra.free_run(W, start, 12)[-1]
    np.testing.assert_allclose(whole, closed(W, U, start, x), rtol=1e-12)
    parts = [transfer.driven(W, U, np.where(np.arange(12)[:, None] == i, x, 0.0))[-1] for i in range(12)]
    np.testing.assert_allclose(sum(parts) + spectra.free_run(W, start, 12)[-1], whole, rtol=1e-12)
    ones = [transfer.driven(W, U, np.eye(12, 1) * np.eye(3)[j])[-1] for j in range(3)]
    np.testing.assert_allclose(sum(v * h for v, h in zip(x[0], ones, strict=True)), parts[0], rtol=1e-12)
    assert np.linalg.norm(x[0, 0] * sum(ones) - parts[0]) > 0.1 * np.linalg.norm(parts[0])


@pytest.mark.parametrize("activation", ["identity", "tanh", "relu", "sigmoid"])
def test_row_3_superposition_is_lost_with_the_first_bend(activation: str):
    """Residuals of the row: 1.7e-16, then 1.59, 0.74, 0.072 in one network; here one unit in 200 draws."""
    own = {"activation": activation, "steps": 6, "pieces": 6, "start": 0.8}
    made = linear(observables=["superposition_residual"], varied=["w", "seed"], task="white_noise", **own)
    columns = {"w": np.linspace(0.4, 1.1, 200), "seed": np.arange(200)}
    residual = made.evaluate(columns)["superposition_residual"][:, -1]
    if activation == "identity":
        assert np.median(residual) < 4e-16
        assert residual.max() < 1e-12  # where the parts all but cancel
    else:
        assert np.median(residual) > 0.07
        assert np.max(residual) > 1.59


def test_row_4_one_impulse_does_not_tell_what_another_will_do():
    """A linear unit answers twice the impulse with twice the reply; tanh answers small ones longest at other
    weights than large ones: at T = 10 w = 1.52 keeps most of 0.01, w = 0.923 of 1 (row 24)."""
    w, best = np.linspace(0.5, 2.5, 2001), {}
    for activation in ("identity", "tanh"):
        for start in (1.0, 0.01):
            found = measure("rnn", [LOGS], {"w": w}, word=activation, steps=10, start=start)
            best[activation, start] = found[LOGS][:, -1]
    np.testing.assert_allclose(best["identity", 1.0], best["identity", 0.01], rtol=1e-12)
    assert w[best["tanh", 1.0].argmax()] == pytest.approx(0.923, abs=1e-3)
    assert w[best["tanh", 0.01].argmax()] == pytest.approx(1.52, abs=2e-3)


def test_row_5_tanh_is_bounded_and_saturates_and_relu_is_not():
    """The lecture: BIBO is guaranteed if activations are bounded. A relu with w = 1 adds its inputs up."""
    w, runs = {"w": np.array([0.5, 1.0, 10.0])}, {"task": "constant", "steps": 1000}
    tanh, relu = (
        measure("rnn", ["trajectory"], w, word=word, **runs)["trajectory"] for word in ("tanh", "relu")
    )
    assert (np.abs(tanh) <= 1.0).all()
    assert 1.0 - tanh[2, -1] < 1e-8
    np.testing.assert_allclose(relu[:2, -1], [2.0, 1000.0], rtol=1e-12)


# ---- four units: rows 12, 14-16 ----------------------------------------------------------------------------

SEEDS = {"weights.seed": np.arange(10)}


def panel(values: list[list[float]], steps: int, seeds: dict[str, Any] = SEEDS, **more) -> np.ndarray:
    """|h[t]| of four linear units with these eigenvalues from [1, 1, 1, 1], in random orthogonal bases."""
    own = {"units": 4, "activation": "identity", "weights": "eigenvalues", "steps": steps, "start": 1.0}
    made = linear(observables=["norm"], varied=["weights.seed"], weights__eigenvalues=values, **own | more)
    return made.evaluate(seeds)["norm"]


@pytest.mark.parametrize("largest", [0.9, 1.0, 1.1])
@pytest.mark.parametrize("second", [0.5, 0.1])
def test_row_15_the_five_panels(largest: float, second: float):
    """The slides do not give the matrices: the rates are the same in every basis, the values are not."""
    size = panel([[largest], [second], [0.05], [0.02]], 50)
    np.testing.assert_allclose(size[:, 0], 2.0, rtol=1e-15)
    np.testing.assert_allclose(size[:, 50] / size[:, 49], largest, rtol=1e-12)
    flat = size / largest ** np.arange(51)
    settled = {0.5: 9, 0.1: 3}[second]  # steps until the second is gone; in the row's basis 6 and 2
    np.testing.assert_allclose(
        flat[:, settled:], np.broadcast_to(flat[:, 50:], flat[:, settled:].shape), rtol=1e-2
    )
    assert np.ptp(flat[:, 50]) > 0.05


@pytest.mark.parametrize("r", [0.9, 1.0, 1.1])
def test_row_16_a_pair_among_four_units_returns_after_its_period(r: float):
    size = panel([[r * np.cos(np.pi / 6), r * np.sin(np.pi / 6)], [0.3], [0.1]], 60)
    np.testing.assert_allclose(size[:, 48:] / size[:, 36:49], r**12, rtol=1e-9)


def test_row_12_a_plane_of_eigenvalues():
    """Growth over a grid of complex numbers: positive exactly outside the unit circle. The slide's Re > 1 is
    wrong in every cell between the circle and that line; on the circle neither of its branches holds."""
    re, im = np.meshgrid(np.linspace(-1.5, 1.5, 61) + 0.003, np.linspace(0.0, 1.5, 31) + 0.002)
    W = np.moveaxis(np.array([[re, -im], [im, re]]), (0, 1), (2, 3))
    made = spectra.modes(W)
    growth = spectra.growth(made, spectra.amplitudes(made, [1.0, 0.0]))
    modulus = np.abs(re + 1j * im)
    np.testing.assert_allclose(growth, np.log(modulus), atol=1e-12)
    np.testing.assert_array_equal(growth > 0, modulus > 1)
    assert np.mean((re > 1) != (growth > 0)) > 0.3
    on = spectra.free_run(np.array([[0.6, -0.8], [0.8, 0.6]]), [1.0, 0.0], 1000)
    np.testing.assert_allclose(np.linalg.norm(on, axis=1), 1.0, rtol=1e-12)


def test_row_14_the_missing_mode_takes_over_through_rounding():
    """With no component along 1.1 the run falls like 0.9^t to some 1e-8, and turns where rounding has grown:
    at 162-185 in the row's twenty bases. In exact arithmetic it would fall for ever."""
    values, turns, depths = [[1.1], [0.9], [0.5], [0.1]], [], []
    own = {"units": 4, "activation": "identity", "weights": "eigenvalues", "steps": 1}
    drawn = linear(varied=["weights.seed"], weights__eigenvalues=values, **own)
    for seed in range(12):
        seeds = {"weights.seed": np.array([seed])}
        leading = np.linalg.eigh(cell(drawn, seeds).pack.W)[1][:, -1]
        size = panel(values, 450, seeds, start=(1.0 - leading * leading.sum()).tolist())[0]
        np.testing.assert_allclose(size[21:51] / size[20:50], 0.9, rtol=1e-3)
        assert size[450] / size[449] == pytest.approx(1.1, rel=1e-4)
        turns.append(int(size.argmin()))
        depths.append(size.min())
    assert np.median(turns) == pytest.approx(172, abs=8)
    assert 155 < min(turns) <= max(turns) < 195
    assert np.median(depths) == pytest.approx(2e-8, rel=0.7, abs=0.0)


# ---- the infinite past: row 34 -----------------------------------------------------------------------------


@pytest.mark.compiled
def test_row_34_float64_ends_where_the_row_says_and_logarithms_go_on():
    """|w|^t leaves float64: above after 7447, 1751, 1024 steps for 1.1, 1.5, 2; below after 1074 for 0.5. At
    0.9 the power falls below the smallest number at 7066 and the run stays: 0.9 of that rounds to itself."""
    w = {"w": np.array([0.9, 0.5, 1.1, 1.5, 2.0])}
    found = {
        name: measure("rnn", [name], w, word="identity", steps=7500, start=1.0)
        for name in ("trajectory", LOGS)
    }
    h, logs = found["trajectory"]["trajectory"], found[LOGS][LOGS]
    over = np.argmax(np.isinf(h), axis=1)
    np.testing.assert_array_equal(over[2:], [7448, 1751, 1024])  # the last finite one is 7447 for 1.1
    assert (h[1, [1074, 1075]] == [5e-324, 0.0]).all()
    assert np.log(5e-324) / np.log(0.9) == pytest.approx(7066, abs=1)
    assert 0.0 < h[0, 7066] == h[0, 7500] < 5e-323
    np.testing.assert_allclose(logs[:, 7500], 7500 * np.log(w["w"]), rtol=1e-10)
    assert found["trajectory"]["outcome"].tolist() == [1, 1, 2, 2, 2]
