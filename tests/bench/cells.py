"""Recurrent cells with weights of their own for every cell of the sweep: forward, and the gradients of all
parameters through time.

Every network has biases and is driven by one input series, so that its activity does not die out: numbers
below 1e-308 cost every library but JAX, which flushes them to zero, a multiple of their time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from sim.equations.equation import flattened
from sim.matrices import Matrices, Vectors
from sim.series import series_of
from tests.bench import peers
from tests.bench.harness import Bar, Call, Case
from tests.bench.ours import prepared

TARGET = 0.3
GATES = {"rnn": ("",), "lstm": ("_f", "_i", "_c", "_o"), "gru": ("_r", "_u", "_c")}
FUNCTIONS = {"rnn": 1, "lstm": 5, "gru": 3}  # tanh and sigmoid a unit and step
Arrays = dict[str, np.ndarray]


def forward(system: str, units: int, cells: int, steps: int, bars: tuple[Bar, ...], tiny: bool) -> Case:
    """The last state of every cell."""
    cells, steps = (20, 10) if tiny else (cells, steps)
    run, columns, arrays, series = _ready(system, "final_state", units, cells, steps)
    loaded = run.load(columns)
    alternatives = {"JAX vmap(scan)": lambda: _jax_forward(system, arrays, series)}
    if len(GATES[system]) > 1:
        alternatives["JAX, gates stacked"] = lambda: _jax_forward(system, arrays, series, stacked=True)
    return Case(
        ours=lambda: run.compute(loaded),
        peers={**alternatives, "NumPy": lambda: _numpy_forward(system, arrays, series)},
        bars=bars,
        operations=float(units * (_products(system) * (units + 1) + 16 * FUNCTIONS[system])) * cells * steps,
        tolerance=1e-9,
    )


def backward(system: str, units: int, cells: int, steps: int, bars: tuple[Bar, ...], tiny: bool) -> Case:
    """The norm of the gradient of every array of parameters, by backpropagation through time."""
    cells, steps = (20, 10) if tiny else (cells, steps)
    run, columns, arrays, series = _ready(system, "gradient_norm", units, cells, steps)
    loaded = run.load(columns)
    names = next(tuple(c.values) for c in run.coordinates if c.name == "parameter")
    alternatives = {"JAX vmap(grad(scan))": lambda: _jax_backward(system, arrays, series, names)}
    if len(GATES[system]) > 1:
        alternatives["JAX, gates stacked"] = lambda: _jax_backward(system, arrays, series, names, True)
    return Case(
        ours=lambda: run.compute(loaded),
        peers=alternatives,
        bars=bars,
        operations=float(units * (3 * _products(system) * (units + 1) + 16 * FUNCTIONS[system]))
        * cells
        * steps,
        tolerance=1e-9,
    )


def jax_bars(times: float, system: str, backward: bool = False) -> tuple[Bar, ...]:
    """At least so many times as fast as the best JAX; the bars were set against the usual one, which has all
    gates in one product.
    """
    plain = "JAX vmap(grad(scan))" if backward else "JAX vmap(scan)"
    if system == "rnn":
        return (Bar((plain,), at_least=times),)
    return Bar((plain, "JAX, gates stacked"), at_least=times), Bar(("JAX, gates stacked",), strive=times)


def _products(system: str) -> int:
    return len(GATES[system])


def _ready(
    system: str, observable: str, units: int, cells: int, steps: int
) -> tuple[Any, dict[str, np.ndarray], Arrays, np.ndarray]:
    """Our run, its columns, and for the peers the arrays of every cell and the input series."""
    fixed = {"units": units, "weights.gain": 0.9, "start": 0.1, "steps": steps}
    fixed |= {f"b{gate}": 0.1 for gate in GATES[system]}
    fixed |= {"activation": "tanh"} if system == "rnn" else {}
    fixed |= {"target": TARGET, "loss_from": 1} if observable != "final_state" else {}
    columns = {"weights.seed": np.arange(cells)}
    run = prepared(system, [observable], fixed, tuple(columns), task="white_noise")
    fields = flattened(run.setting.built({**run.setting.values, **columns}))
    arrays = {name: _of_every_cell(field, cells) for name, field in fields.items() if _is_array(field)}
    series, _ = series_of(run.setting, columns, cells, steps, 1)
    return run, columns, arrays, series[0][:, 0]


def _is_array(field: Any) -> bool:
    return isinstance(field, Matrices | Vectors)


def _of_every_cell(field: Any, cells: int) -> np.ndarray:
    values = field.base[np.broadcast_to(field.which, cells)]
    if isinstance(field, Matrices):
        return values * np.broadcast_to(np.asarray(field.factor), cells)[:, None, None]
    return values


def _step(system: str, tanh: Callable[[Any], Any], sigmoid: Callable[[Any], Any]) -> Callable[..., Any]:
    """The step of a cell from a function that gives a gate's sum."""

    def rnn(opened: Any, h: Any, c: Any) -> Any:
        return tanh(opened("", h)), c

    def lstm(opened: Any, h: Any, c: Any) -> Any:
        c = sigmoid(opened("_f", h)) * c + sigmoid(opened("_i", h)) * tanh(opened("_c", h))
        return sigmoid(opened("_o", h)) * tanh(c), c

    def gru(opened: Any, h: Any, c: Any) -> Any:
        u = sigmoid(opened("_u", h))
        return u * h + (1.0 - u) * tanh(opened("_c", sigmoid(opened("_r", h)) * h)), c

    return {"rnn": rnn, "lstm": lstm, "gru": gru}[system]


