"""The share of neurons into which no weight has a gradient: rows of dE/dW that are exactly zero."""

from sim.labels import matrix
from sim.objective import GradientKeywords
from sim.observable import Declared, Facts, Norms


def declare(facts: Facts) -> Declared:
    """One number for each matrix."""
    return Declared(
        (matrix(facts),),
        "share of neurons without gradient",
        "1",
        "share of the rows of dE/dW that are exactly zero: neurons that learn nothing from this run",
        "L. Lu, Y. Shin, Y. Su & G. Karniadakis 2019, Dying ReLU and initialization, arXiv:1903.06733",
    )


observable = Norms(declare, GradientKeywords, "dead")
