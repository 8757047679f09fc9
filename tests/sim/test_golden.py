"""Gradients against numbers that JAX computed (tests/sim/golden/make.py): exact ones, for machines without
JAX."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.draws import Draw
from tests.conftest import INTERPRETED
from tests.sim.cases import measure

GOLDEN = json.loads((Path(__file__).parent / "golden" / "gradients.json").read_text())
NETWORKS = GOLDEN["networks"]
OBSERVED = ("loss", "gradient_norm", "gradient_through_time", "log_jacobian_norm")


def cliff() -> dict[str, np.ndarray]:
    """Loss and gradient with respect to (w, b) at the golden points."""
    columns = {name: np.array(GOLDEN["cliff"][name]) for name in ("w", "b")}
    settings = {"alpha": 1.0, "steps": 50, "start": 0.5, "target": 0.7}
    found = measure("ctrnn", ["loss", "gradient"], columns, word="sigmoid", **settings)
    return {"loss": found["loss"], "gradient": found["gradient"][:, [0, 2]]}  # w, u, b, alpha


def network(setting: dict[str, Any], observables: tuple[str, ...]) -> dict[str, np.ndarray]:
    """The observables of one golden network."""
    settings = {name: setting[name] for name in ("steps", "target", "loss_from", "b", "start")}
    for group, array in (("weights", "W"), ("input_weights", "U")):
        settings |= {group: "matrix", f"{group}__matrix": setting[array]}
    columns = {"seed": [3]} | ({"alpha": [setting["alpha"]]} if setting["system"] == "ctrnn" else {})
    return measure(
        setting["system"],
        observables,
        columns,
        word=setting["activation"],
        network=True,
        task="white_noise",
        amplitude=0.7,
        **settings,
    )


def observed(setting: dict[str, Any]) -> tuple[str, ...]:
    """All where the kernels are there anyway, else the gradients."""
    return OBSERVED if setting["activation"] == "tanh" or INTERPRETED else OBSERVED[1:3]


def close(found: np.ndarray, wanted: Any, relative: float) -> None:
    """Relative to the largest number of each row."""
    wanted = np.asarray(wanted)
    scale = np.abs(wanted).max(axis=-1, keepdims=True) if wanted.ndim else np.abs(wanted)
    np.testing.assert_allclose(found / scale, wanted / scale, rtol=0, atol=relative)


def test_the_gradient_of_the_cliff_is_that_of_jax():
    """To 1e-9 away from the wall; on it one rounding decides between two states."""
    found = cliff()
    np.testing.assert_allclose(found["loss"], GOLDEN["cliff"]["loss"], rtol=1e-9)
    close(found["gradient"], GOLDEN["cliff"]["gradient"], 1e-9)


@pytest.mark.parametrize("setting", NETWORKS, ids=lambda s: f"{s['system']}-{s['activation']}")
def test_gradients_of_networks_are_those_of_jax(setting: dict[str, Any]):
    found = network(setting, observed(setting))
    for name in observed(setting):
        close(found[name][0], setting[name], 1e-9)


def test_the_golden_inputs_are_our_draws():
    drawn = 0.7 * Draw(3, "inputs").normal(1, 20)[0, 0]
    for setting in NETWORKS:
        assert setting["x"] == drawn[: setting["steps"]].tolist()
