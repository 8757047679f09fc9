"""Faults in a user's own files, and networks without derivatives: said with the file, the line and the
cure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.errors import Refused
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
