"""Basins and the census of attractors: phenomena 17, 22, 23, 82, 86, 90, 129; labels; wrong input."""

import itertools

import numpy as np
import pytest
from scipy.optimize import brentq

from sim.attractors.arrays import SettlingOfArrays
from sim.attractors.settling import LOOSE, RECURRENT, UNDECIDED, Settling, direction, generic
from sim.draws import Draw
from sim.errors import Refused
from sim.run import prepare

NETWORK = {"units": 2, "weights": "matrix", "steps": 200, "b": 0.0}


def measure(system: str, names: list[str], columns: dict[str, np.ndarray], **fixed) -> dict[str, np.ndarray]:
    """What is observed of these cells."""
    return prepare(system, observables=names, fixed=fixed, varied=list(columns)).evaluate(columns)


def plane(side: int, reach: float = 2.0) -> dict[str, np.ndarray]:
    """A grid of starts that no axis of symmetry goes through."""
    at = np.linspace(-reach, reach * 0.98, side)
    x, y = np.meshgrid(at, 0.97 * at, indexing="ij")
    return {"start.x": x.ravel(), "start.y": y.ravel()}


def basins(W, side: int = 20, **more):
    return measure(
        "rnn",
        ["basin"],
        plane(side),
        **NETWORK,
        start="plane",
        **{"weights.matrix": W, "box": [-2.0, 2.0]},
        **more,
    )


SELF = 0.9575  # the root of h = tanh(2 h)
ROW_90 = {
    "identity": ([[2.0, 0.0], [0.0, 2.0]], [(-SELF, -SELF), (-SELF, SELF), (SELF, -SELF), (SELF, SELF)]),
    "coupled": (
        [[2.0, 0.1], [0.1, 2.0]],
        [(-0.966, -0.966), (-0.9467, 0.9467), (0.9467, -0.9467), (0.966, 0.966)],
    ),
    "rivals": ([[1.5, -0.5], [-0.5, 1.5]], [(-SELF, SELF), (SELF, -SELF)]),
    "strong": (
        [[3.0, 1.0], [1.0, 3.0]],
        [(-0.9993, -0.9993), (-SELF, SELF), (SELF, -SELF), (0.9993, 0.9993)],
    ),
}


@pytest.mark.parametrize("name", ROW_90)
def test_row_90_attractors_of_two_units(name):
    W, wanted = ROW_90[name]
    found = basins(W)
    assert (found["outcome"] == 1).all()
    assert np.unique(found["basin"]).tolist() == list(range(1, len(wanted) + 1))
    assert (found["basin_period"] == 1).all()
    for i, state in enumerate(wanted):
        there = found["basin_state"][found["basin"] == i + 1]
        assert abs(there - state).max() < 6e-5
    if name == "identity":  # the signs of the start decide
        x, y = plane(20).values()
        assert (found["basin"] == 1 + 2 * (x > 0) + (y > 0)).all()


def test_rows_90_and_129_a_limit_cycle_never_closes():
    found = basins([[1.2, -1.0], [1.0, 1.2]], 12)
    assert (found["basin"] == 1).all()
    assert (found["basin_period"] == 0).all()
    np.testing.assert_allclose(found["basin_state"], 0.0, atol=1e-4)  # the middle of its box


def test_row_17_a_symmetric_negative_matrix_has_a_2_cycle_beside_fixed_points():
    found = basins([[0.0, -2.0], [-2.0, 0.0]])
    kinds = {int(i): int(found["basin_period"][found["basin"] == i][0]) for i in np.unique(found["basin"])}
    assert kinds == {1: 2, 2: 1, 3: 1}
    cycle = found["basin_state"][found["basin"] == 1]
    np.testing.assert_allclose(cycle, -0.95750, atol=1e-5)  # its lower point; the other one is its negative


def test_starts_on_the_saddle_are_on_no_attractor():
    fixed = {"w": 2.0, "steps": 40, "max_period": 8}
    found = measure("rnn", ["basin"], {"start": np.array([-0.5, 0.0, 1e-9, 0.7])}, **fixed)
    assert found["basin"].tolist() == [1, -1, 2, 2]
    assert found["outcome"].tolist() == [1, 3, 1, 1]
    assert found["basin_steps"][1] == 4  # it is known where it stays
    np.testing.assert_allclose(found["basin_state"], [-0.9575, 0.0, 0.9575, 0.9575], atol=5e-6)


