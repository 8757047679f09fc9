"""Fixed points and cycles: published numbers, rows of the lectures, and laws that the counts must obey."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

from sim.errors import Refused
from sim.fixed_points.kinds import COMPLETENESS, STABILITY
from sim.run import prepare

SYSTEMS = Path(__file__).parent.parent / "systems"
KIND = {word: code for code, word in STABILITY.items()}
COMPLETE = {word: code for code, word in COMPLETENESS.items()}


def find(system: str, columns: dict[str, object] | None = None, folder: Path | None = None, **fixed: object):
    """The fixed points of a run of one step, short names without their prefix; `__` stands for the dot."""
    settings = {"steps": 1} | {name.replace("__", "."): value for name, value in fixed.items()}
    task = settings.pop("task", "silence")
    varied = {name: np.atleast_1d(np.asarray(column)) for name, column in (columns or {}).items()}
    run = prepare(
        system, task=task, observables=["fixed_points"], fixed=settings, varied=list(varied), folder=folder
    )
    found = run.evaluate(varied)
    assert (found["outcome"] == 1).all()
    return {name.removeprefix("fixed_points_"): values for name, values in found.items()}


def there(found: dict[str, np.ndarray], cell: int = 0, name: str = "fixed_points") -> np.ndarray:
    """What stands in the table of a cell."""
    return found[name][cell][found["stability"][cell] >= 0]


def matrix(W: object, **other: object) -> dict[str, object]:
    """The settings of a network with this matrix."""
    return {"units": len(W), "weights": "matrix", "weights__matrix": W, **other}


# ---- maps of one number: published numbers and rows -----------------------------------------------


def test_log_01_and_rows_84_to_89_kinds_go_by_the_modulus():
    """Row 88 and 89: the lecture asks for f' > 1 and f' < 1. At r = 3.5 the slope -1.5 < 1 is of a source."""
    found = find("logistic", {"r": [2.8, 3.5]}, interval=(0.0, 1.0))
    np.testing.assert_allclose(found["fixed_points"][:, :2], [[0.0, 1 - 1 / 2.8], [0.0, 5 / 7]], atol=1e-14)
    np.testing.assert_allclose(found["multiplier"][:, :2], [[2.8, -0.8], [3.5, -1.5]], atol=1e-13)
    wanted = [[KIND["source"], KIND["alternating_sink"]], [KIND["source"], KIND["alternating_source"]]]
    np.testing.assert_array_equal(found["stability"][:, :2], wanted)
    np.testing.assert_array_equal(found["count"], [2, 2])
    np.testing.assert_array_equal(found["completeness"], COMPLETE["exact"])
    quadratic = find("quadratic", c=0.15, interval=(-2.0, 2.0))  # QUAD-01
    np.testing.assert_allclose(there(quadratic), [0.183772234, 0.816227766], atol=5e-10)
    slopes = there(quadratic, name="multiplier")
    np.testing.assert_allclose(slopes, [0.367544468, 1.632455532], atol=1e-9)
    np.testing.assert_array_equal(there(quadratic, name="stability"), [KIND["sink"], KIND["source"]])


def test_row_87_a_curve_that_touches_the_diagonal_is_undecided():
    found = find("quadratic", {"c": [0.24, 0.25, 0.26]}, interval=(-2.0, 2.0))
    np.testing.assert_array_equal(found["count"], [2, 0, 0])
    np.testing.assert_array_equal(found["open"], [0, 1, 0])
    np.testing.assert_array_equal(found["completeness"], [1, COMPLETE["undecided"], 1])
    assert there(found, 1) == pytest.approx([0.5], abs=1e-7)
    assert there(found, 1, "stability") == [KIND["undecided"]]


def test_log_02_and_03_and_row_82_cycles():
    two = find("logistic", r=3.2, cycle=2, interval=(0.0, 1.0))
    np.testing.assert_allclose(there(two), [0, 0.5130445095, 0.6875, 0.7994554905], atol=5e-10)
    np.testing.assert_allclose(there(two, name="multiplier")[1], 0.16, atol=1e-12)
    np.testing.assert_array_equal(there(two, name="period"), [1, 2, 1, 2])
    four = find("logistic", r=3.5, cycle=4, interval=(0.0, 1.0))
    period, x = there(four, name="period"), there(four)
    np.testing.assert_allclose(x[period == 4], [0.382820, 0.500884, 0.826941, 0.874997], atol=6e-7)
    np.testing.assert_allclose(there(four, name="multiplier")[period == 4], -0.030500, atol=5e-7)
    assert set(there(four, name="stability")[period == 4]) == {KIND["alternating_sink"]}
    np.testing.assert_allclose(x[period == 2], [3 / 7, 6 / 7], atol=1e-13)
    np.testing.assert_allclose(there(four, name="multiplier")[period == 2], 1.25**2, atol=1e-11)
    np.testing.assert_array_equal(np.bincount(period), [0, 2, 2, 0, 4])


def test_row_82_flips_and_log_12_the_fold_of_the_third_iterate():
    e = 1e-6
    twice = find("logistic", {"r": [3 - e, 3 + e]}, cycle=2, interval=(0.0, 1.0))
    np.testing.assert_array_equal(twice["count"], [2, 4])
    fourfold = find("logistic", {"r": 1 + np.sqrt(6) + [-e, e]}, cycle=4, interval=(0.0, 1.0))
    np.testing.assert_array_equal(fourfold["count"], [4, 8])
    third = find("logistic", {"r": 1 + np.sqrt(8) + np.array([-e, 0.0, e])}, cycle=3, interval=(0.0, 1.0))
    np.testing.assert_array_equal(third["count"], [2, 2, 8])
    np.testing.assert_array_equal(third["open"], [0, 3, 0])  # each point of the cycle is born by a touch
    cycle = third["period"][2] == 3
    assert sorted(third["stability"][2][cycle]) == [KIND["sink"]] * 3 + [KIND["source"]] * 3
    assert third["fixed_points"][1][third["stability"][1] == 0] == pytest.approx(
        [0.159929, 0.514355, 0.956318], abs=1e-6
    )


@pytest.mark.parametrize("k", [3, 6])
def test_all_points_of_the_logistic_map_at_four(k: int):
    """x = sin^2(pi j / (2^k -+ 1)): 2^k points, whose multipliers are -+2^k (4^k at 0)."""
    found = find("logistic", r=4.0, cycle=k, interval=(0.0, 1.0), branches=64)
    j = np.arange(2 ** (k - 1))
    wanted = (
        np.sin(np.pi * np.concatenate([j / (2**k - 1), j[1:] / (2**k + 1), (j[-1:] + 1) / (2**k + 1)])) ** 2
    )
    assert found["count"] == 2**k
    np.testing.assert_allclose(there(found), np.sort(wanted), atol=1e-12)
    np.testing.assert_allclose(np.abs(there(found, name="multiplier")[1:]), 2.0**k, rtol=1e-7)
    points_of_period = {3: [0, 2, 0, 6], 6: [0, 2, 2, 6, 0, 0, 54]}[k]
    np.testing.assert_array_equal(np.bincount(there(found, name="period")), points_of_period)


def test_row_21_the_sigmoid_unit():
    """The lecture: it saturates to one value whatever w. Below w = -5.8696 it does not: period two."""
    w = [0, 0.5, 0.9, 1, 1.1, 1.5, 2, 3, 5]
    wanted = [0.5, 0.57088, 0.64019, 0.65905, 0.67835, 0.75680, 0.84395, 0.94445, 0.99307]
    found = find("rnn", {"w": np.array(w, dtype=float)}, activation="sigmoid", interval=(0.0, 1.0))
    np.testing.assert_array_equal(found["count"], 1)
    np.testing.assert_allclose(found["fixed_points"][:, 0], wanted, atol=6e-6)
    assert (found["stability"][:, 0] == KIND["sink"]).all()
    flip = find("rnn", {"w": [-5.868, -5.871]}, activation="sigmoid", interval=(0.0, 1.0), cycle=2)
    np.testing.assert_array_equal(flip["count"], [1, 3])
    ten = find("rnn", w=-10.0, activation="sigmoid", interval=(0.0, 1.0), cycle=2)
    np.testing.assert_allclose(there(ten)[[0, 2]], [0.0082, 0.4795], atol=6e-5)


def test_row_22_two_stable_values_of_one_unit():
    """The lecture: a value that depends on w and b alone. Above w = 4 there may be two: the start decides."""
    found = find(
        "rnn", {"w": [4, 5.0, 6, 8], "b": [-2, -2.5, -3, -4]}, activation="sigmoid", interval=(0.0, 1.0)
    )
    np.testing.assert_array_equal(found["count"], [0, 3, 3, 3])
    assert there(found, 0) == pytest.approx([0.5], abs=2e-3)  # the cusp: a threefold zero, undecided
    wanted = [[0.14479, 0.5, 0.85521], [0.07072, 0.5, 0.92928], [0.02125, 0.5, 0.97875]]
    np.testing.assert_allclose(found["fixed_points"][1:, :3], wanted, atol=6e-6)
    np.testing.assert_allclose(found["multiplier"][1:, 1], np.array([5, 6, 8]) / 4, atol=1e-13)
    for row in found["stability"][1:, :3]:
        np.testing.assert_array_equal(row, [KIND["sink"], KIND["source"], KIND["sink"]])


def test_scl_07_and_08_counts_inside_and_outside_the_folds_of_the_sigmoid():
    """The folds of w sigma(x) + b in closed form; they meet in the cusp (4, -2)."""
    w = np.array([4.2, 5.0, 8.0, 12.0])
    root = np.sqrt(w * (w - 4))
    log = 2 * np.log((np.sqrt(w) + np.sqrt(w - 4)) / 2)
    low, high = -log - (w - root) / 2, log - (w + root) / 2
    low, high = np.minimum(low, high), np.maximum(low, high)
    np.testing.assert_allclose([low[1], high[1]], [-2.655610339, -2.344389661], atol=1e-9)
    e = 1e-9
    b = np.stack([low - e, low + e, high - e, high + e], axis=1)
    columns = {"w": np.repeat(w, 4), "b": b.ravel()}
    found = find("ctrnn", columns, activation="sigmoid", alpha=1.0, interval=(-20.0, 20.0))
    np.testing.assert_array_equal(found["count"].reshape(4, 4), [[1, 3, 3, 1]] * 4)
    cusp = find("ctrnn", {"w": [4.0, 4.0], "b": [-2.001, -2.0]}, activation="sigmoid", alpha=1.0)
    np.testing.assert_array_equal(cusp["completeness"], [1, COMPLETE["undecided"]])


def test_row_23_and_scl_03_to_05_the_tanh_unit():
    w = np.array([0.9, 1.01, 1.05, 1.1, 1.2, 1.5, 2, 3, 5])
    wanted = [0.17166, 0.37071, 0.50294, 0.65857, 0.85856, 0.95750, 0.99490, 0.99991]
    found = find("rnn", {"w": w}, interval=(-1.0, 1.0))
    np.testing.assert_array_equal(found["count"], [1, 3, 3, 3, 3, 3, 3, 3, 3])
    np.testing.assert_allclose(found["fixed_points"][1:, 2], wanted, atol=6e-6)
    np.testing.assert_allclose(found["fixed_points"][1:, 0], -found["fixed_points"][1:, 2], atol=1e-14)
    assert found["fixed_points"][1, 2] == pytest.approx(np.sqrt(3 * 0.01 / 1.01**3), rel=0.01)
    assert found["fixed_points"][6, 2] == pytest.approx(0.9575040241, abs=1e-10)
    np.testing.assert_allclose(found["multiplier"][6, 1:3], [2.0, 0.1663720878], atol=1e-9)
    pitchfork = find("rnn", w=1.0, interval=(-1.0, 1.0))
    assert pitchfork["completeness"] == COMPLETE["undecided"]
    flipped = find("rnn", w=-2.0, interval=(-1.0, 1.0), cycle=2)
    np.testing.assert_allclose(there(flipped), [-0.9575040241, 0, 0.9575040241], atol=1e-10)
    np.testing.assert_array_equal(there(flipped, name="period"), [2, 1, 2])
    np.testing.assert_array_equal(
        find("rnn", {"w": [-0.999, -1.001]}, cycle=2, interval=(-1.0, 1.0))["count"], [1, 3]
    )


def test_scl_01_and_02_the_folds_of_tanh():
    w = np.array([1.2, 1.5, 2.0, 3.0, 5.0])
    fold = np.sqrt(w * (w - 1)) - np.arctanh(np.sqrt(1 - 1 / w))
    np.testing.assert_allclose(
        fold, [0.05639058531, 0.2075464553, 0.5328399754, 1.303273908, 3.02850048], atol=1e-8
    )
    columns = {"w": np.tile(w, 4), "b": np.concatenate([fold - 1e-9, fold + 1e-9, 1e-9 - fold, -1e-9 - fold])}
    found = find("rnn", columns, interval=(-1.0, 1.0))
    np.testing.assert_array_equal(found["count"].reshape(4, 5), np.repeat([[3], [1], [3], [1]], 5, axis=1))


def test_wc_01_three_states_of_a_rate_model():
    settings = {"dt": 0.1, "interval": (-1.0, 2.0), "folder": SYSTEMS}
    found = find("euler", flow="./wilson_cowan.py", **settings)
    np.testing.assert_allclose(there(found), [0.0415367, 0.4471192, 0.8997172], atol=1e-7)
    np.testing.assert_array_equal(
        there(found, name="stability"), [KIND["sink"], KIND["source"], KIND["sink"]]
    )
    assert found["completeness"] == COMPLETE["exact"]


# ---- laws of maps of one number -------------------------------------------------------------------

WAVES = """
from typing import NamedTuple

