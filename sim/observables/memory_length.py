"""How many steps a run remembers where it started: until two starts can no longer be told apart.

Three readings. "analog": the distance of the runs from `start` and from `start - apart` falls below
`tolerance` times what it was. "sign": the same for the starts +start and -start: one bit. "gradient":
|dh[t]/dh[0]| along the diagonal falls below `tolerance`. -1 where that never happens within the run.
"""

from typing import Annotated, Any, Literal, NamedTuple

from sim.derivatives import gradient
from sim.errors import refuse
from sim.functions import parts, shaped_like, squares, where
from sim.generic import carried, has, jvp, networked, step
from sim.graph import Node
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
        "times its first value; -1 if never",
        "definition",
        "int32",
    )


def begin(k: Keywords, p: Any, s: Any) -> tuple[Any, ...]:
    """The other run or the tangent; the time, the time found, the first distance squared."""
    other = {
        "analog": tuple(part - k.apart for part in parts(s)),
        "sign": tuple(-part for part in parts(s)),
        "gradient": tuple(0.0 * part + 1.0 for part in parts(s)),
    }[k.metric]
    return (*other, 0.0, -1.0, _apart(k, s, other))


def _apart(k: Keywords, s: Any, other: tuple[Any, ...]) -> Any:
    """The squared distance, or the squared length of the tangent."""
    if k.metric == "gradient":
        return squares(other)
    return squares(tuple(a - b for a, b in zip(parts(s), other, strict=True)))


def _found(k: Keywords, s: Any, a: Any) -> Any:
    """The time found so far, the present one looked at."""
    *other, t, found, first = a
    below = _apart(k, s, tuple(other)) < k.forgotten * k.forgotten * first
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


observable = Shadow(declare, begin, move, value, Keywords, each=False)
