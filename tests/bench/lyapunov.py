"""Lyapunov exponents: small maps in registers, spectra of networks on lanes, one large network with BLAS.

Factorisations count as many multiply-adds as Gram-Schmidt needs, n (m + 1) m, divisions and roots as none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import numba
import numpy as np

from tests.bench import peers
from tests.bench.harness import Bar, Call, Case
from tests.bench.ours import evaluation, gaussian_weights

GAIN = 1.6
ALONE = "pynamicalsys, 1/16 of the cells"
HENON = (0.1, 0.1)


def _shown(found) -> dict[str, np.ndarray]:
    """Exponents alone: errors and verdicts are nobody else's."""
    return {name: found[name] for name in ("lyapunov_spectrum", "largest_lyapunov_exponent") if name in found}


def spectrum(
    n: int,
    cells: int,
    steps: int,
    tiny: bool,
    bars: tuple[Bar, ...],
    more: Mapping[str, Callable[[np.ndarray, np.ndarray, int], Call]] = MappingProxyType({}),
) -> Case:
    """All exponents of n tanh units with weights of their own, orthonormalised at every step."""
    cells, steps = (16, 8) if tiny else (cells, steps)
    seeds = np.arange(cells)
    fixed = {
        "units": n, "activation": "tanh", "weights": "gaussian", "weights.gain": GAIN, "start": "unit",
        "steps": steps, "transient": 0, "batches": 4,
    }  # fmt: skip
    W = GAIN * gaussian_weights(n, seeds)
    h = np.full((cells, n), 1.0 / math.sqrt(n))
    frame = _frame(n)
    return Case(
        ours=evaluation("rnn", ["lyapunov_spectrum"], fixed, {"seed": seeds}),
        peers={
            "JAX, lanes and Gram-Schmidt": lambda: _jax_lanes(W, h, frame, steps),
            "JAX vmap(qr)": lambda: _jax_qr(W, h, frame, steps),
            "NumPy batched qr": lambda: _numpy_qr(W, h, frame, steps),
            **{name: partial(peer, W, h, steps) for name, peer in more.items()},
        },
        bars=bars,
        operations=float(n * (n + 16) + n**3 + n * n + n * n * (n + 1)) * cells * steps,
        tolerance=1e-6,
        shown=_shown,
    )


def _frame(n: int) -> np.ndarray:
    from sim.lyapunov.registers import directions

    return directions(n, n).T


def spectrum_8(tiny: bool) -> Case:
    hand = Bar(("JAX, lanes and Gram-Schmidt",), at_least=3.3)
    library = Bar(("JAX vmap(qr)", "NumPy batched qr"), at_least=20.0)
    bars = (hand, library, Bar((ALONE,), at_least=40.0 / 16.0), Bar((), strive=0.5))
    return spectrum(8, 512, 200, tiny, bars, more={ALONE: _pynamicalsys})


def _pynamicalsys(W: np.ndarray, h: np.ndarray, steps: int) -> Call:
    """One network at a time: the library compiles the map, its Jacobian and its loop with Numba."""
    library = peers.pynamicalsys()
    n = h.shape[1]

    @numba.njit
    def forward(h, W):
        following = np.empty(n)
        for i in range(n):
            total = 0.0
            for j in range(n):
                total += W[i * n + j] * h[j]
            following[i] = math.tanh(total)
        return following

    @numba.njit
    def jacobian(h, W, *_):
        following = forward(h, W)
        J = np.empty((n, n))
        for i in range(n):
            for j in range(n):
                J[i, j] = (1.0 - following[i] ** 2) * W[i * n + j]
        return J

    system = library.DiscreteDynamicalSystem(
        mapping=forward, jacobian=jacobian, system_dimension=n, number_of_parameters=n * n
    )
    few = W[::16].reshape(-1, n * n)

    def call():
        for own, start in zip(few, h[::16], strict=True):
            system.lyapunov(start, steps, parameters=own)
        return {}

    return call


def spectrum_2(tiny: bool) -> Case:
    return spectrum(2, 8192, 500, tiny, (Bar(("JAX, lanes and Gram-Schmidt",), at_least=8.0),))


