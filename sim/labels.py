"""The dimensions of observables that look into a network's arrays of parameters: which matrix or layer, which
neuron.
"""

import numpy as np

from sim.errors import Refused, refuse
from sim.observable import Coordinate, Facts


def layer(facts: Facts) -> Coordinate:
    """The layers of a layered system, from the images to the outputs: 1, 2, …."""
    return Coordinate("layer", np.arange(1, facts.layers + 1), "layer, counted from the images", "1")


def matrix(facts: Facts) -> Coordinate:
    """Whose weights: the layers of a layered system, else the matrices of a recurrent network by name."""
    if facts.layers:
        return layer(facts)
    names = np.array(list(_matrices(facts)), dtype=object)
    return Coordinate("matrix", names, "weight matrix of the network", "1")


def neuron(facts: Facts) -> Coordinate:
    """The rows of the widest matrix."""
    return Coordinate("neuron", np.arange(max(_matrices(facts).values())), "neuron, a row of weights", "1")


def _matrices(facts: Facts) -> dict[str, int]:
    """The rows of each matrix."""
    return {name: shape[0] for name, shape in facts.shapes.items() if len(shape) == 2}


def recurrent(name: str) -> Refused:
    """What is said where an observable is of layers and the system has none."""
    return refuse(
        "observables",
        f"{name} has one number for each layer; a recurrent network has none: gradient_through_time is "
        "what comes nearest there",
    )
