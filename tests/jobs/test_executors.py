"""All executors agree with the serial loop bit for bit; one bad tile stops no other."""

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

import jobs
from jobs import ledger
from sim.errors import Refused
from tests.jobs.conftest import contents

REPOSITORY = Path(__file__).resolve().parents[2]

# one unit, enough steps that a tile takes some hundredths of a second
SWEEP = {
    "name": "real",
    "system": "ctrnn",
    "observables": ["loss", "final_state"],
    "parameters": {"steps": 2000, "start": 0.5, "alpha": 1.0},
    "axes": {
        "w": {"start": 0.0, "stop": 8.0, "num": 12},
        "activation": {"values": ["tanh", "sigmoid"]},
        "b": {"start": -3.0, "stop": 3.0, "num": 1200},
    },
}

POISON = '''
"""A system whose tiles with w = 0 end their process, in a worker only."""
import os
from typing import NamedTuple
import jobs.evaluate
from sim.generic import step

class Poison(NamedTuple):
    w: float

@step.register
def _(p: Poison, s, x):
    return p.w * s

block = jobs.evaluate.Recipe.block

def poisoned(made, cells):
    if made.sweep.name == "poison" and cells[0].start == 0:
        if os.environ.get("NUMBA_NUM_THREADS") == "1":
            os._exit(11)
        raise ZeroDivisionError("a poisoned cell")
    return block(made, cells)

jobs.evaluate.Recipe.block = poisoned
'''


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    root = tmp_path_factory.mktemp("reference")
    return contents(jobs.run(SWEEP, root=root, executor="serial", progress=False).path)


@pytest.mark.parametrize(
    ("executor", "workers"), [("threads", 1), ("threads", 2), ("threads", 4), ("processes", 2)]
)
def test_every_executor_agrees_with_the_serial_one(reference, root, executor, workers):
    result = jobs.run(SWEEP, root=root, executor=executor, workers=workers, progress=False)
    assert result.executor == executor
    assert result.tiles > 4
    assert contents(result.path) == reference


def test_an_external_scheduler(reference, root):
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        host="127.0.0.1",
        protocol="tcp",
        dashboard_address=None,
    ) as cluster:
        address = cluster.scheduler_address
        result = jobs.run(SWEEP, root=root, executor=address, progress=False)
        assert contents(result.path) == reference


def test_a_scheduler_that_is_not_there(fake, small, root):
    start = time.perf_counter()
    with pytest.raises(Refused, match=r"tcp://127\.0\.0\.1:9 does not answer"):
        jobs.run(small, root=root, executor="tcp://127.0.0.1:9", progress=False)
    assert time.perf_counter() - start < 15
    assert not list(root.glob("*.zarr"))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("tcp://127.0.0.1", "has no port; write an address as tcp://host:8786"),
        ("tcp://", "has no port"),
        ("tls://127.0.0.1:9", "needs a connection by TLS"),
    ],
)
def test_an_address_that_is_none_is_refused_at_once(fake, small, root, address, said):
    start = time.perf_counter()
    with pytest.raises(Refused, match=said):
        jobs.run(small, root=root, executor=address, progress=False)
    assert time.perf_counter() - start < 5


def test_what_takes_a_connection_and_says_nothing_is_no_scheduler(fake, small, root, monkeypatch):
    monkeypatch.setattr("jobs.executors.reaching.PATIENCE", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Refused, match=r"does not answer as a Dask scheduler .*8787 that"):
            jobs.run(small, root=root, executor=address, progress=False)


@pytest.mark.parametrize(("poison", "outcome"), [(666.0, "crashed"), (667.0, "out_of_memory")])
def test_one_bad_tile_stops_no_other(fake, many_tiles, small, root, poison, outcome):
    small["axes"] = {"w": {"values": [1.0, 2.0, poison, 4.0]}, "b": {"start": 0.0, "stop": 1.0, "num": 50}}
    for executor in ("serial", "threads"):
        result = jobs.run(small | {"name": executor}, root=root, executor=executor, progress=False)
        assert result.failed >= 1
        assert set(result.counts) == {"ok", outcome}
        assert result.done + result.failed == result.tiles
        assert f"w={poison}" in result.messages[0]
        dataset = jobs.open(result.path)
        bad = dataset.outcome.values > 1
        assert (dataset.period.values[bad] == -1).all()
        assert jobs.catalog(root)[0].state == "failed"
        again = jobs.run(small | {"name": executor}, root=root, executor=executor, progress=False)
        assert again.computed_tiles == result.failed


@pytest.mark.parametrize("executor", ["serial", "threads"])
def test_a_fault_of_every_tile_stops_the_run(fake, many_tiles, small, root, monkeypatch, executor):
    from jobs.work import Stopped

    def broken(run, columns):
        raise NotImplementedError("nothing works")

    monkeypatch.setattr(fake.FakeRun, "evaluate", broken)
    with pytest.raises(
        Stopped, match=r"the first 4 tiles failed, one as tile .*: NotImplementedError: nothing works"
    ):
        jobs.run(small, root=root, executor=executor, progress=False)
    assert ledger.read(root / "small.zarr").failed < 20


