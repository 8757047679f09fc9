"""What is wrong is refused before anything runs, all at once, each fault with its place and its cure."""

import time
from types import SimpleNamespace

import pytest

import jobs
from jobs.document import toml
from jobs.sweep import Sweep, setting
from sim.errors import Refused

NAN, INF = float("nan"), float("inf")
W = {"start": 0.0, "stop": 1.0, "num": 4}

# (what is changed in a good sweep, the place, words of the message)
ROWS = [
    ({"sweeep": 1}, "sweeep", "unknown key"),
    ({"observable": ["loss"]}, "observable", "did you mean 'observables'"),
    ({"name": "../x"}, "name", "'../x' given"),
    ({"name": "/etc"}, "name", "small letter"),
    ({"name": "<img src=x>"}, "name", "'<img src=x>'"),
    ({"name": 'a"b'}, "name", "given"),
    ({"name": "a\x00b"}, "name", r"'a\x00b'"),
    ({"name": "a\n"}, "name", r"'a\n'"),
    ({"name": "-rf"}, "name", "given"),
    ({"name": "CON"}, "name", "given"),
    ({"name": "名前"}, "name", r"\u540d"),
    ({"name": "x" * 300}, "name", "..."),
    ({"name": 7}, "name", "7 given"),
    ({"name": None}, "name", "None given"),
    ({"title": "x" * 201}, "title", "200"),
    ({"title": "two\nlines"}, "title", "one line"),
    ({"title": "\x1b[31mred"}, "title", r"\x1b"),
    ({"system": ["fake"]}, "system", "name of a system"),
    ({"system": "fak"}, "system", "did you mean 'fake'"),
    ({"system": "x\x00y"}, "system", "given"),
    ({"observables": []}, "observables", "at least one"),
    ({"observables": "loss"}, "observables", "a list"),
    ({"observables": ["los"]}, "observables", "los"),
    ({"observables": ["loss", "loss"]}, "observables", "twice"),
    ({"observables": [1]}, "observables[0]", "1 given"),
    ({"parameters": {"targt": 0.5}}, "parameters.targt", "did you mean 'target'"),
    ({"parameters": {"target": "high"}}, "parameters.target", "finite number"),
    ({"parameters": {"target": NAN}}, "parameters.target", "nan given"),
    ({"parameters": {"target": -INF}}, "parameters.target", "-inf given"),
    ({"parameters": {"target": True}}, "parameters.target", "True given"),
    ({"parameters": {"target": [1.0]}}, "parameters.target", "[1.0] given"),
    ({"parameters": {"target": 10**5000}}, "parameters.target", "digits"),
    ({"parameters": {"steps": 10.0}}, "parameters.steps", "integer"),
    ({"parameters": {"steps": 2**70}}, "parameters.steps", "integer"),
    ({"parameters": {"seed": "0"}}, "parameters.seed", "integer"),
    ({"parameters": {"activation": "tahn"}}, "parameters.activation", "did you mean 'tanh'"),
    ({"parameters": {"activation": 1}}, "parameters.activation", "word"),
    ({"parameters": {"flag": 1}}, "parameters.flag", "true or false"),
    ({"parameters": {"c": [0.0, INF]}}, "parameters.c", "finite"),
    ({"parameters": {"start": {"a": {"b": 1}}}}, "parameters.start.a.b", "unknown"),
    ({"parameters": {"gain": 1.0}}, "parameters.gain", "ambiguous; write one of task.gain, weights.gain"),
    ({"parameters": {"w": 1.0}}, "axes.w", "given twice"),
    ({"parameters": {"scale": 1.0, "weights.scale": 2.0}}, "parameters.weights.scale", "given twice"),
    ({"parameters": {"units": 0}}, "parameters.units", "at least 1"),
    ({"parameters": [1]}, "parameters", "a table"),
    ({"parameters": {"<script>": 1}}, "parameters.<script>", "unknown"),
    ({"axes": {}}, "parameters.w", "is missing"),
    ({"axes": [1]}, "axes[0]", "not a table"),
    ({"axes": "w"}, "axes", "a table for each axis"),
    ({"axes": {"w": 3}}, "axes.w", "an axis is a table"),
    ({"axes": {"w": {}}}, "axes.w.start", "is missing"),
    ({"axes": {"w": W | {"num": 0}}}, "axes.w.num", "0 given; write an integer from 2"),
    ({"axes": {"w": W | {"num": 1}}}, "axes.w.num", "1 given"),
    ({"axes": {"w": W | {"num": -1}}}, "axes.w.num", "-1 given"),
    ({"axes": {"w": W | {"num": 1.5}}}, "axes.w.num", "1.5 given"),
    ({"axes": {"w": W | {"num": 3.0}}}, "axes.w.num", "3.0 given"),
    ({"axes": {"w": W | {"num": "3"}}}, "axes.w.num", "'3' given"),
    ({"axes": {"w": W | {"num": True}}}, "axes.w.num", "True given"),
    ({"axes": {"w": W | {"num": 10**12}}}, "axes.w.num", "1000000000000 given"),
    ({"axes": {"w": W | {"start": NAN}}}, "axes.w.start", "nan given; write a finite number"),
    ({"axes": {"w": W | {"stop": INF}}}, "axes.w.stop", "inf given"),
    ({"axes": {"w": W | {"stop": 0.0}}}, "axes.w", "must differ"),
    ({"axes": {"w": W | {"stop": 1e308, "start": -1e308}}}, "axes.w", "wider than numbers"),
    ({"axes": {"w": {"start": 1.0, "stop": 1.0 + 1e-15, "num": 1000}}}, "axes.w.num", "closer than"),
    (
        {"axes": {"w": {"start": 1.0, "stop": 1.0 + 1e-15, "num": 1000, "scale": "log"}}},
        "axes.w.num",
        "closer than",
    ),
    ({"axes": {"w": {"values": [2**53, 2**53 + 1]}}}, "axes.w.values", "1 of 2 values lie closer than"),
    ({"axes": {"w": W | {"scale": "log"}}}, "axes.w.start", "above zero"),
    ({"axes": {"w": {"start": 1.0, "stop": -1.0, "num": 3, "scale": "log"}}}, "axes.w.stop", "above zero"),
    ({"axes": {"w": W | {"scale": "cubic"}}}, "axes.w.scale", "'cubic' given"),
    ({"axes": {"w": W | {"nmu": 3}}}, "axes.w.nmu", "did you mean 'num'"),
    ({"axes": {"w": W | {"values": [1]}}}, "axes.w", "either values or start"),
    ({"axes": {"w": W | {"values": [1]}}}, "axes.w", "--set axes.w={values=[0, 1]} replaces all of it"),
    ({"axes": {"w": {"values": []}}}, "axes.w.values", "[] given"),
    ({"axes": {"w": {"values": 3}}}, "axes.w.values", "3 given"),
    ({"axes": {"w": {"values": [1, 1.0]}}}, "axes.w.values", "stands there twice"),
    ({"axes": {"w": {"values": [0.0, NAN]}}}, "axes.w.values[1]", "nan given"),
    ({"axes": {"w": {"values": [NAN, 0.0]}}}, "axes.w.values[0]", "nan given"),
    ({"axes": {"w": {"values": [0.0, "a"]}}}, "axes.w.values[1]", "'a' given"),
    ({"axes": {"w": {"values": ["a", "b"]}}}, "axes.w.values[0]", "finite number"),
    ({"axes": {"w": {"values": [[1]]}}}, "axes.w.values[0]", "[1] given"),
    ({"axes": {"w": W, "activation": {"values": ["tanh", "<b>"]}}}, "axes.activation.values[1]", "'<b>'"),
    ({"axes": {"w": W, "activation": {"values": ["tanh", "tanh"]}}}, "axes.activation.values", "twice"),
    ({"axes": {"w": W, "activation": W}}, "axes.activation", "values"),
    ({"axes": {"w": W, "seed": {"values": [0.5]}}}, "axes.seed.values[0]", "integer"),
    ({"axes": {"w": W, "seed": {"start": 0, "stop": 1, "num": 3}}}, "axes.seed", "integer"),
    ({"axes": {"w": W, "seed": {"values": [2**80]}}}, "axes.seed.values", "64 bits"),
    ({"parameters": {}, "axes": {"w": W, "steps": {"values": [10, 20]}}}, "axes.steps", "changes the shape"),
    ({"axes": {"w": W, "bb": W}}, "axes.bb", "unknown"),
    ({"axes": {"w": W, "gain": W}}, "axes.gain", "ambiguous"),
    (
        {"axes": {"w": W | {"num": 10**6}, "b": W | {"num": 10**6}}},
        "axes",
        "1,000,000,000,000 cells (at least 8,000 GB",
    ),
    ({"axes": {f"a{i}": W for i in range(33)}}, "axes", "33 axes given"),
]


