"""Jury, Routh and Lyapunov: section 10 of the reference results, rows 36 to 38 of the phenomena."""

import numpy as np
import pytest

from sim.errors import Refused
from sim.linear import jury, planar, recursions, routh, spectra

A = recursions.characteristic({1: 0.5, 5: 0.25})
B = recursions.characteristic({1: 0.5, 5: 0.25, 8: 0.1})


def of_roots(random, degree: int, low: float = 0.2, high: float = 1.6) -> np.ndarray:
    """A real polynomial with roots anywhere between two radii, but none within 1e-3 of the circle."""
    found: list[complex] = []
    while len(found) < degree:
        size = random.uniform(low, high)
        if abs(size - 1) < 1e-3:
            continue
        if degree - len(found) == 1 or random.random() < 0.4:
            found.append(size * random.choice([-1, 1]))
        else:
            value = size * np.exp(1j * random.uniform(0, np.pi))
            found += [value, value.conjugate()]
    return np.poly(found).real


# ---- Jury --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("coefficients", "verdict"),
    [
        ([1, -1.2, 0.07, 0.3, -0.08], "stable"),  # JRY-01: Ogata, Discrete-Time Control Systems, example 4-3
        ([1, -1.1, -0.1, 0.2], "critical"),  # JRY-02: example 4-4
        ([1, -1.3, -0.08, 0.24], "unstable"),  # JRY-03: example 4-5
    ],
)
def test_ogatas_examples(coefficients, verdict):
    found = jury.jury(coefficients)
    assert found.verdict == verdict
    assert (np.abs(recursions.roots(coefficients)) < 1 - 1e-9).all() == (verdict == "stable")
    if verdict == "critical":
        assert found.circle[~np.isnan(found.circle)] == pytest.approx([1.0], abs=1e-9)
        roots = np.sort(recursions.roots(coefficients).real)
        np.testing.assert_allclose(roots, [-0.4, 0.5, 1.0], atol=1e-9)
    if verdict == "unstable":
        assert found.outside == 1


def test_the_stability_triangle():
    """JRY-04: Jury 1964, 2000 points."""
    a1, a2 = np.random.default_rng(0).uniform(-2.5, 2.5, (2, 2000))
    polynomials = np.stack([np.ones(2000), a1, a2], axis=1)
    stable = (np.abs(recursions.roots(polynomials)) < 1).all(axis=1)
    np.testing.assert_array_equal(jury.stability_triangle(a1, a2), stable)
    np.testing.assert_array_equal(jury.jury(polynomials).verdict == "stable", stable)
    assert 0 < stable.sum() < 2000


def test_jury_and_the_spectral_radius_say_the_same():
    """JRY-05: 1500 random polynomials of degree 1 to 7."""
    random = np.random.default_rng(1)
    agreed = 0
    for degree in range(1, 8):
        polynomials = np.array([of_roots(random, degree, 0.2, 1.1) for _ in range(215)])
        radius = np.abs(recursions.roots(polynomials)).max(axis=1)
        found = jury.jury(polynomials)
        np.testing.assert_array_equal(found.verdict == "stable", radius < 1)
        np.testing.assert_array_equal(found.verdict == "unstable", radius > 1)
        outside = (np.abs(recursions.roots(polynomials)) > 1).sum(axis=1)
        np.testing.assert_array_equal(found.outside, outside)
        with np.errstate(invalid="ignore"):
            np.testing.assert_array_equal((np.abs(found.reflection) < 1).all(axis=1), radius < 1)
        agreed += len(polynomials)
    assert agreed >= 1500


