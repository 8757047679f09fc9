"""Gated memories, rows 111, 146, 149-154, 160-166, 169, 171, 176-178.

Corner cases and conventions of the cells (147, 152, 155, 156, 170, 172, 179-187) stand in
test_phenomena_cells.py, the lectures' backward rules (158, 159, 167, 185) in test_exhibits.py, tasks (146,
192, 193) in test_tasks.py and test_task_runs.py.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest

from sim.functions import sigmoid
from sim.generic import gates, jvp, noise, step, vjp
from sim.machine.one_thread import one_thread
from sim.run import prepare
from tests.conftest import INTERPRETED
from tests.sim.packs import built

STATE = (np.array([0.1, -0.3, 0.5, 0.2]), np.array([0.4, -0.9, 1.5, 0.1]))
X = np.array([0.7, -1.1])


def lstm(**settings: Any) -> Any:
    return built("lstm", units=4, inputs=2, b_c="gaussian", b_o=0.2, **settings)


# ---- the block: rows 149-165, 169, 171, 178 ----------------------------------------------------------------


def test_row_149_a_network_multiplies_state_and_input_side_by_side():
    p, h = built("rnn", units=4, inputs=2, b="gaussian"), STATE[0]
    joined = np.hstack([p.W, p.U]) @ np.concatenate([h, X]) + p.b
    np.testing.assert_allclose(step(p, h, X), np.tanh(joined), rtol=1e-14)


def test_row_151_a_gate_is_never_quite_open_nor_shut():
    """sigmoid(5) = 0.99331; 784 steps of sigmoid(10) leave 0.965, so the corners of row 170 are limits."""
    assert sigmoid(5.0) == pytest.approx(0.99331, abs=5e-6)
    assert sigmoid(10.0) ** 784 == pytest.approx(0.9650, abs=5e-5)
    found = gates(lstm(b_f=30.0), STATE, X)
    assert ((found["f"] > 0.0) & (found["f"] < 1.0)).all()


def test_row_152_half_lives_of_forget_biases():
    bias = np.array([0.0, 1.0, 2.0, 3.0, 5.0])
    half = np.log(0.5) / np.log(sigmoid(bias))
    np.testing.assert_allclose(half, [1.0, 2.21, 5.46, 14.3, 103.0], rtol=5e-3)
    assert np.log(0.98623 / (1.0 - 0.98623)) == pytest.approx(4.27, abs=5e-3)
    assert np.exp2(-1 / 50) == pytest.approx(0.98623, abs=5e-6)


def rows(p: Any, order: str = "ifoc") -> tuple[np.ndarray, np.ndarray]:
    """One matrix that acts on [x; h], and one bias, gate under gate."""
    matrices = [np.hstack([getattr(p, f"U_{gate}"), getattr(p, f"W_{gate}")]) for gate in order]
    return np.vstack(matrices), np.concatenate([getattr(p, f"b_{gate}") for gate in order])


def test_rows_150_153_154_161_169_171_one_matrix_makes_all_gates():
    """c' = f c + i g, a gate and a gated addition alone, h' = o tanh c'; S4 prints the output y where the
    input x belongs, and no bias."""
    p, (h, c) = lstm(b_f=1.0), STATE
    W, b = rows(p)
    i, f, o, g = np.split(W @ np.concatenate([X, h]) + b, 4)
    i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    moved = step(p, STATE, X)
    np.testing.assert_allclose(moved[1], f * c + i * g, rtol=1e-14)
    np.testing.assert_allclose(moved[0], o * np.tanh(f * c + i * g), rtol=1e-14)
    found = gates(p, STATE, X)
    for label, wanted in {"i": i, "f": f, "o": o, "candidate": g}.items():
        np.testing.assert_allclose(found[label], wanted, rtol=1e-14)
        assert ((np.abs(wanted) < 1.0) & (found[label] != 0.0)).all()


def test_row_178_rows_times_matrices_are_the_same_transposed():
    p, (h, c) = lstm(b_f=1.0), STATE
    x, s = X[None], h[None]
    i, f, o = (
        sigmoid(x @ getattr(p, f"U_{k}").T + s @ getattr(p, f"W_{k}").T + getattr(p, f"b_{k}")) for k in "ifo"
    )
    g = np.tanh(x @ p.U_c.T + s @ p.W_c.T + p.b_c)
    memory = c[None] * f + g * i
    np.testing.assert_allclose((np.tanh(memory) * o)[0], step(p, STATE, X)[0], rtol=1e-14)


def test_row_160_gradients_of_the_weights_are_outer_products():
    """The lecture leaves them as an exercise: dE/dW = delta h^T, dE/dU = delta x^T, dE/db = delta.

    That they are the differences of a step stands in test_cells.py.
    """
    p, g = lstm(peephole="full"), (np.array([1.0, -2.0, 0.5, 0.3]), np.array([0.2, 0.1, -0.7, 1.0]))
    dp, _, _ = vjp(p, STATE, X, g)
    for k in "fico":
        delta = getattr(dp, f"b_{k}")
        assert (delta != 0.0).all()
        np.testing.assert_array_equal(getattr(dp, f"W_{k}"), np.outer(delta, STATE[0]))
        np.testing.assert_array_equal(getattr(dp, f"U_{k}"), np.outer(delta, X))
    np.testing.assert_array_equal(dp.P_o, np.outer(dp.b_o, step(p, STATE, X)[1]))  # o peeps at C[t]
    np.testing.assert_array_equal(dp.P_f, np.outer(dp.b_f, STATE[1]))  # f and i at C[t - 1]


def test_row_163_the_hidden_state_is_no_function_of_the_memory():
    """S2 has h = f(c): with the same c[t], other h[t-1] and x open the output gate otherwise."""
    p = lstm(force_f=1.0, force_i=0.0)
    one, other = step(p, STATE, X), step(p, (-STATE[0], STATE[1]), X)
    np.testing.assert_array_equal(one[1], other[1])
    assert (np.abs(one[0] - other[0]) > 1e-3).all()


@pytest.mark.parametrize("f", [0.0, 1.0])
def test_rows_164_165_kept_or_forgotten_only_where_nothing_is_written(f: float):
    """f = 1 keeps c and f = 0 clears it if i v = 0; i = 1 writes all of v."""
    np.testing.assert_array_equal(step(lstm(force_f=f, force_i=0.0), STATE, X)[1], f * STATE[1])
    written = lstm(force_f=f, force_i=1.0)
    found = step(written, STATE, X)[1]
    np.testing.assert_array_equal(found, f * STATE[1] + gates(written, STATE, X)["candidate"])
    assert (np.abs(found - f * STATE[1]) > 1e-3).all()


# ---- highways that are none: rows 146, 162, 166, 176, 177 --------------------------------------------------

ROW_166 = {
    0.0: (0.013, 1.4e-10, 8.3e-21),
    1.0: (0.28, 7.7e-4, 1.7e-7),
    2.0: (1.38, 1.84, 0.73),
    5.0: (3.98, 43.1, 245.0),
}


def carried(bias: float, seed: int) -> tuple[list[float], list[float]]:
    """|dc[T]/dc[0]| over all paths, and the largest product of forget gates, at T = 10, 50, 100; n = 64."""
    p, rng = built("lstm", units=64, inputs=64, b_f=bias, seed=seed), np.random.default_rng(seed)
    p = p._replace(**{name: getattr(p, name)[:, None] for name in ("b_f", "b_i", "b_c", "b_o")})
    s: Any = (np.zeros((64, 1)), np.zeros((64, 1)))
    v: Any = (np.zeros((64, 64)), np.eye(64))
    direct, found = np.ones((64, 1)), []
    for t in range(1, 101):
        x = rng.normal(size=(64, 1))
        direct = direct * gates(p, s, x)["f"]
        v, s = jvp(p, s, x, v, np.zeros((64, 1))), step(p, s, x)
        if t in (10, 50, 100):
            found.append((np.linalg.norm(v[1], 2), direct.max()))
    norms, products = zip(*found, strict=True)
    return list(norms), list(products)


@pytest.mark.parametrize("bias", ROW_166)
def test_rows_166_177_a_memory_vanishes_and_explodes_by_its_forget_bias(bias: float):
    """S0: no vanishing, but exploding. With b_f = 0 it vanishes; only the way through h explodes, never the
    direct one, whose gates are at most 1."""
    with one_thread():
        runs = [carried(bias, seed) for seed in range(5)]
    decades = np.log10(np.median([norms for norms, _ in runs], axis=0)) - np.log10(ROW_166[bias])
    assert (np.abs(decades) < [0.6, 1.2, 2.0]).all()
    products = np.median([found for _, found in runs], axis=0)
    assert (products <= 1.0).all()
    if bias == 5.0:
        np.testing.assert_allclose(products, [0.951, 0.770, 0.623], rtol=0.1)


@cache
def traced() -> dict[str, np.ndarray]:
    """Two memories of three units over a hundred steps of noise, with forget biases of 0 and 5."""
    names = ["trajectory", "gate_trace", "gradient_through_time"]
    fixed = {"units": 3, "inputs": 2, "steps": 100, "start": 0.2, "target": 2.0}
    run = prepare("lstm", task="white_noise", observables=names, fixed=fixed, varied=["b_f", "seed"])
    return run.evaluate({"b_f": np.array([0.0, 5.0]), "seed": np.array([1, 1])})


def test_rows_162_176_the_memory_is_a_tape_that_gates_forget_write_and_read():
    found = traced()
    h, c = np.split(found["trajectory"], 2, axis=2)
    f, i, o, candidate = np.moveaxis(found["gate_trace"], 2, 0)
    np.testing.assert_allclose(c[:, 1:], f * c[:, :-1] + i * candidate, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(h[:, 1:], o * np.tanh(c[:, 1:]), rtol=1e-12, atol=1e-14)


def test_the_gradient_of_one_unit_is_of_h_and_c_apart():
    """dE/dh[0] at a fixed c[0] and dE/dc[0] at a fixed h[0], by differences of the loss."""
    fixed = {"w_f": 0.5, "w_i": 0.4, "w_c": 0.9, "w_o": 0.7, "steps": 4, "target": 2.0}
    run = prepare(
        "lstm",
        task="white_noise",
        observables=["loss", "gradient_through_time"],
        fixed=fixed,
        varied=["start"],
    )
    assert run.variables[1].dims == ("time", "part")
    assert run.coordinates[-1].values.tolist() == ["h", "c"]
    d = 1e-6
    starts = np.array([[0.3, -0.4]]) + d * np.array([[0, 0], [1, 0], [-1, 0], [0, 1], [0, -1]])
    found = run.evaluate({"start": starts})
    loss = found["loss"]
    slopes = np.abs([loss[1] - loss[2], loss[3] - loss[4]]) / (2 * d)
    np.testing.assert_allclose(found["gradient_through_time"][0, 0], slopes, rtol=1e-7)
    assert found["gradient_through_time"][0, -1, 1] == 0.0  # the loss sees h alone


def test_rows_146_193_how_long_a_gap_the_gradient_crosses():
    """The gradient of what was remembered at time 0, by c and by h, a hundred steps later."""
    shut, open_ = traced()["gradient_through_time"]
    assert shut[0].max() < 1e-12 * shut[-1].max()
    assert open_[0, 1] > 0.02 * open_[-1].max()


# ---- dropout: row 111 --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("dropout", "kept"), [("cell", 0.5), ("candidate", 1.0)])
def test_row_111_dropout_on_the_cell_forgets_by_halves(dropout: str, kept: float):
    """p = 1/2, T = 20: on the cell c[0] is kept with probability 2^-20 = 9.5e-7, on the candidate always."""
    n = 400 if INTERPRETED else 2000
    p = built("lstm", units=n, inputs=1, weights="identity", dropout=dropout, force_f=1.0, force_i=0.0)
    rng, s, left = np.random.default_rng(2), (np.zeros(n), np.ones(n)), []
    for _ in range(20):
        s = step(p, s, (np.ones(1), rng.uniform(size=noise(p))))
        left.append(np.mean(s[1] != 0.0))
    np.testing.assert_allclose(left[:3], kept ** np.arange(1, 4), atol=0.07)
    assert left[-1] == round(kept**20)
    assert kept == 1.0 or kept**20 == pytest.approx(9.5e-7, rel=5e-3)
