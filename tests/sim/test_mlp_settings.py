"""What a layered network declares, and which settings it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from sim.errors import Refused
from sim.labels import matrix, neuron
from sim.names import find
from sim.observable import Facts
from sim.run import prepare
from sim.vocabulary import keywords
from tests.sim.test_mlp import ALL, SMALL, run

# ---- declarations and refusals ----------------------------------------------------------------------


def test_its_own_defaults():
    known = keywords("mlp", observables=["gradient_norm"])
    assert known["steps"].default == 1
    assert known["criterion"].default == "cross_entropy"
    assert keywords("rnn", observables=["gradient_norm"])["criterion"].default == "squared_error"


def test_dimensions_of_layers_and_of_recurrent_networks():
    made = run(**SMALL)
    dims = {variable.name: variable.dims for variable in made.variables}
    assert dims == dict.fromkeys(ALL, ("layer",)) | {"loss": (), "neuron_gradient_norm": ("layer", "neuron")}
    recurrent = Facts(5, 3, ("W", "U", "b"), None, {"W": (5, 5), "U": (5, 2), "b": (5,)})
    assert list(matrix(recurrent).values) == ["W", "U"]
    assert list(neuron(recurrent).values) == [0, 1, 2, 3, 4]
    declared = {name: find("sim.observables", name).observable.declare for name in ALL[2:]}
    assert [c.name for c in declared["neuron_gradient_norm"](recurrent).coordinates] == ["matrix", "neuron"]
    assert [c.name for c in declared["dead_fraction"](recurrent).coordinates] == ["matrix"]
    for name in ("delta_norm", "activation_norm"):
        with pytest.raises(
            Refused, match=f"{name} has one number for each layer; a recurrent network has none"
        ):
            declared[name](recurrent)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"layers": 0}, "parameters.layers: 0 layers; write 1 or more"),
        ({"width": -3}, "parameters.width: -3 neurons; write 1 or more"),
        ({"batch": 0}, "parameters.batch: 0 images; write 1 or more"),
        ({"image": -1}, "parameters.image: images -1 to 126 of 1797"),
        ({"image": 1790}, "parameters.image: images 1790 to 1917 of 1797"),
        ({"activation": "tanhh"}, "did you mean 'tanh'"),
        ({"weights": "xaver"}, "did you mean 'xavier'"),
        ({"b": [1.0, 2.0]}, "parameters.b: a list; write a number for all neurons"),
        ({"b": "uniform"}, "did you mean 'uniform_fan_in'"),
        ({"criterion": "hinge"}, "parameters.criterion"),
        ({"images": "mnist"}, "parameters.images"),
        ({"steps": 3}, "parameters.steps: .* is for recurrent networks"),
        ({"start": 1.0}, "parameters.start: .* leave it out"),
        ({"target": 0.3}, "parameters.target: .* is for recurrent networks"),
        ({"weights__scale": 0.1}, "parameters.weights.scale: unknown keyword"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, Any], said: str):
    with pytest.raises(Refused, match=said):
        run(**settings)


def test_all_faults_at_once_and_those_of_axes():
    with pytest.raises(Refused) as refusal:
        run(layers=0, width=0, batch=0)
    assert [problem.place for problem in refusal.value.problems] == [
        "parameters.layers",
        "parameters.width",
        "parameters.batch",
    ]
    with pytest.raises(Refused, match="0 images"):
        run(varied={"batch": [64, 0]})
    with pytest.raises(Refused, match="images 0 to 1799"):
        run(varied={"batch": [64, 1800]})
    with pytest.raises(Refused, match=r"parameters.start: .* is for recurrent networks"):
        run(varied={"start": [0.0, 1.0]})


@pytest.mark.parametrize("name", ["trajectory", "final_state", "norm", "gradient_through_time", "gradient"])
def test_observables_of_time_are_refused(name: str):
    with pytest.raises(Refused, match=f"observables: {name} is of a run over time"):
        run(name)


def test_a_task_is_refused():
    with pytest.raises(Refused, match="task: 'mlp' chooses its own images"):
        prepare("mlp", task="impulse", observables=["loss"], fixed={})
