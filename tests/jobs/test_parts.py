"""Cells that cannot be computed fail alone: the others of their tile have the bits that they always have."""

import numpy as np
import pytest

import jobs
from jobs import ledger, parts, planning

AXES = {"w": {"values": [1.0, 668.0, 5.0, 6.0, 7.0]}, "b": {"start": -1.0, "stop": 1.0, "num": 61}}
GUILTY = 3  # of b = -1, ..., 1 in steps of 1/30: those within 0.05 of zero


def stored(small, root, name, **more):
    """The result of a run and its dataset in memory."""
    result = jobs.run(small | {"name": name}, root=root, progress=False, **more)
    return result, jobs.open(result.path).load()


@pytest.mark.parametrize("executor", ["serial", "threads"])
def test_guilty_cells_alone_fail_and_say_why(fake, small, root, executor):
    small["axes"] = AXES
    result, dataset = stored(small, root, "guilty", executor=executor)
    assert result.counts == {"ok": 5 * 61 - GUILTY, "crashed": GUILTY}
    bad = dataset.outcome.values == parts.CRASHED
    assert (bad == ((dataset.w == 668.0) & (abs(dataset.b) < 0.05)).transpose(*dataset.outcome.dims)).all()
    assert np.isnan(dataset.loss.values[bad]).all()
    assert (dataset.period.values[bad] == -1).all()
    said = "w=668.0, b=0.0: ValueError: no start for b = 0.000"
    assert result.failed == 1
    assert said in result.messages[0]
    assert "b=-0.03" in result.messages[0]
    assert said in jobs.catalog(root)[0].messages[0]
    small["axes"] = AXES | {"w": {"values": [1.0, 5.0, 6.0, 7.0]}}
    _, others = stored(small, root, "others", executor=executor)
    for name in others.data_vars:
        assert dataset[name].sel(w=others.w).values.tobytes() == others[name].values.tobytes()


def test_the_same_cells_fail_in_any_tiling(fake, small, root, monkeypatch):
    import jobs.tiles

    small["axes"] = AXES
    small["parameters"] |= {"start": 0.0}
    whole, dataset = stored(small, root, "whole")
    monkeypatch.setattr(jobs.tiles, "SMALLEST_TILE", 1e6)
    monkeypatch.setattr(jobs.tiles, "LANES", 4)
    monkeypatch.setattr("jobs.evaluate._KNOWN", {})
    cut, other = stored(small, root, "cut")
    assert cut.tiles > whole.tiles == 1
    for name in dataset.data_vars:
        assert dataset[name].values.tobytes() == other[name].values.tobytes()


def test_a_guilty_cell_in_every_tile_does_not_stop_the_run(fake, many_tiles, small, root):
    small["axes"] = {"b": {"values": [-0.5, 0.0, 0.5]}, "w": {"values": [668.0, 5.0, 6.0, 7.0]}}
    small["axes"]["seed"] = {"values": list(range(40))}
    result, dataset = stored(small, root, "everywhere")
    assert result.counts == {"ok": 11 * 40, "crashed": 40}
    assert (dataset.outcome.sel(b=0.0, w=668.0) == parts.CRASHED).all()


def test_a_fault_without_end_is_not_pursued(fake, small, root, monkeypatch):
    monkeypatch.setattr(parts, "MOST_PARTS", 8)
    small["axes"] = {"w": {"values": [666.0, 1.0]}, "b": {"start": -1.0, "stop": 1.0, "num": 60}}
    result, dataset = stored(small, root, "small")
    assert (dataset.outcome.sel(w=666.0) == parts.CRASHED).all()
    assert (dataset.outcome.sel(w=1.0) == 1).all()
    assert "more cells: ZeroDivisionError: a poisoned cell" in result.messages[0]
    assert len(ledger.read(result.path).records[0].message) < 300


def test_a_fault_of_all_cells_is_said_once(fake, small, root):
    small["axes"] = {"w": {"values": [666.0]}, "b": {"start": -1.0, "stop": 1.0, "num": 60}}
    result, _ = stored(small, root, "small")
    assert result.messages == ("tile 0: w=666.0, b=-1.0..1.0: ZeroDivisionError: a poisoned cell",)


def test_cells_fail_as_they_fail_alone_whatever_a_whole_tile_does(fake, small, root, monkeypatch):
    def block(made, cells):
        alone = all(part.stop - part.start == 1 for part in cells)
        raise ValueError("no such cell") if alone else MemoryError("a whole tile")

    monkeypatch.setattr("jobs.evaluate.Recipe.block", block)
    small["axes"] = {"w": {"values": [1.0, 2.0]}, "b": {"values": [-1.0, 1.0]}}
    result, _ = stored(small, root, "small")
    assert result.counts == {"crashed": 4}
    assert result.messages == ("tile 0: w=1.0..2.0, b=-1.0..1.0: ValueError: no such cell",)


def test_a_plan_says_which_cells_fail(fake, small):
    small["axes"] = AXES
    tried = planning.probe(jobs.plan(jobs.Sweep.parse(small)))
    assert tried.seconds > 0.0
    assert "w=668.0, b=0.0: ValueError: no start for b = 0.000" in tried.faults
