"""The cache of machine code: never stale, never torn, private, safe for many processes at once."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from sim import compile as machine_code
from sim.errors import Refused
from sim.run import prepare
from tests.conftest import REPOSITORY

SOURCE = '''"""A small module."""
import numba


@numba.njit(numba.float64(numba.float64), cache=True)
def f(x):
    return 3.0 * x + {constant}
'''


@pytest.fixture
def cold(cold_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache that this process has loaded nothing from."""
    monkeypatch.setattr(machine_code, "_loaded", {})
    monkeypatch.setattr(machine_code, "_kernels", {})
    monkeypatch.setattr(sys, "dont_write_bytecode", False)  # whatever the environment says
    return cold_cache


def build(constant: float = 1.0) -> tuple[str, Path]:
    """A small module's source, compiled into the cache, and its folder there."""
    source = SOURCE.format(constant=constant)
    assert machine_code.load(source).f(2.0) == 6.0 + constant
    machine_code._loaded.clear()
    return source, machine_code.cache_dir() / machine_code.digest_of(source)


def files(folder: Path, pattern: str) -> list[Path]:
    found = sorted(path for path in folder.rglob(pattern) if path.is_file())
    assert found, f"nothing like {pattern} in the cache"
    return found


# ---- damage --------------------------------------------------------------------------------


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x10
    path.write_bytes(bytes(data))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwrite(path: Path) -> None:
    path.write_bytes(b"nothing that anybody wrote")


def remove(path: Path) -> None:
    path.unlink()


@pytest.mark.compiled
@pytest.mark.parametrize("harm", [flip, truncate, overwrite, remove], ids=lambda harm: harm.__name__)
@pytest.mark.parametrize("pattern", ["*.nbc", "*.nbi", "kernel.py", "*.pyc", "sums.json"])
def test_a_damaged_entry_is_built_anew(harm, pattern: str, cold: Path):
    """A flipped bit in machine code would give wrong numbers, silently."""
    source, folder = build()
    for path in files(folder, pattern):
        harm(path)
    assert machine_code.load(source).f(5.0) == 16.0
    assert machine_code._intact(folder)
    assert (folder / "kernel.py").read_text() == source


@pytest.mark.compiled
def test_an_entry_that_was_never_finished_is_built_anew(cold: Path):
    """A process that is killed while it compiles leaves files and no seal."""
    source, folder = build()
    (folder / "sums.json").unlink()
    (folder / "kernel.py").write_text(source[:-20])
    assert machine_code.load(source).f(5.0) == 16.0
    assert machine_code._intact(folder)


@pytest.mark.compiled
def test_an_intact_entry_is_not_written_again(cold: Path):
    source, folder = build()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert machine_code.load(source).f(5.0) == 16.0
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert {path: time for path, time in after.items() if path.name != "lock"} == {
        path: time for path, time in before.items() if path.name != "lock"
    }


@pytest.mark.compiled
def test_entries_do_not_touch_each_other(cold: Path):
    source, _ = build()
    other, folder = build(constant=2.0)
    overwrite(files(folder, "*.nbc")[0])
    assert machine_code.load(source).f(1.0) == 4.0
    assert machine_code.load(other).f(1.0) == 5.0


def test_a_source_that_fails_fails_every_time(cold: Path):
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            machine_code.load("x = 1 / 0\n")


def ask(code: str, folder: Path, **environment: str) -> str:
    paths = os.pathsep.join([str(folder), str(REPOSITORY)])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# ---- many at once ------------------------------------------------------------------------------

FIRST_RESULT = """
from sim.run import prepare
import numpy as np
run = prepare("logistic", observables=["orbit"], fixed={"steps": 50, "keep": 4}, varied=["r"])
print(run.evaluate({"r": np.linspace(2.5, 4.0, 70)})["orbit"].tobytes().hex()[:400])
"""


@pytest.mark.compiled
@pytest.mark.slow
def test_four_processes_that_start_cold_at_once_are_right(cold: Path, tmp_path: Path):
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ask(FIRST_RESULT, tmp_path), range(4)))
    assert len(set(answers)) == 1
    run = prepare("logistic", observables=["orbit"], fixed={"steps": 50, "keep": 4}, varied=["r"])
    found = run.evaluate({"r": np.linspace(2.5, 4.0, 70)})["orbit"]
    assert found.tobytes().hex()[:400] == answers[0]
    (folder,) = (path for path in cold.iterdir() if path.is_dir())
    assert machine_code._intact(folder)


@pytest.mark.compiled
def test_threads_that_start_cold_at_once_get_one_module(cold: Path):
    source = SOURCE.format(constant=4.0)
    with ThreadPoolExecutor(8) as pool:
        modules = list(pool.map(lambda _: machine_code.load(source), range(8)))
    assert len({id(module) for module in modules}) == 1
    assert modules[0].f(1.0) == 7.0


# ---- the folder --------------------------------------------------------------------------------


def test_the_folder_is_private(cold: Path):
    assert machine_code.cache_dir() == cold
    assert cold.stat().st_mode & 0o777 == 0o700
    source = SOURCE.format(constant=5.0)
    machine_code.load(source)
    assert (cold / machine_code.digest_of(source)).stat().st_mode & 0o777 == 0o700


def test_a_folder_of_another_user_is_refused(cold: Path, monkeypatch: pytest.MonkeyPatch):
    """Machine code is loaded from it: whoever can write there can run anything here."""
    cold.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(Refused, match="belongs to another user; set it to a folder of your own"):
        machine_code.load("x = 1\n")


@pytest.mark.compiled
def test_a_whole_entry_is_read_where_nothing_can_be_written(cold: Path):
    """As in a cache on a read-only disk; root may write anywhere, so a lock that is no file stands for it."""
    r = np.array([3.0, 3.5])
    sweep = {"observables": ["final_state"], "fixed": {"steps": 3, "start": 0.3}, "varied": {"r": r}}
    run = prepare("logistic", **sweep)
    before = run.evaluate({"r": r})["final_state"].tobytes()
    for entry in cold.iterdir():
        if entry.is_dir():
            (entry / "lock").unlink()
            (entry / "lock").mkdir()
    machine_code._loaded.clear()
    machine_code._kernels.clear()
    again = prepare("logistic", **sweep)
    assert again.evaluate({"r": r})["final_state"].tobytes() == before


def test_a_cold_entry_where_nothing_can_be_written_is_refused(cold: Path):
    source = SOURCE.format(constant=6.0)
    cold.mkdir()
    (cold / machine_code.digest_of(source)).write_text("no folder can be made here")
    with pytest.raises(Refused, match=r"cannot write to .* set it to a folder of your own"):
        machine_code.load(source)


def test_what_cannot_be_a_folder_is_refused(cold: Path):
    cold.write_text("a file")
    with pytest.raises(Refused, match=r"cannot make the folder .* set it to a folder of your own"):
        machine_code.cache_dir()


def test_without_the_variable_it_is_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("SEPARATRIX_CACHE_DIR")
    monkeypatch.setattr(machine_code.platformdirs, "user_cache_dir", lambda name: str(tmp_path / name))
    assert machine_code.cache_dir() == tmp_path / "separatrix" / "kernels"
