"""How the layers of a feed-forward network are drawn before learning: families of weights and biases by name.

As in `sim/weights.py`, each function returns the arrays of all seeds at once. `fan_in` is the number of
inputs of a neuron, the columns of its matrix.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np

from sim.activations import LEAK
from sim.draws import Draw
from sim.errors import nearest, refuse
from sim.signature import About
from sim.weights import gaussian, he, orthogonal, xavier


class Scaling(NamedTuple):
    """What every family of a feed-forward network's weights has."""

    gain: Annotated[float, About("factor on every matrix, applied after the product")] = 1.0
    seed: Annotated[int | None, About("a seed of its own; none takes the run's", "1", True)] = None


def uniform_fan_in(rows: int, columns: int, draw: Draw) -> np.ndarray:
    """Uniform on +-1/sqrt(fan_in): what torch.nn.Linear begins with (Y. LeCun et al., Efficient BackProp,
    1998, doi:10.1007/3-540-49430-8_2, has sqrt(3) times as much).
    """
    return (2.0 * draw.uniform(rows, columns) - 1.0) / np.sqrt(columns)


def normal(
    rows: int, columns: int, draw: Draw, *, scale: Annotated[float, About("standard deviation")] = 0.01
) -> np.ndarray:
    """Independent N(0, scale^2) whatever the fan_in (A. Krizhevsky et al., NIPS 2012, has scale 0.01)."""
    return scale * draw.normal(rows, columns)


def weights() -> Mapping[str, Callable[..., Any]]:
    """The families of weights of a layer."""
    members = (gaussian, xavier, he, uniform_fan_in, normal, orthogonal)
    return {member.__name__: member for member in members}


_GAINS = {"identity": 1.0, "sigmoid": 1.0, "tanh": 5.0 / 3.0, "relu": float(np.sqrt(2.0)), "selu": 0.75}


def recommended_gain(activation: str, *, leak: float | None = None) -> float:
    """The gain on weights of variance 1/fan_in that PyTorch recommends for an activation.

    1 for identity (there `linear`) and sigmoid, 5/3 for tanh, sqrt(2) for relu, sqrt(2 / (1 + leak^2)) for
    leaky_relu (`leak`: its slope below zero, 0.01 by default), 3/4 for selu. Those of relu and leaky_relu
    keep the second moment of gradients from layer to layer (K. He et al., ICCV 2015,
    doi:10.1109/ICCV.2015.123). The others are habits: tanh at 5/3 lies beyond the edge of chaos, which
    without biases is at 1.

    Source: torch.nn.init.calculate_gain. Errors: Refused for an activation that has none, and for a leak of
    another than leaky_relu.

    >>> recommended_gain("leaky_relu", leak=1.0)
    1.0
    """
    if activation == "leaky_relu":
        slope = LEAK if leak is None else leak
        return float(np.sqrt(2.0 / (1.0 + slope * slope)))
    if activation not in _GAINS:
        known = nearest(activation, [*_GAINS, "leaky_relu"])
        raise refuse("activation", f"{activation!r} has no recommended gain; {known}")
    if leak is not None:
        raise refuse("leak", f"leak belongs to leaky_relu, not to {activation}; leave it out")
    return _GAINS[activation]


def _zero(n: int, fan_in: int, draw: Draw) -> np.ndarray:
    """No bias."""
    return np.zeros((1, n))


def _uniform_fan_in(n: int, fan_in: int, draw: Draw) -> np.ndarray:
    """Uniform on +-1/sqrt(fan_in), as torch.nn.Linear begins with."""
    return (2.0 * draw.uniform(1, n)[:, 0] - 1.0) / np.sqrt(fan_in)


def _gaussian(
    n: int,
    fan_in: int,
    draw: Draw,
    *,
    scale: Annotated[float, About("standard deviation of each neuron's bias")] = 1.0,
) -> np.ndarray:
    """Independent N(0, scale^2)."""
    return scale * draw.normal(1, n)[:, 0]


def biases() -> Mapping[str, Callable[..., Any]]:
    """The families of biases of a layer; a number may stand in their place."""
    return {"zero": _zero, "uniform_fan_in": _uniform_fan_in, "gaussian": _gaussian}
