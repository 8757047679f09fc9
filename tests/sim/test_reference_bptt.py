"""Backpropagation through torch's cells: the published rows BPT, JOR-04 and GRD-05.

The tables' numbers of BPT-peep0, GRD-05 and JOR-04 belong to weights that are not published with them; what
they show is an identity, and that is asserted to their tolerance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.generic import gates, output, output_vjp, step, vjp
from sim.run import Run, prepare
from tests.sim.cases import measure
from tests.sim.plain import Cell, cell, differences, driven, moved, numbers, shaped

GATES = {"rnn": [""], "lstm": ["_i", "_f", "_c", "_o"], "gru": ["_r", "_u", "_c"]}  # in torch's order
VARIANT: dict[str, dict[str, Any]] = {"rnn": {}, "lstm": {}, "gru": {"variant": "reset_after"}}
PEEP = {"peephole": "diagonal"}
TARGET = 0.4


def settings(kind: str, units: int, **more: Any) -> dict[str, Any]:
    """Two inputs, seven steps, weights of seed 0 and biases of our own."""
    biases = [f"b{gate}" for gate in GATES[kind]] + ["b_hc"] * (kind == "gru")
    b = {name: (0.3 * np.sin(np.arange(units) + 2 * i)).tolist() for i, name in enumerate(biases)}
    return {"units": units, "inputs": 2, "steps": 7, "start": "gaussian", **b, **VARIANT[kind], **more}


def made(kind: str, units: int = 3, **more: Any) -> Run:
    return prepare(kind, task="white_noise", observables=["loss"], fixed=settings(kind, units, **more))


def path_of(c: Cell) -> list[np.ndarray]:
    path = [c.start]
    for t in range(c.steps):
        path.append(moved(c, path[-1], t))
    return path


def pulled(c: Cell) -> list[dict[str, np.ndarray]]:
    """By the system's vjp: what the step from each time contributes to dE/dp, E = |h[T] - 0.4|^2."""
    path = path_of(c)
    end = shaped(c, path[-1])
    g, found = output_vjp(c.pack, end, 2.0 * (output(c.pack, end) - TARGET)), []
    for t in range(c.steps - 1, -1, -1):
        grown, g, _ = vjp(c.pack, shaped(c, path[t]), driven(c, t), g)
        found.append(numbers(grown))
    return found[::-1]


def gradient(c: Cell) -> dict[str, np.ndarray]:
    """dE/dp by backpropagation through time."""
    parts = pulled(c)
    return {name: sum(part[name] for part in parts) for name in parts[0]}


# ---- torch's cells, written down once more --------------------------------------------------------------


def stacked(kind: str, p: dict[str, np.ndarray]) -> list[np.ndarray]:
    """Parameters (or their gradients) as torch has them: weight_hh, weight_ih, bias; b_hn, or peepholes."""
    found = [np.concatenate([p[f"{name}{gate}"] for gate in GATES[kind]]) for name in "WUb"]
    if kind == "gru":
        found.append(p["b_hc"])
    if "P_i" in p:
        found.append(np.stack([p["P_i"], p["P_f"], p["P_o"]]))
    return found


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def torch_step(kind: str, weights: list[np.ndarray], x: np.ndarray, s: np.ndarray) -> np.ndarray:
    """RNNCell, LSTMCell and GRUCell by their documentation; peepholes by Gers & Schmidhuber 2000."""
    W, U, b, *rest = weights
    n = W.shape[1]
    fed, back = U @ x + b, W @ s[:n]
    if kind == "rnn":
        return np.tanh(fed + back)
    if kind == "gru":
        r, z = sigmoid((fed + back)[: 2 * n]).reshape(2, n)
        return (1 - z) * np.tanh(fed[2 * n :] + r * (back[2 * n :] + rest[0])) + z * s
    i, f, g, o = (fed + back).reshape(4, n)
    peep = rest[0] if rest else np.zeros((3, n))
    c = sigmoid(f + peep[1] * s[n:]) * s[n:] + sigmoid(i + peep[0] * s[n:]) * np.tanh(g)
    return np.concatenate([sigmoid(o + peep[2] * c) * np.tanh(c), c])


def torch_loss(kind: str, weights: list[np.ndarray], c: Cell) -> np.ndarray:
    s = c.start
    for x in c.inputs:
        s = torch_step(kind, weights, x, s)
    return np.sum((s[: weights[0].shape[1]] - TARGET) ** 2, keepdims=True)


CASES = {"rnn": ("rnn", {}), "lstm": ("lstm", {}), "gru": ("gru", {}), "peep": ("lstm", PEEP)}


