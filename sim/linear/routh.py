"""Are all roots in the left half-plane? Routh's criterion for flows, and the bilinear map that brings
recurrences there.

Routh asks about Re s < 0. The polynomial of a recurrence, which asks about |z| < 1, goes through z = (1 +
s) / (1 - s) first; applied directly the criterion answers another question. The table is computed in
rational numbers, so that a zero in it is one. Sources: E. J. Routh, A Treatise on the Stability of a Given
State of Motion, 1877; F. R. Gantmacher, The Theory of Matrices II, 1959, ch. XV; worked examples in K.
Ogata, Modern Control Engineering, 5th ed. 2010, ch. 5.
"""

import itertools
import math
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from sim.errors import refuse
from sim.linear.arrays import polynomial
from sim.linear.recursions import roots as roots_of

_EPSILON = Fraction(1, 10**60)
_NOTHING = Fraction(1, 10**30)  # what is smaller vanishes with epsilon


class Routh(NamedTuple):
    """Routh's table of one polynomial of degree n."""

    column: (
        np.ndarray
    )  # (n + 1,), the first column; 0 stands for epsilon, infinities for multiples of 1/epsilon
    signs: np.ndarray  # (n + 1,), of the first column as epsilon falls to 0 from above
    right: int  # roots with Re s > 0: changes of sign
    auxiliary: np.ndarray  # coefficients of the auxiliary polynomial above a row of zeros; empty without one
    axis: np.ndarray  # the roots on the imaginary axis, which are among those of the auxiliary polynomial
    epsilon: bool  # whether a zero in the first column was replaced by epsilon
    verdict: str  # "stable", "critical" (roots on the axis, simple, none to the right) or "unstable"


def routh(coefficients: Any) -> Routh:
    """Routh's table and verdict of a real polynomial (n + 1,), highest power first.

    A zero in the first column becomes epsilon > 0; a row of zeros, the sign of roots that are symmetric about
    the origin, becomes the derivative of the row above it, the auxiliary polynomial. Cost: n^2 rational
    operations.

    >>> routh([1, 2, 3, 4, 5]).column.tolist(), routh([1, 2, 3, 4, 5]).right
    ([1.0, 2.0, 1.0, -6.0, 5.0], 2)
    """
    a = polynomial("coefficients", coefficients)
    if a.ndim > 1 or a.dtype.kind == "c":
        raise refuse("coefficients", f"shape {a.shape} of {a.dtype} given, one real polynomial is needed")
    n = len(a) - 1
    zero_roots = n - int(np.flatnonzero(a)[-1])
    exact = [Fraction(float(value)) for value in (a if a[0] > 0 else -a)]
    table = [exact[0::2], exact[1::2]]
    auxiliary = np.empty(0)
    epsilon = False
    for degree in range(n, 0, -1):
        above, row = table[-2], table[-1]
        if all(abs(value) < _NOTHING for value in row):
            above = [value if abs(value) > _NOTHING else Fraction(0) for value in above]
            row = [value * (degree - 2 * j) for j, value in enumerate(above)][: len(row)]
            if not auxiliary.size:
                auxiliary = _spread(above, degree)
        if row[0] == 0:
            row, epsilon = [_EPSILON, *row[1:]], True
        table[-1] = row
        if degree > 1:
            table.append(_next(above, row, degree))
    column = [row[0] for row in table]
    signs = [1 if value > 0 else -1 for value in column]
    right = sum(one != other for one, other in itertools.pairwise(signs))
    axis = _on_axis(auxiliary, zero_roots)
    return Routh(
        np.array([_number(value) for value in column]),
        np.array(signs),
        right,
        auxiliary,
        axis,
        epsilon,
        _verdict(right, axis),
    )


def _next(above: list[Fraction], row: list[Fraction], degree: int) -> list[Fraction]:
    """The row after these two: as many numbers as its power needs."""
    length = (degree - 2) // 2 + 1
    above, row = ([*part, *[Fraction(0)] * (length + 1 - len(part))] for part in (above, row))
    return [(row[0] * above[j + 1] - above[0] * row[j + 1]) / row[0] for j in range(length)]


def _spread(row: list[Fraction], degree: int) -> np.ndarray:
    """A row of the table as the polynomial of its power that it stands for."""
    found = np.zeros(degree + 1)
    found[0 : 2 * len(row) : 2] = [float(value) for value in row][: degree // 2 + 1]
    return found


def _on_axis(auxiliary: np.ndarray, zero_roots: int) -> np.ndarray:
    """The roots of the auxiliary polynomial that lie on the axis; those at zero are counted exactly."""
    trimmed = np.trim_zeros(auxiliary, "b")
    found = roots_of(trimmed) if len(trimmed) > 1 else np.empty(0, dtype=np.complex128)
    on = found[np.abs(found.real) <= 1e-6 * np.maximum(np.abs(found), 1e-300)]
    return np.concatenate([1j * on.imag, np.zeros(zero_roots)])


def _number(value: Fraction) -> float:
    """A number of the table for a reader: what vanishes with epsilon is 0, what grows with it infinite."""
    if abs(value) < _NOTHING:
        return 0.0
    return math.copysign(math.inf, value) if abs(value) > 1 / _NOTHING else float(value)


def _verdict(right: int, axis: np.ndarray) -> str:
    if right:
        return "unstable"
    if not axis.size:
        return "stable"
    apart = np.abs(axis[:, None] - axis) + 10 * np.eye(len(axis)) * (1 + np.abs(axis).max())
    return "unstable" if apart.min() < 1e-4 * max(float(np.abs(axis).max()), 1e-300) else "critical"


def bilinear(coefficients: Any) -> np.ndarray:
    """(1 - s)^n P((1 + s) / (1 - s)) of polynomials (..., n + 1): the unit disc becomes the left half-plane.

    A root at z = -1 goes to infinity: the leading coefficient is then zero. Cost: n^2.

    >>> bilinear([1.0, -0.5, 0, 0, 0, -0.25]).tolist()
    [1.75, 5.25, 13.5, 6.5, 4.75, 0.25]
    """
    a = polynomial("coefficients", coefficients)
    n = a.shape[-1] - 1
    basis = np.empty((n + 1, n + 1))
    for k in range(n + 1):
        plus = np.array([float(math.comb(n - k, i)) for i in range(n - k + 1)])
        minus = np.array([float(math.comb(k, i) * (-1) ** (k - i)) for i in range(k + 1)])
        basis[k] = np.convolve(plus, minus)
    return np.asarray((a[..., :, None] * basis).sum(axis=-2))
