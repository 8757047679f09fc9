"""The period of the cycle that the orbit has settled on: the first lag at which the state returns.

The state `max_period` steps before the end is the reference; the period is the first n >= 1 with |s[ref + n]
- s[ref]| (Euclidean) at most `tolerance`, or -1 when there is none: chaotic, quasi-periodic, longer than
`max_period`, or not yet settled (the transient is steps - max_period). An orbit that has left the numbers has
none either: -1, and the outcome `diverged`.
"""

import math
from typing import Annotated, Any, NamedTuple

from sim.errors import refuse
from sim.functions import length, squares, where
from sim.observable import Declared, Facts, Reduced
from sim.signature import About


class Keywords(NamedTuple):
    """How long a cycle may be, and how closely it must close."""

    max_period: Annotated[int, About("longest period that is looked for", "step")] = 64
    tolerance: Annotated[float, About("largest difference of a state that has returned")] = 1e-8


def first(facts: Facts) -> int:
    """The time of the reference state."""
    if not 1 <= facts.k.max_period <= facts.steps:
        raise refuse(
            "parameters.max_period",
            f"{facts.k.max_period} with {facts.steps} steps; write 1 to {facts.steps}",
        )
    return facts.steps - int(facts.k.max_period)


def declare(facts: Facts) -> Declared:
    """One whole number a cell."""
    if facts.k.tolerance < 0.0:
        raise refuse(
            "parameters.tolerance", f"{facts.k.tolerance} is no distance; write 0 or more, as in 1e-8"
        )
    return Declared(
        (),
        "period",
        "step",
        "smallest number of steps after which the state returns; -1 if it does not",
        "definition",
        "int32",
    )


def _distance(a: Any, b: Any) -> Any:
    """The squared Euclidean distance of two states."""
    if isinstance(a, tuple):
        return squares(tuple(now - then for now, then in zip(a, b, strict=True)))
    return squares(a - b)


def begin(k: Keywords, p: Any, s: Any) -> tuple[Any, ...]:
    """Accumulators: steps since the reference (-1 before it), the period found (-1 before), the reference
    state.
    """
    return (-1.0, -1.0, *(s if isinstance(s, tuple) else (s,)))


def update(k: Keywords, p: Any, s: Any, a: Any, t: Any) -> tuple[Any, ...]:
    """One more state is compared with the reference; a state that is not finite has not returned."""
    since, found, *reference = a
    then = tuple(reference) if isinstance(s, tuple) else reference[0]
    home = (_distance(s, then) <= k.tolerance * k.tolerance) & (since >= 0.0) & (found < 0.0)
    states = s if isinstance(s, tuple) else (s,)
    kept = tuple(where(since >= 0.0, old, now) for old, now in zip(reference, states, strict=True))
    return (since + 1.0, where(home, since + 1.0, found), *kept)


def end(k: Keywords, p: Any, s: Any, a: Any) -> Any:
    """The period; NaN of an orbit that has diverged."""
    return where(length(s) < math.inf, a[1], math.nan)


observable = Reduced(declare, begin, update, end, Keywords, first)
