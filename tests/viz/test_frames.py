"""Frames of curves: what they hold, and that they say what they do not."""

import numpy as np
import pytest

from tests.viz import stores
from viz import scene
from viz.frames import limits, whole


def powers(factors, steps=51):
    return [float(factor) ** np.arange(steps) for factor in factors]


def test_a_frame_holds_its_curves():
    for curves in ([np.array([1.0, 5.0])], powers([0.5, 0.9]), powers([1.5]), powers([1.05, 0.5, 0.2])):
        low, high = limits(curves, False)
        every = np.concatenate(curves)
        assert low < every.min()
        assert high > every.max()


def test_a_curve_that_would_hide_all_others_leaves_the_frame():
    low, high = limits(powers([0.2, 0.65, 1.05, 1.5]), False)
    assert low == pytest.approx(-high / 21, rel=0.01)
    assert high == pytest.approx(1.05 * 1.05**50, rel=1e-6)


@pytest.mark.parametrize("n", [50, 512])
def test_a_frame_holds_what_is_large_and_not_the_least_of_many_scales(n):
    """Derivatives of one loss by four parameters over a cliff: 0, 0.76 and 0.2 high, and one that rounds to
    nothing: the frame went to 8e-6 and held none of them.
    """
    b = np.linspace(-6.0, 2.0, n)
    bump = 1.0 / np.cosh(b + 2.0)
    curves = [-0.2 * bump, 0.0 * b, -0.76 * bump, 1.7e-4 * bump**20]
    low, high = limits(curves, False)
    assert low < 0.98 * curves[2].min()
    assert high > 0.0
    w = np.linspace(0.0, 8.0, n)
    decades = [10.0**-k * np.exp(-3.0 * (w - k / 6) ** 2) for k in range(4, 48, 6)]
    assert limits([*decades, 0.0 * w, 1e-60 * w], False)[1] > decades[0].max()


def test_a_bounded_curve_among_those_that_overflow_is_seen():
    """z' = z^2 + c from -2: at c = -3 it goes to and fro between -2 and 1, elsewhere it overflows."""
    curves = []
    for c in (-3.0, -2.45, -1.3, -0.7, 0.45):
        z, orbit = -2.0, []
        for _ in range(100):
            orbit.append(z)
            z = z * z + c if abs(z) < 1e150 else np.inf
        curves.append(np.array(orbit))
    low, high = limits(curves, False)
    assert -4.0 < low < -2.0
    assert 1.0 < high < 10.0


def test_a_logarithm_holds_every_decade():
    low, high = limits(powers([1.0, 1e-6]), True)
    assert low < 1e-300 < 1.0 < high
    assert limits([np.array([0.0, -1.0])], True) is None
    assert whole([np.array([5e-324, 1.7e308])], True)[0] > 0
    assert np.isfinite(whole([np.array([5e-324, 1.7e308])], True)).all()


def vanishing(values):
    w = np.array([0.2, 0.65, 1.05, 1.5])
    return stores.dataset({"norm": (("w", "time"), values)}, {"w": w}, {"time": np.arange(values.shape[1])})


def test_what_leaves_the_frame_is_said():
    growing = scene(vanishing(np.array(powers([0.2, 0.65, 1.05, 1.5]))), "norm", log="no")
    assert "Outside the frame: w = 1.5 up to 6.376·10⁸." in growing.caption
    decaying = scene(vanishing(np.array(powers([1e-6, 0.5, 0.9, 1.0]))), "norm")
    assert decaying.log_y
    assert decaying.panels[0].limits[0] < 1e-299
    assert "utside" not in decaying.caption


def test_what_has_no_logarithm_is_counted():
    values = np.array(powers([1e-3, 1e-2, 0.1, 1.0], 10))
    values[0, 5:] = 0.0
    seen = scene(vanishing(values), "norm", log="yes")
    assert "5 of 40 heights are not positive" in seen.caption.replace("H", "h")


def test_infinite_heights_are_counted():
    values = np.array(powers([0.5, 0.9, 1.0, 1.0], 10))
    values[1, 3:] = -np.inf
    assert "7 infinite heights are gaps" in scene(vanishing(values), "norm", log="no").caption


def test_a_logarithm_begins_where_browsers_know_numbers():
    """Axes in browsers lose subnormal numbers: a gradient that dies out to 5e-324 had an empty frame."""
    low, high = whole([np.array([5e-324, 1e-310, 2.0])], True)
    assert low == pytest.approx(1e-300, rel=0.5)
    assert high == 3.0
    assert whole([np.array([5e-324])], True)[0] > 0.0


def test_a_frame_ends_where_browsers_know_numbers():
    """A gradient that overflowed had an empty frame in browsers: their axes go beyond its end."""
    for curves in ([np.geomspace(1.0, 1.7e308, 9)], [np.array([1e305])]):
        low, high = whole(curves, True)
        assert 0.0 < low < high == pytest.approx(1e300, rel=0.5)
    for curves in ([np.array([-1.7e308, 1.7e308])], [np.array([1e305])]):
        low, high = whole(curves, False)
        assert low < high < 1e301
        assert np.isfinite(high - low)
    grown = scene(vanishing(np.geomspace(1.0, 1.7e308, 36).reshape(4, 9)), "norm")
    assert "w = 1.5 up to 1.7·10³⁰⁸" in grown.caption


@pytest.mark.parametrize("name", ["lines", "map"])
def test_a_picture_without_a_finite_number_says_so(name):
    values = np.full((4, 9), np.inf)
    values[0] = np.nan
    said = scene(vanishing(values), "norm", name).caption
    assert "o finite number here" in said
    assert "27 infinite" in said