@pytest.mark.parametrize("name", CASES)
def test_bpt_backpropagation_through_torchs_cells(name: str):
    """BPT-rnn, BPT-lstm, BPT-gru: outputs and all gradients, I = 2, H = 3, T = 7, within 1e-13. BPT-peep: f
    and i see c[t-1], o sees c[t].

    The other side are torch's equations and differences of them, which extended precision makes that exact.
    """
    kind, more = CASES[name]
    run = made(kind, **more)
    ours, exact = cell(run), cell(run, dtype=np.longdouble)
    weights = stacked(kind, numbers(exact.pack))
    s = exact.start
    for x, here in zip(exact.inputs, path_of(ours)[1:], strict=True):
        s = torch_step(kind, weights, x, s)
        np.testing.assert_allclose(here, s.astype(float), rtol=0, atol=1e-13)
    for i, found in enumerate(stacked(kind, gradient(ours))):

        def loss(v: np.ndarray, i: int = i) -> np.ndarray:
            return torch_loss(kind, [*weights[:i], v.reshape(weights[i].shape), *weights[i + 1 :]], exact)

        wanted = differences(loss, weights[i].reshape(-1)).reshape(found.shape)
        np.testing.assert_allclose(found, wanted.astype(float), rtol=0, atol=1e-13)


SIZES = {"rnn": 5, "lstm": 3, "gru": 5, "peep": 3}  # whose kernels the conformance suite compiles anyway


@pytest.mark.parametrize("name", SIZES)
def test_bpt_runs_find_these_gradients(name: str):
    """BPT-rnn, BPT-lstm, BPT-gru, BPT-peep: the norms that a run finds are those of the same arrays."""
    kind, more = CASES[name]
    own = settings(kind, SIZES[name], **more)
    found = measure(kind, ["gradient_norm"], network=True, task="white_noise", target=TARGET, **own)
    wanted = gradient(cell(made(kind, SIZES[name], **more)))
    norms = [np.linalg.norm(values) for values in wanted.values()]
    np.testing.assert_allclose(found["gradient_norm"][0], norms, rtol=0, atol=1e-13)


def test_bpt_peep0_without_peephole_weights_it_is_the_plain_cell():
    """BPT-peep0: the same loss to 1e-14, and the same gradient of everything else."""
    none = {"peephole_weights": "ones", "peephole_weights.scale": 0.0}
    plain, peeping = cell(made("lstm")), cell(made("lstm", **PEEP, **none))
    assert not peeping.pack.P_f.any()
    losses = [np.sum((path_of(c)[-1][:3] - TARGET) ** 2) for c in (plain, peeping)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-14)
    other = gradient(peeping)
    for label, values in gradient(plain).items():
        np.testing.assert_allclose(other[label], values, rtol=0, atol=1e-14)


def test_jor_04_the_form_of_torchs_gru_cell():
    """JOR-04: h' - h = (1 - z)(n - h), n = tanh(W_in x + b_in + r (W_hn h + b_hn))."""
    c = cell(made("gru"))
    p, h, x = c.pack, c.start, c.inputs[0]
    k = gates(p, h, x)
    wanted = torch_step("gru", stacked("gru", numbers(p)), x, h) - h
    np.testing.assert_allclose(step(p, h, x) - h, wanted, rtol=0, atol=1e-14)
    np.testing.assert_allclose((1 - k["u"]) * (k["candidate"] - h), wanted, rtol=0, atol=1e-14)


# ---- contributions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("units", [3, 5])
def test_grd_05_contributions_of_all_times_are_the_gradient(units: int):
    """GRD-05: the sum over k of dE/dx_T dx_T/dx_k d+x_k/dU, Pascanu 2013 eq. 3-5; his U are our W.

    What a run says of every lag is the norm of its contribution.
    """
    c = cell(made("rnn", units))
    path, parts = np.array(path_of(c)), pulled(c)
    slope = 1 - path[1:] ** 2
    g, contributions = 2.0 * (path[-1] - TARGET), []
    for k in range(c.steps, 0, -1):
        contributions.append(np.outer(g * slope[k - 1], path[k - 1]))
        g = g @ (slope[k - 1][:, None] * c.pack.W)
    total, full = np.sum(contributions, axis=0), gradient(c)["W"]
    np.testing.assert_allclose(total, full, rtol=0, atol=1e-15)
    for mine, part in zip(contributions, parts[::-1], strict=True):
        np.testing.assert_allclose(part["W"], mine, rtol=0, atol=1e-15)
    if units == 5:
        names = ["gradient_by_lag", "gradient_norm"]
        found = measure("rnn", names, network=True, task="white_noise", target=TARGET, **settings("rnn", 5))
        norms = [np.linalg.norm(mine) for mine in contributions]
        np.testing.assert_allclose(found["gradient_by_lag"][0, :, 0], norms, rtol=0, atol=1e-14)
        assert found["gradient_norm"][0, 0] == pytest.approx(np.linalg.norm(total), abs=1e-14)
