"""Theories over pictures: which curve, in which form, from which parameters; what does not fit is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

import jobs
from jobs.light import glance
from sim.errors import Refused
from sim.names import find
from tests.viz import stores
from viz import draw, scene, theories, theory_curves
from viz.dashes import dashed
from viz.files import save
from viz.shapes import Path, Plane


def told(data, parameters: dict, axes: list[str], system: str = "rnn"):
    """The same dataset, as the sweep of a system with these parameters."""
    sweep = {"name": "test", "system": system, "task": "silence", "observables": [], "parameters": parameters}
    data.attrs["sweep"] = json.dumps(sweep | {"axes": [{"name": name} for name in axes]})
    return data


def exponents(**parameters):
    """Exponents over gain and seed, as of a network of 100 units."""
    gain = np.linspace(0.5, 3.0, 26)
    curve = find("sim.theory", "mean_field_exponent").theory(gain)
    rows = curve[:, None] - np.array([0.02, 0.03])
    data = stores.dataset(
        {"largest_lyapunov_exponent": (("gain", "seed"), rows)}, {"gain": gain, "seed": np.arange(2)}
    )
    return told(data, {"units": 100, "steps": 10, **parameters}, ["weights.gain", "seed"])


def test_one_curve_serves_all_seeds_and_is_named_with_its_source():
    seen = scene(exponents(), "largest_lyapunov_exponent", "lines", x="gain", theory="mean_field_exponent")
    *own, law = seen.panels[0].curves
    assert [curve.form for curve in own] == ["line", "line"]
    assert law.form == "dashed"
    np.testing.assert_array_equal(law.y, find("sim.theory", "mean_field_exponent").theory(law.x))
    assert (law.x.min(), law.x.max()) == (0.5, 3.0)
    assert "mean-field" in law.label
    assert "Molgedey" in seen.caption
    assert "doi:10.1103/PhysRevLett.69.3717" in seen.caption


def test_a_theory_that_depends_on_an_axis_gives_each_curve_its_own():
    scale, gain = np.array([0.0, 0.5, 1.0]), np.linspace(0.5, 2.0, 9)
    data = stores.dataset({"norm": (("scale", "gain"), np.ones((3, 9)))}, {"scale": scale, "gain": gain})
    told(data, {"units": 50, "steps": 10, "b": "gaussian"}, ["b.scale", "weights.gain"])
    curves = scene(data, "norm", "lines", x="gain", by="scale", theory="mean_field_norm").panels[0].curves
    own, laws = curves[:3], curves[3:]
    assert [law.colour for law in laws] == [curve.colour for curve in own]
    law = find("sim.theory", "mean_field_norm").theory
    for found, value in zip(laws, scale, strict=True):
        np.testing.assert_array_equal(found.y, law(found.x, {"units": 50, "b": "gaussian", "b.scale": value}))
    held = scene(data, "norm", "lines", x="gain", at={"scale": 1.0}, theory="mean_field_norm")
    np.testing.assert_array_equal(held.panels[0].curves[1].y, laws[2].y)


def test_places_on_the_axis_are_upright_lines_and_the_frame_grows_to_hold_curves():
    seen = scene(exponents(), "largest_lyapunov_exponent", "lines", x="gain", theory="onset_of_chaos")
    *_, upright = seen.panels[0].curves
    np.testing.assert_array_equal(upright.x, [1.0, 1.0])
    assert tuple(upright.y) == seen.panels[0].limits
    data = stores.dataset({"norm": (("gain",), np.zeros(5))}, {"gain": np.linspace(0.5, 2.0, 5)})
    told(data, {"units": 100, "steps": 10}, ["weights.gain"])
    panel = scene(data, "norm", "lines", theory="mean_field_norm").panels[0]
    assert panel.limits[1] > panel.curves[-1].y.max()


def test_a_map_has_the_curve_in_the_plane_of_its_axes_either_way_round():
    scale, gain = np.linspace(0.0, 1.0, 6), np.linspace(0.5, 1.6, 12)
    data = stores.dataset({"loss": (("scale", "gain"), np.ones((6, 12)))}, {"scale": scale, "gain": gain})
    told(data, {"units": 50, "steps": 10, "b": "gaussian"}, ["b.scale", "weights.gain"])
    law = find("sim.theory", "edge_of_chaos").theory
    for x, y in (("scale", "gain"), ("gain", "scale")):
        seen = scene(data, "loss", "map", x=x, y=y, theory="edge_of_chaos")
        halo, path = seen.over
        assert isinstance(path, Path)
        assert (halo.stroke, path.stroke) == ("thick", "dashed")
        along, places = (path.x, path.y) if x == "scale" else (path.y, path.x)
        wanted = law(along)
        inside = wanted <= seen.y.edges[-1] if x == "scale" else wanted <= seen.x.edges[-1]
        np.testing.assert_array_equal(places, np.where(inside, wanted, np.nan))
        assert 0 < inside.sum() < len(inside)
        assert "Schoenholz" in seen.caption


def test_pixels_and_elements_have_the_dashes(tmp_path):
    data = exponents()
    seen = scene(data, "largest_lyapunov_exponent", "lines", x="gain", theory="mean_field_exponent")
    dark = np.array(Image.open(save(seen, tmp_path / "with.png")).convert("RGB"))[100:700, 250:900]
    drawn = (dark.astype(int).sum(axis=2) < 220).any(axis=0)
    assert 0.4 < drawn.mean() < 0.95
    assert (np.diff(drawn.astype(int)) == 1).sum() > 5
    made = draw(data, "largest_lyapunov_exponent", "lines", x="gain", theory="mean_field_exponent")
    assert made.scene.panels[0].curves[-1].form == "dashed"
    draw(data, "largest_lyapunov_exponent", "map", theory="onset_of_chaos")


def test_dashes_keep_gaps_and_cover_their_share():
    x, y = np.array([0.0, 100.0, np.nan, 200.0, 300.0]), np.zeros(5)
    there, _ = dashed(x, y, on=10.0, off=10.0)
    kept = there[np.isfinite(there)]
    assert not ((kept > 100) & (kept < 200)).any()
    assert len(kept) / 202 == pytest.approx(0.55, abs=0.05)
    lone, _ = dashed(np.array([np.nan]), np.array([1.0]))
    assert np.isnan(lone).all()


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"theory": "mean_field_norm"}, "gives norm over gain; this picture has largest_lyapunov_exponent"),
        ({"theory": "flow_exponent"}, "'rnn' given; .* needs ctrnn"),
        ({"theory": "nothing"}, "no theory"),
        ({"theory": "period_doublings"}, "gives places on the axis r"),
        ({"theory": "edge_of_chaos", "view": "map"}, "this map is over"),
    ],
)
def test_theories_that_do_not_fit_are_refused(wish: dict, message: str):
    view = wish.pop("view", "lines")
    with pytest.raises(Refused, match=message):
        scene(exponents(), "largest_lyapunov_exponent", view, x="gain", y="seed", **wish) if (
            view == "map"
        ) else scene(exponents(), "largest_lyapunov_exponent", view, x="gain", **wish)


def test_assumptions_are_checked_against_the_sweep_and_its_defaults():
    with pytest.raises(Refused, match="'relu' given"):
        scene(
            exponents(activation="relu"), "largest_lyapunov_exponent", "lines", theory="mean_field_exponent"
        )
    with pytest.raises(Refused, match="'orthogonal' given"):
        scene(exponents(weights="orthogonal"), "largest_lyapunov_exponent", "lines", theory="onset_of_chaos")


def spectra(gains=(0.5, 1.5), **parameters):
    """Eigenvalues of networks at rest over gain."""
    draws = np.random.default_rng(0).normal(size=(len(gains), 40, 40)) / np.sqrt(40)
    roots = np.linalg.eigvals(draws) * np.array(gains)[:, None]
    parts = np.stack([roots.real, roots.imag], axis=-1)
    data = stores.dataset(
        {"eigenvalues": (("gain", "index", "component"), parts)},
        {"gain": np.array(gains)},
        {"index": np.arange(40), "component": np.array(["real", "imaginary"], dtype=object)},
    )
    return told(data, {"units": 40, "steps": 1, **parameters}, ["weights.gain"])


def test_eigenvalues_have_the_outline_of_the_elliptic_law_for_every_gain():
    seen = scene(spectra(), "eigenvalues", "argand", theory="elliptic_law")
    dashes = [shape for shape in seen.shapes if isinstance(shape, Path) and shape.stroke == "dashed"]
    assert len(dashes) == 4  # upper and lower, twice
    for path, gain in zip(dashes, (0.5, 0.5, 1.5, 1.5), strict=True):
        np.testing.assert_allclose(np.hypot(path.x, path.y), gain, rtol=1e-12)
        assert np.ptp(path.x) == pytest.approx(2 * gain, rel=0.01)
    assert dashes[0].colour != dashes[2].colour
    assert seen.x_range[0] < -1.49
    assert "Sommers" in seen.caption
    flat = scene(spectra((1.0,), **{"weights.tau": 0.5}), "eigenvalues", "argand", theory="elliptic_law")
    upper = next(shape for shape in flat.shapes if isinstance(shape, Path) and shape.stroke == "dashed")
    assert (np.abs(upper.x).max(), np.abs(upper.y).max()) == pytest.approx((1.5, 0.5), rel=0.01)


def test_an_orbit_diagram_has_the_doublings_and_a_plane_of_exponents_the_onset():
    r = np.linspace(2.8, 4.0, 60)
    orbits = stores.dataset(
        {"orbit": (("r", "iterate"), np.random.default_rng(1).uniform(size=(60, 30)))},
        {"r": r},
        {"iterate": np.arange(30)},
    )
    seen = scene(told(orbits, {}, ["r"], "logistic"), "orbit", "orbit_diagram", theory="period_doublings")
    places = {float(path.x[0]) for path in seen.over if path.stroke == "dashed"}
    assert len(places) == 7
    assert min(abs(place - 3.0) for place in places) < 1e-9
    assert min(abs(place - 1.0 - 6**0.5) for place in places) < 1e-9
    plane = scene(exponents(), "largest_lyapunov_exponent", "exponents", theory="onset_of_chaos")
    upright = plane.over[-1]
    np.testing.assert_array_equal(upright.x, 1.0)
    assert (upright.y[0], upright.y[-1]) == (plane.y.edges[0], plane.y.edges[-1])


def test_curves_of_a_spectrum_have_one_law_beside_their_bars():
    data = exponents()
    errors = np.full((26, 2), 0.01)
    data["largest_lyapunov_exponent_error"] = (("gain", "seed"), errors)
    seen = scene(data, "largest_lyapunov_exponent", "spectrum", x="gain", theory="mean_field_exponent")
    assert [curve.form for curve in seen.panels[0].curves] == ["line", "thin", "line", "thin", "dashed"]


@pytest.mark.parametrize(
    ("data", "variable", "view", "wanted"),
    [
        (spectra(), "eigenvalues", "argand", ["elliptic_law"]),
        (spectra(weights="orthogonal"), "eigenvalues", "argand", []),
        (exponents(), "largest_lyapunov_exponent", "exponents", ["onset_of_chaos"]),
        (
            exponents(),
            "largest_lyapunov_exponent",
            "spectrum",
            ["mean_field_exponent", "onset_of_chaos"],
        ),
        (stores.cliff(4), "loss", "map", []),
    ],
)
def test_the_theories_that_fit_are_known_without_computing_them(data, variable, view, wanted):
    wishes = {"x": "gain"} if view == "spectrum" else {}
    seen = scene(data, variable, view, **wishes)
    assert list(theories.fitting(seen, data)) == wanted
    for name in wanted:
        assert "Dashed: " in scene(data, variable, view, theory=name, **wishes).caption


def test_what_is_drawn_or_not_may_be_said_in_words():
    data = exponents()
    for word, there in (("no", False), ("yes", True)):
        seen = scene(data, "largest_lyapunov_exponent", "exponents", line=word)
        assert any(isinstance(shape, Path) for shape in seen.over) == there
    with pytest.raises(Refused, match="write yes or no"):
        scene(data, "largest_lyapunov_exponent", "exponents", line="perhaps")


def mixed(**parameters):
    """Exponents over gain for two activations, one of which the theories say nothing about."""
    gain, words = np.linspace(0.5, 3.0, 11), np.array(["tanh", "relu"], dtype=object)
    data = stores.dataset(
        {"largest_lyapunov_exponent": (("gain", "activation"), np.zeros((11, 2)))},
        {"gain": gain, "activation": words},
    )
    return told(data, {"units": 100, "steps": 10, **parameters}, ["weights.gain", "activation"])


def test_a_theory_is_laid_where_it_holds_and_offered_where_it_can_be_laid():
    data = mixed()
    drawn = scene(data, "largest_lyapunov_exponent", "lines", x="gain", by="activation")
    assert "mean_field_exponent" in theories.fitting(drawn, data)
    both = theories.over(drawn, data, "mean_field_exponent")
    assert [curve.form for curve in both.panels[0].curves] == ["line", "line", "dashed"]
    for word, there in (("tanh", True), ("relu", False)):
        held = {"activation": word}
        one = scene(data, "largest_lyapunov_exponent", "lines", x="gain", at=held)
        assert ("mean_field_exponent" in theories.fitting(one, data, held)) == there
        if not there:
            with pytest.raises(Refused, match="'relu' given"):
                theories.over(one, data, "mean_field_exponent", held)


@pytest.mark.parametrize("across", [True, False])
def test_an_outline_lies_along_the_axis_that_it_is_of(across: bool):
    """The ellipse of gain 1.5 is wider than high at tau = 0.5, whichever axis the real part has."""
    names = ("re", "im") if across else ("im", "re")
    ends, named = (-2.0, 2.0), {"x_name": names[0], "y_name": names[1]}
    flat = Plane((), ends, ends, "", "", "eigenvalues", "", "", **named)
    data = stores.dataset({"norm": (("w",), np.ones(2))}, {"w": np.arange(2.0)})
    law = find("sim.theory", "elliptic_law").theory
    drawn = theory_curves.over_plane(flat, law, data, {"weights.gain": 1.5, "weights.tau": 0.5})
    reach = [max(np.abs(getattr(shape, side)).max() for shape in drawn.shapes) for side in "xy"]
    np.testing.assert_allclose(reach, [2.25, 0.75] if across else [0.75, 2.25], rtol=1e-2)


def test_a_map_over_what_a_theory_demands_has_none():
    gain, b = np.linspace(0.5, 2.0, 6), np.array([0.0, 0.5, 1.0])
    data = stores.dataset({"norm": (("gain", "b"), np.ones((6, 3)))}, {"gain": gain, "b": b})
    told(data, {"units": 50, "steps": 10}, ["weights.gain", "b"])
    drawn = scene(data, "norm", "map", x="gain", y="b")
    assert list(theories.fitting(drawn, data)) == []
    with pytest.raises(Refused, match="holds for one b alone"):
        theories.over(drawn, data, "onset_of_chaos")


def test_a_place_outside_of_the_picture_is_said():
    data = exponents()
    far = data.sel(gain=slice(1.5, 3.0)).assign_attrs(data.attrs)
    seen = scene(far, "largest_lyapunov_exponent", "map", x="gain", y="seed", theory="onset_of_chaos")
    assert "not within what is drawn" in seen.caption
    assert not seen.over


def test_a_place_that_depends_on_a_keyword_stands_where_that_keyword_says():
    data = exponents(b="gaussian", **{"b.scale": 1.0})
    seen = scene(data, "largest_lyapunov_exponent", "lines", x="gain", theory="edge_of_chaos")
    law = float(find("sim.theory", "edge_of_chaos").theory(np.array([1.0])).ravel()[0])
    np.testing.assert_array_equal(seen.panels[0].curves[-1].x, law)
    assert law > 1.5


def test_multipliers_of_a_shorter_step_have_no_elliptic_law():
    data = told(spectra(), {"units": 40, "steps": 1, "alpha": 0.1}, ["weights.gain"], "ctrnn")
    assert "elliptic_law" in theories.fitting(scene(data, "eigenvalues", "argand"), data)
    with pytest.raises(Refused, match="this picture has"):
        scene(data, "eigenvalues", "argand", of="step", theory="elliptic_law")
    whole = scene(spectra((1, 2)), "eigenvalues", "argand", theory="elliptic_law")
    assert len({shape.colour for shape in whole.shapes if isinstance(shape, Path)} - {"#ffffff"}) > 3


def test_many_thin_curves_have_an_upright_line_once():
    data = stores.dataset(
        {"log_singular_values": (("gain", "index"), np.linspace(0, -9, 26 * 20).reshape(26, 20))},
        {"gain": np.linspace(0.5, 3.0, 26)},
        {"index": np.arange(20)},
    )
    told(data, {"units": 20, "steps": 10}, ["weights.gain"])
    seen = scene(data, "log_singular_values", "singular_values", x="gain", theory="onset_of_chaos")
    assert [curve.form for panel in seen.panels for curve in panel.curves].count("dashed") == len(seen.panels)


def test_a_view_of_ones_own_element_says_that_it_takes_no_theory(tmp_path):
    file = tmp_path / "own.py"
    file.write_text(
        "import holoviews as hv\nfrom viz.view import Needs\nNEEDS = Needs()\n"
        "def view(dataset, variable, flag: bool = True):\n    return hv.Curve([1, 2] if flag else [1])\n"
    )
    assert len(draw(stores.cliff(4), "loss", str(file), flag="no")) == 1
    with pytest.raises(Refused, match="over which none is laid"):
        draw(stores.cliff(4), "loss", str(file), theory="onset_of_chaos")


def test_a_store_at_a_glance_has_theories_where_axes_are_held(tmp_path):
    """What the command line reads is no Dataset."""
    plan = {
        "name": "onset", "system": "rnn", "observables": ["largest_lyapunov_exponent"],
        "parameters": {"units": 8, "steps": 60, "transient": 10, "start": "gaussian", "activation": "tanh"},
        "axes": {"weights.gain": {"start": 0.5, "stop": 2.0, "num": 4}, "seed": {"values": [0, 1]}},
    }  # fmt: skip
    store = jobs.run(plan, root=tmp_path, executor="serial", progress=False).path
    wish = {"x": "gain", "at": {"seed": 1}, "theory": "mean_field_exponent"}
    seen = [
        scene(data, "largest_lyapunov_exponent", "lines", **wish)
        for data in (glance(store), jobs.open(store))
    ]
    assert "Dashed: mean-field theory" in seen[0].caption
    assert seen[0].caption == seen[1].caption
    assert [curve.form for curve in seen[0].panels[0].curves] == ["line", "dashed"]
