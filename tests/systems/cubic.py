"""x' = a x - x^3 + b: a family in which cycles of two steps fold where their flip turns subcritical.

Source: Y. A. Kuznetsov, Elements of Applied Bifurcation Theory, 3rd ed. 2004, section 9.3: generalised flip.
"""

from typing import Annotated, NamedTuple

from sim.generic import step
from sim.signature import About


class Cubic(NamedTuple):
    """Two parameters."""

    a: Annotated[float, About("slope at the origin")] = 1.0
    b: Annotated[float, About("imperfection")] = 0.0


@step.register
def _(p: Cubic, s, x):
    return p.a * s - s * s * s + p.b
