"""The Euclidean norm of the state at every time."""

from sim.functions import length
from sim.observable import Declared, Facts, Sampled


def declare(facts: Facts) -> Declared:
    """Time alone."""
    return Declared(
        (facts.time,), "norm of the state", "1", "Euclidean norm over the units, at every time", "definition"
    )


def value(k: object, p: object, s: object) -> object:
    """The length of the state."""
    return length(s)


observable = Sampled(declare, value)
