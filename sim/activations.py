"""Activation functions f(z) by name, each with its slope f'(z) written in h = f(z).

In terms of h the backward pass needs no z: what it reads is the tape of states. At the kink of relu and
leaky_relu the derivative is the left one (0 and `LEAK`), as in PyTorch.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from sim.errors import nearest, refuse
from sim.functions import expm1, sigmoid, softplus, tanh, where

LEAK = 0.01
Name = Literal["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus"]


class Activation(NamedTuple):
    """f(z), and its slope as a function of h = f(z)."""

    f: Callable[[Any], Any]
    slope: Callable[[Any], Any]


ACTIVATIONS = {
    "identity": Activation(lambda z: z, lambda h: 1.0),
    "sigmoid": Activation(sigmoid, lambda h: h * (1.0 - h)),
    "tanh": Activation(tanh, lambda h: 1.0 - h * h),
    "relu": Activation(lambda z: where(z <= 0.0, 0.0, z), lambda h: where(h > 0.0, 1.0, 0.0)),
    "leaky_relu": Activation(lambda z: where(z <= 0.0, LEAK * z, z), lambda h: where(h > 0.0, 1.0, LEAK)),
    # the inner choice keeps expm1 finite where it is not wanted: 0 * inf would make its derivative NaN
    "elu": Activation(
        lambda z: where(z <= 0.0, expm1(where(z <= 0.0, z, 0.0)), z), lambda h: where(h > 0.0, 1.0, h + 1.0)
    ),
    "softplus": Activation(softplus, lambda h: -expm1(-h)),
}


def activation(name: str) -> Activation:
    """The activation of this name; refused with the list of names."""
    if name not in ACTIVATIONS:
        raise refuse("parameters.activation", f"{name!r} is no activation; {nearest(name, ACTIVATIONS)}")
    return ACTIVATIONS[name]
