"""Two networks of any cell, one reading the sequence from its beginning, the other from its end.

Both step at once: the state of time t holds what the forward half makes of x[0..t-1] and what the backward
half makes of the last t inputs, so at the last time each has seen all. What is read out is both, side by
side; the loss is that of the last time. Source: M. Schuster & K. Paliwal, IEEE Trans. Signal Processing 45
(1997) 2673, doi:10.1109/78.650093. The lecture's h_b(inf) is h_b(T+1), the start of the backward half.
"""

from typing import Annotated, Any, NamedTuple

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
    units,
    vjp,
)
from sim.signature import About, Family
from sim.wrapped import cells, joined, labels, split, wrapped


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
) -> Bidirectional:
    """The pack of two halves with these settings."""
    forward, backward = (wrapped(cell.apart(name), "bidirectional") for name in ("forward", "backward"))
    return Bidirectional(forward, backward)
