"""Modes, growth and rates of linear recurrences: rows 6 to 18 of the lectures' phenomena."""

import numpy as np
import pytest
import scipy.linalg

from sim.errors import Refused
from sim.linear import rates, spectra, transients

TIMES = [0, 1, 5, 10, 20, 50]


def basis(seed: int, n: int = 4) -> np.ndarray:
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]


def symmetric(values, seed: int = 1) -> np.ndarray:
    Q = basis(seed, len(values))
    return Q @ np.diag(values) @ Q.T


def norms(W, h, steps: int) -> np.ndarray:
    return np.linalg.norm(spectra.free_run(W, h, steps), axis=-1)


# ---- rates: rows 6, 7, 16 ----------------------------------------------------------------------------------


def test_row_6_powers_of_a_number():
    h = spectra.free_run(np.array([0.5, 0.9, 1.1, 1.5, 1.05, 1.2, -1.1])[:, None, None], [1.0], 50)[..., 0]
    np.testing.assert_allclose(h[:4, 20], [9.54e-7, 0.1216, 6.727, 3325], rtol=5e-4)
    np.testing.assert_allclose(h[[1, 4, 2, 5], 50], [0.005154, 11.467, 117.391, 9100.4], rtol=1e-4)
    assert h[6, 50] == pytest.approx(117.391, rel=1e-5)  # "w > 1" of the lecture has to be |w| > 1
    assert (np.sign(h[6, :50:2]) == 1).all()
    assert (np.sign(h[6, 1:50:2]) == -1).all()


def test_row_7_half_lives_and_doubling_times():
    found = rates.half_life([0.5, 0.8, 0.9, 0.95, 0.99, 0.999, -0.9, 0.9j])
    np.testing.assert_allclose(found, [1.0, 3.11, 6.58, 13.51, 68.97, 692.8, 6.58, 6.58], atol=0.05)
    np.testing.assert_allclose(rates.doubling_time([1.01, 1.1, 1.5]), [69.66, 7.27, 1.71], atol=0.005)
    assert rates.half_life(0.0) == 0.0
    assert rates.half_life(-1.0) == np.inf
    assert np.isnan(rates.half_life(1.1))
    assert np.isnan(rates.doubling_time(0.9))
    assert rates.time_constant(0.9) == pytest.approx(-1 / np.log(0.9))


@pytest.mark.parametrize(
    ("r", "expected"),
    [(1.0, [1.41421] * 3), (0.9, [0.3994, 0.1128, 0.0090]), (1.1, [4.438, 13.93, 137.2])],
)
def test_row_16_a_pair_turns_with_its_period(r, expected):
    W = r * np.array([[np.cos(np.pi / 6), -np.sin(np.pi / 6)], [np.sin(np.pi / 6), np.cos(np.pi / 6)]])
    values = spectra.eigenvalues(W)
    np.testing.assert_allclose(rates.period(values), 12.0)
    np.testing.assert_allclose(norms(W, [1.0, 1.0], 48)[[12, 24, 48]], expected, rtol=6e-3)
    turned = spectra.free_run(W, [1.0, 1.0], 12)[12]
    np.testing.assert_allclose(turned, r**12 * np.ones(2), rtol=1e-12)


def test_row_17_a_negative_eigenvalue_alternates_real_or_not():
    """The lecture: symmetric weights give smooth behaviour. They need eigenvalues >= 0 as well."""
    h = spectra.free_run([[-0.9]], [1.0], 3)[:, 0]
    np.testing.assert_allclose(h, [1, -0.9, 0.81, -0.729])
    assert rates.period(-0.9) == 2.0
    assert rates.period(0.9) == np.inf
    made = spectra.modes(np.array([[0.0, -2.0], [-2.0, 0.0]]))
    np.testing.assert_allclose(made.values, [2.0, -2.0], atol=1e-14)
    h = np.full(2, 0.5)
    for _ in range(200):
        h = np.tanh(np.array([[0.0, -2.0], [-2.0, 0.0]]) @ h)
    np.testing.assert_allclose(np.abs(h), 0.9575, atol=5e-5)


