"""Eigenvalues in the complex plane, poles and zeros: what is drawn, and what is said of it."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.viz.stores import dataset
from viz import draw, palettes, save, scene, suited
from viz.complex_plane import pole_zero
from viz.elements import figure
from viz.raster import image
from viz.reading import Unseen
from viz.shapes import Marks, Path, Plane


def store(axes: dict, roots: np.ndarray, **sweep):
    """Roots (axes..., index) as a store holds them."""
    parts = np.stack([roots.real, roots.imag], axis=-1)
    words = np.array(["real", "imaginary"], dtype=object)
    own = {"index": np.arange(roots.shape[-1]), "component": words}
    made = dataset({"eigenvalues": ((*axes, "index", "component"), parts)}, axes, own)
    made.attrs["sweep"] = json.dumps(json.loads(made.attrs["sweep"]) | sweep)
    return made


def spirals(**sweep):
    gain = np.linspace(0.5, 1.5, 11)
    roots = gain[:, None] * np.exp(1j * np.array([0.0, 1.0, -1.0]))
    return store({"gain": gain}, roots, **sweep)


def of(seen: Plane, kind: type) -> list:
    return [shape for shape in seen.shapes if isinstance(shape, kind)]


def test_argand_is_offered_first_and_pole_zero_too():
    assert suited(spirals(), "eigenvalues")[:2] == ("argand", "pole_zero")
    assert "argand" not in suited(dataset({"loss": (("w",), np.zeros(3))}, {"w": np.arange(3.0)}), "loss")


def points(**parameters):
    """Two fixed points of two eigenvalues each over a, the second of which is there for a > 0 only."""
    a = np.array([-1.0, 0.5, 1.0])
    roots = np.array([[0.5, -0.5], [1.5, 0.2]]) * np.ones((3, 1, 1))
    roots[0, 1] = np.nan
    parts = np.stack([roots, np.zeros(roots.shape)], axis=-1)
    words = np.array(["real", "imaginary"], dtype=object)
    own = {"branch": np.arange(2), "index": np.arange(2), "part": words}
    made = dataset({"fixed_points_eigenvalues": (("a", "branch", "index", "part"), parts)}, {"a": a}, own)
    made.attrs["sweep"] = json.dumps(json.loads(made.attrs["sweep"]) | {"parameters": parameters})
    return made


def test_eigenvalues_of_fixed_points_are_drawn_for_all_branches():
    assert suited(points(), "fixed_points_eigenvalues")[0] == "argand"
    seen = scene(points(), "fixed_points_eigenvalues")
    (marks,) = of(seen, Marks)
    there = np.isfinite(marks.x)
    assert sorted(zip(marks.values[there], marks.x[there], strict=True)) == sorted(
        [(a, x) for a in (-1.0, 0.5, 1.0) for x in (0.5, -0.5)]
        + [(a, x) for a in (0.5, 1.0) for x in (1.5, 0.2)]
    )
    assert "inside the circle in 3 of 5 drawn" in seen.caption
    one = scene(points(), "fixed_points_eigenvalues", at={"branch": 1})
    assert "inside the circle in 0 of 2 drawn" in one.caption
    assert "branch = 1" in one.caption
    apart = scene(points(), "fixed_points_eigenvalues", by="branch", at={"a": 0.5})
    assert apart.scale_label == "branch"
    image(seen)


def test_multipliers_of_cycles_are_no_eigenvalues_of_weights():
    assert "λ" in scene(points(alpha=0.5), "fixed_points_eigenvalues").x_label
    for at in ({}, {"branch": 0}):
        assert "μ" in scene(points(alpha=0.5, cycle=2), "fixed_points_eigenvalues", at=at).x_label


def test_points_are_coloured_along_the_axis():
    seen = scene(spirals(), "eigenvalues")
    assert isinstance(seen, Plane)
    (points,) = of(seen, Marks)
    assert len(points.x) == 33
    np.testing.assert_allclose(np.hypot(points.x, points.y), points.values)
    assert (seen.scale.low, seen.scale.high, seen.scale_label) == (0.5, 1.5, "gain")
    assert [shape.label for shape in seen.labels] == ["unit circle"]
    assert seen.x_label == "Re μ"
    assert "All eigenvalues inside the circle in 5 of 11 drawn" in seen.caption
    assert seen.x_range[0] < -1.0
    assert seen.x_range[1] > 1.5


def test_discs_of_euler_steps():
    """Row 128: discs of radius 1/alpha inside Re lambda < 1."""
    alpha, values = np.array([0.2, 0.5, 1.0]), np.array([-3.0, 0.5])
    multipliers = 1 + alpha[:, None] * (values - 1) + 0j
    seen = scene(store({"alpha": alpha}, multipliers), "eigenvalues")
    (points,) = of(seen, Marks)
    np.testing.assert_allclose(points.x, np.tile(values, 3))
    rims = [shape for shape in of(seen, Path) if shape.label.startswith("Euler")]
    assert [rim.label for rim in rims] == ["Euler, α = 0.2", "Euler, α = 0.5", "Euler, α = 1"]
    for rim, value in zip(rims, alpha, strict=True):
        assert rim.x.max() == pytest.approx(1.0)
        assert np.ptp(rim.x) == pytest.approx(2 / value)
    assert len({rim.colour for rim in rims}) == 3
    assert any(shape.label.startswith("Re λ = 1") for shape in of(seen, Path))
    assert "inside their disc in 1 of 3" in seen.caption  # -3 is on the border at 0.5
    step = scene(store({"alpha": alpha}, multipliers), "eigenvalues", of="step")
    np.testing.assert_allclose(of(step, Marks)[0].x, multipliers.real.ravel())
    fixed = scene(spirals(parameters={"dt": 0.1, "tau": 0.5}), "eigenvalues")
    assert "Euler, α = 0.2" in [shape.label for shape in fixed.labels]
    assert scene(spirals(parameters={"alpha": 1.0}), "eigenvalues").x_label == "Re μ"
    with pytest.raises(Unseen, match="no alpha"):
        scene(spirals(), "eigenvalues", of="weights")


def test_a_step_of_no_length_has_no_disc():
    alpha = np.array([0.0, 0.5])
    multipliers = 1 + alpha[:, None] * (np.array([-3.0, 0.5]) - 1) + 0j
    made = store({"alpha": alpha}, multipliers)
    seen = scene(made, "eigenvalues")
    assert seen.x_label == "Re μ"
    np.testing.assert_allclose(of(seen, Marks)[0].x, multipliers.real.ravel())
    with pytest.raises(Unseen, match="no alpha of one step above zero"):
        scene(made, "eigenvalues", of="weights")


def test_words_have_colours_of_their_own():
    words = np.array(["tanh", "relu"], dtype=object)
    seen = scene(store({"activation": words}, np.array([[0.5, 0.1], [2.0, 0.3]]) + 0j), "eigenvalues")
    points = of(seen, Marks)
    assert [mark.label for mark in points] == ["activation = tanh", "activation = relu"]
    assert [mark.colour for mark in points] == [palettes.curve_colour(0), palettes.curve_colour(1)]
    assert seen.scale is None


def test_outliers_are_counted_and_do_not_shrink_the_rest():
    roots = np.full((20, 3), 0.5 + 0j)
    roots[0, 0] = 1e6
    seen = scene(store({"w": np.arange(20.0)}, roots), "eigenvalues")
    assert seen.x_range[1] < 2
    assert "eigenvalues beyond the frame: 1" in seen.caption
    many = store({"w": np.arange(1000.0)}, np.full((1000, 3), 0.5 + 0j))
    assert "400 of 1000 values of w are drawn" in scene(many, "eigenvalues").caption


@pytest.mark.parametrize("view", ["argand", "pole_zero"])
@pytest.mark.parametrize("hole", [1.0, np.nan, np.inf])
def test_every_one_renders_whatever_is_in_the_store(view, hole, tmp_path):
    for data in (spirals(), store({}, np.array([0.5, 0.2]) + 0j)):
        if hole != 1.0:
            data["eigenvalues"][:] = hole
        seen = scene(data, "eigenvalues", view)
        save(seen, tmp_path / "a.png")
        with Image.open(tmp_path / "a.png") as picture:
            assert np.asarray(picture).std() > 0
        assert figure(draw(data, "eigenvalues", view)) is not None


def test_poles_are_crosses_and_zeros_rings():
    data = spirals(system="taps")
    seen = scene(data, "eigenvalues", "pole_zero", at={"gain": 0.9})
    zeros, poles = of(seen, Marks)
    assert (poles.marker, zeros.marker) == ("cross", "open")
    assert zeros.label == "zeros, up to 3-fold"
    np.testing.assert_allclose(np.hypot(poles.x, poles.y), 0.9, atol=1e-6)
    assert "gain = 0.9" in seen.caption
    assert "modulus 0.9: stable." in seen.caption
    other = scene(spirals(), "eigenvalues", "pole_zero", at={"gain": 1.5})
    assert len(of(other, Marks)) == 1
    assert "zeros need a read-out" in other.caption
    assert "not stable" in other.caption


def test_a_script_draws_poles_and_zeros_of_its_own():
    seen = pole_zero(np.array([0.5, 0.5, -2.0]), np.array([0.1j, -0.1j]))
    assert "poles, up to 2-fold" in [shape.label for shape in seen.labels]
    assert np.asarray(image(seen, 500, 400)).std() > 0
    assert "No poles" in pole_zero(np.array([]), np.array([])).caption


def test_wrong_wishes_name_what_there_is():
    with pytest.raises(Unseen, match="the points of this picture"):
        scene(spirals(), "eigenvalues", by="index")
    with pytest.raises(Unseen, match="no such axis"):
        scene(spirals(), "eigenvalues", by="w")
