"""The standard map on the torus: q' = q + p', p' = p + k sin q, both modulo 2 pi.

Each angle is brought back into [0, 2 pi) by choices, which takes |k| up to 4 pi. Source: B. V. Chirikov,
Phys. Rep. 52 (1979) 263, doi:10.1016/0370-1573(79)90023-1.
"""

from typing import Annotated, NamedTuple

import numpy as np

from sim.functions import sin, where
from sim.generic import step, units
from sim.signature import About

START = (0.1, 0.2)
TURN = 2.0 * np.pi


class StandardMap(NamedTuple):
    """A rotor that is kicked."""

    k: Annotated[float, About("strength of the kick")] = 10.0


@units.register
def _(p: StandardMap):
    return ("q", "p")


def turned(angle):
    """An angle within two turns of [0, 2 pi), in it."""
    angle = where(angle >= 2.0 * TURN, angle - 2.0 * TURN, angle)
    angle = where(angle < -TURN, angle + 2.0 * TURN, angle)
    angle = where(angle >= TURN, angle - TURN, angle)
    return where(angle < 0.0, angle + TURN, angle)


@step.register
def _(p: StandardMap, s, x):
    q, momentum = s
    momentum = turned(momentum + p.k * sin(q))
    return turned(q + momentum), momentum
