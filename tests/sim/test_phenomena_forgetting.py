"""How long one unit remembers, by which measure: rows 21, 24, 29, 31 and 32.

Orbits and fixed points of the three activations (rows 20-26) stand in test_phenomena_scalar.py and
test_fixed_points.py, rates of forgetting (row 33) in test_lyapunov.py, the shipped sweep in
tests/jobs/test_shipped.py.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from sim.run import prepare
from tests.sim.cases import measure
from tests.sim.fixed import find, there

W = np.linspace(0.5, 2.0, 1501)  # 0.923, 0.984 and 0.997 are among them


@cache
def memory(activation: str, metric: str = "analog", forgotten: float = 0.01) -> np.ndarray:
    """Steps until the starts 1 and 0.5 (or 1 and -1) can no longer be told apart, for each w; -1 is never."""
    fixed = {"activation": activation, "metric": metric, "forgotten": forgotten, "apart": 0.5}
    run = prepare(
        "rnn", observables=["memory_length"], fixed=fixed | {"steps": 1000, "start": 1.0}, varied=["w"]
    )
    return run.evaluate({"w": W})["memory_length"]


def at(w: float) -> int:
    return int(np.argmin(np.abs(W - w)))


def test_equal_starts_leave_nothing_to_remember():
    """+0 is -0; the others are halved at every step, and 0.5^7 is the first power below 1 %."""
    fixed = {"activation": "identity", "w": 0.5, "metric": "sign", "steps": 50}
    run = prepare("rnn", observables=["memory_length"], fixed=fixed, varied=["start"])
    starts = np.array([0.0, 1.0, -3.0, 0.0])
    assert run.evaluate({"start": starts})["memory_length"].tolist() == [0, 7, 7, 0]


def test_memory_has_no_units():
    """The squares of distances of 1e-200 are 0: such starts passed for equal, a share of 1e-200 for never."""
    fixed = {"activation": "identity", "steps": 1000}
    for unit in (1e-200, 1.0, 1e200):
        small = fixed | {"start": unit, "apart": unit}
        run = prepare("rnn", observables=["memory_length"], fixed=small, varied=["w"])
        assert run.evaluate({"w": np.array([0.5])})["memory_length"].tolist() == [7]
    for metric in ("analog", "gradient"):
        least = fixed | {"start": 1.0, "metric": metric, "forgotten": 1e-200}
        run = prepare("rnn", observables=["memory_length"], fixed=least, varied=["w"])
        assert run.evaluate({"w": np.array([0.5])})["memory_length"].tolist() == [np.ceil(200 / np.log10(2))]


def test_row_21_the_flip_of_the_sigmoid():
    """Period two begins at w = -5.8696, where h* = 0.21781 = sigmoid(-1.27846) has the slope -1."""
    found = find("rnn", w=-5.8696, activation="sigmoid", interval=(0.0, 1.0))
    assert there(found) == pytest.approx([0.21781], abs=5e-6)
    assert -5.8696 * there(found)[0] == pytest.approx(-1.27846, abs=1e-5)
    assert there(found, name="multiplier") == pytest.approx([-1.0], abs=2e-5)


@pytest.mark.compiled
def test_row_24_the_peak_moves_to_one_with_the_tolerance():
    """S0 says tanh prefers weights close to 1: the peak is 70 steps at 0.984, to 1e-3 it is 351 at 0.997."""
    for forgotten, peak, place in ((1e-2, 70, 0.984), (1e-3, 351, 0.997)):
        steps = memory("tanh", forgotten=forgotten)
        assert steps.max() == peak
        assert W[steps.argmax()] == pytest.approx(place, abs=1e-9)


@pytest.mark.parametrize(
    ("start", "best"), [(1.0, (0.923, 0.955, 0.980, 0.990)), (0.01, (1.52, 1.22, 1.07, 1.03))]
)
def test_row_24_the_weight_of_the_largest_gradient_depends_on_the_start_and_the_time(start, best):
    name = "log_jacobian_norm"
    logs = measure("rnn", [name], {"w": W}, word="tanh", steps=100, start=start)[name]
    places = [W[logs[:, T].argmax()] for T in (10, 20, 50, 100)]
    np.testing.assert_allclose(places, best, atol=1e-9 if start == 1.0 else 5e-3)


@pytest.mark.compiled
def test_row_29_which_weight_remembers_most_depends_on_what_is_to_be_remembered():
    """S1: eigenvalues below 1 retain most memory. So they do of a value in tanh, 0.984; relu keeps a value
    for ln(0.01) / ln(w) steps and for ever from w = 1 on; a sign is kept for ever by every w >= 1."""
    relu, below = memory("relu"), W < 1.0
    wanted = np.ceil(np.log(0.01) / np.log(W[below]))
    shown = wanted <= 1000  # 0.996 to 0.999 outlast the run
    np.testing.assert_array_equal(relu[below][shown], wanted[shown])
    assert (relu[below][~shown] == -1).all()
    assert (relu[~below] == -1).all()
    sign = memory("tanh", "sign")
    assert [int(sign[at(w)]) for w in (0.9, 0.99)] == [38, 283]
    assert (sign[~below] == -1).all()
    assert (sign[W < 0.99] > 0).all()


@pytest.mark.compiled
def test_row_31_a_sigmoid_forgets_in_three_or_four_steps_whatever_its_weight():
    """Not because it is saturated: h* lies mid-range and the slope there is at most 0.27846."""
    assert set(memory("sigmoid").tolist()) == {3, 4}
    w = {"w": np.linspace(0.05, 12.0, 240)}
    found = find("rnn", w, activation="sigmoid", interval=(0.0, 1.0))
    np.testing.assert_array_equal(found["count"], 1)
    slope = found["multiplier"][:, 0]
    assert 0.2784 < slope.max() <= 0.27847


@pytest.mark.compiled
def test_row_32_how_long_each_activation_remembers():
    """S1 and S0: only tanh is reasonable. With zero bias and no input after the start tanh remembers 31-70
    steps for 0.9-0.99, a sigmoid 3 or 4, and relu at w = 1 for ever, which S2 and S4 recommend."""
    near = [at(0.9), at(0.99)]
    assert memory("tanh")[near].tolist() == [31, 70]
    assert memory("sigmoid")[near].max() <= 4
    assert memory("relu")[at(1.0)] == -1
    h = measure("rnn", ["trajectory"], {"start": [1.0, 0.3]}, word="relu", steps=50, w=1.0)["trajectory"]
    np.testing.assert_array_equal(h, np.broadcast_to([[1.0], [0.3]], h.shape))
