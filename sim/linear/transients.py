"""Transient growth of non-normal matrices: ||W^t|| may rise far above 1 before it falls, whatever the
eigenvalues say.

Singular values bound one step, eigenvalues the long run; between them stand the numerical radius and the
Kreiss constant (`sim.linear.kreiss`). Source: L. N. Trefethen & M. Embree, Spectra and Pseudospectra,
2005, ch. 14 to 18.
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.linalg

from sim.linear.arrays import count, single, size_of, square
from sim.machine.one_thread import one_thread


def power_norms(W: Any, steps: int) -> np.ndarray:
    """||W^t||_2 of t = 0..steps (..., time) for matrices (..., n, n). Cost: 2 n^3 + an SVD a step.

    >>> power_norms([[0.9, 10.0], [0.0, 0.9]], 9)[-1].round(2)
    np.float64(38.75)
    """
    W = square("W", W)
    out = np.empty((*W.shape[:-2], count("steps", steps) + 1))
    power = np.broadcast_to(np.eye(W.shape[-1], dtype=W.dtype), W.shape)
    with one_thread(), np.errstate(over="ignore", invalid="ignore"):
        for t in range(steps + 1):
            out[..., t] = _norms(power)
            power = W @ power
    return out


def _norms(M: np.ndarray) -> np.ndarray:
    """Largest singular values; infinite where a power has overflowed."""
    sound = np.isfinite(M).all(axis=(-2, -1))
    size = np.linalg.svd(np.where(sound[..., None, None], M, 0.0), compute_uv=False)[..., 0]
    return np.where(sound, size, np.inf)


class Growth(NamedTuple):
    """The largest ||W^t||_2 over all t, and when."""

    peak: np.ndarray  # (...)
    time: np.ndarray  # (...), the first time at which it stands
    certain: (
        np.ndarray
    )  # (...), whether no later time can be larger: some ||W^t|| fell below 1 before the budget


def growth(W: Any, budget: int = 10_000) -> Growth:
    """The transient peak of matrices (..., n, n).

    It is final once some ||W^m|| < 1, for ||W^(k m + j)|| <= ||W^m||^k ||W^j||. Matrices that are not
    stable never get there, and have no more than the largest within `budget` steps. Cost: as
    `power_norms`.
    """
    W = square("W", W)
    power = np.broadcast_to(np.eye(W.shape[-1], dtype=W.dtype), W.shape)
    peak, time = np.ones(W.shape[:-2]), np.zeros(W.shape[:-2], dtype=np.int64)
    certain = np.zeros(W.shape[:-2], dtype=bool)
    with one_thread(), np.errstate(over="ignore", invalid="ignore"):
        for t in range(1, count("budget", budget, 1) + 1):
            power = W @ power
            size = _norms(power)
            more = (size > peak) & ~certain
            peak, time = np.where(more, size, peak), np.where(more, t, time)
            certain |= size < 1
            if certain.all():
                break
    return Growth(peak, time, certain)


def numerical_abscissa(A: Any) -> np.ndarray:
    """The largest real part in the field of values (...): the greatest growth rate of ||exp(t A)|| at t =
    0.
    """
    A = square("A", A)
    with one_thread():
        return np.asarray(np.linalg.eigvalsh((A + np.swapaxes(A.conj(), -1, -2)) / 2)[..., -1])


def numerical_radius(W: Any, tolerance: float = 1e-12) -> float:
    """The largest modulus in the field of values of one matrix: max over angles of the largest eigenvalue of
    Re(e^(i a) W).

    Level sets: at a level r the angles where r is an eigenvalue are unimodular eigenvalues of a quadratic
    problem; the level rises at the middles between them until none is left. rho <= w <= ||W|| <= 2 w, and
    w <= 1 keeps ||W^t|| <= 2. Source: E. Mengi & M. L. Overton, IMA J. Numer. Anal. 25 (2005) 648,
    doi:10.1093/imanum/dri017. Cost: 100 n^3 a level.
    """
    W = single("W", W).astype(np.complex128)
    unit = size_of(W)  # squares of very large and very small numbers leave float64
    W = W / unit
    scale = float(np.linalg.norm(W))
    if scale == 0:
        return 0.0
    with one_thread():
        n = len(W)
        angles = np.linspace(0.0, 2 * np.pi, 16, endpoint=False)
        level = float(_real_part(W, angles).max())
        for _ in range(60):
            level += tolerance * scale
            # z^2 W - 2 level z + W^* = 0 on vectors, made linear
            left = np.block([[np.zeros((n, n)), np.eye(n)], [-W.conj().T, 2 * level * np.eye(n)]])
            right = np.block([[np.eye(n), np.zeros((n, n))], [np.zeros((n, n)), W]])
            angles = on_circle(left, right)
            if not angles.size:
                break
            values = _real_part(W, between(angles))
            if values.max() <= level:
                break
            level = float(values.max())
    return (level - tolerance * scale) * unit


def _real_part(W: np.ndarray, angles: np.ndarray) -> np.ndarray:
    turned = np.exp(1j * angles)[:, None, None] * W
    return np.asarray(np.linalg.eigvalsh((turned + np.swapaxes(turned.conj(), -1, -2)) / 2)[:, -1])


def on_circle(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Angles of the eigenvalues of left v = z right v with |z| = 1 to about seven digits, in rising order."""
    alpha, beta = scipy.linalg.eigvals(left, right, homogeneous_eigvals=True)
    size = np.maximum(np.abs(alpha), np.abs(beta))
    near = np.abs(np.abs(alpha) - np.abs(beta)) < 1e-7 * np.maximum(size, 1e-300)
    return np.sort(np.angle(alpha[near] * beta[near].conj()) % (2 * np.pi))


def between(angles: np.ndarray) -> np.ndarray:
    """The angles and the middles between neighbours, around the circle."""
    after = np.append(angles[1:], angles[0] + 2 * np.pi)
    return np.concatenate([angles, (angles + after) / 2])
