"""Basins, census and return maps as pictures: classes keep their colours, what is odd stands apart."""

import numpy as np
import pytest

from sim.run import prepare
from tests.viz.stores import dataset
from viz import palettes, scene
from viz.classes import Classes
from viz.elements import element, figure
from viz.raster import image, paint
from viz.reading import Unseen
from viz.shapes import Marks, Plane
from viz.view import suited


def basins(n: int = 9):
    at = np.linspace(-1.0, 1.0, n)
    x, y = np.meshgrid(at, at, indexing="ij")
    labels = np.where(x > 0.0, 3, 1).astype(np.int32)
    labels[abs(x) < 1e-9], labels[y > 0.9] = -1, 0
    states = np.stack([np.where(x > 0.0, 0.8, -0.8), np.zeros_like(x)], axis=-1)
    axes, plane = {"x": at, "y": at}, ("x", "y")
    variables = {
        "basin": (plane, labels),
        "basin_period": (plane, np.ones_like(labels)),
        "basin_state": ((*plane, "unit"), states),
        "log_jacobian_norm": ((*plane, "lag"), np.stack([0.0 * x, -abs(x)], axis=-1)),
    }
    return dataset(variables, axes, {"unit": np.arange(2), "lag": np.arange(2)})


def test_basins_have_a_colour_each_and_marks_where_their_attractors_lie():
    ds = basins()
    assert suited(ds, "basin")[0] == "basins"
    seen = scene(ds, "basin")
    assert isinstance(seen.scale, Classes)
    assert [word for _, word in seen.scale.ticks()] == ["1", "3"]
    colours = paint(seen)
    table = palettes.table("classes2", 2)
    assert (colours[0, 0] == table[0]).all()
    assert (colours[0, -1] == table[1]).all()
    assert (colours[0, 4] == palettes.MISSING).all()  # on the border
    assert (colours[-1] == palettes.NEVER).all()  # escaped
    assert "8 on none of them or undecided" in seen.caption
    (ring, dots) = seen.over
    assert isinstance(dots, Marks)
    assert dots.label == "fixed points"
    assert sorted(dots.x.tolist()) == [-0.8, 0.8]
    assert ring.colour == "#ffffff"
    assert np.asarray(image(seen, 500, 400)).std() > 0
    figure(element(seen))


def test_steps_to_a_fate_are_counts_and_minus_one_is_none():
    """Colours of counts reached as far below zero as above, because a start without a fate has -1."""
    ds = basins()
    steps = np.where(ds.basin.values < 0, -1, 7).astype(np.int32)
    steps[0, 0] = 2
    ds["basin_steps"] = (("x", "y"), steps)
    ds["basin_steps"].attrs |= {
        "units": "step",
        "long_name": "steps until the fate was certain",
        "comment": "-1 if it never was",
    }
    seen = scene(ds, "basin", show="steps")
    assert (seen.scale.low, seen.scale.high) == (2.0, 7.0)
    assert (seen.never == (steps.T == -1)).all()
    assert "8 of 81 cells: no “steps until the fate was certain”" in seen.caption


def test_attractors_without_a_number_are_a_class():
    ds = basins()
    ds["basin"] = ds.basin.where(ds.basin != 3, -2)
    seen = scene(ds, "basin")
    assert [word for _, word in seen.scale.ticks()] == ["1", "others"]
    assert (seen.values[:8, 5:] == 2.0).all()
    assert "8 on none of them or undecided" in seen.caption
    assert scene(ds.assign(basin=0 * ds.basin), "basin").never.all()  # all escape


def hysteresis(w):
    """Basins of h = tanh(w h + b) over w, b and the start, as a store has them."""
    axes = {"w": np.asarray(w), "b": np.linspace(-1.0, 1.0, 20), "start": np.linspace(-1.5, 1.5, 12)}
    grid = np.meshgrid(*axes.values(), indexing="ij")
    run = prepare("rnn", observables=["basin"], fixed={"steps": 300, "box": [-2.0, 2.0]}, varied=list(axes))
    found = run.evaluate({name: column.ravel() for name, column in zip(axes, grid, strict=True)})
    names = ("basin", "basin_state", "basin_period")
    return dataset({name: (tuple(axes), found[name].reshape(grid[0].shape)) for name in names}, axes)


def test_attractors_without_a_number_are_a_class_where_parameters_are_swept_too():
    ds = hysteresis([1.5, 3.0])
    lost = ds.basin == 2
    ds["basin"] = ds.basin.where(~lost, -2)
    seen = scene(ds, "basin", x="b", y="start", at={"w": 3.0})
    words = [word for _, word in seen.scale.ticks()]
    assert words[-1] == "others"
    here = lost.sel(w=3.0).transpose("start", "b").values
    assert here.any()
    np.testing.assert_array_equal(seen.values == len(words), here)


