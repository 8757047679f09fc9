"""What a sweep needs is known before it runs: memory for what its cells share, too."""

import dataclasses
import tracemalloc

import numpy as np
import pytest

import jobs
from jobs import planning
from jobs.evaluate import OUTCOME
from jobs.tiles import Grid
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


def test_bytes_are_written_in_thousands():
    written = [planning.size(count) for count in (999, 1500, 2e6, 3.25e9, 1.5e12, 1.5e15)]
    assert written == ["999 B", "1.5 kB", "2 MB", "3.25 GB", "1.5 TB", "1,500 TB"]


def test_the_bytes_of_a_sweep_are_those_of_all_its_arrays(tmp_path):
    """A coordinate weighs as much as a result of one number along it."""
    raw = {"name": "bytes", "system": "rnn", "observables": ["final_state", "trajectory"]}
    raw |= {"parameters": {"steps": 6}}
    raw["axes"] = {"activation": {"values": ["tanh", "relu"]}, "w": {"start": 0.0, "stop": 1.0, "num": 500}}
    plan = planning.plan(planning.read(raw))
    arrays = jobs.open(jobs.run(raw, root=tmp_path, progress=False).path).variables
    words = sum(map(len, raw["axes"]["activation"]["values"]))
    assert plan.bytes == words + sum(array.nbytes for name, array in arrays.items() if name != "activation")
    assert arrays["w"].nbytes == 4000


def test_every_worker_has_a_tile_and_scratch_of_its_own():
    plan = planned("silence", 1, units=400)
    more = plan.memory(4) - plan.memory(3)
    assert more == plan.tile_bytes + plan.scratch_bytes
    assert plan.scratch_bytes > 400 * 400 * 8  # the matrix that its cells share


class Stub:
    """A recipe whose tiles take a second each."""

    variables = ()

    def __init__(self, clock: list[float]) -> None:
        self.clock, self.asked = clock, []

    def compile(self) -> None:
        """Nothing."""

    def block(self, cells: tuple[slice, ...]) -> dict[str, np.ndarray]:
        self.asked.append(cells)
        self.clock[0] += 1.0
        return {OUTCOME: np.ones([part.stop - part.start for part in cells], np.uint8)}


@pytest.mark.parametrize(("shape", "cells", "seconds"), [((8,), 4, 2.0), ((5,), 1, 5.0), ((5, 6), 4, 7.5)])
def test_the_time_that_is_predicted_is_that_of_the_cells_of_the_probe(monkeypatch, shape, cells, seconds):
    """Also where the tile in the middle is a smaller one at the far edge."""
    clock = [0.0]
    monkeypatch.setattr(planning.time, "perf_counter", lambda: clock[0])
    stub, grid = Stub(clock), Grid(shape, (4,) * len(shape))
    made = dataclasses.replace(planned("silence", 1), recipe=stub, grid=grid)
    assert planning.probe(made) == (seconds, "")
    asked = [part.stop - part.start for part in stub.asked[-1]]
    assert int(np.prod(asked)) == cells


def test_a_series_that_memory_does_not_hold_is_refused(tmp_path):
    plan = planned("white_noise", 10**9)
    assert plan.memory(1) > 8 * 10**9
    with pytest.raises(
        Refused, match=r"GB of memory, .* are free: final_state .* write fewer units or steps"
    ):
        plan.refuse(tmp_path, 64)  # one tile for each worker, 96 GB each
    assert planned("white_noise", 1000).memory(1) < 2 * planning.BASE_MEMORY
