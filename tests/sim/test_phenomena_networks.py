"""Taps, cliffs and networks: rows 41-42, 68, 78 and the published rows PAS-01 and INI-03."""

from __future__ import annotations

import numpy as np
import pytest

from sim.run import prepare
from tests.sim.cases import measure

# ---- multi-tap recursions: rows 41, 42 -----------------------------------------------------------


def reply(lags: list[int], gains: list[float], steps: int = 400, gain: float = 1.0) -> np.ndarray:
    """h[0..], the reply to one impulse (seen from the step after it)."""
    settings = {"lags": lags, "gains": gains, "gain": gain, "steps": steps, "start": 0.0}
    return measure("taps", ["trajectory"], task="impulse", **settings)["trajectory"][0, 1:, 0]


def poles(lags: list[int], gains: list[float]) -> np.ndarray:
    """Roots of z^L = sum gain z^(L - lag), largest first: as many as the largest lag, not as there are
    taps."""
    polynomial = np.zeros(max(lags) + 1)
    polynomial[0] = 1.0
    for lag, gain in zip(lags, gains, strict=True):
        polynomial[lag] -= gain
    roots = np.roots(polynomial)
    return roots[np.argsort(-np.abs(roots))]


def test_row_41_two_taps():
    h = reply([1, 5], [0.5, 0.25])
    first = [1, 0.5, 0.25, 0.125, 0.0625, 0.28125, 0.265625, 0.1953125, 0.12890625, 0.080078125, 0.1103515625]
    np.testing.assert_array_equal(h[:11], first)
    np.testing.assert_allclose(h[[50, 100]], [1.2672e-3, 4.4302e-6], rtol=5e-5)
    assert h.sum() == pytest.approx(4.0, abs=1e-10)
    assert h[300] / h[299] == pytest.approx(0.893046, abs=1e-6)  # the leading pole decides in the end
    assert abs(poles([1, 5], [0.5, 0.25])[0]) == pytest.approx(0.893046, abs=1e-6)
    assert len(poles([1, 5], [0.5, 0.25])) == 5


def test_row_42_a_small_tap_more_doubles_the_half_life():
    lags, gains = [1, 5, 8], [0.5, 0.25, 0.1]
    h = reply(lags, gains)
    assert h[8] == pytest.approx(0.22890625, abs=1e-15)
    np.testing.assert_allclose(h[[50, 100, 200]], [0.023038, 1.7763e-3, 1.0560e-5], rtol=5e-5)
    assert h.sum() == pytest.approx(6.66667, abs=1e-4)
    ratio = h[300] / h[299]
    assert ratio == pytest.approx(0.950039, abs=1e-6)
    assert ratio == pytest.approx(abs(poles(lags, gains)[0]), abs=1e-9)
    assert np.log(0.5) / np.log(ratio) == pytest.approx(13.524, abs=1e-3)


@pytest.mark.parametrize(
    ("lags", "gains", "critical"), [([1, 5], [0.5, 0.25], 4 / 3), ([1, 5, 8], [0.5, 0.25, 0.1], 20 / 17)]
)
def test_rows_41_42_the_critical_gain(lags: list[int], gains: list[float], critical: float):
    """A pole reaches 1 where the gains sum to 1: the reply neither grows nor dies."""
    low, at, high = (reply(lags, gains, gain=critical * factor) for factor in (0.98, 1.0, 1.02))
    assert low[-1] < low[200] < high[200] < high[-1]
    assert at[-1] == pytest.approx(at[200], rel=1e-6)


def test_rows_41_42_all_modes_are_the_poles():
    """The reply is the sum of all modes with the residues of the partial fractions."""
    lags, gains = [1, 5, 8], [0.5, 0.25, 0.1]
    z = poles(lags, gains)
    derivative = [8 * p**7 - 0.5 * 7 * p**6 - 0.25 * 3 * p**2 for p in z]
    residues = np.array([p**7 / d for p, d in zip(z, derivative, strict=True)])
    assert residues[0].real == pytest.approx(0.298786, abs=1e-6)
    t = np.arange(60)
    np.testing.assert_allclose((residues @ z[:, None] ** t).real, reply(lags, gains, steps=60), atol=1e-12)


# ---- the loss cliff: PAS-01 -----------------------------------------------------------------------


