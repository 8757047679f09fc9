"""Gradients against JAX and PyTorch, computed here and now; the golden file against both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.sim.test_golden import GOLDEN, NETWORKS, OBSERVED, cliff, close, network, observed

pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def make():
    pytest.importorskip("jax", reason="JAX is not installed (extra `oracle`)")
    from tests.sim.golden import make

    return make


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed (extra `oracle`)")


def test_the_cliff_against_jax(make):
    fresh = make.cliff()
    np.testing.assert_array_equal(fresh["w"], GOLDEN["cliff"]["w"])
    np.testing.assert_allclose(fresh["loss"], GOLDEN["cliff"]["loss"], rtol=1e-9)
    close(np.array(GOLDEN["cliff"]["gradient"]), fresh["gradient"], 1e-9)
    found = cliff()
    np.testing.assert_allclose(found["loss"], fresh["loss"], rtol=1e-9)
    close(found["gradient"], fresh["gradient"], 1e-9)


@pytest.mark.parametrize(
    "number", range(len(NETWORKS)), ids=lambda i: f"{NETWORKS[i]['system']}-{NETWORKS[i]['activation']}"
)
def test_networks_against_jax(make, number: int):
    setting = make.settings()[number]
    fresh = make.network(setting)
    for name, value in setting.items():
        assert value == NETWORKS[number][name], "the golden file is of other settings: make it again"
    found = network(setting, observed(setting))
    for name in OBSERVED:
        close(np.array(NETWORKS[number][name]), fresh[name], 1e-11)
    for name in observed(setting):
        close(found[name][0], fresh[name], 1e-9)


def test_the_cliff_against_torch(torch):
    w, b = (torch.tensor(GOLDEN["cliff"][name], dtype=torch.float64, requires_grad=True) for name in "wb")
    s = torch.full_like(w, 0.5)
    for _ in range(50):
        s = w * torch.sigmoid(s) + b
    loss = (torch.sigmoid(s) - 0.7) ** 2
    loss.sum().backward()
    found = cliff()
    np.testing.assert_allclose(found["loss"], loss.detach().numpy(), rtol=1e-9)
    close(found["gradient"], torch.stack([w.grad, b.grad], dim=1).numpy(), 1e-9)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_vanilla_networks_against_torchs_own(torch, activation: str):
    """BPT-rnn: torch.nn.RNN is h' = f(W h + b_hh + U x + b_ih)."""
    torch.manual_seed(3)
    layer = torch.nn.RNN(2, 5, nonlinearity=activation, dtype=torch.float64)
    start = torch.randn(1, 5, dtype=torch.float64)
    x = NETWORKS[0]["x"]
    inputs = torch.tensor(x, dtype=torch.float64)[:, None].repeat(1, 2)
    outputs, _ = layer(inputs, start)
    ((outputs[-1] - 0.3) ** 2).sum().backward()
    setting: dict[str, Any] = {
        "system": "rnn",
        "activation": activation,
        "steps": len(x),
        "loss_from": -1,
        "target": 0.3,
        "W": layer.weight_hh_l0.tolist(),
        "U": layer.weight_ih_l0.tolist(),
        "b": (layer.bias_hh_l0 + layer.bias_ih_l0).tolist(),
        "start": start[0].tolist(),
    }
    found = network(setting, ("gradient_norm",))
    wanted = [layer.weight_hh_l0.grad.norm(), layer.weight_ih_l0.grad.norm(), layer.bias_hh_l0.grad.norm()]
    close(found["gradient_norm"][0], [float(norm) for norm in wanted], 1e-12)
