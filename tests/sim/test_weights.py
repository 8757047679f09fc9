"""Families of matrices: each against the property that defines it, exact eigenvalues, scalings, errors."""

from __future__ import annotations

import numpy as np
import pytest

from sim.draws import Draw
from sim.errors import Refused
from sim.matrices import Matrices
from sim.run import prepare
from sim.weights import biases, feeding, recurrent

RECURRENT = recurrent()
RANDOM_FAMILIES = ("gaussian", "orthogonal", "symmetric", "np_rnn", "xavier", "he")


def made(family: str, n: int, seeds=0, columns: int | None = None, **settings) -> np.ndarray:
    """(seeds, n, columns) matrices of a family."""
    matrices = np.asarray(RECURRENT[family](n, columns or n, Draw(seeds, "weights"), **settings))
    return np.broadcast_to(matrices, (np.size(seeds), n, columns or n))


def weights_of(cells: int = 1, varied: dict | None = None, **fixed) -> Matrices:
    """The recurrent matrices of a network as a run makes them."""
    varied = varied or {}
    fixed = {name.replace("__", "."): value for name, value in fixed.items()}
    run = prepare(
        "rnn", observables=["final_state"], fixed={"units": 6, "steps": 1} | fixed, varied=list(varied)
    )
    values = run.setting.values | {path: np.asarray(column) for path, column in varied.items()}
    return run.setting.built(values).W


def test_gaussian_has_variance_one_over_n_and_the_circular_law():
    w = made("gaussian", 300, [0, 1])
    assert w.var() * 300 == pytest.approx(1.0, abs=5 * np.sqrt(2 / w.size))
    modulus = np.abs(np.linalg.eigvals(w)).ravel()
    assert modulus.max() == pytest.approx(1.0, abs=0.1)
    assert np.mean(modulus < 0.5) == pytest.approx(0.25, abs=0.05)  # uniform on the disc


def test_orthogonal_keeps_lengths():
    """INI-17: all singular values of W and of W^50 are 1."""
    w = made("orthogonal", 30, range(12))
    np.testing.assert_allclose(np.linalg.svd(w, compute_uv=False), 1.0, atol=1e-13)
    fifty = np.linalg.matrix_power(w[0], 50)
    np.testing.assert_allclose(np.linalg.svd(fifty, compute_uv=False), 1.0, atol=1e-10)
    determinants = np.linalg.det(w)
    assert set(np.round(determinants)) == {-1.0, 1.0}  # the whole group, not its rotations alone


def test_orthogonal_is_uniform_on_the_group():
    """Haar measure: the trace has mean 0 and variance 1; without the signs of R it has not."""
    traces = np.trace(made("orthogonal", 4, range(4000)), axis1=1, axis2=2)
    assert abs(traces.mean()) < 5 / np.sqrt(4000)
    assert traces.var() == pytest.approx(1.0, abs=5 * np.sqrt(2 / 4000) * 1.2)


@pytest.mark.parametrize(("rows", "columns"), [(5, 2), (2, 5)])
def test_orthogonal_input_weights_have_orthonormal_rows_or_columns(rows: int, columns: int):
    u = np.asarray(feeding()["orthogonal"](rows, columns, Draw(3, "input_weights")))[0]
    product = u.T @ u if rows > columns else u @ u.T
    np.testing.assert_allclose(product, np.eye(min(rows, columns)), atol=1e-14)


def test_identity_and_its_multiples():
    np.testing.assert_array_equal(made("identity", 4)[0], np.eye(4))
    np.testing.assert_array_equal(made("scaled_identity", 4)[0], 0.01 * np.eye(4))
    np.testing.assert_array_equal(made("scaled_identity", 4, scale=-0.7)[0], -0.7 * np.eye(4))


def test_symmetric_has_real_eigenvalues_up_to_two():
    w = made("symmetric", 300, 5)[0]
    np.testing.assert_array_equal(w, w.T)
    above = w[np.triu_indices(300, 1)]
    assert above.var() * 300 == pytest.approx(1.0, abs=5 * np.sqrt(2 / above.size))
    assert np.diagonal(w).var() * 300 == pytest.approx(2.0, abs=5 * 2 * np.sqrt(2 / 300))
    assert np.abs(np.linalg.eigvalsh(w)).max() == pytest.approx(2.0, abs=0.1)


