"""Fixed points of networks and maps of several numbers: searched for, or region by region."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from tests.sim.fixed import COMPLETE, KIND, SYSTEMS, find, matrix, there


def test_hen_04_the_fixed_points_of_henon():
    """HEN-04."""
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
        assert found["index"] == 2  # of the sinks: a neutral point counts for nothing
    if last is None:
        np.testing.assert_array_equal(kinds, [KIND["unstable_focus"]])  # and around it a limit cycle


def test_fpf_2_and_row_17_and_row_140():
    """FPF-2: mattgolub/fixed-point-finder, n_hidden=02.fps."""
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
    """BEE-01. Our state carries the bias (s = y + theta), so that y_i = sum_j w_ij / 2 is s = 0."""
    W = np.array([[4.5, 1.0], [-1.0, 4.5]])
    biases = (-W.sum(axis=1) / 2).tolist()
    settings = matrix(W.tolist(), b=biases, activation="sigmoid", alpha=0.1, interval=(-6.0, 6.0))
    found = find("ctrnn", **settings)
    nearest = there(found)[np.abs(there(found)).max(axis=1).argmin()]
    np.testing.assert_allclose(nearest, 0.0, atol=1e-13)
    assert found["index"] == 1


def test_lor_05_the_wings_of_lorenz_and_the_attractors_of_grebogi():
    """LOR-05: the fixed points where the wings lose their stability. BAS-08."""
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
    for asked, kept in ((1.1e-9, 0), (1.4e-9, 3)):  # q is 1.25e-9 there
        kinds = there(find("rnn", **fixed, slow=asked), name="stability")
        assert (kinds == KIND["slow_point"]).sum() == kept
    assert (there(find("rnn", **matrix(W, slow=1e-9)), name="stability") == KIND["unstable_focus"]).all()


def blocks(*eigenvalues: complex) -> list[list[float]]:
    """A matrix with these eigenvalues, a turning block for each that is complex."""
    parts = [
        [[v.real, -v.imag], [v.imag, v.real]] if v.imag else [[v.real]] for v in map(complex, eigenvalues)
    ]
    return scipy.linalg.block_diag(*parts).tolist()


@pytest.mark.parametrize(
    ("eigenvalues", "kind"),
    [
        ((0.9, 0.3 + 0.4j), "sink"),  # orbits arrive along the slow direction, the turning one is gone
        ((0.2, 0.3 + 0.4j), "stable_focus"),
        ((1.1, 1.2 + 0.9j), "source"),  # and leave along the mild one
        ((2.0, 0.9 + 0.8j), "unstable_focus"),
        ((0.9, 0.3 + 0.4j, 2.0), "saddle"),
        ((0.2, 0.3 + 0.4j, 2.0), "saddle_focus"),
        ((0.9, 1.2 + 0.9j, 1.1), "saddle"),
        ((0.9, 0.9 + 0.8j, 2.0), "saddle_focus"),
    ],
)
def test_the_eigenvalue_nearest_to_the_circle_makes_a_focus(eigenvalues: tuple[complex, ...], kind: str):
    """Inside the slowest, outside the mildest: whether other eigenvalues turn does not matter."""
    found = find("rnn", **matrix(blocks(*eigenvalues), activation="tanh", start=0.1))
    at_zero = np.abs(there(found)).max(axis=1).argmin()
    assert there(found, name="stability")[at_zero] == KIND[kind]
    stored = there(found, name="eigenvalues")[at_zero]
    first = int(np.argmax(stored[:, 1] != 0.0))  # of a pair the upper one stands first
    assert stored[first, 1] > 0.0 > stored[first + 1, 1]
    assert (np.diff(np.hypot(*stored.T)) < 1e-12).all()


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


def test_a_zero_that_rounding_makes_is_no_fixed_point():
    """h is a mean of itself and a tanh, so that |h| < 1 at a fixed point; further out u rounds to 1, or F - s
    is small and searches come to rest."""
    settings = {"units": 2, "searches": 200}
    one = find("gru", {"seed": [0]}, weights__gain=6.0, **settings)
    np.testing.assert_allclose(there(one), [[0.0, 0.0]], atol=1e-20)
    assert one["index"] == 1
    many = find("gru", {"seed": np.arange(24)}, weights__gain=8.0, **settings)
    counted = (many["stability"] > 0) & (many["stability"] != KIND["continuum"])
    assert (np.abs(many["fixed_points"][counted]) < 1.0).all()
    resting = find("gru", {"seed": [0]}, weights__gain=6.0, slow=1e-18, **settings)
    assert resting["count"] == 1  # with slow points asked for they may stand there as such
    assert set(there(resting, name="stability")) <= {KIND["sink"], KIND["slow_point"]}


def test_folds_are_found_to_rounding_and_not_beyond():
    """Two tanh units that do not see each other, one of them at its fold: three points, each a double one;
    6 before, 3 after."""
    fold = np.sqrt(2.0) - np.arctanh(np.sqrt(0.5))
    for off, count in [(-1e-8, 9), (-1e-10, 9), (0.0, 6), (1e-11, 3), (1e-10, 3), (1e-8, 3)]:
        found = find("rnn", **matrix([[2.0, 0.0], [0.0, 2.0]], b=[float(fold + off), 0.0], start=0.1))
        assert found["count"] == count, off
    cusp = matrix([[4.0, 0.0], [0.0, 4.0]], b=-2.0, activation="sigmoid", alpha=1.0, start=0.1)
    assert find("ctrnn", **cusp)["count"] == 1  # a point of ninefold multiplicity


CIRCLE = """
from typing import NamedTuple

