"""The norm of the gradient of the loss with respect to the weights into each neuron: one row of a matrix."""

from sim.labels import matrix, neuron
from sim.objective import GradientKeywords
from sim.observable import Declared, Facts, Norms


def declare(facts: Facts) -> Declared:
    """One number for each row of each matrix."""
    return Declared(
        (matrix(facts), neuron(facts)),
        "norm of the gradient of the loss by neuron",
        "1",
        "Euclidean norm of dE/dW[j, :] (W with its gain), the weights into neuron j; NaN beyond a matrix's "
        "last row",
        "X. Glorot & Y. Bengio, AISTATS 2010, figure 7 (a histogram of them for each layer)",
        infinite=True,
    )


observable = Norms(declare, GradientKeywords, "neuron")
