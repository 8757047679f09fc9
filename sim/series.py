"""From columns of keywords to the numbers of cells: distinct settings, input series, the fields of packs."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from sim.draws import Draw
from sim.errors import refuse
from sim.generic import networked
from sim.leaves import where
from sim.own_files import is_own
from sim.signature import belonging, filled


def different(columns: Sequence[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
    """The different rows of these columns, column by column, and for each cell which of them it has.

    Compared bit by bit: seeds beyond 2**53 are no floats.
    """
    whole = [np.issubdtype(column.dtype, np.integer) for column in columns]
    bits = [
        column.astype(np.int64) if integer else column.astype(np.float64).view(np.int64)
        for column, integer in zip(columns, whole, strict=True)
    ]
    # `np.unique(axis=1)` compares rows as bytes, and takes 12 to 30 times as long
    order = np.lexsort(bits[::-1])
    ordered = [column[order] for column in bits]
    fresh = np.zeros(len(order), dtype=bool)
    fresh[:1] = True
    for column in ordered:
        fresh[1:] |= column[1:] != column[:-1]
    which = np.empty(len(order), dtype=np.intp)
    which[order] = np.cumsum(fresh) - 1
    kinds = (column[fresh] for column in ordered)
    rows = [row if integer else row.view(np.float64) for row, integer in zip(kinds, whole, strict=True)]
    return rows, which


def distinct(
    setting: Any, columns: Mapping[str, np.ndarray], names: Sequence[str], cells: int
) -> tuple[dict[str, Any], np.ndarray]:
    """The different combinations of these keywords, and for each cell which of them it has.

    Numbers come as (kinds, 1) arrays, everything else as it is; the seed is always an array.
    """
    moving = [name for name in names if name in columns]
    kinds: list[np.ndarray] = []
    which = np.zeros(cells, dtype=np.intp)
    if moving:
        kinds, which = different([np.asarray(columns[name]) for name in moving])
    count = len(kinds[0]) if kinds else 1
    values = {name: setting.values[name] for name in names}
    made = {
        name: np.full((count, 1), value) if name == "seed" or isinstance(value, float) else value
        for name, value in values.items()
    }
    for name, row in zip(moving, kinds, strict=True):
        made[name] = row[:, None]
    return made, which


def columns_of(pack: Any, parameters: Iterable[str]) -> list[Any]:
    """The numbers of the pack's fields: `taps[1]` is the second of the tuple `taps`, `norm.gain` is of a pack
    inside.
    """
    found = []
    for name in parameters:
        field, _, index = name.partition("[")
        value = attrgetter(field)(pack)
        found.append(value[int(index[:-1])] if index else value)
    return found


def _names(setting: Any, function: Any) -> list[str]:
    random = "draw" in inspect.signature(function).parameters
    return [*belonging(setting.task.Keywords, setting.values), *(["seed"] if random else [])]


def inputs_kind(setting: Any) -> str:
    """Where x comes from: "none" for silence, "cells" where it differs from cell to cell, else "shared"."""
    if setting.task.inputs is None:
        return "none"
    return "cells" if set(_names(setting, setting.task.inputs)) & setting.varied else "shared"


def targets_kind(setting: Any) -> str:
    """Whether the task's targets differ from cell to cell ("cells") or not ("shared")."""
    return "cells" if set(_names(setting, setting.task.targets)) & setting.varied else "shared"


