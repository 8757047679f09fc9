"""A block of cells of which some cannot be computed: halved until the guilty stand alone, the rest computed.

A cell's numbers depend on no other cell, so the parts give the bits that the whole would have given, and a
cell is guilty in one tiling if and only if it is in every other (while no tile has more than MOST_PARTS).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jobs.evaluate import CRASHED, OUT_OF_MEMORY, OUTCOME, Recipe
from jobs.template import outcome_variable

MOST_PARTS = 1024  # that fail at one depth; a fault of more than these is not told apart any further
SHOWN = 3  # cells that are named for each reason

Block = tuple[slice, ...]
Arrays = dict[str, np.ndarray]


class Fault(NamedTuple):
    """Cells that could not be computed, and why."""

    cells: Block
    outcome: int
    reason: str

    @property
    def size(self) -> int:
        return math.prod(_extent(self.cells))


def computed(made: Recipe, block: Block) -> tuple[Arrays, list[Fault]]:
    """The arrays of a block, and its cells that could not be computed, in order: NaN, -1, their outcome.

    Evaluations: one where nothing fails; else at most about 2 log2(cells) for each guilty cell.
    """
    found = _attempt(made, block)
    if not isinstance(found, Fault):
        return found, []
    whole, arrays = found, made.blanks(_extent(block), found.outcome)
    guilty: list[Fault] = []
    failing = [whole]
    while failing and len(failing) <= MOST_PARTS:
        guilty += [fault for fault in failing if fault.size == 1]
        parts = [half for fault in failing if fault.size > 1 for half in _halves(fault.cells)]
        failing = []
        for part in parts:
            found = _attempt(made, part)
            if isinstance(found, Fault):
                failing.append(found)
            else:
                _put(arrays, block, part, found)
    guilty += failing
    for fault in guilty:
        arrays[OUTCOME][_within(fault.cells, block)] = fault.outcome
    if sum(fault.size for fault in guilty) == whole.size and len({fault[1:] for fault in guilty}) == 1:
        return arrays, [guilty[0]._replace(cells=block)]
    return arrays, sorted(guilty, key=lambda fault: [cells.start for cells in fault.cells])


def told(made: Recipe, faults: Sequence[Fault]) -> str:
    """Which cells could not be computed and why: each reason once, with the first cells that have it."""
    reasons: dict[str, list[Fault]] = {}
    for fault in faults:
        reasons.setdefault(fault.reason, []).append(fault)
    said = []
    for reason, those in reasons.items():
        cells = "; ".join(where(made, fault.cells) for fault in those[:SHOWN])
        left = sum(fault.size for fault in those[SHOWN:])
        said.append(f"{cells}{f' and {left:,} more cells' if left else ''}: {reason}")
    return ". ".join(said)


def where(made: Recipe, cells: Block) -> str:
    """A block by the values along its axes: `w=1.5, seed=0..3`."""
    return ", ".join(
        f"{axis.dim}={axis.values[part.start]}"
        + (f"..{axis.values[part.stop - 1]}" if part.stop > part.start + 1 else "")
        for axis, part in zip(made.sweep.axes, cells, strict=True)
    )


def _attempt(made: Recipe, cells: Block) -> Arrays | Fault:
    try:
        arrays = made.block(cells)
        _check(made, arrays, _extent(cells))
    except MemoryError as fault:
        return Fault(cells, OUT_OF_MEMORY, f"out of memory: {fault}")
    except Exception as fault:  # noqa: BLE001  one bad cell must not stop ten thousand
        return Fault(cells, CRASHED, f"{type(fault).__name__}: {fault}")
    return arrays


def _check(made: Recipe, arrays: Arrays, extent: tuple[int, ...]) -> None:
    """Errors: TypeError where an array is not what was declared."""
    for item in (*made.variables, outcome_variable()):
        array, wanted = arrays[item.name], (*extent, *item.shape)
        if array.shape != wanted or array.dtype != np.dtype(item.dtype):
            given = f"{array.dtype} {array.shape}"
            raise TypeError(f"{item.name} came as {given}, declared is {item.dtype} {wanted}")


def _halves(cells: Block) -> tuple[Block, Block]:
    """Two parts, cut across the shortest axis: a fault of one of its few values is soon apart."""
    extent = _extent(cells)
    axis = min((axis for axis, size in enumerate(extent) if size > 1), key=extent.__getitem__)
    middle = cells[axis].start + extent[axis] // 2
    first, last = slice(cells[axis].start, middle), slice(middle, cells[axis].stop)
    return (*cells[:axis], first, *cells[axis + 1 :]), (*cells[:axis], last, *cells[axis + 1 :])


def _put(arrays: Arrays, block: Block, part: Block, found: Arrays) -> None:
    place = _within(part, block)
    for name, array in arrays.items():
        array[place] = found[name]


def _within(part: Block, block: Block) -> Block:
    """A part by its place in a block."""
    return tuple(
        slice(own.start - whole.start, own.stop - whole.start) for own, whole in zip(part, block, strict=True)
    )


def _extent(cells: Block) -> tuple[int, ...]:
    return tuple(part.stop - part.start for part in cells)
