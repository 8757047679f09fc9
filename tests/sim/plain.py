"""One cell as plain numbers, one step of it with the system's own `step`, and derivatives by differences.

Nothing here knows lanes, tiles, graphs or registered derivatives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sim.draws import Draw
from sim.generic import inputs, mirrored, networked, noise, step, units
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
    pack = _plain(pack, dtype)
    steps = int(values["steps"])
    width = inputs(pack) if networked(pack) else 1
    series = _series(setting.task, values, steps, width).astype(dtype)
    count = noise(pack) if networked(pack) else 0
    if count:
        random = Draw(values["seed"], "noise").uniform(steps, count)[0].astype(dtype)
        series = np.concatenate([series, random], axis=1)
    return Cell(pack, _start(values, sum(sizes(pack))).astype(dtype), series, steps, values)


def sizes(pack: Any) -> list[int]:
    """How many numbers each part of the state has."""
    labels = units(pack)
    if isinstance(labels, dict):
        return list(labels.values())
    return [labels] if isinstance(labels, int) else [1] * len(labels or [""])


def _plain(value: Any, dtype: type) -> Any:
    if isinstance(value, Matrices):
        return (np.asarray(value.factor).reshape(-1)[0] * value.base[value.which[0]]).astype(dtype)
    if isinstance(value, Vectors):
        return value.base[value.which[0]].astype(dtype)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_plain(item, dtype) for item in value))
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
    if isinstance(labels, dict):
        return tuple(np.split(s, np.cumsum(sizes(c.pack))[:-1]))
    return s if isinstance(labels, int) else s[0] if labels is None else tuple(s)


def flat(state: Any) -> Vector:
    """A state as one vector."""
    return np.concatenate([np.atleast_1d(part) for part in (state if isinstance(state, tuple) else (state,))])


def driven(c: Cell, t: int) -> Any:
    """The input of time t as the system's functions take it, with its random numbers where it needs some."""
    if not networked(c.pack):
        return c.inputs[t, 0]
    if mirrored(c.pack):
        return c.inputs[t], c.inputs[c.steps - 1 - t]
    count = noise(c.pack)
    return (c.inputs[t, :-count], c.inputs[t, -count:]) if count else c.inputs[t]


def moved(c: Cell, s: Vector, t: int, pack: Any = None) -> Vector:
    """The state after the step from time t."""
    with np.errstate(all="ignore"):
        return flat(step(c.pack if pack is None else pack, shaped(c, s), driven(c, t)))


def differences(f: Callable[[Vector], Vector], at: Vector, h: float = 1e-5) -> Vector:
    """The Jacobian df_i/dx_j by five-point central differences; give `at` in extended precision."""
    columns = []
    for j in range(len(at)):
        d = np.zeros(len(at), dtype=at.dtype)
        d[j] = h * max(1.0, abs(float(at[j])))
        near, far = f(at + d) - f(at - d), f(at + 2 * d) - f(at - 2 * d)
        columns.append((8 * near - far) / (12 * d[j]))
    return np.stack(columns, axis=-1)


def numbers(pack: Any, prefix: str = "") -> dict[str, Vector]:
    """The parameters that have derivatives, by label: arrays whole, tuples and packs inside opened."""
    found: dict[str, Vector] = {}
    for name, value in zip(pack._fields, pack, strict=True):
        found |= _numbers(prefix + name, value)
    return found


def _numbers(name: str, value: Any) -> dict[str, Vector]:
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return numbers(value, f"{name}.")
    if isinstance(value, tuple):
        return {
            path: item
            for i, inner in enumerate(value)
            for path, item in _numbers(f"{name}[{i + hasattr(inner, '_fields')}]", inner).items()
        }
    return {name: np.atleast_1d(value)} if isinstance(value, np.floating | np.ndarray) else {}


def replaced(pack: Any, label: str, value: Vector) -> Any:
    """The pack with one parameter changed."""
    head, _, rest = label.partition(".")
    field, _, index = head.partition("[")
    old = getattr(pack, field)
    if not index:
        new = replaced(old, rest, value) if rest else _like(old, value)
        return pack._replace(**{field: new})
    i = int(index[:-1]) - bool(rest)  # packs are counted from 1
    new = replaced(old[i], rest, value) if rest else _like(old[i], value)
    return pack._replace(**{field: (*old[:i], new, *old[i + 1 :])})


def _like(old: Any, value: Vector) -> Any:
    return value.reshape(old.shape) if np.ndim(old) else value[0]


def jacobian(c: Cell, s: Vector, t: int) -> Vector:
    """J = dF/ds of the step from time t."""
    return differences(lambda y: moved(c, y, t), s)


def parameter_jacobian(c: Cell, s: Vector, t: int, label: str) -> Vector:
    """dF/dp of the step from time t, for all numbers of one parameter."""
    value = numbers(c.pack)[label]
    return differences(lambda y: moved(c, s, t, replaced(c.pack, label, y)), value.reshape(-1))
