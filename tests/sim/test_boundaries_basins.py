"""Basins on grids: rows BAS-09, BAS-10, BAS-11, BAS-16, the entropy of smooth and fractal boundaries,
Wada."""

from __future__ import annotations

import numpy as np
import pytest

from sim.boundaries import basins, edges
from sim.errors import Refused
from tests.sim.test_boundaries_grids import newton, plane


def test_bas_09_fractions_and_tipping():
    """BAS-09: Attractors.jl, tipping_points_tests.jl."""
    np.testing.assert_array_equal(basins.fractions([[1, 2], [2, 1]]).shares, [0.5, 0.5])
    found = basins.tipping([[1, 1], [1, 2]], [[1, 2], [2, 1]])
    np.testing.assert_allclose(found, [[1 / 3, 2 / 3], [1, 0]], atol=1e-12)
    stability = basins.fractions(np.random.default_rng(0).random(10_000) < 0.3)
    np.testing.assert_allclose(stability.errors, np.sqrt(0.21 / 10_000), rtol=0.02)
    assert abs(stability.shares[1] - 0.3) < 3 * stability.errors[1]


def test_bas_10_entropy_of_a_checkerboard_and_of_a_straight_boundary():
    """BAS-10: Daza et al. 2016."""
    x, y = np.meshgrid(np.arange(100), np.arange(100), indexing="ij")
    board = basins.basin_entropy((x + y) % 2, 10)
    assert board.basin == pytest.approx(np.log(2), abs=1e-12)
    assert board.boundary == pytest.approx(np.log(2), abs=1e-12)
    assert not board.fractal
    half = basins.basin_entropy((x >= 45).astype(int), 10)
    np.testing.assert_allclose(half.boxes[4], np.log(2), atol=1e-12)
    assert half.boxes.sum() == pytest.approx(10 * np.log(2), abs=1e-12)
    assert half.basin == pytest.approx(np.log(2) / 10, abs=1e-12)
    assert basins.basin_entropy((x >= 50).astype(int), 10).boundary == 0.0


def test_entropy_falls_with_the_box_as_the_uncertainty_exponent_says():
    """Daza et al. 2016: S ~ eps^alpha; those of Newton's fractal exceed ln 2, as fractal ones may."""
    labels = plane(newton, 400)
    entropies = [basins.basin_entropy(labels, size) for size in (4, 8, 16)]
    rise = np.diff(np.log([e.basin for e in entropies])) / np.log(2)
    assert (rise > 0.4).all()
    assert (rise < 0.8).all()
    assert entropies[0].fractal


def test_basins_of_newton_are_wada_and_stripes_are_not():
    assert basins.wada_distance(plane(newton, 301)) <= 3
    stripes = np.repeat([0, 1, 2], 50)[:, None] * np.ones((1, 60), int)
    assert basins.wada_distance(stripes) > 40
    halves = np.where(np.arange(60) < 30, 0, 1) * np.ones((60, 1), int)
    halves[:10] = 2  # its boundary meets theirs, which goes on for 49 cells
    assert basins.wada_distance(halves) == 49.0
    with pytest.raises(Refused, match="three on"):
        basins.wada_distance(np.eye(30, dtype=int))


def test_bas_11_shocks_that_basins_stand():
    """BAS-11: x >= 0 leads to (1, 1), the rest to (-1, -1), on {-1, 0, 1}^2."""
    side = np.array([-1.0, 0.0, 1.0])
    grid = np.stack(np.meshgrid(side, side, indexing="ij"), axis=-1).reshape(-1, 2)
    labels = np.where(grid[:, 0] >= 0, 1, 2)
    found = basins.shocks(grid, labels, {1: [1.0, 1.0], 2: [-1.0, -1.0]})
    np.testing.assert_allclose(basins.fractions(labels).shares, [2 / 3, 1 / 3], atol=1e-12)
    np.testing.assert_allclose(found.minimal_critical, [2, 1], atol=1e-12)
    np.testing.assert_allclose(found.maximal_noncritical, [np.sqrt(5), 2], atol=1e-12)
    alone = basins.shocks(grid, np.ones(9, int), {1: [[1.0, 1.0], [0.0, 0.0]]})
    assert alone.minimal_critical[0] == np.inf
    assert alone.maximal_noncritical[0] == pytest.approx(np.sqrt(2))


