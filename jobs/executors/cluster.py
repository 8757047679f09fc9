"""Worker processes under a Dask scheduler: our own on this machine, or one at an address."""

import logging
import os
import subprocess
import sys
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from queue import Empty, Queue

from distributed import Client, Future, KilledWorker

from jobs.evaluate import CRASHED, OUT_OF_MEMORY
from jobs.executors.reaching import reach
from jobs.fill import failed, fill_there
from jobs.template import versions
from jobs.work import Stopped, Work
from sim.errors import Refused, refuse
from sim.machine.memory import free_memory

AHEAD = 2  # tiles in flight for each worker: one computes, one waits
GATHER = 20  # seconds for a record of a finished tile to come
REACH = "5s"  # to reach a scheduler at an address
MUST_AGREE = ("numpy", "numba", "llvmlite", "zarr", "numcodecs", "distributed")


def run(work: Work, workers: int, address: str | None) -> None:
    """Hand out pending tiles, a few at a time, and enter each into the ledger as soon as it is on disk.

    Errors: Refused where the scheduler cannot be used, Stopped where it is lost or the disk fails.
    """
    with _silence():
        if address is None:
            with _own_cluster(min(workers, len(work.pending))) as own, _client(own) as client:
                work.begin()
                _drive(work, client)
        else:
            reach(address)
            with _client(address) as client:
                work.begin()
                _inspect(client, address, work)
                _drive(work, client)


@contextmanager
def _silence() -> Iterator[None]:
    """Keep distributed's own log to itself: what goes wrong is said once, by us."""
    loggers = [logging.getLogger(name) for name in ("asyncio", "tornado", *logging.root.manager.loggerDict)]
    loggers = [one for one in loggers if one.name.split(".")[0] in {"distributed", "asyncio", "tornado"}]
    levels = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for one, level in zip(loggers, levels, strict=True):
            one.setLevel(level)


@contextmanager
def _own_cluster(workers: int) -> Iterator[str]:
    """Start worker processes; they end with this block, or with this process."""
    memory = int(0.9 * free_memory() / workers)
    threads = dict.fromkeys(
        ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
    )
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    process = subprocess.Popen(  # noqa: S603  our own interpreter and module
        [sys.executable, "-m", "jobs.cluster_process", str(workers), str(memory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **threads, "PYTHONPATH": path},
        text=True,
    )
    assert process.stdin is not None  # noqa: S101  for the type checker
    assert process.stdout is not None  # noqa: S101
    try:
        address = process.stdout.readline().strip()
        if not address:
            raise Stopped(
                "the worker processes did not start; try --serial, or threads: leave out --processes"
            )
        yield address
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


@contextmanager
def _client(address: str) -> Iterator[Client]:
    """A client of the scheduler at an address. Errors: Refused where none answers."""
    try:
        client = Client(address, timeout=REACH, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as fault:
        kind = type(fault).__name__
        text = f"{address} does not answer as a Dask scheduler ({kind}); start one with: dask scheduler"
        raise refuse("--scheduler", text) from None
    try:
        yield client
    finally:
        client.close(timeout=2)


def _inspect(client: Client, address: str, work: Work) -> None:
    """Refuse workers that see other files or have other libraries than this process."""
    if not client.scheduler_info(n_workers=-1)["workers"]:
        raise refuse(
            "--scheduler", f"{address} has no workers; start one with: dask worker {address} --nthreads 1"
        )
    here = versions()
    try:
        found = client.run(_look, str(work.store.path / "zarr.json"))
    except Exception as fault:  # noqa: BLE001  whatever a stranger's worker answers
        text = f"a worker of {address} cannot load separatrix ({type(fault).__name__})"
        raise refuse("--scheduler", f"{text}; install the same version there") from None
    for worker, (sees, there) in found.items():
        if not sees:
            raise refuse(
                "--scheduler", f"worker {worker} does not see {work.store.path}; use a shared --root"
            )
        for name in MUST_AGREE:
            if there.get(name) != here[name]:
                text = f"worker {worker} has {name} {there.get(name)}, here is {here[name]}"
                raise refuse("--scheduler", f"{text}; install the same version there")


def _look(place: str) -> tuple[bool, dict[str, str]]:
    return Path(place).is_file(), versions()


def _drive(work: Work, client: Client) -> None:
    """All tiles; then, one at a time, those whose workers died: who waits beside a killer is innocent."""
    workers = len(client.scheduler_info(n_workers=-1)["workers"])
    suspects = _flight(work, client, work.pending, max(workers, 1) * AHEAD)
    guilty = _flight(work, client, suspects, 1)
    for number in guilty:
        memory = bool(client.get_events("worker-restart-memory"))
        outcome = OUT_OF_MEMORY if memory else CRASHED
        cause = "its workers ran out of memory" if memory else "its workers died (KilledWorker)"
        work.commit([failed(work.recipe, number, outcome, f"{cause}; run again to try it once more")])


def _flight(work: Work, client: Client, tiles: Sequence[int], slots: int) -> list[int]:
    """Compute tiles with at most `slots` of them handed out at a time; returns those whose workers died."""
    order = work.order()
    run = uuid.uuid4().hex[:8]
    waiting = deque(tiles)
    tries = count()
    flying: dict[str, tuple[int, Future]] = {}
    landed: Queue[str] = Queue()
    killed = []

    def launch() -> None:
        if waiting:
            number = waiting.popleft()
            key = f"tile-{number}-{run}-{next(tries)}"
            future = client.submit(fill_there, order, number, key=key, pure=False, priority=-number)
            flying[key] = (number, future)
            future.add_done_callback(lambda done: landed.put(done.key))

    for _ in range(slots):
        launch()
    while flying:
        try:
            key = landed.get(timeout=1)
        except Empty:
            _alive(client)
            continue
        number, future = flying.pop(key)
        end = _settled(work, client, number, future)
        if end == "killed":
            killed.append(number)
        elif end == "lost":
            waiting.append(number)
        future.release()
        launch()
    return killed


def _settled(work: Work, client: Client, number: int, future: Future) -> str:
    """Enter a tile into the ledger: 'settled', or 'killed' where its workers died.

    'lost' where a worker died that held the record of a tile it had computed: it is to be computed again.
    """
    if future.status == "cancelled":
        raise _lost()
    try:
        record = future.result(timeout=GATHER)
    except (CancelledError, TimeoutError):
        _alive(client)
        return "lost"
    except KilledWorker:
        return "killed"
    except Exception as raised:  # noqa: BLE001  whatever a worker raised
        raise _said(work, number, raised) from None
    work.acknowledge([record])
    return "settled"


def _said(work: Work, number: int, fault: Exception) -> Exception:
    """What is said when a worker could not go on."""
    if isinstance(fault, OSError):
        return work.disk_fault(fault)
    if isinstance(fault, Refused):
        return fault
    return Stopped(f"tile {number}: {type(fault).__name__}: {str(fault)[:300]}; run again to resume")


def _alive(client: Client) -> None:
    if client.status not in {"running", "connecting"}:
        raise _lost()


def _lost() -> Stopped:
    return Stopped("the scheduler was lost; what is computed is safe: run again to resume")
