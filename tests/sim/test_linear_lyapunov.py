"""Quadratic functions that fall along orbits: Lyapunov's equations, Hopfield's energy."""

import numpy as np
import pytest
import scipy.linalg

from sim.errors import Refused
from sim.linear import jury, lyapunov, planar, routh, spectra
from sim.run import prepare

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
