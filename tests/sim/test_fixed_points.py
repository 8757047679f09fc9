"""Fixed points and cycles of maps of one number: published numbers and rows of the lectures."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sim.fixed import COMPLETE, KIND, SYSTEMS, find, there


def test_log_01_and_rows_84_to_89_kinds_go_by_the_modulus():
    """LOG-01. Row 88 and 89: the lecture asks for f' > 1 and f' < 1. At r = 3.5 the slope -1.5 < 1 is of a
    source."""
    found = find("logistic", {"r": [2.8, 3.5]}, interval=(0.0, 1.0))
    np.testing.assert_allclose(
        found["fixed_points"][:, :2], [[0.0, 1 - 1 / 2.8], [0.0, 5 / 7]], rtol=0, atol=1e-14
    )
    np.testing.assert_allclose(found["multiplier"][:, :2], [[2.8, -0.8], [3.5, -1.5]], rtol=0, atol=1e-14)
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
    """LOG-02, LOG-03: cycles of 2 and 4, and the multiplier 0.16."""
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
    """LOG-12: 1 + sqrt 8."""
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


def test_slow_points_of_one_number():
    """x^2 + c - x is least at 1/2, where it is c - 1/4, and f' = 1."""
    c = np.array([0.2, 0.25, 0.25 + 1e-12, 0.25001, 0.26, 0.3])
    found = find("quadratic", {"c": c}, slow=1e-3, interval=(-2.0, 2.0))
    np.testing.assert_array_equal(found["count"], [2, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(found["open"], [0, 1, 0, 0, 0, 0])
    np.testing.assert_array_equal(found["completeness"], [1, COMPLETE["undecided"], 1, 1, 1, 1])
    slow = KIND["slow_point"]
    np.testing.assert_array_equal(found["stability"][:, 0], [KIND["sink"], 0, slow, slow, slow, -1])
    np.testing.assert_allclose(found["fixed_points"][2:5, 0], 0.5, atol=1e-12)
    np.testing.assert_allclose(found["multiplier"][2:5, 0], 1.0, atol=1e-12)
    np.testing.assert_array_equal(found["period"][2:5, 0], -1)
    np.testing.assert_array_equal(found["index"], 0)
    none, one = (find("quadratic", c=0.26, slow=slow, interval=(-2.0, 2.0)) for slow in (4.9e-5, 5.1e-5))
    assert not len(there(none))  # there q = 0.01^2 / 2 is 5e-5
    assert there(one) == pytest.approx([0.5], abs=1e-12)


def test_slow_points_beside_fixed_points_and_of_cycles():
    """A sigmoid unit beyond its fold, against the minima of |g| on a grid; three of the third iterate."""
    w = np.array([5.0, 6.0, 8.0])
    b = -2.655610339 - np.array([1e-3, 0.0, 0.0]) + np.array([0.0, -0.6, -1.9])
    found = find("rnn", {"w": w, "b": b}, activation="sigmoid", slow=2e-3, interval=(0.0, 1.0))
    x = np.linspace(0.0, 1.0, 100_001)
    for i in range(3):
        g = 1 / (1 + np.exp(-(w[i] * x + b[i]))) - x
        inner = np.abs(g[1:-1])
        least = (inner < np.abs(g[:-2])) & (inner < np.abs(g[2:])) & (g[:-2] * g[2:] > 0.0)
        wanted = x[1:-1][least & (inner**2 / 2 <= 2e-3)]
        slow = there(found, i)[there(found, i, "stability") == KIND["slow_point"]]
        np.testing.assert_allclose(slow, wanted, atol=1e-5)
    assert (found["stability"][0] == KIND["slow_point"]).sum() == 1
    assert found["count"][0] == 1
    third = find("logistic", r=1 + np.sqrt(8) - 1e-6, cycle=3, slow=1e-8, interval=(0.0, 1.0))
    slow = there(third)[there(third, name="stability") == KIND["slow_point"]]
    assert slow == pytest.approx([0.159929, 0.514355, 0.956318], abs=1e-4)
    assert third["count"] == 2


def test_a_minimum_on_a_kink_is_a_slow_point_and_a_jump_is_none(tmp_path):
    text = """
from typing import NamedTuple

from sim.functions import where
from sim.generic import step


class Vee(NamedTuple):
    low: float = 0.01


@step.register
def _(p: Vee, s, x):
    return s + abs(s - 0.3) + p.low + where(s < 0.6, 0.0, -0.25)
"""
    (tmp_path / "vee.py").write_text(text)
    found = find("./vee.py", folder=tmp_path, slow=1e-2, interval=(0.0, 1.0))
    assert there(found) == pytest.approx([0.3], abs=1e-9)
    assert there(found, name="stability") == [KIND["slow_point"]]


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
    """SCL-07, SCL-08. The folds of w sigma(x) + b in closed form; they meet in the cusp (4, -2)."""
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
    """SCL-03: the pitchfork. SCL-04: 0.957504024. SCL-05: the cycle of two."""
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
    """SCL-01, SCL-02."""
    w = np.array([1.2, 1.5, 2.0, 3.0, 5.0])
    fold = np.sqrt(w * (w - 1)) - np.arctanh(np.sqrt(1 - 1 / w))
    np.testing.assert_allclose(
        fold, [0.05639058531, 0.2075464553, 0.5328399754, 1.303273908, 3.02850048], atol=1e-8
    )
    columns = {"w": np.tile(w, 4), "b": np.concatenate([fold - 1e-9, fold + 1e-9, 1e-9 - fold, -1e-9 - fold])}
    found = find("rnn", columns, interval=(-1.0, 1.0))
    np.testing.assert_array_equal(found["count"].reshape(4, 5), np.repeat([[3], [1], [3], [1]], 5, axis=1))


def test_wc_01_three_states_of_a_rate_model():
    """WC-01."""
    settings = {"dt": 0.1, "interval": (-1.0, 2.0), "folder": SYSTEMS}
    found = find("euler", flow="./wilson_cowan.py", **settings)
    np.testing.assert_allclose(there(found), [0.0415367, 0.4471192, 0.8997172], atol=1e-7)
    np.testing.assert_array_equal(
        there(found, name="stability"), [KIND["sink"], KIND["source"], KIND["sink"]]
    )
    assert found["completeness"] == COMPLETE["exact"]


@pytest.mark.parametrize("k", [4, 6])
def test_where_iterates_overflow_nothing_is_undecided(k: int):
    """The Ricker map sends what is below 0 to -inf in a few steps: no fixed point is there, and 0 is one.
    Counted by signs; what has overflowed is below.
    """
    r = np.array([1.95, 2.3, 2.58, 2.9])
    found = find("./ricker.py", {"r": r}, SYSTEMS, interval=(-0.05, 12.0), cycle=k, branches=64)
    s = np.linspace(-0.05, 12.0, 400_001) + 1e-7
    image = np.tile(s, (len(r), 1))
    with np.errstate(over="ignore"):
        for _ in range(k):
            image = image * np.exp(r[:, None] * (1.0 - image))
    np.testing.assert_array_equal(found["count"], (np.diff(np.sign(image - s), axis=1) != 0).sum(axis=1))
    assert (found["completeness"] == COMPLETE["exact"]).all()
    assert (found["fixed_points"][:, 0] == 0.0).all()
