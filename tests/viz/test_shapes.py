"""Marks, paths and regions: in a plane of their own and over a map, in the browser and as a PNG."""

import dataclasses

import holoviews as hv
import numpy as np
import pytest

from tests.viz.stores import cliff
from viz import draw, scene
from viz.elements import element, figure
from viz.files import page
from viz.raster import image
from viz.scales import Scale
from viz.shapes import Marks, Path, Plane, Region, circle, framed

KINDS = ("filled", "open", "cross", "plus", "square", "diamond", "triangle")


def plane(**other):
    disc = circle(0.0, 0.0, 1.0)
    marks = [
        Marks(kind, np.array([0.3 * i - 1]), np.zeros(1), "#d55e00", kind) for i, kind in enumerate(KINDS)
    ]
    paths = [
        Path(stroke, np.array([-1.0, np.nan, 0.0, 1.0]), np.full(4, 0.1 * i - 0.9), "#0072b2", stroke)
        for i, stroke in enumerate(("line", "thin", "thick", "dashed", "dotted"))
    ]
    values = np.array([0.0, np.nan, 1.0])
    graded = Marks("graded", values, np.array([0.5, 0.5, np.inf]), "#000000", values=values)
    shapes = (Region("disc", *disc, "#0072b2"), Path("circle", *disc, "#0072b2"), *paths, *marks, graded)
    given = {"scale": Scale("linear", 0.0, 1.0), "scale_label": "w"} | other
    return Plane(shapes, (-1.5, 1.5), (-1.2, 1.2), "Re λ", "Im λ", "eigenvalues", "A plane", "Said.", **given)


def test_a_plane_is_drawn_as_pixels_as_an_element_and_as_a_page():
    seen = plane()
    pixels = np.asarray(image(seen, 800, 600))
    assert pixels.std() > 0
    drawn = element(seen)
    assert isinstance(drawn, hv.Overlay)
    made = figure(drawn)
    assert made.frame_width / made.frame_height == pytest.approx(3.0 / 2.4, abs=0.01)
    text = page(seen)
    assert "A plane" in text
    assert "Said." in text
    assert [shape.label for shape in seen.labels][:2] == ["disc", "circle"]


def test_a_circle_is_round_in_pixels():
    disc = circle(0.0, 0.0, 1.0)
    shapes = (Region("", *disc, "#000000", 1.0),)
    seen = Plane(shapes, (-4.0, 2.0), (-1.5, 1.5), "x", "y", "p", "t", "c")
    dark = (np.asarray(image(seen, 900, 900)) == 0).all(axis=2)
    inner = dark[120:800]
    assert np.ptp(np.flatnonzero(inner.any(axis=0))) == pytest.approx(
        np.ptp(np.flatnonzero(inner.any(axis=1))), abs=2
    )


def test_shapes_lie_over_a_map_where_its_axes_say():
    field = scene(cliff(), "loss")
    line = Path("wall", np.array([5.0, 8.0]), 0.5 - 0.6224593 * np.array([5.0, 8.0]), "#ff0000", "thick")
    over = dataclasses.replace(field, over=(line,))
    before, after = (np.asarray(image(seen, 900, 700)).astype(int) for seen in (field, over))
    changed = np.flatnonzero((before != after).any(axis=2).any(axis=0))
    assert 0 < len(changed) < 0.5 * 900
    made = element(over)
    assert isinstance(made, hv.Overlay)
    assert figure(made) is not None
    assert figure(draw(cliff(), "loss")) is not None


def test_a_frame_holds_its_points_and_is_never_flat():
    x, y = np.array([-0.5, 0.9, np.nan]), np.zeros(3)
    (left, right), (low, high) = framed(x, y)
    assert left < -0.5 < 0.9 < right
    assert high - low >= 0.2 * 1.4
    assert framed(np.array([]), np.array([])) == framed(np.array([-1.0, 1.0]), np.array([-1.0, 1.0]))
    alone = framed(np.zeros(1), np.zeros(1))
    assert alone[0][0] < 0 < alone[0][1]
