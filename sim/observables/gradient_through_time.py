"""The norm of the gradient of the loss with respect to the state of every time: does it vanish or explode
backward?
"""

from typing import Any

import numpy as np

from sim.functions import length
from sim.objective import GradientKeywords
from sim.observable import Backward, Coordinate, Declared, Facts


def declare(facts: Facts) -> Declared:
    """Time, and the arrays of the state where there are several (h and c)."""
    parts: tuple[Coordinate, ...] = ()
    if isinstance(facts.labels, dict):
        names = np.array(list(facts.labels), dtype=object)
        parts = (Coordinate("part", names, "array of the state", "1"),)
    return Declared(
        (facts.time, *parts),
        "norm of the gradient through time",
        "1",
        "Euclidean norm of dE/ds[t], the total derivative of the loss with respect to the state of each time",
        "Y. Bengio, P. Simard & P. Frasconi, IEEE Trans. Neural Networks 5 (1994) 157, doi:10.1109/72.279181",
    )


def value(g: Any) -> Any:
    """The length of the gradient; of each array of the state where there are several."""
    if isinstance(g, tuple) and getattr(g[0], "shape", None):
        return tuple(length(part) for part in g)
    return length(g)


observable = Backward(declare, value, GradientKeywords)