def _made(
    setting: Any, function: Any, columns: Mapping[str, np.ndarray], cells: int, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """What a function of the task makes for every different setting, (kinds, times, numbers), and for each
    cell which of them it has.
    """
    names = _names(setting, function)
    kinds, which = distinct(setting, columns, names, cells)
    k = filled(setting.task.Keywords, kinds)
    draw = [Draw(kinds["seed"].reshape(-1), "inputs")] if "seed" in kinds else []
    given = function(k, steps, *draw)
    made = np.asarray(given, dtype=np.float64)
    times, count = steps + (function is getattr(setting.task, "targets", None)), int(which.max()) + 1
    shape = made.shape if made.ndim != 1 else (1, *made.shape)
    if len(shape) not in (2, 3) or shape[0] not in (1, count) or shape[1] != times or 0 in shape:
        settings = f"{count} different settings" if count > 1 else "one setting"
        raise refuse(
            "task",
            f"{where(function)}: {function.__name__} gives an array of shape {made.shape} for {settings} and "
            f"{times} times; write (times,), (1 or settings, times) or (1 or settings, times, numbers)",
        )
    made = made.reshape(*shape[:2], -1)
    return np.broadcast_to(made, (count, *made.shape[1:])), which


def check_series(setting: Any, samples: Mapping[str, Sequence[Any]], inputs: int) -> None:
    """Refuse a task whose series are not those that a system of so many inputs takes.

    The package's tasks say how many inputs they have. One of the user's is tried, with the ends of its axes.
    """
    task, width = setting.task, 1
    if hasattr(task, "inputs_count"):
        width = int(task.inputs_count(filled(task.Keywords, setting.values)))
    if is_own(str(task.__file__)):
        ends = {name: np.array([row[0], row[-1]]) for name, row in samples.items() if len(row)}
        for function in filter(None, (task.inputs, getattr(task, "targets", None))):
            own = {name: ends[name] for name in _names(setting, function) if name in ends}
            made, _ = _made(setting, function, own, 2 if own else 1, setting.values["steps"])
            width = made.shape[2] if function is task.inputs else width
    _check_width(setting, width, inputs)


def _check_width(setting: Any, width: int, inputs: int) -> None:
    """A task of one input gives every input of a network the same series; others must have as many."""
    if width in (1, inputs):
        return
    if networked(setting.example):
        cure = f"write inputs = {width}"
        raise refuse("parameters.inputs", f"the task has {width} inputs, the network {inputs}; {cure}")
    cure = f"{network_instead(setting)}, and inputs = {width}"
    raise refuse("task", f"it has {width} inputs, {setting.system!r} takes one number at a time here; {cure}")


def series_of(
    setting: Any, columns: Mapping[str, np.ndarray], cells: int, steps: int, inputs: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """The distinct input series (kinds, steps, inputs) and for each cell which of them it has; a task of one
    input gives every input the same series.
    """
    if setting.task.inputs is None:
        return np.zeros((1, steps, inputs)), np.zeros(cells, dtype=np.intp)
    made, which = _made(setting, setting.task.inputs, columns, cells, steps)
    _check_width(setting, made.shape[2], inputs)
    return np.broadcast_to(made, (*made.shape[:2], inputs)), which


def targets_of(
    setting: Any, columns: Mapping[str, np.ndarray], cells: int, steps: int
) -> tuple[np.ndarray, np.ndarray]:
    """The distinct series of targets (kinds, steps + 1, outputs) and for each cell which of them it has."""
    return _made(setting, setting.task.targets, columns, cells, steps)


def noise_of(
    setting: Any, columns: Mapping[str, np.ndarray], cells: int, steps: int, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Uniform numbers of (0, 1) by seed, time and position: (kinds, steps, count), and which a cell has."""
    kinds, which = distinct(setting, columns, ["seed"], cells)
    return Draw(kinds["seed"].reshape(-1), "noise").uniform(steps, count), which


def _outputs_count(setting: Any) -> int:
    return int(setting.task.outputs_count(filled(setting.task.Keywords, setting.values)))


def network_instead(setting: Any) -> str:
    """What to write for a network where the system takes and gives one number at a time."""
    heads = [path.removesuffix("units") for path in setting.values if path.rpartition(".")[2] == "units"]
    if not heads:
        return 'take a network, such as system = "rnn" with units = 2 or more'
    own = f'{heads[0]}weights = "gaussian" (or "matrix") in the place of numbers for a network of one unit'
    return f"write {heads[0]}units = 2 or more, or {own}"


def check_single(setting: Any, width: int) -> None:
    """Refuses a task with more targets than the numbers that one unit, or a map, puts out: it has no
    read-out.
    """
    wanted = _outputs_count(setting)
    if wanted != width:
        raise refuse(
            "parameters.units" if "units" in setting.values else "task",
            f"the task has {wanted} targets, compared is the output, {width} here; read-outs are for "
            f"networks: {network_instead(setting)}, and outputs = {wanted}",
        )


def check_head(setting: Any, width: int) -> int:
    """The number of outputs that are compared with targets; refused where targets and outputs do not fit."""
    values = setting.values
    if int(values["outputs"]) < 0:
        raise refuse(
            "parameters.outputs", f"{values['outputs']} outputs; write 1 or more, or 0 for no read-out"
        )
    if not hasattr(setting.task, "targets"):
        if values["criterion"] == "cross_entropy" or (values["outputs"] and "target" not in setting.given):
            raise refuse(
                "parameters.outputs" if values["outputs"] else "parameters.criterion",
                "there is nothing to compare the outputs with: this task has no targets; choose a task that "
                'has (such as "copy" or "adding"), or write a number `target` and criterion = '
                '"squared_error"',
            )
        return width
    wanted = _outputs_count(setting)
    if wanted != width:
        raise refuse(
            "parameters.outputs",
            f"the task has {wanted} targets, compared are {width} outputs; write outputs = {wanted} for a "
            "linear read-out",
        )
    return width
