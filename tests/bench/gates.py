"""Maps of one gated unit over two of its biases, with the loss and its gradient by every parameter; and the
gradients of one large network under many gains.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tests.bench import peers
from tests.bench.cells import GATES, TARGET, _step
from tests.bench.harness import Bar, Call, Case
from tests.bench.ours import gaussian_weights, prepared

AXES = {"lstm": ("b_f", "b_i"), "gru": ("b_u", "b_r")}
CHUNK = 4096  # cells that a hand-chunked peer keeps in its caches


def bias_map(system: str, tiny: bool) -> Case:
    """512 x 512 biases of two gates, 100 steps driven by noise."""
    side, steps, chunk = (20, 10, 100) if tiny else (512, 100, CHUNK)
    grid = np.meshgrid(np.linspace(-4.0, 6.0, side), np.linspace(-4.0, 6.0, side), indexing="ij")
    columns = dict(zip(AXES[system], (axis.ravel() for axis in grid), strict=True))
    fixed: dict[str, Any] = {f"w{gate}": 1.5 - 0.4 * i for i, gate in enumerate(GATES[system])}
    fixed |= {f"u{gate}": 1.0 for gate in GATES[system]} | {"steps": steps, "start": 0.1, "target": TARGET}
    run = prepared(system, ["loss", "gradient"], fixed, tuple(columns), task="white_noise")
    loaded = run.load(columns)
    names = next(tuple(c.values) for c in run.coordinates if c.name == "parameter")
    values = {
        name: np.broadcast_to(columns.get(name, run.setting.values[name] or 0.0), side**2) for name in names
    }
    series = run._form._inputs({}, 1)[:steps].copy()
    return Case(
        ours=lambda: run.compute(loaded),
        peers={"JAX, chunked by hand": lambda: _jax_chunks(system, names, values, series, chunk)},
        bars=(Bar(("JAX, chunked by hand",), at_least=2.5),),
        operations=float(3 * 16 * 5) * side**2 * steps,
        tolerance=1e-9,
    )


def _jax_chunks(system: str, names: tuple[str, ...], values: Any, series: np.ndarray, chunk: int) -> Call:
    """Reverse mode over a chunk that fits the caches, chunk after chunk."""
    jax = peers.jax()
    step = _step(system, jax.numpy.tanh, jax.nn.sigmoid)

    def each(p: dict[str, Any], x: Any) -> Any:
        def one(state: Any, x: Any) -> Any:
            def opened(gate: str, v: Any) -> Any:
                return p["w" + gate] * v + (p["u" + gate] * x + p["b" + gate])

            return step(opened, *state), None

        start = jax.numpy.full(chunk, 0.1)
        (h, _), _ = jax.lax.scan(one, (start, start), x)
        return (h - TARGET) ** 2

    def block(p: dict[str, Any]) -> Any:
        value, back = jax.vjp(lambda q: each(q, jax.numpy.asarray(series)), p)
        return value, back(jax.numpy.ones(chunk))[0]

    everywhere = jax.jit(lambda p: jax.lax.map(block, p))
    given = {name: jax.numpy.asarray(value.reshape(-1, chunk)) for name, value in values.items()}

    def call() -> dict[str, np.ndarray]:
        value, slopes = jax.block_until_ready(everywhere(given))
        gradient = np.stack([np.asarray(slopes[name]).ravel() for name in names], axis=1)
        return {"loss": np.asarray(value).ravel(), "gradient": gradient}

    return call


def shared_gradient(tiny: bool) -> Case:
    """The norm of dE/dW of 128 units for 256 gains of one matrix, 200 steps, the loss summed over all."""
    units, cells, steps = (16, 8, 5) if tiny else (128, 256, 200)
    gains = np.linspace(0.1, 0.95, cells)
    fixed = {"units": units, "activation": "tanh", "weights": "gaussian", "start": "unit", "steps": steps}
    fixed |= {"target": TARGET, "loss_from": 1}
    run = prepared("rnn", ["gradient_norm"], fixed, ("weights.gain",))
    loaded = run.load({"weights.gain": gains})
    W0 = gaussian_weights(units, np.zeros(1, dtype=np.int64))[0]

    def jax_peer() -> Call:
        jax = peers.jax()

        def loss(W: Any) -> Any:
            start = jax.numpy.full(units, 1.0 / math.sqrt(units))

            def one(h: Any, _: Any) -> Any:
                h = jax.numpy.tanh(W @ h)
                return h, ((h - TARGET) ** 2).sum()

            return jax.lax.scan(one, start, length=steps)[1].sum()

        def norm(gain: Any) -> Any:
            return jax.numpy.sqrt((jax.grad(loss)(gain * jax.numpy.asarray(W0)) ** 2).sum())

        everywhere = jax.jit(jax.vmap(norm))
        given = jax.numpy.asarray(gains)
        return lambda: {"norm": np.asarray(everywhere(given).block_until_ready())}

    return Case(
        ours=lambda: {"norm": run.compute(loaded)["gradient_norm"][:, 0]},
        peers={"JAX vmap(grad(scan))": jax_peer},
        bars=(Bar(("JAX vmap(grad(scan))",), at_least=1.3),),
        operations=float(3 * units * units + 16 * units) * cells * steps,
        tolerance=1e-9,
    )
