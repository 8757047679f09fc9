"""Truncated backpropagation of sums of losses: each time's loss is followed `truncation` steps back in a
window of its own, against plain sums over windows with Jacobians from differences.

Source: R. J. Williams & J. Peng, Neural Computation 2 (1990) 490, doi:10.1162/neco.1990.2.4.490, BPTT(h).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.errors import Refused
from sim.run import Run, prepare
from tests.sim.plain import Cell, cell, differences, numbers, parameter_jacobian
from tests.sim.reference import cost, jacobians, states

STEPS = 7
ALONE = {
    "rnn": {"w": 1.3, "b": -0.2},
    "ctrnn": {"w": 1.3, "b": -0.2, "alpha": 0.4},
    "lstm": {"w_f": 0.5, "w_i": -0.8, "w_c": 1.4, "w_o": 0.9, "b_f": 1.0},
}  # one unit


def windows(c: Cell, followed: int, first: int) -> dict[str, np.ndarray]:
    """dE/dp by label: the sum over times of what the last `followed` steps before each contribute."""
    path, factors = states(c), jacobians(c)
    total = {label: np.zeros(value.size, dtype=path.dtype) for label, value in numbers(c.pack).items()}
    for end in range(first, c.steps + 1):
        g = differences(lambda y: np.atleast_1d(cost(c, y)), path[end])[0]
        for t in range(end - 1, max(0, end - followed) - 1, -1):
            for label in total:
                total[label] += parameter_jacobian(c, path[t], t, label).T @ g
            g = factors[t].T @ g
    return total


def made(system: str, names: list[str], varied: dict[str, Any], **fixed: Any) -> Run:
    settings = {"steps": STEPS, "target": 0.3, "loss_from": 2} | fixed
    return prepare(system, task="constant", observables=names, fixed=settings, varied=list(varied))


@pytest.mark.parametrize("followed", [1, 3, 6])
@pytest.mark.parametrize("system", ["rnn", "lstm", "ctrnn"])
def test_derivatives_of_one_unit_are_sums_over_windows(system: str, followed: int):
    own, varied = ALONE[system], {"start": np.array([0.3, -0.7, 1.2])}
    run = made(system, ["gradient", "loss", "norm"], varied, truncation=followed, **own)
    found = run.evaluate(varied)
    whole = made(system, ["loss", "norm"], varied, **own).evaluate(varied)
    np.testing.assert_array_equal(found["loss"], whole["loss"])
    np.testing.assert_array_equal(found["norm"], whole["norm"])
    labels = [str(label) for label in run.coordinates[0].values]
    for i in range(3):
        wanted = windows(cell(run, varied, i, np.longdouble), followed, 2)
        reached = [float(wanted[label][0]) for label in labels if label in wanted]
        np.testing.assert_allclose(found["gradient"][i][: len(reached)], reached, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("followed", [1, 3])
@pytest.mark.parametrize(
    ("system", "varied"),
    [
        ("gru", {"seed": np.array([1, 2, 3])}),
        ("lstm", {"seed": np.array([5, 9])}),
        ("rnn", {"weights.gain": np.linspace(0.5, 2.0, 5)}),
    ],
)
def test_gradients_of_networks_are_sums_over_windows(system: str, varied: dict, followed: int):
    """Matrices of each cell's own, and one matrix shared by all."""
    own = {"units": 3, "start": "gaussian", "truncation": followed}
    found = made(system, ["gradient_norm"], varied, **own)
    values = found.evaluate(varied)["gradient_norm"]
    labels = [str(label) for label in found.coordinates[0].values]
    for i in range(len(next(iter(varied.values())))):
        wanted = windows(cell(found, varied, i, np.longdouble), followed, 2)
        norms = [float(np.sqrt(np.sum(wanted[label] ** 2))) for label in labels]
        np.testing.assert_allclose(values[i], norms, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("units", [1, 3])
def test_windows_as_long_as_the_run_cut_nothing_off(units: int):
    name, varied = "gradient" if units == 1 else "gradient_norm", {"seed": np.arange(3)}
    own = {"w": 1.3, "start": 0.4} if units == 1 else {"units": units, "start": "gaussian"}
    varied = {"b": np.linspace(-1.0, 1.0, 3)} if units == 1 else varied
    whole = made("rnn", [name], varied, **own).evaluate(varied)[name]
    same = made("rnn", [name], varied, **own, truncation=STEPS).evaluate(varied)[name]
    np.testing.assert_array_equal(same, whole)
    # followed back over all but the step that none of the losses needs: windows, and again nothing cut off
    late = own | {"steps": STEPS + 1, "loss_from": 1}
    one = made("rnn", [name], varied, **late | {"truncation": STEPS}).evaluate(varied)[name]
    all_ = made("rnn", [name], varied, **late).evaluate(varied)[name]
    assert not np.array_equal(one, all_)  # the last loss loses its first step
    np.testing.assert_allclose(one, all_, rtol=0.2)


def test_the_read_out_is_not_truncated_and_uncounted_times_have_no_window():
    """A task that says which times count: cross-entropy of the last two, each followed two steps back."""
    task = {"symbols": 4, "length": 2, "gap": 3, "outputs": 5, "criterion": "cross_entropy", "units": 3}
    varied = {"seed": np.arange(4)}

    def norms(**more: Any) -> np.ndarray:
        run = prepare(
            "gru",
            task="copy",
            observables=["gradient_norm"],
            fixed=task | {"steps": 7} | more,
            varied=["seed"],
        )
        return run.evaluate(varied)["gradient_norm"]

    whole, cut = norms(), norms(truncation=2)
    np.testing.assert_allclose(cut[:, -2:], whole[:, -2:], rtol=1e-13)
    assert (np.abs(cut[:, :-2] / whole[:, :-2] - 1.0) > 1e-6).any()
    np.testing.assert_allclose(norms(truncation=6), whole, rtol=0.05)


@pytest.mark.parametrize(
    "name", ["gradient_through_time", "pascanu_regulariser", "pascanu_regulariser_gradient"]
)
def test_what_is_read_off_one_pass_backward_is_refused(name: str):
    with pytest.raises(Refused, match="leave truncation at 0") as refusal:
        made("rnn", [name], {"seed": np.arange(2)}, units=2, truncation=3)
    assert refusal.value.problems[0].place == "parameters.truncation"
