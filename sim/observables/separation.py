"""How far apart two runs are that start beside each other: what is left of a difference of the start.

The second run has the same parameters and inputs; its start differs by `apart`, the same in every number of
the state. Stuff is forgotten in the forward pass where this goes to zero, and blown up where it grows.
"""

from typing import Annotated, Any, NamedTuple

from sim.functions import length, parts, shaped_like
from sim.generic import step
from sim.observable import Declared, Facts, Shadow
from sim.signature import About


class Keywords(NamedTuple):
    """How far apart the starts are."""

    apart: Annotated[float, About("distance of the two starts in each number of the state")] = 0.5


def declare(facts: Facts) -> Declared:
    """Time alone."""
    return Declared(
        (facts.time,),
        "distance of two runs",
        "1",
        "Euclidean distance of the states of two runs whose starts differ by `apart` in every number",
        "definition",
    )


def distance(s: Any, other: tuple[Any, ...]) -> Any:
    """The Euclidean distance of two states."""
    return length(tuple(a - b for a, b in zip(parts(s), other, strict=True)))


observable = Shadow(
    declare,
    begin=lambda k, p, s: tuple(part + k.apart for part in parts(s)),
    move=lambda k, p, s, x, a: parts(step(p, shaped_like(s, a), x)),
    value=lambda k, p, s, a: distance(s, tuple(a)),
    keywords=Keywords,
)
