"""Bounded outputs, transient growth and the Kreiss constant: rows 5, 18, 19 and 56 of the phenomena."""

import numpy as np
import pytest
import scipy.linalg
import scipy.optimize

from sim.errors import Refused
from sim.linear import bounded, kreiss, spectra, transfer, transients
from sim.machine.one_thread import one_thread

# ---- bounded input, bounded output: row 5 ------------------------------------------------------------------


@pytest.mark.parametrize(("w", "largest"), [(0.5, 2.0), (0.9, 10.0), (0.99, 99.996), (-0.9, 10.0)])
def test_row_5_the_worst_input_reaches_the_bound(w, largest):
    found = bounded.bibo([[w]], [1.0], [1.0])
    assert found.verdict == "bibo"
    exact = 1 / (1 - abs(w))
    assert found.bound[0] <= exact * (1 + 1e-14)
    assert exact <= (found.bound + found.remainder)[0] * (1 + 1e-14)
    assert found.remainder[0] <= 1e-12 * exact
    worst = bounded.worst_case([[w]], [1.0], [1.0], 1000)
    assert worst.output == pytest.approx(largest, rel=1e-5)
    h = transfer.driven([[w]], [1.0], worst.x[:, 0])
    assert h[-1, 0] == pytest.approx(worst.output, rel=1e-12)
    np.testing.assert_array_equal(worst.x[:, 0], np.sign(w) ** np.arange(999, -1, -1))


def test_row_5_on_the_circle_there_is_no_bound():
    """The lectures never say it: |lambda| = 1 is not enough."""
    for w in (1.0, -1.0, 1.1):
        found = bounded.bibo([[w]], [1.0], [1.0])
        assert found.verdict == "not_bibo"
        assert found.bound[0] == np.inf
    assert bounded.worst_case([[1.0]], [1.0], [1.0], 1000).output == 1000.0
    assert bounded.worst_case([[-1.0]], [1.0], [1.0], 1000).output == 1000.0
    # 1.1: the phenomenon's 1.0e12 is where its run was stopped; 1000 steps reach 2.5e42
    sums = bounded.partial_sums([[1.1]], [1.0], [1.0], 1000)[0]
    assert sums[265] == pytest.approx(1.0e12, rel=0.03)
    assert sums[999] == pytest.approx((1.1**1000 - 1) / 0.1, rel=1e-10)
    rotation = np.array([[0.8, -0.6], [0.6, 0.8]])
    assert bounded.bibo(rotation, [1.0, 0.0], [0.0, 1.0]).verdict == "not_bibo"


def test_only_modes_that_are_excited_and_read_count():
    W = np.diag([1.1, 0.5, 1.0])
    found = bounded.bibo(W, [0.0, 1.0, 2.0], [1.0, 3.0, 0.0])
    assert found.verdict == "bibo"
    assert found.bound[0] == pytest.approx(6.0)
    assert found.radius == pytest.approx(0.5)
    Q = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    turned = bounded.bibo(Q @ W @ Q.T, Q @ [0.0, 1.0, 2.0], Q @ [1.0, 3.0, 0.0])
    assert turned.verdict == "bibo"
    assert turned.bound[0] == pytest.approx(6.0)
    nothing = bounded.bibo(W, [0.0, 0.0, 0.0], [1.0, 1.0, 1.0])
    assert nothing.verdict == "bibo"
    assert nothing.bound[0] == 0.0


def test_the_remainder_is_never_too_small():
    random = np.random.default_rng(1)
    for n in (2, 5):
        for radius in (0.5, 0.97):
            W = random.normal(size=(n, n))
            W *= radius / np.abs(spectra.eigenvalues(W)[0])
            B, C = random.normal(size=(n, 2)), random.normal(size=(3, n))
            exact = bounded.partial_sums(W, B, C, 4000)[:, -1]
            for tolerance in (1e-1, 1e-3, 1e-10):
                found = bounded.bibo(W, B, C, tolerance)
                assert (found.bound <= exact * (1 + 1e-12)).all()
                assert (exact <= (found.bound + found.remainder) * (1 + 1e-12)).all()
    slow = bounded.bibo([[1 - 1e-9]], [1.0], [1.0], budget=1000)
    assert slow.verdict == "not_converged"
    assert slow.bound[0] <= 1e9 <= slow.bound[0] + slow.remainder[0]


