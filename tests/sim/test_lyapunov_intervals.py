"""Intervals of exponents: they cover the truth as often as they say, whatever the correlation of batches; and
what the verdicts make of them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from sim.lyapunov.grown import Grown
from sim.lyapunov.intervals import VERDICTS, mean_and_error, quantile, variance_of_sum, verdict_of
from sim.lyapunov.quadratic_forms import forms
from sim.lyapunov.window import Keywords, Window, window_of
from sim.run import prepare

SYSTEMS = Path(__file__).parents[1] / "systems"
CELLS = 4096
NAME = "largest_lyapunov_exponent"


def covered(value: np.ndarray, error: np.ndarray, truth: float, batches: int = 64) -> float:
    """How often the 95 % interval holds the truth."""
    return float((np.abs(value - truth) <= quantile(batches) * error).mean())


def cells(system: str, **fixed) -> dict[str, np.ndarray]:
    """Independent cells: orbits of one system from many starts."""
    rng = np.random.default_rng(7)
    run = prepare(system, observables=[NAME], fixed=fixed, varied=["start"], folder=SYSTEMS)
    return run.evaluate({"start": rng.uniform(0.05, 0.95, CELLS)})


@pytest.mark.compiled
@pytest.mark.parametrize("batches", [48, 64, 128])
def test_intervals_cover_ln_2_of_the_logistic_map(batches: int):
    """Its log stretches are ln 2 and differences of a function of the state: sums over batches cancel, and
    the usual standard error of batch means is eight times too large."""
    found = cells("logistic", r=4.0, steps=4096, transient=256, batches=batches)
    value, error = found[NAME], found[f"{NAME}_error"]
    assert 0.93 <= covered(value, error, np.log(2.0), batches) <= 0.97
    assert (found[f"{NAME}_verdict"] == 1).all()


@pytest.mark.compiled
@pytest.mark.parametrize("c", [0.2, 0.35])
def test_intervals_cover_the_skew_tent_maps(c: float):
    """Independent stretches: -c ln c - (1 - c) ln(1 - c)."""
    found = cells("./skew_tent.py", c=c, steps=4096, transient=256)
    truth = -c * np.log(c) - (1 - c) * np.log1p(-c)
    assert 0.93 <= covered(found[NAME], found[f"{NAME}_error"], truth) <= 0.97


@pytest.mark.compiled
def test_intervals_cover_henons_exponents():
    """The truth is the mean over all cells of runs 24 times as long; both exponents, and the dimension."""
    rng = np.random.default_rng(3)
    names = ["lyapunov_spectrum", "kaplan_yorke_dimension"]
    varied = ["start.x", "start.y"]
    columns = {name: rng.uniform(-0.1, 0.1, CELLS) for name in varied}
    fixed = {"transient": 500, "start": "plane"}
    short, long = (
        prepare("henon", observables=names, fixed=fixed | {"steps": steps}, varied=varied)
        for steps in (6900, 165_600)
    )
    found, truth = short.evaluate(columns), long.evaluate({k: v[:1024] for k, v in columns.items()})
    for name in names:
        exact = truth[name].mean(axis=0)
        held = np.abs(found[name] - exact) <= quantile(64) * found[f"{name}_error"]
        assert ((held.mean(axis=0) >= 0.93) & (held.mean(axis=0) <= 0.97)).all(), (name, held.mean(axis=0))


# ---- the estimator alone ---------------------------------------------------------------------------


def series(rng, count: int, size: int, independent: float, ends: float, ahead: float = 0.0) -> np.ndarray:
    """Sums over batches: independent parts, differences of what stands at the ends, neighbours alike."""
    e = rng.normal(size=(count + 1, size))
    g = rng.normal(size=(count + 1, size))
    return independent * e[1:] + ends * np.diff(g, axis=0) + ahead * (e[1:] + e[:-1])


@pytest.mark.parametrize(("independent", "ends", "ahead"), [(1, 0, 0), (1, 8, 0), (1, 1, 0), (0, 0, 1)])
@pytest.mark.parametrize("count", [64, 128])
def test_the_variance_of_a_sum_knows_its_correlation(count, independent, ends, ahead):
    batches = series(np.random.default_rng(5), count, 4000, independent, ends, ahead)
    value, error = mean_and_error(batches, 1.0)
    assert 0.92 <= covered(value, error, 0.0, count) <= 0.97


@pytest.mark.parametrize("shape", [0.3, 1.0])
def test_intervals_cover_where_few_batches_hold_what_is_rare(shape: float):
    """As long laminar phases are: sums of the gamma distribution, skewed by 2 / sqrt(shape). The narrower one
    was covered 91 % of the time.
    """
    rng = np.random.default_rng(17)
    value, error = mean_and_error(-rng.gamma(shape, size=(64, 8000)), 1.0)
    assert 0.93 <= covered(value, error, -shape) <= 0.97


def test_quadratic_forms_are_those_of_rows_in_numpy_bit_for_bit():
    """x^T C^-1 x and 1^T C^-1 x from C = L D L^T, and from the matrix itself."""
    rng = np.random.default_rng(11)
    rows, below = rng.normal(size=(12, 37)), np.array([0.0] + [-0.4] * 11)
    pivots = 1.0 + 0.1 * np.arange(12.0)
    ones = [1.0]
    for i in range(1, 12):
        ones.append(1.0 - below[i] * ones[-1])
    inverse, one = 1.0 / pivots, np.array(ones) / pivots
    along, squares, sums = forms(rows, np.zeros(rows.shape[1]), below[None], inverse[None], one[None])
    rest, first, second = np.zeros(37), np.zeros(37), np.zeros(37)
    for row, beside, d, o in zip(rows, below, inverse, one, strict=True):
        rest = rest * -beside + row
        first, second = first + rest * o, second + rest * rest * d
    assert (along[0] == first).all()
    assert (squares[0] == second).all()
    factor = np.eye(12) + np.diag(below[1:], -1)
    solved = np.linalg.solve(factor @ np.diag(pivots) @ factor.T, rows)
    np.testing.assert_allclose(squares[0], (rows * solved).sum(axis=0), rtol=1e-12)
    np.testing.assert_allclose(along[0], solved.sum(axis=0), rtol=0, atol=1e-12)
    np.testing.assert_allclose(sums, [(rows**2).sum(axis=0), (rows**3).sum(axis=0)], rtol=0, atol=1e-12)


def test_an_error_does_not_depend_on_neighbours():
    batches = np.random.default_rng(1).normal(size=(64, 33))
    together = variance_of_sum(batches)
    for i in (0, 7, 32):
        assert variance_of_sum(batches[:, i : i + 1])[0].tobytes() == together[i].tobytes()
        assert mean_and_error(batches[:, i], 3.0)[0].tobytes() == mean_and_error(batches, 3.0)[0][i].tobytes()


def test_constant_batches_have_no_error_and_infinite_ones_none_at_all():
    value, error = mean_and_error(np.array([[0.5, -np.inf, np.nan]] * 16), 1.0)
    np.testing.assert_array_equal(value, [0.5, -np.inf, np.nan])
    np.testing.assert_array_equal(error, [0.0, np.nan, np.nan])


def verdict(batches, resolution: float = 0.01) -> str:
    """The word for one cell."""
    return VERDICTS[int(verdict_of(np.asarray(batches, dtype=float)[:, None], 1.0, resolution)[0])]


def test_verdicts():
    noise = np.random.default_rng(2).normal(size=64)
    assert verdict(0.5 + 0.1 * noise) == "chaotic"
    assert verdict(-0.5 + 0.1 * noise) == "stable"
    assert verdict(0.01 * (noise - noise.mean())) == "neutral"
    assert verdict(noise - noise.mean()) == "not_converged"
    assert verdict(np.zeros(64)) == "neutral"
    assert verdict(np.full(64, 1e-14)) == "neutral"  # nothing but rounding
    assert verdict(np.full(64, -np.inf)) == "stable"
    assert verdict([np.nan] * 64) == "diverged"
    assert verdict(np.where(np.arange(64) < 32, 0.4, -0.2)) == "not_converged"  # it drifts through zero
    assert verdict(np.where(np.arange(64) < 4, -0.9, -0.2)) == "stable"  # a transient that changes nothing
    assert verdict([0.3, 0.2]) == "not_converged"  # of two batches nothing is known


@pytest.mark.parametrize(
    ("power", "word"), [(-2.1, "stable"), (-1.9, "neutral"), (0.9, "neutral"), (1.1, "chaotic")]
)
def test_growth_and_decay_up_to_generic_powers_of_time_are_neutral(power: float, word: str):
    """A tangent like t^p stretches by p times the log of the time over the window: folds have p = -2, shear
    1."""
    elapsed, batches = np.log(1000.0), 64
    each = np.full((batches, 1), power * elapsed / batches)
    found = verdict_of(each, 100.0, 0.01, algebraic=float(elapsed))
    assert VERDICTS[int(found[0])] == word


def grown(
    size=(1.0, 1.0, 1.0), place=(0.0, 1.0, 2.0), stretch: float = 0.5, spread: float = 1.0, every: int = 1
):
    """Of one cell: four batches of ten steps, two exponents so far apart a step."""
    logs = 10.0 * np.array([stretch, stretch - spread])[None, :, None] * np.ones((4, 1, 1))
    column = (np.array(part)[:, None] for part in (size, place))
    return Grown(logs, *column, 10.0, 10.0, 10, every)


@pytest.mark.parametrize(("growth", "unfolded"), [(9.0, False), (11.0, True)])
def test_a_state_that_has_grown_by_more_than_e_to_the_ten_grows_without_bound(growth: float, unfolded: bool):
    """`size` is a squared norm; the growth counts where it is half as much as that of tangents, at least."""
    bounded = grown(size=(1.0, 1.0, np.exp(2.0 * growth)), stretch=0.1)
    assert bounded.unfolded(np.array([0.1])).tolist() == [unfolded]
    assert not bounded.unfolded(np.array([0.8])).any()  # tangents have grown by 24


def test_an_orbit_that_stands_still_is_unfolded_and_one_that_moves_is_not():
    assert grown(place=(0.0, 2.0, 2.0)).unfolded(np.array([0.5])).all()
    assert not grown(place=(2.0, 2.0, 1.0)).unfolded(np.array([0.5])).any()
    assert not grown(place=(0.0, 2.0, 2.0), size=(1.0, 1.0, 4.0)).unfolded(np.array([0.5])).any()


def test_what_falls_behind_by_more_than_rounding_between_two_orthonormalisations_is_lost():
    """1e-12.6 is e^-29: at one a step after 29 steps, also where the logs are finite numbers."""
    assert grown(every=1).lost is None
    assert grown(every=28).lost.tolist() == [[False], [False]]
    assert grown(every=30).lost.tolist() == [[False], [True]]


def test_a_tenth_of_the_run_is_no_part_of_the_window():
    facts = SimpleNamespace(steps=1000)
    tenth, same, fifth = (window_of(Keywords(transient=t), facts) for t in (-1, 100, 200))
    assert tenth == same == Window(1000 - 64 * 14, 64, 14, 1)
    assert fifth.transient == 1000 - 64 * 12


def test_the_quantile_is_students():
    assert quantile(64) == pytest.approx(2.0369333434601, rel=1e-12)  # 32 degrees of freedom
    assert quantile(4) == pytest.approx(4.302652729911275, rel=1e-9)
