"""One tile from its number to its bytes: what every executor calls, and all that it calls."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from jobs import parts
from jobs.chunks import Chunk, encode, write
from jobs.evaluate import OUTCOME, Recipe, recipe
from jobs.ledger import Record
from jobs.sweep import Sweep
from jobs.template import chunk_shape, fill, outcome_variable
from sim.errors import refuse


class Filled(NamedTuple):
    """A tile's chunks and the record that settles it once they are on disk."""

    chunks: list[Chunk]
    record: Record


class Order(NamedTuple):
    """What a worker elsewhere needs: names and numbers, no function and no array."""

    store: str
    scratch: str
    sweep: str
    folder: str
    digest: str


def compute(made: Recipe, number: int) -> Filled:
    """The cells of a tile. What goes wrong in some of them fails those and no others."""
    arrays, faults = parts.computed(made, made.grid.block(number))
    return pack(made, number, arrays, _message(number, parts.told(made, faults)) if faults else "")


def failed(made: Recipe, number: int, outcome: int, reason: str) -> Filled:
    """A tile that could not be computed: NaN, -1, the outcome, and where it lies."""
    block = made.grid.block(number)
    told = parts.told(made, [parts.Fault(block, outcome, reason)])
    return pack(made, number, made.blanks(made.grid.extent(number), outcome), _message(number, told))


def _message(number: int, told: str) -> str:
    return f"tile {number}: {told}"[:500]


def pack(made: Recipe, number: int, arrays: Mapping[str, np.ndarray], message: str = "") -> Filled:
    """A tile's arrays as encoded chunks."""
    chunks: list[Chunk] = []
    marks: dict[str, tuple[tuple[int, int], ...]] = {}
    place = made.grid.index(number)
    for item in (*made.variables, outcome_variable()):
        shape = chunk_shape(made, item)
        encoded = list(encode(item.name, place, arrays[item.name], shape, fill(item)))
        chunks += encoded
        marks[item.name] = tuple((chunk.crc, len(chunk.data)) for chunk in encoded)
    counts = np.bincount(arrays[OUTCOME].ravel())
    cells = {code: int(count) for code, count in enumerate(counts) if count}
    return Filled(chunks, Record(number, "failed" if message else "done", cells, marks, message))


def fill_there(order: Order, number: int) -> Record:
    """In a worker: compute a tile, put its chunks on disk, return the record for the driver's ledger.

    Errors: Refused where this worker has other sources than the driver; OSError where the disk fails.
    """
    folder = Path(order.folder) if order.folder else None
    made = recipe(_sweep(order.sweep, folder), order.digest)
    if made.digest != order.digest:
        text = f"a worker has other sources (digest {made.digest[:12]}) than the driver ({order.digest[:12]})"
        raise refuse("--scheduler", f"{text}; install the same version there")
    filled = compute(made, number)
    write(Path(order.store), Path(order.scratch), filled.chunks)
    return filled.record


_SWEEPS: dict[tuple[str, Path | None], Sweep] = {}


def _sweep(canonical: str, folder: Path | None) -> Sweep:
    key = (canonical, folder)
    if key not in _SWEEPS:
        _SWEEPS.clear()
        _SWEEPS[key] = Sweep.parse(json.loads(canonical), folder=folder)
    return _SWEEPS[key]
