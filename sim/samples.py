"""What a kernel keeps of every time, turned from [time][cell] to [cell][time] on its way to memory.

A bundle of cells gives one number of each at every time, results hold the times of one cell side by side.
Written where they belong one by one, the numbers of a bundle would go to as many cache lines. So the rows of
`DEPTH` times are gathered in a buffer that stays in the first-level cache, turned in registers, eight times
of eight cells at once, and stored past the caches as whole lines: nothing is read before it is overwritten,
and what the next step needs stays where it is.

The flat array of such an output holds that buffer first, then `pitch` numbers for each cell, its rows filled
up to a whole line.
"""

from typing import Any

import numba
import numpy as np

from sim.cells import aligned
from sim.lanes import store, turn

DEPTH = 32  # rows; 8 took 1.15 times as long, 128 no less
_LINE = 8  # numbers of a cache line

jit = numba.njit(nogil=True, error_model="numpy", _nrt=False)


def room(rows: int, cells: int, width: int) -> np.ndarray:
    """The flat array for `rows` numbers of each cell, written by bundles of `width` cells."""
    return aligned(DEPTH * width + cells * (-(-rows // _LINE) * _LINE))


def rows_of(out: np.ndarray, rows: int, cells: int, width: int) -> np.ndarray:
    """What was written, (cells, rows)."""
    return out[DEPTH * width :].reshape(cells, -1)[:, :rows]


@jit
def deliver(out: Any, cells: int, at: int, row: int, width: int) -> None:
    """Turn the rows from `row` on that lie in the buffer, as many as there are."""
    start = DEPTH * width
    pitch = (out.size - start) // cells
    for k in range(0, width, 8):
        to = start + (at + k) * pitch + row
        for r in range(0, min(DEPTH, pitch - row), 8):
            turn(out, r * width + k, width, to + r, pitch)


@jit
def keep(out: Any, cells: int, at: int, row: int, value: Any, width: int) -> None:
    """Row `row` of the bundle of cells at `at`; rows come in rising order, `close` after the last."""
    store(out, (row & (DEPTH - 1)) * width, value)
    if row & (DEPTH - 1) == DEPTH - 1:
        deliver(out, cells, at, row - (DEPTH - 1), width)


@jit
def close(out: Any, cells: int, at: int, width: int) -> None:
    """Deliver the rows that came after the last whole buffer."""
    pitch = (out.size - DEPTH * width) // cells
    deliver(out, cells, at, (pitch - 1) // DEPTH * DEPTH, width)


@jit
def keep_falling(out: Any, cells: int, at: int, row: int, value: Any, width: int) -> None:
    """Row `row` of the bundle of cells at `at`; rows come in falling order, down to 0."""
    store(out, (row & (DEPTH - 1)) * width, value)
    if row & (DEPTH - 1) == 0:
        deliver(out, cells, at, row, width)