def test_row_38_conditions_and_reflection_coefficients():
    a, b = jury.jury(A), jury.jury(B)
    assert a.at_one == pytest.approx(0.25)
    assert a.at_minus_one == pytest.approx(1.75)
    np.testing.assert_allclose(a.reflection, [-0.25, -0.13333, -0.07240, -0.03952, -0.56831], atol=5e-6)
    assert b.at_one == pytest.approx(0.15)
    assert b.at_minus_one == pytest.approx(1.65)
    expected = [-0.1, -0.05051, -0.02557, -0.26629, -0.14881, -0.11648, -0.09263, -0.64020]
    np.testing.assert_allclose(b.reflection, expected, atol=5e-6)
    assert a.verdict == b.verdict == "stable"
    for coefficients, degree in ((A, 5), (B, 8)):
        rows = jury.rows(coefficients)
        assert [len(row) for row in rows] == list(range(degree + 1, 2, -1))
        assert all(abs(row[-1]) < abs(row[0]) for row in rows)
        ratios = [row[-1] / row[0] for row in rows]
        np.testing.assert_allclose(ratios, jury.jury(coefficients).reflection[: degree - 1], rtol=1e-12)


@pytest.mark.parametrize(
    ("roots", "verdict", "on"),
    [
        ([1j, -1j, 0.5], "critical", 2),
        ([1.0, -1.0], "critical", 2),
        ([1.0, 1.0, 0.3], "unstable", 2),  # a repeated root on the circle grows like t
        ([0.6 + 0.8j, 0.6 - 0.8j, 1.2], "unstable", 2),
        ([2.0, 0.5], "unstable", 0),  # its own reversal: |k| = 1 and no root on the circle
        ([-1.0], "critical", 1),
        ([0.0, 0.0], "stable", 0),
    ],
)
def test_roots_on_the_circle_are_named(roots, verdict, on):
    found = jury.jury(np.poly(roots).real)
    assert found.verdict == verdict
    assert (~np.isnan(found.circle)).sum() == on
    assert found.outside == (np.abs(roots) > 1 + 1e-9).sum()


@pytest.mark.parametrize(
    ("coefficients", "verdict", "outside", "on"),
    [
        ([1, -2 * np.cos(1e-4), 1], "critical", 0, 2),  # a slow rotation: roots that are near, not equal
        ([1, -2 * np.cos(1e-6), 1], "critical", 0, 2),
        ([1, -(1 + 5e-8)], "unstable", 1, 0),  # outside by 50 times the tolerance
        ([1, -(1 - 5e-8)], "stable", 0, 0),
        (np.poly([1, 0.99999995]), "critical", 0, 1),
        (np.poly(np.exp([0.7j, -0.7j, 0.7j, -0.7j])).real, "unstable", 0, 4),  # split by rounding
        (np.poly([*np.exp([0.7j, -0.7j]), *[0.9] * 2]).real, "critical", 0, 2),
        (np.poly([1, 1, 1]), "unstable", 0, 3),
        (np.poly([2, 1]), "unstable", 1, 1),
        ([1, *np.zeros(199), -1], "critical", 0, 200),
    ],
)
def test_what_lies_on_the_circle_follows_from_what_rounding_moves(coefficients, verdict, outside, on):
    found = jury.jury(coefficients)
    assert (found.verdict, found.outside, (~np.isnan(found.circle)).sum()) == (verdict, outside, on)


# ---- Routh -------------------------------------------------------------------------------------------------


def test_rth_01_ogata():
    """RTH-01: Ogata, Modern Control Engineering, example 5-11."""
    found = routh.routh([1, 2, 3, 4, 5])
    assert found.right == 2
    np.testing.assert_allclose(found.column, [1, 2, 1, -6, 5], atol=1e-9)
    assert found.verdict == "unstable"


def test_rth_02_a_pair_on_the_axis():
    """RTH-02."""
    found = routh.routh([1, 2, 1, 2])
    assert found.right == 0
    np.testing.assert_allclose(found.auxiliary, [2, 0, 2])
    np.testing.assert_allclose(np.sort_complex(found.axis), [-1j, 1j], atol=1e-9)
    assert found.verdict == "critical"


def test_rth_03_a_row_of_zeros():
    """RTH-03."""
    found = routh.routh([1, 2, 24, 48, -25, -50])
    assert found.right == 1
    np.testing.assert_allclose(found.column, [1, 2, 8, 24, 112.6667, -50], atol=1e-4)  # Ogata's own column
    np.testing.assert_allclose(np.sort_complex(found.axis), [-5j, 5j], atol=1e-8)
    roots = np.sort_complex(recursions.roots(found.auxiliary).round(9))
    np.testing.assert_allclose(roots, [-1, -5j, 5j, 1], atol=1e-8)


