"""Period doubling by computation: rows LOG-07, 08, 10, 11, 12, QUAD-02, MAN-04; the map itself beside it."""

from __future__ import annotations

import numpy as np
import pytest

from sim.errors import Refused
from sim.laws import period_doubling as doubling
from sim.names import find

DELTA, ALPHA = 4.669201609, 2.502907875  # OEIS A006890, A006891


def attractor(r: np.ndarray, steps: int = 40_000) -> np.ndarray:
    """The last 256 states (256, len(r)) of the logistic map from its critical point."""
    x, kept = np.full(len(r), 0.5), []
    for t in range(steps):
        x = r * x * (1 - x)
        if t >= steps - 256:
            kept.append(x)
    return np.array(kept)


def test_log_07_where_periods_double():
    """LOG-07: May 1976 and MathWorld, in ten digits; r1 = 3 and r2 = 1 + sqrt 6 in closed form, r3 and r4 as
    in OEIS A086181 and A091517."""
    found = doubling.doublings(doubling.logistic, 6)
    wanted = [3, 3.449489743, 3.54409036, 3.564407266, 3.56875942, 3.56969161]
    np.testing.assert_allclose(found, wanted, rtol=0, atol=5e-10)
    wanted = [3, 1 + np.sqrt(6), 3.5440903595519228, 3.5644072660954326]
    np.testing.assert_allclose(found[:4], wanted, rtol=0, atol=1e-13)


def test_orbits_double_their_periods_where_theory_says():
    """The map itself, a little before and a little after each doubling."""
    at = find("sim.theory", "period_doublings").theory(np.zeros(2), {"system": "logistic"})[:, 0]
    gaps = np.diff(at[:6])[:4]
    sides = np.concatenate([at[:4] - 0.1 * gaps, at[:4] + 0.1 * gaps])
    path = attractor(sides)
    periods = [next(p for p in 2 ** np.arange(8) if np.ptp(c[::p]) < 1e-7) for c in path.T]
    assert periods == [1, 2, 4, 8, 2, 4, 8, 16]
    beyond = attractor(at[6:] + 1e-3)[:, 0]
    assert all(np.ptp(beyond[::p]) > 1e-4 for p in (1, 2, 4))


def test_log_08_ratios_of_doublings():
    """LOG-08: within [4.63, 4.68]."""
    r = doubling.doublings(doubling.logistic, 7)
    ratios = (r[1:-1] - r[:-2]) / (r[2:] - r[1:-1])
    np.testing.assert_allclose(ratios[1:4], [4.656251018, 4.668242236, 4.668739469], atol=1e-6)
    assert (np.abs(ratios[1:4] - DELTA) < [0.02, 0.002, 0.001]).all()


@pytest.mark.parametrize("family", [doubling.logistic, doubling.quadratic], ids=["logistic", "quadratic"])
def test_log_10_feigenbaums_numbers_are_those_of_every_such_map(family):
    """delta from twelve superstable cycles, its error falling all the way; alpha likewise."""
    found = doubling.delta(family, 12)
    assert found[8] == pytest.approx(DELTA, abs=2e-5)
    assert (np.diff(np.abs(found[:8] - DELTA)) < 0).all()
    assert found[-1] == pytest.approx(DELTA, abs=2e-6)
    assert doubling.alpha(family, 12)[-1] == pytest.approx(ALPHA, abs=2e-6)


def test_log_10_the_last_ratio_of_periods_128_to_512():
    """LOG-10."""
    found = doubling.delta(doubling.logistic, 9)[-1]
    assert found == pytest.approx(DELTA, abs=2e-5)
    assert found == pytest.approx(4.669191002, abs=1e-8)


def test_log_11_and_quad_02_where_doublings_end():
    """LOG-11, QUAD-02."""
    assert doubling.accumulation(doubling.logistic) == pytest.approx(3.5699456718709449, abs=1e-12)
    assert doubling.accumulation(doubling.quadratic) == pytest.approx(-1.401155189092, abs=2e-12)


def test_log_12_and_quad_02_the_window_of_period_three():
    onset, end = doubling.fold_and_flip(doubling.logistic, 3, 3.83)
    assert (onset, end) == pytest.approx((1 + np.sqrt(8), 3.8414990075), abs=2e-10)
    begins, ends = doubling.fold_and_flip(doubling.quadratic, 3, -1.755)
    assert begins == pytest.approx(-1.75, abs=1e-12)
    assert ends == pytest.approx(doubling.quadratic_constant(end), abs=1e-12)


def test_quad_02_folds_and_flips():
    fold, flip = doubling.fold_and_flip(doubling.quadratic, 1, 0.0)
    assert (fold, flip) == pytest.approx((0.25, -0.75), abs=1e-13)
    found = doubling.doublings(doubling.quadratic, 6)
    np.testing.assert_allclose(found[:2], [-0.75, -1.25], atol=1e-13)
    logistic = doubling.doublings(doubling.logistic, 6)
    np.testing.assert_allclose(found, [doubling.quadratic_constant(r) for r in logistic], atol=1e-12)


def test_conjugacy_leads_both_ways():
    r = np.linspace(1.0, 4.0, 13)
    back = [doubling.growth_rate(doubling.quadratic_constant(float(one))) for one in r]
    np.testing.assert_allclose(back, r, atol=1e-14)
    x, z, one = 0.3, 3.7 * (0.5 - 0.3), 3.7
    for _ in range(20):
        x, z = doubling.logistic.f(x, one), doubling.quadratic.f(z, doubling.quadratic_constant(one))
        assert z == pytest.approx(one * (0.5 - x), abs=1e-8)
    with pytest.raises(Refused, match="up to c = 1/4"):
        doubling.growth_rate(0.3)


def test_man_04_real_nuclei_are_superstable_parameters():
    """c of period 3 and 4 on the real axis: roots of c^3 + 2 c^2 + c + 1 and so on."""
    near = [(3, -1.75, -1.7548776662466927), (4, -1.31, -1.3107026413368329), (4, -1.94, -1.9407998065294848)]
    for period, guess, wanted in near:
        assert doubling.superstable(doubling.quadratic, period, guess) == pytest.approx(wanted, abs=1e-12)


def test_derivatives_along_the_orbit_are_those_of_differences():
    for family, x, r in ((doubling.logistic, 0.3, 3.3), (doubling.quadratic, 0.2, -1.1)):
        _, y_x, y_r, y_xx, y_xr = doubling.iterated(family, x, r, 4)
        h = 1e-5
        right, left = (doubling.iterated(family, x + s, r, 4) for s in (h, -h))
        up, down = (doubling.iterated(family, x, r + s, 4) for s in (h, -h))
        assert y_x == pytest.approx((right[0] - left[0]) / (2 * h), rel=1e-7)
        assert y_r == pytest.approx((up[0] - down[0]) / (2 * h), rel=1e-7)
        assert y_xx == pytest.approx((right[1] - left[1]) / (2 * h), rel=1e-6)
        assert y_xr == pytest.approx((up[1] - down[1]) / (2 * h), rel=1e-6)


def test_what_cannot_be_found_is_refused():
    with pytest.raises(Refused, match="2 to 13"):
        doubling.superstable_doublings(doubling.logistic, 30)
    with pytest.raises(Refused, match="no superstable cycle"):
        doubling.superstable(doubling.quadratic, 2, np.nan)
    with pytest.raises(Refused, match="no cycle of period 2"):
        doubling.cycle(doubling.logistic, 2, (0.4, np.nan), 0.3)
