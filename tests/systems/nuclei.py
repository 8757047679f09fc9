"""Newton's method for the c whose critical point has period p under z^2 + c: c' = c - P(c) / P'(c).

P(c) is the p-th iterate of 0. The attracting fixed points are the nuclei of the Mandelbrot set.

Source: J. Hubbard, D. Schleicher & S. Sutherland, Invent. Math. 146 (2001) 1, doi:10.1007/s002220100149.
"""

from typing import Annotated, NamedTuple

from sim.generic import step, units
from sim.signature import About

START = (-0.2, 0.9)


class Nuclei(NamedTuple):
    """The period of the critical point, or a multiple of it."""

    period: int


@units.register
def _(p: Nuclei):
    return ("re", "im")


@step.register
def _(p: Nuclei, s, x):
    a, b = s
    u, v, du, dv = a, b, 1.0, 0.0  # P and dP/dc, begun at P = c
    for _ in range(p.period - 1):
        du, dv = 2.0 * (u * du - v * dv) + 1.0, 2.0 * (u * dv + v * du)
        u, v = u * u - v * v + a, 2.0 * u * v + b
    size = du * du + dv * dv
    return a - (u * du + v * dv) / size, b - (v * du - u * dv) / size


def build(*, period: Annotated[int, About("period of the critical point")] = 3) -> Nuclei:
    """The pack for this period."""
    return Nuclei(period)
