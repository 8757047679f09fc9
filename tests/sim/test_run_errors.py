"""What cannot run is refused before anything runs: with its place, what was given and what to write
instead."""

from __future__ import annotations

import pytest

from sim.errors import Refused
from sim.run import prepare


def run(system: str, *, observables=("final_state",), varied=(), task="silence", folder=None, **fixed):
    fixed = {"steps": 4} | {path.replace("__", "."): value for path, value in fixed.items()}
    return prepare(system, task=task, observables=observables, fixed=fixed, varied=varied, folder=folder)


# name: (system, options, place, what the message says)
UNIT, NETWORK = {"w": 1.0}, {"units": 4}
WRONG: dict[str, tuple[str, dict, str, str]] = {
    "unknown keyword": (
        "rnn",
        UNIT | {"gian": 2.0},
        "parameters.gian",
        r"unknown keyword; .*there are: activation, b,",
    ),
    "close keyword": (
        "rnn",
        NETWORK | {"weights__gian": 2.0},
        "parameters.weights.gian",
        r"did you mean 'weights\.gain'",
    ),
    "keyword inside a group": (
        "rk4",
        {"flow": "tests.systems.lorenz", "dt": 0.1, "sigma": 10.0},
        "parameters.sigma",
        r"unknown keyword; did you mean 'flow\.sigma'\?",
    ),
    "keyword of another family": (
        "rnn",
        NETWORK | {"weights__scale": 2.0},
        "parameters.weights.scale",
        "unknown",
    ),
    "keyword of an absent observable": (
        "rnn",
        UNIT | {"tolerance": 0.1},
        "parameters.tolerance",
        "unknown keyword",
    ),
    "missing": (
        "rnn",
        NETWORK | {"weights": "eigenvalues"},
        "parameters.weights.eigenvalues",
        r"is needed by weights eigenvalues .* has no default; give it a value or an axis",
    ),
    "text for a number": (
        "rnn",
        {"w": "fast"},
        "parameters.w",
        "'fast' given; a number, as in 1.5 is needed",
    ),
    "flag for a number": ("rnn", {"w": True}, "parameters.w", "True given; a number"),
    "list for a number": ("rnn", {"w": [1.0]}, "parameters.w", r"\[1.0\] given; a number"),
    "number for a word": ("rnn", UNIT | {"activation": 1.0}, "parameters.activation", "1.0 given; a word"),
    "wrong word": ("rnn", UNIT | {"activation": "tan"}, "parameters.activation", "did you mean 'tanh'"),
    "wrong family": (
        "rnn",
        NETWORK | {"weights": "gausian"},
        "parameters.weights",
        "did you mean 'gaussian'",
    ),
    "number for a family": ("rnn", NETWORK | {"weights": 2.0}, "parameters.weights", "2.0 given; a word"),
    "half a unit": ("rnn", {"units": 2.5}, "parameters.units", "2.5 given; a whole number"),
    "more units than memory holds": (
        "rnn",
        {"units": 10_000_000},
        "parameters.weights",
        "10000000 x 10000000 numbers need 8e.05 GB of memory, .* are free; write fewer units",
    ),
    "no units": ("rnn", {"units": 0}, "parameters.units", "0 units; write 1 or more"),
    "no inputs": (
        "rnn",
        NETWORK | {"inputs": 0},
        "parameters.input_weights",
        "units and inputs are at least 1",
    ),
    "half a seed": ("rnn", NETWORK | {"seed": 1.5}, "parameters.seed", "1.5 given; a whole number"),
    "no steps": (
        "logistic",
        {"steps": 0},
        "parameters.steps",
        "0 is no number of steps; write a whole number from 1",
    ),
    "half a step": ("logistic", {"steps": 2.5}, "parameters.steps", "2.5 given; a whole number"),
    "too many steps": ("logistic", {"steps": 10**12}, "parameters.steps", "no number of steps"),
    "one unit without w": (
        "rnn",
        {"units": 1},
        "parameters.w",
        "one unit needs its recurrent weight w: give it a value or",
    ),
    "network with w": (
        "rnn",
        NETWORK | {"w": 1.0},
        "parameters.w",
        'this network has 4; write weights = "gaussian"',
    ),
    "network with u": (
        "ctrnn",
        NETWORK | {"u": 1.0, "alpha": 1.0},
        "parameters.u",
        'write input_weights = "gaussian"',
    ),
    "unit with gain": (
        "rnn",
        UNIT | {"weights__gain": 2.0},
        "parameters.weights",
        "with one unit the recurrent weight is w",
    ),
    "unit with input weights": (
        "rnn",
        UNIT | {"input_weights": "ones"},
        "parameters.input_weights",
        "input weight is u",
    ),
    "unit with inputs": ("rnn", UNIT | {"inputs": 2}, "parameters.inputs", "one unit has one input"),
    "unit with many biases": (
        "rnn",
        UNIT | {"b": [0.1, 0.2]},
        "parameters.b",
        "the b of one unit is a number",
    ),
    "biases of other length": (
        "rnn",
        NETWORK | {"b": [0.1, 0.2]},
        "parameters.b",
        "2 numbers for 4 units; write 4 numbers",
    ),
    "start of other length": (
        "rnn",
        NETWORK | {"start": [1.0, 2.0]},
        "parameters.start",
        "2 numbers for a state of 4; write",
    ),
    "start of two for three": (
        "henon",
        {"start": [1.0] * 3},
        "parameters.start",
        "3 numbers for a state of 2; write one",
    ),
    "empty start": ("logistic", {"start": []}, "parameters.start", "0 numbers for a state of 1"),
    "unknown start": ("rnn", NETWORK | {"start": "gaus"}, "parameters.start", "did you mean 'gaussian'"),
    "start with text": (
        "rnn",
        NETWORK | {"start": [1, 2, 3, "a"]},
        "parameters.start",
        "a number, a list of numbers or a",
    ),
    "ragged matrix": (
        "rnn",
        {"units": 2, "weights": "matrix", "weights__matrix": [[1, 2], [3]]},
        "parameters.weights.matrix",
        "rows of different lengths",
    ),
    "matrix of other shape": (
        "rnn",
        {"units": 3, "weights": "matrix", "weights__matrix": [[1, 2], [3, 4]]},
        "parameters.weights.matrix",
        r"a matrix of shape \(2, 2\) where \(3, 3\) is needed",
    ),
    "triple eigenvalue": (
        "rnn",
        {"units": 2, "weights": "eigenvalues", "weights__eigenvalues": [[1, 2, 3], [1]]},
        "parameters.weights.eigenvalues",
        r"an eigenvalue is written as \[re, im\]",
    ),
    "negative radius": (
        "rnn",
        NETWORK | {"weights__spectral_radius": -1.0},
        "parameters.weights.spectral_radius",
        "is no modulus",
    ),
    "alpha and tau": (
        "ctrnn",
        UNIT | {"alpha": 1.0, "tau": 1.0},
        "parameters.alpha",
        "either alpha, or tau and dt together",
    ),
    "tau alone": ("ctrnn", UNIT | {"tau": 1.0}, "parameters.alpha", "either alpha, or tau and dt together"),
    "tau zero": (
        "ctrnn",
        UNIT | {"tau": 0.0, "dt": 0.1},
        "parameters.tau",
        "0.0 given; write a time above 0",
    ),
    "tau of a flow": (
        "rk4",
        {"flow__w": 1.0, "flow__tau": -1.0, "dt": 0.1},
        "parameters.tau",
        "-1.0 given; write a time above 0",
    ),
    "dt below zero": ("ctrnn", UNIT | {"tau": 1.0, "dt": -0.1}, "parameters.dt", "-0.1 given; write a time"),
    "zero inside an axis": (
        "ctrnn",
        UNIT | {"dt": 0.1, "varied": {"tau": [1.0, 0.0, 2.0]}},
        "parameters.tau",
        "0.0 given; write a time above 0, as in tau = 1.0",
    ),
    "gains and lags": (
        "taps",
        {"lags": [1, 2, 3]},
        "parameters.gains",
        "2 gains for 3 lags; write one gain for each lag",
    ),
    "lag zero": ("taps", {"lags": [0, 1]}, "parameters.lags", "are not different whole numbers from 1 on"),
    "lag twice": ("taps", {"lags": [2, 2]}, "parameters.lags", "are not different whole numbers"),
    "impulse after the end": (
        "rnn",
        UNIT | {"task": "impulse", "at": 4},
        "parameters.at",
        "an impulse at 4 in a run of 4 steps",
    ),
    "varied word": ("rnn", {"varied": ["w", "activation"]}, "axes.activation", "one run for each value"),
    "varied shape": ("rnn", {"varied": ["units"]}, "axes.units", "it would change shapes or the program"),
    "varied twice": ("rnn", {"varied": ["w", "w"]}, "axes.w", "is given twice"),
    "varied and fixed": ("rnn", UNIT | {"varied": ["w"]}, "axes.w", "is given twice"),
    "unknown axis": ("rnn", UNIT | {"varied": ["gian"]}, "parameters.gian", "unknown keyword"),
    "wrong end of an axis": (
        "rnn",
        NETWORK | {"varied": {"weights.spectral_radius": [1.0, -1.0]}},
        "parameters.weights.spectral_radius",
        "is no modulus",
    ),
    "unknown system": ("rn", {}, "system", "did you mean 'rnn'.* your own file is named by"),
    "unknown task": ("rnn", UNIT | {"task": "impuls"}, "task", "did you mean 'impulse'"),
    "unknown module": ("no_such_lab.cells", {}, "system", "cannot import 'no_such_lab.cells'"),
    "unknown file": (
        "./nowhere.py",
        {},
        "system",
        "cannot read .*nowhere.py.* relative paths start at the sweep file",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_refused_with_its_place_and_cure(name: str):
    system, options, place, message = WRONG[name]
    with pytest.raises(Refused, match=message) as refusal:
        run(system, **options)
    assert place in [problem.place for problem in refusal.value.problems]


@pytest.mark.parametrize("system", ["rnn", "henon", "cec"])
def test_one_unit_has_no_task_of_several_inputs(system: str):
    """Said before the run, with a cure that is one."""
    cure = "units = 2 or more, .*inputs = 2"
    with pytest.raises(Refused, match=f"task: it has 2 inputs, .*{cure}"):
        run(system, task="adding", **({"w": 1.0} if system == "rnn" else {}))
    run("rnn", task="adding", units=2, inputs=2)
    with pytest.raises(
        Refused, match=r"parameters\.inputs: the task has 2 inputs, the network 3; write inputs = 2"
    ):
        run("rnn", task="adding", units=2, inputs=3)
