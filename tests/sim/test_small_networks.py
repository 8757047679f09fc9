"""Networks written out in numbers: their orbits have the bits of the network's own kernels."""

import numpy as np
import pytest

from sim.attractors.settling import Settling
from sim.errors import Refused
from sim.observable import Reduced
from sim.run import prepare

CASES = {
    "rnn-2": ("rnn", {"units": 2, "b": 0.2}, "weights.gain"),
    "driven-2": ("rnn", {"units": 2, "task": "constant"}, "weights.gain"),
    "gru-2": ("gru", {"units": 2}, "b_u"),
    "henon": ("henon", {}, "a"),
    "ctrnn-1": ("ctrnn", {"w": 1.7, "alpha": 0.4}, "b"),
}


@pytest.mark.compiled
@pytest.mark.parametrize("name", CASES)
def test_the_bits_are_those_of_the_networks_own_form(name):
    system, fixed, axis = CASES[name]
    task = {"task": fixed["task"]} if "task" in fixed else {}
    fixed = {k: v for k, v in fixed.items() if k != "task"} | {"steps": 7, "start": 0.3}
    columns = {axis: np.linspace(0.3, 1.1, 21), "seed": np.arange(21)}
    run = prepare(system, observables=["final_state"], fixed=fixed, varied=list(columns), **task)
    wanted = run.evaluate(columns)["final_state"].reshape(21, -1)
    settling = Settling(run._form, 7, 1, 1e6, 1e-8, 1e-3)
    numbers = settling.load(columns, 21)
    starts = np.full((settling.n, 21), 0.3)
    found = settling.run(numbers, starts, np.arange(21), bare=True)
    assert np.array_equal(found.state.T, wanted)


def test_an_input_that_moves_is_refused():
    fixed = {"units": 2, "steps": 9}
    run = prepare("rnn", observables=["final_state"], fixed=fixed, task="white_noise")
    with pytest.raises(Refused, match="changes with time"):
        Settling(run._form, 9, 1, 1e6, 1e-8, 1e-3).load({}, 1)
    assert isinstance(dict(run.setting.observables)["final_state"], Reduced)
