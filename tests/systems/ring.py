"""Six logistic maps on a ring, each coupled to its neighbours: a state of more numbers than registers hold.

Source: K. Kaneko, Prog. Theor. Phys. 72 (1984) 480, doi:10.1143/PTP.72.480.
"""

from typing import Annotated, NamedTuple

from sim.generic import step, units
from sim.signature import About

N = 6
START = (0.1, 0.25, 0.4, 0.55, 0.7, 0.85)


class Ring(NamedTuple):
    """Growth of each, and what it takes from its neighbours."""

    r: Annotated[float, About("growth rate")] = 3.9
    coupling: Annotated[float, About("share of the neighbours")] = 0.1


@units.register
def _(p: Ring):
    return tuple(f"x{i}" for i in range(N))


@step.register
def _(p: Ring, s, x):
    grown = [p.r * v * (1.0 - v) for v in s]
    half = 0.5 * p.coupling
    return tuple((1.0 - p.coupling) * grown[i] + half * (grown[i - 1] + grown[(i + 1) % N]) for i in range(N))
