"""Gradients against numbers that JAX computed (tests/sim/golden/make.py): exact ones, for machines without
JAX."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.run import prepare

GOLDEN = json.loads((Path(__file__).parent / "golden" / "gradients.json").read_text())
NETWORKS = GOLDEN["networks"]
OBSERVED = ("loss", "gradient_norm", "gradient_through_time", "log_jacobian_norm")


def cliff() -> dict[str, np.ndarray]:
    """Loss and gradient with respect to (w, b) at the golden points."""
    fixed = {"activation": "sigmoid", "alpha": 1.0, "steps": 50, "start": 0.5, "target": 0.7}
    run = prepare("ctrnn", observables=["loss", "gradient"], fixed=fixed, varied=["w", "b"])
    found = run.evaluate({name: np.array(GOLDEN["cliff"][name]) for name in ("w", "b")})
    labels = list(run.coordinates[0].values)
    return {"loss": found["loss"], "gradient": found["gradient"][:, [labels.index("w"), labels.index("b")]]}


def network(setting: dict[str, Any], observables: tuple[str, ...] = OBSERVED) -> dict[str, np.ndarray]:
    """The observables of one golden network."""
    fixed = {name: setting[name] for name in ("activation", "steps", "target", "loss_from", "b", "start")}
    fixed |= {"units": len(setting["b"]), "inputs": 2, "amplitude": setting["x"]}
    for group, array in (("weights", "W"), ("input_weights", "U")):
        fixed |= {group: "matrix", f"{group}.matrix": setting[array]}
    if setting["system"] == "ctrnn":
        fixed["alpha"] = setting["alpha"]
    return prepare(setting["system"], task="constant", observables=observables, fixed=fixed).evaluate({})


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
    found = network(setting)
    for name in OBSERVED:
        close(found[name][0], setting[name], 1e-9)
