"""The words of a sweep: every leaf says what its keywords are, and clashes are refused."""

from __future__ import annotations

import inspect
import itertools
import typing
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
import pytest

from sim.errors import Refused
from sim.names import find, listing
from sim.observable import (
    Backward,
    Forward,
    Norms,
    Pulled,
    Reduced,
    Sampled,
    Shadow,
    Stepped,
    Whole,
)
from sim.run import prepare
from sim.signature import REQUIRED, About, Family, described, kind_of
from sim.vocabulary import builder, keywords
from tests.sim.cases import ELSEWHERE, applicable, cases

OF_LAYERS = ("activation_norm", "delta_norm")
# what analyses need, where a logistic map alone is not enough
OWN_SYSTEM = {"escape_smooth": "complex_quadratic", "vector_field": "henon"}
OWN_WORDS = {"cliff": {"along": "r", "within": (3.0, 4.0), "target": 0.5}}
KINDS = {"number", "integer", "word", "words", "numbers", "matrix", "flag", "start"}
SYSTEMS, TASKS, OBSERVABLES = (listing(f"sim.{kind}") for kind in ("systems", "tasks", "observables"))


def heads() -> dict[str, tuple[str, ...]]:
    """Every group of every system, with all its words."""
    found: dict[str, tuple[str, ...]] = {}
    for system in SYSTEMS:
        found |= {
            k.path: k.choices for k in keywords(system).values() if k.kind in ("word", "start") and k.choices
        }
    return found


WORDS = heads()


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_keyword_says_what_it_is(system: str):
    for task in TASKS:
        for path, k in keywords(system, task, OBSERVABLES, WORDS).items():
            assert k.path == path
            assert k.kind in KINDS, path
            assert len(k.meaning) > 3, f"{path} of {k.owner} says not what it means"
            assert k.unit, path
            assert k.owner.split()[0] in ("system", "task", "observable", "run") or "." in path
            assert isinstance(k.choices, tuple)
            assert not k.sweepable or k.kind in ("number", "integer", "word", "start"), path


@pytest.mark.parametrize("system", SYSTEMS)
def test_defaults_have_their_kind(system: str):
    types: dict[str, Any] = {
        "number": float,
        "integer": int,
        "word": str,
        "flag": bool,
        "numbers": tuple,
        "matrix": tuple,
        "words": tuple,
        "start": (float, str, tuple, list),
    }
    for path, k in keywords(system, "white_noise", OBSERVABLES, WORDS).items():
        if k.default is REQUIRED or k.default is None:
            continue
        assert isinstance(k.default, types[k.kind]), path
        if k.kind == "word" and k.choices:
            assert k.default in k.choices


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_system_says_its_source_and_its_pack(system: str):
    module = find("sim.systems", system)
    assert "Source:" in (module.__doc__ or "")
    build = builder(module, system)
    assert build.__doc__
    annotations = typing.get_type_hints(build, include_extras=True)
    for name, annotation in annotations.items():
        if name != "return":
            assert typing.get_origin(annotation) is Annotated, f"{system}.{name} has no About"


@pytest.mark.parametrize("name", OBSERVABLES)
def test_an_observable_declares_its_variable(name: str):
    leaf = find("sim.observables", name)
    kinds = Sampled | Reduced | Stepped | Shadow | Backward | Pulled | Norms | Forward | Whole
    assert isinstance(leaf.observable, kinds)
    if name in OF_LAYERS:
        run = prepare("mlp", observables=[name], fixed={"layers": 2, "width": 3})
    elif name in ELSEWHERE:
        system = OWN_SYSTEM.get(name, "logistic")
        run = prepare(system, observables=[name], fixed={"steps": 200, **OWN_WORDS.get(name, {})})
    else:
        case = next(c for c in cases() if name in applicable(c.system, c.network, c.fixed.get("cell")))
        run = case.run((name,))
    assert run.variables[0].name == name
    for variable in run.variables:
        assert variable.long_name
        assert variable.units
        assert len(variable.comment) > 10, variable.name
        assert variable.source
        assert variable.dtype in ("float64", "int32", "int64")
        assert len(variable.dims) == len(variable.shape)


def test_coordinates_are_labelled():
    network = next(c for c in cases() if c.network and c.system == "rnn")
    run = network.run(("trajectory", "gradient_norm", "log_jacobian_norm", "log_singular_values", "orbit"))
    by_name = {c.name: c for c in run.coordinates}
    assert set(by_name) == {"time", "unit", "parameter", "lag", "index", "iterate"}
    np.testing.assert_array_equal(by_name["time"].values, np.arange(13))
    np.testing.assert_array_equal(by_name["iterate"].values, [10, 11, 12])
    assert list(by_name["parameter"].values) == ["W", "U", "b"]
    assert all(c.long_name and c.units for c in run.coordinates)


