"""Taps, poles, zeros and resonances: rows 5 and 37 to 43 of the lectures' phenomena."""

import numpy as np
import pytest
import scipy.optimize
import scipy.signal

from sim.errors import Refused
from sim.linear import rates, recursions, spectra, transfer

A = {1: 0.5, 5: 0.25}
B = {1: 0.5, 5: 0.25, 8: 0.1}


def test_row_40_one_tap():
    made = recursions.recursion({1: 0.5})
    assert recursions.poles(made) == 0.5
    assert rates.half_life(recursions.poles(made)) == pytest.approx(1.0)
    assert recursions.dc_gain(made) == 2.0


def test_row_41_taps_at_one_and_five():
    """The slides: more taps add more modes. There are as many modes as the largest lag, five, not two."""
    made = recursions.recursion(A)
    p = recursions.poles(made)
    assert len(p) == 5
    expected = [0.893046, 0.335499 + 0.692800j, 0.335499 - 0.692800j]
    expected += [-0.532022 + 0.435203j, -0.532022 - 0.435203j]
    np.testing.assert_allclose(p, expected, atol=1e-6)
    np.testing.assert_allclose(np.abs(p)[[0, 1, 3]], [0.893046, 0.769760, 0.687349], atol=1e-6)
    np.testing.assert_allclose(np.degrees(np.angle(p))[[1, 3]], [64.16, 140.72], atol=5e-3)
    np.testing.assert_allclose(rates.period(p)[[1, 3]], [5.611, 2.558], atol=1e-3)
    assert rates.time_constant(p[0]) == pytest.approx(8.840, abs=5e-4)
    assert rates.half_life(p[0]) == pytest.approx(6.128, abs=5e-4)
    r = recursions.residues(made)
    np.testing.assert_allclose(
        r[[0, 1, 3]], [0.362257, 0.189342 - 0.114481j, 0.129530 - 0.032906j], atol=1e-6
    )
    h = recursions.impulse_response(made, 400)
    first = [1, 0.5, 0.25, 0.125, 0.0625, 0.28125, 0.265625, 0.1953125, 0.12890625, 0.080078, 0.110352]
    np.testing.assert_allclose(h[:11], first, atol=5e-7)
    assert h[50] == pytest.approx(1.2672e-3, rel=1e-4)
    assert h[100] == pytest.approx(4.4302e-6, rel=1e-4)
    assert recursions.dc_gain(made) == 4.0
    assert h.sum() == pytest.approx(4.0, abs=1e-12)
    assert recursions.critical_gain(A) == pytest.approx(1.33333, abs=5e-6)


def test_row_42_a_third_tap_doubles_the_half_life():
    made = recursions.recursion(B)
    p = recursions.poles(made)
    expected = [0.950039, -0.557898 + 0.536151j, 0.158382 + 0.712363j, 0.485128 + 0.544092j, -0.621263]
    np.testing.assert_allclose(p[[0, 1, 3, 5, 7]], expected, atol=1e-6)
    np.testing.assert_allclose(np.abs(p)[[1, 3, 5]], [0.773763, 0.729758, 0.728962], atol=1e-6)
    np.testing.assert_allclose(np.degrees(np.angle(p))[[1, 3, 5]], [136.14, 77.47, 48.28], atol=5e-3)
    assert rates.time_constant(p[0]) == pytest.approx(19.511, abs=5e-4)
    assert rates.half_life(p[0]) == pytest.approx(13.524, abs=5e-4)
    assert recursions.residues(made)[0] == pytest.approx(0.298786, abs=1e-6)
    h = recursions.impulse_response(made, 200)
    np.testing.assert_allclose(h[[8, 50, 100, 200]], [0.22890625, 0.023038, 1.7763e-3, 1.0560e-5], rtol=5e-5)
    assert recursions.dc_gain(made) == pytest.approx(6.66667, abs=5e-6)
    assert recursions.critical_gain(B) == pytest.approx(1.176471, abs=5e-7)


def test_row_43_half_lives_over_lag_and_gain():
    gains = np.array([0.1, 0.25, 0.4])
    table = {2: [1.63, 3.27, 9.56], 5: [2.73, 6.13, 18.76], 10: [4.81, 11.07, 34.23]}
    table |= {20: [9.08, 21.03, 65.27], 40: [17.68, 41.02, 127.4]}
    for lag, expected in table.items():
        made = recursions.recursion({1: 0.5, lag: gains})
        half = rates.half_life(recursions.poles(made)[:, 0])
        np.testing.assert_allclose(half, expected, rtol=2e-3)
    for taps in (A, B):
        assert recursions.critical_gain(taps) == pytest.approx(1 / sum(taps.values()))