from sim.functions import sin, sigmoid
from sim.generic import step


class Waves(NamedTuple):
    a: float = 1.0
    b: float = 1.0
    c: float = 1.0


@step.register
def _(p: Waves, s, x):
    return sigmoid(p.a * sin(5.0 * s) + p.b * sin(17.0 * s + p.c) + p.c)
"""


@pytest.fixture(scope="module")
def waves(tmp_path_factory) -> tuple[Path, dict[str, np.ndarray]]:
    """Smooth maps of [0, 1] into itself, and their parameters."""
    folder = tmp_path_factory.mktemp("waves")
    (folder / "waves.py").write_text(WAVES)
    rng = np.random.default_rng(5)
    return folder, {name: rng.uniform(-6.0, 6.0, 100) for name in "abc"}


@pytest.mark.parametrize("cycle", [1, 2])
def test_as_many_points_as_a_fine_grid_sees_changes_of_sign(waves, cycle: int):
    folder, columns = waves
    found = find("./waves.py", columns, folder=folder, interval=(0.0, 1.0), cycle=cycle, branches=40)
    a, b, c = (columns[name][:, None] for name in "abc")
    x = np.broadcast_to(np.linspace(0.0, 1.0, 20_001), (100, 20_001))
    g = x
    for _ in range(cycle):
        g = wave(a, b, c, g)
    seen = (np.diff(np.sign(g - x), axis=1) != 0).sum(axis=1)
    np.testing.assert_array_equal(found["count"], seen)
    assert found["count"].max() >= 5
    assert (found["completeness"] == COMPLETE["exact"]).all()
    # Brouwer's degree: the signs of 1 - f' add up to 1 for a map of the interval into itself
    np.testing.assert_array_equal(found["index"], 1)
    cell, branch = np.nonzero(found["stability"] >= 0)
    here = found["fixed_points"][cell, branch]
    image, steepest = here, np.ones(len(here))
    for _ in range(cycle):
        one = [columns[name][cell] for name in "abc"]
        steepest *= np.maximum(1.0, np.abs(wave(*one, image + 1e-6) - wave(*one, image - 1e-6)) / 2e-6)
        image = wave(*one, image)
    # a number is known to its last place, and that grows along the orbit
    assert (np.abs(image - here) <= 4 * 2.3e-16 * (1.0 + steepest)).all()


def wave(a, b, c, x):
    """The map of `WAVES`."""
    return 1 / (1 + np.exp(-(a * np.sin(5 * x) + b * np.sin(17 * x + c) + c)))


def test_a_zero_is_where_brents_method_finds_it():
    found = find("rnn", w=6.0, b=-3.1, activation="sigmoid", interval=(0.0, 1.0))
    g = lambda h: 1 / (1 + np.exp(-(6.0 * h - 3.1))) - h  # noqa: E731
    edges = [0.0, 0.3, 0.7, 1.0]
    wanted = [brentq(g, a, b, xtol=1e-15) for a, b in pairwise(edges)]
    np.testing.assert_allclose(there(found), wanted, atol=1e-13)


def test_kinks_are_crossed_and_jumps_are_not():
    """relu has a corner at 0, where its fixed point is; a map that jumps over the diagonal has none there."""
    relu = find("rnn", {"w": [0.5, 2.0, 1.0], "b": [0.0, -1.0, 0.0]}, activation="relu", interval=(-1.0, 4.0))
    np.testing.assert_array_equal(relu["count"], [1, 2, 0])
    np.testing.assert_allclose(relu["fixed_points"][1, :2], [0.0, 1.0], atol=1e-14)
    np.testing.assert_array_equal(relu["completeness"], [1, 1, COMPLETE["undecided"]])  # w = 1: every h >= 0
    tent = find("./skew_tent.py", c=0.35, folder=SYSTEMS, interval=(0.0, 1.0), cycle=2)
    assert tent["count"] == 4
    np.testing.assert_allclose(there(tent)[[0, 2]], [0.0, 1 / 1.65], atol=1e-13)


JUMP = """
from typing import NamedTuple

