"""A tile of networks that read from both ends: the numbers of every stage, a cell in the same lane of all."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from sim.cells import aligned
from sim.directions.packs import levels
from sim.directions.passes import Pass, Reading
from sim.equations.equation import flattened
from sim.networks.tile import Arrays, Places, blocks_of, laid, laid_goals, laid_inputs, placed, readout
from sim.start import starts_of


class Loaded(NamedTuple):
    """The parameters and the start of a pass."""

    arrays: Arrays
    start: np.ndarray


class Tile(NamedTuple):
    """A tile's numbers as the stages' kernels take them."""

    levels: list[list[Loaded]]
    reading: Arrays  # of what has the loss
    watching: Arrays  # of what has the states
    inputs: tuple[np.ndarray, np.ndarray]  # of the first level: from the beginning, from the end
    goals: np.ndarray
    blocks: int
    place: np.ndarray  # the lane of each cell


def lay_out(
    setting: Any,
    stages: Sequence[Sequence[Pass]],
    reading: Reading,
    watching: Reading,
    columns: Mapping[str, np.ndarray],
    cells: int,
) -> Tile:
    """The numbers of these cells, drawn and laid out."""
    values = {**setting.values, **columns}
    passes = [each for level in stages for each in level]
    fields = [flattened(part.pack) for level in levels(setting.built(values)) for part in level]
    head = reading.equation.head
    fields.append(readout(setting, values, head) if head is not None else {})
    matrices = {
        f"{i}.{name}": own[name]
        for i, (each, own) in enumerate(zip((*passes, reading), fields, strict=True))
        for name in each.equation.matrices
    }
    places = placed(matrices, reading.layout, cells)
    loaded = iter(_loaded(setting, passes, fields, values, columns, places))
    first = laid_inputs(setting, passes[0].equation, columns, places, cells)
    steps = int(setting.values["steps"])
    silent = setting.task.inputs is None
    return Tile(
        [[next(loaded) for _ in level] for level in stages],
        laid(fields[-1], values, reading.equation, reading.layout, places),
        laid({}, values, watching.equation, watching.layout, places),
        (first, first if silent else flat(first.reshape(steps, -1)[::-1])),
        laid_goals(setting, reading.equation, columns, places, cells),
        places.blocks,
        places.place,
    )


def _loaded(
    setting: Any,
    passes: Sequence[Pass],
    fields: Sequence[Mapping[str, Any]],
    values: Mapping[str, Any],
    columns: Mapping[str, np.ndarray],
    places: Places,
) -> list[Loaded]:
    """Each pass's parameters and start; a state of the network begins where the run says, else at 0."""
    cells = len(places.place)
    own = [sum(each.sizes) if each.part.suffix else 0 for each in passes]
    starts = np.stack([np.broadcast_to(v, cells) for v in starts_of(setting, columns, cells, sum(own))])
    found = []
    for i, (each, count) in enumerate(zip(passes, own, strict=True)):
        state = starts[sum(own[:i]) :][:count] if count else np.zeros((sum(each.sizes), cells))
        arrays = laid(fields[i], values, each.equation, each.layout, places)
        found.append(Loaded(arrays, blocks_of(state[:, places.order], each.sizes, each.layout)))
    return found


class Kept(NamedTuple):
    """A series of a pass by its own times 0..T, the start first, and whether it is read from the end."""

    series: np.ndarray
    back: bool


def beside(kept: Sequence[Kept]) -> np.ndarray:
    """The numbers of several series side by side at times 1..T, (time, number, lane)."""
    times, _, lanes = kept[0].series.shape
    edges = np.cumsum([0, *(each.series.shape[1] for each in kept)])
    found = aligned((times - 1) * edges[-1] * lanes).reshape(times - 1, -1, lanes)
    for each, a, b in zip(kept, edges, edges[1:], strict=False):
        found[:, a:b] = each.series[:0:-1] if each.back else each.series[1:]
    return found


def own(gradient: np.ndarray, *, back: bool) -> np.ndarray:
    """A gradient at times 0..T by the own times of the pass that it belongs to."""
    found = aligned(gradient.size).reshape(gradient.shape)
    found[0] = gradient[0]
    found[1:] = gradient[:0:-1] if back else gradient[1:]
    return found


def flat(series: np.ndarray) -> np.ndarray:
    """The same numbers as kernels take them."""
    found = aligned(series.size)
    found.reshape(series.shape)[:] = series
    return found
