"""The Ricker map s' = s exp(r (1 - s)): at r = 0 every state stands still.

Source: W. E. Ricker, J. Fish. Res. Board Can. 11 (1954) 559, doi:10.1139/f54-039.
"""

from typing import NamedTuple

from sim.functions import exp
from sim.generic import step

START = 0.5


class Ricker(NamedTuple):
    """Growth."""

    r: float = 2.0


@step.register
def _(p: Ricker, s, x):
    return s * exp(p.r * (1.0 - s))
