"""The vanilla recurrent network h' = f(W h + U x + b), one unit or n.

With one unit w, u and b are numbers; with n units, or one whose `weights` are given, W, U and b come from the
families `weights`, `input_weights` and `b`. Source: J. L. Elman, Cognitive Science 14 (1990) 179,
doi:10.1207/s15516709cog1402_1.
"""

from typing import Annotated, Any, NamedTuple, cast

from sim import weights as families
from sim.activations import Name
from sim.activations import activation as named
from sim.functions import outer
from sim.generic import jvp, step, units, vjp
from sim.matrices import vectors
from sim.signature import About, Family


class Unit(NamedTuple):
    """One unit: its parameters are numbers."""

    w: float
    u: float
    b: float
    activation: str


class Network(NamedTuple):
    """n units: recurrent weights (n, n), input weights (n, inputs), bias (n,)."""

    W: Any
    U: Any
    b: Any
    activation: str


@units.register
def _(p: Network) -> int:
    return int(p.W.shape[0])


@step.register
def _(p: Unit, s: Any, x: Any) -> Any:
    return named(p.activation).f(p.w * s + (p.u * x + p.b))


@step.register
def _(p: Network, s: Any, x: Any) -> Any:
    return named(p.activation).f(p.W @ s + (p.U @ x + p.b))


@jvp.register
def _(p: Network, s: Any, x: Any, v: Any, y: Any) -> Any:
    return named(p.activation).slope(step(p, s, x)) * (p.W @ v + p.U @ y)


@vjp.register
def _(p: Network, s: Any, x: Any, g: Any) -> Any:
    a = g * named(p.activation).slope(step(p, s, x))
    return Network(outer(a, s), outer(a, x), a, p.activation), p.W.T @ a, p.U.T @ a


def build(
    *,
    units: Annotated[int, About("number of units")] = 1,
    inputs: Annotated[int, About("number of inputs of a network")] = 1,
    activation: Annotated[Name, About("f, from summed input to activation")] = "tanh",
    w: Annotated[float | None, About("recurrent weight of one unit")] = None,
    u: Annotated[float | None, About("input weight of one unit; none is 1")] = None,
    b: Annotated[float, About("bias"), Family(families.biases, "start")] = 0.0,
    weights: Annotated[
        Any, About("recurrent weights of n units"), Family(families.recurrent, common=families.Scaling)
    ] = "gaussian",
    input_weights: Annotated[
        Any, About("input weights of n units"), Family(families.feeding, common=families.OwnSeed)
    ] = "gaussian",
) -> Unit | Network:
    """The pack of a network with these settings."""
    named(activation)
    if families.single(units, w, u, b, inputs, weights, input_weights):
        return Unit(cast("float", w), 1.0 if u is None else u, b, activation)
    arrays = (
        weights.matrices(units, units),
        input_weights.matrices(units, inputs),
        vectors(b, units, "parameters.b"),
    )
    return Network(*arrays, activation)