def _jax_scan(system: str, stacked: bool) -> Callable[..., Any]:
    """(parameters of one cell, series) -> last (h, c) and every h, in JAX."""
    jax = peers.jax()
    step = _step(system, jax.numpy.tanh, jax.nn.sigmoid)
    together = GATES[system] if system != "gru" else GATES[system][:2]  # the candidate sees r h

    def over(p: Arrays, series: Any) -> Any:
        n = p[f"b{together[0]}"].shape[0]
        if stacked:
            W, U, b = (
                jax.numpy.concatenate([p[kind + gate] for gate in together]) for kind in ("W", "U", "b")
            )

        def one(state: Any, x: Any) -> Any:
            h, c = state
            sums = W @ h + (U[:, 0] * x + b) if stacked else None

            def opened(gate: str, v: Any) -> Any:
                if stacked and gate in together:
                    at = together.index(gate) * n
                    return sums[at : at + n]
                return p["W" + gate] @ v + (p["U" + gate][:, 0] * x + p["b" + gate])

            state = step(opened, h, c)
            return state, state[0]

        start = jax.numpy.full(n, 0.1)
        return jax.lax.scan(one, (start, start), series)

    return over


def _jax_forward(system: str, arrays: Arrays, series: np.ndarray, stacked: bool = False) -> Call:
    jax = peers.jax()
    over = _jax_scan(system, stacked)
    everywhere = jax.jit(jax.vmap(lambda p, x: over(p, x)[0], in_axes=(0, None)))
    given = {name: jax.numpy.asarray(value) for name, value in arrays.items()}, jax.numpy.asarray(series)

    def call() -> Mapping[str, np.ndarray]:
        h, c = jax.block_until_ready(everywhere(*given))
        parts = [h, c] if system == "lstm" else [h]
        return {"final_state": np.concatenate([np.asarray(part) for part in parts], axis=1)}

    return call


def _jax_backward(
    system: str, arrays: Arrays, series: np.ndarray, names: tuple[str, ...], stacked: bool = False
) -> Call:
    jax = peers.jax()
    over = _jax_scan(system, stacked)

    def loss(p: Arrays, x: Any) -> Any:
        return ((over(p, x)[1] - TARGET) ** 2).sum()

    def norms(p: Arrays, x: Any) -> Any:
        gradient = jax.grad(loss)(p, x)
        return jax.numpy.stack([jax.numpy.sqrt((gradient[name] ** 2).sum()) for name in names])

    everywhere = jax.jit(jax.vmap(norms, in_axes=(0, None)))
    given = {name: jax.numpy.asarray(value) for name, value in arrays.items()}, jax.numpy.asarray(series)
    return lambda: {"gradient_norm": np.asarray(everywhere(*given).block_until_ready())}


def _numpy_forward(system: str, arrays: Arrays, series: np.ndarray) -> Call:
    step = _step(system, np.tanh, lambda x: 1.0 / (1.0 + np.exp(-x)))

    def call() -> Mapping[str, np.ndarray]:
        h = c = np.full(arrays[f"b{GATES[system][0]}"].shape, 0.1)
        for x in series:
            fed = {gate: arrays["U" + gate][:, :, 0] * x + arrays["b" + gate] for gate in GATES[system]}

            def opened(gate: str, v: np.ndarray, fed: Arrays = fed) -> np.ndarray:
                return np.matmul(arrays["W" + gate], v[:, :, None])[:, :, 0] + fed[gate]

            h, c = step(opened, h, c)
        return {"final_state": np.concatenate([h, c] if system == "lstm" else [h], axis=1)}

    return call
