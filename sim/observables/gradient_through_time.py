"""The norm of the gradient of the loss with respect to the state of every time: does it vanish or explode
backward?

The loss depends on s[t] through all later steps, and the derivative by one part of the state holds the others
of that time fixed: dE/dc[t] of an LSTM is that at a fixed h[t]. Automatic differentiation of a program that
computes h[t] from c[t] (PyTorch's `c_t.grad`) gives dE/dc[t] + (dh[t]/dc[t])^T dE/dh[t] instead.
"""

from typing import Any

import numpy as np

from sim.functions import length
from sim.objective import GradientKeywords
from sim.observable import Backward, Coordinate, Declared, Facts


def declare(facts: Facts) -> Declared:
    """Time, and the parts of the state where there are several, arrays or numbers (h and c)."""
    parts: tuple[Coordinate, ...] = ()
    if isinstance(facts.labels, (dict, tuple)):
        names = np.array(list(facts.labels), dtype=object)
        parts = (Coordinate("part", names, "part of the state", "1"),)
    return Declared(
        (facts.time, *parts),
        "norm of the gradient through time",
        "1",
        "Euclidean norm of dE/ds[t], the total derivative of the loss with respect to the state of each time"
        ", by one part of it (h, c of an LSTM) with the other parts of the same time held fixed",
        "Y. Bengio, P. Simard & P. Frasconi, IEEE Trans. Neural Networks 5 (1994) 157, doi:10.1109/72.279181",
    )


def value(g: Any) -> Any:
    """The length of the gradient; of each part of the state where there are several."""
    return tuple(length(part) for part in g) if isinstance(g, tuple) else length(g)


observable = Backward(declare, value, GradientKeywords)
