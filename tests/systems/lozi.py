"""The Lozi map x' = 1 - a |x| + y, y' = b x: the Hénon map with straight pieces; det J = -b.

Source: R. Lozi, J. Phys. Colloques 39 (1978) C5-9, doi:10.1051/jphyscol:1978505.
"""

from typing import Annotated, NamedTuple

from sim.generic import step, units
from sim.signature import About


class Lozi(NamedTuple):
    """Folding at a corner, and contraction."""

    a: Annotated[float, About("strength of the folding")] = 1.7
    b: Annotated[float, About("contraction of areas")] = 0.5


@units.register
def _(p: Lozi):
    return ("x", "y")


@step.register
def _(p: Lozi, s, x):
    u, v = s
    return 1.0 - p.a * abs(u) + v, p.b * u
