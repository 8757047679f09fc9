"""The equation walked on NumPy arrays is the one that kernels run; its Jacobian is that of differences."""

import numpy as np
import pytest

from sim.equations.evaluation import Map
from sim.errors import Refused
from sim.run import prepare
from sim.start import starts_of

CASES = [
    ("logistic", {"start": 0.3}, {"r": np.array([2.0, 3.3, 3.9])}),
    ("henon", {"start": (0.1, 0.2)}, {"a": np.array([1.0, 1.2, 1.4])}),
    ("taps", {"start": 0.2, "gains": (0.5, 0.25), "lags": (1.0, 3.0)}, {}),
    ("ctrnn", {"start": 0.3, "w": 3.0, "alpha": 0.5}, {"b": np.array([-1.0, 0.0, 2.0])}),
    ("rnn", {"start": "unit", "units": 3}, {"weights.gain": np.array([0.5, 1.0, 2.0])}),
    ("rnn", {"start": 0.1, "units": 3, "task": "constant"}, {"seed": np.array([0, 1, 2])}),
    ("ctrnn", {"start": 0.1, "units": 4, "alpha": 0.3}, {"seed": np.array([0, 1, 2])}),
    ("lstm", {"start": 0.1, "units": 2, "task": "constant"}, {"seed": np.array([0, 1, 2])}),
    ("gru", {"start": 0.1, "units": 1, "w_r": 1.0, "w_u": 0.5}, {"w_c": np.array([0.5, 2.0, 3.0])}),
    ("stacked", {"start": 0.1, "cell": "gru", "cell.units": 2, "layers": 2}, {}),
]


def _run(system, fixed, columns):
    fixed = dict(fixed)
    task = fixed.pop("task", "silence")
    return prepare(
        system, task=task, observables=["final_state"], fixed={**fixed, "steps": 1}, varied=list(columns)
    )


@pytest.mark.parametrize(
    ("system", "fixed", "columns"), CASES, ids=[f"{s}-{i}" for i, (s, _, _) in enumerate(CASES)]
)
def test_one_step_and_its_jacobian(system, fixed, columns):
    run = _run(system, fixed, columns)
    cells = 3 if columns else 1
    expected = run.evaluate(columns)["final_state"].reshape(cells, -1)
    one = Map(run._form)
    known = one.load(columns, cells)
    s = np.stack([np.broadcast_to(v, cells) for v in starts_of(run.setting, columns, cells, one.n)], axis=1)
    which = np.arange(cells)
    assert np.allclose(one.step(known, which, s), expected, rtol=1e-13, atol=1e-14)
    J = one.jacobian(known, which, s)
    for j in range(one.n):
        e = 1e-6 * (np.arange(one.n) == j)
        difference = (one.step(known, which, s + e) - one.step(known, which, s - e)) / 2e-6
        assert np.allclose(J[:, :, j], difference, rtol=1e-6, atol=1e-8)


def test_an_input_that_changes_is_refused():
    run = prepare("rnn", task="white_noise", observables=["final_state"], fixed={"units": 3, "steps": 5})
    with pytest.raises(Refused, match='input changes with time; write task = "silence" or "constant"'):
        Map(run._form).load({}, 1)
