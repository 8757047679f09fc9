"""`sim.checks`: right derivatives pass, a wrong one is named; a cell of one's own inside a wrapper."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from sim.checks import check
from sim.errors import Refused
from sim.parts.wrapped import cells
from sim.run import prepare
from tests.house.documents import blocks
from tests.house.floors import REPOSITORY

SETTINGS = {"lstm": {"peephole": "full", "dropout": "cell", "normalised": True}, "window": {"past": 2}}
SETTINGS |= {"gru": {"variant": "reset_after"}, "ctrnn": {"alpha": 0.4}, "multiplicative": {"factors": 4}}
WRAPPED = {"stacked": {"between": 2, "layers": 2}, "bidirectional": {}}


@pytest.mark.parametrize("system", list(cells()))
def test_every_cell_passes(system: str):
    found = check(system, {"units": 3, "inputs": 2} | SETTINGS.get(system, {}))
    assert found.worst < 1e-9
    assert found.adjoint < 1e-12
    assert found.parameters


@pytest.mark.parametrize("system", WRAPPED)
def test_wrappers_pass(system: str):
    own = {"cell": "lstm", "cell.units": 2, "cell.inputs": 2}
    found = check(system, own | WRAPPED[system], seed=3)
    assert found.worst < 1e-9
    assert {"layers[2].W_f", "between[1].U"} < set(found.parameters) or system == "bidirectional"


# ---- the documents' own cell, right and wrong -------------------------------------------------------------


@pytest.fixture
def text() -> str:
    """The cell that docs/extending.md has its reader write."""
    document = (REPOSITORY / "docs" / "extending.md").read_text(encoding="utf-8")
    return next(block.text for block in blocks(document) if block.name.endswith("low_rank.py"))


def changed(text: str, old: str, new: str, folder: Path) -> str:
    assert old in text
    (folder / "low_rank.py").write_text(text.replace(old, new), encoding="utf-8")
    return "./low_rank.py"


def test_it_is_one_file_of_under_eighty_lines_that_passes(text: str, tmp_path: Path):
    assert len(text.splitlines()) < 80
    name = changed(text, "", "", tmp_path)
    assert check(name, {"units": 4, "inputs": 2}, folder=tmp_path).worst < 1e-9


WRONG = [
    ("outer(s, back)", "outer(s, p.A.T @ g)", "B"),
    ("p.B @ back", "p.B @ (p.A.T @ g)", "state"),
    ("p.U.T @ a", "p.U.T @ g", "input"),
    ("+ p.U @ y", "- p.U @ y", "jvp"),
]


@pytest.mark.parametrize(("old", "new", "name"), WRONG, ids=[name for *_, name in WRONG])
def test_a_wrong_derivative_is_named(text: str, tmp_path: Path, old: str, new: str, name: str):
    found = check(changed(text, old, new, tmp_path), {"units": 4, "inputs": 2}, folder=tmp_path)
    errors = {**found._asdict(), **found.parameters}
    del errors["parameters"]
    assert errors[name] > 1e-3
    assert found.worst == max(errors.values())
    assert (found.adjoint > 1e-3) == (name != "B")
    right = {key: error for key, error in errors.items() if key not in (name, "adjoint")}
    assert max(right.values()) < 1e-9


REFUSED = [
    (
        "outer(s, back)",
        "outer(back, s)",
        r"vjp gives B a gradient of shape \(2, 4\) where \(4, 2\) is needed",
    ),
    ("return LowRank(outer", "return (outer", "vjp has no gradient for A; give a pack of the same type"),
    ("@jvp.register", "@staticmethod", "has no jvp; write one with @jvp.register"),
]


@pytest.mark.parametrize(("old", "new", "said"), REFUSED, ids=["shape", "pack", "verb"])
def test_what_cannot_be_compared_is_refused(text: str, tmp_path: Path, old: str, new: str, said: str):
    with pytest.raises(Refused, match=said):
        check(changed(text, old, new, tmp_path), {"units": 4}, folder=tmp_path)


def test_a_system_of_a_few_numbers_needs_no_check():
    with pytest.raises(Refused, match="its derivatives are made from its step"):
        check("logistic")


def test_a_wrapper_takes_a_cell_by_its_dotted_name(text: str, tmp_path: Path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "stranger").mkdir()
    own = {"cell": "stranger.low_rank", "cell.units": 3, "cell.rank": 1, "steps": 4}

    def made(text: str) -> str:
        changed(text, "", "", tmp_path / "stranger")
        importlib.invalidate_caches()
        sys.modules.pop("stranger.low_rank", None)
        run = prepare("stacked", observables=["final_state"], fixed=own, varied=["cell.weights.gain"])
        return run.digest

    before = made(text)
    assert check("stacked", {key: own[key] for key in list(own)[:3]}).worst < 1e-9
    assert made(text.replace("tanh(", "0.5 * tanh(", 1) + "\n# another file") != before
    with pytest.raises(Refused, match=r"parameters.cell: './low_rank.py' given; there are: ctrnn, gru"):
        prepare("stacked", observables=["final_state"], fixed=own | {"cell": "./low_rank.py"})
