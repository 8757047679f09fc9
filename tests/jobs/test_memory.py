"""What does not fit in memory is counted before it is tried, and refused with what to change."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from jobs import planning
from jobs.planning import BASE_MEMORY, plan
from jobs.sweep import Sweep
from sim.draws import DRAWN, Draw
from sim.errors import Refused
from sim.machine import memory
from tests.sim.cases import INTERPRETED


def planned(system: str, observable: str, task: str = "white_noise", **parameters: object) -> planning.Plan:
    text = {"name": "large", "system": system, "task": task, "observables": [observable]}
    return plan(Sweep.parse(text | {"parameters": parameters}))


@pytest.mark.parametrize(
    "kind", ["log_singular_values", "effective_rank", "log_jacobian_norm", "eigenvalues"]
)
def test_products_of_jacobians_are_counted(kind: str):
    """n tangents of n numbers in every lane at least; of a product of them, its triangles too."""
    made = planned("lstm", kind, units=60, steps=2)
    lanes = made.recipe.first.form.lanes
    assert made.scratch_bytes >= 8 * lanes * (2 * 60) ** 2
    assert made.memory(3) - made.memory(2) == made.tile_bytes + made.scratch_bytes


def test_series_and_tapes_are_counted():
    short, long = (planned("rnn", "gradient_norm", units=4, steps=steps) for steps in (10**6, 10**9))
    assert long.scratch_bytes >= 1000 * 8 * 10**6
    assert long.scratch_bytes >= DRAWN * 10**9
    assert short.scratch_bytes < long.scratch_bytes / 900


@pytest.mark.compiled
@pytest.mark.skipif(INTERPRETED, reason="a hundred units take minutes without machine code")
@pytest.mark.parametrize(
    ("observable", "settings"),
    [("log_singular_values", {"units": 100, "steps": 2}), ("gradient_norm", {"units": 4, "steps": 300_000})],
)
def test_what_is_counted_is_what_is_taken(observable: str, settings: dict[str, int]):
    made = planned("rnn", observable, **settings)
    made.recipe.compile()
    made.recipe.block(())  # loads what is loaded once
    memory._free.clear()  # what waits to be used again would not be counted
    tracemalloc.start()
    made.recipe.block(())
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert taken <= 1.01 * (made.memory(1) - BASE_MEMORY)
    assert made.scratch_bytes < 2 * taken


def test_a_drawn_number_takes_as_much_as_is_counted():
    tracemalloc.start()
    Draw(0, "inputs").normal(1, 100_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert 0.8 * DRAWN < peak / 100_000 < 1.02 * DRAWN


def test_one_tile_that_does_not_fit_is_refused_with_a_cure(tmp_path, monkeypatch):
    made = planned("lstm", "log_singular_values", units=60, steps=2)
    monkeypatch.setattr(planning, "free_memory", lambda: BASE_MEMORY + made.scratch_bytes // 2)
    with pytest.raises(Refused, match=r"one tile needs .* are free: log_singular_values .* fewer units"):
        made.refuse(tmp_path, 1)
    monkeypatch.setattr(planning, "free_memory", lambda: made.memory(1))
    made.refuse(tmp_path, 1)
    with pytest.raises(Refused, match=r"2 tiles at once need .*; take fewer --workers"):
        made.refuse(tmp_path, 2)


def test_what_was_not_counted_is_refused_too(monkeypatch):
    made = planned("logistic", "final_state", task="silence", steps=2, r=3.0)
    monkeypatch.setattr(planning, "_measured", lambda plan: np.empty(2**50))
    with pytest.raises(Refused, match=r"does not fit in memory .* write fewer units or steps"):
        planning.probe(made)
