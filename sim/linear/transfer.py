"""H(z) = C (z I - W)^-1 B + D of h[t] = W h[t-1] + B x[t], read out by C: its poles, zeros and resonances.

The poles are the eigenvalues of W, the zeros those z at which the system matrix [[W - z I, B], [C, D]]
loses rank. Source: A. Emami-Naeini & P. Van Dooren, Automatica 18 (1982) 415,
doi:10.1016/0005-1098(82)90070-X.
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.linalg

from sim.errors import refuse
from sim.linear.arrays import count, finite, single, size_of
from sim.linear.spectra import by_modulus, eigenvalues
from sim.machine.one_thread import one_thread

_POLE = 1e-13  # a z this near to a pole of the circle is the pole


class Form(NamedTuple):
    """W (n, n), B (n, inputs), C (outputs, n), D (outputs, inputs)."""

    W: np.ndarray
    B: np.ndarray
    C: np.ndarray
    D: np.ndarray


def form(W: Any, B: Any, C: Any, D: Any = 0.0) -> Form:
    """The four matrices, checked; vectors for one input or output, a number for a D of one number
    everywhere.
    """
    W = single("W", W)
    n = len(W)
    B, C = finite("B", B), finite("C", C)
    B = B[:, None] if B.ndim == 1 else B
    C = C[None, :] if C.ndim == 1 else C
    if B.ndim != 2 or len(B) != n:
        raise refuse("B", f"shape {B.shape} given, (n, inputs) with n = {n} is needed")
    if C.ndim != 2 or C.shape[1] != n:
        raise refuse("C", f"shape {C.shape} given, (outputs, n) with n = {n} is needed")
    D = finite("D", D)
    if D.ndim not in (0, 2) or (D.ndim == 2 and D.shape != (len(C), B.shape[1])):
        raise refuse("D", f"shape {D.shape} given, (outputs, inputs) = {(len(C), B.shape[1])} is needed")
    return Form(W, B, C, np.broadcast_to(D, (len(C), B.shape[1])).copy())


def minimal(made: Form, tolerance: float = 1e-10) -> Form:
    """The part of a system that is both excited by its inputs and read by its outputs.

    Directions that inputs reach only below `tolerance` of the norms are dropped, and likewise those that
    outputs see, once the units of the states are `balanced`.
    """
    made = balanced(made)
    with one_thread():
        Q = _reached(made.W, made.B, tolerance)
        W, B, C = Q.conj().T @ made.W @ Q, Q.conj().T @ made.B, made.C @ Q
        Q = _reached(W.conj().T, C.conj().T, tolerance)
        return Form(Q.conj().T @ W @ Q, Q.conj().T @ B, C @ Q, made.D)


def balanced(made: Form) -> Form:
    """The same system, its states in units in which what enters each is about as large as what leaves it.

    Norms compare numbers of different units, so that a state counted in millions would seem out of reach of
    one counted in millionths. The units are powers of 2, which change no digit. Source: E. Osborne, J. ACM 7
    (1960) 338, doi:10.1145/321043.321048.
    """
    n = len(made.W)
    flow = np.zeros((n + 1, n + 1))
    flow[:n, :n] = np.where(np.eye(n, dtype=bool), 0.0, np.abs(made.W))  # what stays has no units to compare
    flow[:n, n] = np.abs(made.B / size_of(made.B)).max(axis=1, initial=0.0)
    flow[n, :n] = np.abs(made.C / size_of(made.C)).max(axis=0, initial=0.0)
    with one_thread(), np.errstate(invalid="ignore"):  # SciPy reads the units as places of a permutation too
        _, (units, _) = scipy.linalg.matrix_balance(flow, permute=False, separate=True)
    units = units[:n] / units[n]
    return Form(made.W * (units / units[:, None]), made.B / units[:, None], made.C * units, made.D)


def _reached(W: np.ndarray, B: np.ndarray, tolerance: float) -> np.ndarray:
    """An orthonormal basis (n, r) of all that B, W B, W^2 B, ... span."""
    n = len(W)
    basis = np.empty((n, 0), dtype=np.result_type(W, B))
    new = B
    limit = tolerance * float(np.linalg.norm(B))
    while new.shape[1] and basis.shape[1] < n:
        for _ in range(2):  # twice is enough
            new = new - basis @ (basis.conj().T @ new)
        left, size, _ = np.linalg.svd(new, full_matrices=False)
        fresh = left[:, size > limit]
        basis = np.concatenate([basis, fresh], axis=1)
        new = W @ fresh
        limit = tolerance * float(np.linalg.norm(W))
    return basis


def poles(made: Form) -> np.ndarray:
    """The poles (n,), by modulus, largest first."""
    return eigenvalues(made.W)


def at(made: Form, z: Any) -> np.ndarray:
    """H(z) (..., outputs, inputs), complex; infinite or NaN at a pole. Cost: 25 n^3 once, then n^2 for
    each z and input.
    """
    z = np.asarray(finite("z", z), dtype=np.complex128)
    with one_thread():
        T, Z = scipy.linalg.schur(made.W, output="complex")
        X = np.broadcast_to(Z.conj().T @ made.B, (*z.shape, *made.B.shape)).copy()
        with np.errstate(divide="ignore", invalid="ignore"):
            for i in reversed(range(len(T))):  # back substitution, for all z at once
                X[..., i, :] += np.einsum("j,...jk->...k", T[i, i + 1 :], X[..., i + 1 :, :])
                X[..., i, :] /= (z - T[i, i])[..., None]
            return np.asarray((made.C @ Z) @ X + made.D)


def response(made: Form, angles: Any) -> np.ndarray:
    """H(e^(i w)) (angle, outputs, inputs), complex, at frequencies w in radians a step."""
    return at(made, np.exp(1j * finite("angles", angles)))


def zeros(made: Form, tolerance: float = 1e-10) -> np.ndarray:
    """The invariant zeros, by modulus, largest first; none where there are only zeros at infinity.

    The system is reduced by orthogonal transformations until D is square and regular; the zeros are then
    eigenvalues. `tolerance`: singular values below it, relative to the system's norm, count as zero, once
    states are `balanced` and inputs and outputs in units of their own size. Cost: 20 n^3.
    """
    made = _in_own_units(balanced(made))
    with one_thread():
        A, B, C, D = (part.astype(np.complex128) for part in made)
        limit = tolerance * float(np.linalg.norm(np.block([[A, B], [C, D]])))
        A, B, C, D = _reduced(A, B, C, D, limit)
        A, C, B, D = (part.T for part in _reduced(A.T, C.T, B.T, D.T, limit))
        if not len(A):
            return np.empty(0, dtype=np.complex128)
        rest = A - B @ np.linalg.solve(D, C) if len(D) else A
        found = np.linalg.eigvals(rest)
    return np.asarray(found[by_modulus(found)])


def _in_own_units(made: Form) -> Form:
    """The system with inputs and outputs scaled to the size of W, which moves no zero."""
    whole = float(np.abs(made.W).max()) or 1.0

    def units(sizes: np.ndarray) -> np.ndarray:
        return whole / np.where(sizes > 0.0, sizes, whole)

    read = units(np.abs(np.hstack([made.C, made.D])).max(axis=1))[:, None]
    C, D = made.C * read, made.D * read
    fed = units(np.abs(np.vstack([made.B, D])).max(axis=0))
    return Form(made.W, made.B * fed, C, D * fed)


def _reduced(
    A: np.ndarray, B: np.ndarray, C: np.ndarray, D: np.ndarray, limit: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A system of the same zeros whose D has full row rank."""
    while len(A):
        rank, left = _rows(D, limit)
        C, D = left @ C, (left @ D)[:rank]
        below = C[rank:]
        if not len(below):
            return A, B, C, D
        C = C[:rank]
        more, right = _rows(below.conj().T, limit)
        turn = np.roll(right, -more, axis=0).conj().T  # below @ turn = [0, S] with S of full column rank
        A, B, C = turn.conj().T @ A @ turn, turn.conj().T @ B, C @ turn
        n = len(A) - more
        if not more:
            return A, B, C, D
        C, D = np.vstack([C[:, :n], A[n:, :n]]), np.vstack([D, B[n:]])
        A, B = A[:n, :n], B[:n]
    rank, left = _rows(D, limit)
    return A, B, (left @ C)[:rank], (left @ D)[:rank]


