"""Exact gradient of the loss with respect to the parameters of a one-unit or scalar system.

dE/dp = sum over t of dE_t/ds[t] ds[t]/dp, with ds[t+1]/dp = J[t] ds[t]/dp + dF/dp carried forward beside the
states: no tape, one multiply-add a step for each parameter, where backpropagation would evaluate the step
twice.
"""

import numpy as np

from sim.objective import Keywords
from sim.observable import Coordinate, Declared, Facts, Forward


def declare(facts: Facts) -> Declared:
    """One number for each parameter."""
    labels = np.array(facts.parameters, dtype=object)
    return Declared(
        (Coordinate("parameter", labels, "parameter of the system", "1"),),
        "gradient of the loss",
        "1",
        "exact derivative of the loss with respect to each parameter, by forward accumulation",
        "R. J. Williams & D. Zipser, Neural Computation 1 (1989) 270, doi:10.1162/neco.1989.1.2.270",
    )


observable = Forward(declare, Keywords)
