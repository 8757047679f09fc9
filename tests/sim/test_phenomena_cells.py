"""What the lectures say of gated cells, corrected: corner cases, conventions, counts of parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.generic import gates, jvp, noise, output_vjp, step, vjp
from tests.sim.packs import built, numbers

SHUT, OPEN = -700.0, 700.0  # biases whose sigmoid is 0 and 1


def size(p: Any) -> int:
    """The number of parameters of a pack."""
    return sum(value.size for _, value in numbers(p))


# ---- the carousel ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("gate", "left"), [(0.9, 0.1216), (0.99, 0.8179), (0.999, 0.9802)])
def test_a_constant_gate_keeps_its_power(gate: float, left: float):
    """Row 71."""
    p, h = built("cec", gate=gate), 1.0
    for _ in range(20):
        h = step(p, h, 0.0)
    assert h == pytest.approx(gate**20, rel=1e-14)
    assert h == pytest.approx(left, abs=5e-5)


def test_an_open_carousel_keeps_everything_and_a_closed_one_nothing():
    """Row 147."""
    assert step(built("cec", gate=1.0), 0.7, 5.0) == 0.7
    assert step(built("cec", gate=0.0), 0.7, 5.0) == 0.0


@pytest.mark.parametrize(
    ("bias", "left"),
    [(0.0, 8.9e-16), (1.0, 1.6e-7), (2.0, 1.75e-3), (3.0, 0.088), (4.27, 0.5), (5.0, 0.715)],
)
def test_what_a_forget_bias_keeps_in_fifty_steps(bias: float, left: float):
    """Row 152, by the gate of the carousel and by the forget gate of a cell without weights; 4.27 keeps
    half."""
    carousel = built("cec", b=bias)
    cell = built("lstm", **dict.fromkeys(("w_f", "w_i", "w_c", "w_o"), 0.0), b_f=bias)
    h, state = 1.0, (0.0, 1.0)
    for _ in range(50):
        h, state = step(carousel, h, 0.0), step(cell, state, 0.0)
    assert h == pytest.approx(left, rel=0.02, abs=0.0)
    assert state[1] == pytest.approx(h, rel=1e-12, abs=0.0)


# ---- the memory cell -------------------------------------------------------------------------------------


def forced(f: float, i: float, o: float = 1.0, candidate: float = 0.0) -> Any:
    return built("lstm", force_f=f, force_i=i, force_o=o, w_c=0.0, b_c=np.arctanh(candidate).item())


@pytest.mark.parametrize(
    ("i", "f", "wanted"), [(0.0, 1.0, 0.7), (1.0, 1.0, 0.4), (0.0, 0.0, 0.0), (1.0, 0.0, -0.3)]
)
def test_remember_add_erase_overwrite(i: float, f: float, wanted: float):
    """Row 170: c = 0.7 and the candidate -0.3."""
    _, c = step(forced(f, i, candidate=-0.3), (0.2, 0.7), 0.0)
    assert c == pytest.approx(wanted, abs=1e-15)


def test_a_cell_counts():
    """Row 155: with f = i = 1 and the candidate near 1 the memory is unbounded, h is not."""
    p, s = forced(1.0, 1.0, candidate=1.0 - 1e-16), (0.0, 0.0)
    for _ in range(30):
        s = step(p, s, 0.0)
    assert s[1] == pytest.approx(30.0, rel=1e-12)
    assert 0.999 < s[0] <= 1.0


def memory_gradients(f: float, i: float, o: float) -> np.ndarray:
    """dL/dc[t], (steps + 1, units), for L = a c[steps] + sum over t of b[t] h[t], in a random cell."""
    p = built("lstm", units=4, inputs=3, force_f=f, force_i=i, force_o=o)
    rng = np.random.default_rng(2)
    x, b = rng.normal(size=(6, 3)), 0.1 * rng.normal(size=(6, 4))
    path = [(rng.normal(size=4), rng.normal(size=4))]
    for now in x:
        path.append(step(p, path[-1], now))
    back = (b[-1], rng.normal(size=4))
    found = [output_vjp(p, path[-1], back[0])[1] + back[1]]
    for t in range(5, -1, -1):
        _, back, _ = vjp(p, path[t], x[t], back)
        found.append(back[1])
        back = (back[0] + b[t - 1], back[1])
    return np.stack(found[::-1])


@pytest.mark.parametrize("i", [0.0, 0.5, 1.0])
def test_gradients_of_the_memory_pass_unchanged(i: float):
    """Row 172: f = 1 and o = 0 are enough, whatever i is."""
    through = memory_gradients(1.0, i, 0.0)
    np.testing.assert_array_equal(through, np.broadcast_to(through[-1], through.shape))


@pytest.mark.parametrize(("f", "i", "o"), [(1.0, 0.0, 0.5), (1.0, 0.0, 1.0), (0.9, 0.0, 0.0)])
def test_gradients_of_the_memory_that_change(f: float, i: float, o: float):
    assert np.max(np.abs(np.diff(memory_gradients(f, i, o), axis=0))) > 0.01


def test_coupled_memory_stays_within_its_candidates():
    """Row 179: c = f c + (1 - f) candidate is an average."""
    p = built("lstm", units=5, inputs=1, coupled=True, weights__gain=3.0)
    rng, s = np.random.default_rng(0), (np.zeros(5), np.zeros(5))
    for _ in range(200):
        s = step(p, s, 4.0 * rng.normal(size=1))
        assert (np.abs(s[1]) < 1.0).all()


def test_normalisation_stays_out_of_the_carousel():
    """Row 110."""
    plain = built("lstm", units=4, inputs=2)
    normalised = built("lstm", units=4, inputs=2, normalised=True, norm_mean=0.3, norm_variance=4.0)
    s, x = (np.full(4, 0.1), np.array([0.5, -1.0, 2.0, 0.0])), np.ones(2)
    (h, c), (other, same) = step(plain, s, x), step(normalised, s, x)
    np.testing.assert_array_equal(c, same)
    assert (np.abs(h - other) > 1e-3).all()


@pytest.mark.parametrize(("dropout", "kept"), [("candidate", True), ("hidden", True), ("cell", False)])
def test_dropout_on_the_candidate_keeps_what_is_remembered(dropout: str, kept: bool):
    """Row 111, Semeniuta et al. 2016: with f = 1 and i = 0 the memory survives, unless c is dropped."""
    p = built("lstm", units=6, inputs=1, dropout=dropout, keep_probability=0.8, force_f=1.0, force_i=0.0)
    rng, s = np.random.default_rng(0), (np.zeros(6), np.ones(6))
    for _ in range(60):
        s = step(p, s, (np.ones(1), rng.uniform(size=noise(p))))
    assert (s[1] == 1.0).all() == kept


def test_dropout_is_right_on_average():
    p = built("lstm", units=2000, inputs=1, dropout="candidate", keep_probability=0.6, weights="identity")
    s, x = (np.zeros(2000), np.zeros(2000)), np.ones(1)
    z = np.random.default_rng(0).uniform(size=noise(p))
    dropped = step(p, s, (x, z))[1]
    whole = step(p._replace(dropout="none"), s, x)[1]
    mask = dropped / whole
    assert set(np.round(mask, 9)) == {0.0, round(1 / 0.6, 9)}
    assert mask.mean() == pytest.approx(1.0, abs=0.05)


# ---- gated recurrent units -------------------------------------------------------------------------------

H = 0.5
CANDIDATE = {"w_c": 0.8, "b_c": 0.3}  # tanh(0.8 r h + 0.3)


@pytest.mark.parametrize(
    ("u", "r", "wanted"), [(1, 0, 0.5), (1, 1, 0.5), (0, 1, 0.6044), (0, 0, 0.2913)], ids=str
)
def test_keep_or_adopt(u: int, r: int, wanted: float):
    """Row 183."""
    bias = {"b_u": OPEN if u else SHUT, "b_r": OPEN if r else SHUT}
    p = built("gru", w_r=0.0, w_u=0.0, **CANDIDATE, **bias)
    assert step(p, H, 0.0) == pytest.approx(wanted, abs=5e-5)
    assert step(p, H, 0.0) == pytest.approx(H if u else np.tanh(0.8 * r * H + 0.3), abs=1e-15)


def test_a_reset_makes_a_vanilla_unit_or_one_of_the_input_alone():
    """Row 184."""
    row = {"w_r": 0.0, "w_u": 0.0, "b_u": SHUT, **CANDIDATE, "u_c": 1.5}
    vanilla = built("rnn", w=0.8, u=1.5, b=0.3)
    alone = built("rnn", w=0.0, u=1.5, b=0.3)
    for h in (-0.9, 0.1, 0.6):
        assert step(built("gru", **row, b_r=OPEN), h, 0.4) == pytest.approx(step(vanilla, h, 0.4), rel=1e-15)
        assert step(built("gru", **row, b_r=SHUT), h, 0.4) == pytest.approx(step(alone, h, 0.4), rel=1e-15)


def flipped(p: Any) -> Any:
    return p._replace(W_u=-p.W_u, U_u=-p.U_u, b_u=-p.b_u)


def test_the_conventions_of_u_are_a_sign_flip_of_its_weights():
    """Rows 181, 182: without the flip the two forms differ."""
    size_ = {"units": 5, "inputs": 2, "b_u": "gaussian"}
    keeps, adopts = built("gru", **size_), built("gru", variant="update_adopts", **size_)
    rng = np.random.default_rng(1)
    h = other = unflipped = rng.uniform(-1.0, 1.0, 5)
    for _ in range(10):
        x = rng.normal(size=2)
        h, other, unflipped = step(keeps, h, x), step(flipped(adopts), other, x), step(adopts, unflipped, x)
        np.testing.assert_allclose(h, other, rtol=0, atol=1e-15)
    assert np.max(np.abs(h - unflipped)) > 0.05


def test_reset_before_and_after_the_product_are_not_interchangeable():
    """Row 182: the cells of cuDNN and of the lecture differ with the same weights."""
    before, after = (built("gru", units=5, inputs=2, variant=v) for v in ("update_keeps", "reset_after"))
    h = np.random.default_rng(1).uniform(-1.0, 1.0, 5)
    assert np.max(np.abs(step(before, h, np.ones(2)) - step(after, h, np.ones(2)))) > 0.01


def test_an_open_update_gate_is_a_highway():
    """Row 185: at u = 1 the gradient of h passes unchanged."""
    p = built("gru", units=4, inputs=1, b_u=OPEN)
    _, ds, _ = vjp(p, np.full(4, 0.3), np.ones(1), np.arange(4.0))
    np.testing.assert_allclose(ds, np.arange(4.0), rtol=0, atol=1e-15)


def test_the_minimal_unit_is_a_gated_unit_with_one_gate_for_both():
    """Row 187: r = f and u = f, where u adopts."""
    small = built("mgu", units=4, inputs=2, b_f=0.4)
    both = {f"{k}_{gate}": getattr(small, f"{k}_f") for gate in "ru" for k in "WUb"}
    rest = {name: getattr(small, name) for name in ("W_c", "U_c", "b_c")}
    p = built("gru", units=4, inputs=2, variant="update_adopts")._replace(**both, **rest)
    h, x = np.linspace(-1.0, 1.0, 4), np.ones(2)
    np.testing.assert_array_equal(step(small, h, x), step(p, h, x))
    np.testing.assert_array_equal(gates(small, h, x)["f"], gates(p, h, x)["r"])


# ---- multiplicative and window ---------------------------------------------------------------------------


def test_every_symbol_has_a_matrix_of_its_own():
    """Row 108: W diag(V x) M."""
    p = built("multiplicative", units=4, inputs=3, factors=6, b="gaussian")
    h = np.linspace(-1.0, 1.0, 4)
    for k, x in enumerate(np.eye(3)):
        matrix = p.W @ np.diag(p.V[:, k]) @ p.M
        np.testing.assert_allclose(step(p, h, x), np.tanh(matrix @ h + p.U[:, k] + p.b), rtol=0, atol=1e-15)


@pytest.mark.parametrize("past", [0, 1, 4])
def test_an_impulse_is_seen_for_as_long_as_the_window_and_not_longer(past: int):
    """Row 115: exactly zero behind the window."""
    p = built("window", units=3, inputs=1, past=past, activation="identity")
    s: Any = (np.zeros(3), *np.zeros((past, 1)))
    for t in range(10):
        s = step(p, s, np.array([float(t == 0)]))
        np.testing.assert_array_equal(s[0], p.U[t][:, 0] if t <= past else np.zeros(3))


def test_nothing_is_learnt_behind_the_window():
    p = built("window", units=3, inputs=1, past=2)
    s: Any = (np.zeros(3), *np.full((2, 1), 0.3))
    v: Any = (np.ones(3), *np.zeros((2, 1)))
    for t in range(5):
        v, s = jvp(p, s, np.ones(1), v, np.array([float(t == 0)])), step(p, s, np.ones(1))
        assert v[0].any() == (t <= 2)


# ---- counts ----------------------------------------------------------------------------------------------

N, M = 128, 64
VANILLA = N * N + N * M + N
COUNTS = {
    "lstm": ("lstm", {}, 4 * VANILLA),  # rows 168, 186
    "lstm-diagonal": ("lstm", {"peephole": "diagonal"}, 4 * VANILLA + 3 * N),  # row 156
    "lstm-full": ("lstm", {"peephole": "full"}, 4 * VANILLA + 3 * N * N),
    "lstm-coupled": ("lstm", {"coupled": True}, 3 * VANILLA),  # row 179
    "gru": ("gru", {}, 3 * VANILLA),
    "mgu": ("mgu", {}, 2 * VANILLA),
    "multiplicative": ("multiplicative", {"factors": 32}, 2 * N * 32 + 32 * M + N * M + N),
    "window": ("window", {"past": 4}, 5 * N * M + N),
    "reset-after": ("gru", {"variant": "reset_after"}, 3 * VANILLA + N),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts_of_parameters(name: str):
    system, settings, wanted = COUNTS[name]
    assert size(built(system, units=N, inputs=M, **settings)) == wanted


def test_counts_beside_a_vanilla_network():
    """Rows 156 and 186."""
    assert VANILLA == size(built("rnn", units=N, inputs=M)) == 24704
    times = {name: wanted / VANILLA for name, (_, _, wanted) in COUNTS.items()}
    assert [4 * VANILLA, 3 * VANILLA, 2 * VANILLA] == [98816, 74112, 49408]
    assert times["lstm-diagonal"] == pytest.approx(4.016, abs=5e-4)
    assert times["lstm-full"] == pytest.approx(5.99, abs=5e-3)
