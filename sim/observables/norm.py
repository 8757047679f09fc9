"""The Euclidean norm of the state at every time."""

from sim.functions import sqrt, squares
from sim.observable import Declared, Facts, Sampled


def declare(facts: Facts) -> Declared:
    """Time alone."""
    return Declared(
        (facts.time,), "norm of the state", "1", "Euclidean norm over the units, at every time", "definition"
    )


def value(k: object, p: object, s: object) -> object:
    """sqrt of the sum of squares."""
    return sqrt(squares(s))


observable = Sampled(declare, value)
