"""The cusp normal form x' = x + mu + lambda x - x^3, whose fixed points are the equilibria of a flow.

Source: E. J. Doedel & B. E. Oldeman, AUTO-07P manual, demo cusp.
"""

from typing import Annotated, NamedTuple

from sim.generic import step
from sim.signature import About


class Cusp(NamedTuple):
    """Two parameters."""

    mu: Annotated[float, About("imperfection")] = 0.0
    slope: Annotated[float, About("lambda: slope at the origin")] = 1.0


@step.register
def _(p: Cusp, s, x):
    return s + p.mu + p.slope * s - s * s * s