# ---- edges ---------------------------------------------------------------------------------------


def cubic(u: np.ndarray) -> np.ndarray:
    return 2 * u - u**3


def side(u: np.ndarray) -> np.ndarray:
    """To which of the attractors +-1 the cubic map leads."""
    for _ in range(200):
        u = cubic(u)
    return (u[:, 0] > 0).astype(int)


def test_bas_16_the_edge_state_of_the_cubic_map():
    """BAS-16: Attractors.jl, edgetracking_tests.jl."""
    low, high = edges.bisect(side, [[-1.0]], [[1.0]])
    assert abs(low[0, 0]) < 1e-9
    assert abs(high[0, 0] - low[0, 0]) <= 1e-12
    found = edges.track(cubic, side, [[-0.9], [-0.3], [0.4]], [[0.7], [0.8], [-1.1]])
    np.testing.assert_allclose(found.state, 0.0, atol=1e-9)
    assert found.settled.all()


def saddle(points: np.ndarray) -> np.ndarray:
    """x' = 2x - x^3 + y/4, y' = y/2: the edge is the stable line of the saddle (0, 0), x = -y/6 + ..."""
    x, y = points[:, 0], points[:, 1]
    return np.stack([2 * x - x**3 + 0.25 * y, 0.5 * y], axis=1)


def leads(points: np.ndarray) -> np.ndarray:
    for _ in range(150):
        points = saddle(points)
    return (points[:, 0] > 0).astype(int)


def test_tracks_run_along_the_edge_into_the_saddle_many_at_once():
    draw = np.random.default_rng(0)
    y = draw.uniform(-0.8, 0.8, 20)
    left, right = np.stack([-0.9 + 0 * y, y], axis=1), np.stack([0.9 + 0 * y, y], axis=1)
    a, b = edges.bisect(leads, left, right)
    assert (leads(a) != leads(b)).all()
    np.testing.assert_allclose(a[np.abs(y) < 0.2][:, 0], -y[np.abs(y) < 0.2] / 6, atol=2e-3)
    found = edges.track(saddle, leads, left, right, rounds=60)
    np.testing.assert_allclose(found.state, 0.0, atol=1e-8)
    assert found.settled.all()
    alone = edges.track(saddle, leads, left[3:4], right[3:4], rounds=60)
    np.testing.assert_array_equal(alone.state[0], found.state[3])
    for rounds, settled in ((3, False), (22, False), (40, True)):  # y is halved a round: 1e-9 after some 29
        assert (edges.track(saddle, leads, left, right, rounds=rounds).settled == settled).all()


def test_bisection_ends_where_float64_ends():
    a, b = edges.bisect(lambda p: (p[:, 0] >= 0.1).astype(int), [[0.0]], [[1.0]], tolerance=0.0)
    assert b[0, 0] == 0.1
    assert a[0, 0] == np.nextafter(0.1, 0.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: edges.bisect(side, [[0.5], [0.2]], [[0.7], [-0.1]]), "1 of 2 pairs have one label"),
        (lambda: edges.bisect(side, [[0.5]], [[np.nan]]), "finite points"),
        (lambda: basins.tipping([1, 2], [1, 2, 3]), "the same grid"),
        (lambda: basins.fractions([0.5, 1.0]), "whole numbers"),
        (lambda: basins.basin_entropy(np.eye(4, dtype=int), 9), "write 1 to 4"),
        (lambda: basins.shocks([[0.0], [1.0]], [1, 2, 3], {}), "with labels"),
    ],
)
def test_basins_that_cannot_be_measured_say_why(call, message: str):
    with pytest.raises(Refused, match=message):
        call()
