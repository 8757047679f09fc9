"""Maps iterated in registers: the logistic map, its orbit diagram, Mandelbrot escape times."""

from __future__ import annotations

import numba
import numpy as np

from tests.bench import peers
from tests.bench.harness import Bar, Call, Case
from tests.bench.ours import evaluation

START = 0.3


def _rates(tiny: bool) -> np.ndarray:
    """Rates r; the tiny ones stay below chaos, so that peers with another rounding agree."""
    return np.linspace(2.5, 3.5, 64) if tiny else np.linspace(2.5, 4.0, 10_000)


def logistic(tiny: bool) -> Case:
    r, steps = _rates(tiny), 30 if tiny else 10_000

    def c_registers() -> Call:
        iterate = peers.hand().logistic
        iterate.argtypes = [peers.VECTOR] * 2 + [peers.COUNT] * 2 + [peers.NUMBER]

        def call():
            x = np.empty_like(r)
            iterate(peers.pointer(r), peers.pointer(x), r.size, steps, START)
            return {"final_state": x}

        return call

    def jax_loop() -> Call:
        jax = peers.jax()
        iterate = jax.jit(
            lambda r: jax.lax.fori_loop(
                0, steps, lambda _, x: r * x * (1.0 - x), jax.numpy.full_like(r, START)
            )
        )
        jr = jax.numpy.asarray(r)
        return lambda: {"final_state": np.asarray(iterate(jr).block_until_ready())}

    def numpy_in_place() -> Call:
        def call():
            x = np.full_like(r, START)
            z = np.empty_like(x)
            for _ in range(steps):
                np.multiply(r, x, out=z)
                np.subtract(1.0, x, out=x)
                np.multiply(z, x, out=x)
            return {"final_state": x}

        return call

    return Case(
        ours=evaluation("logistic", ["final_state"], {"steps": steps, "start": START}, {"r": r}),
        peers=_comparable({"C registers": c_registers, "JAX fori": jax_loop, "NumPy": numpy_in_place}, tiny),
        bars=(Bar((), at_least=0.93), Bar(("JAX fori",), strive=2.4)),
        operations=2.0 * r.size * steps,
    )


def orbit_diagram(tiny: bool) -> Case:
    """The last 1000 of 10^4 iterates of every rate."""
    r, steps, keep = _rates(tiny), 30 if tiny else 10_000, 10 if tiny else 1000

    def library() -> Call:
        system = peers.pynamicalsys().DiscreteDynamicalSystem(model="logistic map")

        def call():
            _, orbits = system.bifurcation_diagram(START, 0, r, steps, transient_time=steps - keep)
            return {"orbit": np.asarray(orbits).reshape(r.size, keep)}

        return call

    def numpy_in_place() -> Call:
        def call():
            x = np.full_like(r, START)
            kept = np.empty((keep, r.size))
            for t in range(steps):
                x = r * x * (1.0 - x)
                if t >= steps - keep:
                    kept[t - steps + keep] = x
            return {"orbit": kept.T}

        return call

    return Case(
        ours=evaluation("logistic", ["orbit"], {"steps": steps, "start": START, "keep": keep}, {"r": r}),
        peers=_comparable({"pynamicalsys": library, "NumPy": numpy_in_place}, tiny),
        bars=(Bar(("pynamicalsys",), at_least=500.0),),
        operations=2.0 * r.size * steps,
    )


def mandelbrot(tiny: bool) -> Case:
    side, steps = (32, 100) if tiny else (1024, 1000)
    grid = np.meshgrid(np.linspace(-2.0, 0.5, side), np.linspace(-1.25, 1.25, side), indexing="ij")
    re, im = (axis.ravel() for axis in grid)

    def c_vectors() -> Call:
        escape = peers.hand().mandelbrot
        escape.argtypes = [peers.VECTOR] * 3 + [peers.COUNT] * 2

        def call():
            count = np.empty(re.size, np.int64)
            escape(peers.pointer(re), peers.pointer(im), peers.pointer(count), re.size, steps)
            return {"escape_time": count}

        return call

    def naive_numba() -> Call:
        @numba.njit(nogil=True)
        def escape(re, im, count):
            for i in range(re.size):
                x = y = 0.0
                count[i] = -1
                for n in range(1, steps + 1):
                    x, y = x * x - y * y + re[i], 2.0 * x * y + im[i]
                    if x * x + y * y > 4.0:
                        count[i] = n
                        break
            return count

        return lambda: {"escape_time": escape(re, im, np.empty(re.size, np.int64))}

    def numpy_masked() -> Call:
        def call():
            c = re + 1j * im
            z, at, count = np.zeros_like(c), np.arange(c.size), np.full(c.size, -1)
            for n in range(1, steps + 1):
                z = z * z + c[at]
                gone = z.real * z.real + z.imag * z.imag > 4.0
                count[at[gone]] = n
                z, at = z[~gone], at[~gone]
            return {"escape_time": count}

        return call

    simulate = evaluation(
        "complex_quadratic", ["escape_time"], {"steps": steps, "start": [0.0, 0.0]}, {"c_re": re, "c_im": im}
    )
    iterations = _iterations(simulate()["escape_time"], steps)
    return Case(
        ours=simulate,
        peers={"C vectors": c_vectors, "naive numba": naive_numba, "NumPy masked": numpy_masked},
        bars=(Bar(("C vectors",), at_least=1.3), Bar((), strive=0.55)),
        operations=3.0 * iterations,
        tolerance=0.0,
    )


def _iterations(count: np.ndarray, steps: int) -> float:
    """Iterations that have to be done: up to the escape, or all of them."""
    return float(np.where(count < 0, steps, count).sum())


def _comparable(table: dict, tiny: bool) -> dict:
    """Chaotic orbits of different roundings part after 60 steps: full sizes are only timed."""
    return (
        table
        if tiny
        else {name: (lambda prepare=prepare: _silent(prepare())) for name, prepare in table.items()}
    )


def _silent(call: Call) -> Call:
    def run():
        call()
        return {}

    return run
