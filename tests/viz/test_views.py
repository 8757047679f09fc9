"""Structure of the pictures: dims, scales, what is held, what is said; no pixels."""

import io
import json
from dataclasses import replace

import holoviews as hv
import numpy as np
import pytest
import xarray as xr
import zarr
from bokeh.models import Legend

import jobs
from tests.viz import stores
from viz import draw, elements, palettes, reading, scene, suited, view
from viz.raster import image, paint
from viz.reading import Unseen
from viz.scenes import Field
from viz.shapes import Marks


def plot_options(element) -> dict:
    return hv.Store.lookup_options("bokeh", element, "plot").kwargs


def test_views_are_found_as_files_and_say_what_they_are():
    assert set(view.listing()) >= {"map", "lines", "orbit_diagram", "image"}
    for name in view.listing():
        assert view.title(name)
        assert view.find(name).NEEDS.dims >= 1
        options = view.options(name)
        assert all(option.default is not option.empty for option in options.values())
        assert next(iter(options)) in ("x", "by", "at"), (
            "axes come first, and what is held where there are none"
        )


def test_the_view_that_fits_best_comes_first():
    assert suited(stores.cliff(8), "loss")[0] == "map"
    assert suited(stores.fan(), "trajectory")[0] == "lines"
    assert suited(stores.logistic(20, 5), "orbit")[0] == "orbit_diagram"
    assert suited(stores.mandelbrot(8, 5), "escape_time")[0] == "image"
    counts = stores.mandelbrot(8, 5).rename(escape_time="census_period")
    assert suited(counts, "census_period")[:2] == ("map", "image")  # the colours of a fractal are for escapes
    assert suited(stores.cliff(8), "outcome")[0] == "map"


def test_a_store_is_read_by_blocks_and_never_number_by_number(shelf, monkeypatch):
    """A map of 4096 x 4096 cells took a minute to open: its axes stand the other way round in the store."""
    data = jobs.open("cliff", shelf)
    monkeypatch.setattr(zarr.Array, "get_coordinate_selection", None)
    monkeypatch.setattr(zarr.Array, "vindex", None)
    seen = scene(data, "loss", "map")
    assert (seen.x.name, seen.y.name) == ("w", "b") == data["loss"].dims
    assert np.array_equal(seen.values, data["loss"].values.T)


def test_a_map_is_an_image_with_the_numbers_the_scale_and_the_outcome():
    element = draw(stores.cliff(32), "gradient", at={"parameter": "b"})
    assert isinstance(element, hv.Image)
    assert [str(dim) for dim in element.kdims] == ["w", "b"]
    assert [dim.name for dim in element.vdims] == ["shade", "gradient", "outcome_code"]
    low, high = plot_options(element)["clim"]
    assert low == pytest.approx(-high)
    stored = stores.cliff(32).gradient.sel(parameter="b").transpose("b", "w").values
    assert np.array_equal(element.dimension_values("gradient", flat=False), stored)
    assert "at parameter = b" in element.scene.caption


@pytest.mark.parametrize(
    ("values", "kind", "element"),
    [
        (np.linspace(0, 1, 5), "linear", hv.Image),
        (np.linspace(1, 0, 5), "linear", hv.Image),
        (np.geomspace(0.01, 100, 5), "log", hv.QuadMesh),
        (np.array([0.1, 0.5, 3.0]), "linear", hv.QuadMesh),
        (np.array([3.0, 1.0, 2.0]), "linear", hv.Image),
        (np.array(["tanh", "relu"], dtype=object), "words", hv.Image),
        (np.array([2.0]), "linear", hv.QuadMesh),
        (np.array([0, 1, 2]), "linear", hv.Image),
    ],
)
def test_axes_of_every_kind(values, kind, element):
    n = len(values)
    numbers = np.arange(n * 4.0).reshape(n, 4)
    data = stores.dataset({"loss": (("p", "q"), numbers)}, {"p": values, "q": np.arange(4.0)})
    seen = scene(data, "loss", "map", x="p", y="q")
    assert isinstance(seen, Field)
    assert seen.x.kind == kind
    assert (np.diff(seen.x.edges) > 0).all()
    for index in range(n):
        assert seen.x.index(seen.x.place(index)) == index
        assert (seen.values[:, list(seen.x.order).index(index)] == numbers[index]).all()
    assert isinstance(draw(data, "loss", "map", x="p", y="q"), element)


