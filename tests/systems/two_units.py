"""Two tanh units, x' = tanh(v x + c y), y' = tanh(d x + w y): the state 0 has the multipliers of the matrix.

Without c and d it meets a pitchfork on v = 1 and another on w = 1, and flips on v = -1 and on w = -1. With
v = w = 0 the multipliers are the roots of c d: 1 and -1 on c d = 1, i and -i on c d = -1. Source: by hand.
"""

from typing import NamedTuple

from sim.functions import tanh
from sim.generic import step, units

START = (0.1, 0.2)


class Weights(NamedTuple):
    """The matrix, row by row."""

    v: float = 0.0
    c: float = 0.0
    d: float = 0.0
    w: float = 0.0


@units.register
def _(p: Weights):
    return ("x", "y")


@step.register
def _(p: Weights, s, x):
    u, v = s
    return tanh(p.v * u + p.c * v), tanh(p.d * u + p.w * v)
