"""Cliffs found below the resolution of grids: rows 93 to 95, and Pascanu's wall."""

import numpy as np
import pytest

from sim.cliffs.jumps import search
from sim.errors import Refused
from sim.run import prepare

WEIGHTS = np.array([0.5, 1.5, 2.0, 3.0, 5.0])
FAR = -1000.0  # a target so far that the loss is a straight line in the state: dE/db = 2 (h + 1000) dh/db
TANH = {"units": 1, "activation": "tanh", "start": 0.5, "target": FAR, "along": "b", "within": (-3.0, 2.0)}


def tanh_of(w, T, start):
    """h_T and dh_T/db as functions of b, written down once more."""

    def function(b):
        h, slope = np.full_like(b, start), np.zeros_like(b)
        for _ in range(T):
            h = np.tanh(w[:, None] * h + b)
            slope = (1 - h * h) * (w[:, None] * slope + 1)
        return h, slope

    return function


def found(T, **changes):
    run = prepare("rnn", observables=["cliff"], fixed={**TANH, "steps": T, **changes}, varied=["w"])
    return {
        name: values[:, 0] if values.ndim > 1 else values
        for name, values in run.evaluate({"w": WEIGHTS}).items()
    }


@pytest.fixture(scope="module")
def runs():
    return {T: found(T) for T in (5, 20, 50)}


def test_row_94_slopes_that_no_grid_sees(runs):
    slopes = {T: run["cliff_slope"] / 2000.0 for T, run in runs.items()}
    for T, known, rel in ((5, 10.4, 3e-3), (20, 430.0, 2e-3), (50, 2.8e4, 1e-2)):
        assert slopes[T][1] == pytest.approx(known, rel=rel)
    assert slopes[20][4] == pytest.approx(1.33e11, rel=5e-3)
    grid = np.linspace(-2.0, 2.0, 400_001)[None]
    assert (
        np.abs(tanh_of(np.array([5.0]), 20, 0.5)(grid)[1]).max() < 0.02
    )  # what the row says of a grid: .0098
    assert (runs[20]["cliff_resolved"] == [-1, 1, 1, 1, 1]).all()
    assert runs[50]["cliff_resolved"][4] == 0  # 3.75^50: steeper than neighbouring numbers can tell
    assert slopes[50][4] > 1e15


def test_row_94_positions_and_windows(runs):
    """b_c = artanh(h0) - w h0, and the distance to the end of the bistable window."""
    known = np.arctanh(0.5) - 0.5 * WEIGHTS
    np.testing.assert_allclose(runs[50]["cliff"][2:], known[2:], atol=1e-8)
    assert runs[50]["cliff"][1] == pytest.approx(known[1], abs=1e-4)
    assert np.isnan(runs[50]["cliff"][0])  # one fixed point: no cliff
    assert (runs[50]["cliff_count"] == [0, 1, 1, 1, 1]).all()
    w = WEIGHTS[1:]
    window = np.sqrt(w * (w - 1)) - np.arctanh(np.sqrt(1 - 1 / w))
    away = np.abs(np.abs(runs[50]["cliff"][1:]) - window)
    np.testing.assert_allclose(runs[50]["cliff_distance"][1:], away, rtol=0, atol=1e-9)


def test_the_heights_are_those_of_the_two_branches(runs):
    s = tanh_of(WEIGHTS[2:], 50, 0.5)
    c = runs[50]["cliff"][2:, None]
    low, high = s(c - 0.03)[0][:, 0], s(c + 0.03)[0][:, 0]
    height = (high - FAR) ** 2 - (low - FAR) ** 2
    np.testing.assert_allclose(runs[50]["cliff_height"][2:], height, rtol=0.03)


def test_pascanus_wall():
    """PAS-01: -2.61234 at w = 5; the wall is no fold, these are at -2.6556 and -2.3444."""
    fixed = {"units": 1, "activation": "sigmoid", "alpha": 1.0, "steps": 50, "start": 0.5, "target": 0.7}
    fixed |= {"along": "b", "within": (-6.0, 2.0)}
    run = prepare("ctrnn", observables=["cliff"], fixed=fixed, varied=["w"])
    seen = run.evaluate({"w": np.array([2.0, 5.0, 8.0])})
    assert seen["cliff"][1, 0] == pytest.approx(-2.61234, abs=2e-6)
    assert seen["cliff"][1, 0] == pytest.approx(0.5 - 5 / (1 + np.exp(-0.5)), abs=2e-4)
    assert seen["cliff_distance"][1, 0] == pytest.approx(seen["cliff"][1, 0] + 2.655610339, abs=1e-8)
    assert (seen["cliff_count"] == [0, 1, 1]).all()
    assert (seen["outcome"] == 1).all()


