"""Read-outs, criteria and the times that count: losses and gradients against plain NumPy and differences;
what does not fit is refused with one clear message."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from sim.draws import Draw
from sim.errors import Refused
from sim.generic import output
from sim.names import find
from sim.run import Run, prepare
from sim.signature import filled
from tests.sim.plain import Cell, cell, differences, numbers, replaced, shaped
from tests.sim.reference import states

V = 0.3 * np.arange(-7.0, 8.0).reshape(5, 3)
SEEDS = np.array([4, 7])
COPY = {"symbols": 4, "length": 2, "gap": 3, "steps": 7, "outputs": 5, "criterion": "cross_entropy"}


@cache
def run(system: str = "gru") -> Run:
    """A small network that copies, with a read-out of its own and softmax."""
    fixed = {"units": 3, "start": "gaussian", "readout": "matrix", "readout.matrix": V.tolist()}
    return prepare(
        system, task="copy", observables=["loss", "gradient_norm"], fixed=fixed | COPY, varied=["seed"]
    )


def goals(made: Run, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The targets and the times that count."""
    task = find("sim.tasks", "copy")
    k = filled(task.Keywords, made.setting.values)
    return task.targets(k, COPY["steps"], Draw(seed, "inputs"))[0], task.when(k, COPY["steps"])


def entropy(c: Cell, read: np.ndarray, bias: np.ndarray, seed: int) -> Any:
    """The cross-entropy of softmax over the times that count, in plain NumPy."""
    y, counts = goals(run(), seed)
    total = np.longdouble(0.0)
    for t, s in enumerate(states(c)):
        z = read @ output(c.pack, shaped(c, s)) + bias
        total += counts[t] * (np.log(np.sum(np.exp(z - z.max()))) + z.max() - z @ y[t])
    return total


def test_cross_entropy_of_a_linear_read_out_is_that_of_plain_numpy():
    """Rows 133, 134, 136."""
    found = run().evaluate({"seed": SEEDS})
    for i, seed in enumerate(SEEDS):
        c = cell(run(), {"seed": SEEDS}, i, np.longdouble)
        wanted = entropy(c, V, np.zeros(5), seed)
        np.testing.assert_allclose(found["loss"][i], float(wanted), rtol=1e-13)


def slopes(c: Cell, seed: int) -> dict[str, np.ndarray]:
    """The gradient with respect to everything, by differences of the whole run's loss."""
    read, bias = V.astype(np.longdouble), np.zeros(5, dtype=np.longdouble)

    def of(label: str) -> np.ndarray:
        def loss(y: np.ndarray) -> np.ndarray:
            own = c._replace(pack=replaced(c.pack, label, y))
            return np.atleast_1d(entropy(own, read, bias, seed))

        return differences(loss, numbers(c.pack)[label].reshape(-1))

    found = {label: of(label) for label in numbers(c.pack)}
    found["readout.V"] = differences(
        lambda y: np.atleast_1d(entropy(c, y.reshape(5, 3), bias, seed)), read.reshape(-1)
    )
    found["readout.c"] = differences(lambda y: np.atleast_1d(entropy(c, read, y, seed)), bias)
    return found


def test_gradients_reach_the_read_out_and_the_cell():
    found = run().evaluate({"seed": SEEDS})["gradient_norm"]
    labels = [str(label) for label in run().coordinates[0].values]
    assert labels[-2:] == ["readout.V", "readout.c"]
    for i, seed in enumerate(SEEDS):
        wanted = slopes(cell(run(), {"seed": SEEDS}, i, np.longdouble), seed)
        norms = [float(np.sqrt(np.sum(wanted[label] ** 2))) for label in labels]
        np.testing.assert_allclose(found[i], norms, rtol=1e-10, atol=1e-13)


def test_uniform_logits_cost_log_k_at_every_time_that_counts():
    """Row 136: ln k per step where the read-out says nothing."""
    fixed = {"units": 3, "readout": "ones", "readout.scale": 0.0} | COPY
    made = prepare("gru", task="copy", observables=["loss"], fixed=fixed)
    _, counts = goals(run(), 0)
    np.testing.assert_allclose(made.evaluate({})["loss"], counts.sum() * np.log(5), rtol=1e-14)


REFUSED = [
    ("rnn", "silence", {"outputs": 3}, "parameters.outputs", "nothing to compare the outputs with"),
    ("rnn", "silence", {"criterion": "cross_entropy"}, "parameters.criterion", "has no targets"),
    ("rnn", "copy", {"outputs": 3}, "parameters.outputs", "write outputs = "),
    ("rnn", "copy", {}, "parameters.outputs", "for a linear read-out"),
    ("rnn", "silence", {"outputs": -1, "target": 0.0}, "parameters.outputs", "write 1 or more"),
    ("rnn", "silence", {"truncation": 9}, "parameters.truncation", "write 1 to 8"),
    ("lstm", "silence", {"force_f": 1.5}, "parameters.force_f", "0 .*1"),
    ("stacked", "silence", {"cell": "logistic"}, "parameters.cell", "there are: "),
    ("stacked", "silence", {"cell": "nonsense"}, "parameters.cell", "there are: "),
    ("stacked", "silence", {"cell": "gru", "layers": 0}, "parameters.layers", "write 1 or more"),
    ("bidirectional", "silence", {"cell": "gru", "loss_from": 0}, "parameters.loss_from", "loss_from = 8"),
    ("bidirectional", "copy", COPY | {"cell": "gru"}, "parameters.loss_from", "loss_from = 7"),
]


@pytest.mark.parametrize(("system", "task", "settings", "place", "message"), REFUSED)
def test_what_does_not_fit_is_refused(system: str, task: str, settings: dict, place: str, message: str):
    wide = {} if "cell" in settings else {"units": 3}
    wide |= {"cell.units": 3} if settings.get("cell") == "gru" else {}
    steps = COPY["steps"] if task == "copy" else 8
    own = {"symbols": 4, "length": 2, "gap": 3} if task == "copy" else {}
    with pytest.raises(Refused, match=message) as refusal:
        prepare(
            system,
            task=task,
            observables=["gradient_norm"],
            fixed={"steps": steps} | wide | own | settings,
        )
    assert refusal.value.problems[0].place.startswith(place)
