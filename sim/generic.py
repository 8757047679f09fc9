"""The verbs: what a system can do, dispatched on the type of its parameter pack.

A system is a `NamedTuple` of parameters and the verbs registered for it:

    class Logistic(NamedTuple):
        r: float = 3.5

    @step.register
    def _(p: Logistic, s, x):
        return p.r * s * (1 - s)

`step` is enough for a system whose state is one number or a few (say which with `units`): derivatives follow
from the same equation. A network, whose state is an array of n units or several such arrays, says its
derivatives itself with `jvp` and `vjp`. Functions run on numbers, on NumPy arrays and on symbols alike; they
must not change their arguments.
"""

import inspect
import math
import typing
from functools import singledispatch
from typing import Any

from sim.errors import refuse
from sim.signature import Held


def _file(p: Any) -> str:
    return getattr(__import__("sys").modules.get(type(p).__module__), "__file__", None) or type(p).__module__


@singledispatch
def step(p: Any, s: Any, x: Any) -> Any:
    """s[t+1] = F(s[t], x[t]; p). Shapes: s like the state, x one number or the inputs' vector."""
    raise refuse("system", f"{type(p).__name__} has no step; write one with @step.register in {_file(p)}")


@singledispatch
def jvp(p: Any, s: Any, x: Any, v: Any, y: Any) -> Any:
    """J v + K y, with J = dF/ds and K = dF/dx at (s, x; p): how small changes v of the state and y of the
    input (zeros where it is fixed) are carried through one step (forward).
    """
    raise refuse("system", f"{type(p).__name__} has no jvp; write one with @jvp.register in {_file(p)}")


@singledispatch
def vjp(p: Any, s: Any, x: Any, g: Any) -> Any:
    """(dp, J^T g, K^T g): gradients of <g, F(s, x; p)> with respect to the pack (the same type), to the
    state and to the input (backward).
    """
    raise refuse("system", f"{type(p).__name__} has no vjp; write one with @vjp.register in {_file(p)}")


@singledispatch
def step_size(p: Any) -> Any:
    """The length of one step in the system's own unit of time: 1 for a map, dt for a flow that is stepped."""
    return 1.0


@singledispatch
def rhs(p: Any, s: Any, x: Any) -> Any:
    """ds/dt = G(s, x; p), the right-hand side of a flow, in the form of the state. A flow has no step:
    `euler` and `rk4` step it.
    """
    raise refuse(
        "parameters.flow", f"{type(p).__name__} has no rhs; write one with @rhs.register in {_file(p)}"
    )


@singledispatch
def rhs_jvp(p: Any, s: Any, x: Any, v: Any, y: Any) -> Any:
    """A v + B y, with A = dG/ds and B = dG/dx at (s, x; p): how the rate of a flow changes with small changes
    v of the state and y of the input.
    """
    raise refuse(
        "parameters.flow",
        f"{type(p).__name__} has no rhs_jvp; write one with @rhs_jvp.register in {_file(p)}",
    )


@singledispatch
def rhs_vjp(p: Any, s: Any, x: Any, g: Any) -> Any:
    """(dp, A^T g, B^T g): gradients of <g, G(s, x; p)> with respect to the pack (the same type), to the state
    and to the input of a flow.
    """
    raise refuse(
        "parameters.flow",
        f"{type(p).__name__} has no rhs_vjp; write one with @rhs_vjp.register in {_file(p)}",
    )


@singledispatch
def output(p: Any, s: Any) -> Any:
    """The activation that is read out and compared with targets; the state itself unless the system says
    otherwise.
    """
    return s


@singledispatch
def output_jvp(p: Any, s: Any, v: Any) -> Any:
    """How a small change v of the state changes the output; right by itself where the output is a part of
    the state.
    """
    return output(p, v)


@singledispatch
def output_vjp(p: Any, s: Any, g: Any) -> Any:
    """The gradient with respect to the state of <g, output>; right by itself where the output is the
    state.
    """
    if has(output, type(p)):
        raise refuse(
            "system",
            f"{type(p).__name__} has an output but no output_vjp; write one with @output_vjp.register in "
            f"{_file(p)}",
        )
    return g


@singledispatch
def gates(p: Any, s: Any, x: Any) -> dict[str, Any]:
    """The inner values of the step from s, by name: what opens and closes."""
    raise refuse(
        "observables", f"{type(p).__name__} has no gates; write them with @gates.register in {_file(p)}"
    )


@singledispatch
def units(p: Any) -> int | dict[str, int] | tuple[str, ...] | None:
    """None: the state is one number. A tuple of labels: that many numbers. An integer n: the array of a
    network's n units. A dict: several arrays, by name, each of so many units.
    """
    return None


@singledispatch
def inputs(p: Any) -> int:
    """How many inputs a network's step takes: the width of the first matrix whose name begins with U, unless
    the system says otherwise.
    """
    return _widths(p) or 1


def _widths(p: Any) -> int:
    for name in getattr(p, "_fields", ()):
        value = getattr(p, name)
        for item in value if isinstance(value, tuple) and not hasattr(value, "shape") else (value,):
            if hasattr(item, "_fields") and not hasattr(item, "shape"):
                found = inputs(item)
                if found:
                    return found
            elif name.startswith("U") and hasattr(item, "shape"):
                return int(item.shape[1])
    return 0


@singledispatch
def learnt(p: Any) -> int:
    """How many numbers of a pack are learnt: the entries of its arrays and its numbers, those of packs inside
    too, without the fields that are declared as `Annotated[float, Held()]`, unless the system says otherwise.
    """
    return sum(_entries(getattr(p, name)) for name in free(type(p)))


def free(pack: type) -> list[str]:
    """The fields of a pack that are not declared as `Annotated[float, Held()]`."""
    hints = typing.get_type_hints(pack, include_extras=True)
    return [
        name
        for name in pack._fields  # type: ignore[attr-defined]
        if not any(isinstance(note, Held) for note in getattr(hints.get(name), "__metadata__", ()))
    ]


def _entries(value: Any) -> int:
    """How many numbers are learnt of a field: words, flags and counts are none."""
    if hasattr(value, "base"):
        return math.prod(value.base.shape[1:])
    if isinstance(value, tuple):
        return learnt(value) if hasattr(value, "_fields") else sum(map(_entries, value))
    return 0 if value is None or isinstance(value, (str, bool, int)) else 1


@singledispatch
def noise(p: Any) -> int:
    """How many random numbers of (0, 1) a step needs; where there are any, x is a tuple (x, z) of inputs and
    numbers.
    """
    return 0


@singledispatch
def escapes(p: Any, radius: Any) -> Any:
    """Whether an orbit that has once left the ball of this radius is known never to come back (a
    condition, cell by cell).
    """
    return None


def has(verb: Any, pack: type) -> bool:
    """Whether the verb is written for this type of parameters."""
    return verb.dispatch(pack) is not verb.dispatch(object)


@singledispatch
def mirrored(p: Any) -> bool:
    """Whether the step also reads the sequence from its end: then x is a tuple (x[t], x[steps - 1 - t])."""
    return False


def carried(p: Any, s: Any, x: Any, v: Any, y: Any) -> Any:
    """`jvp`, also of a system whose own leaves y out because it is never driven by another."""
    own = jvp.dispatch(type(p))
    return own(p, s, x, v) if len(inspect.signature(own).parameters) == 4 else own(p, s, x, v, y)


def networked(p: Any) -> bool:
    """Whether the state is an array over units, or several."""
    return isinstance(units(p), (int, dict))
