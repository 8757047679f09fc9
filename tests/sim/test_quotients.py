"""Quotients by multiplication are quotients: bit for bit what the divider gives."""

import math
from fractions import Fraction

import llvmlite.binding
import numba
import numpy as np
import pytest

from sim.lanes import load, store
from sim.machine import quotients
from sim.machine.instructions import instruction
from sim.machine.quotients import quotient, reciprocal

WIDE = llvmlite.binding.get_host_cpu_features().get("avx512f", False)
here = pytest.mark.skipif(not WIDE, reason="no AVX-512: everything is divided here")

# c = C / 2**52 in [1, 2) is near if 1 / c lies within 4 / 2**106 of the middle m = M / 2**54 of two numbers:
# C * M = 2**106 + k with |k| <= 4, M odd. What is rounded last is as near as that to 1 / c for every c, so no
# other c can be rounded to the wrong side. The primes of these numbers give all divisors:
PRIMES = {
    -4: (2, 2, 3, 5, 17, 53, 157, 1613, 2731, 8191, 858001, 308761441),
    -3: (2327027, 34864072662073401681969743),
    -2: (2, 7, 7, 31, 71, 127, 151, 337, 29191, 106681, 122921, 152041),
    -1: (3, 107, 6361, 69431, 20394401, 28059810762433),
    1: (5, 15358129, 586477649, 1801439824104653),
    2: (2, 3, 3, 11, 43, 211, 281, 331, 5419, 86171, 664441, 1564921),
    3: (13, 6951403, 306673771, 2927433831769543),
    4: (2, 2, 257, 78919881726271091143763623681),
}


def near(k):
    """All C for one k."""
    divisors = {1}
    for prime in PRIMES[k]:
        divisors |= {divisor * prime for divisor in divisors}
    pairs = ((C, (2**106 + k) // C) for C in divisors if 2**52 <= C < 2**53)
    return [C for C, M in pairs if M % 2 and 2**53 < M < 2**54]


def multiplied(b):
    """1 / b by multiplications alone."""
    return 1.0 / b


def product(a, b):
    """a / b by multiplications alone."""
    return a / b


@instruction(multiplied)
def _multiplied(b):
    return b(b), lambda context, builder, sig, args: quotients._inverse(builder, args[0])


@instruction(product)
def _product(a, b):
    return b(a, b), lambda context, builder, sig, args: quotients._multiply(builder, *args)


def over(function, *columns):
    """A function of bundles of 16 over columns."""
    size = -(-len(columns[0]) // 16) * 16
    filled = [np.concatenate([column, np.ones(size - len(column))]) for column in columns]
    out = np.empty(size)
    source = "def run(out, columns):\n    for at in range(0, out.size, 16):\n"
    values = ", ".join(f"load(columns[{i}], at, 16)" for i in range(len(columns)))
    scope = {"function": function, "load": load, "store": store}
    exec(source + f"        store(out, at, function({values}))\n", scope)
    numba.njit(scope["run"])(out, tuple(filled))
    return out[: len(columns[0])]


def test_the_near_ones_are_all_there():
    for k, primes in PRIMES.items():
        assert math.prod(primes) == 2**106 + k
        assert all(pow(3, p - 1, p) == 1 for p in primes if p > 3)  # Fermat
    assert {k: len(near(k)) for k in PRIMES} == {-4: 18, -3: 0, -2: 32, -1: 1, 1: 1, 2: 34, 3: 0, 4: 0}


@here
@pytest.mark.compiled
def test_reciprocals_are_the_nearest_numbers():
    close = np.array([C for k in PRIMES for C in near(k)]) / 2.0**52
    random = np.random.default_rng(0).uniform(1.0, 2.0, 2_000_000)
    edges = 1.0 + np.concatenate([np.arange(2000.0), 2.0**52 - 1 - np.arange(2000.0)]) * 2.0**-52
    for c in (close, random, edges):
        for scale in (1.0, 0.5, 2.0**900, 2.0**-900, -1.0):
            np.testing.assert_array_equal(over(multiplied, scale * c), 1.0 / (scale * c))
    for c, y in zip(close, over(multiplied, close), strict=True):
        away = abs(Fraction(float(y)) * Fraction(float(c)) - 1)
        for other in (np.nextafter(y, 0.0), np.nextafter(y, 2.0)):
            assert away < abs(Fraction(float(other)) * Fraction(float(c)) - 1)


@here
@pytest.mark.compiled
def test_quotients_are_those_of_the_divider():
    draw = np.random.default_rng(1)
    t = -0.5 * draw.uniform(size=2_000_000) * 10.0 ** draw.uniform(-18, 0, 2_000_000)
    tiny = -(2.0**-53) * (1.0 + np.arange(-2000.0, 2000.0) * 2.0**-52)
    for a in (t, tiny, np.array([-0.5, -0.0, 0.0, np.nan, -1e-300, -5e-324])):
        np.testing.assert_array_equal(over(product, a, a + 1.0), a / (a + 1.0))
    a, b = draw.normal(size=(2, 2_000_000))
    np.testing.assert_array_equal(over(product, a, b), a / b)


@pytest.mark.compiled
def test_all_registers_of_a_bundle_agree():
    b = np.repeat(np.random.default_rng(2).uniform(0.5, 1.0, (1000, 1, 8)), 2, axis=1).ravel()
    for found in (over(reciprocal, b), over(quotient, b - 1.0, b)):
        first, second = found.reshape(-1, 2, 8).swapaxes(0, 1)  # one is divided, the other is not
        np.testing.assert_array_equal(first, second)
