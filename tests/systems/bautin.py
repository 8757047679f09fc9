"""A stable point inside a stable cycle, the normal form of the Bautin bifurcation beyond it:
dr/dt = r (-3/4 + 2 r^2 - r^4), dphi/dt = 1; the cycle r^2 = 1/2 between them repels, r^2 = 3/2 attracts.

Source: Yu. A. Kuznetsov, Elements of Applied Bifurcation Theory (Springer 2004), 8.3.
"""

from typing import NamedTuple

from sim.generic import rhs, units

START = (0.5, 0.0)


class Bautin(NamedTuple):
    """The frequency."""

    frequency: float = 1.0


@units.register
def _(p: Bautin):
    return ("x", "y")


@rhs.register
def _(p: Bautin, s, x):
    a, b = s
    r = a * a + b * b
    growth = -0.75 + 2.0 * r - r * r
    return growth * a - p.frequency * b, growth * b + p.frequency * a
