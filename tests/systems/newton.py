"""Newton's method for z^3 = 1: z' = z - (z^3 - 1) / (3 z^2). The basins of the three roots share a boundary.

Source: A. Cayley, Am. J. Math. 2 (1879) 97, doi:10.2307/2369201; H.-O. Peitgen & P. Richter, The Beauty of
Fractals, 1986, doi:10.1007/978-3-642-61717-1.
"""

from typing import NamedTuple

from sim.generic import step, units

START = (0.3, 0.4)


class Newton(NamedTuple):
    """There is nothing to set."""


@units.register
def _(p: Newton):
    return ("re", "im")


@step.register
def _(p: Newton, s, x):
    u, v = s
    size = (u * u + v * v) * (u * u + v * v)
    return 2.0 / 3.0 * u + (u * u - v * v) / (3.0 * size), 2.0 / 3.0 * v - 2.0 * u * v / (3.0 * size)
