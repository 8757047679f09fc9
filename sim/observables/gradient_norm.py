"""The Frobenius norm of the gradient of the loss with respect to each weight array of a network (W, U, b), or
to each layer of one that has layers. A number that is learnt, the gain of a normalisation, is an array of
one.
"""

import numpy as np

from sim.labels import layer
from sim.objective import GradientKeywords
from sim.observable import Coordinate, Declared, Facts, Norms


def declare(facts: Facts) -> Declared:
    """One number for each array of parameters; of a layered system, for each layer's matrix."""
    if facts.layers:
        return Declared(
            (layer(facts),),
            "norm of the gradient of the loss",
            "1",
            "Frobenius norm of dE/dW (W with its gain) of each layer, by backpropagation",
            "D. E. Rumelhart, G. E. Hinton & R. J. Williams, Nature 323 (1986) 533, doi:10.1038/323533a0",
        )
    return Declared(
        (
            Coordinate(
                "parameter", np.array(facts.parameters, dtype=object), "parameter array of the network", "1"
            ),
        ),
        "norm of the gradient of the loss",
        "1",
        "Frobenius norm of dE/dW (W with its gain), dE/dU, dE/db, and modulus of that by a number that is "
        "learnt, by backpropagation through time",
        "P. J. Werbos, Proc. IEEE 78 (1990) 1550, doi:10.1109/5.58337",
    )


observable = Norms(declare, GradientKeywords)
