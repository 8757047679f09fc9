"""How the layers of a feed-forward network are drawn before learning: families of weights and biases by name.

As in `sim/weights.py`, each function returns the arrays of all seeds at once. `fan_in` is the number of
inputs of a neuron, the columns of its matrix.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np

from sim.draws import Draw
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