@pytest.mark.parametrize(
    ("coefficients", "verdict"),
    [
        ([1, 0, 1], "critical"),
        ([1, 0, 2, 0, 1], "unstable"),  # (s^2 + 1)^2: a repeated root on the axis grows like t
        ([1, 1, 2, 2, 1, 1], "unstable"),  # and beside one to the left
        ([1, 0, 5, 0, 4], "critical"),
        ([1, 0], "critical"),
        ([1, 2, 0, 0], "unstable"),
    ],
)
def test_roots_on_the_axis_are_critical_where_they_are_simple(coefficients: list[float], verdict: str):
    found = routh.routh(coefficients)
    assert (found.right, found.verdict) == (0, verdict)


def test_a_lone_zero_in_the_first_column_becomes_epsilon():
    found = routh.routh([1, 2, 2, 4, 11, 10])  # Dorf & Bishop, Modern Control Systems, the case of a zero
    assert found.epsilon
    assert found.right == 2
    assert found.column[2] == 0.0
    assert found.signs[2] == 1
    assert found.column[3] == -np.inf  # (4 epsilon - 12) / epsilon
    assert routh.routh([1, 0, 1, 1]).right == (np.roots([1, 0, 1, 1]).real > 0).sum()


def test_routh_counts_the_roots_to_the_right():
    random = np.random.default_rng(2)
    seen = set()
    for _ in range(400):
        degree = int(random.integers(1, 9))
        roots: list[complex] = []
        while len(roots) < degree:
            real, height = float(random.integers(-3, 4)), float(random.integers(0, 4))
            if len(roots) + 2 <= degree and height:
                roots += [complex(real, height), complex(real, -height)]
            else:
                roots.append(real or -1.0)
        found = routh.routh(np.poly(roots).real.round())
        right = sum(complex(root).real > 0 for root in roots)
        assert found.right == right, roots
        on = [root for root in roots if complex(root).real == 0]
        simple = len(set(on)) == len(on)
        expected = "unstable" if right or not simple else "critical" if on else "stable"
        assert found.verdict == expected, roots
        seen.add((expected, found.epsilon, found.auxiliary.size > 0))
    assert len(seen) >= 6


@pytest.mark.parametrize(
    ("coefficients", "right", "verdict"),
    [
        ([1, 0.3, 0.1, 0.03], 0, "critical"),  # (s^2 + 0.1) (s + 0.3): decimals are what they say
        ([1, 1e-31, 1], 0, "stable"),  # what is small is not zero
        (np.poly([1e-8, -2e-8, -3e-8, -4e-8]), 1, "unstable"),  # nor are roots of rates in other units
        (np.poly([-1e-8, -2e-8, -3e-8, -4e-8]), 0, "stable"),
        ([1, 1, 3, 3, 3, 2, 1], 2, "unstable"),  # epsilon and roots on the axis at once
        (np.convolve([1, 0, 1], [1, 0, 1.00004]), 0, "critical"),  # two pairs on the axis, near, not equal
        ([1, 0, 2, 0, 1], 0, "unstable"),
        ([1e-300, 1e300], 0, "stable"),
    ],
)
def test_routh_counts_exactly(coefficients, right, verdict):
    found = routh.routh(coefficients)
    assert (found.right, found.verdict) == (right, verdict)
    assert (found.signs[:-1] != found.signs[1:]).sum() == right


def test_axis_roots_stand_as_often_as_they_are_roots():
    """s^3 (s^2 + 4)^2 (s^2 + 9) (s + 1) (s - 2)."""
    p = np.array([1.0, 0, 0, 0])
    for factor in ([1, 0, 4], [1, 0, 4], [1, 0, 9], [1, 1], [1, -2]):
        p = np.convolve(p, factor)
    found = routh.routh(p)
    np.testing.assert_allclose(found.axis.imag, [3, -3, 2, -2, 2, -2, 0, 0, 0], atol=1e-9)
    assert (found.right, found.verdict) == (1, "unstable")