def test_residues_make_the_response_and_scipy_agrees():
    random = np.random.default_rng(0)
    for _ in range(15):
        lags = random.choice(np.arange(1, 9), size=3, replace=False)
        taps = {int(lag): float(g) for lag, g in zip(lags, random.uniform(-0.5, 0.5, 3), strict=True)}
        inputs = {0: 1.0, int(min(lags)): float(random.normal())}
        made = recursions.recursion(taps, inputs)
        h = recursions.impulse_response(made, 40)
        impulse = np.zeros(41)
        impulse[0] = 1.0
        filtered = scipy.signal.lfilter(made.numerator, made.denominator, impulse)
        np.testing.assert_allclose(h, filtered, atol=1e-12)
        p, r = recursions.poles(made), recursions.residues(made)
        summed = (r * p ** np.arange(41)[:, None]).sum(axis=1)
        np.testing.assert_allclose(summed[1:], h[1:], atol=1e-9)
        np.testing.assert_allclose(summed.imag, 0.0, atol=1e-9)
        w = np.linspace(0, np.pi, 7)
        _, expected = scipy.signal.freqz(made.numerator, made.denominator, w)
        np.testing.assert_allclose(recursions.response(made, w), expected, atol=1e-10)
        zeros = recursions.zeros(made)
        assert len(zeros) == len(np.roots(made.numerator))
        np.testing.assert_allclose(np.poly(zeros), made.numerator[: len(zeros) + 1], atol=1e-9)


def test_many_recursions_are_each_like_one():
    gains = np.random.default_rng(1).uniform(-0.5, 0.5, (4, 3))
    many = recursions.recursion({1: gains, 4: 0.2})
    p, r, h = recursions.poles(many), recursions.residues(many), recursions.impulse_response(many, 12)
    for at in np.ndindex(4, 3):
        one = recursions.recursion({1: gains[at], 4: 0.2})
        np.testing.assert_array_equal(p[at], recursions.poles(one))
        np.testing.assert_allclose(r[at], recursions.residues(one), rtol=1e-12)
        np.testing.assert_array_equal(h[at], recursions.impulse_response(one, 12))


def test_repeated_and_vanishing_poles_have_no_residue():
    assert np.isnan(recursions.residues(recursions.recursion({1: 1.0, 2: -0.25}))).all()
    r = recursions.residues(recursions.recursion({1: 0.5}, {0: 1.0, 1: 0.3, 2: 0.2}))
    assert np.isnan(r[1])
    assert np.isfinite(r[0])


def test_the_critical_gain_puts_the_first_pole_on_the_circle():
    random = np.random.default_rng(2)
    for _ in range(25):
        lags = random.choice(np.arange(1, 13), size=int(random.integers(1, 5)), replace=False)
        taps = {int(lag): float(g) for lag, g in zip(lags, random.normal(size=len(lags)), strict=True)}
        factor = recursions.critical_gain(taps)
        if not np.isfinite(factor):
            continue
        factors = factor * np.append(np.linspace(0.05, 0.999, 40), 1.0)
        p = recursions.poles(recursions.recursion({lag: factors * g for lag, g in taps.items()}))
        assert (np.abs(p[:-1, 0]) < 1).all()
        assert np.abs(p[-1, 0]) == pytest.approx(1.0, abs=1e-6)
    assert recursions.critical_gain({1: 1.2, 2: -0.9}) == pytest.approx(1 / 0.9)


def test_row_39_matrices_of_several_taps_need_no_tensors():
    random = np.random.default_rng(3)
    W1, W3 = random.normal(size=(2, 3, 3)) * 0.4
    p = spectra.eigenvalues(recursions.block_companion({1: W1, 3: W3}))
    assert len(p) == 9
    for value in p:
        matrix = value**3 * np.eye(3) - W1 * value**2 - W3
        assert np.abs(np.linalg.det(matrix)) < 1e-10
    h = [np.zeros(3), np.zeros(3), random.normal(size=3)]
    state = np.concatenate(h[::-1])
    for _ in range(5):
        h.append(W1 @ h[-1] + W3 @ h[-3])
        state = recursions.block_companion({1: W1, 3: W3}) @ state
    np.testing.assert_allclose(state[:3], h[-1], atol=1e-12)
    single = recursions.block_companion({lag: [[g]] for lag, g in A.items()})
    np.testing.assert_allclose(
        spectra.eigenvalues(single), recursions.poles(recursions.recursion(A)), atol=1e-9
    )


