"""How far a run is from the sum of the runs that its start and its inputs would make alone.

Zero for linear networks without bias, and for these only: h = H(start) + sum over parts of H(inputs of the
part). The inputs are dealt out in turn to `pieces` runs (x[t] to the run t mod pieces); as many pieces as
steps is every impulse alone.
"""

import math
from typing import Annotated, Any, NamedTuple

from sim.errors import refuse
from sim.functions import length, parts, shaped_like, where
from sim.generic import mirrored, step
from sim.observable import Declared, Facts, Shadow
from sim.signature import About

_MOST = 32


class Keywords(NamedTuple):
    """Into how many runs the inputs are dealt out."""

    pieces: Annotated[int, About("runs that the inputs are dealt out to in turn")] = 1


def declare(facts: Facts) -> Declared:
    """Time alone."""
    if not 1 <= facts.k.pieces <= _MOST:
        raise refuse("parameters.pieces", f"{facts.k.pieces} runs; write 1 to {_MOST}")
    return Declared(
        (facts.time,),
        "residual of superposition",
        "1",
        "|h - sum of the responses to the start and to each piece of the inputs| / |h|; 0 where both are "
        "0, infinite where h alone is",
        "A. V. Oppenheim & R. W. Schafer, Discrete-Time Signal Processing, 3rd ed. 2010, ch. 2",
        infinite=True,
    )


def begin(k: Keywords, p: Any, s: Any) -> tuple[Any, ...]:
    """The run of the start, the runs of the pieces, and whose turn it is."""
    nothing = tuple(0.0 * part for part in parts(s))
    turns = tuple(1.0 if j == 0 else 0.0 for j in range(k.pieces))
    return (*parts(s), *(value for _ in range(k.pieces) for value in nothing), *turns)


def move(k: Keywords, p: Any, s: Any, x: Any, a: Any) -> tuple[Any, ...]:
    """One step of every run; x reaches the run whose turn it is."""
    if mirrored(p):
        raise refuse(
            "observables",
            "superposition_residual deals the inputs out in their order; this system reads them from both "
            "ends",
        )
    n = len(parts(s))
    runs = [tuple(a[i * n : (i + 1) * n]) for i in range(k.pieces + 1)]
    turns = a[(k.pieces + 1) * n :]
    moved: list[Any] = []
    for i, run in enumerate(runs):
        share = turns[i - 1] if i else 0.0
        own = (x[0] * share, x[1]) if isinstance(x, tuple) else x * share
        moved += parts(step(p, shaped_like(s, run), own))
    return (*moved, *(turns[j - 1] for j in range(k.pieces)))


def value(k: Keywords, p: Any, s: Any, a: Any) -> Any:
    """The relative residual."""
    n = len(parts(s))
    rest = []
    for j, left in enumerate(parts(s)):
        for i in range(k.pieces + 1):
            left = left - a[i * n + j]  # noqa: PLW2901 - what is left of the state
        rest.append(left)
    apart, whole = length(tuple(rest)), length(s)
    return where(whole > 0.0, apart / where(whole > 0.0, whole, 1.0), where(apart > 0.0, math.inf, 0.0))


observable = Shadow(declare, begin, move, value, Keywords)