@pytest.mark.parametrize(("change", "place", "text"), ROWS, ids=[f"{row[1]}-{row[2][:12]}" for row in ROWS])
def test_one_fault_one_message_nothing_written(fake, small, root, change, place, text):
    small["axes"] = {"w": dict(W)}
    with pytest.raises(Refused) as refusal:
        jobs.run(small | change, root=root, progress=False)
    problems = refusal.value.problems
    assert any(problem.place == place and text in problem.text for problem in problems), str(refusal.value)
    assert not root.exists()
    for problem in problems:
        line = str(problem)
        assert len(line) < 500
        assert line.isprintable()


def test_all_faults_are_named_at_once(fake, small, root):
    small |= {"name": "A", "sytem": 1, "observables": ["nothing"]}
    small["axes"]["w"]["num"] = 0
    small["axes"]["b"]["stop"] = NAN
    with pytest.raises(Refused) as refusal:
        jobs.run(small, root=root)
    places = {problem.place for problem in refusal.value.problems}
    assert {"name", "sytem", "axes.w.num", "axes.b.stop"} <= places
    small |= {"name": "a"}
    del small["sytem"]
    small["observables"] = ["loss"]
    small["axes"] = {"w": W | {"num": 0}, "zz": W}
    small["parameters"] = {"targt": 1.0, "steps": 1.5}
    with pytest.raises(Refused) as refusal:
        jobs.run(small, root=root)
    places = {problem.place for problem in refusal.value.problems}
    assert {"axes.w.num", "axes.zz", "parameters.targt", "parameters.steps"} <= places


