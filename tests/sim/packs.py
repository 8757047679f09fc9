"""Parameter packs of one cell as plain NumPy numbers, made by the systems' own `build`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from sim.matrices import Matrices, Vectors, choose
from sim.names import find
from sim.signature import signature, split
from sim.vocabulary import builder, keywords

Vector = np.ndarray


def built(system: str, dtype: type | None = np.float64, **given: Any) -> Any:
    """The pack of these settings (`__` standing for the dot), its arrays plain; without dtype as runs."""
    settings = {name.replace("__", "."): value for name, value in given.items()}
    words = {path: [value] for path, value in settings.items() if isinstance(value, str)}
    known = keywords(system, words=words)
    unknown = set(settings) - set(known)
    assert not unknown, f"{system} has no {unknown}"
    values = {path: keyword.default for path, keyword in known.items()} | settings
    touched = frozenset(path.partition(".")[0] for path in settings)
    build = builder(find("sim.systems", system), system)
    arguments = {}
    for name, annotation, _ in signature(build):
        family = split(annotation)[2]
        chosen = family is not None and isinstance(values[name], str)
        arguments[name] = choose(name, family, values, touched) if chosen else values[name]
    pack = build(**arguments)
    return pack if dtype is None else plain(pack, dtype)


def plain(value: Any, dtype: type) -> Any:
    if isinstance(value, Matrices):
        return (np.asarray(value.factor).reshape(-1)[0] * value.base[value.which[0]]).astype(dtype)
    if isinstance(value, Vectors):
        return value.base[value.which[0]].astype(dtype)
    if isinstance(value, tuple):
        items = [plain(item, dtype) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return dtype(value) if isinstance(value, float) else value


def numbers(value: Any, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Vector]]:
    """The numbers and arrays of a pack, each with its place in the nested tuples."""
    if isinstance(value, tuple):
        for i, item in enumerate(value):
            yield from numbers(item, (*path, i))
    elif isinstance(value, np.floating | np.ndarray):
        yield path, np.asarray(value)


def at(value: Any, path: tuple[int, ...]) -> Any:
    for i in path:
        value = value[i]
    return value


def replaced(value: Any, path: tuple[int, ...], new: Vector) -> Any:
    """The pack with the numbers at this place changed."""
    if not path:
        return new.reshape(np.shape(value))[()]
    items = [replaced(item, path[1:], new) if i == path[0] else item for i, item in enumerate(value)]
    return type(value)(*items) if hasattr(value, "_fields") else tuple(items)


def flat(state: Any) -> Vector:
    """A state in parts as one vector."""
    return np.concatenate([np.atleast_1d(part) for part in (state if isinstance(state, tuple) else (state,))])


def shaped(like: Any, numbers_: Vector) -> Any:
    """A vector as a state like this one."""
    if not isinstance(like, tuple):
        return numbers_
    edges = np.cumsum([len(part) for part in like])[:-1]
    return tuple(np.split(numbers_, edges))


def central(f: Callable[[Vector], Vector], where: Vector, h: float = 1e-4) -> Vector:
    """df_i / dx_j by five-point central differences; give `where` in extended precision."""
    columns = []
    for j in range(len(where)):
        d = np.zeros(len(where), dtype=where.dtype)
        d[j] = h
        near, far = f(where + d) - f(where - d), f(where + 2 * d) - f(where - 2 * d)
        columns.append((8 * near - far) / (12 * d[j]))
    return np.stack(columns, axis=-1)
