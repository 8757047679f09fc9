"""Are all roots inside the unit circle? The criterion of Jury, Schur and Cohn, for recurrences.

A polynomial p of degree n is reduced, (p - k p*) / (1 - k^2) / z with p* its reversal and k the last
coefficient over the first: all roots lie inside exactly if every |k| < 1. Where a |k| = 1 the table ends,
and the roots themselves are asked. Sources: E. I. Jury, Theory and Application of the z-Transform Method,
1964; A. Cohn, Math. Z. 14 (1922) 110, doi:10.1007/BF01215894; worked examples in K. Ogata, Discrete-Time
Control Systems, 2nd ed. 1995, ch. 4.
"""

from typing import Any, NamedTuple

import numpy as np

from sim.errors import refuse
from sim.linear.arrays import polynomial
from sim.linear.recursions import roots as roots_of

_MOST = 0.01  # nearer than this to the circle a root of any multiplicity has to be to lie on it
_ORDERS = 5  # Taylor coefficients at a root: enough for quadruple ones


class Jury(NamedTuple):
    """What the table says of polynomials (..., n + 1)."""

    at_one: np.ndarray  # P(1), positive if stable
    at_minus_one: np.ndarray  # (-1)^n P(-1), positive if stable
    reflection: np.ndarray  # (..., n): of degrees n, n - 1, ..., 1; NaN after the first |k| = 1
    outside: np.ndarray  # (...), roots outside the circle
    circle: np.ndarray  # (..., n), the roots on the circle, NaN where there is none
    verdict: np.ndarray  # (...), "stable", "critical" or "unstable"


def jury(coefficients: Any, tolerance: float = 1e-9) -> Jury:
    """The verdict on real polynomials (..., n + 1), highest power first.

    `stable`: all roots inside. `critical`: none outside and those on the circle simple, so that the
    recurrence neither decays nor grows. `unstable`: a root outside, or a repeated one on the circle, where it
    grows like a power of t. `tolerance`: a |k| this near to 1 counts as 1, and a root this near to the
    circle, beyond what rounding the coefficients moves it, lies on it. Cost: n^2; 10 n^3 where a |k| is not
    below 1.

    >>> str(jury([1.0, -1.1, -0.1, 0.2]).verdict)
    'critical'
    """
    a = polynomial("coefficients", coefficients)
    if a.dtype.kind == "c":
        raise refuse(
            "coefficients", "complex numbers given, real ones are needed; use roots for complex ones"
        )
    a = a / a[..., :1]
    n = a.shape[-1] - 1
    k = _reflections(a, tolerance)
    with np.errstate(invalid="ignore"):
        stable = (np.abs(k) < 1 - tolerance).all(axis=-1)
    outside = np.zeros(stable.shape, dtype=np.int64)
    circle = np.full((*stable.shape, n), np.nan + 0j)
    repeated = np.zeros(stable.shape, dtype=bool)
    if not stable.all():
        found = roots_of(a[~stable])
        size = np.abs(found)
        reach, apart = _reach(a[~stable], found)
        on = np.abs(size - 1) <= tolerance + reach
        outside[~stable] = ((size > 1) & ~on).sum(axis=-1)
        circle[~stable] = np.where(on, found, np.nan)
        repeated[~stable] = _repeated(found, on, apart)
    touching = ~np.isnan(circle).all(axis=-1)
    verdict = np.where(outside > 0, "unstable", np.where(touching & ~repeated, "critical", "unstable"))
    verdict = np.where((outside == 0) & ~touching, "stable", verdict)
    signs = np.where(
        np.arange(n + 1) % 2, -1.0, 1.0
    )  # (-1)^n P(-1) alternates from the leading coefficient on
    return Jury(a.sum(axis=-1), (a * signs).sum(axis=-1), k, outside, circle, verdict)


def _reflections(a: np.ndarray, tolerance: float) -> np.ndarray:
    """Last coefficients over first ones of all reduced polynomials; a stays monic."""
    n = a.shape[-1] - 1
    k = np.full((*a.shape[:-1], n), np.nan)
    with np.errstate(all="ignore"):
        for i in range(n):
            last = a[..., -1:]
            k[..., i] = last[..., 0]
            rest = (a - last * a[..., ::-1]) / (1 - last * last)
            a = np.where(np.abs(np.abs(last) - 1) <= tolerance, np.nan, rest)[..., :-1]
    return k


def _reach(a: np.ndarray, found: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far rounding may have moved each root, and how far from another it may be and still be its equal.

    Coefficients that are off by a relative error of n eps move a root of multiplicity m by d where
    |p^(m) / m!| d^m is n eps times the sum of their sizes: the least over m holds. Two roots that it can
    bring together are 2 d of m = 2 apart at most.
    """
    n = a.shape[-1] - 1
    taylor = np.zeros((_ORDERS, *found.shape), dtype=np.complex128)
    with np.errstate(all="ignore"):
        for k in range(n + 1):
            taylor[1:] = taylor[1:] * found + taylor[:-1]
            taylor[0] = taylor[0] * found + a[..., k, None]
        moved = n * np.finfo(float).eps * np.abs(a).sum(axis=-1)[..., None] / np.abs(taylor[1:])
        far = [moved[m] ** (1 / (m + 1)) for m in range(_ORDERS - 1)]
    return np.fmin(np.fmin.reduce(far), _MOST), 2 * np.fmin(far[1], _MOST)


def _repeated(found: np.ndarray, on: np.ndarray, apart: np.ndarray) -> np.ndarray:
    """Whether two of the roots on the circle agree as far as rounding lets equal ones agree."""
    n = found.shape[-1]
    gaps = np.abs(found[..., :, None] - found[..., None, :])
    both = on[..., :, None] & on[..., None, :] & ~np.eye(n, dtype=bool)
    return np.asarray((both & (gaps <= apart[..., None])).any(axis=(-2, -1)))


def rows(coefficients: Any) -> tuple[np.ndarray, ...]:
    """The rows of Jury's table of one polynomial, not divided: the first is stable only if |last| < |first|
    in each.

    A row is a0 * row - an * reversed row of the one above, without its last zero; the table ends at three
    numbers.
    """
    a = polynomial("coefficients", coefficients)
    if a.ndim > 1:
        raise refuse("coefficients", f"shape {a.shape} given, one polynomial is needed; jury takes many")
    table = [a]
    while len(table[-1]) > 3:
        last = table[-1]
        table.append((last[0] * last - last[-1] * last[::-1])[:-1])
    return tuple(table)


def stability_triangle(a1: Any, a2: Any) -> np.ndarray:
    """Whether z^2 + a1 z + a2 has both roots inside the circle: |a2| < 1 and |a1| < 1 + a2 (Jury 1964)."""
    a1, a2 = np.asarray(a1, dtype=np.float64), np.asarray(a2, dtype=np.float64)
    return np.asarray((np.abs(a2) < 1) & (np.abs(a1) < 1 + a2))[()]
