"""What decides the machine code decides its key: sources reached anywhere, libraries, the processor, the
lane."""

from __future__ import annotations

import sys
from pathlib import Path

import llvmlite.binding
import numpy as np
import pytest

from sim import compile as machine_code
from sim.run import prepare
from tests.sim.test_compile import ask


@pytest.mark.parametrize("what", ["numba", "processor", "features", "python", "lane"])
def test_the_key_holds_everything_that_decides_machine_code(what: str, monkeypatch: pytest.MonkeyPatch):
    before = machine_code.digest_of("x")
    machine_code._foundation.cache_clear()
    with monkeypatch.context() as patch:
        if what == "numba":
            patch.setattr(machine_code, "version", lambda name: "0.0")
        elif what == "processor":
            patch.setattr(llvmlite.binding, "get_host_cpu_name", lambda: "another")
        elif what == "features":
            features = llvmlite.binding.get_host_cpu_features()
            features["no-such-feature"] = True
            patch.setattr(llvmlite.binding, "get_host_cpu_features", lambda: features)
        elif what == "python":
            patch.setattr(sys, "version", "another")
        else:
            patch.setattr(machine_code, "INTERPRETED", not machine_code.INTERPRETED)
        assert machine_code.digest_of("x") != before
    machine_code._foundation.cache_clear()
    assert machine_code.digest_of("x") == before
    assert machine_code.digest_of("y") != before


CELL = """
from typing import NamedTuple
from sim.generic import step
from my_lab.shapes import SCALE, bend

class Cell(NamedTuple):
    a: float = 0.5

@step.register
def _(p: Cell, s, x):
    return bend(p.a * s) * SCALE
"""
SHAPES = "from sim.functions import tanh\nSCALE = {scale}\ndef bend(z):\n    return {bent}\n"
ASK = """
from sim.run import prepare
from sim.compile import digest_of
run = prepare("my_lab.cell", observables=["final_state"], fixed={"steps": 1, "start": 1.0})
print(*map(digest_of, run._form.sources), run.digest, float(run.evaluate({})["final_state"][0]))
"""


def test_a_helper_in_another_module_and_a_global_are_part_of_the_key(tmp_path: Path):
    """What the equation reaches is in its traced text, wherever it is written."""
    (tmp_path / "my_lab").mkdir()
    (tmp_path / "my_lab" / "__init__.py").touch()
    (tmp_path / "my_lab" / "cell.py").write_text(CELL)
    answers = []
    for scale, bent in (("2.0", "tanh(z)"), ("3.0", "tanh(z)"), ("3.0", "z * z"), ("2.0", "tanh(z)")):
        (tmp_path / "my_lab" / "shapes.py").write_text(SHAPES.format(scale=scale, bent=bent))
        answers.append(ask(ASK, tmp_path, NUMBA_DISABLE_JIT="1").split())
    keys, digests, values = zip(*answers, strict=True)
    assert len(set(keys)) == len(set(digests)) == 3
    assert (keys[0], digests[0]) == (keys[3], digests[3])
    np.testing.assert_allclose(
        list(map(float, values)), [2 * np.tanh(0.5), 3 * np.tanh(0.5), 0.75, 2 * np.tanh(0.5)]
    )


def test_the_digest_of_a_run_follows_what_builds_and_feeds_it(tmp_path: Path):
    """An unfinished store is refused when what its results depend on has changed."""
    text = "from typing import NamedTuple\nfrom sim.generic import step\nclass P(NamedTuple):\n    a: float\n"
    text += "@step.register\ndef _(p: P, s, x):\n    return p.a * s + x\n"
    text += "def build(*, tau: float = 2.0):\n    return P({})\n"
    digests = []
    for i, rate in enumerate(("1.0 / tau", "2.0 / tau")):
        (tmp_path / f"cell{i}.py").write_text(text.format(rate))
        run = prepare(f"./cell{i}.py", observables=["loss"], fixed={"steps": 2}, folder=tmp_path)
        digests.append(run.digest)
        digests.append(
            prepare(
                f"./cell{i}.py", task="constant", observables=["loss"], fixed={"steps": 2}, folder=tmp_path
            ).digest
        )
    assert len(set(digests)) == 4
