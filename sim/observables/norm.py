"""The Euclidean norm of the state at every time."""

from sim.functions import sqrt, total
from sim.observable import Declared, Facts, Sampled


def declare(facts: Facts) -> Declared:
    """Time alone."""
    return Declared(
        (facts.time,), "norm of the state", "1", "Euclidean norm over the units, at every time", "definition"
    )


def value(k: object, p: object, s: object) -> object:
    """sqrt of the sum of squares."""
    squares = tuple(v * v for v in s) if isinstance(s, tuple) else s * s  # type: ignore[operator]
    return sqrt(total(squares))


observable = Sampled(declare, value)