def test_what_is_right_is_not_called_wrong(fake, small):
    """A list is of numbers or of words; that its numbers are no words is no fault."""
    for values, wrong in (([0.0, NAN, 2.0], [1]), (["tanh", 1.0], [1]), ([NAN, "a", 0], [0, 1])):
        with pytest.raises(Refused) as refusal:
            Sweep.parse(small | {"axes": {"w": {"values": values}}})
        places = [problem.place for problem in refusal.value.problems]
        assert places == [f"axes.w.values[{place}]" for place in wrong]


def test_what_cannot_be_an_axis_is_not_told_to_be_one():
    sweep = {"name": "a", "system": "rnn", "observables": ["loss"], "axes": {"b": W}}
    with pytest.raises(Refused) as refusal:
        Sweep.parse(sweep)
    (problem,) = refusal.value.problems
    assert problem.place == "parameters.steps"
    assert problem.text.endswith("write steps = … under [parameters]")


@pytest.mark.parametrize("key", ["axes", "parameters"])
def test_a_whole_table_is_not_set(fake, small, key):
    with pytest.raises(Refused, match=f"--set: {key} is a table; set what stands in it, as in --set {key}"):
        Sweep.parse(small).override({key: 5})


def test_a_whole_number_of_the_users_file_is_no_shape(tmp_path):
    text = (
        "from typing import NamedTuple\nfrom sim.generic import step\nclass P(NamedTuple):\n    n: int = 1\n"
    )
    (tmp_path / "mine.py").write_text(text + "@step.register\ndef _(p: P, s, x): return p.n * s\n")
    raw = {"name": "a", "system": "./mine.py", "observables": ["final_state"], "parameters": {"steps": 1}}
    with pytest.raises(Refused, match=r"axes\.n: n is a whole number, .* write n: float in your file"):
        Sweep.parse(raw | {"axes": {"n": {"values": [1, 2]}}}, folder=tmp_path)


def test_a_mark_before_the_text_is_no_fault(fake, small, tmp_path):
    file = tmp_path / "marked.toml"
    text = 'name = "a"\nsystem = "fake"\nobservables = ["loss"]\n[axes.w]\nvalues = [1]\n'
    file.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert Sweep.read(file).name == "a"


def test_wrong_types_of_arguments_are_refused(fake, small, root):
    with pytest.raises(Refused, match="sweep: None given; write the name or the path"):
        jobs.run(None, root=root)
    with pytest.raises(Refused, match="--workers: '2' given; write a number from 1"):
        jobs.run(small, root=root, workers="2")


def test_missing_keys_are_named(fake):
    with pytest.raises(Refused) as refusal:
        Sweep.parse({})
    assert {problem.place for problem in refusal.value.problems} == {"name", "system", "observables"}


FILES = {
    "not TOML": ("name = ", "is not TOML"),
    "duplicate key": ('name = "a"\nname = "b"\n', "line 2"),
    "deep": ("a = " + "[" * 100_000, "nested"),
    "deep but closed": ("[parameters]\nw = " + "[" * 50 + "]" * 50, "nested more than"),
    "large": ("#" * (2**20 + 1), "at most 1048576"),
    "many digits": ("seed = " + "9" * 10_000, "not TOML"),
    "binary": ("\udcff\udcfe", "not UTF-8"),
}