def cliff(w: float, b: np.ndarray) -> np.ndarray:
    settings = {"alpha": 1.0, "w": w, "steps": 50, "start": 0.5, "target": 0.7}
    return measure("ctrnn", ["loss"], {"b": b}, word="sigmoid", **settings)["loss"]


@pytest.mark.parametrize("w", [5.0, 6.0, 8.0, 12.0])
def test_pas_01_the_wall(w: float):
    """PAS-01: b = 0.5 - sigma(0.5) w, where the start is the unstable fixed point: the loss jumps from one
    side to the other.

    At w = 5 the jump stands at -2.61234, within 2e-4 of the line; for larger w it comes as close as one
    likes.
    """
    line = 0.5 - w / (1 + np.exp(-0.5))
    b = line + np.linspace(-2e-3, 2e-3, 4001)
    loss = cliff(w, b)
    jump = np.argmax(np.abs(np.diff(loss)))
    assert abs(loss[-1] - loss[0]) > 0.1
    assert abs(b[jump] - line) < (2e-4 if w == 5.0 else 1e-5)
    if w == 5.0:
        assert b[jump] == pytest.approx(-2.61234, abs=2e-4)


# ---- random networks: rows 68, 78, INI-03 -----------------------------------------------------------

ROW_68 = {
    0.5: (1.1e-3, 7.8e-17, 7e-33),
    1.0: (0.50, 2.2e-4, 4.3e-8),
    1.5: (4.81, 1.99, 0.50),
    2.0: (24.2, 3290, 9.0e4),
}


@pytest.mark.compiled
@pytest.mark.parametrize("gain", ROW_68)
def test_row_68_gradients_of_a_deep_unrolled_network(gain: float):
    """||dh_T / dh_0|| at T = 10, 50, 100 for a driven tanh network of 64 units: orders of magnitude, over
    seeds.

    The lecture says gradients will vanish; at gain 2 they explode, at 1.5 the input suppresses chaos.
    """
    fixed = {"units": 64, "steps": 100, "start": "gaussian", "amplitude": 0.4}
    run = prepare(
        "rnn",
        task="white_noise",
        observables=["log_jacobian_norm"],
        fixed=fixed,
        varied=["weights.gain", "seed"],
    )
    found = run.evaluate({"weights.gain": np.full(16, gain), "seed": np.arange(16)})["log_jacobian_norm"]
    decades = found[:, [10, 50, 100]] / np.log(10)
    wanted = np.log10(ROW_68[gain])
    assert (np.abs(np.median(decades, axis=0) - wanted) < [0.5, 1.0, 1.5]).all()
    assert (decades.min(axis=0) <= wanted).all()
    assert (wanted <= decades.max(axis=0)).all()


def test_row_78_the_order_of_the_factors_matters():
    """dh_2/dh_0 = J_2 J_1, the later step on the left: J_1 J_2 has other singular values."""
    w = np.random.default_rng(3).normal(size=(5, 5))
    settings = {"weights": "matrix", "weights__matrix": w.tolist(), "steps": 2, "start": "unit"}
    found = measure("rnn", ["log_singular_values", "trajectory"], network=True, **settings)
    first, second = ((1 - h**2)[:, None] * w for h in found["trajectory"][0, 1:])
    right = np.log(np.linalg.svd(second @ first, compute_uv=False))
    wrong = np.log(np.linalg.svd(first @ second, compute_uv=False))
    np.testing.assert_allclose(found["log_singular_values"][0], right, rtol=1e-12)
    assert np.abs(right - wrong).max() > 1e-3


def test_ini_03_an_identity_network_of_relus_keeps_everything():
    """INI-03: h[T] = h[0], dh[T]/dh[0] = I: the gradient 2 (h[T] - d) of the last step reaches every time."""
    start = np.array([0.5, 2.0, 1e-3, 7.0, 1.0])
    settings = {"weights": "identity", "steps": 200, "start": start.tolist(), "target": 0.25}
    name = "gradient_through_time"
    found = measure("rnn", [name], word="relu", network=True, **settings)[name][0]
    np.testing.assert_array_equal(found, found[0])
    assert found[0] == pytest.approx(2 * np.linalg.norm(start - 0.25), rel=1e-15)
