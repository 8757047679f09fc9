"""Which step the gradient comes from: what each use of the weights contributes to dE/dW, by its lag.

dE/dW = sum over lags of d+E/dW, the weights changed in one step alone; truncated backpropagation keeps the
first lags. Lag 0 is the step that ends at the time of the loss. Of several times with a loss each has lags of
its own: a lag's contribution is the sum over these times, of what the step that ends `lag` steps before each
contributes to the gradient of that time's loss. A read-out is used when a loss is read off, which is lag 0.
For networks the Frobenius norm of each contribution. Cost: where several times have a loss, one backward
step for each time and lag (truncation leaves the first lags), and a tape of the whole run.
"""

from typing import Any

import numpy as np

from sim.objective import GradientKeywords
from sim.observable import Coordinate, Declared, Facts, Pulled


def declare(facts: Facts) -> Declared:
    """Lags, and the arrays of parameters."""
    lags = Coordinate("lag", np.arange(facts.steps), "lag", "step")
    names = Coordinate(
        "parameter", np.array(facts.parameters, dtype=object), "parameter array of the network", "1"
    )
    return Declared(
        (lags, names),
        "gradient by lag",
        "1",
        f"{'norm of ' if facts.shapes else ''}what the step that ends `lag` steps before the time of a "
        "loss adds to the gradient of that loss, summed over the times that have one; that of the read-out "
        "is of lag 0",
        "R. J. Williams & J. Peng, Neural Computation 2 (1990) 490, doi:10.1162/neco.1990.2.4.490",
    )


def value(k: Any, own: Any, omega: Any) -> Any:
    """The norms of one step's own contributions."""
    return tuple(own.values())


observable = Pulled(declare, value, GradientKeywords, backward=True, by_lag=True)
