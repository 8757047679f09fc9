"""Run a sweep: plan it, own its store, compute what is missing, say what came out."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobs import lock, rooms, template
from jobs.document import shown
from jobs.executors import serial
from jobs.planning import Plan, plan, read, workers_here
from jobs.progress import Watcher, say, watcher
from jobs.seals import attributes_of
from jobs.store import Store, take
from jobs.sweep import Sweep
from jobs.work import BATCH, Stopped, Work
from sim.errors import refuse
from sim.run import OUTCOMES

__all__ = ["Result", "Stopped", "run"]

TOGETHER = 2**26  # bytes of a quick sweep up to which its tiles share the syncs that settle them


@dataclass(frozen=True)
class Result:
    """What a run came to. counts: cells by outcome; computed_tiles: those that this call computed."""

    path: Path
    sweep: Sweep
    counts: Mapping[str, int]
    tiles: int
    done: int
    failed: int
    computed_tiles: int
    seconds: float
    executor: str
    messages: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()


def run(
    sweep: Sweep | Path | str | dict[str, Any],
    root: Path | str = "results",
    executor: str = "auto",
    workers: int | None = None,
    progress: bool | Watcher = True,
    fresh: bool = False,
    repair: bool = False,
    changes: Mapping[str, Any] | None = None,
) -> Result:
    """Run a sweep into `ROOT/NAME.zarr`, or take up what is there and compute only what is missing.

    sweep: a file, the name of a shipped sweep, a dictionary or a Sweep;
    executor: "auto" (by the plan), "serial", "threads", "processes" or the address of a Dask scheduler;
    fresh: replace a store of this name; repair: put back damaged metadata and coordinates (damaged tiles are
    computed again without being asked); changes: dotted keys to set in the sweep.

    Errors, in this order: Refused (nothing has been written), Stopped (running again resumes). A tile that
    fails is in the result and stops no other.

    >>> result = run("pascanu-cliff", changes={"axes.w.num": 64, "axes.b.num": 64})  # doctest: +SKIP
    >>> open(result.path).loss.plot()  # doctest: +SKIP
    """
    start = time.perf_counter()
    if not isinstance(changes, Mapping | None) or not all(isinstance(key, str) for key in changes or ()):
        raise refuse("changes", f'{shown(changes)} given; write a dictionary, as {{"axes.w.num": 64}}')
    given = read(sweep, dict(changes or {}))
    where = rooms.root_path(root)
    planned = plan(given)
    count = workers_here(workers)
    kind = _kind(str(executor), planned)
    if fresh or not rooms.store_path(where, given.name).exists():
        planned.refuse(where, planned.hands(kind, count))
    with lock.owned(where, given.name):
        store = take(where, planned.recipe, fresh=fresh, repair=repair)
        if store.mended:
            say(f"made again and put back, as they were: {', '.join(store.mended)}"[:500])
        pending = store.pending()
        rooms.sweep_out(where, given.name)
        rooms.remember_origin(where, given.name, given.folder)
        if pending:
            small = executor == "auto" and planned.bytes <= TOGETHER
            _fill(store, pending, kind, count, watcher(progress), BATCH if small else 1)
        if store.is_new or pending or not attributes_of(store.path)["finished"]:
            _finish(store)
        rooms.clear(where, given.name)
    return _result(store, kind, len(pending), time.perf_counter() - start)


def _kind(executor: str, planned: Plan) -> str:
    if executor == "auto":
        return planned.executor()
    if executor in {"serial", "threads", "processes"} or executor.startswith(("tcp://", "tls://")):
        return executor
    known = '"auto", "serial", "threads", "processes" or an address as tcp://host:8786'
    raise refuse("--scheduler", f"{executor[:80]!r} given; write {known}")


def _fill(store: Store, pending: list[int], kind: str, workers: int, watch: Watcher, together: int) -> None:
    recipe = store.recipe
    if store.damaged:
        say(f"{len(store.damaged)} damaged chunks are computed again, the first: {store.damaged[0]}")
    recipe.compile()
    work = Work(store, pending, watch)
    waiting = sum(math.prod(recipe.grid.extent(number)) for number in pending)
    watch.begin(recipe.sweep.name, store.path, recipe.grid.cells, recipe.grid.cells - waiting)
    try:
        if kind == "serial":
            serial.run(work, together)
        elif kind == "threads":
            from jobs.executors import threads  # noqa: PLC0415  Dask takes 0.1 s

            threads.run(work, workers)
        else:
            from jobs.executors import cluster  # noqa: PLC0415  distributed takes 0.3 s

            cluster.run(work, workers, None if kind == "processes" else kind)
    finally:
        work.end()
        watch.end()


def _finish(store: Store) -> None:
    if store.pages.done + store.pages.failed == len(store.recipe.grid):
        template.finish(store.path, rooms.scratch(store.root, store.recipe.sweep.name) / "zarr.json")


def _result(store: Store, kind: str, computed: int, seconds: float) -> Result:
    pages = store.pages
    return Result(
        path=store.path,
        sweep=store.recipe.sweep,
        counts={OUTCOMES[code]: count for code, count in pages.cells.items()},
        tiles=len(store.recipe.grid),
        done=pages.done,
        failed=pages.failed,
        computed_tiles=computed,
        seconds=seconds,
        executor=kind,
        messages=tuple(record.message for record in pages.records.values() if record.message),
        repaired=(*store.mended, *store.damaged),
    )
