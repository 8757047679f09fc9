"""The last `keep` states of the run: what an orbit diagram shows once the transient is over."""

from typing import Annotated, NamedTuple

import numpy as np

from sim.errors import refuse
from sim.observable import Coordinate, Declared, Facts, Sampled
from sim.signature import About


class Keywords(NamedTuple):
    """How many iterates are kept."""

    keep: Annotated[int, About("number of last iterates that are kept", "step")] = 100


def first(facts: Facts) -> int:
    """The time of the first kept iterate."""
    keep = facts.k.keep
    if not 1 <= keep <= facts.steps + 1:
        raise refuse(
            "parameters.keep",
            f"{keep} iterates of a run of {facts.steps} steps; write 1 to {facts.steps + 1}",
        )
    return facts.steps + 1 - int(keep)


def declare(facts: Facts) -> Declared:
    """The iterates' times, and the numbers of the state where there are several."""
    times = np.arange(first(facts), facts.steps + 1)
    iterate = Coordinate("iterate", times, "iterate (time)", "step")
    return Declared(
        (iterate, *facts.unit), "orbit", "1", "the last states of the run, after the transient", "definition"
    )


observable = Sampled(declare, value=lambda k, p, s: s, keywords=Keywords, first=first)
