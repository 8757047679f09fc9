"""Maps: rows 82-85 and the published rows LOG, QUAD, HEN and MAN."""

from __future__ import annotations

import numpy as np
import pytest

from sim.run import prepare
from tests.conftest import INTERPRETED
from tests.sim.cases import measure


def logistic(r, start=0.5, steps: int = 2000, keep: int = 16) -> dict[str, np.ndarray]:
    """Orbit and period of x' = r x (1 - x)."""
    settings = {"start": start, "steps": steps, "keep": keep, "max_period": 64}
    return measure(
        "logistic", ["orbit", "period"], {"r": np.atleast_1d(np.array(r, dtype=float))}, **settings
    )


def exponent(r: float, steps: int, cycle: int) -> float:
    """The Lyapunov exponent on a cycle: growth per step over whole cycles, once the start is forgotten."""
    logs = measure("logistic", ["log_jacobian_norm"], r=r, start=0.3, steps=steps)["log_jacobian_norm"][0]
    half = steps // (2 * cycle) * cycle
    return (logs[steps] - logs[steps - half]) / half


# ---- the logistic map ----------------------------------------------------------------------------


def test_log_01_fixed_point():
    """LOG-01."""
    assert logistic(2.8)["orbit"][0, -1] == pytest.approx(1 - 1 / 2.8, abs=1e-14)
    assert exponent(2.8, 400, 1) == pytest.approx(np.log(0.8), abs=1e-12)


def test_log_02_two_cycle():
    """LOG-02."""
    orbit = np.sort(np.unique(np.round(logistic(3.2)["orbit"][0], 12)))
    np.testing.assert_allclose(orbit, [0.5130445095, 0.7994554905], atol=5e-10)
    assert exponent(3.2, 400, 2) == pytest.approx(np.log(0.16) / 2, abs=1e-10)


def test_log_03_04_and_row_82_four_cycle():
    """LOG-03, LOG-04."""
    orbit = np.sort(np.unique(np.round(logistic(3.5)["orbit"][0], 9)))
    np.testing.assert_allclose(orbit, [0.38282, 0.50088, 0.82694, 0.875], atol=1.1e-5)
    np.testing.assert_allclose(orbit, [0.382820, 0.500884, 0.826941, 0.874997], atol=6e-7)
    assert np.prod(3.5 * (1 - 2 * orbit)) == pytest.approx(-0.030500, abs=5e-7)
    assert exponent(3.5, 400, 4) == pytest.approx(-0.8725073458, abs=1e-9)


@pytest.mark.parametrize(("r", "cycle", "wanted"), [(2.6, 1, -0.5108256238), (3.1, 2, -0.263816371)])
def test_log_05_exponents(r: float, cycle: int, wanted: float):
    """LOG-05."""
    assert exponent(r, 800, cycle) == pytest.approx(wanted, abs=1e-10)


def test_row_82_periods():
    r = [2.8, 3.2, 3.5, 3.55, 3.566, 3.83, 3.9]
    np.testing.assert_array_equal(logistic(r, steps=4000)["period"], [1, 2, 4, 8, 16, 3, -1])


def test_row_82_flips_stand_at_3_and_one_plus_root_six():
    r = [3 - 0.01, 3 + 0.01, 1 + np.sqrt(6) - 0.01, 1 + np.sqrt(6) + 0.01]
    np.testing.assert_array_equal(logistic(r, steps=4000)["period"], [1, 2, 2, 4])


def test_row_82_unstable_points_stay_where_they_are_put():
    """The fixed point 5/7 has slope -1.5 and the two-cycle 3/7, 6/7 the multiplier -1.25: kept exactly, left
    otherwise."""
    for start, slope in ((5 / 7, np.log(1.5)), (3 / 7, np.log(1.25) / 2)):
        logs = measure("logistic", ["log_jacobian_norm"], r=3.5, start=start, steps=20)["log_jacobian_norm"]
        assert logs[0, 20] / 20 == pytest.approx(slope, abs=1e-9)
    assert logistic(3.5, start=0.7)["period"][0] == 4


