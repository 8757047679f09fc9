"""Dimensions of sets of points: rows DIM-01, DIM-03, DIM-05, and sets whose dimension is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from sim.boundaries import points
from sim.boundaries.fits import line
from sim.errors import Refused


def chaos_game(corners: np.ndarray, ratio: float, n: int, seed: int = 0) -> np.ndarray:
    """Points of the set that is made of copies of itself shrunk toward corners: digits, as many as count."""
    chosen = np.random.default_rng(seed).integers(len(corners), size=(40, n))
    x = np.zeros((n, corners.shape[1]))
    for row in chosen:
        x = ratio * x + (1 - ratio) * corners[row]
    return x


TRIANGLE = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 1.0]])
SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
CARPET = np.array([(i / 2, j / 2) for i in range(3) for j in range(3) if (i, j) != (1, 1)])


@pytest.mark.parametrize(
    ("corners", "ratio", "base", "wanted"),
    [
        (TRIANGLE, 1 / 2, 2, 1.584962501),
        (SQUARE, 1 / 3, 3, 1.261859507),
        (CARPET, 1 / 3, 3, 1.892789261),
    ],
    ids=["triangle", "dust", "carpet"],
)
def test_dim_05_box_dimensions_of_self_similar_sets(corners, ratio, base, wanted):
    """DIM-05: Hutchinson's ln(copies) / ln(1 / ratio), to 0.03 in boxes of their own ratio;
    in halves, where counts of dust swing, within the interval.
    """
    cloud = chaos_game(corners, ratio, 120_000)
    own = points.generalised_dimension(
        cloud, 0.0, 1.0 / base ** np.arange(1, 6 if base == 3 else 8), origin=[0, 0]
    )
    assert own.value == pytest.approx(wanted, abs=0.03)
    halves = points.box_dimension(cloud)
    assert halves.value == pytest.approx(wanted, abs=0.08)
    assert halves.low < wanted < halves.high


def test_generalised_dimensions_of_an_uneven_measure():
    """A quarter and three quarters of the mass on halves: D_q = log2(0.25^q + 0.75^q) / (1 - q)."""
    bits = np.random.default_rng(1).random((30, 100_000)) < 0.75
    x = (bits * 0.5 ** np.arange(1, 31)[:, None]).sum(axis=0)
    sizes = 0.5 ** np.arange(2, 10)
    for q in (0.0, 1.0, 2.0):
        entropy = -(0.25 * np.log2(0.25) + 0.75 * np.log2(0.75))
        wanted = entropy if q == 1.0 else np.log2(0.25**q + 0.75**q) / (1 - q)
        assert points.generalised_dimension(x, q, sizes, origin=[0.0]).value == pytest.approx(
            wanted, abs=0.02
        )


def test_dim_01_correlation_sums_of_a_circle():
    """DIM-01: FractalDimensions.jl, test/correlationdim.jl."""
    turn = 2 * np.pi * np.arange(100) / 100
    circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
    sums = points.correlation_sum(circle, [0.13, 0.07])
    np.testing.assert_allclose(sums, [4 / 99, 2 / 99], rtol=0, atol=1e-12)  # 0.0404040404, 0.0202020202


def test_dim_03_correlation_sums_of_two_points():
    """DIM-03: from there too."""
    np.testing.assert_array_equal(points.correlation_sum([[0, 0], [0.5, 0.5]], [0.1, 1.0]), [0, 1])


def test_correlation_sums_with_a_window_leave_neighbours_in_time_out():
    path = np.cumsum(np.random.default_rng(2).standard_normal((60, 2)), axis=0)
    far = np.subtract.outer(np.arange(60), np.arange(60))[np.triu_indices(60, 1)]
    apart = pdist(path)
    for window in (0, 1, 7):
        kept = apart[-far > window]
        for radius in (0.5, 2.0):
            found = points.correlation_sum(path, radius, window)[0]
            assert found == pytest.approx(np.mean(kept <= radius), abs=1e-14)


def test_correlation_dimensions():
    """A line 1, a square 2, Henon's attractor 1.22 (Grassberger & Procaccia 1983: 1.21 +- 0.01)."""
    draw = np.random.default_rng(3)
    assert points.correlation_dimension(draw.random(4000)).value == pytest.approx(1.0, abs=0.03)
    assert points.correlation_dimension(draw.random((4000, 2))).value == pytest.approx(2.0, abs=0.06)
    x, y = 0.1, 0.1
    orbit = []
    for _ in range(8100):
        x, y = 1 - 1.4 * x * x + y, 0.3 * x
        orbit.append((x, y))
    assert points.correlation_dimension(orbit[100:], window=5).value == pytest.approx(1.22, abs=0.04)


def test_intervals_of_slopes_cover_as_often_as_they_say():
    """95 % of 4000 lines with independent errors: within 94 to 96."""
    draw = np.random.default_rng(4)
    x = np.arange(6.0)
    inside = []
    for y in 0.7 * x + draw.standard_normal((4000, 6)):
        slope, error, reach = line(x, y)
        inside.append(abs(slope - 0.7) <= reach * error)
    assert 0.94 < np.mean(inside) < 0.96


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: points.box_dimension([[0.0, np.inf], [1.0, 1.0]]), "not finite"),
        (lambda: points.box_dimension(np.zeros((9, 2))), "one point"),
        (lambda: points.box_dimension([[0.0, 1.0]]), "n of 2 or more"),
        (lambda: points.box_dimension(np.random.default_rng(0).random((50, 3))), "too few"),
        (lambda: points.box_dimension(np.arange(99.0), [0.1, 0.2]), "needs 3 or more"),
        (lambda: points.box_dimension(np.arange(99.0), [0.1, -0.2, 0.3]), "finite and positive"),
        (lambda: points.correlation_sum([0.0, 1.0, 2.0], 1.0, window=2), "write 0 to 1"),
        (lambda: points.correlation_dimension(np.arange(50.0), [0.1, 0.2, 0.3]), "no pair is nearer"),
    ],
)
def test_sets_that_cannot_be_measured_say_why(call, message: str):
    with pytest.raises(Refused, match=message):
        call()