def test_row_93_the_step_at_the_unstable_fixed_point_has_the_slope_w_to_the_T():
    changes = {**TANH, "along": "start", "within": (-1.0, 1.1), "b": 0.0, "steps": 20}
    run = prepare("rnn", observables=["cliff"], fixed=changes, varied=["w"])
    seen = run.evaluate({"w": np.array([0.5, 2.0, 3.0])})
    assert (seen["cliff_count"] == [0, 1, 1]).all()
    np.testing.assert_allclose(seen["cliff"][1:, 0], 0.0, atol=1e-6)
    np.testing.assert_allclose(seen["cliff_slope"][1:, 0] / 2000.0, [2.0**20, 3.0**20], rtol=3e-3)


def test_a_cell_does_not_depend_on_its_neighbours(runs):
    run = prepare("rnn", observables=["cliff"], fixed={**TANH, "steps": 20}, varied=["w"])
    alone = [run.evaluate({"w": WEIGHTS[i : i + 1]}) for i in range(5)]
    for name, values in runs[20].items():
        whole = np.array([one[name].reshape(-1)[0] for one in alone])
        assert np.array_equal(whole, values, equal_nan=True)


def test_row_95_the_expected_cost_is_smooth_between_the_folds():
    """Each example has its cliff, where its own start meets the unstable point: their mean has none there."""
    starts = np.random.default_rng(0).uniform(-1, 1, 500)
    own = tanh_of(np.full(500, 3.0), 20, starts[:, None] * np.ones(1))

    def each(b):
        h, slope = own(b)
        return 0.5 * (h - 0.5) ** 2, (h - 0.5) * slope

    cliffs = search(lambda x: each(np.ascontiguousarray(x)), 500, -4.0, 4.0, 201, 1, 10.0)
    inside = np.abs(starts) < np.sqrt(2 / 3) - 0.05
    np.testing.assert_allclose(
        cliffs.position[inside, 0], (np.arctanh(starts) - 3 * starts)[inside], atol=5e-3
    )
    assert np.median(np.abs(cliffs.slope[inside])) > 1e5
    b = np.linspace(-0.5, 0.5, 41)
    cost = np.array([each(np.full((500, 1), value))[0].mean() for value in b])
    assert np.abs(np.diff(cost) / np.diff(b)).max() < 3.0


def test_two_cliffs_one_that_returns_and_a_smooth_function():
    def function(x):
        a, c = np.array([[0.3], [0.1234567], [0.0]]), 1e9
        t = np.tanh(c * (x - a))
        u = np.tanh(c * (x - 0.7))
        rows = (t + 2 * u, 1 / np.cosh(np.clip(1e9 * (x - a), -300, 300)), np.sin(x))
        flat = (c * (1 - t * t) + 2 * c * (1 - u * u), -c * rows[1] * t, np.cos(x))
        pick = np.arange(3)[:, None] == np.arange(3)
        return tuple(sum(pick[:, i : i + 1] * part[i] for i in range(3)) for part in (rows, flat))

    seen = search(function, 3, -1.0, 1.0, 101, 4, 10.0)
    np.testing.assert_allclose(seen.position[0, :2], [0.3, 0.7], atol=1e-9)
    np.testing.assert_allclose(seen.slope[0, :2], [1e9, 2e9], rtol=1e-6)
    np.testing.assert_allclose(seen.height[0, :2], [2.0, 4.0], rtol=1e-6)
    assert np.isnan(seen.position[0, 2:]).all()
    assert np.isnan(
        seen.position[1:]
    ).all()  # the second is a spike that ends where it began: unseen by a scan


