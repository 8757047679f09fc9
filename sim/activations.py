"""Activation functions f(z) by name, each with its derivative written in z and h = f(z).

At the kink of relu and leaky_relu the derivative is the left one (0 and `LEAK`), as in PyTorch.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from sim.errors import nearest, refuse
from sim.functions import expm1, sigmoid, softplus, tanh, where

LEAK = 0.01


class Activation(NamedTuple):
    """f(z) and its slope, a function of z and h = f(z)."""

    f: Callable[[Any], Any]
    slope: Callable[[Any, Any], Any]


ACTIVATIONS = {
    "identity": Activation(lambda z: z, lambda z, h: 0.0 * z + 1.0),
    "sigmoid": Activation(sigmoid, lambda z, h: h * (1.0 - h)),
    "tanh": Activation(tanh, lambda z, h: 1.0 - h * h),
    "relu": Activation(lambda z: where(z <= 0.0, 0.0, z), lambda z, h: where(z > 0.0, 1.0, 0.0 * z)),
    "leaky_relu": Activation(lambda z: where(z <= 0.0, LEAK * z, z), lambda z, h: where(z > 0.0, 1.0, 0.0 * z + LEAK)),
    "elu": Activation(lambda z: where(z <= 0.0, expm1(z), z), lambda z, h: where(z > 0.0, 1.0, h + 1.0)),
    "softplus": Activation(softplus, lambda z, h: sigmoid(z)),
}


def activation(name: str) -> Activation:
    """The activation of this name; refused with the list of names."""
    if name not in ACTIVATIONS:
        raise refuse("parameters.activation", f"{name!r} is no activation; {nearest(name, ACTIVATIONS)}")
    return ACTIVATIONS[name]
