"""The work of a run: pending tiles on one side, the ledger on the other. Executors stand between."""

import errno
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jobs.chunks import write
from jobs.evaluate import CRASHED, OUT_OF_MEMORY, Recipe
from jobs.fill import Filled, Order, compute
from jobs.ledger import Ledger, Record
from jobs.progress import Watcher
from jobs.rooms import scratch
from jobs.store import Store

BATCH = 16  # tiles that share one sync of the ledger
HOPELESS = 4  # tiles that fail before any cell is computed


class Stopped(Exception):
    """A run that ended early and is taken up again by running it again: a full disk, a lost scheduler."""


@dataclass
class Work:
    """Pending tiles of a store, and what to do with a computed one."""

    store: Store
    pending: Sequence[int]
    watcher: Watcher
    settled: list[int] = field(default_factory=list)
    ledger: Ledger | None = None

    @property
    def recipe(self) -> Recipe:
        return self.store.recipe

    @property
    def scratch(self) -> Path:
        return scratch(self.store.root, self.recipe.sweep.name)

    def begin(self) -> None:
        """Make the store and open its ledger: before the first tile is committed."""
        try:
            self.store.begin()
            self.ledger = Ledger(self.store.path)
        except OSError as fault:
            raise self.disk_fault(fault) from fault

    def end(self) -> None:
        """Close the ledger."""
        if self.ledger is not None:
            self.ledger.close()

    def compute(self, number: int) -> Filled:
        """A tile's chunks and record."""
        return compute(self.recipe, number)

    def commit(self, batch: Sequence[Filled]) -> None:
        """Put tiles on disk, then into the ledger. Errors: Stopped where the disk does not take them."""
        try:
            write(self.store.path, self.scratch, [chunk for filled in batch for chunk in filled.chunks])
        except OSError as fault:
            raise self.disk_fault(fault) from fault
        self.acknowledge([filled.record for filled in batch])

    def acknowledge(self, records: Sequence[Record]) -> None:
        """Enter tiles whose chunks are on disk into the ledger."""
        if self.ledger is None:
            raise RuntimeError("a tile is settled before the work has begun")
        try:
            self.ledger.settle(records)
        except OSError as fault:
            raise self.disk_fault(fault) from fault
        for record in records:
            self.store.pages.records[record.tile] = record
            self.settled.append(record.tile)
            self.watcher.settled(sum(record.cells.values()))
        self._stop_if_all_fail()

    def _stop_if_all_fail(self) -> None:
        """A fault that every cell has is not a bad cell: stop before it has gone through thousands."""
        records = self.store.pages.records
        if len(self.settled) >= HOPELESS and not any(map(_came_out, records.values())):
            first = records[self.settled[0]].message
            raise Stopped(f"the first {HOPELESS} tiles failed, one as {first}; mend the cause and run again")

    def disk_fault(self, fault: OSError) -> Stopped:
        """What is said when the disk fails."""
        cause = {
            errno.ENOSPC: "the disk is full, or has no free inodes",
            errno.EDQUOT: "the disk quota is used up",
            errno.EROFS: "the disk is read-only",
        }.get(fault.errno or 0, f"{fault.strerror or fault}{_at(fault)}")
        safe = self.store.pages.done
        total = len(self.recipe.grid)
        return Stopped(
            f"{self.store.path}: {cause}; {safe} of {total} tiles are safe; mend it and run again to resume"
        )

    def order(self) -> Order:
        """The work as names and numbers, for workers elsewhere."""
        sweep = self.recipe.sweep
        folder = str(sweep.folder) if sweep.folder else ""
        return Order(str(self.store.path), str(self.scratch), sweep.canonical, folder, self.recipe.digest)


def _at(fault: OSError) -> str:
    """The file of the store that a fault is about."""
    file = fault.filename2 or fault.filename
    return f" at {file}" if file else ""


def _came_out(record: Record) -> bool:
    """Whether any cell of a tile has been computed."""
    return not set(record.cells) <= {CRASHED, OUT_OF_MEMORY}
