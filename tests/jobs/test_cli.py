"""The command line: one message, one exit code, no traceback."""

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jobs.cli import going_on
from jobs.starter import write
from sim.errors import Refused


@pytest.fixture
def cliff(separatrix, tmp_path):
    result = separatrix("run", "pascanu-cliff", "--set", "axes.w.num=40", "--set", "axes.b.num=30")
    assert result.returncode == 0, result.stderr
    return tmp_path / "results" / "pascanu-cliff.zarr"


def test_a_sweep_from_plan_to_verify(separatrix, cliff):
    assert cliff.is_dir()
    again = separatrix("run", "pascanu-cliff", "--set", "axes.w.num=40", "--set", "axes.b.num=30")
    assert again.returncode == 0
    assert "nothing recomputed" in again.stdout
    assert f'xarray.open_zarr("{cliff}")' in again.stdout
    plan = separatrix("plan", "pascanu-cliff")
    assert plan.returncode == 0, plan.stderr
    assert "262,144" in plan.stdout
    listed = separatrix("list")
    assert "pascanu-cliff  done" in listed.stdout
    status = separatrix("status", "pascanu-cliff")
    assert "1,200 ok" in status.stdout
    verified = separatrix("verify", "pascanu-cliff")
    assert (verified.returncode, "all as written" in verified.stdout) == (0, True)
    (cliff / "loss" / "c" / "0" / "0").write_bytes(b"")
    verified = separatrix("verify", str(cliff))
    assert verified.returncode == 3
    assert "damaged: loss/c/0/0 has 0 bytes" in verified.stdout
    assert "interrupted" in separatrix("list").stdout


def test_new_writes_a_sweep_that_runs_and_never_overwrites(separatrix, tmp_path):
    assert separatrix("new", "my-Sweep.toml").returncode == 0
    text = (tmp_path / "my-Sweep.toml").read_text()
    again = separatrix("new", "my-Sweep.toml")
    assert again.returncode == 2
    assert "not overwritten" in again.stderr
    assert (tmp_path / "my-Sweep.toml").read_text() == text
    run = separatrix(
        "run", "my-Sweep.toml", "--serial", "--set", "axes.w.num=8", "--set", "name=x", "--root", "there"
    )
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "there" / "x.zarr").is_dir()


WRONG = [
    (["run"], ""),
    (["frobnicate"], ""),
    (["run", "nope"], "no file 'nope'"),
    (["run", "pascanu-cliff", "--workers", "0"], "--workers"),
    (["run", "pascanu-cliff", "--workers", "two"], "--workers"),
    (["run", "pascanu-cliff", "--scheduler", "http://x"], "--scheduler"),
    (["run", "pascanu-cliff", "--serial", "--processes"], "only one"),
    (["run", "pascanu-cliff", "--root", "s3://x"], "address"),
    (["run", "pascanu-cliff", "--set", "nonsense"], "--set"),
    (["run", "pascanu-cliff", "--set", 'name="../x"'], "'../x'"),
    (["run", "pascanu-cliff", "--set", "axes.w.num=1000000000000"], "1000000000000"),
    (["run", "pascanu-cliff", "--set", "system=nope"], "system"),
    (["plan", "pascanu-cliff", "--set", "targt=0.1"], "did you mean 'target'"),
    (["status", "nope"], "no store"),
    (["verify", "file:///x"], "address"),
    (["verify", "../../etc"], "no store"),
]


@pytest.mark.parametrize(
    ("arguments", "said"), WRONG, ids=lambda value: " ".join(value) if isinstance(value, list) else ""
)
def test_wrong_usage_is_one_message(separatrix, tmp_path, arguments, said):
    result = separatrix(*arguments)
    assert result.returncode == 2, result.stderr
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("given", [".", "..", "/", "", "results/.."])
def test_new_needs_the_name_of_a_file(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Refused, match=r"is a folder; name a file, as in separatrix new my-sweep\.toml"):
        write(Path(given))
    assert list(tmp_path.iterdir()) == []


def test_what_goes_on_is_the_command_as_it_was_given():
    words = ["/usr/bin/separatrix", "run", "my big.toml", "--fresh", "--set", "w=[1, 2]", "--root", "r"]
    assert going_on(words) == "separatrix run 'my big.toml' --set 'w=[1, 2]' --root r"


def test_a_closed_pipe_is_no_fault(tmp_path, repository):
    command = f"{sys.executable} -c 'from jobs.cli import app; app()' list | true"
    environment = os.environ | {"PYTHONPATH": str(repository)}
    result = subprocess.run(
        command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert "BrokenPipe" not in result.stderr


def test_odd_surroundings_change_nothing(separatrix, tmp_path, monkeypatch):
    for name, value in {"LC_ALL": "C", "TZ": "Asia/Kathmandu", "PYTHONOPTIMIZE": "2", "COLUMNS": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("HOME", raising=False)
    result = separatrix("run", "pascanu-cliff", "--set", "axes.w.num=4", "--set", "axes.b.num=4")
    assert result.returncode == 0, result.stderr
    assert "16 ok" in result.stdout


def test_help_answers_at_once_and_imports_nothing_heavy(repository):
    code = "import sys, json, jobs.cli; print(json.dumps(sorted(m.split('.')[0] for m in sys.modules)))"
    environment = os.environ | {"PYTHONPATH": str(repository)}
    out = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    heavy = {"numpy", "numba", "xarray", "zarr", "dask", "distributed", "pydantic", "rich", "sim"}
    assert not heavy & set(json.loads(out.stdout))


def test_list_and_status_need_no_numerics(repository, cliff):
    code = f"""
import sys, jobs.cli
try:
    jobs.cli.app(["status", {str(cliff)!r}])
except SystemExit:
    pass
print(*[name for name in ("numba", "xarray", "zarr", "dask") if name in sys.modules])
"""
    environment = os.environ | {"PYTHONPATH": str(repository)}
    out = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert out.stdout.splitlines()[-1] == ""


def test_status_of_ten_thousand_tiles_is_quick(tmp_path, cliff):
    from jobs import ledger
    from jobs.entries import describe

    records = [
        ledger.Record(n, "done", {1: 100}, {"loss": ((n, 5),), "gradient": ((n, 5),)}) for n in range(10**4)
    ]
    with ledger.Ledger(cliff) as opened:
        opened.settle(records)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        describe(cliff)
        times.append(time.perf_counter() - start)
    assert statistics.median(times) < 0.5


def test_an_output_that_cannot_encode_a_sign_is_no_fault(separatrix, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    said = separatrix("describe", "system", "henon")
    assert said.returncode == 0, said.stderr
    assert "H\\xe9non" in said.stdout


def test_ctrl_c_before_a_command_has_begun_is_exit_code_one(capsys):
    import typer

    from jobs.cli import told

    with pytest.raises(typer.Exit) as end, told():
        raise KeyboardInterrupt
    assert end.value.exit_code == 1
    assert "interrupted: what is computed is safe" in capsys.readouterr().err


@pytest.mark.parametrize(("code", "end"), [(13, 2), (30, 2), (28, 1), (5, 1)], ids=str)
def test_what_running_again_does_not_cure_is_exit_code_two(capsys, code, end):
    """EACCES and EROFS are for the user to cure; a full disk (ENOSPC) and a bad one (EIO) stop a run."""
    import typer

    from jobs.cli import told

    with pytest.raises(typer.Exit) as ended, told():
        raise OSError(code, os.strerror(code), "results")
    assert ended.value.exit_code == end
    assert f"error: results: {os.strerror(code)}" in capsys.readouterr().err
