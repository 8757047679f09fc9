"""The norm of the gradient of the loss with respect to the state of every time: does it vanish or explode
backward?
"""

from sim.functions import sqrt, total
from sim.objective import Keywords
from sim.observable import Backward, Declared, Facts


def declare(facts: Facts) -> Declared:
    """Time alone."""
    return Declared(
        (facts.time,),
        "norm of the gradient through time",
        "1",
        "Euclidean norm of dE/ds[t], the total derivative of the loss with respect to the state of each time",
        "Y. Bengio, P. Simard & P. Frasconi, IEEE Trans. Neural Networks 5 (1994) 157, doi:10.1109/72.279181",
    )


def value(g: object) -> object:
    """sqrt of the sum of squares."""
    squares = tuple(v * v for v in g) if isinstance(g, tuple) else g * g  # type: ignore[operator]
    return sqrt(total(squares))


observable = Backward(declare, value, Keywords)