def test_missing_cells_are_counted_by_their_outcome():
    codes = np.array([[1, 1, 2], [0, 0, 1]], np.uint8)
    loss = np.where(codes == 1, 0.5, np.nan)
    data = stores.dataset(
        {"loss": (("a", "b"), loss)}, {"a": np.arange(2.0), "b": np.arange(3.0)}, outcome=codes
    )
    assert "6 cells, 2 pending, 1 diverged" in scene(data, "loss").caption
    element = draw(data, "loss")
    assert plot_options(element)["clipping_colors"]["NaN"] == "#bcbec2"
    assert element.dimension_values("outcome_code", flat=False).tolist() == codes.T.tolist()


def test_never_escaped_has_its_own_colour_and_pending_does_not():
    data = stores.mandelbrot(20, 30)
    seen = scene(data, "escape_time")
    assert seen.never.any()
    assert seen.equal
    assert "never escaped" in seen.caption
    for code in (0, 2, 5, 6, 7):
        lost = data.copy(deep=True)
        lost["outcome"][:] = code
        lost["escape_time"][:] = -1
        for name in ("image", "map"):
            gone = scene(lost, "escape_time", name)
            assert gone.never is None
            assert np.isnan(gone.values).all()


def test_real_parts_lie_across_whatever_the_order():
    data = stores.mandelbrot(8, 5).transpose("c_im", "c_re")
    assert scene(data, "escape_time").x.name == "c_re"


def test_an_orbit_diagram_counts_visits():
    data = stores.logistic(300, 100)
    seen = scene(data, "orbit", width=300, height=200)
    assert seen.values.shape == (200, 300)
    assert np.nansum(seen.values) == 300 * 100
    assert seen.x.name == "r"


def test_an_orbit_diagram_of_one_large_number_has_a_height():
    """A margin of a half is nothing beside 1e20, and a frame without height no picture."""
    data = stores.logistic(5, 4)
    data["orbit"][:] = 1e20
    seen = scene(data, "orbit", "orbit_diagram")
    assert np.nansum(seen.values) == 20
    assert seen.y.edges[0] < 1e20 < seen.y.edges[-1]


def test_ten_million_cells_become_a_picture():
    n = 3200
    values = np.add.outer(np.arange(n, dtype=float), np.arange(n, dtype=float))
    data = stores.dataset({"loss": (("a", "b"), values)}, {"a": np.arange(n * 1.0), "b": np.arange(n * 1.0)})
    element = draw(data, "loss")
    assert isinstance(element, hv.Image)
    assert element.interface.shape(element, gridded=True)[0] <= 2000
    small = element.scene.limited(100, 100)
    assert small.values.mean() == pytest.approx(values.mean())
    assert "means of" in small.caption
    part = element.scene.within((10.0, 20.0), (0.0, 5.0))
    assert part.values.shape[1] <= 14


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"variable": "lost"}, "it has loss, gradient, outcome"),
        ({"variable": "loss", "view": "lnies"}, "there are .*lines"),
        ({"variable": "loss", "view": "orbit_diagram"}, "cannot show loss"),
        ({"variable": "loss", "x": "v"}, "no such axis"),
        ({"variable": "loss", "x": "w", "y": "w"}, "two different axes"),
        ({"variable": "loss", "colour": "red"}, "no such option"),
        ({"variable": "gradient", "at": {"parameter": "q"}}, "no such word; it has w, b"),
        ({"variable": "gradient", "at": {"nothing": 1}}, "no such axis"),
        (
            {"variable": "loss", "view": "lines", "x": "w", "at": {"b": 100}},
            "which has −6 … 2",
        ),
        ({"variable": "loss", "view": "lines", "x": "w", "at": {"b": -7.5}}, "outside this axis"),
        ({"variable": "loss", "view": "lines", "by": "w", "x": "w"}, "only one of the three"),
    ],
)
def test_wrong_wishes_name_what_there_is(wish, message):
    with pytest.raises(Unseen, match=message):
        draw(stores.cliff(4), **wish)


