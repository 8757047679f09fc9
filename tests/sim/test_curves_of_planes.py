"""Which curves of bifurcations a box has: all that cross it, none of cycles that are none, rightly marked."""

import numpy as np
import pytest

from sim.continuation.family import family as of
from sim.continuation.generalised_flips import Cubic, cubic
from sim.continuation.planes import curves
from tests.conftest import REPOSITORY

SYSTEMS = REPOSITORY / "tests" / "systems"
BOX = ((-2.0, 3.0), (-1.0, 1.0))
INSIDE = {"leaves the box"}


@pytest.fixture(scope="module")
def plane():
    """Of x' = a x - x^3 + b, up to cycles of two steps."""
    return curves(of("./cubic.py", ["a", "b"], folder=SYSTEMS), BOX, ["fold", "flip"], periods=2)


@pytest.mark.parametrize("low", [-2.0, -1.5, -1.3, -1.2, -1.0, -0.1])
def test_the_fold_of_the_henon_map_is_found_from_border_to_border(low):
    """a = -(1 - b)^2 / 4 between b = -0.9 (or where a is the lower end) and 0.9."""
    found = curves(of("henon", ["a", "b"]), ((low, 3.0), (-0.9, 0.9)), ["fold"])
    (curve,) = found.curves
    a, b = curve.values.T
    np.testing.assert_allclose(a, -((1 - b) ** 2) / 4, atol=1e-11)
    first = max(-0.9, 1.0 - 2.0 * np.sqrt(-low))
    np.testing.assert_allclose(sorted(b[[0, -1]]), [first, 0.9], atol=1e-9)


@pytest.mark.parametrize("b", [0.3, -0.4, -0.8])
def test_a_curve_that_cuts_off_a_corner_is_found(b):
    """The flip a = 3 (1 - b)^2 / 4 enters below and leaves at once, between places of the grid."""
    a = 3 * (1 - b) ** 2 / 4
    box = ((a - 0.01, a + 1.0), (b, b + 0.5))
    (curve,) = curves(of("henon", ["a", "b"]), box, ["flip"]).curves
    a, b = curve.values.T
    np.testing.assert_allclose(a, 3 * (1 - b) ** 2 / 4, atol=1e-11)
    np.testing.assert_allclose([np.ptp(a), curve.values[:, 1].min()], [0.01, box[1][0]], atol=1e-9)


@pytest.mark.parametrize("b", [-0.9, -0.5, 0.1, 0.3])
@pytest.mark.parametrize(("kind", "share"), [("fold", -0.25), ("flip", 0.75)])
def test_a_curve_through_a_corner_is_followed_into_it_and_found_once(kind, share, b):
    """a = share (1 - b)^2, with one end of the box's a and one of its b on the curve."""
    end = share * (1.0 - b) ** 2
    box = ((end, 3.0) if kind == "fold" else (-1.0, end), (b, 0.9))
    (curve,) = curves(of("henon", ["a", "b"]), box, [kind]).curves
    ends = curve.values[[0, -1]][np.argsort(curve.values[[0, -1], 1])]
    np.testing.assert_allclose(ends, [[end, b], [share * 0.01, 0.9]], atol=1e-9)


def test_a_fixed_point_that_flips_is_no_fold_of_cycles():
    """F of F has a multiplier 1 there too, and no fold: the 2-cycles of the Henon map never fold."""
    found = curves(of("henon", ["a", "b"]), ((-1.5, 3.0), (-0.9, 0.9)), ["fold", "flip"], periods=2)
    assert [(c.kind, c.period) for c in found.curves] == [("fold", 1), ("flip", 1), ("flip", 2)]
    assert {end for curve in found.curves for end in curve.ends} == INSIDE
    assert not any(curve.special for curve in found.curves)


def test_a_surface_of_cycles_is_no_curve():
    """relu with w = -1 and b > 0: every state between 0 and b is a cycle of two steps."""
    unit = of("ctrnn", ["w", "b"], {"alpha": 1.0, "activation": "relu"})
    found = curves(unit, ((-3.0, 3.0), (-1.0, 1.0)), ["fold"], periods=2)
    assert found.curves == ()


def test_folds_and_flips_of_the_cycles_of_the_cubic_map(plane):
    """With S = x + y and P = x y of a 2-cycle, P = S^2 - a - 1 and b = S (a + 2 - S^2): folds where
    3 S^2 = a + 2, so b = 2 S^3; real cycles where S^2 > 4 P, from a = -2/3. Flips: the product of the slopes
    a - 3 x^2 is -1.
    """
    kinds = [(curve.kind, curve.period) for curve in plane.curves]
    assert kinds == [("fold", 1), ("flip", 1), ("fold", 2), ("fold", 2), ("flip", 2), ("flip", 2)]
    for curve in plane.curves:
        a, b = curve.values.T
        x = curve.states[:, 0]
        y = a * x - x**3 + b
        if curve.period == 1:
            np.testing.assert_allclose(y, x, atol=1e-10)
            continue
        S, P = x + y, x * y
        np.testing.assert_allclose(b, S * (a + 2 - S**2), atol=1e-9)
        if curve.kind == "flip":
            np.testing.assert_allclose(a**2 - 3 * a * (S**2 - 2 * P) + 9 * P**2, -1.0, atol=1e-8)
            assert set(curve.ends) == INSIDE
        else:
            np.testing.assert_allclose(np.abs(b), 2 * ((a + 2) / 3) ** 1.5, atol=1e-9)
            assert a.min() == pytest.approx(-2 / 3, abs=1e-9)
            assert set(curve.ends) == {"ends in a generalised flip", "leaves the box"}
            apart = np.abs(x - y)[np.argsort(a)]
            assert apart[0] < 1e-5
            assert (apart[1:] > 1e-2).all()  # every other point is a cycle of two different states


