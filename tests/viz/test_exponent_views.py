"""Views of exponents: planes with their zero line and doubtful cells, spectra with intervals."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sim.lyapunov.intervals import quantile
from tests.viz.stores import dataset
from viz import view
from viz.contours import contour, crossings
from viz.raster import image
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
