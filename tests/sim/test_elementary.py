"""Elementary functions on lanes: their errors in units of the last place, special values, the same bits at
every width."""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
import pytest

from sim import elementary
from sim.lanes import load, store
from tests.conftest import INTERPRETED

WIDTH = 64
COUNT = 64 * 2000 if INTERPRETED else 64 * 8000
RANDOM = np.random.default_rng(20240607)

jit = numba.njit(nogil=True, error_model="numpy")


def lanewise(function: Callable, width: int = WIDTH) -> Callable[[np.ndarray], np.ndarray]:
    """The function on bundles of this width, applied to an array whose length is a multiple of it."""

    @jit
    def loop(x, out):
        for at in range(0, len(x), width):
            store(out, at, function(load(x, at, width)))

    def call(x: np.ndarray) -> np.ndarray:
        x = np.ascontiguousarray(x, dtype=np.float64)
        out = np.empty_like(x)
        with np.errstate(all="ignore"):
            loop(x, out)
        return out

    return call


def exact_sigmoid(x):
    return 1 / (1 + np.exp(-x))


def exact_softplus(x):
    return np.where(x > 0, x, 0) + np.log1p(np.exp(-np.abs(x)))


# name: exact function in extended precision, ranges (low, high), largest error in units of the last place
STATED = {
    "tanh": (np.tanh, [(-20, 20), (-1, 1), (-1e-3, 1e-3), (0.17, 0.6)], 2.9),
    "exp": (np.exp, [(-700, 700), (-1, 1)], 1.1),
    "expm1": (np.expm1, [(-40, 0), (-1, 0), (-1e-6, 0)], 1.3),
    "sigmoid": (exact_sigmoid, [(-40, 40), (-3, 0), (-700, -40)], 2.7),
    "log": (np.log, [(1e-300, 1e-290), (1e-3, 1e3), (0.9, 1.1)], 1.0),
    "log1p": (np.log1p, [(-0.99, 10), (-1e-6, 1e-6), (0, 1e9)], 1.4),
    "softplus": (exact_softplus, [(-700, -40), (-30, 30)], 2.0),
    "sin": (np.sin, [(-1e5, 1e5), (-4, 4)], 2.5),
    "cos": (np.cos, [(-1e5, 1e5), (-4, 4)], 2.5),
}
# two roundings instead of a fused one cost a little more; what is stated is stated for machine code
SLACK = 1.5 if INTERPRETED else 1.0


def errors(name: str, x: np.ndarray) -> np.ndarray:
    """Errors in units of the last place of the exact value."""
    exact = STATED[name][0](x.astype(np.longdouble))
    found = lanewise(getattr(elementary, name))(x)
    unit = np.spacing(np.abs(exact).astype(np.float64))
    return np.abs((found.astype(np.longdouble) - exact) / unit).astype(float)


@pytest.mark.parametrize("name", STATED)
def test_errors_are_as_stated(name: str):
    _, ranges, stated = STATED[name]
    for low, high in ranges:
        x = RANDOM.uniform(low, high, COUNT)
        assert errors(name, x).max() <= stated * SLACK, (low, high)


def test_every_function_is_tested():
    functions = {name for name in vars(elementary) if not name.startswith("_")}
    functions &= {"tanh", "exp", "expm1", "sigmoid", "log", "log1p", "softplus", "sin", "cos", "sqrt"}
    assert functions == set(STATED)


INF, NAN, TINY = np.inf, np.nan, 5e-324


def exact(function: Callable, x: float) -> float:
    return float(function(np.longdouble(x)))


SPECIAL = {
    "tanh": {0.0: 0.0, INF: 1.0, -INF: -1.0, 1e300: 1.0, 25.0: 1.0},
    "exp": {
        0.0: 1.0, INF: INF, -INF: 0.0, 710.0: INF, -746.0: 0.0, 1e300: INF, -1e300: 0.0,
        -745.0: TINY, 709.78: exact(np.exp, 709.78), -740.0: exact(np.exp, -740.0),
    },
    "expm1": {0.0: 0.0, INF: INF, -INF: -1.0, -1e300: -1.0, 800.0: INF, 1e-300: 1e-300},
    "sigmoid": {0.0: 0.5, INF: 1.0, 1e300: 1.0, 40.0: 1.0},
    "log": {1.0: 0.0, 0.0: -INF, INF: INF, -1.0: NAN, -INF: NAN, TINY: exact(np.log, TINY)},
    "log1p": {0.0: 0.0, -1.0: -INF, INF: INF, -2.0: NAN, -INF: NAN, 1e-300: 1e-300},
    "softplus": {INF: INF, -INF: 0.0, 1e300: 1e300, -1e300: 0.0, 800.0: 800.0},
    "sin": {0.0: 0.0, INF: NAN, -INF: NAN},
    "cos": {0.0: 1.0, INF: NAN, -INF: NAN},
}  # fmt: skip