def test_no_random_input_beats_the_worst_one():
    random = np.random.default_rng(2)
    W = 0.9 * np.array([[0.8, -0.6], [0.6, 0.8]])
    worst = bounded.worst_case(W, [1.0, 0.5], [1.0, -1.0], 60)
    for _ in range(50):
        y = transfer.driven(W, [1.0, 0.5], random.uniform(-1, 1, 60)) @ [1.0, -1.0]
        assert np.abs(y[-1]) < worst.output
    y = transfer.driven(W, [1.0, 0.5], worst.x[:, 0]) @ [1.0, -1.0]
    assert y[-1] == pytest.approx(worst.output, rel=1e-12)


# ---- transients: rows 11, 18, 19, 56 -----------------------------------------------------------------------


def test_rows_18_19_and_56_humps_of_non_normal_matrices():
    size = transients.power_norms(np.array([[[0.5, 10.0], [0.0, 0.5]], [[0.9, 10.0], [0.0, 0.9]]]), 100)
    np.testing.assert_allclose(size[0, [1, 10, 50]], [10.02, 0.195, 8.9e-13], rtol=5e-3)
    np.testing.assert_allclose(size[1, [9, 50, 100]], [38.75, 2.86, 0.0295], rtol=2e-3)
    found = transients.growth(
        np.array([[[0.5, 10.0], [0.0, 0.5]], [[0.9, 10.0], [0.0, 0.9]], 0.5 * np.eye(2)])
    )
    np.testing.assert_allclose(found.peak, [10.025, 38.746, 1.0], rtol=1e-4)
    np.testing.assert_array_equal(found.time, [1, 9, 0])
    assert found.certain.all()
    sigma = np.linalg.svd([[0.5, 10.0], [0.0, 0.5]], compute_uv=False)
    np.testing.assert_allclose(sigma, [10.025, 0.0249], rtol=2e-3)
    nilpotent = np.array([[0.0, 5.0], [0.0, 0.0]])
    np.testing.assert_array_equal(transients.power_norms(nilpotent, 2), [1.0, 5.0, 0.0])
    assert not transients.growth(np.array([[1.0, 1.0], [0.0, 1.0]]), budget=50).certain


def test_row_19_the_long_run_knows_eigenvalues_only():
    W = np.random.default_rng(3).normal(size=(6, 6))
    W *= 0.9 / np.abs(spectra.eigenvalues(W)[0])
    made = spectra.modes(W)
    size = transients.power_norms(W, 300)
    time = np.arange(301)
    assert (size <= made.condition * made.radius**time * (1 + 1e-10)).all()
    assert size[300] ** (1 / 300) == pytest.approx(0.9, rel=0.02)


def test_rows_19_and_56_a_gaussian_matrix_has_radius_one_and_norm_two():
    W = np.random.default_rng(0).normal(size=(500, 500)) / np.sqrt(500)
    with one_thread():
        radius, norm = np.abs(spectra.eigenvalues(W)[0]), np.linalg.norm(W, 2)
    assert radius == pytest.approx(1.016, abs=0.05)
    assert norm == pytest.approx(1.980, abs=0.05)


def test_numerical_radius_and_abscissa():
    jordan = np.diag(np.ones(4), 1)
    assert transients.numerical_radius(jordan) == pytest.approx(np.cos(np.pi / 6))  # cos(pi / (n + 1))
    assert transients.numerical_radius([[0.0, 5.0], [0.0, 0.0]]) == pytest.approx(2.5)
    assert transients.numerical_radius(np.diag([0.3, -0.8j])) == pytest.approx(0.8)
    assert transients.numerical_radius(np.zeros((2, 2))) == 0.0
    random = np.random.default_rng(4)
    for n in (2, 5, 9):
        W = random.normal(size=(n, n)) + 1j * random.normal(size=(n, n))
        w = transients.numerical_radius(W)
        angles = np.linspace(0, 2 * np.pi, 2001)
        turned = np.exp(1j * angles)[:, None, None] * W
        grid = np.linalg.eigvalsh((turned + np.swapaxes(turned.conj(), 1, 2)) / 2)[:, -1].max()
        assert grid - 1e-12 <= w <= grid * (1 + 1e-5)
        norm = np.linalg.norm(W, 2)
        assert max(np.abs(spectra.eigenvalues(W)[0]), norm / 2) <= w * (1 + 1e-12)
        assert w <= norm * (1 + 1e-12)
        slope = (np.linalg.norm(scipy.linalg.expm(1e-6 * W), 2) - 1) / 1e-6
        assert transients.numerical_abscissa(W) == pytest.approx(slope, rel=1e-4)