def test_a_users_own_view_is_found_by_its_path(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "import holoviews as hv\nfrom viz.view import Needs\nNEEDS = Needs(dims=1)\n"
        'def view(dataset, variable, size=3):\n    "Dots."\n'
        "    return hv.Points(dataset[variable].values.reshape(-1, 2)).opts(size=size)\n"
    )
    made = view.function(str(file))(stores.cliff(4), "loss", size=5)
    assert isinstance(made, hv.Points)
    (tmp_path / "empty.py").write_text("NEEDS = None\n")
    with pytest.raises(Unseen, match="neither `scene` nor `view`"):
        view.find(str(tmp_path / "empty.py"))


def test_time_is_held_at_its_end_and_words_at_their_first():
    data = stores.fan()
    assert reading.fixed(data, ("time", "activation"), None) == {"time": 20, "activation": 0}
    assert reading.nearest(data, "w", 0.26) == reading.nearest(data, "w", 0.25)
    assert reading.nearest(data, "w", 1.6) == 12  # in the last cell, beyond its middle
    one = stores.dataset({"loss": (("a",), np.ones(1))}, {"a": np.array([3.0])})
    with pytest.raises(Unseen, match=r"which has 3$"):
        reading.nearest(one, "a", 0)


def test_units_reach_labels_and_captions():
    data = stores.cliff(4)
    data["loss"].attrs["units"] = "nat"
    data["w"].attrs["units"] = "mV"
    seen = scene(data, "loss")
    assert seen.x.label == "w [mV]"
    assert seen.label == "loss [nat]"
    assert "[nat]" in seen.caption


def test_an_empty_store_says_so():
    with pytest.raises(Unseen, match="nothing to draw"):
        draw(xr.Dataset(attrs={"sweep": json.dumps({})}))


@pytest.mark.parametrize("name", ["image", "map"])
def test_a_count_of_what_never_happened_is_no_number(name):
    data = stores.mandelbrot(20, 30)
    seen = scene(data, "escape_time", name)
    stored = data["escape_time"].transpose("c_im", "c_re").values
    assert (seen.never == (stored == -1)).all()
    assert seen.scale.low > 0
    assert seen.palette in palettes.SEQUENTIAL
    assert f"{(stored == -1).sum()} of 400 cells: never escaped" in seen.caption
    assert (paint(seen)[seen.never] == palettes.NEVER).all()


def periods():
    """Periods over r: 1, none, 2, one of a run that diverged, one that is not computed; oscillations too."""
    return stores.dataset(
        {"period": (("r",), np.array([1, -1, 2, -1, -1], np.int32)), "kind": (("r",), np.arange(-1, 4))},
        {"r": np.arange(5.0)},
        outcome=np.array([1, 1, 1, 2, 0], np.uint8),
    )


def test_nevers_stand_above_the_lines():
    seen = scene(periods(), "period")
    (panel,) = seen.panels
    line, above, marks = panel.curves
    assert np.array_equal(line.y, [1.0, np.nan, 2.0, np.nan, np.nan], equal_nan=True)
    assert np.flatnonzero(np.isfinite(above.y)).tolist() == [1]
    assert (marks.form, marks.x.tolist()) == ("marks", [1.0])
    assert panel.rules[0].words == "↑ no “the period”"
    assert panel.rules[0].height == panel.ceiling < above.y[1] < panel.limits[1]
    assert "1 of 5 cells: no “the period”" in seen.caption
    data = periods()
    data["period"][:], data["outcome"][:] = -1, 1
    alone = scene(data, "period")
    assert "5 of 5 cells: no “the period”" in alone.caption
    assert alone.panels[0].curves[-1].x.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    image(alone).save(io.BytesIO(), "png")


@pytest.mark.parametrize("name", ["image", "map", "lines"])
def test_what_a_run_counted_before_it_diverged_is_drawn(name):
    """z' = z^2 + c over real c from z = 0: beyond the escape the state overflows, the escape time stands."""
    c, times = np.linspace(-3.0, 1.0, 9), np.full((9, 2), -1, np.int32)
    z = np.zeros(9)
    for step in range(1, 30):
        z = np.where(np.abs(z) > 2, z, z * z + c)
        times[(np.abs(z) > 2) & (times[:, 0] < 0)] = step
    outcome = np.where(times < 0, 1, 2).astype(np.uint8)
    outcome[4, 1], times[4, 1] = 2, -1  # lost before anything could be counted
    data = stores.dataset(
        {"escape_time": (("c", "seed"), times)}, {"c": c, "seed": np.arange(2)}, outcome=outcome
    )
    seen = scene(data, "escape_time", name)
    drawn = seen.panels[0].curves[0].y if name == "lines" else seen.values[0]
    assert times[:, 0].tolist() == [1, 1, -1, -1, -1, -1, -1, 5, 3]
    assert np.array_equal(drawn, np.where(times[:, 0] < 0, np.nan, times[:, 0]), equal_nan=True)
    assert f"{(times < 0).sum() - 1} of 18 cells: never escaped" in seen.caption