def test_row_86_the_basin_of_a_quadratic_map_ends_at_its_source():
    """|x| < 0.816227766 goes to 0.183772; the rest to infinity; -0.8162 is as good as the source's mirror."""
    edge = (1.0 + np.sqrt(0.4)) / 2.0
    starts = np.array([-edge - 1e-6, -edge + 1e-6, -0.3, 0.8, edge - 1e-6, edge + 1e-6, 0.9])
    found = measure("quadratic", ["basin"], {"start": starts}, c=0.15, steps=200)
    assert found["basin"].tolist() == [0, 1, 1, 1, 1, 0, 0]
    np.testing.assert_allclose(found["basin_state"][1:5], (1.0 - np.sqrt(0.4)) / 2.0, atol=1e-8)
    assert np.isnan(found["basin_state"][0])
    assert (found["outcome"] == 1).all()  # escape is a fate


def test_row_82_periods_of_the_logistic_map():
    columns = {"r": np.array([2.8, 3.2, 3.5, 3.55, 3.566, 3.83, 3.9])}
    found = measure("logistic", ["basin"], columns, steps=6000, box=[0.1, 0.9], start=0.3, probes=16)
    assert found["basin_period"].tolist() == [1, 2, 4, 8, 16, 3, 0]
    assert (found["basin"] == 1).all()
    np.testing.assert_allclose(found["basin_state"][2], 0.382820, atol=5e-7)


# ---- labels ------------------------------------------------------------------------------------


def test_labels_depend_on_no_tile_and_no_order():
    """A plane of starts for several gains: any part of it, in any order, has the same labels and bits."""
    gains = np.repeat([0.6, 1.0, 1.4], 144)
    one = plane(12)
    columns = {"weights.gain": gains} | {name: np.tile(column, 3) for name, column in one.items()}
    fixed = NETWORK | {"weights.matrix": [[1.4, 0.1], [0.1, 1.4]], "start": "plane", "probes": 40}
    run = prepare("rnn", observables=["basin"], fixed=fixed, varied=list(columns))
    whole = run.evaluate(columns)
    order = np.random.default_rng(0).permutation(len(gains))
    for part in np.split(order, [1, 60, 61, 200]):
        some = run.evaluate({name: column[part] for name, column in columns.items()})
        for name, values in some.items():
            assert values.tobytes() == whole[name][part].tobytes(), name
    assert [whole["basin"][gains == gain].max() for gain in (0.6, 1.0, 1.4)] == [1, 4, 4]


@pytest.mark.compiled
def test_the_census_of_a_cell_depends_on_that_cell_alone():
    columns = {"weights.gain": np.repeat(np.linspace(0.5, 4.0, 40), 5), "seed": np.tile(np.arange(5), 40)}
    fixed = {"units": 2, "steps": 100, "starts": 33, "max_period": 16}
    run = prepare("rnn", observables=["census"], fixed=fixed, varied=list(columns))
    whole = run.evaluate(columns)
    order = np.random.default_rng(0).permutation(200)
    for part in np.split(order, [1, 30, 31]):
        some = run.evaluate({name: column[part] for name, column in columns.items()})
        for name, values in some.items():
            assert values.tobytes() == whole[name][part].tobytes(), name
    share = whole["census_fraction"].sum(axis=1) + whole["census_escaped"] + whole["census_undecided"] / 33
    np.testing.assert_allclose(share, 1.0, rtol=1e-12)


# ---- the census --------------------------------------------------------------------------------


def test_row_23_the_census_of_one_tanh_unit():
    w = np.array([-3.0, -1.5, -0.5, 0.5, 1.2, 1.5, 2.0])
    found = measure("rnn", ["census"], {"w": w}, steps=400, starts=64)
    assert found["census"].tolist() == [1, 1, 1, 1, 2, 2, 2]
    assert found["census_kind"][:, 0].tolist() == [2, 2, 1, 1, 1, 1, 1]
    assert found["census_period"][:, 0].tolist() == [2, 2, 1, 1, 1, 1, 1]
    assert (found["census_period"][:, 2:] == -1).all()
    wanted = np.array([0.99490, 0.85856, 0.0, 0.0, 0.65857, 0.85856, 0.95750])
    np.testing.assert_allclose(found["census_state"][:, 0], -wanted, atol=5e-6)
    np.testing.assert_allclose(found["census_state"][4:, 1], wanted[4:], atol=5e-6)
    assert np.isnan(found["census_state"][:4, 1]).all()
    # half of the starts on each, within three standard errors of 64 starts
    f = found["census_fraction"][4:, :2]
    assert abs(f - 0.5).max() < 3 * 0.5 / 8
    np.testing.assert_allclose(found["basin_entropy"][:4], 0.0, atol=1e-15)
    np.testing.assert_allclose(found["basin_entropy"][4:], -(f * np.log(f)).sum(axis=1), rtol=1e-12)


