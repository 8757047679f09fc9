"""Published numbers of complex maps, all of them through runs: MAN-04, JUL-03, BAS-01."""

from __future__ import annotations

import numpy as np
import pytest

from sim.boundaries import grids
from sim.run import prepare
from tests.conftest import INTERPRETED
from tests.sim.fixed import KIND, SYSTEMS, find, there

PAIR = -0.1225611668766536 + 0.7448617666197442j
NUCLEI = {
    3: np.array([-1.7548776662466927, PAIR, PAIR.conjugate(), 0.0]),
    4: np.array([-1.9407998065294848, -1.3107026413368329, -1.0, 0.0]),
}


@pytest.mark.parametrize("period", NUCLEI)
def test_man_04_nuclei_of_the_mandelbrot_set(period: int):
    """MAN-04: roots of c^3 + 2 c^2 + c + 1, and the real ones of period 4; there are 2^(p - 1) with those of
    the divisors. Fixed points of Newton's method, superattracting every one.
    """
    found = find("./nuclei.py", folder=SYSTEMS, period=period, interval=(-2.0, 2.0))
    c = there(found) @ [1.0, 1.0j]
    assert len(c) == 2 ** (period - 1)
    assert np.abs(there(found, name="eigenvalues")).max() < 1e-5
    apart = np.abs(c[:, None] - NUCLEI[period])
    assert apart.min(axis=0).max() < 1e-12
    assert (np.abs(c.imag) < 1e-12).sum() == np.isreal(NUCLEI[period]).sum()


def test_man_04_at_a_nucleus_the_critical_point_is_a_superstable_cycle():
    """MAN-04: the multiplier of the cycle is 0, that of its neighbours is not."""
    c = NUCLEI[3][:3]
    columns = {"c_re": c.real, "c_im": c.imag}
    found = find("complex_quadratic", columns, cycle=3, interval=(-2.0, 2.0))
    for i in range(3):
        points, periods = there(found, i), there(found, i, "period")
        critical = np.abs(points).max(axis=1).argmin()
        assert np.abs(points[critical]).max() < 1e-12
        assert periods[critical] == 3
        assert np.abs(there(found, i, "eigenvalues")[critical]).max() < 1e-6
        assert there(found, i, "stability")[critical] in (KIND["sink"], KIND["stable_focus"])


def grid(system: str, observable: str, side: np.ndarray, **settings: object) -> np.ndarray:
    """An observable over starts in a square, (x, y)."""
    x, y = (part.ravel().copy() for part in np.meshgrid(side, side, indexing="ij"))
    fixed = {name.replace("__", "."): value for name, value in settings.items()} | {"start": "plane"}
    run = prepare(
        system, observables=[observable], fixed=fixed, varied=["start.x", "start.y"], folder=SYSTEMS
    )
    return run.evaluate({"start.x": x, "start.y": y})[observable].reshape(len(side), len(side))


def test_jul_03_the_julia_set_of_z_squared():
    """JUL-03: the unit circle, between starts that escape and starts that do not."""
    settings = {"steps": 60, "c_re": 0.0, "c_im": 0.0}
    escaped = grid(
        "complex_quadratic", "escape_time", np.linspace(-1.6, 1.6, 257 if INTERPRETED else 513), **settings
    )
    found = grids.box_dimension(escaped >= 0)
    assert found.value == pytest.approx(1.0, abs=0.04)


def test_bas_01_the_basins_of_newtons_method():
    """BAS-01: 300 x 300 starts, boxes of 5 to 30 cells: between 0.55 and 0.65."""
    points = 90 if INTERPRETED else 300
    labels = grid("./newton.py", "basin", np.linspace(-1.0, 1.0, points), steps=80)
    assert set(np.unique(labels).tolist()) <= {-1, 1, 2, 3}
    assert (labels == -1).sum() <= 1  # 0 itself, where the points are odd
    if not INTERPRETED:
        assert 0.55 < grids.uncertainty_exponent(labels, range(5, 31)).value < 0.65