def test_log_12_the_window_of_period_three():
    """Onset 1 + sqrt 8 (a fold) and end 3.8414990075 (a flip)."""
    onset, end = 1 + np.sqrt(8), 3.8414990075
    r = [onset - 1e-4, onset + 1e-4, end - 1e-3, end + 1e-3]
    np.testing.assert_array_equal(logistic(r, steps=4000)["period"], [-1, 3, 3, 6])


def test_log_07_where_periods_double():
    doubling = np.array([3, 3.449489743, 3.54409036, 3.564407266])
    before = np.array([2e-2, 5e-3, 1e-3, 1e-3])  # close to a flip a cycle is reached too slowly to be seen
    found = logistic(np.concatenate([doubling - before, doubling + 1e-3]), steps=4000)["period"]
    np.testing.assert_array_equal(found, [1, 2, 4, 8, 2, 4, 8, 16])


# ---- the quadratic maps --------------------------------------------------------------------------


def quadratic(c, start, steps: int) -> np.ndarray:
    c, start = np.broadcast_arrays(*np.atleast_1d(c, start))
    return measure("quadratic", ["trajectory"], {"c": c, "start": start}, steps=steps)["trajectory"]


def test_row_84_and_quad_01_fixed_points():
    """QUAD-01: fixed points and multipliers."""
    low, high = (1 - np.sqrt(0.4)) / 2, (1 + np.sqrt(0.4)) / 2
    path = quadratic(0.15, [0.0, high], 60)
    assert path[0, -1] == pytest.approx(0.183772, abs=1e-6)
    np.testing.assert_allclose(path[1, :10], high, rtol=1e-12)
    logs = measure("quadratic", ["log_jacobian_norm"], {"start": [low, high]}, c=0.15, steps=1)
    slopes = np.exp(logs["log_jacobian_norm"][:, 1])
    np.testing.assert_allclose(slopes, [0.367544468, 1.632455532], rtol=1e-9)


def test_row_85_where_the_cobweb_leads():
    """QUAD-01: the basin of the lower one ends between 0.8162 and 0.81623."""
    path = quadratic(0.15, [0.8, 0.8162, 0.81623, 0.82, 0.9], 100)
    np.testing.assert_allclose(path[:2, -1], 0.183772, atol=1e-6)
    first = np.argmax(~(np.abs(path) <= 1e6), axis=1)
    np.testing.assert_array_equal(first[2:], [30, 15, 9])


def test_row_83_the_logistic_map_in_other_coordinates():
    """c = r/2 - r^2/4 and z = r (1/2 - x): the same orbit."""
    x = measure("logistic", ["trajectory"], r=3.5, start=0.3, steps=20)["trajectory"][0]
    z = quadratic(3.5 / 2 - 3.5**2 / 4, 3.5 * (0.5 - 0.3), 20)
    np.testing.assert_allclose(z[0], 3.5 * (0.5 - x), atol=1e-9)


def escapes(re, im, steps: int) -> np.ndarray:
    run = prepare(
        "complex_quadratic", observables=["escape_time"], fixed={"steps": steps}, varied=["c_re", "c_im"]
    )
    re, im = np.broadcast_arrays(np.asarray(re, dtype=float), np.asarray(im, dtype=float))
    found = run.evaluate({"c_re": re.ravel().copy(), "c_im": im.ravel().copy()})["escape_time"]
    return found.reshape(re.shape)


def test_row_83_escape_times():
    """From z_0 = 0, which the lecture leaves out: without it the set is not defined."""
    re = [0.15, 0.25, -0.75, -1, -1.3125, -2, 0, 0.26, -2.01, 0.4]
    im = [0, 0, 0, 0, 0, 0, 1, 0, 0, 0.4]
    found = escapes(re, im, 3000 if INTERPRETED else 100_000)
    np.testing.assert_array_equal(found, [-1, -1, -1, -1, -1, -1, -1, 30, 1, 9])


