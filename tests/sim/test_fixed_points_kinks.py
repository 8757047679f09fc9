"""Fixed points on kinks: no Jacobian, but regions that meet there, and orbits that go through them."""

from __future__ import annotations

import numpy as np
import pytest

from sim.run import prepare
from tests.sim.fixed import COMPLETE, KIND, find, matrix, there

LEAK = 0.01


def relu(z: np.ndarray, leak: float = 0.0) -> np.ndarray:
    return np.where(z > 0.0, z, leak * z)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
@pytest.mark.parametrize("W", [[[1.5, 1.0], [1.0, 1.5]], [[2.0, 0.0], [0.0, 0.5]], [[2.0, 0.0], [0.0, -3.0]]])
def test_a_ray_that_grows_makes_a_saddle_of_zero(activation: str, W: list[list[float]]):
    """Along (1, 1), or along (1, 0), h grows by 2.5 or 2 a step; (-1, -1) or (0, 1) shrinks or dies."""
    found = find("rnn", **matrix(W, activation=activation))
    assert found["count"] == 1
    assert found["completeness"] == COMPLETE["exact"]
    assert there(found, name="stability") == [KIND["saddle"]]
    assert np.isnan(there(found, name="eigenvalues")).all()
    grown = np.full(2, 1e-6) if W[0][1] else np.array([1e-6, 0.0])
    for _ in range(50):
        grown = relu(W @ grown, LEAK if activation == "leaky_relu" else 0.0)
    assert np.abs(grown).max() > 1e8


def test_a_common_norm_makes_a_sink_and_its_inverse_a_source():
    assert there(find("rnn", **matrix([[0.5, -0.4], [0.3, 0.5]], activation="relu")), name="stability") == [
        KIND["sink"]
    ]
    # no single step contracts, but every product of six does
    far = find("rnn", **matrix([[0.5, -2.0], [0.0, 0.5]], activation="relu"))
    assert there(far, name="stability") == [KIND["sink"]]
    steep = find("rnn", **matrix([[120.0, -130.0], [130.0, 120.0]], activation="leaky_relu"))
    assert there(steep, name="stability") == [KIND["source"]]


MIXED = """
from typing import NamedTuple

from sim.functions import where
from sim.generic import step, units


class Mixed(NamedTuple):
    turn: float = 0.9


@units.register
def _(p: Mixed):
    return ("x", "y")


@step.register
def _(p: Mixed, s, x):
    x, y = s
    a = {x}
    b = {y}
    return 0.9 * a - 0.4 * b, 0.7 * a + b
"""
SPELLED = [
    ("where(x > 0.0, x, -2.0 * x)", "where(x <= 0.0, -2.0 * x, x)"),
    ("where(y > 0.0, 0.3 * y, y)", "where(y <= 0.0, y, 0.3 * y)"),
]


@pytest.mark.parametrize("turned", [(0.9, -0.4), (0.5, 0.8), (-1.1, 0.3)])
def test_a_kink_is_the_same_whichever_way_it_is_compared(tmp_path, turned: tuple[float, float]):
    """z > 0 or not z <= 0, in either number, in all four ways: one map."""
    stability = set()
    for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
        text = MIXED.replace("{x}", SPELLED[0][i]).replace("{y}", SPELLED[1][j])
        text = text.replace("0.9 * a - 0.4 * b", f"{turned[0]} * a + {turned[1]} * b")
        (tmp_path / f"mixed{i}{j}.py").write_text(text)
        found = find(f"./mixed{i}{j}.py", folder=tmp_path, start=0.1)
        at_zero = np.abs(there(found)).max(axis=1).argmin()
        kind = there(found, name="stability")[at_zero].item()
        stability.add((kind, found["index"].item(), found["count"].item()))
    assert len(stability) == 1, stability


BORDER = """
from typing import NamedTuple

from sim.functions import where
from sim.generic import step, units


class Border(NamedTuple):
    left: float = -0.3
    right: float = -1.6
    determinant: float = 0.9


@units.register
def _(p: Border):
    return ("x", "y")


@step.register
def _(p: Border, s, x):
    return where(s[0] < 0.0, p.left * s[0], p.right * s[0]) + s[1], -p.determinant * s[0]
"""