LISTS = {
    "pair": [(0.5, 0.7), (0.9, 0.0), (-0.3, 0.0), (0.1, 0.0)],
    "both of a pair": [(0.5, 0.7), (0.5, -0.7), (0.9, 0.0), (-0.3, 0.0), (0.1, 0.0)],
    "lower half": [(0.5, -0.7), (0.9, 0.0), (-0.3, 0.0), (0.1, 0.0)],
    "two pairs": [(0.0, 1.1), (-0.6, 0.2), (0.25, 0.0)],
    "plain numbers": [0.9, -0.3, 0.1, 0.7, 0.2],
}


def whole(eigenvalues) -> np.ndarray:
    z = np.array([complex(*np.atleast_1d(v)) for v in eigenvalues])
    both = np.concatenate([z, z[z.imag != 0].conj()])
    return np.unique(np.round(both, 12))


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("normal", [True, False])
def test_eigenvalues_are_those_asked_for(name: str, normal: bool):
    w = made("eigenvalues", 5, range(4), eigenvalues=LISTS[name], normal=normal)
    for one in w:
        found = np.linalg.eigvals(one)
        wanted = whole(LISTS[name])
        distance = np.abs(found[:, None] - wanted[None, :])
        assert distance.min(axis=0).max() < (1e-13 if normal else 1e-9)
        assert distance.min(axis=1).max() < (1e-13 if normal else 1e-9)
        commutes = np.abs(one @ one.T - one.T @ one).max() < 1e-13
        assert commutes == normal
    assert np.abs(w[0] - w[1]).max() > 0.01  # a basis of each seed's own


def test_writing_both_of_a_pair_changes_nothing():
    np.testing.assert_array_equal(
        made("eigenvalues", 5, 1, eigenvalues=LISTS["pair"]),
        made("eigenvalues", 5, 1, eigenvalues=LISTS["both of a pair"]),
    )


WRONG = [
    ([(0.5, 0.7), (0.4, -0.7), (0.1, 0.0)], "come in conjugate pairs; write one of each pair, or both"),
    ([(0.5, 0.0), (0.4, 0.0)], "2 real eigenvalues and 0 pairs make 2, the network has 5 units"),
    ([(0.5, 0.1), (0.4, 0.1), (0.4, 0.3)], "0 real eigenvalues and 3 pairs make 6, the network has 5"),
]


@pytest.mark.parametrize(("eigenvalues", "message"), WRONG)
def test_impossible_eigenvalues_are_refused(eigenvalues, message: str):
    with pytest.raises(Refused, match=message) as refusal:
        made("eigenvalues", 5, eigenvalues=eigenvalues)
    assert refusal.value.problems[0].place == "parameters.weights.eigenvalues"


def test_np_rnn_is_positive_definite_with_largest_eigenvalue_one():
    """INI-01: (A + I) / max, A = R^T R / n; Marchenko-Pastur limits 1/5 and 2/5."""
    w = made("np_rnn", 400, 7)[0]
    np.testing.assert_allclose(w, w.T, atol=1e-15)
    values = np.linalg.eigvalsh(w)
    assert values[-1] == pytest.approx(1.0, abs=1e-12)
    assert values[0] == pytest.approx(0.2, abs=0.012)
    assert values.mean() == pytest.approx(0.4, abs=0.012)


def test_xavier_is_uniform_within_its_bound():
    """INI-04: bound sqrt(6 / (in + out)), variance 2 / (in + out)."""
    w = made("xavier", 400, 8, columns=600)[0]
    bound = np.sqrt(6 / 1000)
    assert bound - 6e-5 < np.abs(w).max() < bound
    assert w.var() == pytest.approx(0.002, abs=6e-5)


def test_he_has_variance_two_over_inputs():
    """INI-05."""
    assert made("he", 400, 9, columns=600).var() == pytest.approx(2 / 600, abs=4e-5)


def test_a_matrix_is_what_was_written():
    rows = [[0.5, -1.0], [2.0, 0.25]]
    np.testing.assert_array_equal(made("matrix", 2, matrix=rows)[0], rows)
    with pytest.raises(Refused, match=r"a matrix of shape \(2, 2\) where \(3, 3\) is needed"):
        made("matrix", 3, matrix=rows)


@pytest.mark.parametrize("family", RANDOM_FAMILIES)
def test_many_seeds_at_once_are_each_alone(family: str):
    together = made(family, 6, [4, 9, 4])
    for i, seed in enumerate([4, 9, 4]):
        assert together[i].tobytes() == np.ascontiguousarray(made(family, 6, seed)[0]).tobytes()
    assert np.abs(together[0] - together[1]).max() > 1e-3


def test_every_family_is_tested_here():
    tested = {*RANDOM_FAMILIES, "identity", "scaled_identity", "eigenvalues", "matrix"}
    assert set(RECURRENT) == tested


# ---- as a run uses them ------------------------------------------------------------------


