"""A map of an angle and a number whose two attracting fixed points have basins with a fractal boundary:
t' = t + a sin 2t - b sin 4t - x sin t, x' = -J cos t.

Source: C. Grebogi, E. Ott & J. A. Yorke, Phys. Rev. Lett. 50 (1983) 935, doi:10.1103/PhysRevLett.50.935.
"""

from typing import Annotated, NamedTuple

from sim.functions import cos, sin
from sim.generic import step, units
from sim.signature import About


class Grebogi(NamedTuple):
    """Two harmonics of the angle, and the coupling."""

    a: Annotated[float, About("strength of the second harmonic")] = 1.32
    b: Annotated[float, About("strength of the fourth harmonic")] = 0.9
    J: Annotated[float, About("coupling")] = 0.3


@units.register
def _(p: Grebogi):
    return ("t", "x")


@step.register
def _(p: Grebogi, s, x):
    t, v = s
    return t + p.a * sin(2.0 * t) - p.b * sin(4.0 * t) - v * sin(t), -p.J * cos(t)