def test_matrices_that_are_stable_one_by_one_do_not_make_a_sink(tmp_path):
    """Both have the spectral radius sqrt(0.9), and every orbit leaves (A. Ganguli & S. Banerjee, Physical
    Review E 71 (2005) 057202: a dangerous bifurcation)."""
    v = np.stack([np.cos(np.arange(100.0)), np.sin(np.arange(100.0))])
    for _ in range(200):
        v = np.stack([np.where(v[0] < 0.0, -0.3, -1.6) * v[0] + v[1], -0.9 * v[0]])
    assert np.abs(v).max(axis=0).min() > 1e4
    (tmp_path / "border.py").write_text(BORDER)
    found = find("./border.py", folder=tmp_path, start=0.1)
    np.testing.assert_allclose(there(found), [[0.0, 0.0]], atol=1e-12)
    assert there(found, name="stability") == [KIND["undecided"]]
    assert found["index"] == 1
    straight = find("./border.py", right=-0.3, folder=tmp_path, start=0.1)
    assert there(straight, name="stability") == [KIND["stable_focus"]]


def test_a_ray_that_returns_after_several_regions_grows_too():
    """No region has a growing eigenvector in its own cone, but orbits go from cone to cone and grow."""
    seeds = {"seed": np.array([4, 5])}
    found = find("rnn", seeds, units=8, activation="relu", weights__gain=3.0)
    np.testing.assert_array_equal(found["stability"][:, 0], KIND["saddle"])


@pytest.mark.parametrize(("leak", "activation"), [(0.0, "relu"), (LEAK, "leaky_relu")])
@pytest.mark.parametrize("units", [2, 3])
def test_no_sink_is_left_and_no_saddle_keeps_all_orbits(leak: float, activation: str, units: int):
    """Against orbits of random networks, from many directions."""
    rng = np.random.default_rng(units)
    starts = rng.normal(size=(units, 400))
    kinds = set()
    for seed in range(24):
        W = np.random.default_rng(seed).normal(size=(units, units)) * (0.5 + 0.08 * seed)
        found = find("rnn", **matrix(W.tolist(), activation=activation))
        zero = np.abs(there(found)).max(axis=1).argmin()
        kind = there(found, name="stability")[zero]
        h, largest = starts, np.zeros(400)
        for _ in range(60):
            h = relu(W @ h, leak)
        largest = np.abs(h).max(axis=0) / np.abs(starts).max(axis=0)
        kinds.add(int(kind))
        if kind == KIND["sink"]:
            assert largest.max() < 1.0
        if kind == KIND["source"]:
            assert largest.min() > 1.0
        if kind == KIND["saddle"]:
            assert largest.max() > 1.0
            assert leak or largest.min() < 1.0  # with a leak what shrinks is a thin set
    assert {KIND["sink"], KIND["saddle"]} <= kinds


def test_the_index_on_a_kink_is_that_of_what_a_small_bias_makes_of_it():
    """A degree does not change with b; without kinks it is a sum of signs of determinants."""
    for seed in range(12):
        W = (np.random.default_rng(seed).normal(size=(3, 3)) * 1.2).tolist()
        on, beside = (find("rnn", **matrix(W, activation="relu", b=b)) for b in (0.0, [1e-3, -2e-3, 1.5e-3]))
        assert on["index"] == beside["index"]
    # in one cone 1 is an eigenvalue, whose vector lies outside
    W = [[0.0, 2.6, 0.0, -0.4], [0.0, 0.0, -1.0, 3.7], [0.0, -1.0, 0.0, -4.0], [0.0, -5.3, 0.0, -0.7]]
    assert find("rnn", **matrix(W, activation="relu"))["index"] == 1


def test_kinks_of_networks_that_are_searched():
    """13 units are too many regions to go through: no claim is made of where more than 12 kinks meet."""
    thirteen = find("rnn", units=13, activation="relu", weights__gain=3.0, searches=16)
    assert thirteen["completeness"] == COMPLETE["searched"]
    assert there(thirteen, name="stability")[0] == KIND["undecided"]
    two = find("rnn", **matrix([[1.5, 1.0], [1.0, 1.5]], activation="relu", slow=1e-300))
    assert two["completeness"] == COMPLETE["searched"]
    assert there(two, name="stability") == [KIND["saddle"]]


