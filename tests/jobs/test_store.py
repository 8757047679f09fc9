"""The store: read by anyone, silently, at any time; taken up again; damage found and repaired."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
import zarr

import jobs
from jobs import ledger, rooms
from jobs.evaluate import recipe
from sim.errors import Refused
from tests.jobs.conftest import contents


def go(raw, root, **more):
    return jobs.run(raw, root=root, progress=False, **{"executor": "serial", **more})


@pytest.fixture
def done(fake, many_tiles, small, root):
    return go(small, root)


def test_anyone_reads_it_in_silence(done, small):
    dataset = xr.open_zarr(done.path)
    assert list(dataset.loss.dims) == ["w", "activation", "b"]
    assert list(dataset.trajectory.dims) == ["w", "activation", "b", "time"]
    assert list(dataset.data_vars) == ["outcome", "loss", "gradient", "trajectory", "period"]
    assert list(dataset.coords) == ["w", "activation", "b", "parameter", "time"]
    assert dataset.activation.values.tolist() == ["tanh", "relu"]
    for name in dataset.data_vars:
        assert {"long_name", "units", "comment", "source"} <= set(dataset[name].attrs)
    assert dataset.outcome.attrs["flag_meanings"].split()[1] == "ok"
    sweep = jobs.Sweep.parse(small)
    assert dataset.attrs["sweep_id"] == sweep.id
    assert jobs.Sweep.parse(json.loads(dataset.attrs["sweep"])) == jobs.Sweep.parse(
        json.loads(sweep.canonical)
    )
    assert dataset.attrs["finished"]
    xr.open_zarr(done.path, consolidated=False).load()
    list(zarr.open_group(done.path, mode="r", use_consolidated=False).members())


def test_every_chunk_is_read_back_by_zarr(done):
    made = recipe(done.sweep)
    whole = made.runs[("tanh",)]
    w, b = (axis.values for axis in (done.sweep.axes[0], done.sweep.axes[2]))
    grid = {"w": np.repeat(w, len(b)), "b": np.tile(b, len(w))}
    expected = whole.evaluate(grid)
    group = zarr.open_group(done.path, mode="r")
    for item in made.variables:
        array = group[item.name]
        assert array.nchunks_initialized == array.nchunks
        stored = array[:, 0].reshape(expected[item.name].shape)
        np.testing.assert_array_equal(stored, expected[item.name])
    assert set(np.unique(group["outcome"])) <= {1, 2}


def test_nothing_is_computed_twice(done, fake, small, root):
    calls = fake.FakeRun.calls
    before = contents(done.path)
    again = go(small, root)
    assert again.computed_tiles == 0
    assert fake.FakeRun.calls == calls
    assert contents(done.path) == before
    assert (done.path / "zarr.json").read_text() == (again.path / "zarr.json").read_text()


def test_while_running_missing_is_marked_and_not_zero(fake, many_tiles, small, root, monkeypatch):
    class Full(Exception):
        pass

    from jobs.work import Work

    commit = Work.commit

    def some(work, batch):
        if len(work.settled) == 3:
            raise Full
        dataset = xr.open_zarr(work.store.path)
        assert (dataset.outcome.values == 0).any()
        commit(work, batch)

    monkeypatch.setattr(Work, "commit", some)
    with pytest.raises(Full):
        go(small, root)
    dataset = jobs.open("small", root)
    missing = dataset.outcome.values == 0
    assert 0 < missing.sum() < missing.size
    assert np.isnan(dataset.loss.values[missing]).all()
    assert (dataset.period.values[missing] == -1).all()
    assert jobs.catalog(root)[0].state == "interrupted"
    monkeypatch.setattr(Work, "commit", commit)
    finished = go(small, root)
    assert finished.computed_tiles == finished.tiles - 3
    small["name"] = "other"
    assert contents(finished.path) == contents(go(small, root).path)


def test_tiling_changes_nothing(fake, small, root, monkeypatch):
    import jobs.tiles

    one = jobs.open(go(small | {"name": "one"}, root).path)
    monkeypatch.setattr(jobs.tiles, "SMALLEST_TILE", 1e6)
    monkeypatch.setattr(jobs.tiles, "LANES", 4)
    many = go(small | {"name": "many"}, root)
    assert many.tiles > 8
    for name, array in jobs.open(many.path).data_vars.items():
        assert array.values.tobytes() == one[name].values.tobytes()


def test_diverged_tiles_are_stored_as_data(fake, many_tiles, small, root):
    small["axes"] = {"w": {"values": [1e200, 1e308]}, "b": {"values": [0.0, 1.0]}}
    result = go(small, root)
    assert result.counts == {"diverged": 4}
    assert (result.path / "loss" / "c" / "0" / "0").is_file()
    assert go(small, root).computed_tiles == 0


DAMAGES = {
    "flipped": lambda file, _: file.write_bytes(bytes([file.read_bytes()[0] ^ 1]) + file.read_bytes()[1:]),
    "truncated": lambda file, _: file.write_bytes(file.read_bytes()[:-9]),
    "emptied": lambda file, _: file.write_bytes(b""),
    "missing": lambda file, _: file.unlink(),
    "swapped": lambda file, other: shutil.copy(other, file),
    "linked": lambda file, other: (file.unlink(), file.symlink_to(other)),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_is_named_and_only_it_is_computed_again(done, small, root, kind):
    before = contents(done.path)
    chunk = done.path / "loss" / "c" / "2" / "1" / "0"
    DAMAGES[kind](chunk, done.path / "loss" / "c" / "3" / "1" / "0")
    report = jobs.verify("small", root)
    assert len(report.damaged) == 1
    assert report.damaged[0].startswith("loss/c/2/1/0 ")
    assert jobs.catalog(root)[0].state == "interrupted"
    assert go(small, root).computed_tiles == 1
    assert contents(done.path) == before
    assert not jobs.verify("small", root).damaged


def test_damage_is_also_found_by_the_next_run(done, small, root):
    before = contents(done.path)
    (done.path / "period" / "c" / "0" / "0" / "0").unlink()
    again = go(small, root)
    assert again.repaired == ("period/c/0/0/0 is missing",)
    assert contents(done.path) == before


def test_a_folder_in_a_chunks_place_is_named(done, small, root):
    from jobs.work import Stopped

    chunk = done.path / "loss" / "c" / "2" / "1" / "0"
    chunk.unlink()
    chunk.mkdir()
    with pytest.raises(Stopped, match=r"Is a directory at .*small\.zarr/loss/c/2/1/0; "):
        go(small, root)


def test_another_sweep_under_the_same_name_is_refused_field_by_field(done, small, root):
    small["axes"]["w"]["stop"] = 9.0
    small["parameters"]["target"] = 0.5
    small["title"] = "titles do not matter"
    before = contents(done.path)
    with pytest.raises(Refused) as refusal:
        go(small, root)
    text = str(refusal.value)
    assert "axes.w.stop: 8.0 in the store, 9.0 given" in text
    assert "parameters.target: nothing in the store, 0.5 given" in text
    assert "--set name=" in text
    assert "title" not in text
    assert contents(done.path) == before


def test_unfinished_with_other_sources_is_refused_finished_is_not(done, fake, small, root, monkeypatch):
    monkeypatch.setattr(fake.FakeRun, "digest", "1" * 32)
    assert go(small, root).computed_tiles == 0
    (done.path / "loss" / "c" / "0" / "0" / "0").unlink()
    jobs.verify("small", root)
    with pytest.raises(Refused, match="is unfinished and was begun with other sources"):
        go(small, root)


def test_a_lost_chunk_is_not_made_of_other_sources(done, fake, small, root, monkeypatch):
    monkeypatch.setattr(fake.FakeRun, "digest", "1" * 32)
    (done.path / "loss" / "c" / "0" / "0" / "0").unlink()
    with pytest.raises(Refused, match="has lost loss/c/0/0/0 and was begun with other sources"):
        go(small, root)
    monkeypatch.setattr(fake.FakeRun, "digest", "0" * 32)
    assert go(small, root).computed_tiles == 1


def test_a_damaged_line_beside_whole_ones_costs_no_tile(done, small, root):
    with (done.path / ledger.PLACE).open("ab") as file:
        file.write(b"garbage\n")
    assert jobs.verify("small", root).note == "1 damaged line of the ledger; every tile has a whole one"
    assert go(small, root).computed_tiles == 0
    lines = (done.path / ledger.PLACE).read_bytes().split(b"\n")
    (done.path / ledger.PLACE).write_bytes(b"\n".join([*lines[:-3], b"torn", lines[-2], b""]))
    assert jobs.verify("small", root).note.endswith("1 tiles without one are computed by the next run")
    assert go(small, root).computed_tiles == 1


def test_a_newer_schema_is_refused(done, root):
    file = done.path / "zarr.json"
    tree = json.loads(file.read_text())
    tree["attributes"]["schema"] = 99
    file.write_text(json.dumps(tree))
    with pytest.raises(Refused, match="schema 99"):
        jobs.open("small", root)


def test_links_are_not_followed(fake, small, root, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    root.mkdir()
    (root / "small.zarr").symlink_to(elsewhere)
    with pytest.raises(Refused, match="is a link"):
        go(small, root)
    assert not list(elsewhere.iterdir())


def test_what_is_no_store_is_never_touched(fake, small, root):
    """A file, a folder of something else, a store of another program: with --fresh, too."""
    place = root / "small.zarr"
    root.mkdir()
    place.write_text("mine")
    for fresh in (False, True):
        with pytest.raises(Refused, match="is no store of separatrix and is left alone; move it away"):
            go(small, root, fresh=fresh)
    assert place.read_text() == "mine"
    place.unlink()
    zarr.create_group(place)
    with pytest.raises(Refused, match="is left alone"):
        go(small, root, fresh=True)
    assert list(zarr.open_group(place, mode="r").members()) == []
    shutil.rmtree(place)
    place.mkdir()  # an empty folder holds nobody's data
    assert go(small, root, fresh=True).computed_tiles > 0


@pytest.mark.parametrize("address", ["file:///tmp/x", "s3://bucket/x", "memory://x", "simplecache::s3://x"])
def test_addresses_are_refused(fake, small, address):
    with pytest.raises(Refused, match="address"):
        go(small, address)
    with pytest.raises(Refused, match="address"):
        jobs.open(address)


def test_leftovers_of_a_killed_driver_are_removed(done, small, root):
    left = root / rooms.PRIVATE / "small.0123"
    left.mkdir()
    (left / "half").write_text("x")
    go(small, root)
    assert sorted(path.name for path in (root / rooms.PRIVATE).iterdir()) == ["small.lock", "small.origin"]
    assert [path.name for path in root.iterdir() if path.name != rooms.PRIVATE] == ["small.zarr"]


def test_the_catalog_says_how_far_stores_are(done, small, root):
    (entry,) = jobs.catalog(root)
    assert (entry.name, entry.state, entry.done, entry.tiles) == ("small", "done", done.tiles, done.tiles)
    assert entry.shape == {"w": 33, "activation": 2, "b": 20}
    (done.path / ledger.PLACE).unlink()
    assert jobs.catalog(root)[0].state == "damaged"
    assert jobs.catalog(root / "nowhere") == []


def test_live_equals_stored(done, root):
    dataset = jobs.open("small", root)
    cell = jobs.live(dataset, {"w": 2.1, "b": 0.33, "activation": "relu"})
    stored = dataset.sel(activation="relu").sel(w=2.1, b=0.33, method="nearest")
    assert float(cell.w) == float(stored.w)
    for name in stored.data_vars:
        assert cell[name].values.tobytes() == stored[name].values.tobytes()
        assert cell[name].dims == stored[name].dims
    only = jobs.live(dataset, {"w": 0.0, "b": 0.0, "activation": "tanh"}, observables=["trajectory"])
    assert set(only.data_vars) == {"trajectory", "outcome"}
    with pytest.raises(Refused, match="activation"):
        jobs.live(dataset, {"w": 0.0, "b": 0.0})
    with pytest.raises(Refused, match=r"w: no coordinate given; write {'w': 0\.0, "):
        jobs.live(dataset, {"activation": "tanh", "b": 0.0})
    with pytest.raises(Refused, match="w: 'x' given; write a finite number"):
        jobs.live(dataset, {"w": "x", "b": 0.0, "activation": "tanh"})
    with pytest.raises(Refused, match="q: no axis of this sweep"):
        jobs.live(dataset, {"w": 0.0, "b": 0.0, "activation": "tanh", "q": 1})


def test_live_leaves_out_keywords_of_what_is_not_measured(root):
    """A trajectory has no target: that of the sweep's loss, fixed or along an axis, is left out."""
    sweep = {
        "name": "cell",
        "system": "logistic",
        "observables": ["loss"],
        "parameters": {"steps": 4, "start": 0.3},
        "axes": {"r": {"values": [3.0, 3.5]}, "target": {"values": [0.2, 0.4]}},
    }
    dataset = jobs.open(jobs.run(sweep, root=root, progress=False).path)
    cell = jobs.live(dataset, {"r": 3.5, "target": 0.4}, ["trajectory"])
    states = [0.3]
    for _ in range(4):
        states.append(3.5 * states[-1] * (1 - states[-1]))
    np.testing.assert_allclose(cell.trajectory.values.ravel(), states, rtol=1e-14)


def test_a_sweep_without_axes(fake, small, root):
    result = go(small | {"axes": {}, "parameters": {"w": 2.0, "steps": 3}}, root)
    dataset = jobs.open(result.path)
    assert dataset.loss.shape == ()
    assert dataset.trajectory.dims == ("time",)
    assert int(dataset.outcome) == 1
    assert go(small | {"axes": {}, "parameters": {"w": 2.0, "steps": 3}}, root).computed_tiles == 0


def test_a_store_that_may_not_be_read_is_not_called_missing(done, root, monkeypatch):
    def closed(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", closed)
    with pytest.raises(Refused, match=r"small\.zarr cannot be read: Permission denied"):
        jobs.open("small", root)


def test_a_group_of_files_is_not_a_store(root):
    Path(root / "x.zarr").mkdir(parents=True)
    with pytest.raises(Refused, match="damaged"):
        jobs.open("x", root)
    with pytest.raises(Refused, match="no store"):
        jobs.open("y", root)
