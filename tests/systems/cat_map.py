"""The cat map of the torus: x' = 2 x + y, y' = x + y, both modulo 1; exponents +-ln((3 + sqrt 5) / 2).

Source: V. I. Arnold & A. Avez, Ergodic Problems of Classical Mechanics, 1968.
"""

from typing import NamedTuple

from sim.functions import where
from sim.generic import step, units

START = (0.3, 0.4)


class CatMap(NamedTuple):
    """There is nothing to set."""


@units.register
def _(p: CatMap):
    return ("x", "y")


@step.register
def _(p: CatMap, s, x):
    u, v = s
    low = u + v
    high = low + u  # both lie in [0, 3)
    return _rest(high), _rest(low)


def _rest(z):
    z = where(z >= 2.0, z - 2.0, z)
    return where(z >= 1.0, z - 1.0, z)
