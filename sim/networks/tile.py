"""A tile's cells in blocks of lanes: which cell stands where, and its numbers in the layout of the
networks' kernels.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from sim.cells import aligned
from sim.equations.equation import Equation, flattened
from sim.equations.stages import BUNDLE, Layout
from sim.matrices import Matrices, Vectors
from sim.objective import Head
from sim.series import different, noise_of, series_of, targets_of
from sim.start import starts_of

FEW = 2**22  # bytes of drawn numbers that a tile keeps for whoever lays them out in another way


class Tile(NamedTuple):
    """A tile's numbers as the networks' kernels take them."""

    numbers: np.ndarray
    vectors: np.ndarray
    matrices: np.ndarray
    which: np.ndarray
    start: np.ndarray
    inputs: np.ndarray
    goals: np.ndarray
    blocks: int
    place: np.ndarray  # the lane of each cell
    steps: int
    given: Mapping[str, np.ndarray]  # the columns that it was made of
    fields: Mapping[str, Any] | None  # and what was drawn for them; None where they are more than `FEW`


class Arrays(NamedTuple):
    """The parameters of some cells as the networks' kernels take them: the first arguments."""

    numbers: np.ndarray
    vectors: np.ndarray
    matrices: np.ndarray
    which: np.ndarray


class Places(NamedTuple):
    """Which cell stands in which lane."""

    order: np.ndarray  # the cell in each lane; the last of a group fills its block up
    place: np.ndarray  # the lane of each cell
    group: np.ndarray  # of each block: cells of a group have the same matrices
    blocks: int


def lay_out(
    setting: Any, equation: Equation, layout: Layout, columns: Mapping[str, np.ndarray], cells: int
) -> Tile:
    """The numbers of these cells, drawn and laid out."""
    values = {**setting.values, **columns}
    fields = flattened(setting.built(values))
    if equation.head is not None:
        fields |= readout(setting, values, equation.head)
    arrays = [fields[name] for name in (*equation.matrices, *equation.vectors)]
    places = placed({name: fields[name] for name in equation.matrices}, layout, cells)
    sizes = list(equation.parts.values())
    starts = [np.broadcast_to(value, cells) for value in starts_of(setting, columns, cells, sum(sizes))]
    return Tile(
        *laid(fields, values, equation, layout, places),
        blocks_of(np.stack(starts)[:, places.order], sizes, layout),
        laid_inputs(setting, equation, columns, places, cells),
        laid_goals(setting, equation, columns, places, cells),
        places.blocks,
        places.place,
        int(setting.values["steps"]),
        columns,
        fields if sum(field.base.nbytes for field in arrays) <= FEW else None,
    )


def readout(setting: Any, values: Mapping[str, Any], head: Head) -> dict[str, Any]:
    """The arrays of the linear read-out; its bias starts at zero."""
    chosen = setting.chosen("readout", values)
    found = {"readout.c": Vectors(np.zeros((1, head.c.shape[0])), np.zeros(1, dtype=np.intp))}
    for V in head.V:
        found[V.value.name] = chosen.matrices(*V.shape, V.value.name.removeprefix("readout.V"))
    return found


def blocks_of(lanes: np.ndarray, sizes: Sequence[int], layout: Layout) -> np.ndarray:
    """A state (units of all its arrays, lanes of all blocks) as kernels take it: its arrays, of these sizes,
    one after another.
    """
    blocks = lanes.shape[1] // layout.lanes
    parts = []
    for a, b in itertools.pairwise(np.cumsum([0, *sizes])):
        table = np.zeros((blocks, layout.padded(b - a), layout.lanes))
        table[:, : b - a] = lanes[a:b].reshape(b - a, blocks, layout.lanes).transpose(1, 0, 2)
        parts.append(table.reshape(blocks, -1))
    return _flat(np.concatenate(parts, axis=1))


def laid(
    fields: Mapping[str, Any],
    values: Mapping[str, Any],
    equation: Equation,
    layout: Layout,
    places: Places,
) -> Arrays:
    """The parameters of an equation, drawn as these fields, in its kernels' layout."""
    cells = len(places.place)
    flat, which = _matrices({name: fields[name] for name in equation.matrices}, layout, places, cells)
    vectors = {name: fields[name] for name in equation.vectors}
    return Arrays(
        _numbers(fields, values, equation, layout, places, cells),
        _vectors(vectors, layout, places, cells),
        flat,
        which,
    )


