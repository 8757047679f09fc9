"""The Hénon map x' = 1 - a x^2 + y, y' = b x: a strange attractor at a = 1.4, b = 0.3.

Source: M. Hénon, Commun. Math. Phys. 50 (1976) 69, doi:10.1007/BF01608556.
"""

from typing import Annotated, Any, NamedTuple

from sim.generic import step, units
from sim.signature import About


class Henon(NamedTuple):
    """Folding and contraction."""

    a: Annotated[float, About("strength of the folding")] = 1.4
    b: Annotated[float, About("contraction of areas; det J = -b")] = 0.3


@units.register
def _(p: Henon) -> tuple[str, ...]:
    return ("x", "y")


@step.register
def _(p: Henon, s: Any, x: Any) -> Any:
    u, v = s
    return 1.0 - p.a * u * u + v, p.b * u
