"""Tasks in runs: networks whose weights solve a task have no loss, whatever a task's keywords are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.draws import Draw
from sim.errors import Refused
from sim.names import find
from sim.run import prepare
from sim.signature import filled

SEEDS = np.arange(5)
LINEAR = {"activation": "identity", "weights": "matrix", "input_weights": "matrix", "readout": "matrix"}


def loss(task: str, given: dict[str, Any], columns: dict[str, Any], steps: int = 12) -> np.ndarray:
    fixed = {"steps": steps, **LINEAR, **given}
    run = prepare("rnn", task=task, observables=["loss"], fixed=fixed, varied=columns)
    return run.evaluate({name: np.asarray(column) for name, column in columns.items()})["loss"]


def shift(places: int) -> dict[str, Any]:
    """A shift register: unit i holds the input of i + 1 steps ago."""
    return {
        "units": places,
        "weights.matrix": np.eye(places, k=-1).tolist(),
        "input_weights.matrix": np.eye(places, 1).tolist(),
        "outputs": 1,
    }


@pytest.mark.parametrize("delay", [0, 1, 4])
def test_a_shift_register_recalls(delay: int):
    """What a state should tell is told by the unit that holds it: inputs, states and targets are aligned."""
    places = 6
    for readout in range(places):
        weights = shift(places) | {
            "delay": delay,
            "readout.matrix": np.eye(places)[readout : readout + 1].tolist(),
        }
        found = loss("delayed_recall", weights, {"seed": SEEDS})
        assert (found == 0.0).all() if readout == delay else (found > 0.1).all()


def test_an_axis_of_delays():
    weights = shift(6) | {"readout.matrix": np.eye(6)[2:3].tolist()}
    found = loss("delayed_recall", weights, {"delay": [0, 1, 2, 3, 4], "seed": SEEDS})
    assert (found == 0.0).tolist() == [False, False, True, False, False]


def test_one_unit_recalls_too():
    fixed = {"steps": 9, "w": 0.0, "activation": "identity", "delay": 0, "amplitude": 0.3}
    run = prepare("rnn", task="delayed_recall", observables=["loss"], fixed=fixed, varied=["seed"])
    assert (run.evaluate({"seed": SEEDS})["loss"] == 0.0).all()


def test_a_counter_knows_how_many_braces_are_open():
    """Two sums, of opening and of closing braces; depth 1 is their difference, depth 0 is 1 less that."""
    weights = {
        "units": 2,
        "weights.matrix": np.eye(2).tolist(),
        "input_weights.matrix": [[0, 0, 1, -1], [0, 0, -1, 1]],
        "start": (0.0, 1.0),
        "letters": 2,
        "outputs": 2,
        "readout.matrix": [[0, 1], [1, 0]],
    }
    assert (loss("brackets", weights, {"seed": SEEDS}, steps=100) == 0.0).all()


def test_latches_know_the_pattern_over_any_gap():
    weights = {
        "units": 3,
        "classes": 3,
        "weights.matrix": np.eye(3).tolist(),
        "input_weights.matrix": np.eye(3, 4).tolist(),
        "outputs": 3,
        "readout.matrix": np.eye(3).tolist(),
    }
    gaps = {"gap": [0, 3, 10, 50, 90], "seed": SEEDS}
    assert (loss("pattern_gap", weights, gaps, steps=92) == 0.0).all()
    assert (loss("pattern_gap", weights | {"distractors": 1.0}, gaps, steps=92) > 0.0).tolist() == [False] + [
        True
    ] * 4


def test_a_register_copies_what_is_not_reversed():
    """Three symbols, no gap: a shift register of one-hot rows tells what was shown three steps ago.

    Of the reversed input the last comes first: the k-th was shown 2k - 1 steps ago, which no one delay tells.
    """
    length, symbols = 3, 2
    wide = (symbols + 2) * (length + 1)
    weights = {
        "units": wide,
        "weights.matrix": np.eye(wide, k=-(symbols + 2)).tolist(),
        "input_weights.matrix": np.eye(wide, symbols + 2).tolist(),
        "outputs": symbols + 1,
        "readout.matrix": np.eye(symbols + 1, wide, k=wide - symbols - 2).tolist(),
    }
    steps, given = 2 * length, {"length": length, "symbols": symbols, "gap": 0}
    at_the_end = {"loss_from": steps - length + 1}
    assert (loss("copy", weights | given | at_the_end, {"seed": SEEDS}, steps) == 0.0).all()
    turned = {"of": "copy"} | {f"of.{key}": value for key, value in given.items()} | at_the_end
    assert loss("reversed", weights | turned, {"seed": np.arange(30)}, steps).max() > 0.0


@pytest.mark.parametrize("gap", [0, 2])
def test_reversed_reaches_the_inner_tasks_keywords(gap: int):
    """The loss of a run, from its own trajectory and the task's targets."""
    given = {"of": "copy", "of.gap": gap, "of.length": 3, "of.symbols": 2}
    fixed = {"steps": 9, "units": 3, **given}
    run = prepare("rnn", task="reversed", observables=["loss", "trajectory"], fixed=fixed, varied=["seed"])
    found = run.evaluate({"seed": SEEDS})
    task = find("sim.tasks", "reversed")
    y = task.targets(filled(task.Keywords, given), 9, Draw(SEEDS, "inputs"))
    np.testing.assert_allclose(found["loss"], np.square(found["trajectory"] - y)[:, 1:].sum(axis=(1, 2)))


def test_an_axis_whose_ends_do_not_fit_is_refused():
    fixed = {"steps": 12, "units": 2}
    run = prepare("rnn", task="pattern_gap", observables=["loss"], fixed=fixed, varied=["gap"])
    with pytest.raises(Refused, match=r"12 steps are too few .* write 13 or more"):
        run.evaluate({"gap": np.array([0, 5, 11])})