def test_row_22_two_values_between_the_folds():
    """h = sigmoid(w h + b) at b = -w/2: one attractor up to w = 4, two beyond."""
    w = np.array([2.0, 3.5, 5.0, 6.0, 8.0])
    fixed = {"activation": "sigmoid", "steps": 400, "box": [0.0, 1.0], "max_period": 8}
    counts, states = [], []
    for each in w:
        one = measure("rnn", ["census"], {"b": np.array([-each / 2])}, w=float(each), **fixed)
        counts.append(int(one["census"][0]))
        states.append(one["census_state"][0, 0])
    assert counts == [1, 1, 2, 2, 2]
    np.testing.assert_allclose(states, [0.5, 0.5, 0.14479, 0.07072, 0.02125], atol=6e-6)


def test_escape_and_what_has_not_settled_are_counted():
    found = measure(
        "quadratic", ["census"], {"c": np.array([0.15, 0.25, 1.0])}, steps=64, box=[-2.0, 2.0], starts=64
    )
    assert found["census"].tolist() == [1, 0, 0]
    assert found["census_escaped"][2] == 1.0
    assert found["census_undecided"].tolist()[::2] == [0, 0]
    assert found["census_undecided"][1] > 5  # c = 1/4: the approach is as slow as 1 / t
    assert found["basin_entropy"][2] == 0.0
    inner = found["census_fraction"][0, 0]
    assert abs(inner - 2 * 0.816228 / 4) < 3 * np.sqrt(0.41 * 0.59 / 64)


@pytest.mark.compiled
def test_slow_drift_is_no_return():
    """h = tanh(h) creeps to 0 as t^(-1/2), less than the tolerance a step long before it has arrived."""
    fixed = {"starts": 64, "box": [-0.02, 0.02], "steps": 150_000}
    found = measure("rnn", ["census"], {"w": np.array([1.0, 0.99999, -1.0])}, **fixed)
    assert (found["census"] == 1).all()  # those that began close enough to 0
    assert (found["census_undecided"] > 50).all()
    assert (abs(found["census_state"][:, 0]) <= 0.5e-3).all()  # half of `distinct`
    assert found["census_period"][:, 0].tolist() == [1, 1, 1]


@pytest.mark.parametrize("w", [1.0005, 1.002, -1.002, 0.998])
def test_what_is_said_to_have_arrived_is_there(w):
    """From the start whose orbit is slowest to the states +-h of h = tanh(|w| h), or 0."""
    each = [measure("rnn", ["census"], {"w": np.array([w])}, steps=1000 * 2**i, starts=32) for i in range(5)]
    found = {name: np.concatenate([one[name] for one in each]) for name in each[0]}
    h = brentq(lambda h: np.tanh(abs(w) * h) - h, 1e-3, 1.0) if abs(w) > 1.0 else 0.0
    there = found["census_period"][found["census_period"] > 0]
    assert (there == (2 if w < -1.0 else 1)).all()
    assert len(there)
    states = found["census_state"][found["census_period"] > 0]
    assert (abs(abs(states) - h) < 0.5e-3).all()


def test_a_chaotic_transient_is_no_attractor():
    """r = 3.8285, just inside the window of period 3: some orbits are chaotic for hundreds of steps."""
    fixed = {"steps": 400, "box": [0.01, 0.99], "starts": 64}
    found = measure("logistic", ["census"], {"r": np.array([3.8285, 3.9])}, **fixed)
    assert found["census"].tolist() == [1, 1]
    assert found["census_period"][:, 0].tolist() == [3, 0]  # chaos where there is nothing else
    undecided = int(found["census_undecided"][0])
    assert 1 <= undecided <= 6  # how many depends on rounding: they are chaotic
    np.testing.assert_allclose(found["census_fraction"][0, 0], (64 - undecided) / 64, rtol=1e-15)