from sim.functions import where
from sim.generic import step


class Jump(NamedTuple):
    low: float = 0.9
    high: float = 0.1


@step.register
def _(p: Jump, s, x):
    return where(s < 0.5, p.low + 0.0 * s, p.high)
"""


def test_a_jump_over_the_diagonal_is_no_fixed_point(tmp_path):
    (tmp_path / "jump.py").write_text(JUMP)
    over = find("./jump.py", folder=tmp_path, interval=(0.0, 1.0))
    assert over["count"] == 0
    assert over["completeness"] == COMPLETE["undecided"]
    assert there(over) == pytest.approx([0.5], abs=1e-8)
    beside = find("./jump.py", low=0.1, high=0.9, folder=tmp_path, interval=(0.0, 1.0))
    np.testing.assert_allclose(there(beside), [0.1, 0.5, 0.9], atol=1e-8)
    np.testing.assert_array_equal(there(beside, name="stability"), [KIND["sink"], 0, KIND["sink"]])


# ---- maps and networks of several numbers ---------------------------------------------------------


def test_hen_04_the_fixed_points_of_henon():
    found = find("henon", start=0.1)
    wanted = [[-1.131354477, -0.339406343], [0.631354477, 0.189406343]]
    np.testing.assert_allclose(there(found), wanted, atol=1e-9)
    np.testing.assert_allclose(
        there(found, name="eigenvalues")[1, :, 0], [-1.923738858, 0.1559463223], atol=1e-8
    )
    np.testing.assert_array_equal(there(found, name="stability"), [KIND["saddle"]] * 2)
    assert found["completeness"] == COMPLETE["searched"]
    cycle = find("henon", start=0.1, cycle=2)
    assert (there(cycle, name="period") == [1, 2, 1, 2]).all()


ROW_90 = [
    ([[2.0, 0.0], [0.0, 2.0]], 9, 4, [0.957504, 0.957504]),
    ([[2.0, 0.1], [0.1, 2.0]], 9, 4, [0.966, 0.966]),
    ([[1.5, -0.5], [-0.5, 1.5]], 3, 2, [0.957504, -0.957504]),
    ([[3.0, 1.0], [1.0, 3.0]], 9, 4, [0.999326, 0.999326]),
    ([[1.2, -1.0], [1.0, 1.2]], 1, 0, None),
]


@pytest.mark.parametrize(("W", "count", "sinks", "last"), ROW_90, ids=[str(W) for W, *_ in ROW_90])
def test_row_90_attractors_and_everything_between_them(W, count: int, sinks: int, last: list[float] | None):
    found = find("rnn", **matrix(W, start=0.1))
    kinds = there(found, name="stability")
    assert found["count"] == count
    assert (kinds == KIND["sink"]).sum() == sinks
    points = there(found)
    np.testing.assert_allclose(np.tanh(points @ np.transpose(W)), points, atol=1e-12)
    np.testing.assert_allclose(np.sort(points, axis=0), np.sort(-points, axis=0), atol=1e-6)
    if last is not None:
        nearest = np.abs(points - last).max(axis=1).min()
        assert nearest < 5e-5
    if count != 3:  # of the third matrix the origin is neutral: its larger eigenvalue is 1
        assert found["index"] == 1
    else:
        assert (kinds == KIND["neutral"]).sum() == 1
    if last is None:
        np.testing.assert_array_equal(kinds, [KIND["unstable_focus"]])  # and around it a limit cycle


def test_fpf_2_and_row_17_and_row_140():
    two = find("rnn", **matrix([[1.0, -1.0], [-1.0, 1.0]], start=0.1))  # W = -roll(linspace(-1, 1))
    np.testing.assert_allclose(there(two), 0.95750402 * np.outer([-1, 0, 1], [1, -1]), atol=1e-8)
    swapped = find("rnn", **matrix([[0.0, -2.0], [-2.0, 0.0]], start=0.1, cycle=2))
    both = np.abs(there(swapped) - [0.95750402, 0.95750402]).max(axis=1).argmin()
    assert there(swapped, name="period")[both] == 2  # (.9575, .9575) <-> (-.9575, -.9575)
    W = [[1, 0, 0, 0.4], [0.9, 0, 0.6, 0.5], [0, 0, 0, 0.3], [0, 0.8, 0, 0.7]]
    four = find("rnn", **matrix(W, start=0.5))
    np.testing.assert_allclose(there(four)[-1], [0.82362, 0.86760, 0.25267, 0.86087], atol=6e-6)
    at_zero = there(four, name="eigenvalues")[1]
    np.testing.assert_allclose(at_zero[:, 0], [1.46415, 0.59249, -0.17832, -0.17832], atol=6e-6)
    sigmoid = find("rnn", **matrix(W, start=0.5, activation="sigmoid"))
    np.testing.assert_allclose(there(sigmoid), [[0.7399, 0.7993, 0.5570, 0.7639]], atol=6e-5)


def test_bee_01_a_centre_crossing_network_has_all_outputs_at_one_half():
    """Our state carries the bias (s = y + theta), so that y_i = sum_j w_ij / 2 is s = 0."""
    W = np.array([[4.5, 1.0], [-1.0, 4.5]])
    biases = (-W.sum(axis=1) / 2).tolist()
    settings = matrix(W.tolist(), b=biases, activation="sigmoid", alpha=0.1, interval=(-6.0, 6.0))
    found = find("ctrnn", **settings)
    nearest = there(found)[np.abs(there(found)).max(axis=1).argmin()]
    np.testing.assert_allclose(nearest, 0.0, atol=1e-13)
    assert found["index"] == 1


def test_lor_05_the_wings_of_lorenz_and_the_attractors_of_grebogi():
    rho = 10 * (10 + 8 / 3 + 3) / (10 - 8 / 3 - 1)
    assert rho == pytest.approx(24.7368, abs=5e-5)
    box = {"dt": 1e-3, "interval": (-40.0, 40.0)}
    found = find("euler", flow="./lorenz.py", flow__rho=rho, folder=SYSTEMS, **box)
    x = np.sqrt(8 / 3 * (rho - 1))
    np.testing.assert_allclose(there(found), [[-x, -x, rho - 1], [0, 0, 0], [x, x, rho - 1]], atol=1e-9)
    assert x == pytest.approx(7.95602, abs=5e-6)
    grebogi = find("./grebogi.py", folder=SYSTEMS, interval=(-1.0, 4.0), branches=32)  # like BAS-08
    for wanted in ([0.0, -0.3], [np.pi, 0.3]):
        gap = np.abs(there(grebogi) - wanted).max(axis=1)
        assert gap.min() < 1e-12
        # the published condition |1 + 2a - 4b| < 1 leaves out the coupling: the eigenvalue is that plus J
        assert there(grebogi, name="stability")[gap.argmin()] == KIND["sink"]
        largest = there(grebogi, name="eigenvalues")[gap.argmin(), 0]
        np.testing.assert_allclose(largest, [1 + 2 * 1.32 - 4 * 0.9 + 0.3, 0.0], atol=1e-12)


def test_slow_points_are_minima_that_are_no_zeros():
    """Just beyond its fold x^2 + c has no fixed point, but x = 1/2 is nearly one (Sussillo & Barak 2013)."""
    W = [[1.2, -1.0], [1.0, 1.2]]
    fold = np.sqrt(2.0) - np.arctanh(np.sqrt(0.5))
    fixed = matrix([[2.0, 0.0], [0.0, 2.0]], b=[fold + 1e-4, 0.0], start=0.1)
    assert (there(find("rnn", **fixed), name="stability") != KIND["slow_point"]).all()
    found = find("rnn", **fixed, slow=1e-6)
    slow = there(found, name="stability") == KIND["slow_point"]
    assert slow.sum() == 3  # beside each of the three fixed points of the other unit
    assert found["count"] == 3
    np.testing.assert_allclose(there(found)[slow][:, 0], -np.sqrt(0.5), atol=2e-3)
    speed = there(found, name="speed")
    np.testing.assert_allclose(speed[slow], (1e-4 * 0.5) ** 2 / 2, rtol=0.05)
    assert (speed[~slow] < 1e-25).all()
    assert (there(find("rnn", **matrix(W, slow=1e-9)), name="stability") == KIND["unstable_focus"]).all()


def test_searches_find_what_is_certain_in_one_number():
    """A pair of units that do not see each other: the products of what one has."""
    w, b = 5.0, -2.5
    one = find("rnn", w=w, b=b, activation="sigmoid", interval=(0.0, 1.0))
    both = find("rnn", **matrix([[w, 0.0], [0.0, w]], b=b, activation="sigmoid", start=0.1))
    x = there(one)
    np.testing.assert_allclose(there(both), [[p, q] for p in x for q in x], atol=1e-12)
    assert both["index"] == one["index"] ** 2 == 1


def test_the_indices_of_bounded_networks_add_up_to_one():
    """Brouwer's degree in eight dimensions: a point that a search missed would be missed in the sum."""
    found = find("rnn", {"seed": np.arange(24)}, units=8, weights__gain=1.6)
    np.testing.assert_array_equal(found["index"], 1)
    assert (found["count"] % 2 == 1).all()  # 0, and the others in pairs +-s
    assert found["count"].max() >= 5