def test_generalised_flips_are_named_on_both_their_curves(plane):
    """x = +-1/3, where the flip's cubic coefficient 9 x^2 - 1 is zero: (a, b) = (-2/3, +-16/27)."""
    marked = [(curve.kind, curve.period, point) for curve in plane.curves for point in curve.special]
    (cusp,) = (point for _, _, point in marked if point.kind == "cusp")
    np.testing.assert_allclose(cusp.values, [1.0, 0.0], atol=1e-11)
    flips = [entry for entry in marked if entry[2].kind == "generalised_flip"]
    assert len(flips) == len(marked) - 1 == 4
    assert sorted((kind, period) for kind, period, _ in flips) == [("flip", 1)] * 2 + [("fold", 2)] * 2
    for kind, period, point in flips:
        side = np.sign(point.values[1])
        np.testing.assert_allclose(point.values, [-2 / 3, side * 16 / 27], atol=1e-10)
        np.testing.assert_allclose(point.state, side / 3, atol=1e-9)
        np.testing.assert_allclose(point.multipliers, 1.0 if kind == "fold" else -1.0, atol=1e-9)
        curve = next(c for c in plane.curves if (c.kind, c.period) == (kind, period) and point in c.special)
        assert (curve.values[point.place] == point.values).all()


def test_the_coefficient_of_a_flip_is_that_of_its_normal_form():
    """6 c = -6 + 54 x^2 for the cubic map at a = 3 x^2 - 1, b = x (1 - a) + x^3."""
    defining = Cubic(of("./cubic.py", ["a", "b"], folder=SYSTEMS), 1)
    for x in (-0.7, 0.0, 0.2, 1.1):
        u = np.array([x, 3 * x**2 - 1, x * (2 - 3 * x**2) + x**3])
        defining.adapt(u)
        value, error = cubic(defining, u)
        assert abs(value) == pytest.approx(abs(54 * x**2 - 6), abs=1e-9)
        assert error < 1e-8


def test_generalised_flips_of_a_map_of_two_numbers():
    """With e = 1 - c: P = S^2 - a - e, b = S (a + 2 e - S^2), and the end (-2 e / 3, +-16/27 e^1.5)."""
    system = of("./cubic_of_second_order.py", ["a", "b"], {"c": 0.3}, folder=SYSTEMS)
    found = curves(system, BOX, ["fold", "flip"], periods=2)
    folds = [curve for curve in found.curves if (curve.kind, curve.period) == ("fold", 2)]
    (flip,) = (curve for curve in found.curves if (curve.kind, curve.period) == ("flip", 1))
    for curve in folds:
        a, b = curve.values.T
        np.testing.assert_allclose(np.abs(b), 2 * ((a + 1.4) / 3) ** 1.5, atol=1e-9)
    ends = sorted(
        (point.values for c in (*folds, flip) for point in c.of("generalised_flip")), key=lambda v: v[1]
    )
    known = np.array([-1.4 / 3, 16 / 27 * 0.7**1.5])
    assert len(ends) == 4
    np.testing.assert_allclose(ends[:2], [known * [1, -1]] * 2, atol=1e-10)
    np.testing.assert_allclose(ends[2:], [known] * 2, atol=1e-10)


APART = """
from typing import NamedTuple

from sim.generic import step, units


class Apart(NamedTuple):
    a: float = 0.2
    b: float = -0.8


@units.register
def _(p: Apart):
    return ("x", "y")


@step.register
def _(p: Apart, s, x):
    return s[0] + p.a - s[0] * s[0], p.b * s[1] - s[1] * s[1] * s[1]
"""


def test_a_fold_flip_is_named_on_both_its_curves(tmp_path):
    """x folds at a = 0 whatever b, y flips at b = -1 whatever a: at (0, -1) both, where the curve of flips
    turns back. Multipliers 1 and -1."""
    (tmp_path / "apart.py").write_text(APART)
    one = of("./apart.py", ["a", "b"], folder=tmp_path)
    fold, flip = curves(one, ((-0.3, 0.5), (-1.6, -0.5)), ["fold", "flip"]).curves
    np.testing.assert_allclose(fold.values[:, 0], 0.0, atol=1e-10)
    np.testing.assert_allclose(flip.values[:, 1], -1.0, atol=1e-10)
    np.testing.assert_allclose(flip.states[:, 0] ** 2, flip.values[:, 0], atol=1e-9)
    for curve in (fold, flip):
        (point,) = curve.of("fold_flip")
        np.testing.assert_allclose(point.values, [0.0, -1.0], atol=1e-6)
        np.testing.assert_allclose(np.sort(point.multipliers.real), [-1.0, 1.0], atol=1e-5)
