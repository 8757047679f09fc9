"""What belongs to the run rather than to the system: how many steps, from which state, with which seed."""

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np

from sim.draws import Draw
from sim.errors import refuse
from sim.machine.memory import numbers
from sim.series import distinct
from sim.signature import About, Family


def unit(n: int, draw: Draw) -> np.ndarray:
    """1/sqrt(n) in every unit: a vector of length one."""
    return np.full((1, n), 1.0 / np.sqrt(n))


def gaussian(
    n: int, draw: Draw, *, scale: Annotated[float, About("standard deviation of each unit's start")] = 1.0
) -> np.ndarray:
    """Independent normal numbers, (seeds, n)."""
    return scale * draw.normal(1, n)[:, 0]


def plane(
    n: int,
    *,
    x: Annotated[float, About("coordinate along the first direction")] = 0.0,
    y: Annotated[float, About("coordinate along the second direction")] = 0.0,
    first: Annotated[tuple[float, ...], About("first direction; none is the first number alone")] = (),
    second: Annotated[tuple[float, ...], About("second direction; none is the second number alone")] = (),
    origin: Annotated[tuple[float, ...], About("where x = y = 0; none is 0 in every number")] = (),
) -> np.ndarray:
    """origin + x first + y second, (cells, n): a plane through the states, whose coordinates may be axes."""
    directions = []
    for name, given, index in (("first", first, 0), ("second", second, 1), ("origin", origin, -1)):
        if given and len(given) != n:
            raise refuse(f"parameters.start.{name}", f"{len(given)} numbers for a state of {n}; write {n}")
        directions.append(np.asarray(given) if given else (np.arange(n) == index).astype(float))
    along, across, middle = directions
    shape = np.broadcast_shapes(np.shape(x), np.shape(y))
    units = numbers(n * math.prod(shape)).reshape(n, *shape)
    for i in range(n):  # a state lies number by number, and most numbers move along one direction at most
        terms = [place * way for place, way in ((x, along[i]), (y, across[i])) if way != 0.0]
        units[i] = sum(terms, middle[i])
    return np.moveaxis(units, 0, -1)


def families() -> Mapping[str, Callable[..., Any]]:
    """The starts that are named by a word."""
    return {"unit": unit, "gaussian": gaussian, "plane": plane}


class RunKeywords(NamedTuple):
    """The keywords of every run."""

    steps: Annotated[int, About("number of steps; time runs from 0 to steps", "step")]
    start: Annotated[
        float,
        About("state at time 0: a number for all units, a list, or a family"),
        Family(families, "start"),
    ] = 0.0
    seed: Annotated[int, About("key of all random numbers: weights, start, inputs", "1", True)] = 0


def starts_of(setting: Any, columns: Mapping[str, np.ndarray], cells: int, n: int) -> list[Any]:
    """For each of the n numbers of the state, its value at time 0 (one, or one a cell); refused where a
    list has another length. A column of starts has one number a cell, for all n, or (cells, n) numbers.
    """
    if "start" in columns:
        given = np.asarray(columns["start"], dtype=np.float64)
        return list(np.ascontiguousarray(given.T)) if given.ndim == 2 else [given] * n
    value = setting.values["start"]
    if not isinstance(value, str):
        numbers = np.atleast_1d(np.asarray(value, dtype=np.float64))
        if numbers.shape not in ((1,), (n,)):
            raise refuse(
                "parameters.start",
                f"{len(numbers)} numbers for a state of {n}; write one number for all, or {n}",
            )
        return list(np.broadcast_to(numbers, (n,)))
    members = families()
    if value not in members:
        raise refuse(
            "parameters.start",
            f"{value!r} is no start; write a number, a list of {n} numbers, or one of {sorted(members)}",
        )
    keys = [name for name in setting.values if name.startswith("start.")]
    if "draw" not in inspect.signature(members[value]).parameters:  # of the cell's own numbers alone
        own = {name.partition(".")[2]: columns.get(name, setting.values[name]) for name in keys}
        return list(np.ascontiguousarray(np.asarray(members[value](n, **own)).T))
    kinds, which = distinct(setting, columns, [*keys, "seed"], cells)
    settings = {name.partition(".")[2]: kinds[name] for name in keys}
    made = np.asarray(members[value](n, Draw(kinds["seed"].reshape(-1), "start"), **settings))
    table = np.broadcast_to(made, (len(kinds["seed"]), n))
    return [table[which, i] for i in range(n)]
