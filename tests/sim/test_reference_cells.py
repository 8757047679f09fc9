"""The chaotic LSTM of Laurent & von Brecht as the published rows LVB-05 and LVB-06 have it.

The table does not say at which state: one step leads to the four numbers of LVB-06 from one state alone, and
the Jacobian there is that of LVB-05.
"""

from __future__ import annotations

import numpy as np
import pytest

from sim.equations.evaluation import Map
from sim.generic import jvp, step
from sim.run import prepare
from tests.sim.fixed import SYSTEMS
from tests.sim.packs import built
from tests.sim.plain import cell, differences, moved
from tests.systems.laurent_lstm import W_F, W_G, W_I, W_O

AFTER = [0.04702907338, 0.07595628595, 0.09099698789, 0.1564714147]
JACOBIAN = [
    [-0.2021702179, -1.577659647, 0.2309656913, 0.0],
    [0.7526228757, -2.175156296, 0.0, 0.2571374959],
    [-0.5696663548, -3.113588139, 0.4493687449, 0.0],
]


@pytest.fixture(scope="module")
def run():
    return prepare("./laurent_lstm.py", observables=["final_state"], fixed={"steps": 1}, folder=SYSTEMS)


@pytest.fixture(scope="module")
def state(run) -> np.ndarray:
    """The state before, by Newton's method on the run's own map and Jacobian."""
    one = Map(run._form)
    known, which, s = one.load({}, 1), np.zeros(1, dtype=int), np.array([[0.025, -0.026, 0.054, -0.041]])
    for _ in range(12):
        s = s - np.linalg.solve(one.jacobian(known, which, s)[0], one.step(known, which, s)[0] - AFTER)
    return s[0]


def test_lvb_06_one_step(run, state: np.ndarray):
    """LVB-06: as torch.nn.LSTMCell without biases, gates in the order i, f, g, o; within 1e-14."""
    c = cell(run)
    np.testing.assert_allclose(moved(c, state, 0), AFTER, rtol=0, atol=1e-14)
    weights = np.concatenate([W_I, W_F, W_G, W_O]).astype(float)
    i, f, g, o = (weights @ state[:2]).reshape(4, 2)
    after = state[2:] / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
    torchs = np.concatenate([np.tanh(after) / (1 + np.exp(-o)), after])
    np.testing.assert_allclose(moved(c, state, 0), torchs, rtol=0, atol=1e-14)
    one = Map(run._form)
    found = one.step(one.load({}, 1), np.zeros(1, dtype=int), state[None])[0]
    np.testing.assert_allclose(found, torchs, rtol=0, atol=1e-14)


def test_lvb_05_the_jacobian(run, state: np.ndarray):
    """LVB-05: ten digits of it are published; within 1e-12 of differences in extended precision."""
    one = Map(run._form)
    J = one.jacobian(one.load({}, 1), np.zeros(1, dtype=int), state[None])[0]
    np.testing.assert_allclose(J[:3], JACOBIAN, rtol=0, atol=1e-9)
    exact = cell(run, dtype=np.longdouble)
    wanted = differences(lambda s: moved(exact, s, 0), state.astype(np.longdouble))
    np.testing.assert_allclose(J, wanted.astype(float), rtol=0, atol=1e-12)


def test_lvb_05_and_06_by_the_lstm_that_is_shipped(state: np.ndarray):
    """The same weights in the system `lstm`: the same step, and the same Jacobian by its jvp."""
    p = built("lstm", units=2, inputs=1)
    matrices = zip("ifco", (W_I, W_F, W_G, W_O), strict=True)
    p = p._replace(**{f"W_{gate}": np.array(W, dtype=float) for gate, W in matrices})
    s, none = (state[:2], state[2:]), np.zeros(1)
    np.testing.assert_allclose(np.concatenate(step(p, s, none)), AFTER, rtol=0, atol=1e-14)
    columns = [np.concatenate(jvp(p, s, none, (e[:2], e[2:]), none)) for e in np.eye(4)]
    np.testing.assert_allclose(np.transpose(columns)[:3], JACOBIAN, rtol=0, atol=1e-9)
