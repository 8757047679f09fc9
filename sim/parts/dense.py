"""A layer of an MLP between two layers of cells: f(U x + b), at every time of the sequence."""

from typing import Any, NamedTuple

from sim.activations import activation as named
from sim.errors import refuse
from sim.functions import outer
from sim.generic import inputs, step, units, vjp
from sim.matrices import vectors


class Dense(NamedTuple):
    """Its weights, biases and activation."""

    U: Any
    b: Any
    activation: str


@units.register
def _(p: Dense) -> int:
    return int(p.U.shape[0])


@inputs.register
def _(p: Dense) -> int:
    return int(p.U.shape[1])


@step.register
def _(p: Dense, s: Any, x: Any) -> Any:
    return named(p.activation).f(p.U @ x + p.b)


@vjp.register
def _(p: Dense, s: Any, x: Any, g: Any) -> Any:
    a = g * named(p.activation).slope(step(p, s, x))
    return Dense(outer(a, x), a, p.activation), g.graph.zeros(*g.shape), p.U.T @ a


def check_layers(layers: int, between: int, activation: str) -> None:
    """Refuse no layers, a negative width between them, an activation that there is not."""
    if layers < 1:
        raise refuse("parameters.layers", f"{layers} layers; write 1 or more")
    if between < 0:
        raise refuse("parameters.between", f"a width of {between}; write 1 or more, or 0 for none")
    named(activation)


def layers_between(weights: Any, activation: str, width: int, fed: int, layers: int) -> tuple[Dense, ...]:
    """What lies between so many layers of cells that put out `fed` numbers; nothing where `width` is 0."""
    return tuple(
        Dense(
            weights.matrices(width, fed, f"layer {i}"), vectors(0.0, width, "parameters.between"), activation
        )
        for i in range(1, layers)
        if width
    )
