"""The logistic map x' = r x (1 - x): fixed points, period doubling and chaos on [0, 1] for 0 <= r <= 4.

Source: R. M. May, Simple mathematical models with very complicated dynamics, Nature 261 (1976) 459,
doi:10.1038/261459a0.
"""

from typing import Annotated, Any, NamedTuple

from sim.generic import step
from sim.signature import About

START = 0.5  # the critical point: its orbit finds every attracting cycle


class Logistic(NamedTuple):
    """The growth rate."""

    r: Annotated[float, About("growth rate")] = 3.5


@step.register
def _(p: Logistic, s: Any, x: Any) -> Any:
    z = p.r * s
    return z - z * s  # one product and one fused multiply-add
