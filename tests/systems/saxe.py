"""Two layers of one linear unit each that learn to multiply by s: tau du/dt = 2 u (s - u), u their product.

From u0 it goes as u(t) = s e / (e - 1 + s / u0) with e = exp(2 s t / tau). Source: A. M. Saxe, J. L.
McClelland & S. Ganguli, Exact solutions to the nonlinear dynamics of learning in deep linear neural networks,
2014, arXiv:1312.6120, eq. 8-10.
"""

from typing import Annotated, NamedTuple

from sim.generic import rhs
from sim.signature import About

START = 0.01


class TwoLayers(NamedTuple):
    """What is to be learnt, and how slowly."""

    s: Annotated[float, About("the singular value that is learnt")] = 3.0
    tau: Annotated[float, About("time constant of learning")] = 1.0


@rhs.register
def _(p: TwoLayers, u, x):
    return 2.0 * u * (p.s - u) / p.tau
