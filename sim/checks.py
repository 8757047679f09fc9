"""What the author of a network asks before trusting a gradient: are the derivatives those of the step?

`check` takes one cell of the system at a random state and input, and compares what jvp, vjp and the output's
derivatives say with differences of `step` and `output`, and jvp with vjp: <g, J v + K y> = <J^T g, v> +
<K^T g, y>. Source: A. Griewank & A. Walther, Evaluating Derivatives, 2nd ed. 2008,
doi:10.1137/1.9780898717761, section 3.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sim.equations.equation import ordinal
from sim.errors import refuse
from sim.functions import parts
from sim.generic import (
    carried,
    inputs,
    jvp,
    mirrored,
    networked,
    noise,
    output,
    output_jvp,
    output_vjp,
    step,
    units,
    vjp,
)
from sim.matrices import Matrices, Vectors
from sim.run import prepare

Place = tuple[int, ...]

_FAR = 3e-4  # the differences' step: their error is of the order of its fourth power


class Checked(NamedTuple):
    """Errors, relative to the largest number that each is compared with (or to 1, where that is smaller)."""

    jvp: float
    state: float  # vjp by the state
    input: float  # vjp by the input
    parameters: dict[str, float]  # vjp by each array or number of the pack
    output: float  # output_jvp and output_vjp
    adjoint: float  # jvp against vjp

    @property
    def worst(self) -> float:
        """The largest of all errors."""
        return max(
            self.jvp, self.state, self.input, *self.parameters.values(), self.output, self.adjoint, key=_size
        )


def check(
    system: str, fixed: Mapping[str, Any] | None = None, *, seed: int = 0, folder: Path | None = None
) -> Checked:
    """The errors of a network's hand-written derivatives, with these keywords of the system.

    Right derivatives have errors below 1e-9; a wrong one is far above, and its name says where to look.
    Another `seed` draws another state, input and direction: try some where the step has kinks. Raises
    Refused for a system of a few numbers (its derivatives are made from its step), a verb that is not
    written, a gradient in another form than the pack. Cost: four steps for each number of the pack; small
    sizes show as much as large ones.

    >>> check("gru", {"units": 4, "inputs": 2}).worst < 1e-9
    True
    """
    run = prepare(system, observables=["final_state"], fixed={"steps": 1, **(fixed or {})}, folder=folder)
    p = _plain(run.setting.example)
    if not networked(p):
        raise refuse(
            "system", f"{type(p).__name__} has a few numbers; its derivatives are made from its step, exactly"
        )
    return _checked(p, _Drawn(p, np.random.default_rng(seed)))


class _Drawn:
    """A state, an input and directions of one cell, and its step as a function of flat vectors."""

    def __init__(self, p: Any, rng: np.random.Generator) -> None:
        count = units(p)
        self.whole = not isinstance(count, dict)
        sizes = list(count.values()) if isinstance(count, dict) else [int(count)]  # type: ignore[arg-type]
        self.edges = np.cumsum(sizes)
        n, m, random = int(self.edges[-1]), inputs(p), noise(p)
        self.s, self.v, self.g = rng.normal(size=(3, n)).astype(np.longdouble)
        self.x, self.y, other = rng.normal(size=(3, m)).astype(np.longdouble)
        self.beside = rng.uniform(size=random) if random else other if mirrored(p) else None
        if len(inspect.signature(jvp.dispatch(type(p))).parameters) == 4:  # one that is never driven
            self.y = 0.0 * self.y

    def shaped(self, flat: np.ndarray) -> Any:
        """A flat state as the system's functions take it."""
        return flat if self.whole else tuple(np.split(flat, self.edges[:-1]))

    def driven(self, x: np.ndarray) -> Any:
        """An input with what comes beside it."""
        return x if self.beside is None else (x, self.beside)

    def step(self, p: Any, s: np.ndarray, x: np.ndarray) -> np.ndarray:
        """The next state, flat."""
        return _flat(step(p, self.shaped(s), self.driven(x)))


def _checked(p: Any, at: _Drawn) -> Checked:
    s, x = at.shaped(at.s), at.driven(at.x)
    turned = _flat(carried(p, s, x, at.shaped(at.v), at.y))
    dp, ds, *rest = vjp(p, s, x, at.shaped(at.g))
    dx = rest[0] if rest else None
    own = {_named(p, path): _by_parameter(p, at, dp, path) for path in _places(p)}
    both = _slopes(lambda e: at.step(p, at.s + e[0] * at.v, at.x + e[0] * at.y), np.zeros(1, np.longdouble))
    by_state = at.g @ _slopes(lambda z: at.step(p, z, at.x), at.s)
    by_input = at.g @ _slopes(lambda z: at.step(p, at.s, z), at.x)
    pulled = _flat(ds) @ at.v + (0.0 if dx is None else dx @ at.y)
    return Checked(
        _apart(turned, both[:, 0]),
        _apart(_flat(ds), by_state),
        0.0 if dx is None else _apart(dx, by_input),
        own,
        _output(p, at),
        _apart(at.g @ turned, pulled),
    )


