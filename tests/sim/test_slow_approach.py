"""Approach slower than rounding: what has arrived, and what only drifts."""

import numpy as np
import pytest

from sim.equations.evaluation import Map
from sim.run import prepare


def measure(system: str, names: list[str], columns: dict[str, np.ndarray], **fixed) -> dict[str, np.ndarray]:
    """What is observed of these cells."""
    return prepare(system, observables=names, fixed=fixed, varied=list(columns)).evaluate(columns)


def test_what_rounding_hides_of_a_slow_approach():
    """At h = tanh(+-h) a displacement shrinks by h^2 of it, which close to 0 is less than rounding moves h:
    all starts here lie within half of `distinct` of the one attractor.
    """
    for box in (3e-4, 5e-5, 1e-6):
        fixed = {"steps": 1000, "starts": 64, "box": [-box, box]}
        found = measure("rnn", ["census"], {"w": np.array([1.0, -1.0])}, **fixed)
        assert found["census"].tolist() == [1, 1]
        assert found["census_undecided"].tolist() == [0, 0]
        assert found["census_period"][:, 0].tolist() == [1, 1]


def test_rounding_makes_no_arrival_of_a_steady_drift():
    """tanh(2 h + b) at and beyond the fold at h = sqrt(1/2): all states below it go away, slower than the
    tolerance a step; those above arrive only where there still is a fixed point.
    """
    h = 0.5**0.5
    fold = np.arctanh(h) - 2.0 * h
    fixed = {"w": 2.0, "steps": 200, "starts": 128}
    b = fold - np.array([0.0, 1e-11])
    below = measure("rnn", ["census"], {"b": b}, box=[h - 2e-5, h - 1e-7], **fixed)
    assert below["census"].tolist() == [0, 0]
    above = measure("rnn", ["census"], {"b": np.array([fold])}, box=[h + 1e-7, h + 1e-6], **fixed)
    assert above["census"].tolist() == [1]
    assert above["census_undecided"].tolist() == [0]


@pytest.mark.parametrize("numbers", [8, 9])  # compiled, and on arrays
def test_many_numbers_that_hardly_move(numbers):
    """Units beside each other, each h = tanh(h)."""
    fixed = {"units": numbers, "weights": "identity", "steps": 200, "starts": 32, "box": [-1e-5, 1e-5]}
    found = measure("rnn", ["census"], {"b": np.zeros(1)}, **fixed)
    assert found["census"].tolist() == [1]
    assert found["census_undecided"].tolist() == [0]


def test_what_moves_no_further_than_rounding_has_arrived_without_derivatives_too(monkeypatch):
    """On arrays, of a network that says no jvp: at h = 1e-7 tanh moves h by h^3 / 3, some units of its last
    place.
    """
    monkeypatch.setattr(Map, "linear", False)
    fixed = {"units": 9, "weights": "identity", "steps": 200, "starts": 32, "box": [-1e-7, 1e-7]}
    found = measure("rnn", ["census"], {"b": np.zeros(1)}, **fixed)
    assert found["census_undecided"].tolist() == [0]
