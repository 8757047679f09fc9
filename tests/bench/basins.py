"""Basins of a two-unit network over a plane of starts, and the attractors of many two-unit networks."""

from __future__ import annotations

import math

import numba
import numpy as np

from tests.bench import peers
from tests.bench.harness import Bar, Call, Case
from tests.bench.ours import evaluation

W = np.array([[2.0, 0.1], [0.1, 2.0]])
STEPS = 200
BLOCK = 2048  # starts that NumPy keeps in the first-level cache


def basins(tiny: bool) -> Case:
    """1024 x 1024 starts; the peers run all steps and give the last state, but for TSDynamics, which follows
    a start until it comes to where it has been.
    """
    side = 24 if tiny else 1024
    at = np.linspace(-2.0, 1.99, side)
    x, y = (axis.ravel() for axis in np.meshgrid(at, at, indexing="ij"))

    def numpy_blocked() -> Call:
        def call():
            found = np.empty((x.size, 2))
            for first in range(0, x.size, BLOCK):
                u, v = x[first : first + BLOCK].copy(), y[first : first + BLOCK].copy()
                p, q, r = np.empty_like(u), np.empty_like(u), np.empty_like(u)
                for _ in range(STEPS):
                    np.multiply(u, W[0, 0], out=p)
                    np.multiply(v, W[0, 1], out=q)
                    np.add(p, q, out=p)
                    np.multiply(u, W[1, 0], out=q)
                    np.multiply(v, W[1, 1], out=r)
                    np.add(q, r, out=q)
                    np.tanh(p, out=u)
                    np.tanh(q, out=v)
                found[first : first + BLOCK, 0], found[first : first + BLOCK, 1] = u, v
            return {"basin_state": found}

        return call

    def naive_numba() -> Call:
        @numba.njit(nogil=True)
        def run(x, y, found):
            for i in range(x.size):
                u, v = x[i], y[i]
                for _ in range(STEPS):
                    u, v = math.tanh(2.0 * u + 0.1 * v), math.tanh(0.1 * u + 2.0 * v)
                found[i, 0], found[i, 1] = u, v
            return found

        return lambda: {"basin_state": run(x, y, np.empty((x.size, 2)))}

    def jax_loop() -> Call:
        jax = peers.jax()
        jW = jax.numpy.asarray(W)
        last = jax.jit(lambda s: jax.lax.fori_loop(0, STEPS, lambda _, s: jax.numpy.tanh(jW @ s), s))
        starts = jax.numpy.stack([jax.numpy.asarray(x), jax.numpy.asarray(y)])
        return lambda: {"basin_state": np.asarray(last(starts).block_until_ready()).T}

    def library() -> Call:
        ts = peers.tsdynamics()

        class Pair(ts.DiscreteMap):
            params = {"a": W[0, 0], "c": W[0, 1]}  # noqa: RUF012  the library reads it from the class
            dim = 2

            @staticmethod
            def _step(X, a, c):
                return np.tanh(a * X[0] + c * X[1]), np.tanh(c * X[0] + a * X[1])

        region = ts.data.region([(at[0], at[-1], side)] * 2)

        def call():
            ts.analysis.basins(Pair(), region)
            return {}

        return call

    fixed = {"units": 2, "weights": "matrix", "weights.matrix": W.tolist(), "b": 0.0, "steps": STEPS}
    fixed |= {"start": "plane", "box": [-2.0, 2.0]}
    return Case(
        ours=evaluation("rnn", ["basin"], fixed, {"start.x": x, "start.y": y}),
        peers={
            "NumPy blocked": numpy_blocked,
            "naive numba": naive_numba,
            "JAX fori": jax_loop,
            "TSDynamics": library,
        },
        bars=(Bar(("NumPy blocked",), at_least=10.0), Bar(("TSDynamics",), at_least=5.0)),
        tolerance=1e-9,
    )


def census(tiny: bool) -> Case:
    """10^5 settings x 64 starts; the peer runs the same starts for 200 steps and looks at nothing."""
    gains, seeds = (3, 4) if tiny else (250, 400)
    gain, seed = np.meshgrid(np.linspace(0.1, 4.0, gains), np.arange(seeds), indexing="ij")
    columns = {"weights.gain": gain.ravel(), "seed": seed.ravel()}
    fixed = {"units": 2, "b": 0.0, "steps": STEPS, "starts": 64}

    def bare() -> Call:
        from sim.attractors.settling import Settling
        from sim.run import prepare

        run = prepare("rnn", observables=["final_state"], fixed=fixed_of_runs, varied=list(columns))
        settling = Settling(run._form, STEPS, 64, 1e6, 1e-8, 1e-3, copies=64)
        numbers = settling.load(columns, gain.size)
        starts = np.random.default_rng(0).uniform(-1.0, 1.0, (2, 64))

        def call():
            for first in range(0, gain.size, 512):
                settling.run([column[first : first + 512] for column in numbers], starts, bare=True)
            return {}

        return call

    fixed_of_runs = {name: value for name, value in fixed.items() if name != "starts"}
    return Case(
        ours=evaluation("rnn", ["census"], fixed, columns),
        peers={"bare rollouts": bare},
        bars=(Bar(("bare rollouts",), at_least=20.0, at_most=True),),
    )
