"""What kernels keep of every time: every number lands in its cell and its row, and memory is used again only
when nobody can see it.
"""

import gc
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest

from sim.cells import DEPTH, aligned, finite_of, room, rows_of
from sim.lanes import load
from sim.machine import memory
from sim.pointwise.samples import close, keep, keep_falling

WIDTH = 64
jit = numba.njit(nogil=True, error_model="numpy", _nrt=False)


@jit
def rising(values: Any, out: Any, cells: int, rows: int) -> None:
    for at in range(0, cells, 64):
        for row in range(rows):
            keep(out, cells, at, row, load(values, row * cells + at, 64), 64)
        close(out, cells, at, 64)


@jit
def falling(values: Any, out: Any, cells: int, rows: int) -> None:
    for at in range(0, cells, 64):
        for row in range(rows - 1, -1, -1):
            keep_falling(out, cells, at, row, load(values, row * cells + at, 64), 64)


@pytest.mark.parametrize("run", [rising, falling])
@pytest.mark.parametrize("rows", [1, 2, 7, 8, 9, DEPTH - 1, DEPTH, DEPTH + 1, 3 * DEPTH, 101])
@pytest.mark.parametrize("cells", [64, 192])
def test_every_number_lands_in_its_cell_and_row(
    run: Callable[[np.ndarray, np.ndarray, int, int], None], rows: int, cells: int
) -> None:
    values = aligned(rows * cells)
    values[:] = np.random.default_rng(rows).normal(size=rows * cells)
    out = room(rows, cells, WIDTH)
    out[:] = np.nan
    run(values, out, cells, rows)
    assert np.array_equal(rows_of(out, rows, cells, WIDTH), values.reshape(rows, cells).T)


@pytest.mark.parametrize("run", [rising, falling])
@pytest.mark.parametrize("rows", [1, 9, DEPTH, 101])
def test_cells_that_kept_what_is_not_finite_are_marked_and_no_others(
    run: Callable[[np.ndarray, np.ndarray, int, int], None], rows: int
) -> None:
    cells = 192
    values = np.random.default_rng(rows).normal(size=(rows, cells))
    values[0, 3], values[-1, 64], values[rows // 2, 130] = np.nan, np.inf, -np.inf
    values[-1, 5] = 1e308
    flat, out = aligned(rows * cells), room(rows, cells, WIDTH)
    flat[:] = values.ravel()
    with np.errstate(invalid="ignore"):
        run(flat, out, cells, rows)
    assert np.flatnonzero(~finite_of(out, cells)).tolist() == [3, 64, 130]


@pytest.fixture
def nothing_waits() -> None:
    gc.collect()
    memory._free.clear()


@pytest.mark.usefixtures("nothing_waits")
def test_memory_is_used_again_when_its_last_view_is_gone() -> None:
    size = memory.LARGE // 8
    first = memory.numbers(size)
    where = first.ctypes.data
    view = first[5:].reshape(-1, 1)[::2].T[0]
    del first
    gc.collect()
    other = memory.numbers(size)
    assert other.ctypes.data != where
    del view
    gc.collect()
    assert memory.numbers(size).ctypes.data == where
    assert memory.numbers(2 * size).ctypes.data != where


@pytest.mark.usefixtures("nothing_waits")
def test_what_waits_for_its_next_use_is_bounded() -> None:
    size = memory.KEPT // 8 // 4
    held = [memory.numbers(size) for _ in range(6)]
    held.clear()
    gc.collect()
    assert sum(each.nbytes for each in memory._free) == memory.KEPT
    memory._free.clear()


@pytest.mark.usefixtures("nothing_waits")
def test_small_arrays_are_the_allocators() -> None:
    array = memory.numbers(memory.LARGE // 8 - 1)
    assert array.base is None
    del array
    assert not memory._free
