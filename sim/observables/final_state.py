"""The state at the last step."""

from sim.observable import Declared, Facts, Reduced


def declare(facts: Facts) -> Declared:
    """The numbers of the state."""
    return Declared(facts.unit, "final state", "1", "state at time = steps", "definition")


observable = Reduced(
    declare,
    begin=lambda k, p, s: (),
    update=lambda k, p, s, a, t: (),
    end=lambda k, p, s, a: s,
    first=lambda facts: facts.steps,
)
