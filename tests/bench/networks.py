"""Networks of n tanh units forward, `h <- tanh(W h)`: a matrix for every cell, or one under a swept gain."""

from __future__ import annotations

import math

import numba
import numpy as np

from tests.bench import peers
from tests.bench.harness import Bar, Call, Case
from tests.bench.ours import evaluation, gaussian_weights


def distinct(units: int, cells: int, steps: int, tiny: bool, limit: float) -> Case:
    """Gaussian weights of its own for every cell (the axis `seed`); gain 0.9 keeps them from chaos.

    Nothing but the product and the tanh, which alone takes two thirds of the time of this job: three times as
    fast as JAX would be beyond the processor's peak.
    """
    cells, steps = (20, 10) if tiny else (cells, steps)
    seeds = np.arange(cells)
    parameters = {
        "units": units,
        "activation": "tanh",
        "weights": "gaussian",
        "weights.gain": 0.9,
        "start": "unit",
    }
    W = 0.9 * gaussian_weights(units, seeds)
    start = np.full((cells, units), 1.0 / math.sqrt(units))
    return Case(
        ours=evaluation("rnn", ["final_state"], {**parameters, "steps": steps}, {"seed": seeds}),
        peers={
            "JAX vmap(scan)": lambda: _jax_distinct(W, start, steps),
            "JAX, cells innermost": lambda: _jax_innermost(W, start, steps),
            "NumPy": lambda: _numpy_distinct(W, start, steps),
            "torch bmm": lambda: _torch_distinct(W, start, steps),
            "naive numba": lambda: _naive_distinct(W, start, steps),
        },
        bars=(Bar(("JAX vmap(scan)", "JAX, cells innermost"), strive=2.0), Bar((), strive=limit)),
        operations=float(units * (units + 16)) * cells * steps,
        tolerance=1e-9,
    )


def distinct_8(tiny: bool) -> Case:
    return distinct(8, 4096, 1000, tiny, limit=0.75)


def distinct_32(tiny: bool) -> Case:
    return distinct(32, 1024, 500, tiny, limit=0.65)


def shared_128(tiny: bool) -> Case:
    """One matrix, 256 gains: one product of matrices serves all cells."""
    units, cells, steps = (128, 8, 5) if tiny else (128, 256, 200)
    gains = np.linspace(0.1, 0.95, cells)
    parameters = {
        "units": units,
        "activation": "tanh",
        "weights": "gaussian",
        "start": "unit",
        "steps": steps,
    }
    W0 = gaussian_weights(units, np.array([0]))[0]
    start = np.full((units, cells), 1.0 / math.sqrt(units))

    def numpy_product() -> Call:
        def call():
            h = start.copy()
            out = np.empty_like(h)
            for _ in range(steps):
                np.matmul(W0, h, out=out)
                np.multiply(out, gains, out=out)
                np.tanh(out, out=h)
            return {"final_state": h.T}

        return call

    def jax_product() -> Call:
        jax = peers.jax()

        @jax.jit
        def forward(W, h, gains):
            return jax.lax.scan(lambda h, _: (jax.numpy.tanh(gains * (W @ h)), None), h, length=steps)[0]

        args = [jax.numpy.asarray(array) for array in (W0, start, gains)]
        return lambda: {"final_state": np.asarray(forward(*args).block_until_ready()).T}

    def torch_product() -> Call:
        torch = peers.torch()
        W, h0, g = (torch.from_numpy(array) for array in (W0, start, gains))

        def call():
            h = h0
            with torch.no_grad():
                for _ in range(steps):
                    h = torch.tanh(g * (W @ h))
            return {"final_state": h.numpy().T}

        return call

    return Case(
        ours=evaluation("rnn", ["final_state"], parameters, {"weights.gain": gains}),
        peers={"JAX": jax_product, "NumPy": numpy_product, "torch": torch_product},
        bars=(Bar(("JAX",), at_least=1.3), Bar(("NumPy",), at_least=2.5), Bar((), strive=0.93)),
        operations=float(units * (units + 1 + 16)) * cells * steps,
        tolerance=1e-9,
    )


def _jax_distinct(W: np.ndarray, start: np.ndarray, steps: int) -> Call:
    jax = peers.jax()

    def one(W, h):
        return jax.lax.scan(lambda h, _: (jax.numpy.tanh(W @ h), None), h, length=steps)[0]

    forward = jax.jit(jax.vmap(one))
    jW, jh = jax.numpy.asarray(W), jax.numpy.asarray(start)
    return lambda: {"final_state": np.asarray(forward(jW, jh).block_until_ready())}


def _jax_innermost(W: np.ndarray, start: np.ndarray, steps: int) -> Call:
    """What an expert tries: cells on the last axis, in chunks that fit the caches."""
    jax = peers.jax()
    cells, units, _ = W.shape
    chunk = math.gcd(cells, 64 if units <= 16 else 16)

    def block(args):
        W, h = args
        step = lambda h, _: (jax.numpy.tanh((W * h[None, :, :]).sum(axis=1)), None)  # noqa: E731  as in JAX code
        return jax.lax.scan(step, h, length=steps)[0]

    forward = jax.jit(lambda W, h: jax.lax.map(block, (W, h)))
    jW = jax.numpy.asarray(W.reshape(-1, chunk, units, units).transpose(0, 2, 3, 1).copy())
    jh = jax.numpy.asarray(start.reshape(-1, chunk, units).transpose(0, 2, 1).copy())

    def call():
        out = np.asarray(forward(jW, jh).block_until_ready())
        return {"final_state": out.transpose(0, 2, 1).reshape(cells, units)}

    return call


def _numpy_distinct(W: np.ndarray, start: np.ndarray, steps: int) -> Call:
    def call():
        h = start[:, :, None].copy()
        for _ in range(steps):
            h = np.tanh(np.matmul(W, h))
        return {"final_state": h[:, :, 0]}

    return call


def _torch_distinct(W: np.ndarray, start: np.ndarray, steps: int) -> Call:
    torch = peers.torch()
    tW, h0 = torch.from_numpy(W), torch.from_numpy(start[:, :, None].copy())

    def call():
        h = h0
        with torch.no_grad():
            for _ in range(steps):
                h = torch.tanh(torch.bmm(tW, h))
        return {"final_state": h.numpy()[:, :, 0]}

    return call


def _naive_distinct(W: np.ndarray, start: np.ndarray, steps: int) -> Call:
    @numba.njit(nogil=True)
    def forward(W, start, out):
        cells, units, _ = W.shape
        for c in range(cells):
            h = start[c].copy()
            g = np.empty(units)
            for _ in range(steps):
                for i in range(units):
                    a = 0.0
                    for j in range(units):
                        a += W[c, i, j] * h[j]
                    g[i] = math.tanh(a)
                h[:] = g
            out[c] = h
        return out

    return lambda: {"final_state": forward(W, start, np.empty_like(start))}
