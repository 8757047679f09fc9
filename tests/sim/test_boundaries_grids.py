"""Box dimensions and uncertainty of grids of labels: closed forms, BAS-01, JUL-03, MAN-01 and MAN-03."""

from __future__ import annotations

import numpy as np
import pytest

from sim.boundaries import grids, uncertainty, zoom
from sim.errors import Refused
from sim.run import prepare

ROOTS = np.exp(2j * np.pi * np.arange(3) / 3)


def newton(points: np.ndarray, steps: int = 40) -> np.ndarray:
    """To which root of z^3 = 1 Newton's method leads from points (n, 2)."""
    z = points[:, 0] + 1j * points[:, 1]
    with np.errstate(all="ignore"):
        for _ in range(steps):
            z = z - (z**3 - 1) / (3 * z**2)
    z = np.where(np.isfinite(z), z, 0)
    return np.argmin(np.abs(z[:, None] - ROOTS), axis=1)


def plane(label, n: int, low: float = -1.0, high: float = 1.0) -> np.ndarray:
    """Labels on an n x n grid."""
    side = np.linspace(low, high, n)
    x, y = np.meshgrid(side, side, indexing="ij")
    return label(np.stack([x.ravel(), y.ravel()], axis=1)).reshape(n, n)


def cantor(points: np.ndarray) -> np.ndarray:
    """The step of the open tripling map (x -> 3x mod 1, the middle third is a way out) at which x leaves,
    modulo 2.

    The boundary of its intervals is Cantor's set, of dimension ln 2 / ln 3.
    """
    x, left = points[:, 0].copy(), np.zeros(len(points), dtype=int)
    away = np.zeros(len(points), dtype=bool)
    for t in range(1, 60):
        out = ~away & (x > 1 / 3) & (x < 2 / 3)
        left[out] = t % 2
        away |= out
        x = np.where(x > 0.5, 3 * x - 2, 3 * x)
        x = np.where(away, 0.5, x)
    return left


def ball(points: np.ndarray) -> np.ndarray:
    """Inside or outside of a circle or sphere off the grid."""
    return (((points - 0.031) ** 2).sum(axis=1) < 0.55).astype(int)


# ---- grids ---------------------------------------------------------------------------------------


def test_bas_01_uncertainty_exponent_of_newtons_fractal():
    """300 x 300 points of [-1, 1]^2, boxes of 5 to 30 cells: between 0.55 and 0.65."""
    labels = plane(newton, 300)
    found = grids.uncertainty_exponent(labels, range(5, 31))
    assert 0.55 < found.value < 0.65
    assert found.low < found.value < found.high
    box = grids.box_dimension(labels, range(5, 31))
    assert box.value == pytest.approx(2 - found.value, abs=0.02)


@pytest.mark.parametrize("slope", [0.0, 0.37])
def test_straight_lines_have_dimension_one_exactly_where_they_follow_the_grid(slope: float):
    x, y = np.meshgrid(np.arange(257.0), np.arange(257.0), indexing="ij")
    found = grids.box_dimension(y - 100.5 - slope * x)
    assert found.value == pytest.approx(1.0, abs=1e-12 if slope == 0.0 else 0.02)
    assert found.low <= 1.0 <= found.high
    np.testing.assert_array_equal(found.scales, [32, 16, 8, 4, 2, 1])


def test_one_and_three_dimensions():
    x = np.linspace(0, 1, 1025)
    points = grids.box_dimension(np.sin(9 * x))
    assert points.value == pytest.approx(0.0, abs=1e-12)
    side = np.linspace(-1, 1, 97)
    cube = np.stack(np.meshgrid(side, side, side, indexing="ij"), axis=-1).reshape(-1, 3)
    sphere = grids.box_dimension(ball(cube).reshape(97, 97, 97))
    assert sphere.value == pytest.approx(2.0, abs=0.06)


def test_a_boundary_of_cantors_set_on_a_grid():
    x = np.linspace(0, 1, 3**9 + 1)[:, None]
    found = grids.box_dimension(cantor(x), 3 ** np.arange(1, 7))
    assert found.value == pytest.approx(np.log(2) / np.log(3), abs=0.02)


def escaped(x: np.ndarray, y: np.ndarray, steps: int) -> np.ndarray:
    """Escape times of z^2 + c from z = 0."""
    names = ["c_re", "c_im"]
    run = prepare("complex_quadratic", observables=["escape_time"], fixed={"steps": steps}, varied=names)
    columns = dict(zip(names, (x.ravel().copy(), y.ravel().copy()), strict=True))
    return run.evaluate(columns)["escape_time"].reshape(x.shape)


@pytest.mark.compiled
def test_man_01_and_03_areas_of_the_mandelbrot_set_and_its_largest_parts():
    """MAN-01, MAN-03: 1000 x 1000 pixels, 2000 iterations: 1.5066 within 0.006; cardioid and disc 1.37445."""
    side_x, side_y = -2.0 + 2.5 * (np.arange(1000) + 0.5) / 1000, 1.25 * (np.arange(1, 1000, 2)) / 1000
    x, y = np.meshgrid(side_x, side_y, indexing="ij")  # the upper half: the lower one is its mirror image
    inside = escaped(x, y, steps=2000) == -1
    assert inside.mean() * 6.25 == pytest.approx(1.506591885, abs=0.006)
    root = np.sqrt(1 - 4 * (x + 1j * y))
    parts = (np.abs(1 - root) < 1) | (np.abs(x + 1 + 1j * y) < 0.25)
    assert inside[parts].all()
    assert parts.mean() * 6.25 == pytest.approx(3 * np.pi / 8 + np.pi / 16, abs=0.004)