def _by_parameter(p: Any, at: _Drawn, dp: Any, path: Place) -> float:
    """The error of one parameter's gradient."""
    value = p
    for i in path:
        value = value[i]
    slopes = _slopes(lambda z: at.step(_replaced(p, path, z), at.s, at.x), np.asarray(value))
    return _apart(np.reshape(_fitting(dp, p, path), -1), at.g @ slopes)


def _output(p: Any, at: _Drawn) -> float:
    """The larger error of output_jvp (by differences) and output_vjp (by the adjoint identity)."""
    s, v = at.shaped(at.s), at.shaped(at.v)
    turned = output_jvp(p, s, v)
    along = _slopes(lambda e: _flat(output(p, at.shaped(at.s + e[0] * at.v))), np.zeros(1, np.longdouble))
    g = tuple(np.cos(np.arange(part.size) + k) for k, part in enumerate(parts(turned)))
    pulled = output_vjp(p, s, g if isinstance(turned, tuple) else g[0])
    return max(_apart(_flat(turned), along[:, 0]), _apart(_flat(g) @ _flat(turned), _flat(pulled) @ at.v))


def _slopes(f: Callable[[np.ndarray], np.ndarray], at: np.ndarray) -> np.ndarray:
    """df_i/dz_j by five-point central differences."""
    columns = []
    for d in _FAR * np.eye(at.size, dtype=np.longdouble):
        z = at.reshape(-1)
        near, far = f(z + d) - f(z - d), f(z + 2 * d) - f(z - 2 * d)
        columns.append((8 * near - far) / (12 * np.longdouble(_FAR)))
    return np.stack(columns, axis=-1)


def _apart(found: Any, wanted: Any) -> float:
    """The largest difference, relative to the largest number wanted; infinite where the shapes differ."""
    found, wanted = np.asarray(found), np.asarray(wanted)
    if found.shape != wanted.shape:
        return float("inf")
    return float(np.max(np.abs(found - wanted)) / max(1.0, np.max(np.abs(wanted))))


def _size(error: float) -> float:
    return float("inf") if np.isnan(error) else error


def _flat(state: Any) -> np.ndarray:
    return np.concatenate([np.atleast_1d(part) for part in parts(state)])


def _plain(value: Any) -> Any:
    """A pack with the numbers of its one cell, in extended precision where the machine has it."""
    if isinstance(value, Matrices):
        return (np.reshape(value.factor, -1)[0] * value.base[value.which[0]]).astype(np.longdouble)
    if isinstance(value, Vectors):
        return value.base[value.which[0]].astype(np.longdouble)
    if isinstance(value, tuple):
        items = [_plain(item) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    return np.longdouble(value) if isinstance(value, float) else value


def _places(value: Any, path: Place = ()) -> Iterator[Place]:
    """Where a pack has arrays and numbers, in its nested tuples."""
    if isinstance(value, tuple):
        for i, item in enumerate(value):
            yield from _places(item, (*path, i))
    elif isinstance(value, (np.floating, np.ndarray)):
        yield path


def _named(pack: Any, path: Place) -> str:
    """The name of a place, such as `layers[1].W_f`."""
    name = ""
    for i in path:
        name += f".{pack._fields[i]}" if hasattr(pack, "_fields") else f"[{ordinal(pack[i], i)}]"
        pack = pack[i]
    return name[1:]


def _fitting(dp: Any, pack: Any, path: Place) -> Any:
    """The gradient at this place; refused where it has not the form of the parameter."""
    name, found = _named(pack, path), dp
    for i in path:
        if not isinstance(found, tuple) or i >= len(found) or type(found) is not type(pack):
            raise refuse("system", f"vjp has no gradient for {name}; give a pack of the same type")
        found, pack = found[i], pack[i]
    if np.shape(found) != np.shape(pack):
        raise refuse(
            "system",
            f"vjp gives {name} a gradient of shape {np.shape(found)} where {np.shape(pack)} is needed",
        )
    return found


def _replaced(value: Any, path: Place, numbers: np.ndarray) -> Any:
    """The pack with the numbers at this place changed."""
    if not path:
        return numbers.reshape(np.shape(value))[()]
    items = [_replaced(item, path[1:], numbers) if i == path[0] else item for i, item in enumerate(value)]
    return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
