"""The regulariser of the gradient's length where a gradient is zero, and where it is no number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.run import prepare

OMEGA = ["pascanu_regulariser", "pascanu_regulariser_gradient"]


def found(**fixed: Any) -> tuple[float, np.ndarray, int]:
    """Omega, its gradient by array, and the outcome of one network."""
    run = prepare("rnn", observables=OMEGA, fixed={"units": 3, "weights": "identity"} | fixed)
    values = run.evaluate({})
    return values[OMEGA[0]][0], values[OMEGA[1]][0], int(values["outcome"][0])


@pytest.mark.parametrize("followed", [1, 4, 9, 10])
def test_steps_that_are_not_followed_add_nothing(followed: int):
    """(w - 1)^2 a step of W = w I, and 2 (w - 1) of its gradient, g being the same direction in all."""
    fixed = {"activation": "identity", "start": "unit", "target": 3.0, "steps": 10, "weights.gain": 0.9}
    omega, slope, outcome = found(**fixed, truncation=followed)
    assert omega == pytest.approx(followed * 0.01, rel=1e-12)
    np.testing.assert_allclose(slope, [followed * 0.2, 0.0, 0.0], rtol=1e-12, atol=1e-14)
    assert outcome == 1


def test_units_that_are_dead_cost_one_step_and_no_weight_changes_that():
    """The last step loses all of g, (0 - 1)^2; none is left before it."""
    omega, slope, outcome = found(activation="relu", start=-1.0, target=3.0, steps=5)
    assert (omega, slope.tolist(), outcome) == (1.0, [0.0, 0.0, 0.0], 1)


def test_a_part_that_dies_leaves_the_gradient_of_the_others():
    """Two of three units are dead: W = w I, g has one number left from the last step on, J^T g = w g."""
    fixed = {"activation": "relu", "start": [1.0, -1.0, -1.0], "steps": 2, "weights.gain": 0.5}
    omega, slope, outcome = found(**fixed, target=1.0)
    error = np.array([0.25 - 1.0, -1.0, -1.0])
    ratio = 0.5 * abs(error[0]) / np.linalg.norm(error)
    first = 2.0 * (ratio - 1.0) * abs(error[0]) / np.linalg.norm(error)  # by the first row of W
    assert omega == pytest.approx((ratio - 1.0) ** 2 + 0.25, rel=1e-13)
    np.testing.assert_allclose(slope, [abs(first - 1.0), 0.0, 0.0], rtol=1e-12, atol=1e-15)
    assert outcome == 1


def test_a_run_that_leaves_the_numbers_has_no_omega():
    """inf - inf: states and gradients are no numbers, and 0 would be the best value there is."""
    W = [[1e200, 1e200, 0.0], [-1e200, 1e200, 0.0], [0.0, 0.0, 1.0]]
    fixed = {"activation": "identity", "start": 1.0, "steps": 3, "weights": "matrix", "weights.matrix": W}
    values = prepare("rnn", observables=OMEGA[:1], fixed={"units": 3} | fixed).evaluate({})
    assert np.isnan(values[OMEGA[0]][0])
    assert values["outcome"][0] == 2
