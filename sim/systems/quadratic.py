"""The real quadratic map x' = x^2 + c, conjugate to the logistic map with c = r/2 - r^2/4.

Source: R. L. Devaney, An Introduction to Chaotic Dynamical Systems, 2nd ed. 1989, ch. 1.5.
"""

from typing import Annotated, Any, NamedTuple

from sim.generic import step
from sim.signature import About


class Quadratic(NamedTuple):
    """The constant."""

    c: Annotated[float, About("constant of the map")] = 0.15


@step.register
def _(p: Quadratic, s: Any, x: Any) -> Any:
    return s * s + p.c
