"""The loss that gradients are taken of: what is compared with the target, how, and at which times.

E = sum over the times that count of l(z[t], y[t]). z is the output of the system itself or a linear read-out
V h + c of it; l is the squared error, summed over outputs without a factor 1/2 and without a mean, or the
cross-entropy of softmax(z) with the class y. Targets come from the task, else from the number `target`.
"""

from typing import Annotated, Any, Literal, NamedTuple

import numpy as np

from sim import weights as families
from sim.equations.graph import Graph, Node
from sim.errors import Refused, refuse
from sim.functions import length, log_sum_exp, parts, scaling, sqrt, squares, total, where
from sim.generic import output
from sim.observable import Facts
from sim.signature import About, Family, filled

Target = Annotated[float, About("what every output should be where the task has no targets of its own", "1")]
LossFrom = Annotated[
    int,
    About(
        "first time whose error counts; -1 is the last step alone (or the times that the task names), 0 sums "
        "over all times",
        "step",
    ),
]
Criterion = Annotated[
    Literal["squared_error", "cross_entropy"],
    About("how outputs and targets are compared: squared error, or cross-entropy of softmax"),
]
Outputs = Annotated[int, About("outputs of a linear read-out V h + c; 0 compares the output itself")]
Readout = Annotated[
    Any, About("weights V of the read-out"), Family(families.feeding, common=families.OwnSeed)
]
Truncation = Annotated[
    int,
    About("truncated backpropagation: how many steps back the gradient is followed; 0 is all", "step"),
]


class Keywords(NamedTuple):
    """What loss and all gradients share."""

    target: Target = 0.0
    loss_from: LossFrom = -1
    criterion: Criterion = "squared_error"
    outputs: Outputs = 0
    readout: Readout = "gaussian"


class GradientKeywords(NamedTuple):
    """What all gradients share."""

    target: Target = 0.0
    loss_from: LossFrom = -1
    criterion: Criterion = "squared_error"
    outputs: Outputs = 0
    readout: Readout = "gaussian"
    truncation: Truncation = 0


class Head(NamedTuple):
    """A linear read-out: z = V h + c, a V for each array that is read out."""

    V: tuple[Any, ...]  # each (outputs, units)
    c: Any  # (outputs,)


def compared(k: Any, p: Any, s: Any) -> Any:
    """z: what is compared with the target; `k.readout` is a `Head` where there is one."""
    h = output(p, s)
    head = getattr(k, "readout", None)
    if not isinstance(head, Head):
        return h
    z = head.c
    for V, part in zip(head.V, parts(h), strict=True):
        z = V @ part + z
    return z


def cost(k: Any, p: Any, s: Any) -> Any:
    """The loss of one time; `k.target` is a number, or the target of that time."""
    z = compared(k, p, s)
    if getattr(k, "criterion", "squared_error") == "cross_entropy":
        return log_sum_exp(z) - total(z * k.target)
    return squares(tuple(value - k.target for value in z) if isinstance(z, tuple) else z - k.target)


def growth(graph: Graph, incoming: Any, outgoing: Any) -> Node:
    """(|J^T g| / |g| - 1)^2 of one step back; 0 where no gradient comes in.

    Its derivative by the parameters is 0 where none comes in, and where none goes out: there |J^T g| has no
    derivative, unless J^T g stays zero beside this point too (a dead unit, a step without recurrence), and 0
    is then right. Each choice is therefore made before the root and the quotient, whose derivatives at zero
    are no numbers, not behind them. Source: R. Pascanu, T. Mikolov & Y. Bengio, ICML 2013, arXiv:1211.5063,
    eq. (9).
    """
    before, after = length(tuple(incoming)), _length_flat_at_zero(tuple(outgoing))
    nothing = before <= 0.0  # false of what is no number, which must be seen
    change = where(nothing, 1.0, after / where(nothing, 1.0, before)) - 1.0
    return graph.lift(change * change)


def _length_flat_at_zero(values: tuple[Any, ...]) -> Any:
    """`length`, with derivative 0 at 0, as that of one number, its modulus, has already."""
    if len(values) == 1 and not values[0].shape:
        return length(values)
    lift, back = scaling(squares(values))
    square = squares(tuple(part * lift for part in values))
    still = square <= 0.0
    return where(still, 0.0, sqrt(where(still, 1.0, square)) * back)


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


def followed(facts: Facts) -> int:
    """How many steps back the gradient is followed; refused where that is no part of the run."""
    steps = int(getattr(facts.k, "truncation", 0))
    if not 0 <= steps <= facts.steps:
        raise refuse(
            "parameters.truncation",
            f"{steps} steps back in a run of {facts.steps}; write 1 to {facts.steps}, or 0 for all",
        )
    return steps or facts.steps


def last_alone(facts: Facts) -> bool:
    """Whether no time but the last has a loss."""
    if facts.counts is None:
        return first(facts) == facts.steps
    return not facts.counts[:-1].any()


def apart(facts: Facts) -> np.ndarray | None:
    """For every time whether its loss counts, where each must be followed back by itself; else None.

    Truncated, the gradient of a sum of losses is a sum of windows, each `truncation` steps long and with its
    own end. One backward pass does for all only where nothing is cut off, or where the last time alone
    counts.
    """
    if followed(facts) == facts.steps or last_alone(facts):
        return None
    if facts.counts is None:
        return (np.arange(facts.steps + 1) >= first(facts)).astype(np.float64)
    return facts.counts


def lags_apart(observable: Any, facts: Facts) -> bool:
    """Whether an observable is by lag where several times have a loss: time and lag agree only for one."""
    return getattr(observable, "by_lag", False) and not last_alone(facts)


def several(name: str) -> Refused:
    """The refusal of what is read off one backward pass where there are many windows."""
    return refuse(
        "parameters.truncation",
        f"{name} is read off one pass backward, and a truncated gradient of several times has one for each; "
        "leave truncation at 0, or count the last step alone (loss_from = -1)",
    )


def counted(setting: Any, loss_from: int, steps: int) -> np.ndarray | None:
    """For every time 0..steps whether its loss counts, where the task says so; else None."""
    when = getattr(setting.task, "when", None)
    if when is None or loss_from != -1:
        return None
    mask = np.asarray(when(filled(setting.task.Keywords, setting.values), steps))
    return mask.astype(np.float64)