@pytest.mark.parametrize("family", RANDOM_FAMILIES)
def test_spectral_radius_is_that_of_the_matrix_before_the_gain(family: str):
    w = weights_of(weights=family, weights__spectral_radius=0.8, weights__gain=1.5)
    radius = np.abs(np.linalg.eigvals(np.asarray(w.factor).reshape(-1)[0] * w.base[0])).max()
    assert radius == pytest.approx(0.8 * 1.5, rel=1e-13)


def test_gain_multiplies_one_and_the_same_matrix():
    alone = weights_of(weights="gaussian")
    swept = weights_of(varied={"weights.gain": [0.5, 2.0, 3.0]}, weights="gaussian")
    np.testing.assert_array_equal(swept.base, alone.base)
    np.testing.assert_array_equal(swept.factor, [0.5, 2.0, 3.0])
    assert alone.factor == 1.0


def test_cells_of_one_seed_share_a_matrix():
    w = weights_of(varied={"seed": [7, 3, 7, 7, 3], "weights.gain": np.ones(5)}, weights="orthogonal")
    assert len(w.base) == 2
    assert w.which[0] == w.which[2] == w.which[3] != w.which[1] == w.which[4]
    np.testing.assert_array_equal(w.base[w.which[0]], weights_of(weights="orthogonal", seed=7).base[0])


def test_a_seed_of_its_own_leaves_the_other_draws():
    same = weights_of(weights="gaussian", seed=1, weights__seed=5).base
    np.testing.assert_array_equal(same, weights_of(weights="gaussian", seed=2, weights__seed=5).base)
    np.testing.assert_array_equal(same, weights_of(weights="gaussian", seed=5).base)


def test_large_seeds_are_not_rounded():
    seeds = np.array([2**53, 2**53 + 1, 2**62 + 3])
    swept = weights_of(varied={"seed": seeds, "weights.gain": np.ones(3)}, weights="gaussian")
    for i, seed in enumerate(seeds.tolist()):
        np.testing.assert_array_equal(
            swept.base[swept.which[i]], weights_of(weights="gaussian", seed=seed).base[0]
        )


def test_settings_of_a_family_can_be_swept():
    swept = weights_of(
        varied={"weights.scale": np.array([0.5, -0.2, 0.5]), "seed": np.array([1, 1, 2])},
        weights="scaled_identity",
    )
    for i, scale in enumerate([0.5, -0.2, 0.5]):
        np.testing.assert_array_equal(swept.base[swept.which[i]], scale * np.eye(6))


def test_nothing_to_scale_is_refused():
    with pytest.raises(Refused, match="a matrix matrix here has spectral radius 0; it cannot be scaled"):
        weights_of(weights="matrix", weights__matrix=np.zeros((6, 6)).tolist(), weights__spectral_radius=1.0)


@pytest.mark.parametrize("family", ["symmetric", "np_rnn", "eigenvalues"])
def test_families_of_square_matrices_are_refused_elsewhere(family: str):
    """Factors make W (units, factors) and M (factors, units)."""
    fixed = {"units": 5, "factors": 3, "steps": 1, "weights": family}
    fixed |= {"weights.eigenvalues": [[0.5], [0.4], [0.3]]} if family == "eigenvalues" else {}
    with pytest.raises(Refused, match=f'5 x 3 is needed, "{family}" are square ones; write') as refusal:
        prepare("multiplicative", observables=["norm"], fixed=fixed)
    assert refusal.value.problems[0].place == "parameters.weights"


def test_a_matrix_that_is_not_square_has_no_spectral_radius():
    fixed = {"units": 5, "factors": 3, "steps": 1, "weights.spectral_radius": 0.9}
    with pytest.raises(Refused, match="5 x 3 has no eigenvalues; leave it out") as refusal:
        prepare("multiplicative", observables=["norm"], fixed=fixed)
    assert refusal.value.problems[0].place == "parameters.weights.spectral_radius"


def test_biases_and_input_weights():
    draw = Draw([0, 1], "b")
    b = np.asarray(biases()["gaussian"](5000, draw, scale=0.3))
    assert b.shape == (2, 5000)
    assert b.std() == pytest.approx(0.3, abs=5 * 0.3 / np.sqrt(2 * b.size))
    u = np.asarray(feeding()["gaussian"](500, 40, Draw(0, "input_weights"), scale=2.0))
    assert u.var() * 40 == pytest.approx(4.0, abs=5 * 4 * np.sqrt(2 / u.size))
    np.testing.assert_array_equal(feeding()["ones"](3, 2, draw, scale=0.5)[0], np.full((3, 2), 0.5))
