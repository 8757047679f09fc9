"""A continuous-time network of three units with time constants of their own, chaotic with these weights:
tau_i ds_i/dt = -s_i + sum_j W_ij sigma(s_j + b_j) + x_i.

Source: R. D. Beer, Adaptive Behavior 3 (1995) 469, doi:10.1177/105971239500300405 (the chaotic network of
three neurons).
"""

from typing import Annotated, Any, NamedTuple

from sim import weights as families
from sim.functions import outer, sigmoid
from sim.generic import inputs, output, output_jvp, output_vjp, rhs, rhs_jvp, rhs_vjp, units
from sim.matrices import vectors
from sim.signature import About, Family

START = (-0.5, 0.4, 0.2)
DEFAULTS = {"flow.weights.matrix": ((5.422, -0.018, 2.75), (-0.24, 4.59, 1.21), (0.535, -2.25, 3.885))}


class Beer(NamedTuple):
    """W (n, n), bias (n,), time constants (n,)."""

    W: Any
    b: Any
    tau: Any


@units.register
def _(p: Beer):
    return p.W.shape[0]


@inputs.register
def _(p: Beer):
    return p.W.shape[0]


@output.register
def _(p: Beer, s):
    return sigmoid(s + p.b)


@output_jvp.register
def _(p: Beer, s, v):
    h = sigmoid(s + p.b)
    return h * (1.0 - h) * v


@output_vjp.register
def _(p: Beer, s, g):
    h = sigmoid(s + p.b)
    return h * (1.0 - h) * g


@rhs.register
def _(p: Beer, s, x):
    return (p.W @ sigmoid(s + p.b) + x - s) / p.tau


@rhs_jvp.register
def _(p: Beer, s, x, v, y):
    h = sigmoid(s + p.b)
    return (p.W @ (h * (1.0 - h) * v) + y - v) / p.tau


@rhs_vjp.register
def _(p: Beer, s, x, g):
    h = sigmoid(s + p.b)
    a = g / p.tau
    back = h * (1.0 - h) * (p.W.T @ a)
    slow = -(a / p.tau) * (p.W @ h + x - s)
    return Beer(outer(a, h), back, slow), back - a, a


def build(
    *,
    units: Annotated[int, About("number of units")] = 3,
    weights: Annotated[
        Any, About("recurrent weights"), Family(families.recurrent, common=families.Scaling)
    ] = "matrix",
    b: Annotated[float, About("bias"), Family(families.biases, "start")] = (-4.108, -2.787, -1.114),
    tau: Annotated[float, About("time constants"), Family(families.biases, "start")] = (1.0, 2.5, 1.0),
) -> Beer:
    """The pack of a network with these settings."""
    W = weights.matrices(units, units)
    return Beer(W, vectors(b, units, "parameters.b"), vectors(tau, units, "parameters.tau"))
