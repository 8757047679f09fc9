"""Continuous-time recurrent network in state form, stepped by Euler: s' = (1 - alpha) s + alpha (W f(s) + U x + b)."""
from typing import NamedTuple
from sim.activations import activation
from sim.generic import output, step


class Unit(NamedTuple):
    w: float
    u: float
    b: float
    alpha: float
    activation: str


@step.register
def _(p: Unit, s, x):
    f = activation(p.activation).f
    return (1.0 - p.alpha) * s + p.alpha * (p.w * f(s) + (p.u * x + p.b))


@output.register
def _(p: Unit, s):
    return activation(p.activation).f(s)
