"""Tiles: how a grid of cells is cut. Arithmetic only: no file, no clock, no count of workers.

A tile is one kernel call and one column of chunks. Its shape is a pure function of the grid's shape, its word
axes and the cost of a cell, so that every run of a sweep, anywhere, cuts it alike.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LANES = 64  # cells that fill the widest bundles; tiles keep multiples of it along the last axis
RATE = 1e10  # nominal counted operations per second of one core
TILE_OPERATIONS = 1.0 * RATE  # at most, about a second
SMALLEST_TILE = 0.02 * RATE  # below this a tile costs more to hand out than to compute
PARTS = 16  # tiles that a sweep is cut into where they do not get smaller than that
CHUNK_BYTES = 8 * 2**20  # at most, for one chunk of one variable
TILE_BYTES = 64 * 2**20  # outputs and scratch memory of one tile, where more than one cell fits
TILE_CELLS = 2**18  # at most: memory stays flat however large the sweep is
MOST_TILES = 10**4


@dataclass(frozen=True)
class Grid:
    """A grid of cells and the tile that cuts it.

    >>> grid = Grid((4, 6), (2, 4))
    >>> grid.counts, len(grid), grid.block(3)
    ((2, 2), 4, (slice(2, 4, None), slice(4, 6, None)))
    """

    shape: tuple[int, ...]
    tile: tuple[int, ...]

    @property
    def counts(self) -> tuple[int, ...]:
        """Tiles along each axis."""
        return tuple(-(-size // extent) for size, extent in zip(self.shape, self.tile, strict=True))

    def __len__(self) -> int:
        return math.prod(self.counts)

    @property
    def cells(self) -> int:
        return math.prod(self.shape)

    def index(self, number: int) -> tuple[int, ...]:
        """The place of a tile along each axis; the last axis runs fastest."""
        place = []
        for count in reversed(self.counts):
            number, step = divmod(number, count)
            place.append(step)
        return tuple(reversed(place))

    def block(self, number: int) -> tuple[slice, ...]:
        """The cells of a tile along each axis."""
        return tuple(
            slice(step * extent, min((step + 1) * extent, size))
            for step, extent, size in zip(self.index(number), self.tile, self.shape, strict=True)
        )

    def extent(self, number: int) -> tuple[int, ...]:
        """The shape of a tile; smaller at the far edges."""
        return tuple(cells.stop - cells.start for cells in self.block(number))

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self)))


def cut(
    shape: Sequence[int],
    words: Sequence[bool],
    *,
    cell_bytes: int,
    work_bytes: int,
    operations: float,
    together: Sequence[bool] = (),
) -> Grid:
    """The grid with its tile.

    shape, words: cells along each axis, and whether the axis runs over words (a tile never crosses it);
    cell_bytes: stored bytes of one cell; work_bytes: scratch memory of one cell while its tile runs;
    operations: counted floating-point operations of one cell;
    together: axes along which cells share work (the weights of a network): a tile takes them first.
    """
    cells = math.prod(shape)
    numeric = math.prod(size for size, word in zip(shape, words, strict=True) if not word)
    wanted = max(min(TILE_OPERATIONS, cells * operations / PARTS), SMALLEST_TILE)
    room = min(TILE_BYTES // max(cell_bytes + work_bytes, 1), TILE_CELLS)
    target = wanted / max(operations, 1.0)
    if target < LANES and LANES * operations <= 4 * TILE_OPERATIONS and cells >= 8 * LANES:
        target = LANES  # half-empty bundles cost more than a longer tile
    target = max(min(int(target), room), 1)
    if cells > target * MOST_TILES // 2:  # ragged edges may double the count
        target = -(-2 * cells // MOST_TILES)
    return Grid(tuple(shape), _tile(shape, words, min(target, numeric), together or [False] * len(shape)))


def chunk(extra: Sequence[int], tile_cells: int, itemsize: int) -> tuple[int, ...]:
    """The chunk along a variable's own dims, so that a tile's cells times it stay within CHUNK_BYTES."""
    room = max(CHUNK_BYTES // (tile_cells * itemsize), 1)
    shape = []
    for size in reversed(extra):
        extent = _even(size, min(size, max(room, 1)))
        shape.append(extent)
        room //= max(size, 1)
    return tuple(reversed(shape))


def _tile(
    shape: Sequence[int], words: Sequence[bool], target: int, together: Sequence[bool]
) -> tuple[int, ...]:
    """Extents with at most about `target` cells: the axes that belong together long, then the last ones."""
    tile = [1] * len(shape)
    room = target
    first = True
    axes = range(len(shape) - 1, -1, -1)
    for axis in sorted((axis for axis in axes if not words[axis]), key=lambda axis: not together[axis]):
        size = shape[axis]
        extent = min(size, max(room, 1))
        if extent < size:
            extent = _even(size, extent, LANES if first and extent >= LANES else 1)
            room = 0
        else:
            room //= size
        tile[axis] = extent
        first = False
    return tuple(tile)


def _even(size: int, extent: int, unit: int = 1) -> int:
    """An extent near the given one that cuts `size` into equal parts, as a multiple of `unit`.

    Many parts are a multiple of four: 17 equal tiles keep two workers waiting 6 % of the time, 20 do not.
    """
    parts = -(-size // extent)
    if parts > 8 and parts <= size // 4:
        parts = -(-parts // 4) * 4
    equal = -(-size // parts)
    return min(-(-equal // unit) * unit, size)