def test_codes_are_classes_with_their_words():
    """Three codes, one of them -1 and a result, over a plane; the outcome is one of them."""
    codes = np.array([[-1, 0], [2, 2]], np.int32)
    outcome = np.array([[2, 1], [1, 0]], np.uint8)
    data = stores.dataset(
        {"verdict": (("a", "b"), codes)}, {"a": np.arange(2.0), "b": np.arange(2.0)}, outcome=outcome
    )
    data["verdict"].attrs |= {"flag_values": [-1, 0, 2], "flag_meanings": "not_finite at_rest uneven"}
    for name in ("map", "image"):
        seen = scene(data, "verdict", name)
        assert [words for _, words in seen.scale.ticks()] == ["not finite", "at rest", "uneven"]
        assert np.array_equal(seen.values, [[1.0, 3.0], [2.0, np.nan]], equal_nan=True)
        assert seen.palette == "classes3"
        assert "uneven 25.0%" in seen.caption
    cells = scene(data, "outcome")
    assert [words for _, words in cells.scale.ticks()] == ["pending", "ok", "diverged"]
    curves = scene(data, "verdict", "lines")
    assert curves.upright(curves.panels[0], 8) == [
        (-1.0, "not finite"),
        (0.0, "at rest"),
        (2.0, "uneven"),
    ]
    assert np.array_equal(curves.panels[0].curves[0].y, [-1.0, 2.0])


def test_one_of_ten_thousand_cells_is_neither_nothing_nor_are_the_others_all():
    outcome = np.ones((100, 100), np.uint8)
    outcome[3, 4] = 3
    axes = {"a": np.arange(100.0), "b": np.arange(100.0)}
    data = stores.dataset({"loss": (("a", "b"), np.ones((100, 100)))}, axes, outcome=outcome)
    said = scene(data, "outcome").caption
    assert "Ok >99.9%; not converged <0.1%" in said


def test_minus_one_is_a_number_where_nothing_says_otherwise():
    """A sum of indices; the last cell is not computed, and its -1 is a blank."""
    index = np.array([[-1, 0], [1, -1]], np.int32)
    data = stores.dataset(
        {"index": (("a", "b"), index)},
        {"a": np.arange(2.0), "b": np.arange(2.0)},
        outcome=np.array([[1, 1], [1, 0]], np.uint8),
    )
    data["index"].attrs["comment"] = "sum of the signs of det(I - Df)"
    for name in ("map", "image"):
        seen = scene(data, "index", name)
        assert np.array_equal(seen.values, [[-1.0, 1.0], [0.0, np.nan]], equal_nan=True)
        assert seen.never is None
    lines = scene(data, "index", "lines", x="b", by="a").panels[0]
    assert [curve.y.tolist()[0] for curve in lines.curves] == [-1.0, 1.0]
    assert np.isnan(lines.curves[1].y[1])
    data["index"].attrs["comment"] = "-1 if it is not known"
    assert scene(data, "index", "map").never.tolist() == [[True, False], [False, False]]


def test_the_names_of_shapes_lie_beside_a_map_and_not_on_it():
    data = stores.cliff(12)
    field = scene(data, "loss")
    marked = replace(field, over=(Marks("cusps", np.array([4.0]), np.array([-2.0]), "#000000"),))
    below, above = (elements.figure(elements.element(one)) for one in (marked, field))
    assert [legend for legend in below.below if isinstance(legend, Legend)]
    assert not [legend for legend in (*below.center, *above.center) if isinstance(legend, Legend)]


def test_a_gradient_that_vanished_exactly_is_not_called_no_number():
    data = stores.dataset(
        {"gradient_through_time": (("w", "time"), np.zeros((4, 6)))},
        {"w": np.arange(4.0)},
        {"time": np.arange(6)},
    )
    said = scene(data, "gradient_through_time", "gradient_map").caption
    assert "100.0% are exactly zero" in said
    assert "no finite number" not in said