def test_a_cycle_that_never_closes_stands_beside_a_point():
    """The normal form of a Bautin bifurcation: a run four times as long changes nothing."""
    fixed = {"flow": "tests.systems.bautin", "dt": 0.05, "steps": 2000, "box": [-1.2, 1.2]}
    found = measure("rk4", ["census"], {}, **fixed)
    assert found["census"][0] == 2
    assert sorted(found["census_kind"][0, :2].tolist()) == [1, 3]
    inside = np.hypot(*(2.4 * Draw(0, "attractors").uniform(2, 64)[0] - 1.2)) < 0.5**0.5
    point = found["census_fraction"][found["census_kind"] == 1]
    np.testing.assert_allclose(point, inside.mean(), rtol=1e-15)
    assert found["census_undecided"][0] == 0


PAIR = {"flow": "tests.systems.hopf_pair", "dt": 0.05, "steps": 2000, "box": [-1.5, 1.5]}


def test_attractors_that_fill_one_box_are_told_apart():
    """In phase and antiphase: a start goes where the sign of z's projection on w says."""
    found = measure("rk4", ["census"], {}, **PAIR)
    assert found["census"][0] == 2
    assert found["census_kind"][0, :3].tolist() == [3, 3, 0]
    z, _, w, _ = both = 3.0 * Draw(0, "attractors").uniform(4, 64)[0] - 1.5
    in_phase = both[0] * both[2] + both[1] * both[3] > 0.0
    assert sorted(found["census_fraction"][0, :2]) == sorted([in_phase.mean(), 1.0 - in_phase.mean()])
    start = {"start": "plane", "start.origin": [0.0, 0.0, 0.0, 0.7], "start.second": [0.0, 0.0, 1.0, 0.0]}
    run = measure("rk4", ["basin"], {"start.x": z, "start.y": w}, **PAIR, **start)
    assert set(run["basin"][z * w > 0.0]) | set(run["basin"][z * w < 0.0]) == {1, 2}
    assert len(set(run["basin"][z * w > 0.0])) == len(set(run["basin"][z * w < 0.0])) == 1


