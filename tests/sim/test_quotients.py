"""Quotients by multiplication are quotients: bit for bit what the divider gives.

Why. Let a, b lie in [1, 2), y miss 1/b by at most (1/2 + h) units in the last place, and q = a y rounded.
Then q + r y with the remainder r = a - b q misses a/b by |r/b| |b y - 1|, before it is rounded. It can be
rounded to the wrong side only where a/b lies beside the middle of two numbers. There q is half a unit away
and r exact, unless a y is a whole unit away, which takes a < b and a (1/2 + h) >= 1. With |r/b| half a unit
of q, a/b is missed by b**2 (1 + 2 h) / 4 times 1/B units of 2**-s, where a/b = A/B and the middle is (2 M +
1)/2**s. But A 2**s - B (2 M + 1) is a whole number and not 0, so the middle is at least 1/B such units away.
Hence all is well where b**2 (1 + 2 h) < 4 and, for a < b, a (1/2 + h) < 1. The two steps before the last
leave 2**-28 to the last, which rounds twice, each time by 2**-53 of that: h = 2**-27 y, and those b remain
that are 2 - j 2**-52 with j < 1.25 * 2**26. Of these 1/b is j/2 + j**2 2**-54 units above 1/2: where j is
even or j**2 2**-54 > h y is the nearest number, h is 0 and all is well too. Odd j < 2**14 remain. All are
tried: there too y is the nearest number.
"""

from fractions import Fraction

import llvmlite.binding
import numba
import numpy as np
import pytest

from sim.elementary import sigmoid, tanh
from sim.lanes import load, store
from sim.machine import quotients
from sim.machine.instructions import instruction
from sim.machine.quotients import quotient

WIDE = llvmlite.binding.get_host_cpu_features().get("avx512f", False)
here = pytest.mark.skipif(not WIDE, reason="no AVX-512: everything is divided here")
TOP = 2**53


def inverse(b):
    """1 / b by multiplications alone, and not quite rounded."""
    return 1.0 / b


def product(a, b):
    """a / b by multiplications alone."""
    return a / b


@instruction(inverse)
def _inverse(b):
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


def beside_middles(denominators, by):
    """Pairs of integers A, B in [2**52, 2**53) with A 2**s - B (2 M + 1) = k, k in `by`: quotients as near as
    can be to the middle of two numbers.
    """
    found = []
    for B in denominators:
        for s in (53, 54):  # quotients in [1, 2) and in [1/2, 1)
            inverse = pow(B, -1, 2**s)
            for k in by:
                odd = -k * inverse % 2**s + (TOP if s == 53 else 0)
                A, rest = divmod(odd * B + k, 2**s)
                assert (rest, odd % 2) == (0, 1)
                if TOP // 2 <= A < TOP < 2 * odd:
                    found.append((A, B))
    return np.array(found, dtype=float).T / (TOP // 2)


@here
@pytest.mark.compiled
def test_reciprocals_miss_by_little_more_than_half_a_unit():
    draw = np.random.default_rng(0)
    for b in (
        draw.uniform(1.0, 2.0, 20_000),
        2.0 - np.arange(1, 4000) * 2.0**-52,
        1.0 + np.arange(999) * 2.0**-52,
    ):
        for y, c in zip(over(inverse, b), b, strict=True):
            missed = abs(Fraction(float(y)) - 1 / Fraction(float(c)))
            assert missed <= (Fraction(1, 2) + Fraction(1, 2**27)) * Fraction(float(np.spacing(y)))


@here
@pytest.mark.compiled
def test_the_reciprocals_that_no_argument_covers_are_the_nearest_numbers():
    b = 2.0 - np.arange(1, 2**14, 2) * 2.0**-52
    np.testing.assert_array_equal(over(inverse, b), 1.0 / b)


@here
@pytest.mark.compiled
def test_quotients_beside_the_middle_of_two_numbers():
    draw = np.random.default_rng(1)
    last = beside_middles(range(TOP - 1, TOP - 2**15, -2), (-3, -1, 1, 3))
    assert last.shape[1] > 20_000
    anywhere = beside_middles(map(int, draw.integers(TOP // 4, TOP // 2, 20_000) * 2 + 1), (-3, -1, 1, 3))
    for a, b in (last, anywhere):
        np.testing.assert_array_equal(over(product, a, b), a / b)
        np.testing.assert_array_equal(over(product, -a, b * 2.0**900), -a / (b * 2.0**900))


@here
@pytest.mark.compiled
def test_quotients_are_those_of_the_divider():
    draw = np.random.default_rng(2)
    a, b = draw.normal(size=(2, 2_000_000))
    np.testing.assert_array_equal(over(product, a, b), a / b)
    edges = np.concatenate([1.0 + np.arange(700) * 2.0**-52, 2.0 - np.arange(1, 701) * 2.0**-52])
    a, b = (grid.ravel() for grid in np.meshgrid(edges, edges))
    np.testing.assert_array_equal(over(product, a, b), a / b)
    small = np.array([-0.5, -0.0, 0.0, np.nan, -1e-300, 5e-324])
    halved = over(product, 2.0 * small, np.full(6, 2.0))
    np.testing.assert_array_equal(halved, small)
    np.testing.assert_array_equal(np.signbit(halved), np.signbit(small))
    far = draw.uniform(1.0, 2.0, (2, 10_000)) * [[1.0], [2.0**1021]]  # as of a sigmoid at its end
    np.testing.assert_array_equal(over(product, *far), far[0] / far[1])


@pytest.mark.compiled
def test_all_registers_of_a_bundle_agree():
    a, b = np.repeat(np.random.default_rng(3).uniform(0.5, 1.0, (2, 1000, 1, 8)), 2, axis=2).reshape(2, -1)
    first, second = over(quotient, a, b).reshape(-1, 2, 8).swapaxes(0, 1)  # one is divided, the other is not
    np.testing.assert_array_equal(first, second)


@pytest.mark.compiled
@pytest.mark.parametrize("function", [tanh, sigmoid])
def test_a_value_does_not_depend_on_its_place_in_the_bundle(function):
    """Also where numerators, reciprocals or what is asked for are at the ends of the numbers."""
    draw = np.random.default_rng(4)
    ends = [0.0, 5e-324, 1e-310, 2.3e-308, 1e-300, 1e-16, 18.4, 19.1, 20.0, 36.8, 707.99, 708.0, 709.0, 1e300]
    borders = (np.arange(60) + 0.5) * 0.5 * np.log(2.0)
    x = np.concatenate([ends, [np.inf, np.nan], borders, 10.0 ** draw.uniform(-323.0, 2.9, 3000)])
    x = np.concatenate([x, -x])
    found = over(function, np.repeat(x, 24)).reshape(-1, 3, 8)  # in bundles of 16 all places are met
    for each in found.reshape(-1, 24).T:
        assert each.tobytes() == found[:, 0, 0].tobytes()
