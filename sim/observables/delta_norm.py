"""The norm of the gradient of the loss with respect to the summed inputs of each layer (layered systems)."""

from sim.labels import layer, recurrent
from sim.objective import GradientKeywords
from sim.observable import Declared, Facts, Norms


def declare(facts: Facts) -> Declared:
    """One number for each layer; refused for recurrent networks."""
    if not facts.layers:
        raise recurrent("delta_norm")
    return Declared(
        (layer(facts),),
        "norm of the gradient with respect to a layer's summed inputs",
        "1",
        "Frobenius norm over images and neurons of delta[k] = dE/dz[k], E being a mean over the images",
        "D. E. Rumelhart, G. E. Hinton & R. J. Williams, Nature 323 (1986) 533, doi:10.1038/323533a0",
    )


observable = Norms(declare, GradientKeywords, "delta")