# ---- modes: rows 8 to 14 -----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(5))
def test_row_9_modes_add_up_to_the_run(seed):
    random = np.random.default_rng(seed)
    W, h = random.normal(size=(3, 6, 6)) / np.sqrt(6), random.normal(size=(3, 6))
    made = spectra.modes(W)
    assert (made.condition < 1e4).all()
    rebuilt = made.vectors @ (made.values[..., None] * made.inverse)
    np.testing.assert_allclose(rebuilt, W, atol=1e-10)
    parts = spectra.trajectories(made, h, 30)
    run = spectra.free_run(W, h, 30)
    np.testing.assert_allclose(parts.sum(axis=-2), run, atol=1e-10 * np.abs(run).max())
    assert parts.shape == (3, 31, 6, 6)


def test_row_8_the_norm_grows_by_the_largest_eigenvalue():
    size = norms(symmetric([0.95, 0.55, 0.3, 0.1]), np.ones(4), 51)
    assert size[51] / size[50] == pytest.approx(0.95, rel=1e-12)


@pytest.mark.parametrize(
    ("ratio", "steps"), [(0.5, 6.6), (0.1, 2.0), (0.4545, 5.8), (0.0909, 1.9), (0.909, 48.3)]
)
def test_row_10_how_long_the_others_last(ratio, steps):
    assert rates.steps_to(0.01, ratio) == pytest.approx(steps, abs=0.06)


def test_row_10_the_run_turns_to_the_eigenvector_of_the_largest_modulus():
    """The slides take the largest number: of -1.2 and 1.1 that is 1.1, but -1.2 dominates."""
    made = spectra.modes(symmetric([-1.2, 1.1, 0.3, 0.1]))
    a = spectra.amplitudes(made, np.ones(4))
    assert made.values[0].real == pytest.approx(-1.2)
    assert spectra.dominant(made, a) == 0
    assert spectra.growth(made, a) == pytest.approx(np.log(1.2))
    run = spectra.free_run(symmetric([-1.2, 1.1, 0.3, 0.1]), np.ones(4), 300)
    off = spectra.angle(run, made.vectors[:, 0])
    np.testing.assert_allclose(off[100:300] / off[101:301], 1.2 / 1.1, rtol=1e-3)
    assert off[300] < 1e-10


def test_angles_to_the_plane_of_a_pair():
    rotation = 0.99 * np.array([[0.8, -0.6], [0.6, 0.8]])
    Q = basis(3, 3)
    W = Q @ scipy.linalg.block_diag(rotation, [[0.5]]) @ Q.T
    made = spectra.modes(W)
    run = spectra.free_run(W, np.array([1.0, 2.0, -1.0]), 25)
    off = spectra.angle(run, made.vectors[:, 0])
    np.testing.assert_allclose(np.tan(off[1:]) / np.tan(off[:-1]), 0.5 / 0.99, rtol=1e-6)
    assert spectra.angle(np.array([0.0, 2.0]), np.array([1.0, 0.0])) == pytest.approx(np.pi / 2)


def test_row_11_and_13_lengths_over_time():
    slow = norms(symmetric([0.9, 0.5, 0.3, 0.1]), np.ones(4), 51)
    np.testing.assert_allclose(slow[TIMES], [2, 0.97, 0.41, 0.241, 0.0841, 0.00357], rtol=4e-3)
    assert slow[51] / slow[50] == pytest.approx(0.9, rel=1e-12)
    made = spectra.modes(symmetric([1.0, 0.5, 0.3, 0.1]))
    assert abs(spectra.amplitudes(made, np.ones(4))[0]) == pytest.approx(0.692, abs=1e-3)  # row 15
    for second, expected in (
        (0.5, [2, 1.066, 1.115, 1.794, 4.654, 81.22]),
        (1.0, [2, 1.561, 1.724, 2.225, 4.837, 81.23]),
    ):
        fast = norms(symmetric([1.1, second, 0.3, 0.1]), np.ones(4), 50)
        np.testing.assert_allclose(fast[TIMES], expected, rtol=6e-4)