# ---- the Kreiss constant -----------------------------------------------------------------------------------


def brute(W: np.ndarray, flow: bool) -> float:
    """The largest of the resolvent's products on a grid, a lower bound."""
    n = len(W)
    if flow:
        z = np.geomspace(1e-3, 50, 150)[:, None] + 1j * np.linspace(-4, 4, 161)
        weight = z.real
    else:
        z = np.multiply.outer(1 + np.geomspace(1e-3, 30, 150), np.exp(2j * np.pi * np.arange(180) / 180))
        weight = np.abs(z) - 1
    size = np.linalg.svd(z[..., None, None] * np.eye(n) - W, compute_uv=False)[..., -1]
    return float((weight / size).max())


def non_normal(seed: int, n: int) -> np.ndarray:
    W = np.triu(np.random.default_rng(seed).normal(size=(n, n)))
    return W * (0.9 / np.abs(np.diag(W)).max())


@pytest.mark.parametrize(("seed", "n"), [(0, 2), (1, 4), (2, 6), (3, 9)])
def test_kreiss_bounds_hold(seed, n):
    W = non_normal(seed, n)
    found, peak = kreiss.discrete(W), transients.growth(W).peak
    assert found.verdict == "converged"
    assert found.lower <= found.upper <= found.lower * (1 + 3e-6)
    assert brute(W, flow=False) <= found.upper
    assert brute(W, flow=False) >= 0.97 * found.lower
    assert found.lower <= peak * (1 + 1e-9)
    assert peak <= np.e * n * found.upper
    size = np.linalg.svd(found.at * np.eye(n) - W, compute_uv=False)[-1]
    assert (np.abs(found.at) - 1) / size == pytest.approx(found.lower, rel=1e-6)
    A = 3 * W - np.diag(3 * np.abs(np.diag(W)) + 0.1)
    flow = kreiss.continuous(A)
    top = max(np.linalg.norm(scipy.linalg.expm(t * A), 2) for t in np.linspace(0, 20, 401))
    assert flow.verdict == "converged"
    assert flow.lower <= flow.upper <= flow.lower * (1 + 3e-6)
    assert 0.97 * flow.lower <= brute(A, flow=True) <= flow.upper
    assert flow.lower <= top * (1 + 1e-3)
    assert top <= np.e * n * flow.upper


def test_kreiss_of_two_by_two_nilpotents_in_closed_form():
    """||(z - W)^-1|| of [[0, k], [0, 0]] depends on |z| alone, so one variable is left."""
    k = 5.0
    best = scipy.optimize.minimize_scalar(
        lambda x: -(1 - x) * (k * x + np.sqrt(k * k * x * x + 4)) / 2, bounds=(0, 1), method="bounded"
    )
    found = kreiss.discrete([[0.0, k], [0.0, 0.0]])
    assert found.lower == pytest.approx(-best.fun, rel=1e-6)
    assert np.abs(found.at) == pytest.approx(1 / best.x, rel=1e-2)


def test_kreiss_is_one_where_nothing_grows():
    for W in (np.diag([0.99, -0.5]), [[0.0, -1.0], [1.0, 0.0]], [[0.5, 0.5], [0.0, 0.5]]):
        assert kreiss.discrete(W)[:2] == (1.0, 1.0)
    assert kreiss.continuous([[-1.0, 1.0], [0.0, -1.0]])[:2] == (1.0, 1.0)


