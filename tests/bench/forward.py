"""The scalar tanh network forward, `h <- tanh(w h + b)`; the same from a user's own 15 lines."""

from __future__ import annotations

import math

import numba
import numpy as np

from tests.bench import peers
from tests.bench.harness import Bar, Call, Case
from tests.bench.ours import evaluation, scratch

START = 0.25
OWN_SYSTEM = '''\
"""A user's own scalar system: one tanh unit."""

from typing import NamedTuple

from sim.functions import tanh
from sim.generic import step


class Own(NamedTuple):
    w: float
    b: float


@step.register
def _(p: Own, s, x):
    return tanh(p.w * s + p.b)
'''


def _grid(tiny: bool) -> tuple[np.ndarray, np.ndarray, int]:
    """Cells below the fold, where trajectories do not depend on their last bit."""
    cells, steps = (100, 20) if tiny else (16384, 1000)
    rng = np.random.default_rng(1)
    return rng.uniform(-0.9, 0.9, cells), rng.uniform(-0.5, 0.5, cells), steps


def tanh_forward(tiny: bool) -> Case:
    w, b, steps = _grid(tiny)

    def numpy_in_place() -> Call:
        def call():
            h = np.full_like(w, START)
            for _ in range(steps):
                np.multiply(h, w, out=h)
                np.add(h, b, out=h)
                np.tanh(h, out=h)
            return {"final_state": h}

        return call

    def jax_scan() -> Call:
        jax = peers.jax()

        @jax.jit
        def forward(w, b):
            start = jax.numpy.full_like(w, START)
            return jax.lax.scan(lambda h, _: (jax.numpy.tanh(w * h + b), None), start, length=steps)[0]

        jw, jb = jax.numpy.asarray(w), jax.numpy.asarray(b)
        return lambda: {"final_state": np.asarray(forward(jw, jb).block_until_ready())}

    def c_libmvec() -> Call:
        forward = peers.hand().tanh_forward
        forward.argtypes = [peers.VECTOR] * 3 + [peers.COUNT] * 2 + [peers.NUMBER]

        def call():
            h = np.empty_like(w)
            forward(peers.pointer(w), peers.pointer(b), peers.pointer(h), w.size, steps, START)
            return {"final_state": h}

        return call

    def naive_numba() -> Call:
        @numba.njit(nogil=True)
        def forward(w, b, out):
            for i in range(w.size):
                h = START
                for _ in range(steps):
                    h = math.tanh(w[i] * h + b[i])
                out[i] = h
            return out

        return lambda: {"final_state": forward(w, b, np.empty_like(w))}

    return Case(
        ours=evaluation(
            "rnn",
            ["final_state"],
            {"units": 1, "activation": "tanh", "steps": steps, "start": START},
            {"w": w, "b": b},
        ),
        peers={
            "JAX scan": jax_scan,
            "NumPy": numpy_in_place,
            "C libmvec": c_libmvec,
            "naive numba": naive_numba,
        },
        bars=(Bar(("JAX scan", "NumPy", "C libmvec"), at_least=2.5), Bar((), strive=0.70)),
        operations=17.0 * w.size * steps,
    )


def own_system(tiny: bool) -> Case:
    """The same recurrence from a file of the user's, found by its path."""
    w, b, steps = _grid(tiny)
    folder = scratch()
    (folder / "own.py").write_text(OWN_SYSTEM, encoding="utf-8")
    columns = {"w": w, "b": b}
    fixed = {"steps": steps, "start": START}
    return Case(
        ours=evaluation("./own.py", ["final_state"], fixed, columns, folder=folder),
        peers={
            "built-in": lambda: evaluation(
                "rnn", ["final_state"], {**fixed, "units": 1, "activation": "tanh"}, columns
            )
        },
        bars=(Bar(("built-in",), at_least=0.9, strive=1.0),),
        operations=17.0 * w.size * steps,
        tolerance=0.0,
    )
