"""The loss that gradients are taken of: squared error of the output against the target, at chosen times.

E = sum over t >= loss_from, sum over units of (output(s[t]) - target)^2, without a factor 1/2 and without a
mean.
"""

from typing import Annotated, Any, NamedTuple

from sim.errors import refuse
from sim.functions import total
from sim.generic import output
from sim.observable import Facts
from sim.signature import About

Target = Annotated[float, About("the value that every unit's output should have", "1")]
LossFrom = Annotated[
    int, About("first time whose error counts; -1 is the last step alone, 0 sums over all times", "step")
]


class Keywords(NamedTuple):
    """What loss and all gradients share."""

    target: Target = 0.0
    loss_from: LossFrom = -1


def cost(k: Any, p: Any, s: Any) -> Any:
    """The squared error of one time."""
    h = output(p, s)
    errors = tuple(value - k.target for value in h) if isinstance(h, tuple) else h - k.target
    return total(tuple(e * e for e in errors) if isinstance(errors, tuple) else errors * errors)


def first(facts: Facts) -> int:
    """The first time that counts, from 0 to steps; refused where there is no such time."""
    start, times = int(facts.k.loss_from), facts.steps + 1
    if not -times <= start < times:
        raise refuse(
            "parameters.loss_from",
            f"{start} in a run of {facts.steps} steps; write 0 to {facts.steps}, or -1 (the last step) to "
            f"{-times}",
        )
    return start if start >= 0 else times + start
