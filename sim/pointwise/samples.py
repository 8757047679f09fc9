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

from sim.cells import DEPTH
from sim.lanes import fma, load, splat, store, turn
from sim.machine.jit import uncounted as jit


@jit
def deliver(out: Any, cells: int, at: int, row: int, width: int) -> None:
    """Turn the rows from `row` on that lie in the buffer, as many as there are; mark what is not finite."""
    start = DEPTH * width
    pitch = (out.size - start) // cells - 1
    mark = out.size - cells + at
    for k in range(0, width, 8):
        to = start + (at + k) * pitch + row
        sound = load(out, mark + k, 8)
        for r in range(0, min(DEPTH, pitch - row), 8):
            for i in range(8):
                sound = fma(load(out, (r + i) * width + k, 8), 0.0, sound)
            turn(out, r * width + k, width, to + r, pitch)
        store(out, mark + k, sound)


@jit
def clear(out: Any, width: int) -> None:
    """Leave nothing of these cells to the next."""
    for k in range(0, DEPTH * width, 8):
        store(out, k, splat(0.0, 8))


@jit
def keep(out: Any, cells: int, at: int, row: int, value: Any, width: int) -> None:
    """Row `row` of the bundle of cells at `at`; rows come in rising order, `close` after the last."""
    store(out, (row & (DEPTH - 1)) * width, value)
    if row & (DEPTH - 1) == DEPTH - 1:
        deliver(out, cells, at, row - (DEPTH - 1), width)


@jit
def close(out: Any, cells: int, at: int, width: int) -> None:
    """Deliver the rows that came after the last whole buffer."""
    pitch = (out.size - DEPTH * width) // cells - 1
    deliver(out, cells, at, (pitch - 1) // DEPTH * DEPTH, width)
    clear(out, width)


@jit
def keep_falling(out: Any, cells: int, at: int, row: int, value: Any, width: int) -> None:
    """Row `row` of the bundle of cells at `at`; rows come in falling order, down to 0."""
    store(out, (row & (DEPTH - 1)) * width, value)
    if row & (DEPTH - 1) == 0:
        deliver(out, cells, at, row, width)
        if row == 0:
            clear(out, width)
