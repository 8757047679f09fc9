"""A store is of the files that made it: one that the user has edited since is another sweep's."""

import sys
from pathlib import Path

import pytest

import jobs
from sim.errors import Refused
from sim.names import find
from sim.own_files import changed, differing, own_files

SYSTEM = """
from typing import NamedTuple
from sim.generic import step

class Growth(NamedTuple):
    w: float

@step.register
def _(p: Growth, s, x):
    return p.w * s + {shift}
"""
TASK = """
from typing import NamedTuple
import numpy as np

class Keywords(NamedTuple):
    "None."

def inputs(k, steps):
    from steady import LEVEL
    return np.full(steps, LEVEL)
"""


@pytest.fixture
def sweep(tmp_path: Path) -> jobs.Sweep:
    (tmp_path / "growth.py").write_text(SYSTEM.format(shift=0.0))
    raw = {
        "name": "growth",
        "system": "./growth.py",
        "observables": ["final_state"],
        "parameters": {"steps": 3, "start": 1.0},
        "axes": {"w": {"values": [1.0, 2.0]}},
    }
    return jobs.Sweep.parse(raw, folder=tmp_path)


def go(sweep, root, **more):
    return jobs.run(sweep, root=root, progress=False, executor="serial", **more)


def numbers(result) -> list[float]:
    return jobs.open(result.path).final_state.values.tolist()


def test_a_finished_store_is_not_that_of_an_edited_system(sweep, root, tmp_path):
    first = go(sweep, root)
    assert numbers(first) == [1.0, 8.0]
    cell = jobs.open(first.path)
    (tmp_path / "growth.py").write_text(SYSTEM.format(shift=1.0))
    with pytest.raises(Refused, match=r"before growth\.py changed.*--set name=.*--fresh"):
        go(sweep, root)
    with pytest.raises(Refused, match=r"growth\.py changed since this store was computed"):
        jobs.live(cell, {"w": 2.0})
    assert numbers(first) == [1.0, 8.0]
    # w^3 + w^2 + w + 1
    assert numbers(go(sweep, root, changes={"name": "other"})) == [4.0, 15.0]
    again = go(sweep, root, fresh=True)
    assert numbers(again) == [4.0, 15.0]
    assert float(jobs.live(jobs.open(again.path), {"w": 2.0}).final_state) == 15.0
    (tmp_path / "growth.py").write_text(SYSTEM.format(shift=0.0))
    with pytest.raises(Refused, match=r"before growth\.py changed"):
        go(sweep, root)


def test_a_lost_chunk_is_not_made_by_an_edited_system(sweep, root, tmp_path):
    first = go(sweep, root)
    (first.path / "final_state" / "c" / "0").unlink()
    (tmp_path / "growth.py").write_text(SYSTEM.format(shift=1.0))
    with pytest.raises(Refused, match=r"before growth\.py changed"):
        go(sweep, root)
    (tmp_path / "growth.py").write_text(SYSTEM.format(shift=0.0))
    assert numbers(go(sweep, root)) == [1.0, 8.0]


def test_files_that_are_imported_count_too(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "steady", raising=False)
    (tmp_path / "steady.py").write_text("LEVEL = 2.0\n")
    (tmp_path / "task.py").write_text(TASK)
    task = find("sim.tasks", "./task.py", tmp_path)
    files = own_files([task], tmp_path)
    assert [file.name for file in files] == ["steady.py", "task.py"]
    task.inputs(None, 3)  # from here on Python has read `steady`
    assert own_files([task], tmp_path) == files
    (tmp_path / "steady.py").write_text("LEVEL = 3.0\n")
    assert changed(files) == ["steady.py"]
    with pytest.raises(Refused, match="start Python anew"):
        own_files([task], tmp_path)
    monkeypatch.delitem(sys.modules, "steady")
    assert [file.name for file in own_files([task], tmp_path) if file not in files] == ["steady.py"]


def test_files_of_the_package_are_nobodys_own():
    assert own_files([find("sim.systems", "rnn"), find("sim.tasks", "adding")]) == ()
    assert [file.name for file in own_files([find("sim.systems", "tests.systems.lozi")])] != []


def test_only_contents_count():
    assert differing({"a.py": "1", "b.py": "2"}, {"b/a.py": "1", "b.py": "2"}) == []
    assert differing({"a.py": "1", "b.py": "2"}, {"a.py": "3"}) == ["a.py", "b.py (no longer used)"]
