"""Continuous time and its Euler steps: rows 122-131."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from tests.sim.cases import measure


def unit(steps: int, word: str = "tanh", **numbers) -> np.ndarray:
    """Orbits of a continuous-time unit; arrays among the numbers vary together."""
    varied = {name: np.asarray(v, dtype=float) for name, v in numbers.items() if np.ndim(v)}
    fixed = {name: v for name, v in numbers.items() if name not in varied}
    return measure("ctrnn", ["trajectory"], varied, word=word, steps=steps, **fixed)["trajectory"]


def padded(block: list[list[float]]) -> list[list[float]]:
    """A matrix of five units, of which those beyond the block do nothing."""
    matrix = np.zeros((5, 5))
    matrix[: len(block), : len(block)] = block
    return matrix.tolist()


def test_row_122_euler_is_of_first_order():
    time, errors = 5.0, []
    matrix = 1.5 * np.random.default_rng(4).normal(size=(5, 5)) / np.sqrt(5)
    start = np.array([1.0, -0.5, 0.3, 2.0, -1.0])
    exact = solve_ivp(
        lambda t, s: -s + matrix @ np.tanh(s), (0, time), start, method="DOP853", rtol=1e-11, atol=1e-12
    ).y[:, -1]
    for alpha in (0.125, 0.0625, 0.03125, 0.015625):
        settings = {"weights": "matrix", "weights__matrix": matrix.tolist(), "start": start.tolist()}
        steps = round(time / alpha)
        found = measure("ctrnn", ["final_state"], {"alpha": [alpha]}, network=True, steps=steps, **settings)
        errors.append(np.linalg.norm(found["final_state"][0] - exact))
    ratios = np.array(errors[:-1]) / errors[1:]
    assert (np.diff(np.abs(ratios - 2)) < 0).all()
    assert ratios[-1] == pytest.approx(2.0, abs=0.15)


def test_row_123_a_leak_alone():
    """Stable for alpha < 2, monotone up to 1; the lecture's alpha <= 1 is no guarantee once there are
    weights (row 128)."""
    alpha = np.array([0.1, 0.5, 1.0, 1.9, 2.1])
    s = unit(50, alpha=alpha, w=0.0, start=1.0)
    np.testing.assert_allclose(s, (1 - alpha)[:, None] ** np.arange(51), rtol=1e-12, atol=1e-300)
    assert (np.diff(s[:3], axis=1) <= 0).all()
    np.testing.assert_allclose(s[:3, 1], [0.9, 0.5, 0.0], rtol=1e-14)  # of the flow it is exp(-alpha)
    np.testing.assert_allclose(np.exp(-alpha[:3]), [0.9048, 0.6065, 0.3679], atol=5e-5)


def test_row_125_alpha_changes_the_speed_and_not_the_fixed_point():
    """S2 says a small alpha leaves little but decay: leak and drive both scale with it."""
    alpha = np.array([0.01, 0.1, 0.2, 0.5, 1.0])
    s = unit(5000, alpha=alpha, w=0.8, b=0.3, start=2.0)
    np.testing.assert_allclose(s[:, -1], s[-1, -1], rtol=2.4e-13)
    near = np.abs(s - s[-1, -1]) < 0.01 * s[-1, -1]
    time = alpha * np.argmax(near, axis=1)
    assert time[:4].max() / time[:4].min() < 1.2  # the same time, in ever fewer steps


@pytest.mark.compiled
def test_row_125_a_thousandth_ends_where_one_does():
    """From alpha = 0.001 to 1: the same fixed point to 2.4e-13, after the same time constants."""
    alpha = np.array([0.001, 0.1, 1.0])
    found = measure("ctrnn", ["final_state"], {"alpha": alpha}, word="tanh", steps=60_000, w=0.8, b=0.3)
    end = found["final_state"].ravel()
    np.testing.assert_allclose(end, end[-1], rtol=2.4e-13)
    s = unit(5000, alpha=alpha[:2], w=0.8, b=0.3, start=0.0)
    halfway = np.argmax(s > 0.5 * end[-1], axis=1)
    assert halfway[0] * 0.001 == pytest.approx(halfway[1] * 0.1, abs=0.1)


def test_row_127_effective_time_constants():
    """In steps -1 / ln(1 - alpha (1 - lambda))."""
    alpha = np.repeat([0.01, 0.1, 0.2, 0.5], 3)
    eigenvalue = np.tile([0.0, 0.5, 0.9], 4)
    s = unit(100, alpha=alpha, w=eigenvalue, word="identity", start=1.0)
    found = -1 / np.log(s[:, 60] / s[:, 59])
    np.testing.assert_allclose(found[::3], [99.5, 9.49, 4.48, 1.44], rtol=2e-3)
    np.testing.assert_allclose(found, -1 / np.log(1 - alpha * (1 - eigenvalue)), rtol=1e-9)


CRITICAL = [
    (-3, 0.5),
    (-1.5, 0.8),
    (-1, 1.0),
    (0, 2.0),
    (0.5, 4.0),
    (0.5 + 1j, 0.8),
    (0.9 + 2j, 0.0499),
    (3j, 0.2),
]


@pytest.mark.parametrize(("eigenvalue", "critical"), CRITICAL)
def test_row_128_where_euler_is_stable(eigenvalue: complex, critical: float):
    """alpha < 2 (1 - Re) / |1 - lambda|^2, a smaller disc than Re lambda < 1 of continuous time."""
    z = complex(eigenvalue)
    idle = [1 - 1 / critical]  # a fifth eigenvalue that this step takes to zero at once
    values = [[z.real, z.imag], [z.real, z.imag], idle] if z.imag else [[z.real]] * 5
    settings = {"weights": "eigenvalues", "weights__eigenvalues": values, "start": "unit", "target": 0.3}
    alpha = critical * np.array([0.97, 1.03])
    name = "gradient_through_time"  # the gradient is carried by the same matrix, backward
    norm = measure("ctrnn", [name], {"alpha": alpha}, word="identity", network=True, steps=400, **settings)[
        name
    ]
    assert norm[0, 0] < norm[0, 200]
    assert norm[1, 0] > norm[1, 200]


def test_row_128_a_cycle_of_two_that_continuous_time_does_not_have():
    s = unit(3000, alpha=[0.49, 0.51, 1.0], w=-3.0, start=1.0)
    np.testing.assert_allclose(np.abs(s[:, -1]), [0.0, 0.2846, 2.9847], atol=6e-5)
    assert (s[1:, -1] * s[1:, -2] < 0).all()


LIMIT_CYCLES = [(0.01, 0.9506, 7.62), (0.1, 1.039, 7.85), (0.5, 1.355, 8.6), (1.0, 1.712, 9.1)]


@pytest.mark.parametrize(("alpha", "amplitude", "period"), LIMIT_CYCLES)
def test_row_129_a_limit_cycle_and_its_step(alpha: float, amplitude: float, period: float):
    """Amplitude and period (in time constants) of W = [[1.2, -1], [1, 1.2]] grow with the step."""
    steps = round(60 / alpha)
    matrix = padded([[1.2, -1.0], [1.0, 1.2]])
    settings = {"weights": "matrix", "weights__matrix": matrix, "start": [0.5, 0.1, 0.0, 0.0, 0.0]}
    found = measure("ctrnn", ["trajectory"], {"alpha": [alpha]}, network=True, steps=steps, **settings)
    s = found["trajectory"][0, steps // 2 :, 0]
    assert s.max() == pytest.approx(amplitude, rel=1e-2)
    up = np.flatnonzero((s[:-1] < 0) & (s[1:] >= 0))
    crossings = up + s[up] / (s[up] - s[up + 1])
    assert np.diff(crossings).mean() * alpha == pytest.approx(period, rel=1e-2)


def test_rows_126_130_alpha_one_is_the_vanilla_network():
    """h = f(s) of the state form is the vanilla network; for other alpha they are different systems."""
    settings = {"weights__gain": 1.5, "steps": 20, "b": 0.1, "seed": 2}
    state = measure("ctrnn", ["trajectory"], {"alpha": [1.0]}, network=True, start="gaussian", **settings)
    h = np.tanh(state["trajectory"][0])
    vanilla = measure("rnn", ["trajectory"], network=True, start=h[0].tolist(), **settings)
    np.testing.assert_allclose(vanilla["trajectory"][0], h, atol=1e-12)
    slow = measure("ctrnn", ["trajectory"], {"alpha": [0.2]}, network=True, start="gaussian", **settings)
    first, after = np.tanh(slow["trajectory"][0, :2])
    drive = measure("rnn", ["trajectory"], network=True, start=first.tolist(), **settings)["trajectory"][0, 1]
    assert 0.03 < np.linalg.norm(after - (0.8 * first + 0.2 * drive)) < 0.5  # 0.129 in the row's network


@pytest.mark.parametrize(("alpha", "gain"), [(0.1, 0.7256), (0.5, 0.8193), (1.0, 1.0)])
def test_row_131_sampling_changes_the_filter(alpha: float, gain: float):
    """Low-pass gain at omega tau = 1: 0.7071 in continuous time, 1 at alpha = 1."""
    settings = {"alpha": alpha, "w": 0.0, "steps": 600, "start": 0.0}
    s = measure("ctrnn", ["trajectory"], task="impulse", **settings)["trajectory"][0]
    found = abs(np.sum(s * np.exp(-1j * alpha * np.arange(601))))
    assert found == pytest.approx(gain, abs=6e-5)
