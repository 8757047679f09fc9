"""Datasets of a store's shape, made by hand: what a view may meet, without running a sweep."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr

FLAGS = {
    "flag_values": list(range(8)),
    "flag_meanings": "pending ok diverged not_converged step_limit timeout crashed out_of_memory",
    "long_name": "outcome of the cell",
    "units": "1",
}


def dataset(
    variables: dict[str, tuple[tuple[str, ...], np.ndarray]],
    axes: dict[str, np.ndarray],
    own: dict[str, np.ndarray] | None = None,
    outcome: np.ndarray | None = None,
    title: str = "a test",
) -> xr.Dataset:
    """A dataset as a store gives it: sweep axes in order, own coordinates, outcomes with flags,
    attributes."""
    shape = tuple(len(values) for values in axes.values())
    codes = np.ones(shape, np.uint8) if outcome is None else outcome
    held = {
        name: (dims, values, {"long_name": f"the {name}", "units": "1", "comment": "", "source": ""})
        for name, (dims, values) in variables.items()
    }
    held["outcome"] = (tuple(axes), codes, FLAGS)
    coordinates = {**axes, **(own or {})}
    sweep = {"name": "test", "axes": [{"name": name} for name in axes]}
    return xr.Dataset(held, coordinates, {"title": title, "sweep": json.dumps(sweep), "schema": 1})


def cliff(n: int = 64) -> xr.Dataset:
    """The loss and gradient of a one-unit sigmoid network with its wall, 50 steps, over (w, b)."""
    w, b = np.linspace(0, 8, n), np.linspace(-6, 2, n)
    s = np.full((n, n), 0.5)
    d_w, d_b = np.zeros((n, n)), np.zeros((n, n))
    for _ in range(50):
        f = 1 / (1 + np.exp(-s))
        slope = w[:, None] * f * (1 - f)
        s, d_w, d_b = w[:, None] * f + b, f + slope * d_w, 1 + slope * d_b
    f = 1 / (1 + np.exp(-s))
    pull = 2 * (f - 0.7) * f * (1 - f)
    gradient = np.stack([pull * d_w, pull * d_b], axis=-1)
    return dataset(
        {"loss": (("w", "b"), (f - 0.7) ** 2), "gradient": (("w", "b", "parameter"), gradient)},
        {"w": w, "b": b},
        {"parameter": np.array(["w", "b"], dtype=object)},
        title="Loss cliff of a one-unit network",
    )


def fan() -> xr.Dataset:
    """Trajectories of h = f(w h) for four activations and two starts."""
    functions = {
        "identity": lambda z: z,
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        "tanh": np.tanh,
        "relu": lambda z: np.maximum(z, 0),
    }
    w, start, time = np.linspace(-1.5, 1.5, 13), np.array([-0.5, 0.5]), np.arange(21)
    out = np.empty((4, 2, 13, 21))
    for i, function in enumerate(functions.values()):
        h = np.broadcast_to(start[:, None], (2, 13)).copy()
        for t in time:
            out[i, :, :, t] = h
            h = function(w * h)
    return dataset(
        {"trajectory": (("activation", "start", "w", "time"), out)},
        {"activation": np.array(list(functions), dtype=object), "start": start, "w": w},
        {"time": time},
        title="Fan",
    )


def logistic(n: int = 600, n_iterates: int = 200) -> xr.Dataset:
    """Orbits of the logistic map after 500 steps."""
    r = np.linspace(2.8, 4.0, n)
    x = np.full(n, 0.3)
    for _ in range(500):
        x = r * x * (1 - x)
    out = np.empty((n, n_iterates))
    for i in range(n_iterates):
        out[:, i] = x
        x = r * x * (1 - x)
    return dataset(
        {"orbit": (("r", "iterate"), out)},
        {"r": r},
        {"iterate": np.arange(n_iterates)},
        title="Logistic orbits",
    )


def mandelbrot(n: int = 200, steps: int = 200) -> xr.Dataset:
    """Escape times of z = z² + c, -1 where it stays."""
    re, im = np.linspace(-2.2, 0.8, n), np.linspace(-1.2, 1.2, n)
    c = re[:, None] + 1j * im
    z, times = np.zeros_like(c), np.full(c.shape, -1, np.int32)
    for step in range(1, steps):
        z = np.where(times < 0, z * z + c, z)
        times[(np.abs(z) > 2) & (times < 0)] = step
    return dataset(
        {"escape_time": (("c_re", "c_im"), times)}, {"c_re": re, "c_im": im}, title="Mandelbrot set"
    )
