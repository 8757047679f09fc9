"""How many steps a run remembers where it started: until two starts can no longer be told apart.

Three readings. "analog": the distance of the runs from `start` and from `start - apart` falls below
`forgotten` times what it was. "sign": the same for the starts +start and -start: one bit. "gradient":
|dh[t]/dh[0]| along the diagonal falls below `forgotten`. -1 where that never happens within the run, 0 where
the two starts are equal from the beginning, so that there is nothing to remember (such as +0 and -0).
"""

from typing import Annotated, Any, Literal, NamedTuple

import numpy as np

from sim.equations.derivatives import gradient
from sim.equations.graph import Node
from sim.errors import Problem, Refused, refuse
from sim.functions import length, parts, shaped_like, where
from sim.generic import carried, has, jvp, networked, step
from sim.observable import Declared, Facts, Shadow
from sim.signature import About


class Keywords(NamedTuple):
    """What is compared, and when it counts as forgotten."""

    metric: Annotated[
        Literal["analog", "sign", "gradient"],
        About("what must be told apart: two starts, their sign, or slopes"),
    ] = "analog"
    apart: Annotated[float, About("distance of the two starts in each number of the state")] = 0.5
    forgotten: Annotated[float, About("share of the first distance that counts as forgotten")] = 0.01


def declare(facts: Facts) -> Declared:
    """One number a cell."""
    return Declared(
        (),
        "memory length",
        "step",
        "first time at which the difference of two starts, or the derivative by the start, is below "
        "`forgotten` "
        "times its first value; -1 if never, 0 if the two starts are equal",
        "definition",
        "int32",
    )


def check(k: Keywords, start: Any) -> None:
    """Refuses what leaves nothing to tell apart, or nothing to forget, in every cell; None is a start that
    differs from cell to cell.
    """
    share, apart = np.atleast_1d(k.forgotten), np.atleast_1d(k.apart)
    wrong = share[~((share > 0.0) & (share < 1.0))]
    problems = []
    if wrong.size:
        problems.append(
            Problem(
                "parameters.forgotten",
                f"{wrong[0]:g} is no share of the first distance; write a number between 0 and 1, as in 0.01",
            )
        )
    if k.metric == "analog" and not apart.any():
        problems.append(
            Problem(
                "parameters.apart",
                "0 apart, the two starts are one, and nothing is there to be told apart; write another "
                "number, as in 0.5",
            )
        )
    if k.metric == "sign" and start is not None and not isinstance(start, str) and not np.any(start):
        problems.append(
            Problem(
                "parameters.start",
                'metric = "sign" tells the start from its negative, and these are equal at 0; write another '
                "start, as in 1.0",
            )
        )
    if problems:
        raise Refused(problems)


def begin(k: Keywords, p: Any, s: Any) -> tuple[Any, ...]:
    """The other run or the tangent; the time, the time found, the first distance."""
    other = {
        "analog": tuple(part - k.apart for part in parts(s)),
        "sign": tuple(-part for part in parts(s)),
        "gradient": tuple(0.0 * part + 1.0 for part in parts(s)),
    }[k.metric]
    first = _apart(k, s, other)
    return (*other, 0.0, where(first <= 0.0, 0.0, -1.0), first)


def _apart(k: Keywords, s: Any, other: tuple[Any, ...]) -> Any:
    """The distance, or the length of the tangent."""
    if k.metric == "gradient":
        return length(other)
    return length(tuple(a - b for a, b in zip(parts(s), other, strict=True)))


def _found(k: Keywords, s: Any, a: Any) -> Any:
    """The time found so far, the present one looked at."""
    *other, t, found, first = a
    below = _apart(k, s, tuple(other)) < k.forgotten * first
    return where(below & (found < 0.0), t, found)


def move(k: Keywords, p: Any, s: Any, x: Any, a: Any) -> tuple[Any, ...]:
    """One step of the other run or of the tangent."""
    *other, t, _, first = a
    shaped = shaped_like(s, other)
    then = _tangent(p, s, x, shaped) if k.metric == "gradient" else step(p, shaped, x)
    return (*parts(then), t + 1.0, _found(k, s, a), first)


def _tangent(p: Any, s: Any, x: Any, v: Any) -> Any:
    """J v: by the system's jvp, or by derivatives of its step where the state is a few numbers."""
    if has(jvp, type(p)):
        still = 0.0 * (x[0] if isinstance(x, tuple) else x)
        return carried(p, s, x, v, still)
    if networked(p):
        raise refuse(
            "observables", f'metric = "gradient" needs jvp, which {type(p).__name__} does not define'
        )
    nexts = [s[0].graph.lift(value) if isinstance(s, tuple) else value for value in parts(step(p, s, x))]
    rows: list[Any] = []
    for row in nexts:
        slopes = gradient(row, list(parts(s)))
        terms = [slope * u for slope, u in zip(slopes, parts(v), strict=True) if isinstance(slope, Node)]
        rows.append(sum(terms[1:], terms[0]) if terms else 0.0 * parts(v)[0])
    return shaped_like(s, rows)


def value(k: Keywords, p: Any, s: Any, a: Any) -> Any:
    """The time found, the last one looked at too."""
    return _found(k, s, a)


observable = Shadow(declare, begin, move, value, Keywords, each=False, check=check)
