"""Lines of what is numbered within each cell: none from one branch of solutions to another."""

import numpy as np
import pytest

import jobs
from tests.viz import stores
from viz import elements, scene
from viz.element_lines import _lone

W = 2.5
# s = tanh(w s + b) is tangent to the diagonal where w (1 - s^2) = 1: b = +-(artanh(s) - w s) there
_S = np.sqrt(1 - 1 / W)
FOLD = W * _S - np.arctanh(_S)


@pytest.fixture(scope="module")
def points(tmp_path_factory):
    sweep = {"name": "folds", "system": "rnn", "observables": ["fixed_points", "census"]}
    sweep["parameters"] = {"activation": "tanh", "branches": 4, "w": W, "steps": 400, "starts": 16}
    sweep["axes"] = {"b": {"start": -1.5, "stop": 1.5, "num": 61}}
    root = tmp_path_factory.mktemp("folds")
    return jobs.open(jobs.run(sweep, root=root, executor="serial", progress=False).path)


def joined(curve) -> np.ndarray:
    """Pairs of neighbouring points that a line joins, as (x, y, x, y)."""
    both = np.isfinite(curve.y[1:]) & np.isfinite(curve.y[:-1])
    return np.stack([curve.x[:-1], curve.y[:-1], curve.x[1:], curve.y[1:]], axis=1)[both]


@pytest.mark.parametrize("variable", ["fixed_points", "census_state"])
def test_no_line_crosses_a_fold(points, variable):
    """Both points of a line lie on one branch: on one side of both folds, and of the states at them."""
    dim = "branch" if variable == "fixed_points" else "attractor"
    seen = scene(points, variable, "lines", x="b", by=dim)
    pairs = np.concatenate([joined(curve) for curve in seen.panels[0].curves])
    assert len(pairs) > 60
    for fold in (-FOLD, FOLD):
        assert ((pairs[:, 0] < fold) == (pairs[:, 2] < fold)).all()
    assert (np.abs(pairs[:, 1] - pairs[:, 3]) < 0.2).all()  # the jump is more than 1.5 high
    assert "lines break where the number of" in seen.caption.lower()


def test_every_point_is_still_drawn(points):
    seen = scene(points, "fixed_points", "lines", x="b", by="branch")
    for i, curve in enumerate(seen.panels[0].curves):
        there = np.isfinite(curve.y)
        stored = points["fixed_points"].isel(branch=i)
        assert np.array_equal(curve.y[there], stored.values[np.isfinite(stored.values)])
        assert np.array_equal(curve.x[there], stored["b"].values[np.isfinite(stored.values)])


def test_a_lone_point_has_its_dot():
    heights = np.array([1.0, np.nan, 2.0, np.nan, 3.0, 4.0])
    assert _lone(heights).tolist() == [True, False, True, False, False, False]
    count, s = np.r_[np.ones(10), 3, np.ones(10)].astype(np.int32), np.linspace(0, 1, 21)[:, None]
    data = stores.dataset(
        {"fixed_points": (("b", "branch"), s), "fixed_points_count": (("b",), count)},
        {"b": np.arange(21.0)},
        {"branch": np.arange(1)},
    )
    seen = scene(data, "fixed_points", "lines")
    assert seen.whole
    (dot,) = elements.element(seen).Scatter.values()
    assert dot.array().tolist() == [[10.0, 0.5]]


def test_curves_are_the_branches_that_there_are(points):
    """Room for 4 and never more than 3: with two curves, the outer ones, not the first and an empty one."""
    seen = scene(points, "fixed_points", "lines", x="b", by="branch", most=2)
    assert [curve.label for curve in seen.panels[0].curves] == ["branch = 0", "branch = 2"]
    assert "2 of 3 values of branch are drawn" in seen.caption
    everything = scene(points, "fixed_points", "lines", x="b", by="branch")
    assert len(everything.panels[0].curves) == 3


def test_as_many_curves_as_there_are_branches_where_it_is_cut(tmp_path):
    """h = tanh(w h) has one fixed point up to w = 1 and three beyond."""
    sweep = {"name": "cut", "system": "rnn", "observables": ["fixed_points"]}
    sweep["parameters"] = {"activation": "tanh", "branches": 4, "steps": 1}
    sweep["axes"] = {"w": {"values": [0.5, 2.5]}, "b": {"start": -0.1, "stop": 0.1, "num": 5}}
    store = jobs.open(jobs.run(sweep, root=tmp_path, executor="serial", progress=False).path)
    for w, count in ((0.5, 1), (2.5, 3)):
        seen = scene(store, "fixed_points", "lines", x="b", by="branch", at={"w": w})
        assert len(seen.panels[0].curves) == count


def test_panels_are_of_the_branches_that_there_are():
    """Of six places for three branches, three panels were empty."""
    b = np.linspace(-1.0, 1.0, 5)
    found = np.full((2, 5, 6), np.nan)
    found[:, :, :3] = np.arange(3.0)
    data = stores.dataset(
        {
            "fixed_points": (("w", "b", "branch"), found),
            "fixed_points_count": (("w", "b"), np.full((2, 5), 3)),
        },
        {"w": np.array([1.0, 2.0]), "b": b},
        {"branch": np.arange(6)},
    )
    for by in (None, "w"):
        seen = scene(
            data, "fixed_points", "lines", x="b", by=by, panels="branch", at={} if by else {"w": 1.0}
        )
        assert [panel.title for panel in seen.panels] == ["branch = 0", "branch = 1", "branch = 2"]