def test_networks_have_cliffs_by_differences():
    fixed = {"units": 2, "activation": "tanh", "weights": "matrix"}
    fixed |= {"weights.matrix": ((3.0, 0.0), (0.0, 0.5))}
    fixed |= {"steps": 20, "start": 0.5, "target": FAR, "along": "b", "within": (-3.0, 2.0)}
    seen = prepare("rnn", observables=["cliff"], fixed=fixed).evaluate({})
    alone = found(20)
    assert seen["cliff"][0, 0] == pytest.approx(alone["cliff"][3], abs=1e-9)
    assert seen["cliff_slope"][0, 0] == pytest.approx(alone["cliff_slope"][3], rel=1e-3)
    assert np.isnan(seen["cliff_distance"]).all()


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"along": ""}, 'none is given; write the keyword that is scanned, as in along = "b"'),
        ({"along": "bias"}, "'bias' is no number of the system; there are: b, "),
        ({"along": "units"}, "'units' is no number of the system"),
        ({"along": "w"}, "w is an axis of the sweep"),
        ({"within": (1.0, -1.0)}, "write two numbers, the lower first"),
        ({"within": ()}, "write two numbers, the lower first"),
        ({"scan": 2}, "2 points; write 3 to"),
        ({"jumps": 0}, "0 cliffs; write 1 to 100"),
        ({"steep": 0.0}, "write a number above zero"),
        ({"loss_from": 7}, "7 in a run of 5 steps"),
    ],
)
def test_what_is_refused(changes, text):
    with pytest.raises(Refused, match=text):
        found(5, **changes)


def test_a_keyword_without_a_default_is_scanned_like_any_other():
    """u = none stands for 1; what it stands for plays no part where it is scanned."""
    fixed = {**TANH, "steps": 20, "along": "u", "within": (-1.0, 2.0), "b": -0.6}
    runs = [
        prepare("rnn", task="constant", observables=["cliff"], fixed=fixed | own, varied=["w"])
        for own in ({}, {"u": 1.0})
    ]
    bare, given = (run.evaluate({"w": WEIGHTS}) for run in runs)
    for name, values in bare.items():
        np.testing.assert_array_equal(values, given[name])
    # the input of 1 adds u to the bias: the cliff along b, moved by it
    along_b = prepare(
        "rnn", observables=["cliff"], fixed={**TANH, "steps": 20, "within": (-1.6, 1.4)}, varied=["w"]
    ).evaluate({"w": WEIGHTS})
    np.testing.assert_allclose(bare["cliff"], along_b["cliff"] + 0.6, atol=1e-9)


def test_what_does_not_go_with_the_scanned_keyword_is_refused_before_the_run():
    fixed = {**TANH, "steps": 5, "w": 1.0, "tau": 1.0, "dt": 0.1, "within": (0.1, 1.0)}
    with pytest.raises(Refused, match=r"along: to scan alpha from 0.1 to 1.0: .*either alpha, or tau and dt"):
        prepare("ctrnn", observables=["cliff"], fixed={**fixed, "along": "alpha"})
    with pytest.raises(Refused, match=r"along: to scan tau from -0.5 to 1.0: parameters.tau: -0.5 given"):
        prepare("ctrnn", observables=["cliff"], fixed={**fixed, "along": "tau", "within": (-0.5, 1.0)})
    prepare("ctrnn", observables=["cliff"], fixed={**fixed, "along": "tau"})


def test_what_diverges_is_silent():
    fixed = {"steps": 8, "along": "start", "within": (-1.0, 1.0)}
    run = prepare("logistic", observables=["cliff"], fixed=fixed, varied=["r"])
    assert run.evaluate({"r": np.array([-0.5, 0.5, 3.0])})["outcome"].tolist() == [1, 1, 1]
    run = prepare(
        "logistic", observables=["cliff"], fixed=fixed | {"steps": 40, "r": 3.0, "within": (-2.0, 2.0)}
    )
    assert run.evaluate({})["cliff_count"].shape == (1,)  # infinite at both ends


def test_no_variable_is_named_like_its_own_dimension():
    run = prepare("rnn", observables=["cliff"], fixed={**TANH, "steps": 5}, varied=["w"])
    assert {v.dims for v in run.variables} == {(), ("jump",)}
    assert not {v.name for v in run.variables} & {"jump"}
