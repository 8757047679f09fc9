"""How many roots of a polynomial lie to the right of the imaginary axis, and how many on it: exactly.

The numbers are taken as they are written: 0.1 is one tenth, and what a decimal makes zero is zero. On the
axis, p(i w) / i^n = f(w) - i g(w) with real f and g; the Cauchy index of g / f, counted by signs of their
chain of remainders, is the number of roots to the left less that to the right. What f and g share are the
roots on the axis and those that lie in pairs on either side of it. Nothing is rounded, and no zero needs an
epsilon. Sources: F. R. Gantmacher, The Theory of Matrices II, 1959, ch. XV; C. Sturm, 1835.
"""

import itertools
from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from sim.linear.recursions import roots

Polynomial = list[Fraction]  # highest power first, the first one not zero; empty for zero


class Count(NamedTuple):
    """Roots with Re s > 0 and those on the axis, each as often as it is a root."""

    right: int
    axis: np.ndarray  # i w and -i w pair by pair, the largest first, zeros last
    repeated: bool  # whether one on the axis is


def written(values: Iterable[float]) -> list[Fraction]:
    """The numbers as they are written: 0.1 is one tenth."""
    return [Fraction(repr(float(value))) for value in values]


def count(p: Polynomial) -> Count:
    """The roots of a polynomial that is not zero. Cost: n^2 operations on numbers n times as long."""
    f = [a if k % 4 == 0 else -a if k % 4 == 2 else Fraction(0) for k, a in enumerate(p)]
    g = [a if k % 4 == 1 else -a if k % 4 == 3 else Fraction(0) for k, a in enumerate(p)]
    chain = _chain(_trimmed(f), _trimmed(g))
    shared = chain[-1]
    degree = len(shared) - 1
    alone = (len(p) - 1 - degree - _crossings(chain)) // 2
    on: list[list[float]] = []
    while len(shared) > 1:  # each round has the roots of one multiplicity more
        slope = [a * k for a, k in zip(shared, range(len(shared) - 1, 0, -1), strict=False)]
        chain = _chain(shared, slope)
        on.append(_real(_divided(shared, chain[-1])[0], _crossings(chain)))
        shared = chain[-1]
    above = sorted((w for part in on for w in part if w > 0.0), reverse=True)
    zeros = sum(w == 0.0 for part in on for w in part)
    axis = 1j * np.array([side * w for w in above for side in (1.0, -1.0)] + [0.0] * zeros)
    return Count(alone + (degree - len(axis)) // 2, axis, len(on) > 1 and len(on[1]) > 0)


def _trimmed(p: Polynomial) -> Polynomial:
    first = next((k for k, a in enumerate(p) if a), len(p))
    return p[first:]


def _divided(a: Polynomial, b: Polynomial) -> tuple[Polynomial, Polynomial]:
    """Quotient and remainder."""
    rest, quotient = list(a), []
    for k in range(len(a) - len(b) + 1):
        quotient.append(rest[k] / b[0])
        for j, value in enumerate(b):
            rest[k + j] -= quotient[-1] * value
    return quotient, _trimmed(rest[len(quotient) :])


def _chain(f: Polynomial, g: Polynomial) -> list[Polynomial]:
    """f, g, and remainders with their signs turned, each divided by the size of its first number; the last is
    the greatest common divisor.
    """
    chain = [f]
    while g:
        size = abs(g[0])
        chain.append([a / size for a in g])
        g = [-a for a in _divided(chain[-2], chain[-1])[1]]
    return chain


def _crossings(chain: list[Polynomial]) -> int:
    """Changes of sign along the chain at minus infinity less those at plus infinity."""
    above = [p[0] > 0 for p in chain]
    below = [(p[0] > 0) == (len(p) % 2 == 1) for p in chain]
    up, down = (sum(a != b for a, b in itertools.pairwise(row)) for row in (above, below))
    return down - up


def _real(p: Polynomial, many: int) -> list[float]:
    """The real roots w >= 0 of an even or odd polynomial of simple roots, of which so many are real."""
    zero = [0.0] if p[-1] == 0 else []
    size = max(abs(a) for a in p)
    numbers = [float(a / size) for a in (p[:-1] if zero else p)]
    found = roots(numbers) if len(numbers) > 1 else np.empty(0, dtype=np.complex128)
    found = found[found.real > 0.0]
    nearest = found[np.argsort(np.abs(found.imag), kind="stable")[: (many - len(zero)) // 2]]
    return [*nearest.real.tolist(), *zero]