def placed(matrices: Mapping[str, Matrices], layout: Layout, cells: int) -> Places:
    """Cells in their order; with shared matrices, group after group."""
    groups = np.zeros(cells, dtype=np.intp)
    if layout.shared and matrices:
        groups = different([np.broadcast_to(field.which, cells) for field in matrices.values()])[1]
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
    size = copies * layout.matrix_size
    flat = aligned(max(1, size))
    flat[:] = 0.0
    table = flat[:size].reshape(copies, layout.matrix_size)
    for name, offset in layout.matrices.items():
        kind = np.broadcast_to(fields[name].which, cells)[places.order]
        height, width = layout.shapes[name]
        if layout.shared:
            firsts = np.searchsorted(places.group, np.arange(copies)) * layout.lanes
            table[:, offset : offset + height * width] = fields[name].base[kind[firsts]].reshape(copies, -1)
            continue
        lanes = fields[name].base[kind].reshape(copies, layout.lanes, height, width)
        if not layout.narrow:
            _rows(table, offset, lanes.transpose(0, 2, 3, 1), width * layout.lanes)
            continue
        _rows(table, offset, lanes.transpose(0, 3, 2, 1), layout.filled(height))
        behind = offset + layout.columns_size(height, width)
        _rows(table, behind, lanes.transpose(0, 2, 3, 1), layout.filled(width))
    which = (places.group if layout.shared else np.arange(places.blocks)) * layout.matrix_size
    return flat, which.astype(np.int64)


def _rows(table: np.ndarray, offset: int, values: np.ndarray, stride: int) -> None:
    """Write (copies, rows, units, lanes) from `offset` on, rows `stride` numbers apart."""
    copies, rows = values.shape[:2]
    flat = values.reshape(copies, rows, -1)
    view = table[:, offset : offset + rows * stride].reshape(copies, rows, stride)
    view[:, :, : flat.shape[2]] = flat


def _numbers(
    fields: Mapping[str, Any],
    values: Mapping[str, Any],
    equation: Equation,
    layout: Layout,
    places: Places,
    cells: int,
) -> np.ndarray:
    """Every number of a cell, each block's lanes repeated to a whole bundle."""
    names = equation.columns()
    size = places.blocks * len(names) * BUNDLE
    flat = aligned(max(1, size))
    table = flat[:size].reshape(places.blocks, len(names), BUNDLE)
    for i, name in enumerate(names):
        field = name.removesuffix(".factor")
        value = fields[field].factor if field != name else fields.get(name, values.get(name))
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


def laid_inputs(
    setting: Any, equation: Equation, columns: Mapping[str, np.ndarray], places: Places, cells: int
) -> np.ndarray:
    """The input series and the random numbers beside them: one for all cells, or [time][column][lane]."""
    steps = int(setting.values["steps"])
    parts = []
    if equation.inputs != "none":
        parts.append(series_of(setting, columns, cells, steps, equation.x.shape[0]))
    if equation.z is not None:
        parts.append(noise_of(setting, columns, cells, steps, equation.z.shape[0]))
    if equation.mirror is not None:
        series, which = parts[0]
        parts.append((series[:, ::-1], which))
    if not parts:
        return aligned(1)
    if equation.series != "cells":
        return _flat(np.concatenate([series[0] for series, _ in parts], axis=1))
    lanes = [series[which[places.order]].transpose(1, 2, 0) for series, which in parts]
    return _flat(np.concatenate(lanes, axis=1))


def laid_goals(
    setting: Any, equation: Equation, columns: Mapping[str, np.ndarray], places: Places, cells: int
) -> np.ndarray:
    """The targets of every time: one series for all cells, or [time][output][lane]."""
    if equation.goal is None:
        return aligned(1)
    series, which = targets_of(setting, columns, cells, int(setting.values["steps"]))
    return _flat(series[0] if equation.goals != "cells" else series[which[places.order]].transpose(1, 2, 0))