from sim.generic import step, units


class Circle(NamedTuple):
    pull: float = 0.3


@units.register
def _(p: Circle):
    return ("x", "y")


@step.register
def _(p: Circle, s, x):
    grown = 1.0 + p.pull * (1.0 - s[0] * s[0] - s[1] * s[1])
    return grown * s[0], grown * s[1]
"""


def test_a_curved_line_of_fixed_points_is_a_continuum(tmp_path):
    (tmp_path / "circle.py").write_text(CIRCLE)
    found = find("./circle.py", folder=tmp_path, start=0.1)
    assert found["completeness"] == COMPLETE["continuum"]
    assert found["count"] == 1  # the source in the middle
    on = there(found)[there(found, name="stability") == KIND["continuum"]]
    np.testing.assert_allclose((on**2).sum(axis=1), [1.0], atol=1e-9)


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


def test_cycles_of_networks_of_straight_pieces():
    """Each of two units sees only the other: F^2 is f(f(x)) in each number, with the points 0, 1/3 and 1."""
    crossed = {"activation": "relu", "b": 1.0, "branches": 20}
    W = [[0.0, -2.0], [-2.0, 0.0]]
    x = [0.0, 1 / 3, 1.0]
    for cycle in (2, 4, 6, 8):  # of 8 steps there are 65536 regions, of 4 only 256
        found = find("rnn", **matrix(W, cycle=cycle, **crossed))
        np.testing.assert_allclose(there(found), [[p, q] for p in x for q in x], atol=1e-12)
        assert found["completeness"] == COMPLETE["exact" if cycle < 8 else "searched"]
        assert found["index"] == 1
        np.testing.assert_array_equal(there(found, name="period"), [2, 2, 1, 2, 1, 2, 1, 2, 2])
    three = find("rnn", **matrix(W, cycle=3, **crossed))
    np.testing.assert_allclose(there(three), [[0, 1], [1 / 3, 1 / 3], [1, 0]], atol=1e-12)
    assert three["completeness"] == COMPLETE["exact"]


def test_searched_cycles_hold_all_fixed_points_of_straight_pieces():
    """Seven units: 128 regions of F are gone through, 16384 of F^2 are not."""
    settings = {"units": 7, "activation": "relu", "b": "gaussian", "weights__gain": 1.5}
    seeds = {"seed": np.arange(12)}
    one, two = (find("rnn", seeds, **settings, cycle=cycle, searches=2) for cycle in (1, 2))
    assert (two["completeness"] == COMPLETE["searched"]).all()
    assert one["count"].max() >= 3
    for i in range(12):
        fixed = there(two, i)[there(two, i, "period") == 1]
        np.testing.assert_allclose(fixed, there(one, i), atol=1e-9)


@pytest.mark.parametrize(("activation", "count"), [("relu", 4), ("leaky_relu", 4), ("identity", 1)])
def test_regions_of_two_units(activation: str, count: int):
    found = find("rnn", **matrix([[2.0, 0.0], [0.0, 2.0]], b=-1.0, activation=activation))
    assert found["count"] == count
    assert found["completeness"] == COMPLETE["exact"]
    np.testing.assert_allclose(there(found)[-1], [1.0, 1.0], atol=1e-14)
    stepped = find("ctrnn", **matrix([[2.0, 0.0], [0.0, 2.0]], b=-1.0, alpha=0.3, activation=activation))
    assert stepped["count"] == count


CLIPPED = """
from typing import NamedTuple

