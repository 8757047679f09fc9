"""The Ikeda map z' = 1 + u z exp(i t), t = 0.4 - 6 / (1 + |z|^2): light in a ring cavity; det J = u^2.

Source: K. Ikeda, Opt. Commun. 30 (1979) 257, doi:10.1016/0030-4018(79)90090-7; the real form is that of S. M.
Hammel, C. K. R. T. Jones & J. V. Moloney, J. Opt. Soc. Am. B 2 (1985) 552, doi:10.1364/JOSAB.2.000552.
"""

from typing import Annotated, NamedTuple

from sim.functions import cos, sin
from sim.generic import step, units
from sim.signature import About


class Ikeda(NamedTuple):
    """Light that goes round."""

    u: Annotated[float, About("what the mirrors leave of the field in one round")] = 0.9


@units.register
def _(p: Ikeda):
    return ("x", "y")


@step.register
def _(p: Ikeda, s, x):
    a, b = s
    t = 0.4 - 6.0 / (1.0 + a * a + b * b)
    return 1.0 + p.u * (a * cos(t) - b * sin(t)), p.u * (a * sin(t) + b * cos(t))
