"""Laws that fixed points obey: counts, degrees, kinks and jumps; bits of a cell; what is refused."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

from sim.errors import Refused
from sim.run import prepare
from tests.sim.fixed import COMPLETE, KIND, SYSTEMS, find, there

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
