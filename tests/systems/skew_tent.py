"""The skew tent map: x' = x / c up to c, (1 - x) / (1 - c) from there; exponent -c ln c - (1 - c) ln(1 - c).

Source: closed form, e.g. E. Ott, Chaos in Dynamical Systems, 2nd ed. 2002, doi:10.1017/CBO9780511803260,
section 2.1: the density is uniform, the slope is 1/c on a part c of it.
"""

from typing import Annotated, NamedTuple

from sim.functions import where
from sim.generic import step
from sim.signature import About

START = 0.3141


class SkewTent(NamedTuple):
    """Where the tip stands."""

    c: Annotated[float, About("place of the tip, between 0 and 1")] = 0.35


@step.register
def _(p: SkewTent, s, x):
    return where(s < p.c, s / p.c, (1.0 - s) / (1.0 - p.c))