def test_where_gates_are_shut_nothing_is_a_fixed_point_by_itself():
    """u h + (1 - u) c is h to the last place where u is 1: far out every state seems to stand still."""
    gru = find("gru", {"seed": np.arange(12)}, units=2, start="gaussian")
    np.testing.assert_array_equal(gru["count"], 1)
    np.testing.assert_array_equal(gru["index"], 1)
    assert (gru["completeness"] == COMPLETE["searched"]).all()
    line = find("rnn", **matrix([[1.0, 0.0], [0.0, 0.5]], activation="identity", b=[0.0, 0.5]), slow=1e-300)
    assert line["count"] == 0
    assert line["completeness"] == COMPLETE["continuum"]  # found by search, not by regions
    assert there(line)[0, 1] == pytest.approx(1.0, abs=1e-9)


def test_every_cell_of_a_unit_has_certain_points():
    """Gated units: one fixed point or three, as the index theorem wants."""
    for system, gates in (("gru", ("w_r", "w_u")), ("mgu", ("w_f",))):
        found = find(
            system, {"w_c": np.append(np.linspace(-8.0, 8.0, 40), -6.0)}, **dict.fromkeys(gates, 1.0)
        )
        assert set(found["count"].tolist()) == {1, 3}
        np.testing.assert_array_equal(found["index"], 1)
        assert (found["completeness"] == COMPLETE["exact"]).all()
        assert found["stability"][-1, 0] == KIND["neutral"]  # at -6 the slope at 0 is -1


