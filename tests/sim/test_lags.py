"""Contributions to the gradient by lag where several times have a loss, and those of a read-out.

Against plain sums over pairs of a time and a lag, with Jacobians from differences.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.run import Run, prepare
from tests.conftest import INTERPRETED
from tests.sim.plain import Cell, cell, differences, numbers, parameter_jacobian
from tests.sim.reference import cost, jacobians, states

STEPS, FIRST = 6, 2
FOLLOWED = [0, 2] if INTERPRETED else [2]  # every one is a kernel of its own
NAME = "gradient_by_lag"
ALONE = {
    "rnn": {"w": 1.3, "b": -0.2},
    "lstm": {"w_f": 0.5, "w_i": -0.8, "w_c": 1.4, "w_o": 0.9, "b_f": 1.0},
}  # one unit
COPY = {"symbols": 3, "length": 2, "steps": 7, "units": 3, "outputs": 4, "criterion": "cross_entropy"}


def lags(c: Cell, followed: int) -> list[dict[str, np.ndarray]]:
    """For each lag dE/dp by label: the sum over times of what the step that ends `lag` before contributes."""
    path, factors = states(c), jacobians(c)
    found = [{label: np.zeros(v.size, path.dtype) for label, v in numbers(c.pack).items()} for _ in factors]
    for end in range(FIRST, c.steps + 1):
        g = differences(lambda y: np.atleast_1d(cost(c, y)), path[end])[0]
        for t in range(end - 1, max(0, end - followed) - 1, -1):
            own = found[end - 1 - t]
            for label in own:
                own[label] += parameter_jacobian(c, path[t], t, label).T @ g
            g = factors[t].T @ g
    return found


def made(system: str, names: list[str], varied: dict[str, Any], **fixed: Any) -> Run:
    settings = {"steps": STEPS, "target": 0.3, "loss_from": FIRST} | fixed
    return prepare(system, task="constant", observables=names, fixed=settings, varied=list(varied))


@pytest.mark.parametrize("followed", FOLLOWED)
@pytest.mark.parametrize("system", ["rnn", "lstm"])
def test_lags_of_one_unit_are_sums_over_times(system: str, followed: int):
    """Signed, so that they add up to the gradient, whole or truncated."""
    varied = {"start": np.array([0.3, -0.7, 1.2])}
    run = made(system, [NAME, "gradient", "norm"], varied, truncation=followed, **ALONE[system])
    found = run.evaluate(varied)
    labels = next(c.values for c in run.coordinates if c.name == "parameter")
    for i in range(3):
        wanted = lags(cell(run, varied, i, np.longdouble), followed or STEPS)
        reached = [[float(lag[str(label)][0]) for label in labels] for lag in wanted]
        np.testing.assert_allclose(found[NAME][i], reached, rtol=1e-10, atol=1e-13)
    np.testing.assert_allclose(found[NAME].sum(axis=1), found["gradient"], rtol=1e-12, atol=1e-14)
    assert (found[NAME][:, followed or STEPS :] == 0.0).all()


@pytest.mark.parametrize("followed", FOLLOWED)
@pytest.mark.parametrize(
    ("system", "varied"),
    [("lstm", {"seed": np.array([5, 9])}), ("rnn", {"weights.gain": np.linspace(0.5, 2.0, 3)})],
)
def test_lags_of_networks_are_norms_of_sums_over_times(system: str, varied: dict, followed: int):
    """Matrices of each cell's own, and one matrix shared by all; beside observables of one pass backward."""
    names = [NAME, "gradient_norm", *([] if followed else ["gradient_through_time"])]
    run = made(system, names, varied, units=3, start="gaussian", truncation=followed)
    found = run.evaluate(varied)
    labels = next(c.values for c in run.coordinates if c.name == "parameter")
    for i in range(len(next(iter(varied.values())))):
        wanted = lags(cell(run, varied, i, np.longdouble), followed or STEPS)
        norms = [[float(np.sqrt(np.sum(lag[str(label)] ** 2))) for label in labels] for lag in wanted]
        np.testing.assert_allclose(found[NAME][i], norms, rtol=1e-10, atol=1e-13)
        whole = [float(np.sqrt(np.sum(sum(lag[str(label)] for lag in wanted) ** 2))) for label in labels]
        np.testing.assert_allclose(found["gradient_norm"][i], whole, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("loss_from", [-1, COPY["steps"]] if INTERPRETED else [-1])
def test_a_read_out_is_of_lag_0(loss_from: int):
    """All of dE/dV and dE/dc: at the times that the task names, and at the last alone."""
    fixed = COPY | {"start": "gaussian", "loss_from": loss_from}
    run = prepare("gru", task="copy", observables=[NAME, "gradient_norm"], fixed=fixed, varied=["seed"])
    found = run.evaluate({"seed": np.arange(3)})
    np.testing.assert_allclose(found[NAME][:, 0, -2:], found["gradient_norm"][:, -2:], rtol=1e-13)
    assert (found[NAME][:, 0, -2:] > 0.01).all()
    assert (found[NAME][:, 1:, -2:] == 0.0).all()


def test_one_time_among_several_is_the_pass_of_one_time():
    """Of a linear network with targets 0 and start 0 until an impulse: only the last time has an error."""
    fixed = {"units": 3, "activation": "identity", "at": STEPS - 1}
    runs = [
        prepare("rnn", task="impulse", observables=[NAME], fixed=fixed | {"steps": STEPS, "loss_from": first})
        for first in (0, STEPS)
    ]
    several, last = (run.evaluate({})[NAME] for run in runs)
    np.testing.assert_allclose(several, last, rtol=1e-14)
    assert (last[0, 0, 1:] > 0.0).all()


def test_a_cell_is_the_same_among_any_others():
    settings: dict[str, Any] = {"fixed": COPY, "varied": ["seed", "weights.gain"]}
    run = prepare("mgu", task="copy", observables=[NAME], **settings)
    columns = {"seed": np.arange(12) % 5, "weights.gain": np.linspace(0.5, 2.0, 12)}
    whole = run.evaluate(columns)[NAME]
    part = run.evaluate({name: column[7:9] for name, column in columns.items()})[NAME]
    np.testing.assert_array_equal(part, whole[7:9])
