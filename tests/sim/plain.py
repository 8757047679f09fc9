"""One cell as plain numbers, one step of it with the system's own `step`, and derivatives by differences.

Nothing here knows lanes, tiles, graphs or registered derivatives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sim.draws import Draw
from sim.generic import step, units
from sim.matrices import Matrices, Vectors

Vector = np.ndarray


class Cell(NamedTuple):
    """All that decides one cell: its pack as plain numbers and arrays, its start, its inputs (steps,
    inputs), its keywords."""

    pack: Any
    start: Vector
    inputs: Vector
    steps: int
    values: dict[str, Any]


def cell(
    run: Any, columns: dict[str, Vector] | None = None, index: int = 0, dtype: type = np.float64
) -> Cell:
    """Cell `index` of what `run.evaluate(columns)` computes."""
    setting = run.setting
    values = dict(setting.values) | {path: column[index].item() for path, column in (columns or {}).items()}
    pack = setting.built(values)
    pack = type(pack)(*(_plain(value, dtype) for value in pack))
    labels = units(pack)
    n = labels if isinstance(labels, int) else len(labels or [""])
    steps = int(values["steps"])
    width = pack.U.shape[1] if isinstance(labels, int) and hasattr(pack, "U") else 1
    series = _series(setting.task, values, steps, width).astype(dtype)
    return Cell(pack, _start(values, n).astype(dtype), series, steps, values)


def _plain(value: Any, dtype: type) -> Any:
    if isinstance(value, Matrices):
        return (np.asarray(value.factor).reshape(-1)[0] * value.base[value.which[0]]).astype(dtype)
    if isinstance(value, Vectors):
        return value.base[value.which[0]].astype(dtype)
    if isinstance(value, tuple):
        return tuple(_plain(item, dtype) for item in value)
    return dtype(value) if isinstance(value, float | np.floating | np.ndarray) else value


def _start(values: dict[str, Any], n: int) -> Vector:
    start = values["start"]
    if start == "unit":
        return np.full(n, 1.0 / np.sqrt(n))
    if start == "gaussian":
        seed = values.get("start.seed")
        return (
            values["start.scale"] * Draw(values["seed"] if seed is None else seed, "start").normal(1, n)[0, 0]
        )
    return np.broadcast_to(np.asarray(start, dtype=np.float64), (n,)).copy()


def _series(task: Any, values: dict[str, Any], steps: int, width: int) -> Vector:
    if task.inputs is None:
        return np.zeros((steps, width))
    k = task.Keywords(*(values[name] for name in task.Keywords._fields))
    draw = [Draw(values["seed"], "inputs")] if task.inputs.__code__.co_argcount == 3 else []
    series = np.asarray(task.inputs(k, steps, *draw)).reshape(steps, -1)
    return np.broadcast_to(series, (steps, width))


# ---- one step ----------------------------------------------------------------------


def shaped(c: Cell, s: Vector) -> Any:
    """A flat state as the system's functions take it."""
    labels = units(c.pack)
    return s if isinstance(labels, int) else s[0] if labels is None else tuple(s)


def flat(state: Any) -> Vector:
    """A state as one vector."""
    return np.atleast_1d(np.array(state))


def moved(c: Cell, s: Vector, t: int, pack: Any = None) -> Vector:
    """The state after the step from time t."""
    x = c.inputs[t] if isinstance(units(c.pack), int) else c.inputs[t, 0]
    with np.errstate(all="ignore"):
        return flat(step(c.pack if pack is None else pack, shaped(c, s), x))


def differences(f: Callable[[Vector], Vector], at: Vector, h: float = 1e-5) -> Vector:
    """The Jacobian df_i/dx_j by five-point central differences; give `at` in extended precision."""
    columns = []
    for j in range(len(at)):
        d = np.zeros(len(at), dtype=at.dtype)
        d[j] = h * max(1.0, abs(float(at[j])))
        near, far = f(at + d) - f(at - d), f(at + 2 * d) - f(at - 2 * d)
        columns.append((8 * near - far) / (12 * d[j]))
    return np.stack(columns, axis=-1)


def numbers(pack: Any) -> dict[str, Vector]:
    """The parameters that have derivatives, by label: arrays whole, the numbers of a tuple one by one."""
    found: dict[str, Vector] = {}
    for name, value in zip(pack._fields, pack, strict=True):
        if isinstance(value, tuple):
            found |= {f"{name}[{i}]": np.atleast_1d(item) for i, item in enumerate(value)}
        elif isinstance(value, np.floating | np.ndarray):
            found[name] = np.atleast_1d(value)
    return found


def replaced(pack: Any, label: str, value: Vector) -> Any:
    """The pack with one parameter changed."""
    field, _, index = label.partition("[")
    old = getattr(pack, field)
    if index:
        i = int(index[:-1])
        return pack._replace(**{field: (*old[:i], value[0], *old[i + 1 :])})
    return pack._replace(**{field: value.reshape(old.shape) if np.ndim(old) else value[0]})


def jacobian(c: Cell, s: Vector, t: int) -> Vector:
    """J = dF/ds of the step from time t."""
    return differences(lambda y: moved(c, y, t), s)


def parameter_jacobian(c: Cell, s: Vector, t: int, label: str) -> Vector:
    """dF/dp of the step from time t, for all numbers of one parameter."""
    value = numbers(c.pack)[label]
    return differences(lambda y: moved(c, s, t, replaced(c.pack, label, y)), value.reshape(-1))