def test_parameters_are_labelled_in_the_order_of_the_pack():
    run = prepare("ctrnn", observables=["gradient"], fixed={"steps": 2, "w": 1.0, "alpha": 0.5})
    assert list(run.coordinates[0].values) == ["w", "u", "b", "alpha"]
    run = prepare("taps", observables=["gradient"], fixed={"steps": 2})
    assert list(run.coordinates[0].values) == ["gains[0]", "gains[1]"]


def test_a_group_opens_for_the_chosen_words():
    plain = keywords("rnn")
    assert "weights.gain" in plain
    assert "weights.eigenvalues" not in plain
    both = keywords("rnn", words={"weights": ["eigenvalues", "scaled_identity"]})
    assert {"weights.eigenvalues", "weights.normal", "weights.scale", "weights.seed"} <= set(both)
    assert both["weights.eigenvalues"].kind == "matrix"
    assert both["weights.eigenvalues"].default is REQUIRED
    assert keywords("rnn", words={"b": ["gaussian"]})["b.scale"].default == 1.0
    assert keywords("rnn", words={"start": ["gaussian"]})["start.scale"].owner.startswith("start")


def test_a_system_may_say_its_own_start():
    assert keywords("logistic")["start"].default == 0.5
    assert keywords("quadratic")["start"].default == 0.0


def test_loss_and_gradients_share_their_keywords():
    found = keywords("rnn", observables=["loss", "gradient", "gradient_through_time"])
    assert found["target"].default == 0.0
    assert found["loss_from"].default == -1


def test_one_name_for_two_things_is_refused(tmp_path):
    (tmp_path / "mine.py").write_text(
        "from typing import NamedTuple\nfrom sim.generic import step\n"
        "class P(NamedTuple):\n    target: float = 0.5\n"
        "@step.register\ndef _(p: P, s, x):\n    return p.target * s\n"
    )
    keywords("./mine.py", folder=tmp_path)
    with pytest.raises(Refused, match=r"both use 'target', for different things; rename it in one"):
        keywords("./mine.py", observables=["loss"], folder=tmp_path)


ANNOTATIONS = [
    (float, "number"), (int, "integer"), (str, "word"), (bool, "flag"), (float | None, "number"),
    (int | None, "integer"), (Literal["a", "b"], "word"), (tuple[float, ...], "numbers"),
    (tuple[tuple[float, ...], ...], "matrix"), (tuple[str, ...], "words"),
]  # fmt: skip


@pytest.mark.parametrize(("annotation", "kind"), ANNOTATIONS)
def test_kinds_follow_from_annotations(annotation: Any, kind: str):
    assert kind_of(annotation)[0] == kind


def test_keywords_of_a_tuple_and_of_a_function():
    class Pack(NamedTuple):
        a: Annotated[float, About("the first", "s")]
        n: int = 3
        word: Literal["x", "y"] = "x"

    def build(*, a: Annotated[float, About("the first", "s")], n: int = 3, word: Literal["x", "y"] = "x"): ...

    globals().update(Pack=Pack)
    for source in (Pack, build):
        found = described(source, "system mine", {})
        assert [k.path for k in found.values()] == ["a", "n", "word"]
        assert (found["a"].default, found["a"].unit, found["a"].meaning) == (REQUIRED, "s", "the first")
        assert (found["n"].kind, found["n"].sweepable) == ("integer", False)
        assert found["word"].choices == ("x", "y")
    assert repr(REQUIRED) == "REQUIRED"


def test_families_know_their_members():
    for system in SYSTEMS:
        hints = typing.get_type_hints(builder(find("sim.systems", system), system), include_extras=True)
        for annotation in hints.values():
            for note in getattr(annotation, "__metadata__", ()):
                if isinstance(note, Family):
                    for member in note.members().values():
                        assert inspect.getdoc(member)


def test_any_two_observables_can_be_asked_for_together_and_of_any_system_and_task():
    clashes = []
    observables = listing("sim.observables")
    pairs = [("rnn", "silence", pair) for pair in itertools.combinations(observables, 2)]
    pairs += [(system, "silence", (name,)) for system in listing("sim.systems") for name in observables]
    pairs += [("rnn", task, (name,)) for task in listing("sim.tasks") for name in observables]
    for system, task, names in pairs:
        try:
            keywords(system, task, names)
        except Refused as refusal:
            clashes.append(str(refusal))
    assert not clashes, "\n".join(clashes)
