"""Which step the gradient comes from: what each use of the weights contributes to dE/dW, by its lag.

dE/dW = sum over lags of d+E/dW, the weights changed in one step alone; truncated backpropagation keeps the
first lags. Lag 0 is the last step. For networks the Frobenius norm of each contribution.
"""

from typing import Any

import numpy as np

from sim.errors import refuse
from sim.objective import GradientKeywords, last_alone
from sim.observable import Coordinate, Declared, Facts, Pulled


def declare(facts: Facts) -> Declared:
    """Lags, and the arrays of parameters."""
    if not last_alone(facts):
        raise refuse(
            "parameters.loss_from",
            "gradient_by_lag is for a loss of the last step alone, where time and lag agree; write "
            f"loss_from = {facts.steps}",
        )
    lags = Coordinate("lag", np.arange(facts.steps), "lag", "step")
    names = Coordinate(
        "parameter", np.array(facts.parameters, dtype=object), "parameter array of the network", "1"
    )
    return Declared(
        (lags, names),
        "gradient by lag",
        "1",
        f"{'norm of ' if facts.shapes else ''}what the step that ends `lag` steps before the last adds "
        "to the gradient",
        "R. J. Williams & J. Peng, Neural Computation 2 (1990) 490, doi:10.1162/neco.1990.2.4.490",
    )


def value(k: Any, own: Any, omega: Any) -> Any:
    """The norms of one step's own contributions."""
    return tuple(own.values())


observable = Pulled(declare, value, GradientKeywords, backward=True)
