"""Published numbers of flows: LOR-05, AUT-06, BEE-01, INI-20. Their exponents are in test_lyapunov."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.continuation.family import family
from sim.continuation.results import Branch
from sim.continuation.switching import diagram
from sim.run import prepare
from tests.conftest import INTERPRETED
from tests.sim.fixed import KIND, SYSTEMS, find, there


@pytest.fixture(scope="module")
def lorenz() -> list[Branch]:
    """All branches of fixed points from rho = 0.2 to 30, by Runge-Kutta's steps of 0.005.

    Their Neimark-Sacker point is the flow's Hopf point but for (omega dt)^6 / 144 in the modulus.
    """
    one = family("rk4", ["flow.rho"], {"flow": "./lorenz.py", "dt": 0.005}, folder=SYSTEMS)
    return diagram(one, [(0.0, 0.5)], (0.2, 30.0), size=10.0)


def test_aut_06_the_branches_of_the_lorenz_equations(lorenz: list[Branch]):
    """AUT-06 (AUTO-07p, demo lrz): pitchfork at 1, Hopf at 24.7368, x = 8.79394 and z = 29 at rho = 30.

    The two wings are one branch that crosses the origin's in the pitchfork.
    """
    origin, wings = lorenz
    assert [point.kind for point in origin.special] == ["pitchfork"]
    assert origin.special[0].values[0] == pytest.approx(1.0, abs=1e-9)
    np.testing.assert_allclose(origin.states, 0.0, atol=1e-9)
    hopf = wings.of("neimark_sacker")
    np.testing.assert_allclose([float(point.values[0]) for point in hopf], 24.7368, atol=6e-5)
    np.testing.assert_array_equal(wings.values[[0, -1]], 30.0)
    ends = [[x, x, 29.0] for x in (-8.79394, 8.79394)]
    np.testing.assert_allclose(wings.states[[0, -1]], ends, atol=6e-6)
    between = (wings.values > 1.01) & (wings.values < 24.7)
    assert wings.stable[between].all()
    assert not wings.stable[wings.values > 24.75].any()


def test_lor_05_the_hopf_point_of_the_lorenz_equations(lorenz: list[Branch]):
    """LOR-05: rho = sigma (sigma + beta + 3) / (sigma - beta - 1) = 24.7368, and the fixed point there."""
    for point, sign in zip(lorenz[1].of("neimark_sacker"), (-1.0, 1.0), strict=True):
        wanted = [24.7368, sign * 7.95602, sign * 7.95602, 23.7368]
        np.testing.assert_allclose(np.append(point.values, point.state), wanted, atol=6e-5)
        assert point.values[0] == pytest.approx(10 * (10 + 8 / 3 + 3) / (10 - 8 / 3 - 1), abs=2e-6)


def test_bee_01_a_centre_crossing_network():
    """BEE-01: theta_i = -sum_j w_ij / 2 puts a fixed point at y_i = sum_j w_ij / 2, all outputs 1/2.

    Found by search; a step from there moves nothing but rounding.
    """
    W = np.array([[5.5, -1.0], [1.0, 5.0]])
    rest = W.sum(axis=1) / 2
    own: dict[str, Any] = {"flow.units": 2, "flow.weights.matrix": W.tolist(), "flow.b": (-rest).tolist()}
    own |= {"flow": "./beer.py", "flow.tau": [1.0, 1.0], "dt": 0.1}
    asked = {name.replace(".", "__"): value for name, value in own.items()}
    found = find("euler", folder=SYSTEMS, interval=(-4.0, 8.0), start=0.1, **asked)
    away = np.abs(there(found) - rest).max(axis=1)
    assert away.min() < 1e-14
    assert there(found, name="stability")[away.argmin()] not in (KIND["sink"], KIND["slow_point"])
    y = there(found)[away.argmin()]
    np.testing.assert_allclose(1 / (1 + np.exp(-(y + own["flow.b"]))), 0.5, rtol=0, atol=1e-14)
    assert there(found, name="speed")[away.argmin()] < 1e-28  # half the square of what one step moves it by


def test_ini_20_gradient_descent_of_two_linear_layers():
    """INI-20: descent at the rate 1e-3 is Euler's step of tau du/dt = 2 u (s - u).

    It stays within 0.01 of s e / (e - 1 + s / u0), e = exp(2 s t / tau); Runge-Kutta's step is on the curve.
    """
    steps = 1000 if INTERPRETED else 6000
    fixed = {"flow": "./saxe.py", "flow.s": 1.0, "dt": 1e-3, "steps": steps, "start": 0.01}
    run = prepare("euler", observables=["trajectory"], fixed=fixed, folder=SYSTEMS)
    u = run.evaluate({})["trajectory"][0]
    e = np.exp(2e-3 * np.arange(steps + 1))
    off = np.abs(u - e / (e - 1 + 100.0)).max()
    assert off < 0.01
    if not INTERPRETED:
        assert off > 1e-4
        assert u[-1] == pytest.approx(1.0, abs=1e-3)
