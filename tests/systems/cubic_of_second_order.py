"""x' = a x - x^3 + b + c y, y' = x: the cubic map with its state before the last.

Its cycles of two steps are those of the cubic map with x and y' scaled by 1 - c. Source as of `cubic.py`.
"""

from typing import Annotated, NamedTuple

from sim.generic import step, units
from sim.signature import About


class Cubic(NamedTuple):
    """Three parameters."""

    a: Annotated[float, About("slope at the origin")] = 1.0
    b: Annotated[float, About("imperfection")] = 0.0
    c: Annotated[float, About("weight of the state before")] = 0.3


@units.register
def _(p: Cubic):
    return ("x", "y")


@step.register
def _(p: Cubic, s, x):
    u, v = s
    return p.a * u - u * u * u + p.b + p.c * v, u
