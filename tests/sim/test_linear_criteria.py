"""Jury, Routh and Lyapunov: section 10 of the reference results, rows 36 to 38 of the phenomena."""

import numpy as np
import pytest
import scipy.linalg

from sim.errors import Refused
from sim.linear import jury, lyapunov, planar, recursions, routh, spectra
from sim.run import prepare

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


# ---- Lyapunov ----------------------------------------------------------------------------------------------


def test_row_36_a_quadratic_function_falls_where_the_length_does_not():
    W = np.array([[0.5, 10.0], [0.0, 0.5]])
    found = lyapunov.discrete(W)
    np.testing.assert_allclose(found.P, [[1.333, 8.889], [8.889, 297.63]], atol=5e-4)
    np.testing.assert_allclose(found.eigenvalues, [1.067, 297.9], rtol=5e-4)
    assert found.verdict == "stable"
    assert found.residual < 1e-14
    run = spectra.free_run(W, [1.0, 1.0], 30)
    V, size = lyapunov.along(found.P, run), np.linalg.norm(run, axis=1)
    np.testing.assert_allclose(np.diff(V), -(size[:-1] ** 2), rtol=1e-9)
    assert size[1] > size[0]
    unstable = lyapunov.discrete(np.diag([1.1, 0.5]))
    np.testing.assert_allclose(unstable.eigenvalues, [-4.76, 1.33], atol=5e-3)
    assert unstable.verdict == "unstable"


def test_row_36_tanh_of_a_non_normal_matrix_grows_first():
    W = [[0.9, 1.0], [0.0, 0.9]]
    fixed = {"units": 2, "weights": "matrix", "weights.matrix": W, "steps": 60, "start": [0.0, 0.1]}
    path = prepare("rnn", observables=["trajectory"], fixed=fixed).evaluate({})["trajectory"][0]
    size = np.linalg.norm(path, axis=1)
    assert size[0] == pytest.approx(0.1)
    assert size.max() == pytest.approx(0.333, abs=5e-4)
    assert size.argmax() == 8
    assert (np.diff(lyapunov.along(lyapunov.discrete(W).P, path)) < 0).all()


def test_p_solves_its_equation_and_its_sign_is_the_verdict():
    random = np.random.default_rng(5)
    for n in (1, 2, 5, 15):
        for _ in range(4):
            W, M = (
                random.normal(size=(n, n)) * random.uniform(0.3, 1.5) / np.sqrt(n),
                random.normal(size=(n, n)),
            )
            Q = M @ M.T + 0.1 * np.eye(n)
            map_, flow = lyapunov.discrete(W, Q), lyapunov.continuous(W - np.eye(n), Q)
            scale = np.abs(map_.P).max()
            np.testing.assert_allclose(W.T @ map_.P @ W - map_.P, -Q, atol=1e-9 * max(scale, 1))
            A = W - np.eye(n)
            scale = np.abs(flow.P).max()
            np.testing.assert_allclose(A.T @ flow.P + flow.P @ A, -Q, atol=1e-9 * max(scale, 1))
            values = spectra.eigenvalues(W)
            assert (map_.verdict == "stable") == (np.abs(values[0]) < 1)
            assert (flow.verdict == "stable") == (values.real.max() < 1)
            if np.abs(values[0]) < 0.9:
                powers = [np.linalg.matrix_power(W, t) for t in range(400)]
                series = sum(power.T @ Q @ power for power in powers)
                np.testing.assert_allclose(map_.P, series, rtol=1e-6, atol=1e-6)


def test_stable_matrices_far_from_normal_are_stable():
    """The smallest eigenvalue of P is at least 1 and lost in the rounding of the largest, 1e40."""
    n = 20
    W = 0.5 * np.eye(n) + 5.0 * np.eye(n, k=1)
    found = lyapunov.discrete(W)
    assert (found.verdict, found.residual < 1e-12) == ("stable", True)
    assert lyapunov.discrete(W + np.eye(n)).verdict == "unstable"
    assert lyapunov.continuous(W - np.eye(n)).verdict == "stable"
    shear = lyapunov.discrete([[0.5, 1e10], [0.0, 0.5]])  # P of [[a, k], [0, a]] in closed form
    off = 0.5 * 1e10 / (1 - 0.25) ** 2
    np.testing.assert_allclose(shear.P[0], [4 / 3, off], rtol=1e-12)
    assert shear.P[1, 1] == pytest.approx((1 + 1e20 * 4 / 3 + 2 * 0.5 * 1e10 * off) / 0.75, rel=1e-12)


def test_slow_modes_and_small_units_are_not_critical():
    """P of one number: 1 / (1 - w^2) and -1 / 2a."""
    for slow in (1e-12, 1e-11, 1e-8):
        found = lyapunov.discrete(np.diag([1 - slow, 0.5]))
        w = 1 - slow
        np.testing.assert_allclose(np.diag(found.P), [1 / ((1 - w) * (1 + w)), 4 / 3], rtol=4e-16 / slow)
        assert found.verdict == "stable"
        assert lyapunov.continuous(np.diag([-slow, -1.0])).verdict == "stable"
    for rate in (1e-300, 1e-12, 1e12, 1e300):
        found = lyapunov.continuous([[-rate]])
        assert (found.verdict, found.P[0, 0]) == ("stable", pytest.approx(0.5 / rate, rel=1e-12))