@pytest.mark.compiled
@pytest.mark.parametrize(("steps", "area"), [(100, 1.547), (1000, 1.5099)])
def test_row_83_the_area_of_the_mandelbrot_set(steps: int, area: float):
    """Pixels that do not escape on a 1200 x 1200 grid; the limit is 1.50659 (MAN-01)."""
    re, im = np.meshgrid(np.linspace(-2.0, 0.5, 1200), np.linspace(-1.25, 1.25, 1200))
    inside = np.mean(escapes(re, im, steps) == -1) * 2.5**2
    assert inside == pytest.approx(area, abs=3e-3)


NECK = [(1e-1, 33), (1e-2, 315), (1e-3, 3143), (1e-4, 31417), (1e-5, 314160)]


@pytest.mark.parametrize(("eps", "count"), NECK[: 2 if INTERPRETED else 5])
def test_man_08_pi_in_the_seahorse_neck(eps: float, count: int):
    """c = -0.75 + i eps escapes after n steps with n eps -> pi."""
    assert abs(int(escapes(-0.75, eps, 2 * count)) - count) <= 1


@pytest.mark.parametrize(
    ("angle", "root", "period"),
    [(1 / 3, -0.125 + 0.6495190528j, 3), (1 / 4, 0.25 + 0.5j, 4), (1 / 2, -0.75, 2)],
)
def test_man_07_bulbs_on_the_cardioid(angle: float, root: complex, period: int):
    """At the root of the bulb p/q a fixed point becomes a cycle of q."""
    turn = np.exp(2j * np.pi * angle)
    assert turn / 2 - turn**2 / 4 == pytest.approx(root, abs=1e-9)
    outward = (
        turn / 2 * (1 - turn)
    )  # across the cardioid: along the derivative by the modulus of the multiplier
    outward *= 0.03 / abs(outward)
    c = np.array([root - outward, root + outward])
    columns = {"c_re": c.real, "c_im": c.imag}
    settings = {"steps": 3000, "max_period": 12, "tolerance": 1e-9}
    found = measure("complex_quadratic", ["period"], columns, **settings)
    np.testing.assert_array_equal(found["period"], [1, period])


# ---- the Henon map -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("point", "rate"), [((0.631354477, 0.189406343), 1.923738857), ((-1.131354477, -0.339406343), None)]
)
def test_hen_04_fixed_points(point: tuple[float, float], rate: float | None):
    """HEN-04. Both closed forms, both unstable; at x+ the eigenvalues are -1.923738857 and 0.155946323."""
    sign = 1 if rate else -1
    x = (-0.7 + sign * np.sqrt(0.49 + 4 * 1.4)) / 2.8
    np.testing.assert_allclose((x, 0.3 * x), point, atol=1e-8)
    names = ["trajectory", "log_jacobian_norm", "log_singular_values"]
    found = measure("henon", names, start=[x, 0.3 * x], steps=20)
    np.testing.assert_allclose(found["trajectory"][0, 1], [x, 0.3 * x], rtol=1e-14)
    logs = found["log_jacobian_norm"][0]
    jacobian = np.array([[-2.8 * x, 1.0], [0.3, 0.0]])
    growth = np.abs(np.linalg.eigvals(jacobian)).max()
    assert (logs[20] - logs[10]) / 10 == pytest.approx(np.log(growth), abs=1e-6)
    assert found["log_singular_values"][0].sum() == pytest.approx(20 * np.log(0.3), rel=1e-13)
    if rate:
        np.testing.assert_allclose(
            np.sort(np.linalg.eigvals(jacobian)), [-1.923738857, 0.155946323], atol=1e-8
        )
        assert growth == pytest.approx(rate, abs=1e-8)
