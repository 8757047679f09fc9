"""The verbs: what a system can do, dispatched on the type of its parameter pack.

A system is a `NamedTuple` of parameters and the verbs registered for it:

    class Logistic(NamedTuple):
        r: float = 3.5

    @step.register
    def _(p: Logistic, s, x):
        return p.r * s * (1 - s)

`step` is enough for a system whose state is one number or a few (say which with `units`): derivatives follow
from the same equation. A network, whose state is an array of n units, says its derivatives itself with `jvp`
and `vjp`. Functions run on numbers, on NumPy arrays and on symbols alike; they must not change their
arguments.
"""

from functools import singledispatch
from typing import Any

from sim.errors import refuse


def _file(p: Any) -> str:
    return getattr(__import__("sys").modules.get(type(p).__module__), "__file__", None) or type(p).__module__


@singledispatch
def step(p: Any, s: Any, x: Any) -> Any:
    """s[t+1] = F(s[t], x[t]; p). Shapes: s like the state, x one number or the inputs' vector."""
    raise refuse("system", f"{type(p).__name__} has no step; write one with @step.register in {_file(p)}")


@singledispatch
def jvp(p: Any, s: Any, x: Any, v: Any) -> Any:
    """J v, with J = dF/ds at (s, x; p): how a small change v of the state is carried through one step
    (forward).
    """
    raise refuse("system", f"{type(p).__name__} has no jvp; write one with @jvp.register in {_file(p)}")


@singledispatch
def vjp(p: Any, s: Any, x: Any, g: Any) -> Any:
    """(dp, J^T g): gradients of <g, F(s, x; p)> with respect to the pack (the same type) and to the state
    (backward).
    """
    raise refuse("system", f"{type(p).__name__} has no vjp; write one with @vjp.register in {_file(p)}")


@singledispatch
def output(p: Any, s: Any) -> Any:
    """The activation that is read out and compared with targets; the state itself unless the system says
    otherwise.
    """
    return s


@singledispatch
def units(p: Any) -> int | tuple[str, ...] | None:
    """None: the state is one number. A tuple of labels: that many numbers. An integer n: the array of a
    network's n units.
    """
    return None


@singledispatch
def escapes(p: Any, radius: Any) -> Any:
    """Whether an orbit that has once left the ball of this radius is known never to come back (a
    condition, cell by cell).
    """
    return None


def has(verb: Any, pack: type) -> bool:
    """Whether the verb is written for this type of parameters."""
    return verb.dispatch(pack) is not verb.dispatch(object)
