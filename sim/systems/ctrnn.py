"""Continuous-time recurrent network in state form, stepped by Euler: s' = (1 - alpha) s + alpha (W f(s) + U x + b).

alpha = dt / tau; the activation that is read out is h = f(s), and `start` is s[0]. alpha = 1 is the vanilla network in state form.
Source: R. D. Beer, Adaptive Behavior 3 (1995) 469, doi:10.1177/105971239500300405.
"""

from typing import Annotated, Any, Literal, NamedTuple

from sim.activations import activation as activation_named
from sim.errors import refuse
from sim.generic import output, step
from sim.signature import About

Name = Literal["identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus"]


class Unit(NamedTuple):
    """One unit: its parameters are numbers."""

    w: float
    u: float
    b: float
    alpha: float
    activation: str


@step.register
def _(p: Unit, s: Any, x: Any) -> Any:
    f = activation_named(p.activation).f
    return (1.0 - p.alpha) * s + p.alpha * (p.w * f(s) + (p.u * x + p.b))


@output.register
def _(p: Unit, s: Any) -> Any:
    return activation_named(p.activation).f(s)


def build(
    *,
    units: Annotated[int, About("number of units")] = 1,
    activation: Annotated[Name, About("f, from state to activation")] = "tanh",
    w: Annotated[float | None, About("recurrent weight of one unit")] = None,
    u: Annotated[float, About("input weight of one unit")] = 1.0,
    b: Annotated[float, About("bias")] = 0.0,
    alpha: Annotated[float | None, About("Euler step dt / tau")] = None,
    tau: Annotated[float | None, About("time constant", "s")] = None,
    dt: Annotated[float | None, About("Euler step", "s")] = None,
) -> Unit:
    """The pack of a continuous-time network with these settings."""
    if w is None:
        raise refuse("parameters.w", "is needed with units = 1; give it a value or an axis")
    return Unit(w, u, b, _alpha(alpha, tau, dt), activation)


def _alpha(alpha: Any, tau: Any, dt: Any) -> Any:
    if alpha is not None and tau is None and dt is None:
        return alpha
    if alpha is None and tau is not None and dt is not None:
        return dt / tau
    raise refuse("parameters.alpha", "write either alpha, or tau and dt together (alpha = dt / tau)")