def test_a_kink_that_makes_no_difference_leaves_the_jacobian():
    """A unit that hears nobody: whichever side of its kink, its row is zero."""
    found = find("rnn", **matrix([[0.5, 0.0], [0.0, 0.0]], activation="relu", b=[1.0, 0.0]))
    np.testing.assert_allclose(there(found), [[2.0, 0.0]], atol=1e-14)
    np.testing.assert_allclose(there(found, name="eigenvalues")[0, :, 0], [0.5, 0.0], atol=1e-14)
    assert there(found, name="stability") == [KIND["sink"]]
    assert found["index"] == 1


def test_both_sides_of_one_unit_count():
    """leaky_relu, w = -20: by -20 and by -0.2, 4 in two steps. relu, w = -2: 0 after two steps."""
    found = find("rnn", {"w": [-20.0, -2.0, 0.5]}, activation="leaky_relu", interval=(-1.0, 1.0))
    wanted = [KIND["alternating_source"], KIND["alternating_sink"], KIND["sink"]]
    np.testing.assert_array_equal(found["stability"][:, 0], wanted)
    assert np.isnan(found["multiplier"][:, 0]).all()
    np.testing.assert_array_equal(found["index"], 1)
    rectified = find("rnn", w=-20.0, activation="relu", interval=(-1.0, 1.0))
    assert there(rectified, name="stability") == [KIND["sink"]]


def test_bits_on_kinks_do_not_depend_on_the_tile():
    columns = {"weights.gain": np.linspace(0.5, 3.0, 5), "seed": np.arange(5)}
    fixed = {"steps": 1, "units": 4, "activation": "relu"}
    run = prepare("rnn", observables=["fixed_points"], fixed=fixed, varied=list(columns))
    together = run.evaluate(columns)
    for part in ([3], [4, 1, 0]):
        alone = run.evaluate({name: column[part] for name, column in columns.items()})
        for name, values in alone.items():
            assert values.tobytes() == together[name][part].tobytes(), name


TENT = """
from typing import NamedTuple
from sim.functions import maximum, minimum
from sim.generic import step

START = 0.3

class Map(NamedTuple):
    a: float = 2.0
    b: float = 0.0

@step.register
def _(p: Map, s, x):
    return {}
"""


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_the_smaller_of_two_numbers_has_certain_points(tmp_path, k: int):
    """The tent map a min(s, 1 - s): all cycles repel, and F^k has a zero for each of its branches that
    crosses the diagonal. Counted here by signs on a fine grid.
    """
    (tmp_path / "tent.py").write_text(TENT.format("p.a * minimum(s, 1.0 - s)"))
    a = np.array([1.2, 1.3, 1.45, 1.7, 1.9, 2.0])
    found = find("./tent.py", {"a": a}, tmp_path, interval=(-0.1, 1.1), cycle=k, branches=32)
    s = np.linspace(-0.1, 1.1, 200_001) + 1.7e-7
    image = np.tile(s, (len(a), 1))
    for _ in range(k):
        image = a[:, None] * np.minimum(image, 1.0 - image)
    counted = (np.diff(np.sign(image - s), axis=1) != 0).sum(axis=1)
    np.testing.assert_array_equal(found["count"], counted)
    assert (found["completeness"] == COMPLETE["exact"]).all()


@pytest.mark.parametrize(
    ("a", "b", "kind"),
    [
        (-3.0, 0.5, "sink"),
        (0.3, 0.6, "sink"),
        (-0.2, -4.0, "alternating_sink"),
        (-1.0, -4.0, "alternating_source"),
    ],
)
def test_a_point_where_two_lines_meet_is_of_the_kind_that_both_make_it(tmp_path, a, b, kind):
    """max(1 + a (s - 1), 1 + b (s - 1)) at 1: to the left the smaller slope holds, to the right the larger.
    What is thrown from side to side grows by a b in two steps; what comes to the right and stays there, by b.
    """
    (tmp_path / "lines.py").write_text(TENT.format("maximum(p.a * s + (1.0 - p.a), p.b * s + (1.0 - p.b))"))
    found = find("./lines.py", {"a": [a], "b": [b]}, tmp_path, interval=(0.5, 1.6))
    np.testing.assert_allclose(there(found), [1.0], atol=1e-12)
    assert there(found, name="stability") == [KIND[kind]]
    assert found["completeness"] == COMPLETE["exact"]