@pytest.mark.parametrize("name", SPECIAL)
def test_special_values(name: str):
    table = SPECIAL[name] | {NAN: NAN}
    x = np.resize(np.array(list(table)), WIDTH)
    found = lanewise(getattr(elementary, name))(x)[: len(table)]
    np.testing.assert_array_equal(found, list(table.values()))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tanh", -0.0),
        ("expm1", -0.0),
        ("log1p", -0.0),
        ("sin", -0.0),
        ("exp", 1.0),
        ("cos", 1.0),
        ("log", -INF),
    ],
)
def test_negative_zero(name: str, value: float):
    found = lanewise(getattr(elementary, name))(np.full(WIDTH, -0.0))
    np.testing.assert_array_equal(found, value)
    assert (np.signbit(found) == np.signbit(value)).all()


def test_tanh_is_odd_and_never_beyond_one():
    x = np.concatenate([RANDOM.uniform(15.0, 20.5, COUNT // 2), RANDOM.exponential(1.0, COUNT // 2)])
    found, turned = (lanewise(elementary.tanh)(sign * x) for sign in (1.0, -1.0))
    np.testing.assert_array_equal(found, -turned)
    assert found.max() == 1.0


def test_far_left_sigmoid_is_below_any_normal_use():
    """Clamped at 708: the distance to 0 is below 1e-307, not 0."""
    found = lanewise(elementary.sigmoid)(np.full(WIDTH, -1e4))
    assert (found > 0).all()
    assert (found < 1e-307).all()


@pytest.mark.parametrize("name", STATED)
def test_monotonic_where_the_function_is(name: str):
    """No step backward larger than the stated error, across the seams of range reductions."""
    low, high = (-30.0, 30.0) if name not in ("log", "log1p") else (1e-3, 30.0)
    if name in ("sin", "cos"):
        low, high = (-1.5, 1.5) if name == "sin" else (0.0, 3.0)
    x = np.linspace(low, high, 64 * 500)
    y = lanewise(getattr(elementary, name))(x) * (-1 if name == "cos" else 1)
    assert (np.diff(y) >= -2 * STATED[name][2] * SLACK * np.spacing(np.abs(y[1:]))).all()


@pytest.mark.parametrize(
    "name", ["tanh", "exp", "sigmoid", "expm1", "log", "log1p", "softplus", "sin", "cos"]
)
def test_odd_and_even_halves(name: str):
    x = RANDOM.uniform(0, 30, 640)
    call = lanewise(getattr(elementary, name))
    if name in ("tanh", "sin"):
        np.testing.assert_array_equal(call(-x), -call(x))
    elif name == "cos":
        np.testing.assert_array_equal(call(-x), call(x))
    elif name == "softplus":
        np.testing.assert_allclose(call(x) - call(-x), x, rtol=1e-14, atol=1e-15)
    elif name == "sigmoid":
        np.testing.assert_allclose(call(x) + call(-x), 1.0, rtol=4e-16)
    elif name == "exp":
        np.testing.assert_allclose(call(x) * call(-x), 1.0, rtol=1e-15)
    else:
        forth, back = {"expm1": ("log1p", "expm1"), "log": ("exp", "log"), "log1p": ("expm1", "log1p")}[name]
        if name == "expm1":
            np.testing.assert_allclose(lanewise(elementary.log1p)(call(x)), x, rtol=1e-14)
        else:
            there = lanewise(getattr(elementary, forth))(x + 0.1)
            np.testing.assert_allclose(lanewise(getattr(elementary, back))(there), x + 0.1, rtol=2e-14)


# machine code: less than a register, whole registers, odd rests and the largest
WIDTHS = range(1, 64) if INTERPRETED else (1, 2, 3, 8, 12, 16, 24, 32, 57, 63)


def test_every_width_gives_the_same_bits():
    x = RANDOM.normal(size=4032) * 10
    wanted = lanewise(elementary.tanh)(x)
    for width in WIDTHS:
        length = len(x) // width * width
        found = lanewise(elementary.tanh, width)(x[:length])
        assert found.tobytes() == wanted[:length].tobytes(), width


@pytest.mark.slow
@pytest.mark.compiled
def test_all_functions_at_several_widths():
    """One loop of many functions for each width, so that five widths cost five compilations."""

    def everything(width: int):
        @jit
        def loop(x, out, n):
            for at in range(0, n, width):
                v = load(x, at, width)
                store(out, at, elementary.tanh(v))
                store(out, n + at, elementary.expm1(v))
                store(out, 2 * n + at, elementary.log1p(abs(v)))
                store(out, 5 * n + at, elementary.sigmoid(elementary.exp(v)))
                store(out, 3 * n + at, elementary.sin(v))
                store(out, 4 * n + at, elementary.softplus(v))

        def call(x):
            out = np.empty(6 * len(x))
            loop(x, out, len(x))
            return out.reshape(6, -1)

        return call

    x = RANDOM.normal(size=4032) * 5
    wanted = everything(64)(x)
    for width in (1, 5, 16, 24):
        offset = width % 3
        length = (len(x) - offset) // width * width
        found = everything(width)(x[offset : offset + length].copy())
        assert found.tobytes() == np.ascontiguousarray(wanted[:, offset : offset + length]).tobytes(), width
