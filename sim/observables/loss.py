"""How far the output, or a linear read-out of it, is from the target, summed over the times that count."""

from sim.objective import Keywords, cost, first
from sim.observable import Declared, Facts, Reduced


def declare(facts: Facts) -> Declared:
    """One number a cell."""
    if facts.layers:
        return Declared(
            (),
            "loss",
            "1",
            "cross-entropy of softmax with the class, or squared error summed over outputs; mean over the "
            "images",
            "X. Glorot & Y. Bengio, AISTATS 2010, section 2",
        )
    return Declared(
        (),
        "loss",
        "1",
        "squared error summed over outputs, or cross-entropy of softmax; summed over the times that count, "
        "no factor 1/2, no mean",
        "R. Pascanu, T. Mikolov & Y. Bengio, ICML 2013, arXiv:1211.5063, eq. (8)",
    )


observable = Reduced(
    declare,
    begin=lambda k, p, s: (0.0,),
    update=lambda k, p, s, a, t: (a[0] + cost(k, p, s),),
    end=lambda k, p, s, a: a[0],
    keywords=Keywords,
    first=first,
)
