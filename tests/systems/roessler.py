"""The Rössler equations: x' = -y - z, y' = x + a y, z' = b + z (x - c).

Source: O. E. Rössler, Phys. Lett. A 57 (1976) 397, doi:10.1016/0375-9601(76)90101-8.
"""

from typing import Annotated, NamedTuple

from sim.generic import rhs, units
from sim.signature import About

START = (1.0, 1.0, 0.0)


class Roessler(NamedTuple):
    """One fold and one spiral."""

    a: Annotated[float, About("growth of the spiral")] = 0.2
    b: Annotated[float, About("inflow of z")] = 0.2
    c: Annotated[float, About("where z begins to grow")] = 5.7


@units.register
def _(p: Roessler):
    return ("x", "y", "z")


@rhs.register
def _(p: Roessler, s, x):
    u, v, w = s
    return -v - w, u + p.a * v, p.b + w * (u - p.c)
