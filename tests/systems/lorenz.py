"""The Lorenz equations: x' = sigma (y - x), y' = x (rho - z) - y, z' = x y - beta z.

Source: E. N. Lorenz, J. Atmos. Sci. 20 (1963) 130, doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2.
"""

from typing import Annotated, NamedTuple

from sim.generic import rhs, units
from sim.signature import About

START = (1.0, 1.0, 20.0)


class Lorenz(NamedTuple):
    """Convection in a layer that is heated from below."""

    sigma: Annotated[float, About("Prandtl number")] = 10.0
    rho: Annotated[float, About("Rayleigh number over its critical value")] = 28.0
    beta: Annotated[float, About("shape of the rolls")] = 8.0 / 3.0


@units.register
def _(p: Lorenz):
    return ("x", "y", "z")


@rhs.register
def _(p: Lorenz, s, x):
    u, v, w = s
    return p.sigma * (v - u), u * (p.rho - w) - v, u * v - p.beta * w
