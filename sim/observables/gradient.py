"""Exact gradient of the loss with respect to the parameters of a one-unit or scalar system.

dE/dp = sum over t of dE_t/ds[t] ds[t]/dp, with ds[t+1]/dp = J[t] ds[t]/dp + dF/dp carried forward beside the
states: no tape, one multiply-add a step for each parameter, where backpropagation would evaluate the step
twice.
"""

from typing import Annotated, NamedTuple

import numpy as np

from sim.errors import nearest, refuse
from sim.objective import LossFrom, Target, Truncation
from sim.observable import Coordinate, Declared, Facts, Forward
from sim.signature import About


class Keywords(NamedTuple):
    """What loss and all gradients share, and which derivatives are wanted."""

    target: Target = 0.0
    loss_from: LossFrom = -1
    truncation: Truncation = 0
    with_respect_to: Annotated[tuple[str, ...], About("parameters to derive by; an empty list is all")] = ()


def wanted(facts: Facts) -> tuple[str, ...]:
    """The parameters whose derivatives are stored; refused where one does not exist."""
    for name in facts.k.with_respect_to:
        if name not in facts.parameters:
            raise refuse(
                "parameters.with_respect_to", f"{name!r} is no parameter; {nearest(name, facts.parameters)}"
            )
    return facts.k.with_respect_to or facts.parameters


def declare(facts: Facts) -> Declared:
    """One number for each parameter."""
    labels = np.array(wanted(facts), dtype=object)
    return Declared(
        (Coordinate("parameter", labels, "parameter of the system", "1"),),
        "gradient of the loss",
        "1",
        "exact derivative of the loss with respect to each parameter, by forward accumulation",
        "R. J. Williams & D. Zipser, Neural Computation 1 (1989) 270, doi:10.1162/neco.1989.1.2.270",
    )


observable = Forward(declare, Keywords, wanted)
