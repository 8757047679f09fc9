"""Bifurcation curves beside a sweep: what is stored, that it is as true as it says, and what is refused."""

import json

import numpy as np
import pytest
import xarray as xr

import jobs
from jobs.evaluate import recipe
from jobs.skeleton import digest
from jobs.sweep import Sweep
from jobs.template import frames
from sim.errors import Refused
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.compiled


def plan(**changes):
    unit = {"activation": "sigmoid", "alpha": 1.0, "steps": 3, "start": 0.5, "target": 0.7}
    axes = {"w": {"start": 0.0, "stop": 8.0, "num": 5}, "b": {"start": -6.0, "stop": 2.0, "num": 4}}
    made = {"name": "curves", "system": "ctrnn", "observables": ["loss"], "parameters": unit, "axes": axes}
    return made | {"curves": ["flip", "fold"]} | changes


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return jobs.run(plan(), root=tmp_path_factory.mktemp("results"), executor="serial", progress=False).path


def test_curves_lie_in_the_store_and_hold_what_they_say(store):
    data = jobs.open(store)
    assert data.curve_kind.values.tolist() == ["fold"]
    assert data.curve_period.values.tolist() == [1]
    assert data.curve_ends.values.tolist() == ["leaves the box"]
    assert data.curve_w.dims == data.curve_b.dims == ("curve", "vertex")
    w, b = data.curve_w.values[0], data.curve_b.values[0]
    s = 2 * np.log((np.sqrt(w) + np.sqrt(np.maximum(w - 4, 0))) / 2)
    known = np.array([s - w / (1 + np.exp(-s)), -s - w / (1 + np.exp(s))])
    np.testing.assert_allclose(np.abs(known - b).min(axis=0), 0.0, atol=1e-7)
    assert np.hypot(w - 4, b + 2).min() < 1e-12  # the cusp is a corner of the curve
    assert data.special_kind.values.tolist() == ["cusp"]
    assert data.special_curve.values.tolist() == [0]
    np.testing.assert_allclose(
        [data.special_w.item(), data.special_b.item()], [4.0, -2.0], rtol=0, atol=1e-12
    )
    for name in (
        "curve_kind",
        "curve_period",
        "curve_ends",
        "curve_w",
        "curve_b",
        "special_kind",
        "special_w",
    ):
        assert {"long_name", "units", "comment", "source"} <= set(data[name].attrs)
    assert data.loss.dims == ("w", "b")


def test_a_glance_sees_the_same(store):
    data, seen = jobs.open(store), jobs.glance(store)
    for name in ("curve_kind", "curve_w", "curve_period"):
        assert np.array_equal(seen[name].values.astype(data[name].dtype), data[name].values)


def test_the_store_is_verified_and_resumed(store):
    assert not jobs.verify(store).damaged
    again = jobs.run(plan(), root=store.parent, executor="serial", progress=False)
    assert (again.computed_tiles, again.path) == (0, store)
    with pytest.raises(Refused, match="holds another sweep"):
        jobs.run(plan(curves=["fold"]), root=store.parent, executor="serial", progress=False)
    chunk = store / "curve_w" / "c" / "0" / "0"
    before = chunk.read_bytes()
    chunk.write_bytes(before[:-1] + b"x")
    try:
        assert jobs.verify(store).damaged == ("curve_w/c/0/0 has changed",)
    finally:
        chunk.write_bytes(before)


def test_the_curves_are_the_same_every_time():
    one, other = (frames(recipe(Sweep.parse(plan(name=name)))) for name in ("one", "other"))
    assert digest(one) == digest(other)


