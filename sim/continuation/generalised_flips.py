"""Generalised flips: where a curve of folds of 2k-cycles begins on a curve of flips of k-cycles.

On the centre manifold of a flip F^k is x -> -x + c x^3, with c = w^T (C(v, v, v) + 3 B(v, r)) / (6 w^T v),
r = (1 - A)^-1 B(v, v): v and w the null vectors of A + 1, A the Jacobian, B and C the second and third
derivatives. Where c = 0 the 2k-cycle that folds has shrunk to the k-cycle.

Source: Y. A. Kuznetsov, Elements of Applied Bifurcation Theory, 3rd ed. 2004, sections 5.4.2 and 9.3,
doi:10.1007/978-1-4757-3978-9.
"""

import numpy as np

from sim.continuation.defining import Defining
from sim.continuation.differences import numeric
from sim.continuation.family import Family
from sim.continuation.happenings import refined

# Near a generalised flip the equations of the fold are x (m + n x^2 + x^4) = 0 and its slope in x, the half
# distance between the points of the cycle: rounding errors eps move x until x^5 is as small as they are.
COLLAPSED = float(np.finfo(float).eps ** 0.2)

_FIRST = np.array([4 / 5, -1 / 5, 4 / 105, -1 / 280])  # central differences of order eight
_SECOND = np.array([8 / 5, -1 / 5, 8 / 315, -1 / 560])
_MIDDLE = -205 / 72
_WIDTHS = 0.02 * 0.25 ** np.arange(4)  # iterates need narrow ones, for rounding wide ones are best
_ROUNDING = 16.0 * float(np.finfo(float).eps) / 0.02**2


class Cubic(Defining):
    """Generalised flips of F^k in two keywords: unknowns (s, p), equations those of the flip and c = 0."""

    def __init__(self, family: Family, period: int) -> None:
        super().__init__(family, "flip", period)

    def residual(self, u: np.ndarray) -> np.ndarray:
        """What must be zero, (m, n + 2)."""
        return np.column_stack([super().residual(u), [cubic(self, point)[0] for point in u]])

    def jacobian(self, u: np.ndarray) -> np.ndarray:
        """By differences, that decide only how soon Newton's method converges."""
        return numeric(self.residual, u)


def cubic(defining: Defining, u: np.ndarray) -> tuple[float, float]:
    """6 c w^T v at a flip, and the error of its differences. Without the division by w^T v: it has no pole
    where two multipliers are -1, and the same zeros.
    """
    v, w = defining.vectors(u)
    A, B, C = _derivatives(defining, u, v, v)
    if not (np.isfinite(A).all() and np.isfinite(B).all()):
        return np.nan, np.nan
    second = B[int(np.argmin(np.linalg.norm(np.diff(B, axis=0), axis=1)))]
    r = np.linalg.lstsq(np.eye(defining.n) - A, second, rcond=None)[0]
    size = float(np.linalg.norm(r))
    third, error = _best(C @ w)
    if size == 0.0:
        return third, error
    mixed, more = _best(3.0 * size * _derivatives(defining, u, r / size, v)[1] @ w)
    return third + mixed, error + more


def _best(estimates: np.ndarray) -> tuple[float, float]:
    """The one of estimates with falling widths that differs least from the next, and how much it does."""
    change = np.abs(np.diff(estimates))
    best = int(np.argmin(change))
    return float(estimates[best]), float(change[best])


def _derivatives(
    defining: Defining, u: np.ndarray, direction: np.ndarray, v: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A; and of A v along a direction the first and the second derivative, (widths, n) each."""
    s, _, p = defining.split(u[None])
    offsets = np.concatenate([width * np.arange(1, 5) for width in _WIDTHS])
    offsets = np.concatenate([[0.0], offsets, -offsets])
    many = np.repeat(p, len(offsets), axis=0)
    M = defining.family.linear(s + offsets[:, None] * direction, many, defining.period)[1]
    along = M @ v
    above, below = along[1:].reshape(2, len(_WIDTHS), 4, defining.n)
    first = np.einsum("j,wjn->wn", _FIRST, above - below) / _WIDTHS[:, None]
    second = np.einsum("j,wjn->wn", _SECOND, above + below) + _MIDDLE * along[0]
    return M[0], first, second / _WIDTHS[:, None] ** 2


def sign(defining: Defining, u: np.ndarray) -> float:
    """What `cubic` says, 0 where its error does not let it tell the sign: as where F is linear.

    Differences of order eight of numbers of size 1 cannot err by less than their rounding, at any width.
    """
    value, error = cubic(defining, u)
    return value if abs(value) > 2.0 * error + _ROUNDING else 0.0


def apart(family: Family, s: np.ndarray, p: np.ndarray, period: int) -> np.ndarray:
    """From a state of a cycle to that half a period later, (n,): zero where the cycle has collapsed."""
    orbit = family.orbit(s[None], p[None], period // 2)
    return np.asarray(orbit[-1, 0] - s)


def collapsed(family: Family, s: np.ndarray, p: np.ndarray, period: int) -> bool:
    """Whether a solution of the equations of a fold of 2k-cycles cannot be told from a flip of k-cycles.

    A flip of k-cycles solves these too, if not regularly: Newton's method comes near to it slowly.
    """
    if period % 2:
        return False
    return bool(np.max(np.abs(apart(family, s, p, period))) < COLLAPSED * (1.0 + np.max(np.abs(s))))


def near(family: Family, s: np.ndarray, p: np.ndarray, period: int) -> np.ndarray | None:
    """The generalised flip (s, p) of cycles of half this period that is near a 2k-cycle; None without."""
    middle = s + 0.5 * apart(family, s, p, period)
    defining = Cubic(family, period // 2)
    flip = np.concatenate([middle, p])
    return refined(defining, flip)
