"""The numbers of one tile of cells, laid out for kernels: flat, aligned, cells innermost, padded to whole
bundles.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from sim.machine.memory import numbers

DEPTH = 32  # rows that are gathered before they are turned; 8 took 1.15 times as long, 128 no less
LINE = 8  # numbers of a cache line
FINITE = "finite: "  # before a name: whether all of a cell's numbers are, where the kernel has looked
ALIGNMENT = 64  # bytes of one AVX-512 register; straddling a cache line cost 1.2 to 1.45 times


def aligned(size: int) -> np.ndarray:
    """An uninitialised float64 array that starts on a cache line."""
    buffer = numbers(size + ALIGNMENT // 8)
    offset = (-buffer.ctypes.data % ALIGNMENT) // 8
    return buffer[offset : offset + size]


def cells_of(given: Mapping[str, np.ndarray]) -> int:
    """How many cells these columns are of; one, where nothing varies."""
    return len(next(iter(given.values()))) if given else 1


def padded(cells: int, width: int) -> int:
    """The number of cells with the last bundle filled up."""
    return -(-cells // width) * width


class Columns(NamedTuple):
    """Numbers of cells by name: an array each, and the step from one cell to the next (0: the same for
    all).
    """

    arrays: tuple[np.ndarray, ...]
    strides: np.ndarray


def columns(values: Sequence[Any], cells: int, width: int) -> Columns:
    """The values as kernels of bundles of `width` read them; what is the same for all cells is one bundle,
    whole arrays are not copied.

    Padding cells repeat the last one, so that they cost nothing unusual.
    """
    arrays = []
    strides = []
    for value in values or [0.0]:
        column = np.asarray(value, dtype=np.float64)
        strides.append(column.ndim)
        if column.ndim and cells % width == 0 and column.flags.c_contiguous and column.flags.writeable:
            arrays.append(column)
            continue
        flat = aligned(padded(cells, width) if column.ndim else width)
        flat[: cells if column.ndim else width] = column
        flat[cells:] = flat[cells - 1] if column.ndim else column
        arrays.append(flat)
    return Columns(tuple(arrays), np.array(strides, dtype=np.int64))


def rows(series: np.ndarray, cells: int, width: int) -> np.ndarray:
    """(rows, cells) as flat rows of whole bundles."""
    whole = padded(cells, width)
    flat = aligned(max(1, len(series)) * whole)
    table = flat.reshape(-1, whole)
    table[:, :cells] = series
    table[:, cells:] = table[:, cells - 1 : cells]
    return flat


def room(rows: int, cells: int, width: int) -> np.ndarray:
    """The flat array for `rows` numbers of each cell, as `sim/pointwise/samples.py` writes it: the buffer,
    the rows, and a number that is NaN for each cell that kept one that is not finite.
    """
    flat = aligned(DEPTH * width + cells * (-(-rows // LINE) * LINE + 1))
    flat[: DEPTH * width] = flat[-cells:] = 0.0
    return flat


def rows_of(out: np.ndarray, rows: int, cells: int, width: int) -> np.ndarray:
    """What was written into it, (cells, rows)."""
    return out[DEPTH * width : -cells].reshape(cells, -1)[:, :rows]


def finite_of(out: np.ndarray, cells: int) -> np.ndarray:
    """Whether all that was written is finite, (cells,)."""
    return out[-cells:] == 0.0