def _rows(M: np.ndarray, limit: float) -> tuple[int, np.ndarray]:
    """The rank of a matrix and a unitary Q with Q M zero below that many rows."""
    if 0 in M.shape:
        return 0, np.eye(len(M), dtype=np.complex128)
    left, size, _ = np.linalg.svd(M)
    return int((size > limit).sum()), left.conj().T


class Resonance(NamedTuple):
    """The frequency in radians a step at which the response is largest, its gain, and the gains of the
    whole scan.
    """

    angle: float
    gain: float
    gains: np.ndarray


def resonance(made: Form, angles: Any = None) -> Resonance:
    """The largest singular value of H(e^(i w)) over frequencies (default: 721 from 0 to pi, and the poles'
    own; from -pi on for complex matrices, whose response differs between w and -w).

    The best of the scan is refined between its neighbours. Infinite where a pole that is excited and read
    lies on the circle. Cost: 25 n^3 + n^2 for each frequency.
    """
    made = minimal(made)
    if angles is None:
        both = any(part.dtype.kind == "c" for part in made)
        own = np.angle(poles(made)) if len(made.W) else np.empty(0)
        scanned = np.linspace(-np.pi, np.pi, 1441) if both else np.linspace(0.0, np.pi, 721)
        angles = np.unique(np.concatenate([scanned, own if both else np.abs(own)]))
    angles = np.sort(finite("angles", angles).ravel())
    gains = _gain(made, angles)
    best = int(np.argmax(gains))
    low, high = angles[max(best - 1, 0)], angles[min(best + 1, len(angles) - 1)]
    angle, gain = float(angles[best]), float(gains[best])
    for _ in range(40 if np.isfinite(gain) else 0):
        inner = np.linspace(low, high, 9)
        values = _gain(made, inner)
        i = int(np.argmax(values))
        if values[i] > gain:
            angle, gain = float(inner[i]), float(values[i])
        low, high = inner[max(i - 1, 0)], inner[min(i + 1, 8)]
        if high - low < 1e-12:
            break
    return Resonance(angle, gain, gains)