@pytest.mark.slow
def test_a_tile_that_kills_its_workers(root, tmp_path):
    (tmp_path / "poison.py").write_text(POISON)
    (tmp_path / "poison.toml").write_text(
        'name = "poison"\nsystem = "./poison.py"\nobservables = ["final_state"]\n'
        "[parameters]\nsteps = 100000\n"
        "[axes.w]\nvalues = [0.0, 0.5, 0.75, 1.0]\n"
        "[axes.start]\nstart = 0.0\nstop = 1.0\nnum = 1024\n"
    )
    result = jobs.run(tmp_path / "poison.toml", root=root, executor="processes", workers=2, progress=False)
    assert result.failed == 1
    assert set(result.counts) == {"ok", "crashed"}
    assert "KilledWorker" in result.messages[0]


SCRIPT = """
import json, sys
import jobs
result = jobs.run(json.loads(sys.argv[1]), root=sys.argv[2], executor="processes", workers=2, progress=False)
print(result.done, result.tiles)
"""


def test_a_plain_script_without_a_main_guard_and_only_loopback_ports(root, tmp_path, reference):
    import json

    script = tmp_path / "plain.py"
    script.write_text(SCRIPT)
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    process = subprocess.Popen(
        [sys.executable, str(script), json.dumps(SWEEP), str(root)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    seen = set()
    me = psutil.Process(process.pid)
    while process.poll() is None:
        for child in [me, *_children(me)]:
            try:
                listening = [c for c in child.net_connections("inet") if c.status == psutil.CONN_LISTEN]
            except psutil.Error:
                continue
            seen |= {connection.laddr.ip for connection in listening}
        time.sleep(0.02)
    out, _ = process.communicate()
    assert process.returncode == 0
    done, tiles = out.split()
    assert done == tiles
    assert seen == {"127.0.0.1"}
    assert contents(root / "real.zarr") == reference


def _children(process):
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def test_a_full_disk_says_so_and_keeps_what_is_safe(fake, many_tiles, small, root, monkeypatch):
    import errno

    import jobs.work
    from jobs.work import Stopped

    write, calls = jobs.work.write, []

    def full(store, scratch, chunks):
        calls.append(1)
        if len(calls) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(store, scratch, chunks)

    monkeypatch.setattr(jobs.work, "write", full)
    for executor in ("serial", "threads"):
        calls.clear()
        with pytest.raises(Stopped, match="the disk is full"):
            jobs.run(small | {"name": executor}, root=root, executor=executor, progress=False)
        assert 3 <= ledger.read(root / f"{executor}.zarr").done < 16 * 4
    monkeypatch.setattr(jobs.work, "write", write)
    result = jobs.run(small | {"name": "threads"}, root=root, executor="threads", progress=False)
    assert result.done == result.tiles
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("separatrix")]


def test_a_disk_that_fills_up_while_the_last_tiles_wait_ends_the_run():
    """All is computed, as many tiles wait as the queue takes, then the writer dies: the run hung there."""
    from jobs.executors import threads
    from jobs.work import Stopped

    class Waiting:
        pending = range(4)  # one with the writer, three in the queue of two workers

        def begin(self):
            self.computed = threading.Semaphore(0)

        def compute(self, number):
            self.computed.release()
            return number

        def commit(self, batch):
            for _ in self.pending:
                self.computed.acquire()
            time.sleep(0.3)
            raise Stopped("the disk is full")

    said = []

    def run():
        try:
            threads.run(Waiting(), 2)
        except Stopped as stopped:
            said.append(str(stopped))

    driver = threading.Thread(target=run, daemon=True)
    driver.start()
    driver.join(20)
    assert said == ["the disk is full"]


def test_failed_syncs_are_never_taken_for_success(fake, many_tiles, small, root, monkeypatch):
    """Each sync in turn fails with EIO: the run stops, and running again makes the same store."""
    import errno

    from jobs.work import Stopped

    small["axes"] = {"w": {"start": 0.0, "stop": 8.0, "num": 7}, "b": {"start": -1.0, "stop": 1.0, "num": 6}}
    expected = contents(jobs.run(small, root=root / "reference", executor="serial", progress=False).path)
    fsync, left = os.fsync, [0]

    def fails(descriptor):
        left[0] -= 1
        if left[0] == 0:
            raise OSError(errno.EIO, "Input/output error")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fails)
    for number in range(1, 200, 17):
        left[0] = number
        place = root / str(number)
        try:
            jobs.run(small, root=place, executor="serial", progress=False)
        except (OSError, Stopped):
            pages = ledger.read(place / "small.zarr") if (place / "small.zarr").exists() else None
            left[0] = -1
            jobs.run(small, root=place, executor="serial", progress=False)
            assert pages is None or pages.done < len(expected["records"]) or number > 100
        else:
            assert left[0] > 0
            break
        assert contents(place / "small.zarr") == expected
