"""x' = a x + b y - x^3, y' = x: trace a and determinant -b of the Jacobian at 0 are its parameters.

Its bifurcation curves of 0 are the stability triangle. Source: E. I. Jury, Theory and Application of the
z-Transform Method, 1964.
"""

from typing import Annotated, NamedTuple

from sim.generic import step, units
from sim.signature import About


class Resonant(NamedTuple):
    """Trace and minus the determinant."""

    a: Annotated[float, About("trace")] = 0.5
    b: Annotated[float, About("minus the determinant")] = 0.0


@units.register
def _(p: Resonant):
    return ("x", "y")


@step.register
def _(p: Resonant, s, x):
    u, v = s
    return p.a * u + p.b * v - u * u * u, u
