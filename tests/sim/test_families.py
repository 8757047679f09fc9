"""Attractors followed over a plane of parameters."""

import numpy as np
import pytest

from sim.errors import Refused
from sim.families import families
from sim.run import prepare


def test_a_branch_keeps_its_number_when_another_one_appears_below_it():
    """h = tanh(w h + b), b > 0: the lower branch exists beyond its fold only, and then stands first."""
    w = np.linspace(0.5, 3.0, 26)
    run = prepare("rnn", observables=["census"], fixed={"b": 0.2, "steps": 400}, varied=["w"])
    found = run.evaluate({"w": w})
    numbers = families(found["census_state"][..., None], apart=0.5)
    two = found["census"] == 2
    assert two.any()
    assert not two.all()
    assert (numbers[~two, 0] == 0).all()
    assert (numbers[two, :2] == [1, 0]).all()
    assert (numbers[:, 2:] == -1).all()


def test_no_order_and_no_axis_plays_a_part():
    random = np.random.default_rng(0)
    base = np.array([-1.0, 0.0, 1.0])[None, None, :, None] + 0.2 * random.uniform(size=(6, 7, 1, 2))
    states = np.concatenate([base, np.full((6, 7, 1, 2), np.nan)], axis=2)
    states[2:4, 1:3, 1] = np.nan
    whole = families(states, apart=0.45)
    assert sorted(np.unique(whole).tolist()) == [-1, 0, 1, 2]
    turned = families(states.transpose(1, 0, 2, 3), apart=0.45).transpose(1, 0, 2)
    shuffled = families(states[:, :, ::-1], apart=0.45)[:, :, ::-1]
    assert ((whole == whole[0, 0, 2]) == (turned == turned[0, 0, 2])).all()
    assert ((whole == whole[0, 0, 2]) == (shuffled == shuffled[0, 0, 2])).all()


def test_families_stand_by_size_and_equal_ones_by_their_first_cell():
    """A row of six cells: the state 9 in four of them, 1 in two, 5 in two, the former before the latter."""
    states = np.array([[[np.nan, 1.0], [9.0, 1.0], [9.0, np.nan], [9.0, 5.0], [5.0, 9.0], [np.nan, np.nan]]])
    found = families(states[..., None], apart=0.5)[0]
    np.testing.assert_array_equal(found, [[-1, 1], [0, 1], [0, -1], [0, 2], [2, 0], [-1, -1]])


def test_two_attractors_of_a_cell_are_two_families_around_a_cusp():
    """h = tanh(w h + b): for w < 1 the upper and the lower state are one branch, cut where steepest."""
    b, w = np.meshgrid(np.linspace(-1.0, 1.0, 41), np.linspace(0.5, 3.0, 31), indexing="ij")
    columns = {"b": b.ravel(), "w": w.ravel()}
    run = prepare("rnn", observables=["census"], fixed={"steps": 1000, "box": [-2.0, 2.0]}, varied=["b", "w"])
    found = run.evaluate(columns)
    state = found["census_state"][:, :2].reshape(*b.shape, 2)
    two = (found["census"] == 2).reshape(b.shape)
    assert two.any()
    family = families(state[..., None], apart=0.5)
    assert (family[two, 0] != family[two, 1]).all()
    for i in (0, 1):  # each family is one side, also where it is alone
        sides = np.sign(state[(family == i) & (abs(state) > 1e-3) & (abs(b) > 1e-9)[..., None]])
        assert len(np.unique(sides)) == 1
    assert sorted(np.unique(family).tolist()) == [-1, 0, 1]


def one_after_another(states: np.ndarray, apart: float) -> np.ndarray:
    """Kruskal's way, word for word: nearest pairs first, none that puts two of a cell into one."""
    height, width, most, _ = states.shape
    pairs = []
    for r, c, down in np.ndindex(height, width, 2):
        there = (r + down, c + 1 - down)
        if there[0] < height and there[1] < width:
            far = abs(states[r, c][:, None] - states[there]).max(axis=-1)
            for i, j in enumerate(far.argmin(axis=1)):
                if far[:, j].argmin() == i and far[i, j] <= apart:
                    pairs.append((far[i, j], (r, c, i), (*there, int(j))))
    group = {place: {place} for place in np.ndindex(height, width, most)}
    for _, one, two in sorted(pairs, key=lambda pair: pair[0]):
        a, b = group[one], group[two]
        if a is not b and not {place[:2] for place in a} & {place[:2] for place in b}:
            a |= b
            group.update(dict.fromkeys(b, a))
    names = [min(group[place]) for place in np.ndindex(height, width, most)]
    return np.ravel_multi_index(np.transpose(names), (height, width, most))


def test_the_nearest_are_joined_first():
    random = np.random.default_rng(1)
    for _ in range(10):
        states = random.uniform(-1.0, 1.0, (7, 8, 3, 2))
        found, wanted = families(states, 0.7).ravel(), one_after_another(states, 0.7)
        assert len(set(zip(found, wanted, strict=True))) == len(set(found)) == len(set(wanted))


def test_wrong_input_is_refused():
    with pytest.raises(Refused, match="states: an array of 2 dims"):
        families(np.zeros((3, 2)), 0.1)
    with pytest.raises(Refused, match="apart: 0 is no distance"):
        families(np.zeros((3, 2, 1)), 0)
