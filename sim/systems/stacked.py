"""Several layers of any cell: each reads what the one below it puts out at the same time.

s_l[t+1] = F(s_l[t], y_l; p_l), y_1 = x[t], y_l = output of layer l-1 at time t+1, through a layer of an MLP
between them where there is one. Source: M. Hermans & B. Schrauwen, NIPS 2013; R. Pascanu, C. Gulcehre, K. Cho
& Y. Bengio, arXiv:1312.6026.
"""

from typing import Annotated, Any, NamedTuple

from sim import weights as families
from sim.activations import Name
from sim.activations import activation as named
from sim.functions import outer
from sim.generic import (
    carried,
    gates,
    has,
    inputs,
    jvp,
    output,
    output_jvp,
    output_vjp,
    step,
    step_size,
    units,
    vjp,
)
from sim.parts.dense import Dense, check_layers, layers_between
from sim.parts.wrapped import added, cells, joined, labels, split, wrapped
from sim.signature import About, Family


class Stacked(NamedTuple):
    """The packs of the layers, from the input up, and what lies between them (as many less one, or none)."""

    layers: tuple[Any, ...]
    between: tuple[Dense, ...]


@units.register
def _(p: Stacked) -> dict[str, int]:
    return labels(p.layers, tuple(str(i + 1) for i in range(len(p.layers))))


@inputs.register
def _(p: Stacked) -> int:
    return inputs(p.layers[0])


@step_size.register
def _(p: Stacked) -> Any:
    return step_size(p.layers[0])  # all layers have the same settings


def _forward(p: Stacked, s: Any, x: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """The layers' inputs, their next states, and what comes out of the MLP's layers."""
    driven, moved, through = [x], [], []
    for i, (cell, state) in enumerate(zip(p.layers, split(p.layers, s), strict=True)):
        moved.append(step(cell, state, driven[i]))
        above = output(cell, moved[i])
        if p.between and i < len(p.between):
            dense = p.between[i]
            through.append(named(dense.activation).f(dense.U @ above + dense.b))
            above = through[i]
        driven.append(above)
    return driven, moved, through


@step.register
def _(p: Stacked, s: Any, x: Any) -> Any:
    return joined(_forward(p, s, x)[1])


@jvp.register
def _(p: Stacked, s: Any, x: Any, v: Any, y: Any) -> Any:
    driven, moved, through = _forward(p, s, x)
    states, tangents = split(p.layers, s), split(p.layers, v)
    found = []
    for i, cell in enumerate(p.layers):
        found.append(carried(cell, states[i], driven[i], tangents[i], y))
        y = output_jvp(cell, moved[i], found[i])
        if i < len(p.between):
            dense = p.between[i]
            y = named(dense.activation).slope(through[i]) * (dense.U @ y)
    return joined(found)


@vjp.register
def _(p: Stacked, s: Any, x: Any, g: Any) -> Any:
    driven, moved, through = _forward(p, s, x)
    states, incoming = split(p.layers, s), split(p.layers, g)
    own: list[Any] = [None] * len(p.layers)
    between: list[Any] = [None] * len(p.between)
    back: list[Any] = [None] * len(p.layers)
    below: Any = None  # the gradient with respect to the input of the layer above
    for i in reversed(range(len(p.layers))):
        if below is not None:
            if i < len(p.between):
                dense = p.between[i]
                a = below * named(dense.activation).slope(through[i])
                between[i] = Dense(outer(a, output(p.layers[i], moved[i])), a, dense.activation)
                below = dense.U.T @ a
            incoming[i] = added(incoming[i], output_vjp(p.layers[i], moved[i], below))
        own[i], back[i], below = vjp(p.layers[i], states[i], driven[i], incoming[i])
    return Stacked(tuple(own), tuple(between)), joined(back), below


@output.register
def _(p: Stacked, s: Any) -> Any:
    return output(p.layers[-1], split(p.layers, s)[-1])


@output_jvp.register
def _(p: Stacked, s: Any, v: Any) -> Any:
    return output_jvp(p.layers[-1], split(p.layers, s)[-1], split(p.layers, v)[-1])


@output_vjp.register
def _(p: Stacked, s: Any, g: Any) -> Any:
    states = split(p.layers, s)
    lower = [0.0 * part for part in joined(states[:-1])]
    return (*lower, *joined([output_vjp(p.layers[-1], states[-1], g)]))


@gates.register
def _(p: Stacked, s: Any, x: Any) -> dict[str, Any]:
    driven = _forward(p, s, x)[0]
    return {
        f"{name}{i + 1}": value
        for i, (cell, state) in enumerate(zip(p.layers, split(p.layers, s), strict=True))
        if has(gates, type(cell))
        for name, value in gates(cell, state, driven[i]).items()
    }


def build(
    *,
    cell: Annotated[
        Any, About("what every layer is made of; one of your own by its dotted name"), Family(cells)
    ] = "lstm",
    layers: Annotated[int, About("number of layers")] = 2,
    between: Annotated[int, About("width of an MLP's layer between two layers; 0 is none")] = 0,
    between_activation: Annotated[Name, About("f of the MLP's layer between two layers")] = "tanh",
    between_weights: Annotated[
        Any, About("weights of the MLP's layers"), Family(families.feeding, common=families.OwnSeed)
    ] = "gaussian",
) -> Stacked:
    """The pack of a stack with these settings; `cell.units` and `cell.inputs` are those of every cell."""
    check_layers(layers, between, between_activation)
    n = int(cell.settings["units"])
    first = wrapped(cell.apart("layer 1"), "stacked")
    rest = [wrapped(cell.apart(f"layer {i}"), "stacked", inputs=between or n) for i in range(2, layers + 1)]
    dense = layers_between(between_weights, between_activation, between, n, layers)
    return Stacked((first, *rest), dense)
