"""Row 99: a task whose input is shown backward."""

from __future__ import annotations

import numpy as np

from sim.signature import Group, belonging
from sim.vocabulary import keywords
from tests.sim.test_tasks import SETTINGS, TASKS, made, of

# ---- row 99: reversed input -------------------------------------------------------------------------


def lags(x: np.ndarray, y: np.ndarray, words: int) -> list[int]:
    """For every word told at the end, how many steps before it was shown; a word is known by its column of
    seeds.
    """
    shown, said = x.argmax(axis=2), y.argmax(axis=2)
    steps = shown.shape[1]
    found = []
    for t in range(steps + 1 - words, steps + 1):
        (at,) = (t_in for t_in in range(steps) if np.array_equal(shown[:, t_in], said[:, t]))
        found.append(t - (at + 1))  # x[at] is first seen in the state of time at + 1
    return found


def test_row_99_lags_of_a_reversed_input():
    """T = 20: the lags 1, 3, …, 39 have the mean 20 that they had; the shortest is 1, the longest doubled."""
    given = {"length": 20, "gap": 0, "symbols": 8}
    forth = lags(*of("copy", 40, np.arange(64), **given), 20)
    back = lags(*of("reversed", 40, np.arange(64), of="copy", **{f"of.{k}": v for k, v in given.items()}), 20)
    assert forth == [20] * 20
    assert back == list(range(1, 40, 2))
    assert np.mean(back) == np.mean(forth) == 20


def test_reversed_turns_the_message_alone():
    given = {"length": 6, "gap": 4, "symbols": 8}
    (x, y), (turned, said) = (
        of("copy", 30, **given),
        of("reversed", 30, of="copy", **{f"of.{k}": v for k, v in given.items()}),
    )
    np.testing.assert_array_equal(turned[:, 14:20], x[:, 19:13:-1])
    np.testing.assert_array_equal(turned[:, :14], x[:, :14])
    np.testing.assert_array_equal(turned[:, 20:], x[:, 20:])
    np.testing.assert_array_equal(y, said)


def test_reversed_turns_everything_where_the_end_alone_is_asked_for():
    (x, y), (turned, said) = of("adding", 30), of("reversed", 30, **{"of": "adding", "of.length": None})
    np.testing.assert_array_equal(turned, x[:, ::-1])
    np.testing.assert_array_equal(y, said)


def test_the_inner_tasks_keywords_are_described():
    found = keywords("rnn", "reversed", words={"of": ["copy"]})
    inner = keywords("rnn", "copy")
    for key in ("gap", "length", "symbols"):
        assert found[f"of.{key}"].owner == "of copy"
        for field in ("kind", "default", "meaning", "unit", "sweepable"):
            assert getattr(found[f"of.{key}"], field) == getattr(inner[key], field)
    assert set(found["of"].choices) == set(SETTINGS) - {"reversed"}
    assert "of.gap" not in keywords("rnn", "reversed", words={"of": ["adding"]})


def test_a_group_of_a_task_is_filled():
    names = ["of", "of.gap", "of.length", "of.symbols", "steps", "seed", "weights.gain"]
    assert belonging(TASKS["reversed"].Keywords, names) == names[:4]
    k = made("reversed", {"of": "copy", "of.gap": 5, "of.length": 2, "of.symbols": 3})
    assert k.of == Group("copy", TASKS["copy"].Keywords(gap=5, length=2, symbols=3))
    assert made("copy", {"gap": 5}) == TASKS["copy"].Keywords(gap=5)
