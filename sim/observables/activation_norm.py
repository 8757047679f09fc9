"""The norm of the activations of each layer: how the forward pass shrinks or grows (layered systems)."""

from sim.labels import layer, recurrent
from sim.objective import GradientKeywords
from sim.observable import Declared, Facts, Norms


def declare(facts: Facts) -> Declared:
    """One number for each layer; refused for recurrent networks."""
    if not facts.layers:
        raise recurrent("activation_norm")
    return Declared(
        (layer(facts),),
        "norm of a layer's activations",
        "1",
        "norm of h[k] over neurons, root mean square over the images; the last layer's h are the outputs",
        "X. Glorot & Y. Bengio, AISTATS 2010, figure 6",
    )


observable = Norms(declare, GradientKeywords, "activation")
