"""Continuous-time recurrent network in state form, stepped by Euler: s' = (1 - alpha) s + alpha (W f(s) + U x
+ b).

alpha = dt / tau; the activation that is read out is h = f(s), and `start` is s[0]. alpha = 1 is the vanilla
network in state form. Without alpha it is the flow itself, tau ds/dt = -s + W f(s) + U x + b, which `euler`
and `rk4` step. Source: R. D. Beer, Adaptive Behavior 3 (1995) 469, doi:10.1177/105971239500300405.
"""

from typing import Annotated, Any, NamedTuple, cast

import numpy as np

from sim import weights as families
from sim.activations import Name
from sim.activations import activation as named
from sim.errors import refuse
from sim.functions import outer, total
from sim.generic import (
    jvp,
    output,
    output_jvp,
    output_vjp,
    rhs,
    rhs_jvp,
    rhs_vjp,
    step,
    step_size,
    units,
    vjp,
)
from sim.matrices import vectors
from sim.signature import About, Family, Held

STEPPED = ("parameters.alpha", "either alpha, or tau and dt together (alpha = dt / tau), or ")


class Unit(NamedTuple):
    """One unit: its parameters are numbers."""

    w: float
    u: float
    b: float
    alpha: Annotated[float, Held()]
    activation: str


class Network(NamedTuple):
    """n units: recurrent weights (n, n), input weights (n, inputs), bias (n,), one alpha for all units."""

    W: Any
    U: Any
    b: Any
    alpha: Annotated[float, Held()]
    activation: str


class UnitFlow(NamedTuple):
    """One unit in continuous time."""

    w: float
    u: float
    b: float
    tau: Annotated[float, Held()]
    activation: str


class NetworkFlow(NamedTuple):
    """n units in continuous time, one time constant for all units."""

    W: Any
    U: Any
    b: Any
    tau: Annotated[float, Held()]
    activation: str


@units.register(Network)
@units.register(NetworkFlow)
def _(p: Any) -> int:
    return int(p.W.shape[0])


@step_size.register(Unit)
@step_size.register(Network)
def _(p: Any) -> Any:
    return p.alpha  # in units of tau


@step.register
def _(p: Unit, s: Any, x: Any) -> Any:
    f = named(p.activation).f
    return (1.0 - p.alpha) * s + p.alpha * (p.w * f(s) + (p.u * x + p.b))


@step.register
def _(p: Network, s: Any, x: Any) -> Any:
    f = named(p.activation).f
    return (1.0 - p.alpha) * s + p.alpha * (p.W @ f(s) + (p.U @ x + p.b))


@jvp.register
def _(p: Network, s: Any, x: Any, v: Any, y: Any) -> Any:
    f, slope = named(p.activation)
    return (1.0 - p.alpha) * v + p.alpha * (p.W @ (slope(f(s)) * v) + p.U @ y)


@vjp.register
def _(p: Network, s: Any, x: Any, g: Any) -> Any:
    f, slope = named(p.activation)
    h, a = f(s), p.alpha * g
    alpha = total(g * (p.W @ h + (p.U @ x + p.b) - s))
    back = (1.0 - p.alpha) * g + slope(h) * (p.W.T @ a)
    return Network(outer(a, h), outer(a, x), a, alpha, p.activation), back, p.U.T @ a


@rhs.register
def _(p: UnitFlow, s: Any, x: Any) -> Any:
    return (p.w * named(p.activation).f(s) + (p.u * x + p.b) - s) / p.tau


@rhs.register
def _(p: NetworkFlow, s: Any, x: Any) -> Any:
    return (p.W @ named(p.activation).f(s) + (p.U @ x + p.b) - s) / p.tau


@rhs_jvp.register
def _(p: NetworkFlow, s: Any, x: Any, v: Any, y: Any) -> Any:
    f, slope = named(p.activation)
    return (p.W @ (slope(f(s)) * v) + p.U @ y - v) / p.tau


@rhs_vjp.register
def _(p: NetworkFlow, s: Any, x: Any, g: Any) -> Any:
    f, slope = named(p.activation)
    h, a = f(s), g / p.tau
    tau = -total(a * (p.W @ h + (p.U @ x + p.b) - s)) / p.tau
    back = slope(h) * (p.W.T @ a) - a
    return NetworkFlow(outer(a, h), outer(a, x), a, tau, p.activation), back, p.U.T @ a


@output.register(Unit)
@output.register(Network)
@output.register(UnitFlow)
@output.register(NetworkFlow)
def _(p: Any, s: Any) -> Any:
    return named(p.activation).f(s)


@output_jvp.register(Network)
@output_jvp.register(NetworkFlow)
def _(p: Any, s: Any, v: Any) -> Any:
    f, slope = named(p.activation)
    return slope(f(s)) * v


@output_vjp.register(Network)
@output_vjp.register(NetworkFlow)
def _(p: Any, s: Any, g: Any) -> Any:
    f, slope = named(p.activation)
    return slope(f(s)) * g


def build(
    *,
    units: Annotated[int, About("number of units")] = 1,
    inputs: Annotated[int, About("number of inputs of a network")] = 1,
    activation: Annotated[Name, About("f, from state to activation")] = "tanh",
    w: Annotated[float | None, About("recurrent weight of one unit")] = None,
    u: Annotated[float | None, About("input weight of one unit; none is 1")] = None,
    b: Annotated[float, About("bias"), Family(families.biases, "start")] = 0.0,
    weights: Annotated[
        Any, About("recurrent weights of n units"), Family(families.recurrent, common=families.Scaling)
    ] = "gaussian",
    input_weights: Annotated[
        Any, About("input weights of n units"), Family(families.feeding, common=families.OwnSeed)
    ] = "gaussian",
    alpha: Annotated[float | None, About("Euler step dt / tau; none is a flow")] = None,
    tau: Annotated[float | None, About("time constant; of a flow none is 1", "s")] = None,
    dt: Annotated[float | None, About("Euler step", "s")] = None,
) -> Unit | Network | UnitFlow | NetworkFlow:
    """The pack of a continuous-time network with these settings; of a flow where they give no Euler step."""
    named(activation)
    flow = alpha is None and dt is None
    for name, value in (("tau", tau), ("dt", dt)):
        if value is not None and not (np.asarray(value) > 0.0).all():
            raise refuse(
                f"parameters.{name}", f"{np.min(value)} given; write a time above 0, as in {name} = 1.0"
            )
    time = (1.0 if tau is None else tau) if flow else _alpha(alpha, tau, dt)
    if families.single(units, w, u, b, inputs, weights, input_weights):
        unit = UnitFlow if flow else Unit
        return unit(cast("float", w), 1.0 if u is None else u, b, time, activation)
    arrays = (
        weights.matrices(units, units),
        input_weights.matrices(units, inputs),
        vectors(b, units, "parameters.b"),
    )
    return NetworkFlow(*arrays, time, activation) if flow else Network(*arrays, time, activation)


def _alpha(alpha: Any, tau: Any, dt: Any) -> Any:
    if alpha is not None and tau is None and dt is None:
        return alpha
    if alpha is None and tau is not None and dt is not None:
        return dt / tau
    raise refuse("parameters.alpha", "write either alpha, or tau and dt together (alpha = dt / tau)")