@pytest.mark.parametrize("kind", FILES)
def test_files_that_are_not_sweeps(fake, tmp_path, kind):
    text, said = FILES[kind]
    file = tmp_path / "wrong.toml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    start = time.perf_counter()
    with pytest.raises(Refused, match=said):
        Sweep.read(file)
    assert time.perf_counter() - start < 2


@pytest.mark.parametrize(
    "source", ["nope", "./nope.toml", "http://x/y.toml", "", "x" * 5000, "a\x00b", "pascanu-clif"]
)
def test_sweeps_that_are_not_there(source):
    with pytest.raises(Refused):
        Sweep.read(source)


@pytest.mark.parametrize("text", ["x", "=3", "x=", "x=1\ny=2", "x=[", "x=a b", "x='''"])
def test_settings_that_are_not_settings(text):
    with pytest.raises(Refused, match="--set"):
        setting(text)


@pytest.mark.parametrize("workers", [0, -1, 99999])
def test_numbers_of_workers(fake, small, root, workers):
    with pytest.raises(Refused, match="--workers"):
        jobs.run(small, root=root, workers=workers)
    assert not root.exists()


@pytest.mark.parametrize("executor", ["http://x", "thread", "tcp//x"])
def test_executors_that_are_none(fake, small, root, executor):
    with pytest.raises(Refused, match="given; write"):
        jobs.run(small, root=root, executor=executor)
    assert not root.exists()


def test_what_does_not_fit_on_the_disk_is_refused_with_numbers(fake, small, root, monkeypatch):
    import shutil

    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=30_000))
    with pytest.raises(Refused, match=r"1,320 cells need .* kB, half the free disk"):
        jobs.run(small, root=root)
    assert not root.exists()


def test_a_root_that_is_a_file_or_read_only(fake, small, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(Refused, match="is a file"):
        jobs.run(small, root=tmp_path / "file")
    with pytest.raises(Refused, match="not the path"):
        jobs.run(small, root="a\x00b")


def test_a_million_cells_of_planning_is_instant(fake, small):
    start = time.perf_counter()
    with pytest.raises(Refused):
        Sweep.parse(small | {"axes": {"w": W | {"num": 10**7}, "b": W | {"num": 10**7}}})
    assert time.perf_counter() - start < 0.5


def test_toml_of_a_setting_cannot_smuggle_keys():
    assert toml("value = 1", "x") == {"value": 1}


def test_only_what_is_wrong_in_a_list_is_called_wrong():
    good = {"name": "a", "system": "lstm", "observables": ["loss"], "parameters": {"units": 3, "steps": 5}}
    with pytest.raises(Refused) as refusal:
        Sweep.parse(good | {"axes": {"b_i": {"values": [0.0, INF]}}})
    assert [problem.place for problem in refusal.value.problems] == ["axes.b_i.values[1]"]
    with pytest.raises(Refused, match="a flag cannot be an axis") as refusal:
        Sweep.parse(good | {"axes": {"coupled": {"values": [True, False]}}})
    assert [problem.place for problem in refusal.value.problems] == ["axes.coupled.values"]


def test_what_belongs_to_a_wrong_word_is_not_called_unknown():
    raw = {"name": "a", "system": "stacked", "observables": ["loss"]}
    raw |= {
        "parameters": {"cell": "lstn", "cell.units": 3, "steps": 5},
        "axes": {"cell.b_f": {"values": [0.0]}},
    }
    with pytest.raises(Refused, match="did you mean 'lstm'") as refusal:
        Sweep.parse(raw)
    assert [problem.place for problem in refusal.value.problems] == ["parameters.cell"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"root": None}, "--root: None given"),
        ({"root": 3}, "--root: 3 given"),
        ({"executor": None}, "'None' given"),
        ({"changes": ["a"]}, r"changes: \['a'\] given; write a dictionary"),
        ({"changes": {1: 2}}, "changes: {1: 2} given"),
        ({"workers": "2"}, "--workers: '2' given"),
    ],
)
def test_wrong_arguments_in_python_are_refused(fake, small, root, given, said):
    with pytest.raises(Refused, match=said):
        jobs.run(small, **({"root": root, "progress": False} | given))


def test_a_plan_takes_what_a_run_takes(fake, small):
    import numpy as np

    from jobs.planning import workers_here

    assert jobs.plan(small).grid == jobs.plan(jobs.Sweep.parse(small)).grid
    assert workers_here(np.int64(1)) == 1


def test_a_path_that_is_no_python_file_is_said_to_be_none():
    raw = {"name": "a", "system": "../up/down", "observables": ["loss"]}
    with pytest.raises(Refused, match=r"the path of no Python file: such a path ends in \.py"):
        jobs.Sweep.parse(raw)
