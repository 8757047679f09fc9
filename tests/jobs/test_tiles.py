"""Tiles partition the grid on chunk edges, are few, bounded, and the same for everyone."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numcodecs import blosc

from jobs.chunks import encode
from jobs.tiles import CHUNK_BYTES, LANES, MOST_TILES, RATE, TILE_BYTES, Grid, chunk, cut

AXES = st.lists(st.tuples(st.integers(1, 60), st.booleans()), max_size=4)


@settings(max_examples=150, deadline=None)
@given(AXES, st.integers(1, 10**6), st.integers(0, 10**6), st.floats(1, 1e12))
def test_tiles_partition_the_grid_on_chunk_edges(axes, cell_bytes, work_bytes, operations):
    shape, words = [size for size, _ in axes], [word for _, word in axes]
    grid = cut(shape, words, cell_bytes=cell_bytes, work_bytes=work_bytes, operations=operations)
    if len(grid) > 500:
        return
    seen = np.zeros(shape, dtype=int)
    for number in grid:
        block = grid.block(number)
        seen[block] += 1
        for part, extent, size, word in zip(block, grid.tile, shape, words, strict=True):
            assert part.start % extent == 0
            assert part.stop % extent == 0 or part.stop == size
            assert not word or part.stop - part.start == 1
    assert (seen == 1).all()
    assert len({grid.index(number) for number in grid}) == len(grid)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.integers(1, 10**5), min_size=1, max_size=3).filter(lambda shape: math.prod(shape) <= 10**9),
    st.integers(1, 2000),
    st.floats(1, 1e9),
)
def test_tiles_are_few_and_small(shape, cell_bytes, operations):
    grid = cut(shape, [False] * len(shape), cell_bytes=cell_bytes, work_bytes=0, operations=operations)
    assert len(grid) <= MOST_TILES
    cells = math.prod(grid.tile)
    forced = 4 * grid.cells / MOST_TILES + 2 * LANES
    assert cells * cell_bytes <= max(2 * TILE_BYTES, forced * cell_bytes)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 5000), max_size=2), st.integers(1, 10**5))
def test_chunks_stay_within_some_mebibytes(extra, cells):
    shape = chunk(extra, cells, 8)
    assert all(1 <= extent <= size for extent, size in zip(shape, extra, strict=True))
    assert math.prod(shape) * cells * 8 <= max(2 * CHUNK_BYTES, cells * 8)


def test_two_workers_profit_from_the_million_cells_of_the_speed_target():
    grid = cut((1000, 1000), (False, False), cell_bytes=25, work_bytes=0, operations=1000 * 40)
    assert 8 <= len(grid) <= 40
    assert grid.tile[1] == 1000


def test_heavy_cells_keep_the_last_axis_long():
    grid = cut((40, 1000), (False, False), cell_bytes=8, work_bytes=0, operations=RATE / 80)
    assert grid.tile[0] == 1
    assert grid.tile[1] % LANES == 0


def test_cells_that_share_work_are_taken_together():
    """The gains of one matrix before the matrices, whichever axis comes first in the file."""
    sizes = {"cell_bytes": 8, "work_bytes": 0, "operations": RATE / 100}
    for shape, together in (((64, 1000), (True, False)), ((1000, 64), (False, True))):
        grid = cut(shape, (False, False), together=together, **sizes)
        shared = together.index(True)
        assert grid.tile[shared] == 64
        assert 1 <= grid.tile[1 - shared] < 10


def test_a_sweep_without_axes_is_one_cell():
    grid = cut((), (), cell_bytes=8, work_bytes=0, operations=1)
    assert len(grid) == 1
    assert grid.block(0) == ()


def test_ten_to_the_nine_cells_are_planned_at_once():
    grid = cut((1000, 1000, 1000), (False,) * 3, cell_bytes=25, work_bytes=0, operations=100)
    assert len(grid) <= MOST_TILES


@pytest.mark.parametrize("number", [0, 5, 11])
def test_a_tile_knows_its_shape(number):
    grid = Grid((5, 7), (2, 2))
    block = grid.block(number)
    assert grid.extent(number) == tuple(len(range(*part.indices(100))) for part in block)


def test_chunks_at_the_far_edge_are_filled_up_with_what_stands_for_nothing():
    """As Zarr has it: a chunk is whole, and what no cell stands in holds the fill value."""
    array = np.arange(6.0).reshape(1, 2, 3)
    chunks = list(encode("loss", (4,), array, (2, 2, 2), np.nan))
    assert [one.key for one in chunks] == ["loss/c/4/0/0", "loss/c/4/0/1"]
    for one, columns in zip(chunks, ([0, 1], [2]), strict=True):
        found = np.frombuffer(blosc.decompress(one.data[:-4]), float).reshape(2, 2, 2)
        wanted = np.full((2, 2, 2), np.nan)
        wanted[0, :, : len(columns)] = array[0][:, columns]
        np.testing.assert_array_equal(found, wanted)
