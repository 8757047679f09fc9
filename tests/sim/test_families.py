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


def test_wrong_input_is_refused():
    with pytest.raises(Refused, match="states: an array of 2 dims"):
        families(np.zeros((3, 2)), 0.1)
    with pytest.raises(Refused, match="apart: 0 is no distance"):
        families(np.zeros((3, 2, 1)), 0)