def test_jul_03_the_julia_set_of_a_square_is_a_circle():
    """JUL-03."""
    side = np.linspace(-1.6, 1.6, 513)
    x, y = np.meshgrid(side, side, indexing="ij")
    z = x + 1j * y
    for _ in range(60):
        z = np.where(np.abs(z) < 1e3, z * z, z)
    found = grids.box_dimension((np.abs(z) < 1e3).astype(int))
    assert found.value == pytest.approx(1.0, abs=0.04)


# ---- by trying -----------------------------------------------------------------------------------


def test_errors_of_shares_of_the_same_starts_belong_together():
    """Over 200 seeds the exponent of a straight boundary scatters as its error says: with errors taken for
    independent from scale to scale it scattered 1.7 times as far, and 15 of 100 intervals missed 1.
    """

    def half(p):
        return (p[:, 0] < 0.5).astype(int)

    scales = np.geomspace(1e-3, 1e-1, 9)
    found = [uncertainty.perturbed(half, [0, 0], [1, 1], scales, 2000, seed) for seed in range(200)]
    scatter = np.std([one.value for one in found])
    # 200 normal numbers tell their deviation to 5 %, and an error is known to some per cent
    assert np.mean([one.error for one in found]) == pytest.approx(scatter, rel=0.2)
    assert np.mean([one.low <= 1.0 <= one.high for one in found]) > 0.93


def test_perturbed_starts_give_the_exponents_of_smooth_and_of_fractal_boundaries():
    """A circle: 1. Cantor's set: 1 - ln 2 / ln 3 = 0.369. Intervals cover them."""
    smooth = uncertainty.perturbed(ball, [-1, -1], [1, 1], 2.0 ** -np.arange(2, 9), points=8000)
    assert smooth.low < 1.0 < smooth.high
    assert smooth.error < 0.05
    scales = 3.0 ** -np.arange(4, 12)
    fractal = uncertainty.perturbed(cantor, 0.0, 1.0, scales, points=20_000)
    assert fractal.value == pytest.approx(1 - np.log(2) / np.log(3), abs=0.03)
    assert fractal.low < 1 - np.log(2) / np.log(3) < fractal.high
    assert fractal.value == uncertainty.perturbed(cantor, 0.0, 1.0, scales, points=20_000).value


# ---- zoom ----------------------------------------------------------------------------------------


def test_zoom_follows_a_circle_over_thirteen_decades():
    found = zoom.zoomed_dimension(ball, [-1, -1], [1, 1], start=16, most=150)
    assert found.value == pytest.approx(1.0, abs=0.02)
    assert found.low < 1.0 < found.high
    assert found.decades > 12.5


def test_zoom_follows_cantors_set_until_its_labels_end():
    """The map is iterated exactly for about 33 steps; decades down to 3e-12 have dimension ln 2 / ln 3."""
    found = zoom.zoomed_dimension(cantor, 0.0, 1.0, start=81, most=400, depth=30)
    assert found.value == pytest.approx(np.log(2) / np.log(3), abs=0.025)
    assert found.low < np.log(2) / np.log(3) < found.high
    assert found.decades > 8


def test_zoom_and_grid_agree_on_newtons_fractal():
    """And memory is bounded: no level follows more boxes than it may."""
    deep = zoom.zoomed_dimension(newton, [-1, -1], [1, 1], start=16, most=120, depth=8)
    flat = grids.box_dimension(plane(newton, 513))
    assert deep.value == pytest.approx(flat.value, abs=0.08)
    assert deep.value == pytest.approx(1.42, abs=0.06)
    for level in zoom.levels(newton, [-1, -1], [1, 1], start=8, most=100, depth=5):
        assert len(level.corners) <= 100


# ---- wrong input ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.ones((40, 40), int), "no boundary: every cell has the same label"),
        (np.ones((40, 40)), "no boundary: every cell has the same sign"),
        (np.full((40, 40), np.nan), "1600 of 1600 numbers are not finite"),
        (np.zeros((4, 4, 4, 4)), "1 to 3 dimensions"),
        (np.eye(9, dtype=int), "3 or more are needed"),
        (np.eye(9, dtype=complex), "real numbers are needed"),
    ],
)
def test_maps_that_cannot_be_measured_say_why(labels: np.ndarray, message: str):
    with pytest.raises(Refused, match=message):
        grids.box_dimension(labels)


def test_functions_that_cannot_be_measured_say_why():
    with pytest.raises(Refused, match="same label"):
        zoom.levels(lambda p: np.zeros(len(p), int), [0, 0], [1, 1], start=4)
    with pytest.raises(Refused, match="every side must rise"):
        zoom.levels(ball, [0, 1], [1, 1])
    with pytest.raises(Refused, match="one label for each"):
        zoom.levels(lambda p: np.zeros(3), [0, 0], [1, 1])
    with pytest.raises(Refused, match="whole numbers"):
        uncertainty.perturbed(lambda p: p[:, 0] / 3, 0.0, 1.0, [0.1, 0.2, 0.3])
    with pytest.raises(Refused, match="some but not all"):
        uncertainty.perturbed(lambda p: np.zeros(len(p), int), 0.0, 1.0, [0.1, 0.2, 0.3], points=100)
    with pytest.raises(Refused, match="write whole numbers of steps"):
        grids.box_dimension(plane(newton, 60), [1, 2, 100])
