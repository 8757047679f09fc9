"""What a sweep needs is known before it runs: memory for what its cells share, too."""

import tracemalloc

import numpy as np
import pytest

from jobs import planning
from sim.errors import Refused


def planned(task: str, steps: int, **fixed):
    axis = "weights.gain" if "units" in fixed else "w"
    raw = {"name": "large", "system": "rnn", "task": task, "observables": ["final_state"]}
    raw |= {"parameters": {"steps": steps, **fixed}, "axes": {axis: {"values": [1.0, 2.0]}}}
    return planning.plan(planning.read(raw))


@pytest.mark.parametrize(
    ("task", "steps", "fixed"),
    [
        ("white_noise", 300_000, {}),
        ("constant", 300_000, {}),
        ("parity", 300_000, {}),
        ("adding", 200_000, {"units": 2}),
        ("copy", 100_000, {"units": 2}),
        ("silence", 1, {"units": 400}),
    ],
)
def test_what_cells_share_is_counted(task, steps, fixed):
    """Against what Python allocates while the numbers of a tile are made."""
    plan = planned(task, steps, **fixed)
    run, (axis,) = plan.recipe.first, plan.sweep.axes
    run.load({axis.path: np.array([1.0])})  # what is imported on the way is no part of it
    tracemalloc.start()
    run.load({axis.path: np.array([1.0])})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.85 * peak < plan.scratch_bytes < 6.0 * peak + 1e5  # copy draws one input of many


def test_a_series_that_memory_does_not_hold_is_refused(tmp_path):
    plan = planned("white_noise", 10**9)
    assert plan.memory(1) > 8 * 10**9
    with pytest.raises(
        Refused, match=r"GB of memory, .* are free: final_state .* write fewer units or steps"
    ):
        plan.refuse(tmp_path, 64)  # one tile for each worker, 96 GB each
    assert planned("white_noise", 1000).memory(1) < 2 * planning.BASE_MEMORY
