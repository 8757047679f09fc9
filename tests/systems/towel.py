"""The folded-towel map: two directions that stretch, one that is folded up.

Source: O. E. Rössler, Phys. Lett. A 71 (1979) 155, doi:10.1016/0375-9601(79)90150-6.
"""

from typing import Annotated, NamedTuple

from sim.generic import step, units
from sim.signature import About

START = (0.085, -0.121, 0.075)


class Towel(NamedTuple):
    """Two logistic maps, and what is left between them."""

    a: Annotated[float, About("growth rate of x")] = 3.8
    b: Annotated[float, About("growth rate of z")] = 3.78


@units.register
def _(p: Towel):
    return ("x", "y", "z")


@step.register
def _(p: Towel, s, x):
    u, v, w = s
    bent = (v + 0.35) * (1.0 - 2.0 * w)
    return (
        p.a * u * (1.0 - u) - 0.05 * bent,
        0.1 * (bent - 1.0) * (1.0 - 1.9 * u),
        p.b * w * (1.0 - w) + 0.2 * v,
    )
