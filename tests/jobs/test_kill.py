"""Killed at any time, the same command again gives the same bytes."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import jobs
from jobs import ledger
from jobs.lock import held, owned
from jobs.sweep import Sweep
from tests.jobs.conftest import contents

REPOSITORY = Path(__file__).resolve().parents[2]
TEXT = """
name = "long"
system = "ctrnn"
observables = ["final_state", "loss"]
[parameters]
activation = "tanh"
alpha = 1.0
start = 0.5
steps = 200000
target = 0.7
[axes.w]
start = 0.0
stop = 3.0
num = 24
[axes.b]
start = -1.0
stop = 1.0
num = 64
"""

# What a shell without job control starts in the background ignores interrupts, and so does what that starts.
PROGRAM = """
import signal
from jobs.cli import app
signal.signal(signal.SIGINT, signal.default_int_handler)
app()
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "long.toml"
    path.write_text(TEXT)
    return path


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    root = tmp_path_factory.mktemp("reference")
    path = root / "long.toml"
    path.write_text(TEXT)
    return contents(jobs.run(path, root=root, executor="serial", progress=False).path)


def start(file, root, *more):
    return subprocess.Popen(
        [
            sys.executable,
            "-c",
            PROGRAM,
            "run",
            str(file),
            "--root",
            str(root),
            *more,
        ],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def settled(root):
    try:
        return ledger.read(root / "long.zarr").done
    except OSError:
        return 0


def wait_for(root, tiles, process, seconds=30):
    end = time.monotonic() + seconds
    while settled(root) < tiles and process.poll() is None and time.monotonic() < end:
        time.sleep(0.002)


def family(process):
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.Error:
        return []


def gone(processes, seconds=5):
    return not psutil.wait_procs(processes, timeout=seconds)[1]


@pytest.mark.parametrize(
    "more", [["--serial"], ["--workers", "2"], ["--processes", "--workers", "2"]], ids=str
)
def test_a_killed_driver(file, root, reference, more):
    chance = random.Random(str(more))
    for _ in range(1 if "--processes" in more else 3):
        process = start(file, root, *more)
        wait_for(root, settled(root) + 1 + chance.randrange(3), process)
        workers = family(process)
        process.kill()
        process.communicate()
        assert gone(workers), "workers outlive their driver"
    assert settled(root) < len(reference["records"]), "killed too late to show anything"
    process = start(file, root, *more)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert contents(root / "long.zarr") == reference
    assert not (root / ".separatrix" / "long.scratch").exists()


def test_killed_workers_are_replaced(file, root, reference):
    process = start(file, root, "--processes", "--workers", "2")
    for tiles in (1, 6):
        wait_for(root, tiles, process)
        for child in family(process):
            with contextlib.suppress(psutil.Error):
                if "spawn_main" in " ".join(child.cmdline()):
                    child.kill()
                    break
    _, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    assert contents(root / "long.zarr") == reference


def test_a_lost_scheduler_is_said_and_survived(file, root, reference):
    process = start(file, root, "--processes", "--workers", "2")
    wait_for(root, 2, process)
    members = family(process)
    (cluster,) = [child for child in members if "jobs.cluster_process" in " ".join(child.cmdline())]
    cluster.kill()
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "run again to resume" in err
    assert "Traceback" not in err
    assert gone(members, 10)
    process = start(file, root)
    process.communicate(timeout=60)
    assert contents(root / "long.zarr") == reference


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=str)
@pytest.mark.parametrize("more", [["--workers", "2"], ["--processes", "--workers", "2"]], ids=str)
def test_an_interrupted_run_stops_soon_and_says_how_to_go_on(file, root, number, more):
    # what runs when the signal comes may end: there are more tiles than that, and they last a while
    changes = {"parameters.steps": 200_000, "axes.b.num": 320}
    process = start(file, root, *more, "--set", "steps=200000", "--set", "axes.b.num=320")
    wait_for(root, 1, process)
    begin = time.monotonic()
    if number == signal.SIGINT:
        os.killpg(process.pid, number)  # as a terminal does it
    else:
        process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert time.monotonic() - begin < 8
    assert process.returncode == 1, err
    assert f"separatrix run {file}" in err
    assert "Traceback" not in err
    done = settled(root)
    assert not jobs.verify("long", root).damaged
    again = jobs.run(Sweep.read(file, changes), root=root, progress=False)
    assert again.computed_tiles == again.tiles - done


def test_a_second_driver_is_refused_with_who_and_since_when(file, root):
    endless = ["--set", "steps=5000000"]
    first = start(file, root, "--serial", *endless)
    wait_for(root, 1, first)
    second = start(file, root, *endless)
    _, err = second.communicate(timeout=30)
    assert second.returncode == 2
    assert f"pid {first.pid} on " in err
    assert " since 20" in err
    assert jobs.catalog(root)[0].state == "running"
    first.kill()
    first.communicate()
    assert jobs.catalog(root)[0].state == "interrupted"
    with owned(root, "long"):
        assert held(root, "long")
    assert not held(root, "long")
