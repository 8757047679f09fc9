"""Views of exponents: planes with their zero line and doubtful cells, spectra with intervals."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sim.lyapunov.intervals import quantile
from tests.viz.stores import dataset
from viz import palettes, view
from viz.contours import contour, crossings
from viz.raster import image, paint
from viz.shapes import Marks, Path
from viz.views import spectrum

A, B = np.linspace(-1.0, 1.0, 9), np.linspace(-1.0, 1.0, 7)
NAME = "largest_lyapunov_exponent"


def plane(second: str = "b"):
    """Exponents a + b / 2, two cells of which are not converged."""
    values = A[:, None] + 0.5 * B[None, :]
    verdict = np.where(values > 0, 1, 2)
    verdict[4, 3] = verdict[4, 4] = 4
    return dataset(
        {NAME: (("a", second), values), f"{NAME}_verdict": (("a", second), verdict.astype(np.int32))},
        {"a": A, second: B if second == "b" else np.arange(7)},
        {},
    )


def spectra():
    """Two exponents over a, with their errors; one is minus infinity."""
    values = np.stack([A, A - 1.0], axis=1)
    values[0, 1] = -np.inf
    errors = np.full(values.shape, 0.1)
    return dataset(
        {
            "lyapunov_spectrum": (("a", "exponent"), values),
            "lyapunov_spectrum_error": (("a", "exponent"), errors),
        },
        {"a": A},
        {"exponent": np.arange(2)},
    )


def test_the_zero_line_of_a_plane_is_where_it_is_zero():
    assert view.suited(plane(), NAME)[0] == "exponents"
    field = view.scene(plane(), NAME)
    line = next(shape for shape in field.over if isinstance(shape, Path))
    drawn = np.isfinite(line.x)
    assert drawn.sum() > 10
    np.testing.assert_allclose(line.x[drawn] + 0.5 * line.y[drawn], 0.0, atol=1e-12)
    marks = next(shape for shape in field.over if isinstance(shape, Marks))
    assert sorted(zip(marks.x, marks.y, strict=True)) == [(A[4], B[3]), (A[4], B[4])]
    assert "2 cells whose interval holds zero" in field.caption
    assert field.scale.low == -field.scale.high


def test_marks_stand_on_their_cells_whatever_the_order_of_the_axes():
    """Axes of a sweep may fall; pictures have them rising."""
    data = plane()
    data[f"{NAME}_verdict"][1, 5] = 5
    falling = data.isel(a=slice(None, None, -1), b=[3, 0, 6, 1, 5, 2, 4])
    for one in (data, falling):
        dots, crosses = (shape for shape in view.scene(one, NAME).over if isinstance(shape, Marks))
        assert sorted(zip(dots.x, dots.y, strict=True)) == [(A[4], B[3]), (A[4], B[4])]
        assert list(zip(crosses.x, crosses.y, strict=True)) == [(A[1], B[5])]


def test_unstable_cells_are_counted_like_those_that_are_not_converged():
    data = plane()
    data[f"{NAME}_verdict"][0, :3] = 5
    field = view.scene(data, NAME)
    crosses = next(shape for shape in field.over if isinstance(shape, Marks) and shape.marker == "cross")
    assert sorted(crosses.y) == list(B[:3])
    assert "crosses: 3 cells whose orbit stands still on an unstable state" in field.caption
    assert "3 cells" in view.scene(data, NAME, marks="no").caption
    spectrum_data = spectra()
    spectrum_data["lyapunov_spectrum_verdict"] = (("a",), np.full(len(A), 5, np.int32))
    drawn = view.scene(spectrum_data, "lyapunov_spectrum", "spectrum")
    assert f"{len(A)} cells are on an unstable state" in drawn.caption


@pytest.mark.parametrize("values", [-6.5 + 0.0 * A, -6.0 + A, 0.01 * 10.0 ** (2 * A), 3.0 + A])
def test_white_is_zero_whatever_the_exponents(values):
    """All of one sign: order has no red, chaos no blue."""
    data = dataset({NAME: (("a", "b"), np.repeat(values[:, None], 7, axis=1))}, {"a": A, "b": B}, {})
    field = view.scene(data, NAME)
    assert field.scale.unit(np.zeros(1))[0] == pytest.approx(0.5)
    red, _, blue = paint(field).astype(int).transpose(2, 0, 1)
    assert ((red <= blue) if values.max() < 0 else (red >= blue)).all()
    narrow = view.scene(data, NAME, low=-1.0)
    assert narrow.scale.low == -narrow.scale.high
    chosen = view.scene(data, NAME, "map", palette="blue_red", low=-2.0, high=1.0).scale
    assert (chosen.low, chosen.high) == (-2.0, 2.0)
    assert view.scene(data, NAME, "map", low=-2.0, high=1.0).palette in palettes.SEQUENTIAL


def test_stored_bifurcation_curves_lie_over_a_plane_of_exponents():
    data = plane()
    data["curve_kind"] = (("curve",), np.array(["fold"], dtype=object))
    data["curve_period"] = (("curve",), np.ones(1, np.int32))
    data["curve_a"], data["curve_b"] = (("curve", "point"), A[None]), (("curve", "point"), A[None] ** 2)
    field = view.scene(data, NAME)
    fold = [shape for shape in field.over if isinstance(shape, Path) and shape.label == "folds"]
    np.testing.assert_array_equal(fold[0].y, A**2)
    assert any(shape.label == "zero" for shape in field.over)
    assert "Folds (orange, solid): two fixed points meet and vanish" in field.caption
    assert not [s for s in view.scene(data, NAME, curves=False).over if s.label == "folds"]


def test_draws_have_lines_of_their_own():
    field = view.scene(plane("seed"), NAME)
    line = next(shape for shape in field.over if isinstance(shape, Path))
    x = line.x.reshape(-1, 3)
    assert len(x) == 7
    np.testing.assert_allclose(np.sort(x[:, 0]), np.sort(-0.5 * B), atol=1e-12)


@pytest.mark.parametrize("batches", [12, 16, 64, 200])
def test_intervals_reach_as_far_as_students_distribution_says(batches: int):
    """Half as many degrees of freedom as batches, as the sweep has them."""
    data = spectra()
    data.attrs["sweep"] = json.dumps({"name": "test", "axes": [], "parameters": {"batches": batches}})
    assert spectrum.reach(data) == pytest.approx(quantile(batches), rel=1e-3)


def test_whole_spectra_are_drawn_over_their_rank_where_that_is_longer_than_the_sweep():
    assert view.scene(spectra().isel(a=[3]), "lyapunov_spectrum", "spectrum").x_name == "exponent"


def test_spectra_have_bars_and_a_zero_line():
    lines = view.scene(spectra(), "lyapunov_spectrum", "spectrum")
    (panel,) = lines.panels
    assert panel.rules[0].height == 0.0
    bars = [curve for curve in panel.curves if curve.form == "thin"]
    assert len(bars) == 2
    assert np.nanmax(bars[0].y[1::3] - bars[0].y[::3]) == pytest.approx(2 * quantile(64) * 0.1, rel=1e-4)
    assert "1 are minus infinity" in lines.caption
    over = view.scene(spectra(), "lyapunov_spectrum", "spectrum", x="exponent")
    assert over.x_name == "exponent"


def test_contours_leave_holes_out():
    values = A[None, :] + 0.0 * B[:, None]
    values[0, 4] = np.nan
    x, _ = contour(A + 0.01, B, values)
    assert np.nanmax(np.abs(x - 0.01)) < 1e-12
    assert len(crossings(A, np.arange(8.0), values)[0]) // 3 == 6


@pytest.mark.parametrize("made", [plane, spectra])
def test_they_render(made):
    ds = made()
    scene = view.scene(ds, next(iter(ds.data_vars)))
    picture = image(scene)
    assert len(picture.getcolors(1 << 24)) > 5