# ---- piecewise-linear networks: every one ---------------------------------------------------------


def test_exact_and_searched_agree_on_networks_of_straight_pieces():
    """Region by region every fixed point is found; Newton's method from many states finds no other."""
    seeds = {"seed": np.arange(40)}
    settings = {"units": 5, "activation": "relu", "b": "gaussian", "weights__gain": 1.5, "start": "gaussian"}
    exact = find("rnn", seeds, **settings)
    found = find("rnn", seeds, **settings, slow=1e-300, searches=100, interval=(-4.0, 4.0))
    assert (exact["completeness"] == COMPLETE["exact"]).all()
    assert (found["completeness"] == COMPLETE["searched"]).all()
    assert (found["count"] <= exact["count"]).all()
    assert (found["count"] == exact["count"]).mean() > 0.9
    assert len(set(exact["count"].tolist())) >= 3
    for i in range(40):
        for point in there(found, i):
            assert np.abs(there(exact, i) - point).max(axis=1).min() < 1e-8


@pytest.mark.parametrize(("activation", "count"), [("relu", 4), ("leaky_relu", 4), ("identity", 1)])
def test_regions_of_two_units(activation: str, count: int):
    found = find("rnn", **matrix([[2.0, 0.0], [0.0, 2.0]], b=-1.0, activation=activation))
    assert found["count"] == count
    assert found["completeness"] == COMPLETE["exact"]
    np.testing.assert_allclose(there(found)[-1], [1.0, 1.0], atol=1e-14)
    stepped = find("ctrnn", **matrix([[2.0, 0.0], [0.0, 2.0]], b=-1.0, alpha=0.3, activation=activation))
    assert stepped["count"] == count


