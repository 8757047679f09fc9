"""The rate of a population that excites itself: tau dr/dt = -r + F(w r + drive), F(z) = 1 / (1 + exp(-a (z -
theta))) - 1 / (1 + exp(a theta)).

Source: H. R. Wilson & J. D. Cowan, Biophys. J. 12 (1972) 1, doi:10.1016/S0006-3495(72)86068-5; with the
numbers of the Neuromatch Academy tutorial on neural rate models.
"""

from typing import Annotated, NamedTuple

from sim.functions import exp, sigmoid
from sim.generic import rhs
from sim.signature import About


class WilsonCowan(NamedTuple):
    """Gain, threshold, feedback and drive."""

    w: Annotated[float, About("weight of the feedback")] = 5.0
    drive: Annotated[float, About("input from outside")] = 0.5
    a: Annotated[float, About("gain")] = 1.2
    theta: Annotated[float, About("threshold")] = 2.8
    tau: Annotated[float, About("time constant")] = 1.0


@rhs.register
def _(p: WilsonCowan, r, x):
    z = p.w * r + p.drive
    return (sigmoid(p.a * (z - p.theta)) - 1.0 / (1.0 + exp(p.a * p.theta)) - r) / p.tau
