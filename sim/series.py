"""From columns of keywords to the numbers of cells: distinct settings, input series, the fields of packs."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from sim.draws import Draw
from sim.errors import refuse


def distinct(
    setting: Any, columns: Mapping[str, np.ndarray], names: Sequence[str], cells: int
) -> tuple[dict[str, Any], np.ndarray]:
    """The different combinations of these keywords, and for each cell which of them it has.

    Numbers come as (kinds, 1) arrays, everything else as it is; the seed is always an array.
    """
    moving = [name for name in names if name in columns]
    if not moving:
        kinds, which = np.empty((0, 1)), np.zeros(cells, dtype=np.intp)
    else:
        table = np.stack([np.asarray(columns[name], dtype=np.float64) for name in moving])
        kinds, which = np.unique(table, axis=1, return_inverse=True)
    count = kinds.shape[1]
    values = {name: setting.values[name] for name in names}
    made = {
        name: np.full((count, 1), value) if name == "seed" or isinstance(value, float) else value
        for name, value in values.items()
    }
    for name, row in zip(moving, kinds, strict=True):
        made[name] = row.astype(columns[name].dtype)[:, None]
    return made, which.reshape(-1)


def columns_of(pack: Any, parameters: Iterable[str]) -> list[Any]:
    """The numbers of the pack's fields, `taps[1]` being the second of the tuple `taps`."""
    found = []
    for name in parameters:
        field, _, index = name.partition("[")
        value = getattr(pack, field)
        found.append(value[int(index[:-1])] if index else value)
    return found


def _names(setting: Any) -> list[str]:
    random = "draw" in inspect.signature(setting.task.inputs).parameters
    return [*setting.task.Keywords._fields, *(["seed"] if random else [])]


def inputs_kind(setting: Any) -> str:
    """Where x comes from: "none" for silence, "cells" where it differs from cell to cell, else "shared"."""
    if setting.task.inputs is None:
        return "none"
    return "cells" if set(_names(setting)) & setting.varied else "shared"


def series_of(
    setting: Any, columns: Mapping[str, np.ndarray], cells: int, steps: int, inputs: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """The distinct input series (kinds, steps, inputs) and for each cell which of them it has; every input
    gets the same series.
    """
    if setting.task.inputs is None:
        return np.zeros((1, steps, inputs)), np.zeros(cells, dtype=np.intp)
    names = _names(setting)
    kinds, which = distinct(setting, columns, names, cells)
    k = setting.task.Keywords(*(kinds[name] for name in setting.task.Keywords._fields))
    draw = [Draw(kinds["seed"].reshape(-1), "inputs")] if "seed" in kinds else []
    made = np.asarray(setting.task.inputs(k, steps, *draw))
    made = made if made.ndim == 3 else made[..., None]
    if made.shape[2] not in (1, inputs):
        raise refuse("parameters.inputs", f"the task has {made.shape[2]} inputs, the network {inputs}")
    return np.broadcast_to(made, (int(which.max()) + 1, steps, inputs)), which
