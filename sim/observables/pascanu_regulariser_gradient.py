"""The gradient of Omega (`pascanu_regulariser`) with respect to each weight array, as Frobenius norms.

As in the paper the states and the incoming gradient are held: only J[t] itself is differentiated. A step
that no gradient comes into, or goes out of, adds nothing.
"""

import numpy as np

from sim.objective import GradientKeywords
from sim.observable import Coordinate, Declared, Facts, Norms


def declare(facts: Facts) -> Declared:
    """One number for each array of parameters."""
    names = np.array(facts.parameters, dtype=object)
    return Declared(
        (Coordinate("parameter", names, "parameter array of the network", "1"),),
        "norm of the regulariser's gradient",
        "1",
        "Frobenius norm of dOmega/dW, dOmega/dU, dOmega/db with states and incoming gradients held",
        "R. Pascanu, T. Mikolov & Y. Bengio, ICML 2013, arXiv:1211.5063, eq. (10)",
    )


observable = Norms(declare, GradientKeywords, of="regulariser")