def _gain(made: Form, angles: np.ndarray) -> np.ndarray:
    if not len(made.W):  # nothing is both excited and read: the response is D
        return np.full(len(angles), np.linalg.norm(made.D, 2))
    H = response(made, angles)
    z, p = np.exp(1j * angles), poles(made)
    apart = np.abs(z[:, None] - p).min(axis=1, initial=np.inf)
    sound = np.isfinite(H).all(axis=(-2, -1)) & (apart > _POLE)
    with one_thread():
        size = np.linalg.svd(np.where(sound[:, None, None], H, 0.0), compute_uv=False)[:, 0]
    return np.where(sound, size, np.inf)


def driven(W: Any, B: Any, x: Any) -> np.ndarray:
    """States h[0..steps] (..., time, n) of h[t] = W h[t-1] + B x[t] from rest, for inputs x (..., time,
    inputs).

    A vector B takes inputs (..., time). Cost: n^2 a step.
    """
    W = single("W", W)
    B, x = finite("B", B), finite("x", x)
    if B.ndim == 1:
        B, x = B[:, None], x[..., None]
    if len(B) != len(W) or x.ndim < 2 or x.shape[-1] != B.shape[1]:
        raise refuse("x", f"W {W.shape}, B {B.shape} and x {x.shape} do not fit; x is (..., time, inputs)")
    out = np.empty((*x.shape[:-1], len(W)), dtype=np.result_type(W, B, x))
    h = np.zeros((*x.shape[:-2], len(W)), dtype=out.dtype)
    with one_thread(), np.errstate(over="ignore", invalid="ignore"):
        for t in range(x.shape[-2]):
            h = h @ W.T + x[..., t, :] @ B.T
            out[..., t, :] = h
    return out


def scan(W: Any, b: Any, angles: Any, steps: int) -> np.ndarray:
    """The largest ||h|| (angle,) of a run of `steps` from rest that is driven by cos(w t), one run for
    each frequency w.
    """
    time = np.arange(count("steps", steps, 1))
    x = np.cos(finite("angles", angles)[:, None] * time)
    return np.asarray(np.linalg.norm(driven(W, b, x), axis=-1).max(axis=-1))
