"""What a sweep will cost before anything runs: cells, tiles, bytes, memory, and who should compute it."""

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jobs import parts
from jobs.document import shown
from jobs.evaluate import OUT_OF_MEMORY, Recipe, recipe
from jobs.rooms import root_path
from jobs.sweep import Sweep
from jobs.tiles import RATE, Grid
from sim.errors import Problem, Refused, refuse
from sim.machine.memory import free_memory

QUICK = 0.2  # nominal seconds of one core up to which importing Dask takes longer than it saves
LONG = 60.0  # nominal seconds of one core from which processes are worth their start
BASE_MEMORY = 250 * 2**20  # of a Python process with the libraries


@dataclass(frozen=True)
class Plan:
    """The cost of a sweep. Bytes are those before compression; `nominal` is in seconds of one core."""

    sweep: Sweep
    recipe: Recipe
    grid: Grid
    bytes: int
    tile_bytes: int
    scratch_bytes: int
    nominal: float

    def memory(self, workers: int) -> int:
        """Bytes of memory that `workers` need together: their tiles and those that wait to be written."""
        return BASE_MEMORY + self.tile_bytes * (workers + 2) + self.scratch_bytes * workers

    def hands(self, kind: str, workers: int) -> int:
        """How many of these workers have a tile at a time."""
        return 1 if kind == "serial" else min(workers, len(self.grid))

    def executor(self) -> str:
        """'serial' for what is done at once, 'threads' for short sweeps, 'processes' for long ones."""
        if len(self.grid) <= 1 or self.nominal < QUICK:
            return "serial"
        return "processes" if self.nominal > LONG else "threads"

    def refuse(self, root: Path, workers: int) -> None:
        """Refuse what does not fit on the disk or in memory."""
        problems = []
        free = shutil.disk_usage(_existing(root)).free
        if self.bytes > free // 2:
            text = f"{self.grid.cells:,} cells need {size(self.bytes)}, half the free disk at {root} is "
            text += size(free // 2)
            problems.append(
                Problem("axes", f"{text}; write smaller num, fewer observables or another --root")
            )
        available = free_memory()
        if self.memory(workers) > available:
            problems.append(self._too_large(workers, available))
        if problems:
            raise Refused(problems)

    def _too_large(self, workers: int, available: int) -> Problem:
        """What does not fit in memory: so many tiles at once, or one of them, which fewer workers do not
        cure.
        """
        free = f"{size(available)} are free"
        if self.memory(1) <= available:
            text = f"{workers} tiles at once need {size(self.memory(workers))} of memory, {free}"
            return Problem("axes", f"{text}; take fewer --workers, fewer steps or observables")
        names = ", ".join(item.name for item in self.recipe.variables)
        text = f"one tile needs {size(self.memory(1))} of memory, {free}: {names} of this size"
        return Problem("parameters", f"{text}; write fewer units or steps, or other observables")


def plan(sweep: Sweep | Path | str | dict) -> Plan:
    """The plan of a sweep: a Sweep or whatever names one. Errors: Refused where names do not fit together."""
    sweep = read(sweep)
    made = recipe(sweep)
    grid = made.grid
    cells = grid.cells
    tile_cells = max(_product(grid.tile), 1)
    return Plan(
        sweep=sweep,
        recipe=made,
        grid=grid,
        bytes=cells * made.cell_bytes + made.coordinate_bytes,
        tile_bytes=tile_cells * (2 * made.cell_bytes + made.work_bytes),
        scratch_bytes=made.scratch_bytes,
        nominal=cells * made.operations / RATE,
    )


class Probe(NamedTuple):
    """One tile, tried. seconds: of one core for the whole sweep; faults: which of its cells fail, and why."""

    seconds: float
    faults: str


def probe(plan: Plan) -> Probe:
    """What the tile in the middle of a sweep takes. Errors: Refused where it does not fit in memory after
    all.
    """
    try:
        return _measured(plan)
    except MemoryError as fault:
        text = f"a tile does not fit in memory ({fault or 'out of memory'}); write fewer units or steps"
        raise refuse("parameters", f"{text}, or other observables") from None


def _measured(plan: Plan) -> Probe:
    plan.recipe.compile()
    number = len(plan.grid) // 2
    block = plan.grid.block(number)
    first = tuple(slice(part.start, part.start + 1) for part in block)
    parts.computed(plan.recipe, first)  # loads the machine code
    start = time.perf_counter()
    _, faults = parts.computed(plan.recipe, block)
    seconds = (time.perf_counter() - start) * plan.grid.cells / _product(plan.grid.extent(number))
    if short := [fault for fault in faults if fault.outcome == OUT_OF_MEMORY]:
        raise MemoryError(short[0].reason)
    return Probe(seconds, parts.told(plan.recipe, faults))


def read(source: Sweep | Path | str | dict | None, changes: dict | None = None) -> Sweep:
    """A sweep from whatever names one."""
    if isinstance(source, Sweep):
        return source.override(changes) if changes else source
    if isinstance(source, dict):
        sweep = Sweep.parse(source, folder=Path.cwd())
        return sweep.override(changes) if changes else sweep
    if not isinstance(source, (str, Path)):
        need = "write the name or the path of a sweep, a dictionary or a Sweep"
        raise refuse("sweep", f"{shown(source)} given; {need}")
    return Sweep.read(source, changes)


def workers_here(wanted: int | None) -> int:
    """How many workers: those asked for, or the processors that this process may use."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    if wanted is None:
        return processors
    if not isinstance(wanted, int | np.integer) or not 1 <= wanted <= 64 * processors:
        raise refuse(
            "--workers",
            f"{shown(wanted)} given; write a number from 1 to {64 * processors}, here best {processors}",
        )
    return int(wanted)


def size(count: float) -> str:
    """Bytes for people."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.0f} TB" if count >= 1000 else f"{count:.3g} TB"


def _product(numbers: tuple[int, ...]) -> int:
    result = 1
    for number in numbers:
        result *= number
    return result


def _existing(path: Path) -> Path:
    path = root_path(path)
    while not path.exists():
        path = path.parent
    return path