def spectrum_32(tiny: bool) -> Case:
    return spectrum(32, 64, 100, tiny, (Bar(("JAX vmap(qr)",), at_least=5.0), Bar((), strive=0.5)))


def _ranked(total: np.ndarray, steps: int) -> dict[str, np.ndarray]:
    return {"lyapunov_spectrum": np.sort(np.asarray(total) / steps, axis=1)[:, ::-1]}


def _jax_lanes(W: np.ndarray, h: np.ndarray, frame: np.ndarray, steps: int) -> Call:
    """Cells on the last axis, Gram-Schmidt written out, logs of products of eight lengths."""
    jax = peers.jax()
    np_ = jax.numpy
    cells, n, _ = W.shape
    chunk = math.gcd(cells, 64)

    def step(carry, _):
        W, h, q, product = carry
        h = np_.tanh((W * h[None]).sum(axis=1))
        v = (W[:, :, None] * q[None]).sum(axis=1) * (1.0 - h * h)[:, None]  # (unit, tangent, lane)
        done = []
        lengths = []
        for k in range(n):
            own = v[:, k]
            for other in done:
                own = own - (other * own).sum(axis=0) * other
            length = np_.sqrt((own * own).sum(axis=0))
            done.append(own / length)
            lengths.append(length)
        return (W, h, np_.stack(done, axis=1), product * np_.stack(lengths)), None

    def block(args):
        W, h, q = args
        total = np_.zeros((n, chunk))
        carry = (W, h, q, np_.ones((n, chunk)))

        def several(state, _):
            carry, total = state
            carry, _ = jax.lax.scan(step, carry, length=4)
            return ((*carry[:3], np_.ones((n, chunk))), total + np_.log(carry[3])), None

        (_, total), _ = jax.lax.scan(several, (carry, total), length=steps // 4)
        return total

    forward = jax.jit(lambda W, h, q: jax.lax.map(block, (W, h, q)))
    blocks = cells // chunk
    jW = np_.asarray(W.reshape(blocks, chunk, n, n).transpose(0, 2, 3, 1).copy())
    jh = np_.asarray(h.reshape(blocks, chunk, n).transpose(0, 2, 1).copy())
    jq = np_.asarray(np.broadcast_to(frame[None, :, :, None], (blocks, n, n, chunk)).copy())

    def call():
        total = np.asarray(forward(jW, jh, jq).block_until_ready())
        return _ranked(total.transpose(0, 2, 1).reshape(cells, n), steps)

    return call


def _jax_qr(W: np.ndarray, h: np.ndarray, frame: np.ndarray, steps: int) -> Call:
    jax = peers.jax()
    np_ = jax.numpy

    def one(W, h):
        def step(carry, _):
            h, q, total = carry
            h = np_.tanh(W @ h)
            q, r = np_.linalg.qr((1.0 - h * h)[:, None] * (W @ q))
            return (h, q, total + np_.log(np_.abs(np_.diagonal(r)))), None

        start = (h, np_.asarray(frame), np_.zeros(len(frame)))
        return jax.lax.scan(step, start, length=steps)[0][2]

    forward = jax.jit(jax.vmap(one))
    jW, jh = np_.asarray(W), np_.asarray(h)
    return lambda: _ranked(forward(jW, jh).block_until_ready(), steps)


def _numpy_qr(W: np.ndarray, h: np.ndarray, frame: np.ndarray, steps: int) -> Call:
    def call():
        s, q = h[..., None], np.broadcast_to(frame, W.shape)
        total = np.zeros(h.shape)
        for _ in range(steps):
            s = np.tanh(W @ s)
            q, r = np.linalg.qr((1.0 - s * s) * (W @ q))
            total += np.log(np.abs(np.diagonal(r, axis1=1, axis2=2)))
        return _ranked(total, steps)

    return call


def largest_100(tiny: bool) -> Case:
    """One matrix of 100 units, 256 gains: the tangent is one more column of the same product."""
    n, cells, steps = (20, 8, 8) if tiny else (100, 256, 200)
    gains = np.linspace(0.5, 2.5, cells)
    fixed = {
        "units": n, "activation": "tanh", "weights": "gaussian", "start": "unit", "steps": steps,
        "transient": 0, "batches": 4,
    }  # fmt: skip
    W = gaussian_weights(n, np.array([0]))[0]
    h = np.full((n, cells), 1.0 / math.sqrt(n))
    v = np.broadcast_to(_frame(n)[:, :1], (n, cells))

    def numpy_product() -> Call:
        def call():
            s, u = h, v
            total = np.zeros(cells)
            for _ in range(steps):
                s = np.tanh(gains * (W @ s))
                u = (1.0 - s * s) * (gains * (W @ u))
                length = np.sqrt((u * u).sum(axis=0))
                u = u / length
                total += np.log(length)
            return {"largest_lyapunov_exponent": total / steps}

        return call

    return Case(
        ours=evaluation("rnn", ["largest_lyapunov_exponent"], fixed, {"weights.gain": gains}),
        peers={"NumPy": numpy_product},
        bars=(Bar((), at_least=0.6),),
        operations=float(n * (2 * n + 16 + 4)) * cells * steps,
        tolerance=1e-6,
        shown=_shown,
    )


def spectrum_1024(tiny: bool) -> Case:
    """All exponents of one network; the peer factorises at every step."""
    n, steps = (300, 4) if tiny else (1024, 24)
    fixed = {
        "units": n, "activation": "tanh", "weights": "gaussian", "weights.gain": 1.5, "start": "unit",
        "steps": steps, "transient": 0, "batches": 4,
    }  # fmt: skip
    W = 1.5 * gaussian_weights(n, np.array([0]))[0]
    frame = _frame(n)

    def lapack() -> Call:
        def call():
            s, q = np.full(n, 1.0 / math.sqrt(n)), frame
            total = np.zeros(n)
            for _ in range(steps):
                s = np.tanh(W @ s)
                q, r = np.linalg.qr((1.0 - s * s)[:, None] * (W @ q))
                total += np.log(np.abs(np.diagonal(r)))
            return _ranked(total[None], steps)

        return call

    return Case(
        ours=evaluation("rnn", ["lyapunov_spectrum"], fixed, {"seed": np.array([0])}),
        peers={"GEMM and LAPACK QR": lapack},
        bars=(Bar(("GEMM and LAPACK QR",), at_least=0.5, at_most=True),),
        tolerance=1e-6,
        shown=_shown,
    )


def small_map(name: str, tiny: bool) -> Case:
    """Exponents of a map over 4096 parameters; the libraries take one at a time and do a 32nd of them."""
    cells, steps = (32, 64) if tiny else (4096, 10_000)
    model, path, low, high, start, observable = {
        "henon": ("henon map", "a", 1.0, 1.4, HENON, "lyapunov_spectrum"),
        "logistic": ("logistic map", "r", 3.6, 4.0, 0.3, "largest_lyapunov_exponent"),
    }[name]
    column = np.linspace(low, high, cells)
    few = column[::32]
    fixed = {"start": start, "steps": steps, "transient": 0}

    def library() -> Call:
        system = peers.pynamicalsys().DiscreteDynamicalSystem(model=model)

        def call():
            for value in few:
                parameters = [value, 0.3] if name == "henon" else [value]
                system.lyapunov(np.atleast_1d(start).astype(float), steps, parameters=parameters)
            return {}

        return call

    def other_library() -> Call:
        library = peers.tsdynamics()
        system, k = {"henon": (library.systems.Henon, 2), "logistic": (library.systems.Logistic, 1)}[name]
        made = [system(**{path: float(value)}) for value in few]

        def call():
            for each in made:
                library.analysis.lyapunov_spectrum(each, k=k, n=steps, transient=0, ic=np.atleast_1d(start))
            return {}

        return call

    first, second = "pynamicalsys, 1/32 of the cells", "TSDynamics, 1/32 of the cells"
    return Case(
        ours=evaluation(name, [observable], fixed, {path: column}),
        peers={first: library, second: other_library},
        bars=(Bar((first,), at_least=500.0 / 32.0), Bar((second,), at_least=5.0 / 32.0)),
        operations=(10.0 if name == "henon" else 5.0) * cells * steps,
        shown=_shown,
    )