def test_kreiss_of_what_is_not_stable():
    assert kreiss.discrete([[1.1]]).verdict == "unstable"
    assert kreiss.discrete([[1.1]]).lower == np.inf
    assert kreiss.continuous([[0.1, 0.0], [0.0, -1.0]]).verdict == "unstable"
    border = kreiss.discrete([[1.0, 1.0], [0.0, 0.5]], budget=60)
    assert border.verdict == "critical"
    assert border.upper == np.inf
    assert border.lower == pytest.approx(
        np.sqrt(5.0), rel=1e-5
    )  # the norm of the projection on the mode at 1
    assert kreiss.continuous([[0.0, 1.0], [0.0, -0.5]], budget=60).lower == pytest.approx(
        np.sqrt(5.0), rel=1e-5
    )
    short = kreiss.discrete(non_normal(3, 9), tolerance=1e-12, budget=12)
    assert short.verdict == "not_converged"
    assert short.lower < short.upper


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bounded.bibo(np.ones((2, 3)), [1.0], [1.0]), "square matrices"),
        (lambda: bounded.bibo([[np.inf]], [1.0], [1.0]), "not finite"),
        (lambda: bounded.worst_case([[0.5]], [1.0], [1.0], 0), "from 1 on"),
        (lambda: bounded.worst_case([[0.5]], [1.0], [1.0], 5, output=1), "outputs 0 to 0"),
        (lambda: transients.power_norms(np.eye(2), -1), "from 0 on"),
        (lambda: transients.numerical_radius(np.ones((2, 2, 2))), "one matrix"),
        (lambda: kreiss.discrete(np.ones((1, 2))), "square matrices"),
        (lambda: kreiss.continuous([[np.nan]]), "not finite"),
    ],
)
def test_wrong_input_has_one_message(call, message):
    with pytest.raises(Refused, match=message):
        call()


@pytest.mark.parametrize("unit", [1e-200, 1.0, 1e200])
def test_the_numerical_radius_scales_with_the_matrix(unit):
    """cos(pi / (n + 1)) of a Jordan block at 0: U. Haagerup & P. de la Harpe, Proc. AMS 115 (1992) 371."""
    found = transients.numerical_radius(unit * np.eye(6, k=1))
    assert found == pytest.approx(unit * np.cos(np.pi / 7), rel=1e-12)


def test_bounds_do_not_depend_on_the_units_of_states_inputs_and_outputs():
    """A chain of three equal poles, its middle state in millionths: sum of t (t-1) / 2 times 0.9^(t-2) is
    1000. That state was taken for one that no input reaches, and the bound for a certain 0.
    """
    W = np.array([[0.9, 0.0, 0.0], [1e-6, 0.9, 0.0], [0.0, 1e6, 0.9]])
    found = bounded.bibo(W, [1.0, 0.0, 0.0], [0.0, 0.0, 1.0])
    assert (found.verdict, found.radius) == ("bibo", pytest.approx(0.9))
    assert found.bound[0] == pytest.approx(1000.0, rel=1e-9)
    made = transfer.form(W, [1.0, 0.0, 0.0], [0.0, 0.0, 1.0])
    assert transfer.resonance(made).gain == pytest.approx(1000.0)
    for fed, read in ((1e-200, 1.0), (1e-310, 1e3), (1e150, 1e-200)):
        found = bounded.bibo([[0.5]], [fed], [read])
        assert found.bound[0] == pytest.approx(2 * fed * read, rel=1e-9)


def test_a_mode_that_is_hardly_excited_counts():
    """0.5 and 0.9999 with an input of 1e-11: 2 + 1e-11 * 1e4; at 1 it grows without end."""
    found = bounded.bibo(np.diag([0.5, 0.9999]), [1.0, 1e-11], [1.0, 1.0])
    assert found.bound[0] - 2 == pytest.approx(1e-7, rel=1e-4)
    assert bounded.bibo(np.diag([0.5, 1.0]), [1.0, 1e-11], [1.0, 1.0]).verdict == "not_bibo"
    assert bounded.bibo(np.diag([0.5, 2.0]), [1.0, 0.0], [1.0, 1.0]).bound[0] == pytest.approx(2.0)


def test_worst_inputs_of_complex_matrices_are_in_step_with_their_phase():
    found = bounded.worst_case([[0.9j]], [1.0], [1.0], 5)
    assert found.output == pytest.approx(sum(0.9**t for t in range(5)), rel=1e-15)
    reached = transfer.driven([[0.9j]], [1.0], found.x[:, 0])[-1, 0]
    assert reached == pytest.approx(found.output, rel=1e-14)
    np.testing.assert_allclose(np.abs(found.x), 1.0, rtol=1e-15)
