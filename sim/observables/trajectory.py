"""The state at every time, the start included."""

from sim.observable import Declared, Facts, Sampled


def declare(facts: Facts) -> Declared:
    """Time, and the numbers of the state where there are several."""
    return Declared(
        (facts.time, *facts.unit), "state", "1", "state at every time; time 0 is the start", "definition"
    )


observable = Sampled(declare, value=lambda k, p, s: s)
