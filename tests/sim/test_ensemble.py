"""Many starts for each cell, starts on a plane, and observables that write several variables."""

import numpy as np
import pytest

from sim import run as running
from sim.cliffs.ensemble import Ensemble
from sim.errors import Refused
from sim.observable import Declared, Reduced
from sim.run import prepare
from sim.setting import Setting


def _plain(facts):
    return Declared(facts.unit, "state", "1", "state at the end", "definition")


LAST = Reduced(_plain, lambda k, p, s: (), lambda k, p, s, a, t: (), lambda k, p, s, a: s)


def _cases():
    yield "logistic", {"steps": 4}, {"r": np.array([2.0, 3.3, 3.9])}
    yield "henon", {"steps": 5}, {"a": np.array([1.0, 1.2, 1.4])}
    network = {"steps": 6, "units": 3, "weights": "gaussian"}
    yield "rnn", network, {"seed": np.array([0, 1, 2]), "weights.gain": np.array([0.5, 1.0, 2.0])}


@pytest.mark.parametrize(("system", "fixed", "columns"), list(_cases()), ids=["number", "pair", "network"])
def test_an_ensemble_is_what_its_members_are_alone(system, fixed, columns):
    run = prepare(system, observables=["final_state"], fixed={**fixed, "start": 0.1}, varied=list(columns))
    n = run.variables[0].shape[0] if run.variables[0].shape else 1
    starts = np.random.default_rng(0).uniform(0.1, 0.4, (3, 5, n))
    together = Ensemble(run._form, [("last", LAST)], fixed["steps"])
    found = together.run(columns, 3, starts)["last"]
    for i in range(3):
        for j in range(5):
            own = {**fixed, "start": tuple(starts[i, j]) if n > 1 else float(starts[i, j, 0])}
            one = prepare(
                system,
                observables=["final_state"],
                fixed={**own, **{k: v[i].item() for k, v in columns.items()}},
            )
            assert np.array_equal(found[i, j].reshape(-1), one.evaluate({})["final_state"].reshape(-1))


def test_copies_may_have_numbers_of_their_own():
    run = prepare("logistic", observables=["final_state"], fixed={"steps": 1, "start": 0.5, "r": 1.0})
    together = Ensemble(run._form, [("last", LAST)], 1, changed=["r"])
    found = together.run({}, 2, np.full((2, 3, 1), 0.5), {"r": np.arange(6.0).reshape(2, 3)})["last"]
    assert np.array_equal(found[..., 0], np.arange(6.0).reshape(2, 3) / 4)


def test_starts_on_a_plane():
    fixed = {"steps": 1, "start": "plane", "units": 3, "weights": "identity", "activation": "identity"}
    given = {"start.first": (1.0, 1.0, 0.0), "start.origin": (0.0, 0.0, 5.0)}
    run = prepare("rnn", observables=["final_state"], fixed={**fixed, **given}, varied=["start.x", "start.y"])
    found = run.evaluate({"start.x": np.array([2.0, 0.0]), "start.y": np.array([0.5, 3.0])})["final_state"]
    assert found.tolist() == [[2.0, 2.5, 5.0], [0.0, 3.0, 5.0]]


def test_a_direction_of_another_length_is_refused():
    fixed = {"steps": 1, "start": "plane", "start.first": (1.0, 0.0), "units": 3}
    with pytest.raises(Refused, match=r"start.first: 2 numbers for a state of 3; write 3"):
        prepare("rnn", observables=["final_state"], fixed=fixed, varied=["start.x"])


THREE = """
import numpy as np
from sim.observable import Coordinate, Declared, Reduced


def declare(facts):
    two = Coordinate("place", np.arange(2), "place", "1")
    meanings = {1: "low", 3: "high"}
    verdict = Declared((), "verdict", "1", "verdict", "definition", "int32", meanings, outcomes={3: 3})
    own = Declared((two,), "squares", "1", "squares", "definition")
    return Declared((), "value", "1", "value", "definition", further={"squares": own, "verdict": verdict})


observable = Reduced(
    declare,
    lambda k, p, s: (),
    lambda k, p, s, a, t: (),
    lambda k, p, s, a: (s, s * s, -s * s, 1.0 + 2.0 * s),
)
"""


def test_an_observable_may_write_several_variables(tmp_path):
    (tmp_path / "three.py").write_text(THREE)
    fixed = {"steps": 1, "start": 0.5}
    run = prepare("logistic", observables=["./three.py"], fixed=fixed, varied=["r"], folder=tmp_path)
    assert [v.name for v in run.variables] == ["three", "squares", "verdict"]
    found = run.evaluate({"r": np.array([0.0, 4.0])})
    assert found["three"].tolist() == [0.0, 1.0]
    assert found["squares"].tolist() == [[0.0, 0.0], [1.0, -1.0]]
    assert found["verdict"].tolist() == [1, 3]
    assert found["outcome"].tolist() == [1, 3]  # the verdict of the second is one that does not count


def test_two_observables_cannot_write_one_variable(monkeypatch):
    setting = Setting("x", None, None, (), {}, frozenset(), None, frozenset(), {}, frozenset(), "x.py")
    d = Declared((), "a", "1", "a", "a", further={"b": Declared((), "b", "1", "b", "b")})
    with pytest.raises(Refused, match="two of them write b"):
        running.Run(None, setting, [("a", d), ("b", Declared((), "b", "1", "b", "b"))], "")
