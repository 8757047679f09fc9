"""Threads under Dask's threaded scheduler: kernels release Python's lock, one more thread writes."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, Full, Queue
from threading import Event, Thread

from dask.threaded import get

from jobs.fill import Filled
from jobs.work import BATCH, Work


def run(work: Work, workers: int) -> None:
    """Compute tiles on `workers` threads while another one puts them on disk.

    Syncing files stays off the threads that compute; at most two tiles a worker wait to be written.
    """
    queue: Queue[Filled | None] = Queue(maxsize=workers + 1)
    stop = Event()
    faults: list[BaseException] = []

    def tile(number: int) -> None:
        if not stop.is_set():
            _put(queue, work.compute(number), stop.is_set)

    def keep() -> None:
        try:
            work.begin()
            while (batch := _batch(queue)) is not None:
                work.commit(batch)
        except BaseException as fault:  # noqa: BLE001  it belongs to the caller's thread
            faults.append(fault)
            stop.set()

    writer = Thread(target=keep, name="separatrix-writer")
    pool = ThreadPoolExecutor(workers, thread_name_prefix="separatrix")
    writer.start()
    try:
        graph = {f"tile-{number}": (tile, number) for number in work.pending}
        get(graph, list(graph), pool=pool)
    except BaseException:
        stop.set()
        raise
    finally:
        pool.shutdown(wait=not stop.is_set(), cancel_futures=True)
        _put(queue, None, lambda: not writer.is_alive())  # it may die of a full disk with the queue full
        writer.join()
    if faults:
        raise faults[0]


def _put(queue: Queue[Filled | None], item: Filled | None, given_up: Callable[[], bool]) -> None:
    """Wait until the queue takes an item, or nobody will take it from there any more."""
    while True:
        try:
            return queue.put(item, timeout=0.1)
        except Full:
            if given_up():
                return None


def _batch(queue: Queue[Filled | None]) -> list[Filled] | None:
    """The tiles that wait, at least one; None when there will be no more."""
    first = queue.get()
    if first is None:
        return None
    batch = [first]
    while len(batch) < BATCH:
        try:
            item = queue.get_nowait()
        except Empty:
            break
        if item is None:
            queue.put(None)
            break
        batch.append(item)
    return batch