def test_a_root_on_the_circle_stays_on_the_border():
    """JRY-02 through the bilinear map: in floating point its root at 1 came out to the right."""
    for coefficients in ([1, -1.1, -0.1, 0.2], [1, -1.2, 1], [1, 0.3, 0.3, 1]):
        found = routh.routh(np.trim_zeros(routh.bilinear(coefficients), "f"))
        assert found.verdict == "critical" == jury.jury(coefficients).verdict
    with pytest.raises(Refused, match="use jury"):
        routh.bilinear([1.0, *np.zeros(1199), 0.5])


def test_row_37_the_slides_test_needs_the_bilinear_map():
    """Applied to a polynomial in z it asks the wrong question: roots of stable recursions have Re z > 0."""
    np.testing.assert_allclose(routh.bilinear(A), [1.75, 5.25, 13.5, 6.5, 4.75, 0.25], atol=1e-12)
    expected = [1.65, 11.3, 31.7, 70.1, 63, 53.1, 18.7, 6.3, 0.15]
    np.testing.assert_allclose(routh.bilinear(B), expected, atol=1e-12)
    for coefficients, column, wrong in (
        (A, [1.75, 5.25, 11.333, 4.338, 4.0136, 0.25], 3),
        (B, [1.65, 11.3, 21.464, 41.015, 32.356, 25.328, 6.820, 5.474, 0.15], 5),
    ):
        found = routh.routh(routh.bilinear(coefficients))
        np.testing.assert_allclose(found.column, column, atol=5e-4)
        assert found.verdict == "stable"
        assert routh.routh(coefficients).right == (recursions.roots(coefficients).real > 0).sum() == wrong


def test_the_bilinear_map_carries_jurys_question_to_routh():
    random = np.random.default_rng(3)
    for degree in range(1, 9):
        polynomials = np.array([of_roots(random, degree) for _ in range(10)])
        mapped = routh.bilinear(polynomials)
        z = recursions.roots(polynomials)
        s = (z - 1) / (z + 1)
        values = np.array([np.polyval(row, point) for row, point in zip(mapped, s.T[0], strict=True)])
        np.testing.assert_allclose(values / np.abs(mapped).max(axis=1), 0, atol=1e-6)
        outside = jury.jury(polynomials).outside
        assert [routh.routh(row).right for row in mapped] == outside.tolist()
    assert routh.bilinear([1.0, 1.0])[0] == 0.0  # z = -1 goes to infinity


# ---- two variables -----------------------------------------------------------------------------------------


def test_jry_06_trace_and_determinant():
    """JRY-06. Strogatz ch. 5; Jury: 2x2 Jacobians of maps and flows."""
    J = np.random.default_rng(4).uniform(-1.5, 1.5, (500, 2, 2))
    trace, determinant = planar.trace_and_determinant(J)
    values = spectra.eigenvalues(J)
    in_disc, in_half_plane = (np.abs(values) < 1).all(axis=1), (values.real < 0).all(axis=1)
    np.testing.assert_array_equal(planar.map_is_stable(trace, determinant), in_disc)
    np.testing.assert_array_equal(planar.flow_is_stable(trace, determinant), in_half_plane)
    turns = np.abs(values[:, 0].imag) > 0
    for word, expected in {
        "sink": in_disc & ~turns,
        "stable focus": in_disc & turns,
        "saddle": ~turns & ((np.abs(values) > 1).sum(axis=1) == 1),
        "source": ~turns & (np.abs(values) > 1).all(axis=1),
        "unstable focus": turns & ~in_disc,
    }.items():
        np.testing.assert_array_equal(planar.map_type(trace, determinant) == word, expected)
    for word, expected in {
        "saddle": ~turns & (values.real.prod(axis=1) < 0),
        "stable node": ~turns & in_half_plane,
        "stable focus": turns & in_half_plane,
        "unstable focus": turns & ~in_half_plane,
    }.items():
        np.testing.assert_array_equal(planar.flow_type(trace, determinant) == word, expected)
    assert planar.flow_type(0.0, 1.0) == "centre"
    assert planar.map_type(0.0, 1.0) == "critical"
    assert planar.map_type(2.0, 1.0) == "critical"
