"""Two networks of any cell, one reading the sequence from its beginning, the other from its end.

What is read out is both, side by side. With alignment = "ends" the state of time t holds what the forward
half makes of x[0..t-1] and what the backward half makes of the last t inputs: at the last time each has seen
all, and the loss is that of the last time. One such layer is a recurrence whose halves step at once. With
alignment = "positions" the state of time t belongs to the input x[t-1]: the forward half has seen x[0..t-1],
the backward half x[T-1], ..., x[t-1], and the loss may count at any time; at time 0 both are at their start.
Each of several layers reads what the one below makes of every position, both halves, through a layer of an
MLP between them where there is one. Source: M. Schuster & K. Paliwal, IEEE Trans. Signal Processing 45 (1997)
2673, doi:10.1109/78.650093; several layers A. Graves, N. Jaitly & A. Mohamed, ASRU 2013, 273,
doi:10.1109/ASRU.2013.6707742. The lecture's h_b(inf) is h_b(T+1), the start of the backward half.
"""

from typing import Annotated, Any, Literal, NamedTuple

from sim import weights as families
from sim.activations import Name
from sim.directions.form import Directed
from sim.directions.packs import Directions
from sim.generic import (
    carried,
    gates,
    has,
    inputs,
    jvp,
    mirrored,
    output,
    output_jvp,
    output_vjp,
    step,
    step_size,
    units,
    vjp,
)
from sim.networks.form import Network
from sim.parts.dense import check_layers, layers_between
from sim.parts.wrapped import cells, joined, labels, split, wrapped
from sim.signature import About, Family

_HALVES = ("forward", "backward")


class Bidirectional(NamedTuple):
    """The packs of the two halves."""

    forward: Any
    backward: Any


@units.register
def _(p: Bidirectional) -> dict[str, int]:
    return labels(tuple(p), ("_forward", "_backward"))


@inputs.register
def _(p: Bidirectional) -> int:
    return inputs(p.forward)


@step_size.register
def _(p: Bidirectional) -> Any:
    return step_size(p.forward)


@mirrored.register
def _(p: Bidirectional) -> bool:
    return True


@step.register
def _(p: Bidirectional, s: Any, x: Any) -> Any:
    return joined([step(*each) for each in zip(p, split(tuple(p), s), x, strict=True)])


@jvp.register
def _(p: Bidirectional, s: Any, x: Any, v: Any, y: Any) -> Any:
    each = zip(p, split(tuple(p), s), x, split(tuple(p), v), (y, 0.0 * y), strict=True)
    return joined([carried(*half) for half in each])


@vjp.register
def _(p: Bidirectional, s: Any, x: Any, g: Any) -> Any:
    each = zip(p, split(tuple(p), s), x, split(tuple(p), g), strict=True)
    (own, back, aside), (other, behind, _) = (vjp(*half) for half in each)
    return Bidirectional(own, other), joined([back, behind]), aside


@output.register
def _(p: Bidirectional, s: Any) -> Any:
    return tuple(output(*half) for half in zip(p, split(tuple(p), s), strict=True))


@output_jvp.register
def _(p: Bidirectional, s: Any, v: Any) -> Any:
    each = zip(p, split(tuple(p), s), split(tuple(p), v), strict=True)
    return tuple(output_jvp(*half) for half in each)


@output_vjp.register
def _(p: Bidirectional, s: Any, g: Any) -> Any:
    return joined([output_vjp(*half) for half in zip(p, split(tuple(p), s), g, strict=True)])


@gates.register
def _(p: Bidirectional, s: Any, x: Any) -> dict[str, Any]:
    names = ("forward", "backward")
    return {
        f"{name}_{half}": value
        for half, pack, state, own in zip(names, p, split(tuple(p), s), x, strict=True)
        if has(gates, type(pack))
        for name, value in gates(pack, state, own).items()
    }


def build(
    *,
    cell: Annotated[
        Any, About("what each half is made of; one of your own by its dotted name"), Family(cells)
    ] = "lstm",
    layers: Annotated[int, About("number of layers, each of two halves")] = 1,
    alignment: Annotated[
        Literal["ends", "positions"],
        About(
            "what stands side by side at time t: the halves after t inputs from either end, or both at the "
            "input x[t-1]"
        ),
    ] = "ends",
    between: Annotated[int, About("width of an MLP's layer between two layers; 0 is none")] = 0,
    between_activation: Annotated[Name, About("f of the MLP's layer between two layers")] = "tanh",
    between_weights: Annotated[
        Any, About("weights of the MLP's layers"), Family(families.feeding, common=families.OwnSeed)
    ] = "gaussian",
) -> Bidirectional | Directions:
    """The pack with these settings; `cell.units` and `cell.inputs` are those of the first layer's halves, in
    the layers above a half has as many inputs as two have units.
    """
    check_layers(layers, between, between_activation)
    first = Bidirectional(*(wrapped(cell.apart(half), "bidirectional") for half in _HALVES))
    if layers == 1 and alignment == "ends":
        return first
    both = 2 * int(cell.settings["units"])
    rest = [
        Bidirectional(
            *(wrapped(cell.apart(f"{half} {i}"), "bidirectional", inputs=between or both) for half in _HALVES)
        )
        for i in range(2, layers + 1)
    ]
    dense = layers_between(between_weights, between_activation, between, both, layers)
    return Directions((first, *rest), dense, alignment)


def FORM(setting: Any, known: Any) -> Directed | Network:
    """Halves that step at once are one recurrence; else each runs over the whole series, layer by layer."""
    return (Directed if isinstance(setting.example, Directions) else Network)(setting, known)
