"""A tile's cells in blocks of lanes: which cell stands where, and its numbers in the layout of the
networks' kernels.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from sim.cells import aligned
from sim.equation import Equation
from sim.matrices import Matrices, Vectors
from sim.series import series_of
from sim.stages import BUNDLE, Layout
from sim.start import starts_of


class Tile(NamedTuple):
    """A tile's numbers as the networks' kernels take them."""

    numbers: np.ndarray
    vectors: np.ndarray
    matrices: np.ndarray
    which: np.ndarray
    start: np.ndarray
    inputs: np.ndarray
    blocks: int
    place: np.ndarray  # the lane of each cell
    steps: int


class Places(NamedTuple):
    """Which cell stands in which lane."""

    order: np.ndarray  # the cell in each lane; the last of a group fills its block up
    place: np.ndarray  # the lane of each cell
    group: np.ndarray  # of each block: cells of a group have the same matrices
    blocks: int


def lay_out(
    setting: Any,
    equation: Equation,
    layout: Layout,
    inputs: str,
    columns: Mapping[str, np.ndarray],
    cells: int,
) -> Tile:
    """The numbers of these cells, drawn and laid out."""
    values = {**setting.values, **columns}
    pack = setting.built(values)
    matrices = {name: getattr(pack, name) for name in equation.matrices}
    vectors = {name: getattr(pack, name) for name in equation.vectors}
    places = _places(matrices, layout, cells)
    flat, which = _matrices(matrices, layout, places, cells)
    starts = [np.broadcast_to(value, cells) for value in starts_of(setting, columns, cells, _units(equation))]
    return Tile(
        _numbers(pack, values, equation, layout, places, cells),
        _vectors(vectors, layout, places, cells),
        flat,
        which,
        _flat(_blocks(layout, np.stack(starts, axis=1)[places.order], places.blocks)),
        _inputs(setting, equation, inputs, columns, places, cells),
        places.blocks,
        places.place,
        int(setting.values["steps"]),
    )


def _units(equation: Equation) -> int:
    return int(equation.state[0].shape[0])


def _places(matrices: Mapping[str, Matrices], layout: Layout, cells: int) -> Places:
    """Cells in their order; with shared matrices, group after group."""
    groups = np.zeros(cells, dtype=np.intp)
    if layout.shared and matrices:
        kinds = np.stack([np.broadcast_to(field.which, cells) for field in matrices.values()])
        groups = np.unique(kinds, axis=1, return_inverse=True)[1].reshape(-1)
    sorted_cells = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    blocks = -(-sizes // layout.lanes)
    ends = np.cumsum(blocks) * layout.lanes
    starts = ends - blocks * layout.lanes
    first = np.cumsum(sizes) - sizes
    lane = np.arange(int(ends[-1]))
    owner = np.repeat(np.arange(len(sizes)), blocks * layout.lanes)
    within = np.minimum(lane - starts[owner], sizes[owner] - 1)
    order = sorted_cells[first[owner] + within]
    place = np.empty(cells, dtype=np.intp)
    place[sorted_cells] = starts[groups[sorted_cells]] + np.arange(cells) - first[groups[sorted_cells]]
    return Places(order, place, np.repeat(np.arange(len(sizes)), blocks), int(blocks.sum()))


def _matrices(
    fields: Mapping[str, Matrices], layout: Layout, places: Places, cells: int
) -> tuple[np.ndarray, np.ndarray]:
    """The matrices of every block, or of every group; and where each block's lie."""
    copies = int(places.group.max()) + 1 if layout.shared else places.blocks
    flat = aligned(max(1, copies * layout.matrix_size))
    flat[:] = 0.0
    table = flat.reshape(copies, -1)
    for name, offset in layout.matrices.items():
        kind = np.broadcast_to(fields[name].which, cells)[places.order]
        height, width = layout.shapes[name]
        high, wide = layout.padded(height), layout.padded(width)
        view = table[:, offset : offset + high * wide * (1 if layout.shared else layout.lanes)]
        if layout.shared:
            firsts = np.searchsorted(places.group, np.arange(copies)) * layout.lanes
            view.reshape(copies, high, wide)[:, :height, :width] = fields[name].base[kind[firsts]]
        else:
            lanes = fields[name].base[kind].reshape(copies, layout.lanes, height, width)
            view.reshape(copies, high, wide, layout.lanes)[:, :height, :width] = lanes.transpose(0, 2, 3, 1)
    which = (places.group if layout.shared else np.arange(places.blocks)) * layout.matrix_size
    return flat, which.astype(np.int64)


def _numbers(
    pack: Any, values: Mapping[str, Any], equation: Equation, layout: Layout, places: Places, cells: int
) -> np.ndarray:
    """Every number of a cell, each block's lanes repeated to a whole bundle."""
    names = equation.columns()
    flat = aligned(max(1, places.blocks * len(names) * BUNDLE))
    table = flat.reshape(places.blocks, max(1, len(names)), BUNDLE)
    for i, name in enumerate(names):
        field, dot, _ = name.partition(".")
        value = getattr(pack, field).factor if dot else getattr(pack, field, values.get(name))
        lanes = np.broadcast_to(np.asarray(value, dtype=np.float64), cells)[places.order]
        table[:, i] = np.tile(lanes.reshape(places.blocks, layout.lanes), (1, BUNDLE // layout.lanes))
    return flat


def _vectors(fields: Mapping[str, Vectors], layout: Layout, places: Places, cells: int) -> np.ndarray:
    """The vectors of every block, one field after another."""
    parts = [
        _blocks(layout, field.base[np.broadcast_to(field.which, cells)[places.order]], places.blocks)
        for field in fields.values()
    ]
    return _flat(np.concatenate(parts, axis=1)) if parts else aligned(1)


def _blocks(layout: Layout, values: np.ndarray, blocks: int) -> np.ndarray:
    """(lanes of all blocks, units) as (block, units and lanes), units padded."""
    n = values.shape[1]
    table = np.zeros((blocks, layout.padded(n), layout.lanes))
    table[:, :n] = values.reshape(blocks, layout.lanes, n).transpose(0, 2, 1)
    return table.reshape(blocks, -1)


def _flat(values: np.ndarray) -> np.ndarray:
    """The same numbers, flat and aligned."""
    flat = aligned(max(1, values.size))
    flat[: values.size] = values.reshape(-1)
    return flat


def _inputs(
    setting: Any, equation: Equation, kind: str, columns: Mapping[str, np.ndarray], places: Places, cells: int
) -> np.ndarray:
    """The input series: one for all cells, or [time][input][lane]."""
    steps = int(setting.values["steps"])
    series, which = series_of(setting, columns, cells, steps, equation.x.shape[0])
    return _flat(series[0] if kind != "cells" else series[which[places.order]].transpose(1, 2, 0))
