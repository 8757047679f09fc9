"""From columns of keywords to the numbers of cells: distinct settings, input series, the fields of packs."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from sim.draws import Draw


def distinct(columns: Mapping[str, np.ndarray], names: Sequence[str], cells: int) -> tuple[list[dict[str, Any]], np.ndarray]:
    """The different combinations of these columns, and for each cell which of them it has."""
    if not names:
        return [{}], np.zeros(cells, dtype=np.intp)
    table = np.stack([np.asarray(columns[name], dtype=np.float64) for name in names])
    kinds, which = np.unique(table, axis=1, return_inverse=True)
    made = [
        {name: columns[name].dtype.type(value) for name, value in zip(names, kind, strict=True)} for kind in kinds.T
    ]
    return made, which.reshape(-1)


def columns_of(pack: Any, parameters: Iterable[str]) -> list[Any]:
    """The numbers of the pack's fields, `taps[1]` being the second of the tuple `taps`."""
    found = []
    for name in parameters:
        field, _, index = name.partition("[")
        value = getattr(pack, field)
        found.append(value[int(index[:-1])] if index else value)
    return found


def _task_names(setting: Any) -> list[str]:
    return list(setting.task.Keywords._fields)


def _random(setting: Any) -> bool:
    return "draw" in inspect.signature(setting.task.inputs).parameters


def inputs_kind(setting: Any) -> str:
    """Where x comes from: "none" for silence, "cells" where it differs from cell to cell, else "shared"."""
    if setting.task.inputs is None:
        return "none"
    moving = set(_task_names(setting)) | ({"seed"} if _random(setting) else set())
    return "cells" if moving & setting.varied else "shared"


def series_of(setting: Any, columns: Mapping[str, np.ndarray], cells: int, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """The distinct input series (kinds, steps) and for each cell which of them it has."""
    if setting.task.inputs is None:
        return np.zeros((1, steps)), np.zeros(cells, dtype=np.intp)
    random = _random(setting)
    names = [name for name in columns if name in _task_names(setting) or (random and name == "seed")]
    kinds, which = distinct(columns, names, cells)
    series = np.empty((len(kinds), steps))
    for row, kind in zip(series, kinds, strict=True):
        values = {**setting.values, **kind}
        k = setting.task.Keywords(*(values[name] for name in _task_names(setting)))
        row[:] = setting.task.inputs(k, steps, *([Draw(values["seed"], "inputs")] if random else []))
    return series, which
