"""Observables that do not go with their run, several faults at once, and columns other than were prepared."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from sim.errors import Problem, Refused, nearest, refuse
from sim.run import prepare
from tests.sim.test_run_errors import NETWORK, run


def refused(*arguments, **options) -> list[Problem]:
    with pytest.raises(Refused) as refusal:
        prepare(*arguments, **options)
    return list(refusal.value.problems)


# observables: (system, observable, options, place, message)
UNFIT: dict[str, tuple[str, str, dict, str, str]] = {
    "unknown": ("logistic", "lss", {}, "observables", "'lss' is no observable; did you mean 'loss'"),
    "gradient of a network": (
        "rnn",
        "gradient",
        NETWORK,
        "observables",
        "a network of 4 units has gradient_norm",
    ),
    "gradient_norm of a number": (
        "logistic",
        "gradient_norm",
        {},
        "observables",
        "is for networks; .* has gradient",
    ),
    "escape of a network": (
        "rnn",
        "escape_time",
        NETWORK,
        "observables",
        "this network has 4 numbers; use norm",
    ),
    "keep nothing": (
        "logistic",
        "orbit",
        {"keep": 0},
        "parameters.keep",
        "0 iterates of a run of 4 steps; write 1 to 5",
    ),
    "keep too much": ("logistic", "orbit", {"keep": 6}, "parameters.keep", "6 iterates of a run of 4 steps"),
    "keep a half": ("logistic", "orbit", {"keep": 1.5}, "parameters.keep", "1.5 given; a whole number"),
    "period too long": (
        "logistic",
        "period",
        {"max_period": 5},
        "parameters.max_period",
        "5 with 4 steps; write 1 to 4",
    ),
    "period zero": (
        "logistic",
        "period",
        {"max_period": 0},
        "parameters.max_period",
        "0 with 4 steps; write 1 to 4",
    ),
    "no distance": (
        "logistic",
        "period",
        {"max_period": 2, "tolerance": -1.0},
        "parameters.tolerance",
        "-1.0 is no distance; write 0 or more",
    ),
    "no resolution": (
        "logistic",
        "largest_lyapunov_exponent",
        {"steps": 100, "resolution": -1.0},
        "parameters.resolution",
        "-1.0 is no distance; write 0 or more",
    ),
    "batches beyond the window": (
        "logistic",
        "lyapunov_spectrum",
        {"steps": 1000, "batches": 5000},
        "parameters.batches",
        "5000 batches of a window of 900 steps; write 4 to 900",
    ),
    "target": ("logistic", "loss", {"target": "x"}, "parameters.target", "'x' given; a number"),
    "loss after the end": (
        "logistic",
        "loss",
        {"loss_from": 5},
        "parameters.loss_from",
        "5 in a run of 4 steps; write 0 to 4",
    ),
    "loss before the start": (
        "logistic",
        "loss",
        {"loss_from": -6},
        "parameters.loss_from",
        r"or -1 \(the last step\) to -5",
    ),
    "gradient after the end": (
        "logistic",
        "gradient",
        {"loss_from": 5},
        "parameters.loss_from",
        "5 in a run of 4",
    ),
    "backward after the end": (
        "logistic",
        "gradient_through_time",
        {"loss_from": 5},
        "parameters.loss_from",
        "5 in a",
    ),
    "a sign of nothing": (
        "rnn",
        "memory_length",
        NETWORK | {"metric": "sign"},
        "parameters.start",
        "equal at 0; write another start",
    ),
    "no distance to forget": (
        "rnn",
        "memory_length",
        NETWORK | {"apart": 0.0},
        "parameters.apart",
        "nothing is there to be told apart; write another number",
    ),
    "a negative share": (
        "rnn",
        "memory_length",
        NETWORK | {"forgotten": -1.0},
        "parameters.forgotten",
        "-1 is no share of the first distance; write a number between 0 and 1",
    ),
    "more than all": (
        "rnn",
        "memory_length",
        NETWORK | {"forgotten": 2.0},
        "parameters.forgotten",
        "2 is no share",
    ),
    "network after the end": (
        "rnn",
        "gradient_norm",
        NETWORK | {"loss_from": 5},
        "parameters.loss_from",
        "5 in a run",
    ),
}


@pytest.mark.parametrize("name", UNFIT)
def test_observables_that_do_not_go_with_the_run(name: str):
    system, observable, options, place, message = UNFIT[name]
    with pytest.raises(Refused, match=message) as refusal:
        run(system, observables=(observable,), **options)
    assert [problem.place for problem in refusal.value.problems] == [place]


def test_one_unit_is_told_at_once_what_a_task_of_classes_needs():
    (problem,) = refused("rnn", task="parity", observables=["loss"], fixed={"steps": 4, "w": 0.5})
    assert problem.place == "parameters.units"
    assert "write units = 2 or more, or weights = " in problem.text
    assert problem.text.endswith("and outputs = 2")
    for written in ({"units": 2}, {"weights": "gaussian"}):
        fixed = {"steps": 4, "outputs": 2} | written
        assert prepare("rnn", task="parity", observables=["loss"], fixed=fixed).variables[0].name == "loss"


@pytest.mark.parametrize(
    ("system", "fixed", "cure"),
    [
        ("rnn", {"w": 0.5}, "write units = 2 or more, or weights = "),
        ("euler", {"flow.w": 0.5, "dt": 0.1}, "write flow.units = 2 or more, or flow.weights = "),
        ("logistic", {"r": 3.0}, 'take a network, such as system = "rnn" with units = 2 or more'),
    ],
)
def test_who_wants_a_read_out_of_one_number_is_told_what_can_be_written(system: str, fixed: dict, cure: str):
    (problem,) = refused(system, observables=["loss"], fixed={"steps": 4, "outputs": 2} | fixed)
    assert problem.place == "parameters.outputs"
    assert cure in problem.text


@pytest.mark.parametrize("word", ["./ugrnn.py", "ugrnn", "lstn"])
def test_a_wrong_cell_is_one_fault_and_says_how_to_name_ones_own(word: str):
    fixed = {"steps": 4, "cell": word, "cell.units": 3}
    (problem,) = refused("stacked", observables=["loss"], fixed=fixed)
    assert problem.place == "parameters.cell"
    assert "one of your own is named by its dotted module" in problem.text


def test_what_a_cell_refuses_is_said_of_the_wrappers_keywords():
    (problem,) = refused("stacked", observables=["loss"], fixed={"steps": 4, "cell.units": 1})
    assert problem.place == "parameters.cell.units"
    assert "write cell.units = 2 or more, or cell.weights" in problem.text
    one = {"steps": 4, "cell.units": 1, "cell.weights": "gaussian"}
    assert prepare("stacked", observables=["loss"], fixed=one).variables[0].name == "loss"
    fixed = {"steps": 4, "cell.units": 3, "cell.force_f": 1.5}
    (problem,) = refused("stacked", observables=["loss"], fixed=fixed)
    assert problem.place == "parameters.cell.force_f"


@pytest.mark.parametrize("place", ["weights", "input_weights", "readout", "cell.input_weights"])
def test_a_matrix_of_another_shape_is_refused_where_it_stands_before_anything_runs(place: str):
    cell, dot, _ = place.rpartition(".")
    fixed = {"steps": 4, f"{cell}{dot}units": 2, "target": 0.5, "outputs": 3}
    fixed |= {"cell": "rnn"} if cell else {}
    fixed |= {place: "matrix", f"{place}.matrix": [[1.0], [1.0], [1.0]]}
    (problem,) = refused("stacked" if cell else "rnn", observables=["loss"], fixed=fixed)
    assert problem.place == f"parameters.{place}.matrix"
    assert "a matrix of shape (3, 1) where (" in problem.text


@pytest.mark.parametrize("observable", ["basin", "fixed_points"])
def test_an_axis_that_begins_without_input_is_refused_before_anything_runs(observable: str):
    fixed, varied = {"r": 3.0, "steps": 80}, {"amplitude": [0.0, 0.9]}
    (problem,) = refused("logistic", task="white_noise", observables=[observable], fixed=fixed, varied=varied)
    assert "this input changes with time" in problem.text


def test_every_value_of_an_axis_of_an_observable_is_looked_at():
    fixed = {"steps": 4, "w": 0.5, "metric": "sign"}
    problems = refused(
        "rnn", observables=["memory_length"], fixed=fixed, varied={"forgotten": [0.1, 1.0, 0.2]}
    )
    assert [problem.place for problem in problems] == ["parameters.forgotten", "parameters.start"]
    assert problems[0].text.startswith("1 is no share")


def test_observables_are_named_once_and_at_least_one():
    with pytest.raises(Refused, match="none are given; name at least one"):
        run("logistic", observables=())
    with pytest.raises(Refused, match="would write one variable twice"):
        run("logistic", observables=("loss", "loss"))


def test_all_faults_are_said_at_once():
    problems = refused(
        "rnn", observables=["loss"], fixed={"zz": 1, "steps": "x", "target": [1]}, varied=["units"]
    )
    places = [problem.place for problem in problems]
    assert places == ["parameters.zz", "axes.units", "parameters.steps", "parameters.target"]


COLUMNS = [
    ({"w": np.ones(3)}, r"given \['w'\], this run varies \['b', 'w'\]"),
    ({"w": np.ones(3), "b": np.ones(3), "u": np.ones(3)}, "this run varies"),
    ({"w": np.ones(3), "b": np.ones(2)}, r"columns of different lengths \[2, 3\]"),
    ({"w": np.ones(0), "b": np.ones(0)}, "no cells; every column needs at least one number"),
]


@pytest.mark.parametrize(("columns", "message"), COLUMNS)
def test_columns_must_be_those_that_were_prepared(columns: dict, message: str):
    with pytest.raises(Refused, match=message):
        run("rnn", varied=["w", "b"]).evaluate(columns)


def test_a_refusal_travels_between_processes():
    refusal = refuse("axes.w", "too long")
    back = pickle.loads(pickle.dumps(refusal))
    assert back.problems == refusal.problems
    assert str(back) == "axes.w: too long"
    assert str(Problem("", "no place")) == "no place"
    assert nearest("tan", ["tanh", "relu"]) == "did you mean 'tanh'? there are: relu, tanh"
    assert nearest("x", []) == "there are none"
