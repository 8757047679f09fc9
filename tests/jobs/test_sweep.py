"""One sweep has one id, however it was written down."""

import numpy as np
import pytest

import jobs
from jobs.sweep import Sweep, setting
from sim.errors import Refused

TEXT = """
name = "small"
system = "fake"
observables = ["loss", "gradient", "trajectory", "period"]
[axes.w]
stop = 8
num = 33
start = 0
[axes.activation]
values = ["tanh", "relu"]
[axes.b]
start = -1.0
stop = 1.0
num = 20
[parameters]
steps = 3
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "small.toml"
    path.write_text(TEXT)
    return path


def test_a_file_and_a_dictionary_are_the_same_sweep(fake, file, small):
    assert Sweep.read(file).id == Sweep.parse(small).id == Sweep.parse(small, folder=file.parent).id
    assert jobs.Sweep is Sweep


def test_numpy_values_order_of_keys_defaults_and_names_do_not_matter(fake, small):
    sweep = Sweep.parse(small)
    small["axes"]["b"] = {"num": np.int64(20), "stop": np.float64(1), "start": -1, "scale": "linear"}
    small["task"] = "silence"
    small |= {"name": "other", "title": "Another title"}
    assert Sweep.parse(dict(reversed(small.items()))).id == sweep.id
    assert Sweep.parse(small | {"parameters": {"run": {}, "steps": 3}}).id == sweep.id


@pytest.mark.parametrize(
    "change",
    [
        {"axes.w.num": 34},
        {"axes.w.stop": 8.000001},
        {"axes.w.start": 1.0, "axes.w.scale": "log"},
        {"steps": 4},
        {"target": 0.5},
        {"observables": ["loss"]},
        {"axes.activation.values": ["relu", "tanh"]},
    ],
)
def test_what_decides_a_result_decides_the_id(fake, small, change):
    sweep = Sweep.parse(small)
    assert sweep.override(change).id != sweep.id


def test_the_order_of_axes_matters(fake, small):
    axes = small["axes"]
    turned = {"b": axes["b"], "w": axes["w"], "activation": axes["activation"]}
    assert Sweep.parse(small | {"axes": turned}).id != Sweep.parse(small).id
    assert Sweep.parse(small | {"axes": turned}).shape == (20, 33, 2)


def test_plain_data_make_the_same_sweep_again(fake, small):
    sweep = Sweep.parse(small)
    assert Sweep.parse(sweep.data()).canonical == sweep.canonical
    assert Sweep.parse(sweep.data()) == Sweep.parse(Sweep.parse(sweep.data()).data())


def test_groups_dotted_keys_and_bare_names_are_one(fake, small):
    ways = [
        {"weights": {"family": "gaussian", "scale": 1.2}},
        {"weights": "gaussian", "weights.scale": 1.2},
        {"weights": "gaussian", "scale": 1.2},
    ]
    ids = {Sweep.parse(small | {"parameters": {"steps": 3, **way}}).id for way in ways}
    assert len(ids) == 1


def test_an_axis_over_a_groups_key(fake, small):
    for axes in (
        {"weights.scale": {"values": [1, 2]}},
        {"scale": {"values": [1, 2]}},
        {"weights": {"scale": {"values": [1, 2]}}},
    ):
        sweep = Sweep.parse(small | {"axes": axes, "parameters": {"w": 1.0}})
        assert (sweep.axes[0].path, sweep.axes[0].dim) == ("weights.scale", "scale")
    both = {"weights.gain": {"values": [1, 2]}, "task.gain": {"values": [1, 2]}}
    sweep = Sweep.parse(small | {"axes": both, "parameters": {"w": 1.0}})
    assert [axis.dim for axis in sweep.axes] == ["weights_gain", "task_gain"]


def test_values_of_axes(fake, small):
    small["axes"] = {
        "w": {"start": 1, "stop": 100, "num": 3, "scale": "log"},
        "seed": {"start": 0, "stop": 4, "num": 5},
        "b": {"start": 1.0, "stop": -1.0, "num": 3},
        "activation": {"values": ["relu", "tanh"]},
    }
    w, seed, b, activation = Sweep.parse(small).axes
    np.testing.assert_allclose(w.values, [1, 10, 100])
    assert seed.values.dtype == np.int64
    assert b.values.tolist() == [1.0, 0.0, -1.0]
    assert activation.values.tolist() == ["relu", "tanh"]
    assert activation.is_word


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name=x", ("name", "x")),
        ("axes.w.num=64", ("axes.w.num", 64)),
        ("target = 1e-3", ("target", 1e-3)),
        ('title="a b"', ("title", "a b")),
        ("system=./mine.py", ("system", "./mine.py")),
        ('observables=["loss"]', ("observables", ["loss"])),
        ("flag=true", ("flag", True)),
        ("axes.seed={values=[0, 1]}", ("axes.seed", {"values": [0, 1]})),
    ],
)
def test_settings_of_the_command_line(text, expected):
    assert setting(text) == expected


def test_settings_reach_any_key(fake, file):
    changes = {"name": "x", "axes.w.num": 5, "target": 0.1, "axes.seed": {"values": [7, 8]}}
    sweep = Sweep.read(file, changes)
    assert sweep.name == "x"
    assert sweep.shape == (5, 2, 20, 2)
    assert sweep.parameters["target"] == 0.1
    assert sweep.folder == file.parent


def test_shipped_sweeps_are_found_by_bare_name_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sweep = Sweep.read("pascanu-cliff")
    assert sweep.shape == (512, 512)
    assert [axis.dim for axis in sweep.axes] == ["w", "b"]


def test_a_task_may_have_a_group_of_keywords():
    """`reversed` takes those of the task it turns: as a table, dotted or bare they are one sweep."""
    given = {"name": "turned", "system": "rnn", "task": "reversed", "observables": ["final_state"]}
    given["axes"] = {"w": {"values": [0.5, 1.5]}}
    spellings = [
        {"steps": 20, "of": {"family": "copy", "gap": 5, "length": 3}},
        {"steps": 20, "of": "copy", "of.gap": 5, "of.length": 3},
        {"steps": 20, "of": "copy", "gap": 5, "length": 3},
    ]
    sweeps = [Sweep.parse({**given, "parameters": parameters}) for parameters in spellings]
    assert len({sweep.id for sweep in sweeps}) == 1
    assert sweeps[0].parameters == {"steps": 20, "of": "copy", "of.gap": 5, "of.length": 3}
    swept = Sweep.parse({**given, "parameters": {"steps": 20}, "axes": {"gap": {"values": [1, 2, 9]}}})
    assert (swept.axes[0].path, swept.axes[0].dim) == ("of.gap", "gap")
    with pytest.raises(Refused, match=r"parameters.gap: unknown"):
        Sweep.parse({**given, "parameters": {"steps": 20, "of": "parity", "gap": 5}})