def test_a_direction_that_tells_sets_of_one_box_apart():
    """Circles in phase and antiphase, and one after the other in either order, of up to 8 numbers."""
    turn = np.exp(2j * np.pi * np.arange(1000) / 1000)
    for n in (4, 6, 8):
        (way,) = generic(n)
        place = np.arange(n // 2)
        order = np.exp(2j * np.pi / (n // 2) * place)
        pairs = [(np.ones(n // 2), (-1.0) ** place)] + [(order, order.conj())] * (n > 4)
        for pair in pairs:
            z = np.stack([each[:, None] * turn for each in pair])
            state = np.stack([z.real, z.imag], axis=2).reshape(2, n, -1)
            one, other = (way @ state).max(axis=-1)
            assert abs(one - other) > 2.0 * LOOSE


CORNERS = {"units": 4, "weights": "matrix", "weights.matrix": (2.0 * np.eye(4)).tolist(), "steps": 200}


def test_all_attractors_are_counted_also_those_of_which_no_more_is_kept():
    """W = 2 I: the signs of a start decide on which of 2^4 sinks it ends."""
    starts = Draw(0, "attractors").uniform(4, 256)[0] > 0.5
    wanted = np.bincount(2 ** np.arange(3, -1, -1) @ starts, minlength=16)
    run = prepare("rnn", observables=["census"], fixed=CORNERS | {"starts": 256})
    found = run.evaluate({})
    assert found["census"][0] == 16
    assert found["census_undecided"][0] == 0
    f = wanted / 256
    np.testing.assert_allclose(found["basin_entropy"], -(f * np.log(f)).sum(), rtol=1e-14)
    corners = found["census_state"][0] > 0.0
    np.testing.assert_allclose(found["census_state"][0], np.where(corners, SELF, -SELF), atol=6e-6)
    np.testing.assert_allclose(
        found["census_fraction"][0], f[corners @ 2 ** np.arange(3, -1, -1)], rtol=1e-15
    )
    np.testing.assert_allclose(np.sort(found["census_fraction"][0]), np.sort(f)[8:], rtol=1e-15)
    every = prepare("rnn", observables=["census"], fixed=CORNERS | {"starts": 256, "most": 20}).evaluate({})
    assert every["basin_entropy"].tobytes() == found["basin_entropy"].tobytes()
    np.testing.assert_allclose(np.sort(every["census_fraction"][0, :16]), np.sort(f), rtol=1e-15)


def test_a_start_on_an_attractor_that_has_no_number_says_so():
    found = basins(ROW_90["identity"][0], 8, most=2)
    every = basins(ROW_90["identity"][0], 8)
    size = [(found["basin"] == i).sum() for i in (-2, -1, 0, 1, 2)]
    assert size == [32, 0, 0, 16, 16]
    kept = found["basin"] > 0
    numbered, place = np.unique(every["basin"][kept], return_inverse=True)
    assert len(numbered) == 2
    assert (found["basin"][kept] == place + 1).all()  # in the same order
    assert (found["outcome"] == 1).all()
    assert found["basin_state"].tobytes() == every["basin_state"].tobytes()


def test_both_ways_to_run_find_the_same():
    """Written out in registers, and on arrays: cycles, chaos, a circle, escape, and a saddle's slow ones."""
    given = {"a": np.array([0.2, 0.9, 1.0, 1.25, 1.4, 1.6])}
    run = prepare("henon", observables=["final_state"], fixed={"steps": 600, "b": 0.3}, varied=["a"])
    made = [kind(run._form, 600, 16, 1e3, 1e-8, 1e-3) for kind in (Settling, SettlingOfArrays)]
    which = np.repeat(np.arange(6), 20)
    starts = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 120))
    ours, arrays = (each.run(each.load(given, 6), starts, which) for each in made)
    assert (ours.period == arrays.period).all()
    assert {1.0, 2.0, 4.0, float(RECURRENT)} <= set(ours.period.tolist())
    cycles = ours.period > 0
    np.testing.assert_allclose(ours.state[:, cycles], arrays.state[:, cycles], atol=1e-9)
    chaos = ours.period == RECURRENT
    np.testing.assert_allclose(ours.reach[:, chaos], arrays.reach[:, chaos], rtol=0.1)


def test_networks_of_any_size_have_a_census():
    fixed = {"units": 12, "steps": 300, "starts": 6, "max_period": 16, "activation": "tanh"}
    found = measure("rnn", ["census"], {"weights.gain": np.array([0.5, 1.0])}, **fixed, weights="identity")
    assert found["census"].tolist()[0] == 1
    assert found["census_state"].shape == (2, 8, 12)
    assert found["census_undecided"][1] == 6  # at gain 1 it takes for ever
    assert UNDECIDED == -1


# ---- wrong input ---------------------------------------------------------------------------------

WRONG = [
    ({"box": [1.0, -1.0]}, r"parameters.box: \[1.0, -1.0\] is empty"),
    ({"box": [0.0, 1.0, 2.0]}, r"parameters.box: 3 numbers for a state of 1; write \[lowest, highest\]"),
    ({"starts": 0}, "parameters.starts: 0 starts; write 1 or more"),
    ({"most": 0}, "parameters.most: 0 attractors"),
    ({"tolerance": 0.0}, "parameters.tolerance: 0.0 is no distance"),
    ({"distinct": -1.0}, "parameters.distinct: -1.0 is no distance"),
    ({"max_period": 99}, "parameters.max_period: 99 with 20 steps; write 1 to 20"),
    ({"task": "white_noise"}, "this input changes with time"),
]


@pytest.mark.parametrize(("given", "said"), WRONG, ids=[next(iter(given)) for given, _ in WRONG])
def test_wrong_words_are_refused_before_anything_runs(given, said):
    words = {"w": 1.5, "steps": 20, "max_period": 16} | {k: v for k, v in given.items() if k != "task"}
    task = {"task": given["task"]} if "task" in given else {}
    with pytest.raises(Refused, match=said):
        prepare("rnn", observables=["census"], fixed=words, **task)


def test_what_decides_an_attractor_is_no_axis():
    with pytest.raises(Refused, match=r"axes.tolerance: tolerance decides what an attractor is"):
        prepare("rnn", observables=["basin"], fixed={"w": 1.5, "steps": 90}, varied=["tolerance"])


@pytest.mark.parametrize("n", [2, 3, 4, 8])
def test_states_that_differ_in_signs_alone_have_an_order(n: int):
    """No two lie at one height, which rounding would put in order."""
    signs = np.array(list(itertools.product([-1.0, 1.0], repeat=n)))
    heights = np.sort(signs @ direction(n))
    assert np.diff(heights).min() > 1e-3
