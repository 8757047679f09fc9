"""Datasets of gradients, gates, singular values and memories, made by hand."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr

from tests.viz.stores import dataset


def through_time(steps: int = 30) -> xr.Dataset:
    """Gradients w^(T - t) of h, and of c, whose last one is zero, over (w, seed)."""
    w, lag = np.linspace(0.5, 1.2, 8), steps - np.arange(steps + 1)
    h = w[:, None] ** lag
    c = np.where(lag == 0, 0.0, h)
    values = np.stack([h, c], axis=-1)[:, None].repeat(2, axis=1)
    return dataset(
        {"gradient_through_time": (("w", "seed", "time", "part"), values)},
        {"w": w, "seed": np.arange(2)},
        {"time": np.arange(steps + 1), "part": np.array(["h", "c"], dtype=object)},
    )


def by_lag(steps: int = 50) -> xr.Dataset:
    """Contributions w^l to the gradient of a linear unit, and none to that of its input weight."""
    w, lag = np.array([0.5, 0.9, 1.1]), np.arange(steps)
    values = np.stack([w[:, None] ** lag, np.zeros((3, steps))], axis=-1)
    return dataset(
        {"gradient_by_lag": (("w", "lag", "parameter"), values)},
        {"w": w},
        {"lag": lag, "parameter": np.array(["w", "u"], dtype=object)},
    )


def layers(n: int = 12, width: int = 200, outputs: int = 10) -> xr.Dataset:
    """Norms that lose half a decade a layer (sigmoid), or none, with every other one dead (relu)."""
    random = np.random.default_rng(0)
    spread = 10.0 ** random.normal(0, 0.2, (2, n, width))
    spread[0] *= 10.0 ** (0.5 * np.arange(n)[:, None] - 0.5 * n)
    spread[1, :, ::2] = 0.0
    spread[:, -1, outputs:] = np.nan
    return dataset(
        {"neuron_gradient_norm": (("activation", "layer", "neuron"), spread)},
        {"activation": np.array(["sigmoid", "relu"], dtype=object)},
        {"layer": np.arange(1, n + 1), "neuron": np.arange(width)},
    )


def traces(units: int = 3, steps: int = 20) -> xr.Dataset:
    """Gates of a cell that open and shut, a candidate of both signs, over a forget bias."""
    b, t, unit = np.linspace(0, 5, 4), np.arange(steps), np.arange(units)
    waves = np.sin(t[None, :, None] / 3 + unit)
    f = 1 / (1 + np.exp(-(b[:, None, None] + waves)))
    gates = np.stack([f, 1 - f, f**2, waves + 0 * f], axis=2)
    return dataset(
        {"gate_trace": (("b_f", "step", "gate", "gate_unit"), gates)},
        {"b_f": b},
        {"step": t, "gate": np.array(["f", "i", "o", "candidate"], dtype=object), "gate_unit": unit},
    )


def fans(n: int = 16, ranks: bool = True) -> xr.Dataset:
    """Singular values gain^50 times a spectrum, the last of them zero, and effective ranks."""
    gain, index = np.linspace(0.5, 2, 12), np.arange(n)
    logs = 50 * np.log(gain)[None, :, None] - np.array([3.0, 0.0])[:, None, None] * index
    logs[:, :, -1] = -np.inf
    axes = {"weights": np.array(["gaussian", "orthogonal"], dtype=object), "gain": gain}
    variables = {"log_singular_values": (("weights", "gain", "index"), logs)}
    if ranks:
        variables["effective_rank"] = (("weights", "gain"), np.full((2, 12), 5.0))
    return dataset(variables, axes, {"index": index})


def memories(steps: int = 100) -> xr.Dataset:
    """Steps until w^t falls below 1 %, -1 from w = 1 on; relu like identity, sigmoid 3 everywhere."""
    w = np.linspace(0.5, 2.0, 61)
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = np.where(w < 1, np.ceil(np.log(0.01) / np.log(w)), np.inf)
    counted = np.where(needed <= steps, needed, -1).astype(np.int32)
    rows = np.stack([counted, counted, np.full(61, 3, np.int32)])
    data = dataset(
        {"memory_length": (("activation", "w"), rows)},
        {"activation": np.array(["relu", "identity", "sigmoid"], dtype=object), "w": w},
    )
    data["memory_length"].attrs |= {"units": "step", "long_name": "memory length"}
    data.attrs["sweep"] = json.dumps(json.loads(data.attrs["sweep"]) | {"parameters": {"steps": steps}})
    return data