def test_a_continuum_is_named_as_one():
    found = find("rnn", **matrix([[1.0, 0.0], [0.0, 1.0]], activation="relu"))
    assert found["count"] == 0
    assert found["open"] == 1
    assert found["completeness"] == COMPLETE["continuum"]
    assert there(found, name="stability") == [KIND["continuum"]]
    line = find("rnn", **matrix([[1.0, 0.0], [0.0, 0.5]], activation="relu", b=[0.0, 1.0]))
    assert line["completeness"] == COMPLETE["continuum"]
    np.testing.assert_allclose(there(line)[0, 1], 2.0, atol=1e-9)
    edge = find("rnn", **matrix([[1.0, 0.0], [0.0, 0.5]], activation="relu", b=[-1.0, 1.0]))
    assert edge["completeness"] == COMPLETE["exact"]  # the line lies outside its region
    assert edge["count"] == 1


# ---- the numbers of a cell are its own ------------------------------------------------------------


def test_bits_do_not_depend_on_the_tile():
    columns = {"weights.gain": np.linspace(0.5, 2.5, 7), "seed": np.arange(7)}
    cases = [
        ("rnn", {"units": 3}, columns),
        ("rnn", {"units": 3, "activation": "relu", "b": 0.3}, columns),
        ("logistic", {"cycle": 3, "interval": (0.0, 1.0)}, {"r": np.linspace(3.6, 4.0, 7)}),
    ]
    for system, fixed, given in cases:
        run = prepare(system, observables=["fixed_points"], fixed={"steps": 1} | fixed, varied=list(given))
        together = run.evaluate(given)
        for part in ([3], [6, 2, 0]):
            alone = run.evaluate({name: column[part] for name, column in given.items()})
            for name, values in alone.items():
                assert values.tobytes() == together[name][part].tobytes(), name