def test_an_attractor_keeps_its_colour_along_a_parameter():
    """The upper state is the first of its cell beyond the lower one's fold, the second before."""
    ds = hysteresis([1.5, 2.0, 2.5])
    colour = {}
    for i, w in enumerate(ds.w.values):
        seen = scene(ds, "basin", x="b", y="start", at={"w": w})
        labels, upper = ds.basin.values[i].T, ds.basin_state.values[i].T > 0.0
        assert set(labels[upper]) == {1, 2}
        for side in (True, False):
            (colour[w, side],) = np.unique(seen.values[upper == side])
    assert len(set(colour.values())) == 2  # the same at every w
    assert "Followed over w, b, shares 1: " in seen.caption
    # planes of starts, or the axes in another order, are cut from the same picture
    turned = scene(ds, "basin", x="start", y="b", at={"w": 2.5})
    assert (turned.values == seen.values.T).all()
    steps = scene(ds, "basin", x="b", y="w", at={"start": -1.5})
    assert (steps.values[-1] == seen.values[0]).all()


def test_the_gradient_lies_beside_the_basins_where_it_is_stored():
    ds = basins()
    seen = scene(ds, "basin", show="gradient")
    assert seen.name == "log_jacobian_norm"
    assert seen.values.min() == -1.0  # of the last lag
    assert seen.over
    with pytest.raises(Unseen, match=r"show = 'steps': this store has no basin_steps; add it"):
        scene(ds, "basin", show="steps")


def test_classes_are_never_averaged():
    few = scene(basins(9), "basin").limited(4, 4)
    assert set(np.unique(few.values[np.isfinite(few.values)]).tolist()) <= {1.0, 2.0}
    assert "Drawn as the first of 3 × 3 cells." in few.caption


def test_many_classes_have_bands_of_one_colour_each():
    table = palettes.table("classes7")
    assert len(np.unique(table, axis=0)) == 7
    assert len(np.unique(palettes.table("classes12"), axis=0)) == 12


def census():
    kinds = np.array(
        [[[1, 0, 0], [1, 1, 0]], [[2, 1, 0], [2, 2, 0]], [[1, 1, 1], [3, 1, 0]], [[0, 0, 0]] * 2]
    )
    shape = kinds.shape[:2]
    variables = {
        "census": (("w", "b"), (kinds > 0).sum(axis=2).astype(np.int32)),
        "census_kind": (("w", "b", "attractor"), kinds.astype(np.int32)),
        "census_escaped": (("w", "b"), np.where(np.arange(8).reshape(shape) == 7, 1.0, 0.0)),
    }
    return dataset(variables, {"w": np.arange(4.0), "b": np.arange(2.0)}, {"attractor": np.arange(1, 4)})


def test_a_census_has_a_class_for_each_answer():
    seen = scene(census(), "census")
    words = [word for _, word in seen.scale.ticks()]
    assert words == ["1 point", "2 points", "3+ points", "mixed", "cycles", "unclosed", "undecided", "escape"]
    assert seen.values.T.tolist() == [[1, 2], [4, 5], [3, 6], [7, 8]]
    counts = scene(census(), "census", show="number")
    assert [word for _, word in counts.scale.ticks()] == ["0", "1", "2", "3"]
    assert np.asarray(image(seen, 500, 400)).std() > 0
    figure(element(seen))


def test_families_keep_their_colour():
    """A second attractor appears below the first one: the first one keeps its class."""
    w = np.arange(6.0)
    states = np.full((6, 2, 2), np.nan)
    states[:, :, 0] = 0.5 + 0.1 * w[:, None]
    states[3:, :, 1], states[3:, :, 0] = states[3:, :, 0], -0.9
    share = np.where(np.isfinite(states), 0.4, 0.0)
    share[3:, :, 1] = 0.6
    share[5, 1] = [0.9, 0.1]
    grid = ("w", "b", "attractor")
    variables = {
        "census": (("w", "b"), np.isfinite(states).sum(axis=2).astype(np.int32)),
        "census_state": (grid, states),
        "census_fraction": (grid, share),
    }
    ds = dataset(variables, {"w": w, "b": np.arange(2.0)}, {"attractor": np.arange(1, 3)})
    seen = scene(ds, "census", show="family")
    assert seen.values.T.tolist() == [[1, 1]] * 5 + [[1, 2]]
    with pytest.raises(Unseen, match="show = 'family': this store has no census_state"):
        scene(census(), "census", show="family")


def test_a_return_map_is_points_and_the_diagonal():
    pairs = np.random.default_rng(0).uniform(size=(3, 20, 2))
    own = {"iterate": np.arange(20), "pair": np.array(["now", "then"], dtype=object)}
    ds = dataset({"return_map": (("r", "iterate", "pair"), pairs)}, {"r": np.array([1.0, 2.0, 3.0])}, own)
    assert suited(ds, "return_map")[0] == "return_map"
    seen = scene(ds, "return_map", at={"r": 2.0})
    assert isinstance(seen, Plane)
    diagonal, points = seen.shapes
    assert (diagonal.x == diagonal.y).all()
    assert (points.x == pairs[1, :, 0]).all()
    assert len(scene(ds, "return_map", by="r").shapes) == 4
    assert np.asarray(image(seen, 500, 400)).std() > 0