def test_no_curves_are_no_key_and_change_no_id():
    bare = plan()
    del bare["curves"]
    assert '"curves":' not in Sweep.parse(bare).canonical
    assert Sweep.parse(bare).id == Sweep.parse(bare | {"curves": []}).id
    asked = Sweep.parse(plan())
    assert json.loads(asked.canonical)["curves"] == ["flip", "fold"]
    assert asked.id == Sweep.parse(plan(curves=["fold", "flip"])).id == Sweep.parse(asked.data()).id
    assert asked.id != Sweep.parse(bare).id
    assert recipe(asked).digest != recipe(Sweep.parse(bare)).digest
    assert Sweep.parse(bare).override({"curves": ["fold"], "curve_period": 2}).curve_period == 2


def test_generalised_flips_are_stored_and_end_curves_of_folds(tmp_path):
    """x' = a x - x^3 + b: at (-2/3, 16/27)."""
    axes = {"a": {"start": -1.0, "stop": 0.0, "num": 3}, "b": {"start": 0.2, "stop": 1.0, "num": 3}}
    asked = {"observables": ["final_state"], "parameters": {"steps": 2}, "axes": axes, "curve_period": 2}
    made = plan(system=str(REPOSITORY / "tests" / "systems" / "cubic.py"), **asked)
    data = jobs.open(jobs.run(made, root=tmp_path, executor="serial", progress=False).path)
    assert list(zip(data.curve_kind.values, data.curve_period.values, strict=True)) == [
        ("flip", 1),
        ("fold", 2),
    ]
    assert "ends in a generalised flip" in data.curve_ends.values[1]
    assert data.special_kind.values.tolist() == ["generalised_flip"] * 2
    assert data.special_curve.values.tolist() == [0, 1]
    np.testing.assert_allclose(data.special_a, -2 / 3, atol=1e-10)
    np.testing.assert_allclose(data.special_b, 16 / 27, atol=1e-10)
    assert "generalised_flip: " in data.special_kind.comment


def test_a_plane_without_curves_is_a_store_too(tmp_path):
    path = jobs.run(plan(curves=["flip"]), root=tmp_path, executor="serial", progress=False).path
    data = xr.open_zarr(path)
    assert data.sizes["curve"] == 0
    assert not jobs.verify(path).damaged


def test_axes_of_the_run_and_of_the_loss_do_not_matter():
    axes = plan()["axes"] | {"start": {"values": [0.5, 1.0]}, "target": {"values": [0.1, 0.2]}}
    fixed = {k: v for k, v in plan()["parameters"].items() if k not in axes}
    made = frames(recipe(Sweep.parse(plan(axes=axes, parameters=fixed))))
    assert [frame.dims for frame in made if frame.name == "curve_w"] == [("curve", "vertex")]


def without(name):
    return {k: v for k, v in plan()["parameters"].items() if k != name}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"curves": ["hopf"]}, r"curves\[0\]: 'hopf' given; write a list of fold, flip, neimark_sacker"),
        ({"curves": ["fold", "fold"]}, "'fold' stands there twice"),
        ({"curves": [], "curve_period": 2}, "curve_period: is given without curves"),
        ({"curve_period": 9}, "curve_period: 9 given; write the longest cycles"),
        ({"axes": {"w": plan()["axes"]["w"]}}, "axes over numbers of the system: w; curves lie in a plane"),
        (
            {"axes": {**plan()["axes"], "alpha": {"values": [0.5, 1.0]}}, "parameters": without("alpha")},
            "axes.alpha: changes the system, and curves are stored for one plane, that of w and b",
        ),
        (
            {
                "axes": {**plan()["axes"], "activation": {"values": ["tanh", "relu"]}},
                "parameters": without("activation"),
            },
            "axes.activation: curves are of one system",
        ),
        ({"task": "white_noise"}, 'write task = "silence" or "constant"'),
        (
            {
                "system": "mlp",
                "axes": {},
                "parameters": {"images": "digits", "layers": 2, "width": 4},
                "observables": ["activation_norm"],
            },
            "is no recurrence",
        ),
    ],
)
def test_what_is_refused(changes, text):
    with pytest.raises(Refused, match=text):
        recipe(Sweep.parse(plan(**changes)))
