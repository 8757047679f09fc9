"""Faults in a user's own files, and networks without derivatives: said with the file, the line and the
cure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.errors import Refused
from sim.leaves import check_form
from sim.names import find, listing
from tests.sim.test_run_errors import run

HEAD = "from typing import NamedTuple\nfrom sim.functions import *\n"
HEAD += "from sim.generic import step, units, vjp, jvp\n"
PACK = "class P(NamedTuple):\n    a: float = 0.5\n"
STEP = "@step.register\ndef _(p: P, s, x):\n    return {}\n"
NET = "import numpy as np\nfrom sim.matrices import Matrices\nclass N(NamedTuple):\n    W: object\n"
NET += "def build(): return N(Matrices(np.eye(3)[None], np.zeros(1, int), 1.0))\n"
NET += (
    "@units.register\ndef _(p: N): return 3\n@step.register\ndef _(p: N, s, x):\n    return tanh(p.W @ s)\n"
)

FILES: dict[str, tuple[str, str, str]] = {
    "syntax": (HEAD + "def", "system", "mine.py' fails: SyntaxError"),
    "fails": (
        HEAD + PACK + "1 / 0\n",
        "system",
        "mine.py' line 6 fails: ZeroDivisionError: division by zero",
    ),
    "no pack": (HEAD, "system", r"defines 0 NamedTuples; one is needed, or a function build"),
    "no step": (HEAD + PACK, "system", "has no step for P; write one with @step.register in .*mine.py"),
    "unknown name": (
        HEAD + PACK + STEP.format("nothing(s)"),
        "mine.py:8",
        "NameError: name 'nothing' is not defined",
    ),
    "unknown field": (
        HEAD + PACK + STEP.format("p.b * s"),
        "mine.py:8",
        "AttributeError: 'P' object has no attribute 'b'",
    ),
    "no return": (HEAD + PACK + STEP.format("None"), "system", "gives None; does it end without `return`"),
    "an if": (
        HEAD + PACK + STEP.format("s if s > 0 else 0.0"),
        "mine.py:8",
        r"write where\(condition, a, b\)",
    ),
    "two for one": (
        HEAD + PACK + STEP.format("(s, s)"),
        "system",
        "returns 2 values .* for a state of 1 .*units.register",
    ),
    "keyword of the run": (
        HEAD + PACK.replace("a:", "steps:") + STEP.format("s"),
        "parameters.steps",
        "both use 'steps'",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_faults_in_a_users_file(name: str, tmp_path: Path):
    text, place, message = FILES[name]
    (tmp_path / "mine.py").write_text(text)
    with pytest.raises(Refused, match=message) as refusal:
        run("./mine.py", folder=tmp_path)
    assert refusal.value.problems[0].place.endswith(place)


@pytest.mark.parametrize(
    ("observable", "verb"),
    [
        ("gradient_norm", "vjp"),
        ("gradient_through_time", "vjp"),
        ("log_jacobian_norm", "jvp"),
        ("log_singular_values", "jvp"),
    ],
)
def test_a_network_without_derivatives_names_the_file_to_add_them_to(
    observable: str, verb: str, tmp_path: Path
):
    (tmp_path / "mine.py").write_text(HEAD + NET)
    run("./mine.py", folder=tmp_path, observables=("trajectory", "norm", "loss")).evaluate({})
    with pytest.raises(
        Refused, match=f"{observable} needs {verb}, .* add one with @{verb}.register in .*mine.py"
    ):
        run("./mine.py", folder=tmp_path, observables=(observable,))


def test_names_are_found_without_importing():
    assert "rnn" in listing("sim.systems")
    assert listing("sim.no_such_package") == ()
    with pytest.raises(Refused, match="there are none"):
        find("sim.no_such_package", "rnn")


def test_a_task_and_an_observable_beside_the_sweep_file(tmp_path: Path):
    (tmp_path / "ramp.py").write_text(
        "from typing import NamedTuple\nimport numpy as np\n"
        "class Keywords(NamedTuple):\n    slope: float = 1.0\n"
        "def inputs(k, steps):\n    return k.slope * np.arange(steps)[None, :]\n"
    )
    (tmp_path / "largest.py").write_text(
        "from sim.functions import maximum\nfrom sim.observable import Declared, Reduced\n"
        "observable = Reduced(lambda facts: Declared((), 'largest', '1', 'over time', 'definition'),\n"
        "    begin=lambda k, p, s: (s,), update=lambda k, p, s, a, t: (maximum(a[0], s),),\n"
        "    end=lambda k, p, s, a: a[0])\n"
    )
    found = run(
        "rnn",
        task="./ramp.py",
        observables=("./largest.py", "trajectory"),
        folder=tmp_path,
        varied=["slope"],
        activation="identity",
        w=0.0,
    ).evaluate({"slope": np.array([1.0, -2.0])})
    np.testing.assert_array_equal(found["trajectory"], [[0, 0, 1, 2, 3], [0, 0, -2, -4, -6]])
    np.testing.assert_array_equal(found["largest"], [3, 0])


DECLARE = "lambda facts: Declared((), 'n', '1', 'c', 'd')"
OBSERVABLE = (
    "from sim.observable import Declared, Reduced\nobservable = Reduced({}, lambda k, p, s: (0.0,),\n"
)
OBSERVABLE += "    {}, lambda k, p, s, a: a[0])\n"
GOOD = "lambda k, p, s, a, t: a"
KEYWORDS = "from typing import NamedTuple\nimport numpy as np\nclass Keywords(NamedTuple):\n    'None.'\n"
TASK = KEYWORDS + "def inputs(k, steps):\n    return {}\n"

# (where the file stands, its text, what is said of it)
CALLS: dict[str, tuple[str, str, str]] = {
    "step of two": (
        "system",
        HEAD + PACK + STEP.replace("p: P, s, x", "p: P, s").format("s"),
        r"mine.py' line 6: step is called with \(p, s, x\), written here is \(p, s\)",
    ),
    "step of four": (
        "system",
        HEAD + PACK + STEP.replace("p: P, s, x", "p: P, s, x, t").format("s"),
        r"line 6: step is called with \(p, s, x\), written here is \(p, s, x, t\)",
    ),
    "build of places": (
        "system",
        HEAD + PACK + STEP.format("s") + "def build(a): return P(a)\n",
        r"line 9: a of build is no keyword; write def build\(\*, a",
    ),
    "exit": ("system", "raise SystemExit(3)\n", "mine.py' line 1 fails: SystemExit: 3"),
    "update of three": (
        "observable",
        OBSERVABLE.format(DECLARE, "lambda k, p, s: a"),
        r"line 3: update is called with \(k, p, s, a, t\), written here is \(k, p, s\)",
    ),
    "no observable": ("observable", "a = 1\n", r"mine.py' defines no observable; write observable = Reduced"),
    "text for a coordinate": (
        "observable",
        OBSERVABLE.format(DECLARE.replace("()", "('foo',)"), GOOD),
        r"mine.py' line 2: str 'foo' in the coordinates of mine; write \(\), facts\.unit",
    ),
    "two numbers for one": (
        "observable",
        OBSERVABLE.format(DECLARE, GOOD).replace("a[0])", "(a[0], a[0]))"),
        r"line 2: mine is declared as 1 numbers of a cell, its functions give 2",
    ),
    "two accumulators for one": (
        "observable",
        OBSERVABLE.format(DECLARE, "lambda k, p, s, a, t: (a[0], a[0])"),
        r"line 3: gives 2 accumulators where begin gives 1; return as many",
    ),
    "text for a number": (
        "observable",
        OBSERVABLE.format(DECLARE, GOOD).replace("a[0])", "'x')"),
        r"line 3: an equation combines numbers, not str 'x'",
    ),
    "no type": (
        "observable",
        OBSERVABLE.format(DECLARE.replace("'d')", "'d', 'float99')"), GOOD),
        r"dtype of mine is str 'float99'; write float64 or int32 in quotes",
    ),
    "one number for labels": (
        "observable",
        OBSERVABLE.format(DECLARE.replace("()", "(Coordinate('z', 5, 'z', '1'),)"), GOOD).replace(
            "import", "import Coordinate,", 1
        ),
        r"the values of z are int 5; write a list",
    ),
    "no declaration": ("observable", OBSERVABLE.format("None", GOOD), r"declare is None; write a function"),
    "declares nothing": (
        "observable",
        OBSERVABLE.format("lambda facts: None", GOOD),
        r"line 2: declare of mine gives None; return Declared",
    ),
    "no inputs": ("task", KEYWORDS, r"mine.py' defines no inputs; write def inputs\(k, steps\)"),
    "no keywords": ("task", "def inputs(k, steps): pass\n", r"defines no Keywords; write class Keywords"),
    "inputs of one": (
        "task",
        TASK.replace("k, steps", "k").format("0.0"),
        r"line 5: inputs is called with \(k, steps\), written here is \(k\)",
    ),
    "too few times": (
        "task",
        TASK.format("np.zeros(steps - 1)"),
        r"line 5: inputs gives an array of shape \(3,\) for one setting and 4 times",
    ),
    "one number": ("task", TASK.format("0.0"), r"an array of shape \(\) .* write \(times,\)"),
    "two inputs": (
        "task",
        TASK.format("np.zeros((1, steps, 2))"),
        "it has 2 inputs, 'rnn' takes one number at a time here; write units = 2 or more, .* and inputs = 2",
    ),
    "fails inside": ("task", TASK.format("np.zeros(steps) / k.a"), r"mine.py:6: `.*` fails: AttributeError"),
}


@pytest.mark.parametrize("name", CALLS)
def test_functions_that_cannot_be_used_are_refused_before_the_run(name: str, tmp_path: Path):
    kind, text, message = CALLS[name]
    (tmp_path / "mine.py").write_text(text)
    system = "./mine.py" if kind == "system" else "rnn"
    options = {"task": {"task": "./mine.py"}, "observable": {"observables": ("./mine.py",)}}.get(kind, {})
    own = {} if kind == "system" else {"w": 1.0}
    with pytest.raises(Refused, match=message):
        run(system, folder=tmp_path, **options, **own)


def test_the_axes_of_a_task_are_tried_before_the_run(tmp_path: Path):
    text = TASK.replace("    'None.'", "    size: float = 1.0").format("k.size.item() * np.ones(steps)")
    (tmp_path / "mine.py").write_text(text)
    run("rnn", task="./mine.py", folder=tmp_path, w=1.0)
    varied = {"size": [0.0, 1.0, 2.0]}
    with pytest.raises(Refused, match=r"mine\.py:6: `.*` fails: ValueError"):
        run("rnn", task="./mine.py", folder=tmp_path, w=1.0, varied=varied)
    (tmp_path / "mine.py").write_text(text.replace(".item()", ""))
    found = run("rnn", task="./mine.py", folder=tmp_path, w=1.0, varied=varied)
    assert found.evaluate({"size": np.array([0.0, 1.0])})["outcome"].tolist() == [1, 1]


def test_what_has_no_line_of_the_users_names_their_file(tmp_path: Path):
    """An annotation that means nothing is evaluated by Python's own files."""
    (tmp_path / "mine.py").write_text(HEAD + PACK.replace("float", "'flaot'") + STEP.format("s"))
    with pytest.raises(Refused, match=r"mine\.py: what is written there cannot be used: NameError"):
        run("./mine.py", folder=tmp_path)


@pytest.mark.parametrize("package", ["sim.systems", "sim.tasks", "sim.observables"])
def test_every_leaf_of_the_package_has_the_form_asked_of_a_users(package: str):
    for name in listing(package):
        check_form(package, "here", find(package, name))
