"""A store without xarray and zarr: a glance sees what they see, a new store is as they would make it."""

import itertools
import json
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
import xarray as xr
import zarr

import jobs
from jobs import metadata, skeleton, template
from jobs.evaluate import recipe
from sim.errors import Refused
from tests.jobs.conftest import contents
from tests.jobs.test_store import go


@pytest.fixture
def done(fake, many_tiles, small, root):
    return go(small, root)


def test_a_glance_sees_what_xarray_sees(done):
    seen, dataset = jobs.glance(done.path), xr.open_zarr(done.path)
    assert seen.attrs == dataset.attrs
    assert list(seen.data_vars) == list(dataset.data_vars)
    assert seen.sizes == dict(dataset.sizes)
    for name, array in seen.variables.items():
        other = dataset[name]
        assert (array.dims, array.sizes, array.ndim) == (other.dims, dict(other.sizes), other.ndim)
        assert dict(array.attrs) == other.attrs
        np.testing.assert_array_equal(array.values, other.values)
        assert array.is_text or array.dtype == other.dtype


def test_cuts_and_turns_are_those_of_xarray(done):
    seen, dataset = jobs.glance(done.path)["trajectory"], xr.open_zarr(done.path)["trajectory"]
    for held in ({}, {"w": 30}, {"w": 0, "time": 2}, {"activation": 1, "b": 19, "time": 0}):
        left = [dim for dim in dataset.dims if dim not in held]
        for order in itertools.permutations(left):
            part = seen.isel(held).transpose(*order)
            assert part.dims == order
            np.testing.assert_array_equal(part.values, dataset.isel(held).transpose(*order).values)
    twice = seen.transpose("time", "b", "activation", "w").isel({"b": 3}).isel({"w": 7})
    np.testing.assert_array_equal(
        twice.values, dataset.transpose("time", "b", "activation", "w")[:, 3, :, 7].values
    )


def test_what_is_not_computed_yet_is_blank_and_damage_is_said(done):
    (done.path / "loss/c/0/0/0").unlink()
    (done.path / "period/c/0/0/0").unlink()
    (done.path / "outcome/c/0/0/0").unlink()
    seen, dataset = jobs.glance(done.path), xr.open_zarr(done.path)
    for name in ("loss", "period"):
        np.testing.assert_array_equal(seen[name].values, dataset[name].values)
    assert np.isnan(seen["loss"].values[0, 0, 0])
    chunk = done.path / "gradient/c/0/0/0/0"
    chunk.write_bytes(b"\0" + chunk.read_bytes()[1:])
    with pytest.raises(Refused, match="gradient/c/0/0/0/0"):
        _ = jobs.glance(done.path)["gradient"].values
    assert seen["gradient"].isel({"w": 32}).values.shape == (2, 20, 2)


def test_a_chunk_of_a_settled_tile_cannot_be_missing(done):
    """Without its outcomes a tile is not computed; with them all its chunks were written before."""
    (done.path / "loss/c/2/1/0").unlink()
    with pytest.raises(Refused, match=r"is damaged: loss/c/2/1/0 is missing; run its sweep again"):
        _ = jobs.glance(done.path)["loss"].values
    (done.path / "outcome/c/2/1/0").unlink()
    assert np.isnan(jobs.glance(done.path)["loss"].values).any()
    assert not np.isnan(jobs.glance(done.path)["w"].values).any()


def test_a_skeleton_kept_is_the_one_that_zarr_makes(fake, many_tiles, small, tmp_path, monkeypatch):
    frames = template.frames(recipe(jobs.Sweep.parse(small)))
    monkeypatch.setenv("SEPARATRIX_CACHE_DIR", str(tmp_path / "cache"))
    made = metadata.build(tmp_path / "direct", frames)
    assert skeleton.files(frames) == made
    monkeypatch.setattr(metadata, "build", None)
    assert skeleton.files(frames) == made
    (kept,) = (tmp_path / "cache").glob("skeleton-*")
    kept.write_bytes(kept.read_bytes().replace(b"A", b"B"))
    with pytest.raises(TypeError):  # what was damaged is asked of zarr again
        skeleton.files(frames)


def test_a_long_axis_is_not_written_out_to_name_its_skeleton():
    """Ten million values took 8 s and 600 MB beside their own 80."""
    values = np.linspace(0.0, 1.0, 10**6)
    frame = skeleton.Frame("w", values.shape, values.shape, "float64", ("w",), 0.0, {}, values)
    tracemalloc.start()
    named = skeleton.digest([frame])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < values.nbytes / 10
    values[-1] = np.nextafter(1.0, 2.0)
    assert skeleton.digest([frame]) != named


def test_every_difference_makes_another_skeleton(fake, many_tiles, small):
    frames = template.frames(recipe(jobs.Sweep.parse(small)))
    first = frames[0]
    others = [
        first._replace(values=first.values + 1e-300),
        first._replace(attributes={**first.attributes, "units": "s"}),
        first._replace(chunks=(3,)),
        first._replace(name="v"),
    ]
    digests = {skeleton.digest([one, *frames[1:]]) for one in (first, *others)}
    assert len(digests) == 1 + len(others)


def test_a_new_store_is_the_same_whether_zarr_was_asked_or_not(
    fake, many_tiles, small, root, tmp_path, monkeypatch
):
    monkeypatch.setenv("SEPARATRIX_CACHE_DIR", str(tmp_path / "cache"))
    first, second = go(small, root / "a"), go(small, root / "b")
    assert contents(first.path) == contents(second.path)
    group = zarr.open_group(second.path, mode="r")
    tree = json.loads((second.path / "zarr.json").read_bytes())
    assert dict(group.attrs) == tree["attributes"]


START = """
import sys
import jobs, viz
sweep = {"name": "quick", "system": "logistic", "observables": ["final_state"], "parameters": {"steps": 5},
    "axes": {"r": {"start": 2.5, "stop": 4.0, "num": 9}, "start": {"start": 0.1, "stop": 0.9, "num": 5}}}
result = jobs.run(sweep, root=sys.argv[1], progress=False)
viz.save(viz.scene(jobs.glance(result.path)), sys.argv[1] + "/picture.png")
print(sorted({"xarray", "zarr", "pandas", "dask", "holoviews"} & set(sys.modules)))
"""


@pytest.mark.compiled
def test_a_second_process_draws_a_picture_without_the_slow_imports(tmp_path):
    for turn in ("first", "second"):
        root = tmp_path / turn
        root.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", START, str(root)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert turn == "first" or done.stdout.strip() == "[]"
        assert (root / "picture.png").stat().st_size > 1000
