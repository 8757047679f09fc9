"""Cobwebs, phase portraits and branches: what is drawn is what is stored, each kind with its own mark."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

import jobs
from tests.viz.stores import dataset
from viz import draw, points, scene
from viz.contours import contour
from viz.elements import figure
from viz.raster import image
from viz.reading import Unseen
from viz.shapes import Marks, Path
from viz.view import suited

WORDS = (
    "none undecided sink alternating_sink source alternating_source neutral saddle stable_focus "
    "unstable_focus saddle_focus slow_point continuum"
)
FLAGS = {"flag_values": list(range(-1, 12)), "flag_meanings": WORDS}


def hysteresis(n: int = 161) -> xr.Dataset:
    """The three branches of h = sigmoid(6 h + b) by b(h), as a store has them."""
    b = np.linspace(-4.003, -2.001, n)
    h = np.linspace(1e-4, 1 - 1e-4, 20_001)
    along = np.log(h / (1 - h)) - 6 * h
    found = np.full((n, 4), np.nan)
    kinds = np.full((n, 4), -1, dtype=np.int32)
    for i, value in enumerate(b):
        at = np.flatnonzero(np.diff(np.sign(along - value)))
        found[i, : len(at)] = h[at]
        kinds[i, : len(at)] = np.where(6 * h[at] * (1 - h[at]) < 1, 2 - 1, 4 - 1)
    axes, own = {"b": b}, {"branch": np.arange(4)}
    variables = {
        "fixed_points": (("b", "branch"), found),
        "fixed_points_stability": (("b", "branch"), kinds),
    }
    made = dataset(variables, axes, own, title="Hysteresis")
    made["fixed_points_stability"].attrs |= FLAGS
    return made


def test_branches_are_joined_and_drawn_by_their_stability():
    data = hysteresis()
    assert suited(data, "fixed_points")[0] == "branches"
    seen = scene(data, "fixed_points")
    unstable, stable = seen.shapes
    assert (unstable.label, unstable.stroke) == ("unstable", "dashed")
    assert (stable.label, stable.stroke) == ("stable", "thick")
    assert int(np.isnan(stable.x).sum()) == 2  # two lines, each with a gap after it
    assert int(np.isnan(unstable.x).sum()) == 1
    finite = stable.y[np.isfinite(stable.y)]
    assert np.abs(np.diff(stable.y))[np.isfinite(np.diff(stable.y))].max() < 0.1
    assert finite.min() < 0.1 < 0.9 < finite.max()
    assert "From 1 to 3 points" in seen.caption
    assert (seen.x_label, seen.y_label) == ("b", "the fixed_points")
    assert np.asarray(image(seen, 800, 600)).std() > 0
    assert figure(draw(data, "fixed_points")) is not None


def test_few_cells_have_a_mark_for_every_point():
    seen = scene(hysteresis(21), "fixed_points")
    assert {(shape.label, shape.marker) for shape in seen.shapes} == {("sink", "filled"), ("source", "open")}
    drawn = sum(len(shape.x) for shape in seen.shapes)
    assert drawn == int(np.isfinite(hysteresis(21).fixed_points).sum())
    assert scene(hysteresis(), "fixed_points", form="marks").shapes[0].marker == "filled"


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"x": "w"}, "no such axis"),
        ({"unit": 1}, "has the numbers 0 to 0"),
        ({"form": "dots"}, "auto, lines or marks"),
    ],
)
def test_wrong_wishes_say_what_there_is(wish, message):
    with pytest.raises(Unseen, match=message):
        scene(hysteresis(21), "fixed_points", **wish)


def cobweb(start: tuple[float, ...] = (0.5, 0.83), steps: int = 50) -> xr.Dataset:
    """The curve of x^2 + 0.15 with two orbits and both fixed points."""
    place = np.linspace(-1.0, 1.0, 81)
    orbit = np.empty((len(start), steps + 1))
    orbit[:, 0] = start
    for t in range(steps):
        with np.errstate(over="ignore"):
            orbit[:, t + 1] = orbit[:, t] ** 2 + 0.15
    found = np.tile([(1 - np.sqrt(0.4)) / 2, (1 + np.sqrt(0.4)) / 2], (len(start), 1))
    variables = {
        "map_curve": (("start", "place"), np.tile(place**2 + 0.15, (len(start), 1))),
        "trajectory": (("start", "time"), orbit),
        "fixed_points": (("start", "branch"), found),
        "fixed_points_stability": (("start", "branch"), np.tile(np.int32([1, 3]), (len(start), 1))),
    }
    own = {"place": place, "time": np.arange(steps + 1), "branch": np.arange(2)}
    made = dataset(variables, {"start": np.array(start)}, own)
    made["fixed_points_stability"].attrs |= FLAGS
    made["map_curve"].attrs["long_name"] = "F(s)"
    return made


def test_a_cobweb_climbs_between_curve_and_diagonal():
    data = cobweb()
    assert suited(data, "map_curve")[0] == "cobweb"
    seen = scene(data, "map_curve")
    paths = [shape for shape in seen.shapes if isinstance(shape, Path)]
    marks = {shape.label: shape for shape in seen.shapes if isinstance(shape, Marks)}
    assert [path.label for path in paths] == [
        "s[t+1] = s[t]",
        "s[t+1] = F(s[t])",
        "start = 0.5",
        "start = 0.83",
    ]
    stair = paths[2]
    np.testing.assert_allclose(stair.y[1::2], stair.x[1::2] ** 2 + 0.15, atol=1e-15)  # up to the curve
    np.testing.assert_allclose(stair.y[2::2], stair.x[2::2], atol=1e-15)  # across to the diagonal
    assert stair.x[-1] == pytest.approx(0.183772, abs=1e-5)
    assert np.isnan(paths[3].y[-1])  # has left the frame for good
    assert marks["sink"].marker == "filled"
    assert marks["source"].marker == "open"
    assert marks["source"].x == marks["source"].y == pytest.approx([0.816228], abs=1e-6)
    assert seen.x_range == seen.y_range == pytest.approx((-1.04, 1.04))
    assert "1 sink, 1 source" in seen.caption
    assert np.asarray(image(seen, 800, 600)).std() > 0
    alone = scene(data.drop_vars(["trajectory", "fixed_points", "fixed_points_stability"]), "map_curve")
    assert len(alone.shapes) == 2
    one = scene(data, "map_curve", at={"start": 0.83})
    assert [shape.label for shape in one.shapes if isinstance(shape, Path)][2:] == ["orbit"]


def test_a_cobweb_of_an_iterate_takes_every_kth_state():
    data = cobweb((0.5,))
    data.attrs["sweep"] = json.dumps({"parameters": {"cycle": 2}, "axes": [{"name": "start"}]})
    data["map_curve"].attrs["long_name"] = "F^2(s)"
    seen = scene(data, "map_curve")
    assert (seen.x_label, seen.y_label) == ("s[t]", "s[t+2]")
    assert seen.shapes[1].label == "s[t+2] = F^2(s[t])"
    stair = seen.shapes[2]
    np.testing.assert_allclose(stair.y[1::2], (stair.x[1::2] ** 2 + 0.15) ** 2 + 0.15, atol=1e-15)


def portrait(flow: bool = False) -> xr.Dataset:
    """The field of two units that do not see each other, tanh(2 s) - s."""
    side = np.linspace(-1.3, 1.3, 81)
    y, x = np.meshgrid(side, side, indexing="ij")
    field = np.stack([np.tanh(2 * x) - x, np.tanh(2 * y) - y], axis=-1)
    h = 0.9575040241
    found = np.array([(p, q) for p in (-h, 0, h) for q in (-h, 0, h)])
    kinds = np.int32([1, 6, 1, 6, 3, 6, 1, 6, 1])
    starts = np.linspace(-1.0, 1.0, 4)
    shape = (4, 4)
    orbit = np.empty((4, 4, 11, 2))
    orbit[:, :, 0] = np.stack(np.meshgrid(starts, starts, indexing="ij"), axis=-1)
    for t in range(10):
        orbit[:, :, t + 1] = np.tanh(2 * orbit[:, :, t])
    variables = {
        "vector_field": (
            ("x", "y", "place_y", "place_x", "unit"),
            np.broadcast_to(field, (*shape, *field.shape)),
        ),
        "trajectory": (("x", "y", "time", "unit"), orbit),
        "fixed_points": (("x", "y", "branch", "unit"), np.broadcast_to(found, (*shape, 9, 2))),
        "fixed_points_stability": (("x", "y", "branch"), np.broadcast_to(kinds, (*shape, 9))),
    }
    own = {
        "place_y": side,
        "place_x": side,
        "unit": np.arange(2),
        "time": np.arange(11),
        "branch": np.arange(9),
    }
    made = dataset(variables, {"x": starts, "y": starts}, own)
    made["fixed_points_stability"].attrs |= FLAGS
    made.attrs["sweep"] = json.dumps({"axes": [{"name": "start.x"}, {"name": "start.y"}]})
    return made


def test_a_phase_portrait_has_nullclines_orbits_and_points_by_kind():
    data = portrait()
    assert suited(data, "vector_field")[0] == "phase_portrait"
    seen = scene(data, "vector_field")
    by_label = {shape.label: shape for shape in seen.labels}
    nullcline = by_label["place_x does not change"]
    finite = nullcline.x[np.isfinite(nullcline.x)]
    apart = np.abs(finite[:, None] - [-0.9575040241, 0.0, 0.9575040241]).min(axis=1)
    assert apart.max() < 1e-3
    assert len(by_label["sink"].x) == 4
    assert len(by_label["saddle"].x) == 4
    assert by_label["saddle"].marker == "cross"
    assert len(by_label["source"].x) == 1
    assert int(np.isnan(by_label["orbits"].x).sum()) == 16
    assert "4 sinks, 1 source, 4 saddles" in seen.caption
    assert "x =" not in seen.caption  # of starts none is held
    assert np.asarray(image(seen, 800, 600)).std() > 0
    assert figure(draw(data, "vector_field")) is not None
    fewer = scene(data, "vector_field", at={"x": 1.0}, arrows=0, most=2)
    assert "direction of a step" not in {shape.label for shape in fewer.labels}
    assert int(np.isnan(fewer.shapes[0].x).sum()) == 2


def test_arrows_point_where_a_step_leads():
    data = portrait()
    arrows = scene(data, "vector_field", arrows=9).shapes[0]
    tail, tip = np.stack([arrows.x, arrows.y], axis=1)[0::7], np.stack([arrows.x, arrows.y], axis=1)[1::7]
    middle, along = (tail + tip) / 2, tip - tail
    wanted = np.tanh(2 * middle) - middle
    good = np.isfinite(along).all(axis=1) & (np.abs(wanted).max(axis=1) > 1e-6)
    turned = np.abs(along[:, 0] * wanted[:, 1] - along[:, 1] * wanted[:, 0])[good]
    assert turned.max() < 1e-12
    assert ((along * wanted).sum(axis=1)[good] > 0).all()
    assert np.ptp(np.hypot(*along[good].T)) < 1e-12


def test_a_zero_line_is_where_the_field_is_zero():
    x, y = np.linspace(-2.0, 2.0, 201), np.linspace(-1.5, 1.5, 151)
    field = x[None, :] ** 2 + y[:, None] ** 2 - 1.0
    a, b = contour(x, y, field)
    good = np.isfinite(a)
    np.testing.assert_allclose(np.hypot(a[good], b[good]), 1.0, atol=2e-4)
    pieces = np.stack([a, b], axis=1).reshape(-1, 3, 2)
    assert np.hypot(*(pieces[:, 1] - pieces[:, 0]).T).sum() == pytest.approx(2 * np.pi, rel=1e-3)
    field[:, 50] = np.nan
    assert np.isfinite(contour(x, y, field)[0]).sum() < good.sum()
    saddle_x, _ = contour(np.arange(2.0), np.arange(2.0), np.array([[1.0, -1.0], [-1.0, 1.0]]))
    assert np.isfinite(saddle_x).sum() == 4  # two pieces through one square


def test_counts_in_words():
    assert points.counted(np.array(["saddle_focus", "alternating_source", "alternating_source"])) == (
        "2 sources, alternating, 1 saddle focus"
    )
    assert points.counted(np.array(["none"])) == "no fixed point"


@pytest.mark.compiled
def test_pictures_of_real_stores_without_xarray(root):
    plan = {
        "name": "row-90",
        "system": "rnn",
        "observables": ["vector_field", "fixed_points"],
        "parameters": {"units": 2, "weights": "matrix", "weights.matrix": [[1.2, -1.0], [1.0, 1.2]],
                       "steps": 1, "places": 41, "interval": [-1.3, 1.3], "branches": 4},
        "axes": {"gain": {"values": [0.5, 1.0]}},
    }  # fmt: skip
    path = jobs.run(plan, root=root, executor="serial", progress=False).path
    seen = scene(jobs.glance(path), "vector_field", at={"gain": 1.0})
    assert "1 unstable focus" in seen.caption
    assert (seen.x_label, seen.y_label) == ("unit 0", "unit 1")
    assert "stable focus" in scene(jobs.open(path), "vector_field", at={"gain": 0.5}).caption
    over = scene(jobs.glance(path), "fixed_points", unit=1)
    assert over.y_label == "fixed points, number 1 of the state"
    assert {shape.label for shape in over.shapes} == {"stable focus", "unstable focus"}
