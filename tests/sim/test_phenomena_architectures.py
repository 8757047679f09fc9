"""Sizes, layers and directions: rows 168 and 188-190."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.generic import output, output_vjp, step, units
from sim.run import prepare
from tests.sim.packs import built


def count(system: str, **settings: Any) -> int:
    fixed = {name.replace("__", "."): value for name, value in settings.items()} | {"steps": 1}
    return int(
        prepare(system, observables=["parameter_count"], fixed=fixed).evaluate({})["parameter_count"][0]
    )


def of_a_read_out(system: str, n: int) -> int:
    """The parameters that a read-out to ten classes adds; the task has an input for each, and the cue."""
    own = {"units": n, "classes": 10, "steps": 3, "outputs": 10, "criterion": "cross_entropy"}
    names = ["loss", "parameter_count"]
    both = prepare(system, task="pattern_gap", observables=names, fixed=own).evaluate({})
    return int(both["parameter_count"][0]) - count(system, units=n, inputs=11)


def test_row_168_four_times_the_parameters_holds_for_the_cell_alone():
    n, m = 128, 64
    cell, vanilla = (count(name, units=n, inputs=m) for name in ("lstm", "rnn"))
    assert (cell, vanilla) == (98816, 24704)
    assert of_a_read_out("rnn", 3) == 10 * (3 + 1)
    ten = 10 * (n + 1)
    assert (cell + ten) / (vanilla + ten) == pytest.approx(3.85, abs=5e-3)
    assert (cell + 4 * n) / vanilla == pytest.approx(4.02, abs=5e-3)  # two biases a gate, as PyTorch has
    wide = [count(name, units=512, inputs=512) + 1000 * 513 for name in ("lstm", "rnn")]
    assert wide[0] / wide[1] == pytest.approx(2.52, abs=5e-3)


ONE = {"w_i": 0.1, "w_c": 0.2, "w_o": 0.3}


@pytest.mark.parametrize(
    ("system", "one", "several", "gates", "beside"),
    [
        ("rnn", {"w": 0.5}, {}, 1, 0),
        ("ctrnn", {"w": 0.5, "alpha": 0.2}, {"alpha": 0.2}, 1, 0),
        ("euler", {"flow": "ctrnn", "flow__w": 0.5, "dt": 0.1}, {}, 1, 0),
        ("lstm", {"w_f": 0.5, **ONE}, {}, 4, 0),
        ("lstm", {"force_f": 0.9, **ONE}, {"force_f": 0.9}, 3, 0),
        ("lstm", {"normalised": True, "w_f": 0.5, **ONE}, {"normalised": True}, 4, 2),
        ("gru", {"w_r": 0.5, "w_u": 0.4, "w_c": 0.2}, {}, 3, 0),
    ],
)
def test_one_unit_learns_what_a_network_of_one_would(system, one, several, gates, beside):
    """n (n + m + 1) numbers for each gate, and the gain and shift that units share: for n = 1 and for 3."""
    assert count(system, **one) == 3 * gates + beside
    if system != "euler":
        assert count(system, units=3, inputs=2, **several) == 3 * (3 + 2 + 1) * gates + beside


def test_an_mlp_learns_weights_and_biases():
    fixed = {"layers": 3, "width": 5}
    found = prepare("mlp", observables=["parameter_count"], fixed=fixed).evaluate({})
    assert found["parameter_count"].tolist() == [784 * 5 + 5 + 5 * 5 + 5 + 5 * 10 + 10]
    both = prepare("mlp", observables=["loss", "parameter_count"], fixed=fixed, varied=["seed"])
    found = both.evaluate({"seed": np.arange(3)})
    assert found["parameter_count"].tolist() == 3 * [4015]
    assert len(set(found["loss"])) == 3


# ---- states, layers and directions: rows 188-190 -----------------------------------------------------------


def test_row_188_a_gated_unit_has_half_the_state():
    assert units(built("gru", units=8, inputs=1)) == 8
    assert sum(units(built("lstm", units=8, inputs=1)).values()) == 16


def run_through(p: Any, s: Any, x: np.ndarray) -> list[Any]:
    path = [s]
    for now in x:
        path.append(step(p, path[-1], now))
    return path


def test_row_189_two_layers_are_two_runs_in_a_row():
    """The second reads, at the same time, what the first puts out."""
    p = built("stacked", cell="lstm", cell__units=3, cell__inputs=2)
    x, zero = np.random.default_rng(0).normal(size=(7, 2)), (np.zeros(3), np.zeros(3))
    first = run_through(p.layers[0], zero, x)
    second = run_through(p.layers[1], zero, np.stack([output(p.layers[0], s) for s in first[1:]]))
    for both, one, other in zip(run_through(p, (*zero, *zero), x), first, second, strict=True):
        np.testing.assert_array_equal(np.concatenate(both), np.concatenate([*one, *other]))
    assert (output_vjp(p, both, np.ones(3))[2] == 1.0).all()  # what is read out is the upper layer


def test_row_190_two_directions_are_two_runs_from_both_ends():
    """h_b starts at T + 1, which the slide calls infinity."""
    p = built("bidirectional", cell="gru", cell__units=3, cell__inputs=2)
    x = np.random.default_rng(0).normal(size=(7, 2))
    both = [(now, then) for now, then in zip(x, x[::-1], strict=True)]
    last = run_through(p, (np.zeros(3), np.zeros(3)), both)[-1]
    np.testing.assert_array_equal(last[0], run_through(p.forward, np.zeros(3), x)[-1])
    np.testing.assert_array_equal(last[1], run_through(p.backward, np.zeros(3), x[::-1])[-1])


def test_rows_189_190_counts():
    size = {"cell": "lstm", "cell__units": 128, "cell__inputs": 64}
    assert count("stacked", **size, layers=2) == 230400
    assert count("bidirectional", **size) == 197632
    assert count("bidirectional", **size | {"cell__inputs": 256}) == 394240  # a second layer: 2 n inputs
