"""Pairs of a number of the state and the same number `lag` steps later, after the transient: the return map.

Where the pairs lie on a curve the orbit is one of a map of one number; a cycle gives as many points as its
period, a circle a closed curve.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np

from sim.attractors.followed import Followed
from sim.errors import refuse
from sim.observable import Coordinate, Declared, Facts, Loop, Sampled, Whole
from sim.signature import About


class Keywords(NamedTuple):
    """Which number, how many pairs, how far apart."""

    component: Annotated[int, About("which number of the state, counted from 0")] = 0
    pairs: Annotated[int, About("number of last pairs that are kept", "step")] = 200
    lag: Annotated[int, About("steps from one number of a pair to the other", "step")] = 1


def declare(facts: Facts) -> Declared:
    """The times of the first of each pair, and the two of a pair."""
    k = facts.k
    if k.lag < 1 or k.pairs < 1 or k.pairs + k.lag > facts.steps + 1:
        place = "parameters.lag" if k.lag < 1 else "parameters.pairs"
        raise refuse(
            place,
            f"{k.pairs} pairs {k.lag} steps apart in a run of {facts.steps} steps; the lag is at least 1, "
            f"and pairs and lag together at most {facts.steps + 1}",
        )
    if not 0 <= k.component < facts.numbers:
        raise refuse(
            "parameters.component",
            f"{k.component} of a state of {facts.numbers} numbers; write 0 to {facts.numbers - 1}",
        )
    times = np.arange(facts.steps + 1 - k.lag - k.pairs, facts.steps + 1 - k.lag)
    two = Coordinate("pair", np.array(["now", "then"], dtype=object), "now, and lag steps later", "1")
    return Declared(
        (Coordinate("iterate", times, "iterate (time)", "step"), two),
        "return map",
        "1",
        "a number of the state and the same number lag steps later",
        "E. N. Lorenz, J. Atmos. Sci. 20 (1963) 130, doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2",
    )


def plan(form: Any, k: Keywords, facts: Facts) -> Loop:
    """The number kept at the last times."""
    lag, pairs, component = int(facts.k.lag), int(facts.k.pairs), int(facts.k.component)
    inner = Sampled(declare, lambda k, p, s: s[component])
    followed = Followed(form, "return_map", inner)
    first = facts.steps + 1 - pairs - lag

    def evaluate(tile: Any) -> np.ndarray:
        series = followed.run(tile.given, first)[..., 0]
        both = np.stack([series[:, :pairs], series[:, lag : lag + pairs]], axis=-1)
        return np.asarray(both.reshape(len(series), -1).T)

    cost = followed.operations
    return Loop(followed.source, evaluate, cost, 16 * (pairs + lag), by_cell=True)


observable = Whole(declare, plan, Keywords)