# ---- H(z) of matrices: rows 5 and 39 -----------------------------------------------------------------------


def test_row_39_poles_zeros_and_gain_of_a_matrix_agree_with_scipy():
    random = np.random.default_rng(4)
    for n in (1, 2, 4, 7):
        W, b, c = random.normal(size=(n, n)) / np.sqrt(n), random.normal(size=n), random.normal(size=n)
        for d in (0.0, 0.7):
            made = transfer.form(W, b, c, d)
            pencil = np.block([[W, b[:, None]], [c[None], np.array([[d]])]])
            every = scipy.linalg.eigvals(pencil, np.diag([1.0] * n + [0.0]))
            ours = transfer.zeros(made)
            assert len(ours) == (n if d else n - 1)
            for zero in ours:
                assert np.abs(every - zero).min() < 1e-6
            z = np.array([1.3 + 0.2j, -2.0])
            gain = d or c @ b
            ratio = [gain * np.prod(v - ours) / np.prod(v - transfer.poles(made)) for v in z]
            np.testing.assert_allclose(transfer.at(made, z)[:, 0, 0], ratio, rtol=1e-7)
    companion = recursions.block_companion({lag: [[g]] for lag, g in B.items()})
    first = np.eye(8)[0]
    made = transfer.form(companion, first, first)
    assert transfer.at(made, 1.0)[0, 0] == pytest.approx(6.66667, abs=5e-6)
    assert np.abs(transfer.zeros(made)).max() < 1e-2  # seven at 0, which rounding spreads


def test_zeros_of_several_inputs_and_outputs_lower_the_rank():
    random = np.random.default_rng(5)
    W, B2, C2 = random.normal(size=(5, 5)), random.normal(size=(5, 2)), random.normal(size=(2, 5))
    made = transfer.form(W, B2, C2)
    found = transfer.zeros(made)
    assert len(found) == 3
    for z in found:
        system = np.block([[W - z * np.eye(5), B2], [C2, np.zeros((2, 2))]])
        assert np.linalg.svd(system, compute_uv=False)[-1] < 1e-9
    assert len(transfer.zeros(transfer.form(W, B2, C2[:1]))) == 0
    hidden = transfer.form(np.diag([0.9, 0.5]), [1.0, 0.0], [1.0, 1.0])  # the mode 0.5 is not excited
    np.testing.assert_allclose(transfer.zeros(hidden), [0.5])


def test_row_5_a_rotation_resonates_with_its_own_frequency():
    angle = np.pi / 6
    R = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    h = transfer.driven(R, [1.0, 0.0], np.cos(angle * np.arange(400)))
    size = np.linalg.norm(h, axis=1)
    np.testing.assert_allclose(size[[99, 199, 399]], [50.0, 100.8, 200.0], atol=0.051)
    angles = np.linspace(0, np.pi, 25)
    heights = transfer.scan(R, [1.0, 0.0], angles, 400)
    assert angles[heights.argmax()] == pytest.approx(angle)
    assert heights.max() == pytest.approx(200.0, abs=1.0)
    assert np.sort(heights)[-2] < 20
    found = transfer.resonance(transfer.form(R, [1.0, 0.0], np.eye(2)))
    assert found.gain == np.inf
    assert found.angle == pytest.approx(angle)