@pytest.mark.parametrize("gap", [1e-4, 1e-6, 1e-9])
def test_near_eigenvalues_of_normal_matrices_are_no_jordan_block(gap):
    """The next defective matrix is gap / 2 away from a normal one, gap^2 / 4 k from a shear by k."""
    Q = np.linalg.qr(np.random.default_rng(4).normal(size=(3, 3)))[0]
    found = spectra.jordan_blocks(Q @ np.diag([1.0, 1.0 + gap, 0.5]) @ Q.T)
    assert [block.sizes for block in found] == [(1,), (1,), (1,)]
    shear = spectra.jordan_blocks([[1.0, 1.0], [0.0, 1.0 + gap]])
    assert [block.sizes for block in shear] == ([(2,)] if gap**2 / 4 < 1e-10 else [(1,), (1,)])


def test_jordan_blocks_have_no_units():
    for unit in (1e-200, 1e200):
        (block,) = spectra.jordan_blocks(unit * np.array([[1.0, 1.0], [0.0, 1.0]]))
        assert (block.value, block.sizes) == (unit, (2,))


def test_row_11_a_jordan_block_on_the_circle_grows_like_t():
    W = np.array([[1.0, 1.0], [0.0, 1.0]])
    assert transients.power_norms(W, 50)[50] == pytest.approx(50.02, abs=1e-3)
    made = spectra.modes(W)
    assert made.defective
    assert "defective" in made.statement()
    assert np.isnan(spectra.amplitudes(made, [1.0, 0.0])).all()
    assert spectra.dominant(made, spectra.amplitudes(made, [1.0, 0.0])) == -1
    assert np.isnan(spectra.growth(made, spectra.amplitudes(made, [1.0, 0.0])))
    assert spectra.jordan_blocks(W)[0].sizes == (2,)


def test_row_12_the_modulus_decides_and_not_the_real_part():
    """The slides ask whether Re(lambda) > 1, which is the condition of continuous time."""
    for value, size in ((0.9 + 0.9j, 1.73e5), (1.05j, 11.47), (-1.2, 9100.0)):
        W = np.array([[value.real, -value.imag], [value.imag, value.real]])
        assert value.real < 1 < spectra.modes(W).radius
        assert norms(W, [1.0, 0.0], 50)[50] == pytest.approx(size, rel=3e-3)


def test_row_14_an_absent_mode_comes_back_from_rounding():
    turns: dict[type, list[int]] = {np.float64: [], np.float32: []}
    values = [1.1, 0.9, 0.5, 0.1]
    for seed in range(20):
        Q = basis(seed)
        W, start = Q @ np.diag(values) @ Q.T, np.ones(4) - Q[:, 0] * Q[:, 0].sum()
        for kind, found in turns.items():
            h, M, size = start.astype(kind), W.astype(kind), []
            for _ in range(401):
                size.append(np.linalg.norm(h.astype(np.float64)))
                h = M @ h
            found.append(int(np.argmin(size)))
            if kind is np.float64:
                np.testing.assert_allclose(size[50] / size[49], 0.9, rtol=1e-4)
                np.testing.assert_allclose(size[400] / size[399], 1.1, rtol=1e-4)
    hundredfold = rates.steps_to(0.01, 0.9 / 1.1)  # BLAS rounds in an order of its own on every processor
    for kind, theory in ((np.float64, 180), (np.float32, 79)):
        assert rates.steps_to(np.finfo(kind).eps, 0.9 / 1.1) == pytest.approx(theory, abs=1)
        assert np.median(turns[kind]) == pytest.approx(theory, abs=9)
        assert np.max(np.abs(np.subtract(turns[kind], theory))) < hundredfold
    made = spectra.modes(symmetric(values))
    a = spectra.amplitudes(made, np.ones(4) - made.vectors[:, 0].real * made.vectors[:, 0].real.sum())
    assert spectra.dominant(made, a) == 1
    assert spectra.growth(made, a) == pytest.approx(np.log(0.9))


def test_row_15_flat_lengths_at_one():
    for second, settled in ((0.5, 8), (0.1, 3)):
        size = norms(symmetric([1.0, second, 0.05, 0.02]), np.ones(4), 50)
        np.testing.assert_allclose(size[settled:], size[50], rtol=1e-3)
        made = spectra.modes(symmetric([1.0, second, 0.05, 0.02]))
        assert size[50] == pytest.approx(abs(spectra.amplitudes(made, np.ones(4))[0]))


