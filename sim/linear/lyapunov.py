"""Quadratic Lyapunov functions V(h) = h^T P h of linear maps and flows, and the energy of symmetric tanh
networks.

W^T P W - P = -Q (map) and A^T P + P A = -Q (flow) with a positive definite Q have a positive definite
solution exactly if W, or A, is stable; then V falls by h^T Q h a step. The length ||h|| itself need not
fall. The verdict is that of the eigenvalues of W, or A: those of P, rounded in units of the largest, lose
their sign where the smallest is 10^16 times less, as it is for matrices that are stable and far from normal.
Sources: A. M. Lyapunov, 1892, transl. Int. J. Control 55 (1992) 531, doi:10.1080/00207179208934253;
solvers: SciPy, after R. H. Bartels & G. W. Stewart, Commun. ACM 15 (1972) 820, doi:10.1145/361573.361582.
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.linalg

from sim.errors import refuse
from sim.linear.arrays import finite, single, size_of, vector
from sim.machine.one_thread import one_thread

_ROUNDING = 4 * np.finfo(float).eps  # relative error of eigenvalues, times n and their condition
_MOST = 1e-10  # relative error that is believed of the worst-conditioned ones, as of a triangular matrix's
_FEW = 10  # rows from which SciPy inverts W + 1; its solver of fewer warns of what the residual says anyway


class Lyapunov(NamedTuple):
    """The solution P (n, n), its eigenvalues in rising order, how far it misses its equation, and the
    verdict.
    """

    P: np.ndarray  # NaN where there is no unique solution
    eigenvalues: np.ndarray  # good to about 1e-16 of the largest
    residual: float  # Frobenius norm, relative to those of the terms
    verdict: str  # "stable", "unstable", or "critical": no unique solution


def discrete(W: Any, Q: Any = None) -> Lyapunov:
    """P of W^T P W - P = -Q; Q is the identity by default and has to be positive definite.

    `critical`: two eigenvalues have the product 1, as a pair on the circle has, and P is not determined.
    Cost: 25 n^3; n^6 below 10 rows, n^2 equations that are solved at once.

    >>> discrete([[0.5, 10.0], [0.0, 0.5]]).P.round(3).tolist()
    [[1.333, 8.889], [8.889, 297.63]]
    """
    W, Q = _given("W", W, Q)
    n, (values, errors) = len(W), _eigenvalues(W)
    pairs, size = np.multiply.outer(values, values), np.abs(values)
    if (np.abs(pairs - 1) <= np.add.outer(errors, errors) * np.maximum.outer(size, size)).any():
        return _undetermined(n)
    with one_thread():
        if n < _FEW:
            P = np.linalg.solve(np.eye(n * n) - np.kron(W.T, W.T), Q.ravel()).reshape(n, n)
        else:
            P = scipy.linalg.solve_discrete_lyapunov(W.T, Q)
        P = (P + P.T) / 2
        image = W.T @ P @ W
        miss = np.linalg.norm(image - P + Q)
    scale = np.linalg.norm(image) + np.linalg.norm(P) + np.linalg.norm(Q)
    return _found(P, miss / scale, bool(size.max() < 1))


def continuous(A: Any, Q: Any = None) -> Lyapunov:
    """P of A^T P + P A = -Q for the flow s' = A s; `critical` where two eigenvalues sum to zero. Cost: 25
    n^3.
    """
    A, given = _given("A", A, Q)
    unit = size_of(A)  # the solver takes 1e-300 for 0
    A, Q = A / unit, given / size_of(given)
    values, errors = _eigenvalues(A)
    if (np.abs(np.add.outer(values, values)) <= np.add.outer(errors, errors)).any():
        return _undetermined(len(A))
    with one_thread():
        P = scipy.linalg.solve_continuous_lyapunov(A.T, -Q)
        P = (P + P.T) / 2
        image = A.T @ P
        miss = np.linalg.norm(image + image.T + Q)
    scale = 2 * np.linalg.norm(image) + np.linalg.norm(Q)
    return _found(P * (size_of(given) / unit), miss / scale, bool(values.real.max() < 0))


def _given(place: str, W: Any, Q: Any) -> tuple[np.ndarray, np.ndarray]:
    W = single(place, W)
    if W.dtype.kind == "c":
        raise refuse(place, "complex numbers given, a real matrix is needed")
    Q = np.eye(len(W)) if Q is None else single("Q", Q)
    if Q.shape != W.shape or not np.array_equal(Q, Q.T) or np.linalg.eigvalsh(Q)[0] <= 0:
        raise refuse("Q", f"{Q.shape} given, a symmetric positive definite matrix {W.shape} is needed")
    return W, Q


def _eigenvalues(W: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (n,) and how far rounding moves each: the norm of W times 1 / |cos| of the angle between
    its left and its right eigenvector. Source: G. H. Golub & C. F. Van Loan, Matrix Computations, 4th ed.
    2013, 7.2.2.
    """
    with one_thread():
        values, left, right = scipy.linalg.eig(W, left=True)
        size = float(np.linalg.norm(W, 2))
    aligned = np.abs((left.conj() * right).sum(axis=0))
    condition = 1 / np.maximum(aligned, _ROUNDING)
    return values, np.minimum(size * len(W) * _ROUNDING * condition, _MOST * np.abs(values).max())


def _found(P: np.ndarray, residual: Any, stable: bool) -> Lyapunov:
    with one_thread():
        values = np.linalg.eigvalsh(P)
    return Lyapunov(P, values, float(residual), "stable" if stable else "unstable")


def _undetermined(n: int) -> Lyapunov:
    return Lyapunov(np.full((n, n), np.nan), np.full(n, np.nan), float("nan"), "critical")


def along(P: Any, h: Any) -> np.ndarray:
    """V = h^T P h (...) of states h (..., n), such as a trajectory (time, n)."""
    P = single("P", P)
    h = vector("h", h, len(P))
    return np.asarray(np.einsum("...i,ij,...j->...", h, P, h))


def energy(W: Any, h: Any, b: Any = 0.0) -> np.ndarray:
    """-1/2 h^T W h - b^T h + sum of the integral of artanh up to h: falls along h = tanh(W h + b) updated
    unit by unit.

    For symmetric W only; updated all at once the energy may rise unless W is positive semidefinite, and
    2-cycles appear. Source: J. J. Hopfield, PNAS 81 (1984) 3088, doi:10.1073/pnas.81.10.3088.
    """
    W = single("W", W)
    if not np.array_equal(W, W.T):
        raise refuse("W", "W is not symmetric, and then there is no such energy; give a symmetric matrix")
    h = vector("h", h, len(W))
    if (np.abs(h) > 1).any():
        raise refuse("h", f"{np.abs(h).max():.6g} given, states of tanh lie between -1 and 1")
    with np.errstate(divide="ignore", invalid="ignore"):
        inner = h * np.arctanh(h) + np.log1p(-h * h) / 2
    inner = np.where(np.abs(h) == 1, np.log(2.0), inner)
    return np.asarray(-along(W, h) / 2 - (finite("b", b) * h).sum(axis=-1) + inner.sum(axis=-1))
