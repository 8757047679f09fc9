"""Packs of networks that read a sequence from both ends, layer above layer.

A layer has a forward and a backward half. The layer above reads, at every place x[t] of the sequence, what
the forward half makes of x[0..t] and the backward half of x[T-1], ..., x[t], side by side. No step of a state
says that (the backward half below must have come to t before either half above may pass it), so these packs
have none: `sim/directions/form.py` runs them layer by layer. Source: M. Schuster & K. Paliwal, IEEE Trans.
Signal Processing 45 (1997) 2673, doi:10.1109/78.650093; A. Graves, N. Jaitly & A. Mohamed, ASRU 2013, 273,
doi:10.1109/ASRU.2013.6707742 (several layers).
"""

from typing import Any, NamedTuple

from sim.errors import Refused, refuse
from sim.generic import inputs, jvp, mirrored, step, units, vjp
from sim.parts.dense import Dense
from sim.parts.wrapped import labels


class Directions(NamedTuple):
    """The layers from the input up, each a pack with a `forward` and a `backward` half; the layers of an MLP
    between them (as many less one, or none); what stands side by side at a time ("ends", "positions").
    """

    layers: tuple[Any, ...]
    between: tuple[Dense, ...]
    alignment: str


class Passed(NamedTuple):
    """A state that is handed in, one array or two of these sizes: s[t+1] = x[t]. What is made of the states
    of a run that is over, such as a loss, is made by the kernels of this equation.
    """

    sizes: tuple[int, ...]


class Part(NamedTuple):
    """A recurrence inside the network: one half of one layer, or what lies between two layers."""

    prefix: str  # of the names of its parameters
    pack: Any
    backward: bool  # whether it reads from the end
    suffix: str  # of the names of its state's arrays; none: they are no part of the network's state


def levels(p: Directions) -> list[tuple[Part, ...]]:
    """The parts of the network, from the input up; those of one level read the same series."""
    several = len(p.layers) > 1
    found = []
    for i, layer in enumerate(p.layers):
        prefix, mark = (f"layers[{i + 1}].", str(i + 1)) if several else ("", "")
        halves = (("forward", layer.forward, False), ("backward", layer.backward, True))
        found.append(
            tuple(Part(f"{prefix}{half}.", pack, back, f"{mark}_{half}") for half, pack, back in halves)
        )
        if i < len(p.between):
            found.append((Part(f"between[{i + 1}].", p.between[i], False, ""),))
    return found


@units.register
def _(p: Directions) -> dict[str, int]:
    own = [part for level in levels(p) for part in level if part.suffix]
    return labels(tuple(part.pack for part in own), tuple(part.suffix for part in own))


@inputs.register
def _(p: Directions) -> int:
    return inputs(p.layers[0].forward)


@mirrored.register
def _(p: Directions) -> bool:
    return True


@step.register
def _(p: Directions, s: Any, x: Any) -> Any:
    raise _stepless()


@jvp.register
def _(p: Directions, s: Any, x: Any, v: Any, y: Any) -> Any:
    raise _stepless()


@vjp.register
def _(p: Directions, s: Any, x: Any, g: Any) -> Any:
    raise _stepless()


def _stepless() -> Refused:
    return refuse(
        "system",
        "a bidirectional network of several layers, or aligned by position, has no step from one time to the "
        'next; write layers = 1 and alignment = "ends"',
    )


@units.register
def _(p: Passed) -> int | dict[str, int]:
    return p.sizes[0] if len(p.sizes) == 1 else dict(zip(("forward", "backward"), p.sizes, strict=True))


@inputs.register
def _(p: Passed) -> int:
    return p.sizes[0]


@mirrored.register
def _(p: Passed) -> bool:
    return len(p.sizes) > 1  # the second array stands where other networks have the mirrored input


@step.register
def _(p: Passed, s: Any, x: Any) -> Any:
    return x


@vjp.register
def _(p: Passed, s: Any, x: Any, g: Any) -> Any:
    if isinstance(g, tuple):
        return p, tuple(part.graph.zeros(*part.shape) for part in g), g[0]
    return p, g.graph.zeros(*g.shape), g