def test_more_searches_keep_what_fewer_have_found():
    few, many = (find("rnn", units=4, weights__gain=2.0, searches=n)["count"][0] for n in (8, 128))
    assert many >= few


REFUSED = [
    ({"interval": (1.0,)}, "parameters.interval", "write its two ends"),
    ({"interval": (1.0, 0.0)}, "parameters.interval", "the lower one first"),
    ({"cycle": 0}, "parameters.cycle", "from 1 to 64"),
    ({"branches": 0}, "parameters.branches", "from 1 to 4096"),
    ({"searches": 0}, "parameters.searches", "from 1 to"),
    ({"slow": -1.0}, "parameters.slow", "0 for no slow points"),
    ({"task": "white_noise"}, "observables", "changes with time"),
]


@pytest.mark.parametrize(("wish", "place", "text"), REFUSED, ids=[str(wish) for wish, *_ in REFUSED])
def test_wrong_wishes_are_refused(wish: dict[str, object], place: str, text: str):
    with pytest.raises(Refused, match=text) as refusal:
        find("rnn", w=1.0, **({"steps": 3} | wish))
    assert refusal.value.problems[0].place == place


def test_random_systems_and_networks_of_layers_have_no_fixed_points():
    with pytest.raises(Refused, match="draws random numbers"):
        find("lstm", units=2, dropout="candidate", keep_probability=0.5)
    constant = find("rnn", task="constant", w=0.5, interval=(-1.0, 1.0))
    assert constant["count"] == 1
