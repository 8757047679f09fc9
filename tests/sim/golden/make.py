"""`python -m tests.sim.golden.make` writes gradients.json: gradients by JAX in double precision, an
independent program.

The file serves the tests that run without JAX (`test_golden.py`); `test_oracle.py` computes it anew and
compares.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from sim.draws import Draw

jax.config.update("jax_enable_x64", True)

FILE = Path(__file__).parent / "gradients.json"
FUNCTIONS = {
    "identity": lambda z: z,
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "relu": jax.nn.relu,
    "leaky_relu": lambda z: jax.nn.leaky_relu(z, 0.01),
    "elu": jax.nn.elu,
    "softplus": jax.nn.softplus,
}


# the input x[t] of both units: 0.7 times our own draws of seed 3 (tests/sim/test_golden.py checks them)
INPUTS = (0.7 * Draw(3, "inputs").normal(1, 20)[0, 0]).tolist()


def cliff_points() -> tuple[np.ndarray, np.ndarray]:
    """Weights and biases on both sides of the wall b = 0.5 - sigma(0.5) w, none on it."""
    w = np.repeat(np.linspace(-7.0, 9.0, 9), 8)
    distance = np.tile([-3.0, -1.0, -0.3, -0.05, 0.05, 0.3, 1.0, 3.0], 9)
    return w, 0.5 - w / (1 + np.exp(-0.5)) + distance


def cliff_loss(p: Any) -> Any:
    """Pascanu, Mikolov & Bengio 2013, eq. (8): (sigma(s[50]) - 0.7)^2 with s' = w sigma(s) + b, s[0] =
    0.5."""
    end = jax.lax.scan(lambda s, _: (p[0] * jax.nn.sigmoid(s) + p[1], None), jnp.float64(0.5), length=50)[0]
    return (jax.nn.sigmoid(end) - 0.7) ** 2


def cliff() -> dict[str, Any]:
    """Loss and gradient at the points."""
    w, b = cliff_points()
    loss, gradient = jax.vmap(jax.value_and_grad(cliff_loss))(jnp.stack([w, b], axis=1))
    return {"w": w.tolist(), "b": b.tolist(), "loss": loss.tolist(), "gradient": gradient.tolist()}


def settings() -> list[dict[str, Any]]:
    """Networks of both systems, every activation once, with all their numbers written out."""
    random = np.random.default_rng(11)
    found = []
    for i, activation in enumerate(FUNCTIONS):
        n = 5
        found.append(
            {
                "system": ("rnn", "ctrnn")[i % 2],
                "activation": activation,
                "alpha": (1.0, 0.4)[i % 2],
                "steps": 10 + i,
                "loss_from": (-1, 0, 4)[i % 3],
                "target": 0.3,
                "x": INPUTS[: 10 + i],
                "W": (1.2 * random.normal(size=(n, n)) / np.sqrt(n)).tolist(),
                "U": random.normal(size=(n, 2)).tolist(),
                "b": (0.3 * random.normal(size=n)).tolist(),
                "start": random.normal(size=n).tolist(),
            }
        )
    return found


def network(setting: dict[str, Any]) -> dict[str, Any]:
    """Loss, norms of its gradients by array, norms of dE/ds[t] for every t, and log ||ds[t]/ds[0]||."""
    f, alpha, steps = FUNCTIONS[setting["activation"]], setting["alpha"], setting["steps"]
    arrays = {name: jnp.array(setting[name]) for name in ("W", "U", "b")}
    start = jnp.array(setting["start"])
    state_form = setting["system"] == "ctrnn"
    first = setting["loss_from"] if setting["loss_from"] >= 0 else steps

    def step(p: Any, s: Any, x: Any) -> Any:
        x = jnp.full(2, x)
        if state_form:
            return (1 - alpha) * s + alpha * (p["W"] @ f(s) + p["U"] @ x + p["b"])
        return f(p["W"] @ s + p["U"] @ x + p["b"])

    def states(p: Any, nudges: Any) -> list[Any]:
        path = [start + nudges[0]]
        for t in range(steps):
            path.append(step(p, path[-1], setting["x"][t]) + nudges[t + 1])
        return path

    def loss(p: Any, nudges: Any) -> Any:
        path = states(p, nudges)
        outputs = [f(s) if state_form else s for s in path[first:]]
        return sum(jnp.sum((h - setting["target"]) ** 2) for h in outputs)

    nothing = jnp.zeros((steps + 1, len(start)))
    value, (by_array, through) = jax.value_and_grad(loss, argnums=(0, 1))(arrays, nothing)
    products = jax.jacfwd(lambda s: jnp.stack(states(arrays, nothing.at[0].set(s))))(jnp.zeros(len(start)))
    return {
        "loss": float(value),
        "gradient_norm": [float(jnp.linalg.norm(by_array[name])) for name in ("W", "U", "b")],
        "gradient_through_time": jnp.linalg.norm(through, axis=1).tolist(),
        "log_jacobian_norm": [float(jnp.log(jnp.linalg.norm(product, 2))) for product in products],
    }


def everything() -> dict[str, Any]:
    """What the file holds."""
    return {
        "made by": f"tests/sim/golden/make.py with JAX {jax.__version__}",
        "cliff": cliff(),
        "networks": [setting | network(setting) for setting in settings()],
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(everything(), indent=1) + "\n")
