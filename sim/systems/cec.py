"""The constant error carousel alone: h' = sigma h, a memory that only a gate scales.

The gate is sigma = sigmoid(u x + b), or the constant `gate`. After k steps h is what it was times the product
of the gates since, and this product is the gradient: dh[t+k] / dh[t] = sigma[t] ... sigma[t+k-1], the gates
themselves and not their slopes. Source: S. Hochreiter & J. Schmidhuber, Neural Computation 9 (1997) 1735,
doi:10.1162/neco.1997.9.8.1735 (sigma = 1); gated by F. Gers, J. Schmidhuber & F. Cummins, Neural Computation
12 (2000) 2451, doi:10.1162/089976600300015015.
"""

from typing import Annotated, Any, NamedTuple

from sim.errors import within
from sim.functions import sigmoid
from sim.generic import gates, step
from sim.parts import gated
from sim.signature import About, Held


class Carousel(NamedTuple):
    """The gate's parameters, or its constant value; the others are absent."""

    u: float | None
    b: float | None
    gate: Annotated[float | None, Held()]


def _gate(p: Carousel, x: Any) -> Any:
    return sigmoid(p.u * x + p.b) if p.gate is None else p.gate


@step.register
def _(p: Carousel, s: Any, x: Any) -> Any:
    return _gate(p, x) * s


@gates.register
def _(p: Carousel, s: Any, x: Any) -> dict[str, Any]:
    return {"gate": _gate(p, x)}


def build(
    *,
    u: Annotated[float | None, About("input weight of the gate; none is 1")] = None,
    b: Annotated[float | None, About("bias of the gate; none is 0")] = None,
    gate: Annotated[float | None, About("a constant gate in [0, 1]; none opens it by u x + b")] = None,
) -> Carousel:
    """The pack of a carousel whose gate is opened by the input, or constant."""
    if gate is None:
        return Carousel(1.0 if u is None else u, 0.0 if b is None else b, None)
    within("gate", gate, 0.0, 1.0, "gate")
    gated.unused({"u": u, "b": b}, "beside a constant gate")
    return Carousel(None, None, gate)
