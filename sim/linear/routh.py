"""Are all roots in the left half-plane? Routh's criterion for flows, and the bilinear map that brings
recurrences there.

Routh asks about Re s < 0. The polynomial of a recurrence, which asks about |z| < 1, goes through z = (1 +
s) / (1 - s) first; applied directly the criterion answers another question. The table is computed in
rational numbers, of the coefficients as they are written (0.1 is one tenth), so that a zero in it is one;
roots are counted exactly by `half_plane`, whatever epsilon does. Sources: E. J. Routh, A Treatise on the
Stability of a Given State of Motion, 1877; F. R. Gantmacher, The Theory of Matrices II, 1959, ch. XV; worked
examples in K. Ogata, Modern Control Engineering, 5th ed. 2010, ch. 5.
"""

import math
import sys
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from sim.errors import refuse
from sim.linear.arrays import polynomial
from sim.linear.half_plane import count, written

_EPSILON = Fraction(1, 10**60)
_NOTHING = Fraction(1, 10**30)  # what is smaller vanishes with epsilon


class Routh(NamedTuple):
    """Routh's table of one polynomial of degree n."""

    column: (
        np.ndarray
    )  # (n + 1,), the first column; 0 stands for epsilon, infinities for multiples of 1/epsilon
    signs: np.ndarray  # (n + 1,), of the first column as epsilon falls to 0 from above
    right: int  # roots with Re s > 0, which are the changes of sign
    auxiliary: np.ndarray  # coefficients of the auxiliary polynomial above a row of zeros; empty without one
    axis: np.ndarray  # the roots on the imaginary axis, each as often as it is a root
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
    exact = written(a if a[0] > 0 else -a)
    table = [exact[0::2], exact[1::2]]
    auxiliary = np.empty(0)
    epsilon = False
    for degree in range(n, 0, -1):
        above, row = table[-2], table[-1]
        least = _NOTHING if epsilon else 0  # without epsilon what vanishes is exactly zero
        if all(abs(value) <= least for value in row):
            above = [value if abs(value) > least else Fraction(0) for value in above]
            row = [value * (degree - 2 * j) for j, value in enumerate(above)][: len(row)]
            if not auxiliary.size:
                auxiliary = _spread(above, degree)
        if row[0] == 0:
            row, epsilon = [_EPSILON, *row[1:]], True
        table[-1] = row
        if degree > 1:
            table.append(_next(above, row, degree))
    column = [row[0] for row in table]
    found = count(exact)
    unstable = found.right > 0 or found.repeated
    return Routh(
        np.array([_number(value, epsilon) for value in column]),
        np.array([1 if value > 0 else -1 for value in column]),
        found.right,
        auxiliary,
        found.axis,
        epsilon,
        "unstable" if unstable else "critical" if found.axis.size else "stable",
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


def _number(value: Fraction, epsilon: bool) -> float:
    """A number of the table for a reader: what vanishes with epsilon is 0, what grows with it infinite."""
    if epsilon and abs(value) < _NOTHING:
        return 0.0
    most = 1 / _NOTHING if epsilon else Fraction(sys.float_info.max)
    return math.copysign(math.inf, value) if abs(value) > most else float(value)


def bilinear(coefficients: Any) -> np.ndarray:
    """(1 - s)^n P((1 + s) / (1 - s)) of real polynomials (..., n + 1): the unit disc becomes the left
    half-plane.

    A root at z = -1 goes to infinity: the leading coefficient is then zero. Computed in rational numbers and
    rounded once, so that a root on the circle stays on the border. Errors: Refused where a coefficient is
    beyond float64, as from a degree of about 1000 on. Cost: n^2 rational operations.

    >>> bilinear([1.0, -0.5, 0, 0, 0, -0.25]).tolist()
    [1.75, 5.25, 13.5, 6.5, 4.75, 0.25]
    """
    a = polynomial("coefficients", coefficients)
    if a.dtype.kind == "c":
        raise refuse("coefficients", "complex numbers given, real ones are needed")
    rows = [_mapped(row) for row in a.reshape(-1, a.shape[-1])]
    try:
        return np.array([[float(value) for value in row] for row in rows]).reshape(a.shape)
    except OverflowError:
        raise refuse(
            "coefficients", f"degree {a.shape[-1] - 1} is mapped to numbers beyond float64; use jury"
        ) from None


def _mapped(a: np.ndarray) -> list[Fraction]:
    """The map of one polynomial by Horner's rule: Q_k = Q_(k-1) (1 + s) + a_k (1 - s)^k."""
    found: list[Fraction] = []  # lowest power first
    power = [1]
    for exact in written(a):
        found = [same + up for same, up in zip([*found, Fraction(0)], [Fraction(0), *found], strict=True)]
        found = [rest + exact * one for rest, one in zip(found, power, strict=False)]
        power = [same - up for same, up in zip([*power, 0], [0, *power], strict=True)]
    return found[::-1]
