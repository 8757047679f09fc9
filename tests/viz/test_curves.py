"""Bifurcation curves over maps: where they lie, said in the caption, left out where they do not belong."""

import holoviews as hv
import numpy as np
import xarray as xr

import jobs
from tests.viz.stores import cliff
from viz import scene
from viz.elements import element, figure
from viz.raster import image
from viz.reading import variables


def with_curves():
    across = np.array([[0.5, 3.0, np.nan], [1.0, 2.0, 4.0], [np.nan] * 3])
    return cliff().assign(
        curve_kind=("curve", np.array(["fold", "flip", "neimark_sacker"], dtype=object)),
        curve_period=("curve", np.array([1, 2, 1], dtype=np.int32)),
        curve_w=(("curve", "vertex"), across),
        curve_b=(("curve", "vertex"), -across),
    )


def test_curves_are_drawn_over_the_map_by_kind():
    seen, bare = scene(with_curves(), "loss"), scene(with_curves(), "loss", curves=False)
    named = [(shape.label, shape.stroke) for shape in seen.over if shape.label]
    assert named == [("folds", "line"), ("flips", "dashed")]  # the third has no corner in sight
    assert np.array_equal(seen.over[1].x, np.array([0.5, 3.0, np.nan]), equal_nan=True)
    assert "Folds (orange, solid): two fixed points meet and vanish." in seen.caption
    assert "Flips (blue, dashed): 2-cycles give way to cycles of twice the period." in seen.caption
    assert bare.over == ()
    assert "Folds" not in bare.caption
    pixels = [np.asarray(image(field, 700, 500)).astype(int) for field in (seen, bare)]
    assert (pixels[0] != pixels[1]).any(axis=2).mean() > 0.002
    assert isinstance(element(seen), hv.Overlay)
    assert figure(element(seen)) is not None


def test_codimension_two_points_are_marked_and_counted():
    points = {
        "special_kind": ("special", np.array(["cusp", "resonance_1_4", "cusp"], dtype=object)),
        "special_curve": ("special", np.array([0, 1, 0], dtype=np.int32)),
        "special_w": ("special", np.array([1.0, 2.0, 3.0])),
        "special_b": ("special", np.array([0.0, -1.0, 0.5])),
    }
    seen = scene(with_curves().assign(points), "loss", x="b", y="w")
    marks = {shape.label: shape for shape in seen.over if shape.label in {"cusps", "1:4 resonances"}}
    assert marks["cusps"].x.tolist() == [0.0, 0.5]
    assert marks["cusps"].y.tolist() == [1.0, 3.0]
    assert marks["1:4 resonances"].marker == "cross"
    assert (
        "2 cusps (black disk): two folds meet. 1 1:4 resonance (black cross): a pair is +-i." in seen.caption
    )
    assert "special" not in " ".join(variables(with_curves().assign(points)))


def test_generalised_flips_are_marked_once_though_they_stand_on_two_curves():
    points = {
        "special_kind": ("special", np.array(["generalised_flip"] * 2, dtype=object)),
        "special_curve": ("special", np.array([1, 0], dtype=np.int32)),
        "special_w": ("special", np.array([1.0, 1.0 + 1e-11])),
        "special_b": ("special", np.array([-1.0, -1.0])),
    }
    seen = scene(with_curves().assign(points), "loss", x="b", y="w")
    (mark,) = (shape for shape in seen.over if shape.label == "generalised flips")
    assert (mark.marker, mark.x.tolist(), mark.y.tolist()) == ("open", [-1.0], [1.0])
    assert "1 generalised flip (black ring): folds of the doubled cycle begin." in seen.caption


def test_curves_follow_the_axes_and_are_left_out_of_other_planes():
    turned = scene(with_curves(), "loss", x="b", y="w")
    assert np.array_equal(turned.over[1].y, np.array([0.5, 3.0, np.nan]), equal_nan=True)
    other = with_curves().rename({"w": "gain"})
    assert scene(other, "loss").over == ()


def test_curves_are_no_variables_of_their_own():
    assert not [name for name in variables(with_curves()) if name.startswith("curve")]


def test_a_glance_is_drawn_like_a_dataset(tmp_path):
    axes = {"w": {"start": 0.0, "stop": 8.0, "num": 4}, "b": {"start": -6.0, "stop": 2.0, "num": 3}}
    unit = {"activation": "sigmoid", "alpha": 1.0, "steps": 2}
    plan = {"name": "c", "system": "ctrnn", "observables": ["loss"], "parameters": unit, "axes": axes}
    path = jobs.run(plan | {"curves": ["fold"]}, root=tmp_path, executor="serial", progress=False).path
    data, glance = scene(xr.open_zarr(path), "loss"), scene(jobs.glance(path), "loss")
    assert data.caption == glance.caption
    assert (
        [shape.label for shape in data.over]
        == [shape.label for shape in glance.over]
        == ["", "folds", "", "cusps"]
    )
    assert np.array_equal(data.over[1].x, glance.over[1].x, equal_nan=True)