def test_a_damped_resonance_stands_where_scipy_finds_it():
    W = 0.95 * np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
    made = transfer.form(W, [1.0, 0.0], [1.0, 0.3])
    found = transfer.resonance(made)
    best = scipy.optimize.minimize_scalar(
        lambda w: -np.abs(transfer.response(made, [w])[0, 0, 0]),
        bounds=(0.5, 0.9),
        method="bounded",
        options={"xatol": 1e-9},
    )
    assert found.gain == pytest.approx(-best.fun, rel=1e-10)
    assert found.angle == pytest.approx(best.x, abs=1e-5)
    settled = np.linalg.norm(
        transfer.driven(W, [1.0, 0.0], np.cos(found.angle * np.arange(2000))) @ [1.0, 0.3]
    )
    assert np.isfinite(settled)
    y = transfer.driven(W, [1.0, 0.0], np.cos(found.angle * np.arange(4000)))[2000:] @ [1.0, 0.3]
    assert np.abs(y).max() == pytest.approx(found.gain, rel=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: recursions.recursion({}), "no taps given"),
        (lambda: recursions.recursion({0: 0.5}), "whole numbers from 1 on"),
        (lambda: recursions.recursion({1.5: 0.5}), "whole numbers from 1 on"),
        (lambda: recursions.recursion({1: np.inf}), "not finite"),
        (lambda: recursions.recursion({1: 0.5j}), "taps: complex numbers given"),
        (lambda: recursions.recursion({1: 0.5}, {0: 1j}), "inputs: complex numbers given"),
        (lambda: recursions.recursion([0.5, 0.25]), "lag: gain"),
        (lambda: recursions.recursion({"a": 0.5}), "whole numbers from 1 on"),
        (lambda: recursions.recursion({np.nan: 0.5}), "whole numbers from 1 on"),
        (lambda: recursions.critical_gain({1: [0.5, 0.4]}), "call once for each"),
        (lambda: recursions.roots([1e-310, 1.0]), "coefficients: the first is too small"),
        (lambda: recursions.impulse_response(recursions.recursion(A), np.inf), "from 0 on"),
        (lambda: recursions.impulse_response(recursions.recursion(A), "ten"), "from 0 on"),
        (lambda: recursions.roots([]), "highest power first"),
        (lambda: recursions.roots([3.0]), "highest power first"),
        (lambda: recursions.roots([0.0, 1.0, 2.0]), "the leading coefficient is zero"),
        (lambda: recursions.zeros(recursions.recursion({1: [0.5, 0.4]})), "call once for each"),
        (lambda: recursions.zeros(recursions.recursion({1: 0.5}, {0: 0.0})), "the numerator is zero"),
        (lambda: recursions.block_companion({1: np.eye(2), 2: np.eye(3)}), "the same size"),
        (lambda: recursions.impulse_response(recursions.recursion(A), -1), "from 0 on"),
        (lambda: transfer.form(np.eye(2), [1.0], [1.0, 0.0]), "B: shape"),
        (lambda: transfer.form(np.eye(2), [1.0, 0.0], [1.0]), "C: shape"),
        (lambda: transfer.form(np.eye(2), [1.0, 0.0], [1.0, 0.0], [[1.0, 2.0]]), "D: shape"),
        (lambda: transfer.driven(np.eye(2), [1.0, 0.0], 1.0), "do not fit"),
        (lambda: transfer.driven(np.eye(2), [[1.0], [0.0]], np.ones(5)), "do not fit"),
    ],
)
def test_wrong_input_has_one_message(call, message):
    with pytest.raises(Refused, match=message):
        call()


def test_a_zero_on_the_pole_at_one_leaves_no_dc_gain():
    """(z - 1) / (z - 1), without a warning; a pole alone is infinite."""
    assert np.isnan(recursions.dc_gain(recursions.recursion({1: 1.0}, {0: 1.0, 1: -1.0})))
    assert recursions.dc_gain(recursions.recursion({1: 1.0})) == np.inf


def test_zeros_do_not_depend_on_the_units_of_states_inputs_and_outputs():
    """H = (z + 0.2) / ((z - 0.9) (z - 0.8)), in units 1e9 and 1e12 apart."""
    W, B, C = np.array([[0.9, 0.0], [1.0, 0.8]]), np.array([1.0, 0.0]), np.array([1.0, 1.0])
    for units in ((1.0, 1.0), (1.0, 1e9), (1e9, 1.0)):
        T = np.array(units)
        for fed, read in ((1.0, 1e-12), (1e-12, 1.0), (1e150, 1e-200)):
            made = transfer.form(T[:, None] * W / T, fed * T * B, read * C / T)
            np.testing.assert_allclose(transfer.zeros(made), [-0.2], rtol=1e-9)


def test_complex_matrices_resonate_at_negative_frequencies_too():
    found = transfer.resonance(transfer.form([[0.99 * np.exp(-1j)]], [1.0], [1.0]))
    assert (found.angle, found.gain) == pytest.approx((-1.0, 100.0), rel=1e-9)


def test_what_is_not_excited_or_not_read_answers_with_D_alone():
    assert transfer.resonance(transfer.form([[0.5]], [0.0], [1.0], 2.0)).gain == 2.0