def test_the_residual_says_how_far_a_solution_misses_its_equation(monkeypatch: pytest.MonkeyPatch):
    """Of a P that is off by E it is |W^T E W - E| (of a flow |A^T E + E A|) over the sizes of the terms."""
    rng = np.random.default_rng(5)
    n = 12  # from 10 rows on SciPy solves it
    W, Q = 0.1 * rng.standard_normal((n, n)), np.eye(n)
    E = 1e-3 * rng.standard_normal((n, n))
    E, A = E + E.T, W - np.eye(n)
    assert 1 <= np.abs(A).max() < 2  # it is not rescaled
    for name in ("solve_discrete_lyapunov", "solve_continuous_lyapunov"):
        exact = getattr(scipy.linalg, name)
        monkeypatch.setattr(scipy.linalg, name, lambda M, R, exact=exact: exact(M, R) + E)
    found, flow = lyapunov.discrete(W), lyapunov.continuous(A)
    sizes = [np.linalg.norm(part) for part in (W.T @ found.P @ W, found.P, Q)]
    assert found.residual == pytest.approx(np.linalg.norm(W.T @ E @ W - E) / sum(sizes), rel=1e-9)
    sizes = [np.linalg.norm(part) for part in (A.T @ flow.P, flow.P @ A, Q)]
    assert flow.residual == pytest.approx(np.linalg.norm(A.T @ E + E @ A) / sum(sizes), rel=1e-9)


def test_without_a_unique_solution_the_verdict_is_critical():
    for W in ([[0.0, -1.0], [1.0, 0.0]], np.diag([2.0, 0.5]), [[1.0]]):
        found = lyapunov.discrete(W)
        assert found.verdict == "critical"
        assert np.isnan(found.P).all()
    assert lyapunov.continuous([[0.0, 1.0], [-1.0, 0.0]]).verdict == "critical"


def test_row_36_the_energy_falls_unit_by_unit_but_not_all_at_once():
    W = np.array([[0.0, -2.0], [-2.0, 0.0]])
    h = np.array([0.5, 0.4])
    energies = [lyapunov.energy(W, h)]
    for t in range(40):
        h = h.copy()
        h[t % 2] = np.tanh(W[t % 2] @ h)
        energies.append(lyapunov.energy(W, h))
    assert (np.diff(energies) <= 1e-15).all()
    np.testing.assert_allclose(h[0], -h[1], rtol=1e-6)
    cycle = np.array([0.95750402, 0.95750402])  # all at once: back and forth between this and its opposite
    np.testing.assert_allclose(np.tanh(W @ cycle), -cycle, rtol=1e-6)
    assert lyapunov.energy(W, cycle) > energies[-1]
    slope = [
        (lyapunov.energy(W, h + d, 0.3) - lyapunov.energy(W, h - d, 0.3)) / 2e-6 for d in 1e-6 * np.eye(2)
    ]
    np.testing.assert_allclose(slope, -(W @ h) - 0.3 + np.arctanh(h), atol=1e-6)
    corner = [lyapunov.energy(np.zeros((2, 2)), [1.0 - gap, gap - 1.0]) for gap in (0.0, 1e-9)]
    assert corner[0] == 2 * np.log(2.0)  # the integral of artanh from 0 to 1 is ln 2
    assert corner[1] == pytest.approx(corner[0], abs=1e-7)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: jury.jury([]), "highest power first"),
        (lambda: jury.jury([0.0, 1.0]), "the leading coefficient is zero"),
        (lambda: jury.jury([1.0, 1j]), "complex numbers given"),
        (lambda: jury.jury([1.0, np.nan]), "not finite"),
        (lambda: jury.rows(np.ones((2, 3))), "one polynomial"),
        (lambda: routh.routh([5.0]), "highest power first"),
        (lambda: routh.routh([0.0, 1.0, 1.0]), "the leading coefficient is zero"),
        (lambda: routh.routh(np.ones((2, 3))), "one real polynomial"),
        (lambda: planar.trace_and_determinant(np.eye(3)), "two rows and columns"),
        (lambda: planar.map_is_stable(np.nan, 0.0), "not finite"),
        (lambda: lyapunov.discrete(np.ones((2, 3))), "square matrices"),
        (lambda: lyapunov.discrete([[1j]]), "a real matrix"),
        (lambda: lyapunov.discrete(np.eye(2) / 2, np.diag([1.0, -1.0])), "positive definite"),
        (lambda: lyapunov.discrete(np.eye(2) / 2, [[1.0, 0.5], [0.0, 1.0]]), "symmetric"),
        (lambda: lyapunov.along(np.eye(2), [1.0, 2.0, 3.0]), "vectors of 2 numbers"),
        (lambda: lyapunov.energy([[0.0, 1.0], [0.0, 0.0]], [0.1, 0.1]), "not symmetric"),
        (lambda: lyapunov.energy(np.eye(2), [1.5, 0.0]), "between -1 and 1"),
    ],
)
def test_wrong_input_has_one_message(call, message):
    with pytest.raises(Refused, match=message):
        call()


def test_scipy_is_the_oracle_of_lyapunov():
    W = np.random.default_rng(6).normal(size=(4, 4)) / 4
    expected = scipy.linalg.solve_discrete_lyapunov(W.T, np.eye(4))
    np.testing.assert_allclose(lyapunov.discrete(W).P, expected, rtol=1e-12)