from sim.functions import where
from sim.generic import step, units


class Clipped(NamedTuple):
    slope: float = 0.5


@units.register
def _(p: Clipped):
    return ("x", "y")


@step.register
def _(p: Clipped, s, x):
    low = where(s[0] > 0.0, s[0], 0.0)
    return where(low < 1.0, low, 1.0), p.slope * s[1]
"""


def test_a_short_line_of_fixed_points_is_a_continuum_too(tmp_path):
    """x between 0 and 1 stands still, all else comes there."""
    (tmp_path / "clipped.py").write_text(CLIPPED)
    found = find("./clipped.py", folder=tmp_path, start=0.1)
    assert found["completeness"] == COMPLETE["continuum"]
    assert (there(found, name="stability") == KIND["continuum"]).all()
    x, y = there(found).T
    assert ((x >= 0.0) & (x <= 1.0)).all()
    np.testing.assert_allclose(y, 0.0, atol=1e-9)
    assert (found["count"], found["index"]) == (0, 0)


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


@pytest.mark.parametrize("n", [3, 4, 5, 8])
def test_the_kind_of_a_rings_rest_does_not_hang_on_rounding(n):
    """h_i' = tanh(g h_(i-1)) at 0: the multipliers are g times the n-th roots of unity, of one modulus."""
    gain = np.linspace(0.5, 1.5, 20)
    ring = np.roll(np.eye(n), -1, axis=1).tolist()
    found = find("rnn", {"weights.gain": gain}, **matrix(ring, branches=4))
    for cell, g in enumerate(gain):
        rest = np.flatnonzero(np.abs(there(found, cell)).max(axis=1) < 1e-9)
        kind = there(found, cell, "stability")[rest].tolist()
        assert kind == [KIND["stable_focus" if g < 1.0 else "unstable_focus"]]


@pytest.mark.parametrize(("k", "count"), [(6, 16), (7, 30), (8, 64)])
def test_all_short_cycles_of_henon_are_found_with_all_their_points(k, count):
    """Besides the fixed point off the attractor: 1, 1, 0, 1, 0, 2, 4, 7 cycles of 1 to 8 steps (O. Biham & W.
    Wenzel, Phys. Rev. Lett. 63 (1989) 819). The indices add up to 0, as where no point is left.
    """
    found = find("henon", {"a": [1.4]}, b=0.3, start=0.1, cycle=k, branches=64)
    assert found["count"] == count
    assert found["index"] == 0


def test_what_a_shorter_cycle_finds_is_among_a_longer_one():
    """And of a cycle either all states or none: the points of least period 4 come in fours."""
    W = np.random.default_rng(2).normal(size=(4, 60)) * 3.0
    columns = dict(zip(("v", "c", "d", "w"), W, strict=True))
    once, twice, often = (find("./two_units.py", columns, SYSTEMS, cycle=k, branches=99) for k in (1, 2, 4))
    for cell in range(60):
        for fewer, more in ((once, twice), (twice, often)):
            apart = np.abs(there(fewer, cell)[:, None] - there(more, cell)).max(axis=2)
            assert apart.min(axis=1).max() < 1e-6
        period = there(often, cell, "period")
        for least in (1, 2, 4):
            assert (period == least).sum() % least == 0
    assert (often["index"] == 1).mean() > 0.9