# ---- order, defects, errors --------------------------------------------------------------------------------


def test_eigenvalues_stand_by_modulus_with_ties_in_a_fixed_order():
    found = spectra.eigenvalues(np.diag([0.5, -0.9, 0.9, 0.0]))
    np.testing.assert_array_equal(found, [0.9, -0.9, 0.5, 0.0])
    pair = spectra.eigenvalues([[0.0, -1.0], [1.0, 0.0]])
    assert pair[0].imag > 0 > pair[1].imag
    many = np.random.default_rng(0).normal(size=(50, 5, 5))
    alone = np.stack([spectra.eigenvalues(W) for W in many])
    np.testing.assert_array_equal(spectra.eigenvalues(many), alone)
    assert (np.diff(np.abs(alone), axis=1) <= 0).all()


@pytest.mark.parametrize("sizes", [(1, 1, 1), (2, 1), (3,), (2, 2), (3, 1, 1)])
@pytest.mark.parametrize("turned", [False, True])
def test_jordan_structures_are_found_again(sizes, turned):
    blocks = [0.7 * np.eye(k) + np.diag(np.ones(k - 1), 1) for k in sizes]
    W = scipy.linalg.block_diag(*blocks, [[-0.4]])
    if turned:
        Q = basis(7, len(W))
        W = Q @ W @ Q.T
    found = {round(block.value.real, 3): block.sizes for block in spectra.jordan_blocks(W)}
    assert found == {0.7: sizes, -0.4: (1,)}
    assert bool(spectra.modes(W).defective) == (max(sizes) > 1)


@pytest.mark.parametrize("seed", range(6))
def test_blocks_in_a_skew_basis_are_not_taken_for_one(seed: int):
    """Conditions up to a hundred or so: eigenvalues 0.4 apart stay apart, and sizes add up."""
    blocks = [0.9 * np.eye(3) + np.diag(np.ones(2), 1), [[0.9]], [[0.5, 1.0], [0.0, 0.5]]]
    Q = np.random.default_rng(seed).normal(size=(6, 6))
    W = Q @ scipy.linalg.block_diag(*blocks) @ np.linalg.inv(Q)
    found = {round(block.value.real, 3): block.sizes for block in spectra.jordan_blocks(W)}
    assert found == {0.9: (3, 1), 0.5: (2,)}


def test_what_is_called_defective_has_a_block_of_two():
    nearly = [[1.0, 1e-8], [0.0, 1.0]]
    assert spectra.modes(nearly).defective
    assert spectra.jordan_blocks(nearly)[0].sizes == (2,)


def test_near_defective_matrices_say_how_many_digits_are_left():
    made = spectra.modes(np.array([[0.9, 1.0], [0.0, 0.9 + 1e-4]]))
    assert not made.defective
    assert 1e4 < made.condition < 1e5
    assert "good to about 10 digits" in made.statement()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: spectra.eigenvalues(np.ones((2, 3))), r"W: shape \(2, 3\) given, square matrices"),
        (lambda: spectra.eigenvalues([[np.nan]]), "W: 1 of 1 numbers are not finite"),
        (lambda: spectra.eigenvalues(3.0), "square matrices"),
        (lambda: spectra.eigenvalues(np.empty((0, 0))), "square matrices"),
        (lambda: spectra.modes("abc"), "no array of numbers"),
        (lambda: spectra.amplitudes(spectra.modes(np.eye(2)), [1.0]), "vectors of 2 numbers"),
        (lambda: spectra.free_run(np.eye(2), [1.0, 0.0], -1), "a whole number from 0"),
        (lambda: spectra.jordan_blocks(np.eye(2), 0.0), "between 0 and 1"),
        (lambda: spectra.jordan_blocks(np.ones((2, 2, 2))), "one matrix"),
    ],
)
def test_wrong_input_has_one_message(call, message):
    with pytest.raises(Refused, match=message):
        call()
