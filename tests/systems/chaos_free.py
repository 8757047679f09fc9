"""Two chaos-free units without input: h' = sigmoid(U h + b) tanh(h), every |h| falls to zero.

Source: T. Laurent & J. von Brecht, A recurrent neural network without chaos, ICLR 2017, arXiv:1612.06212.
"""

from typing import Annotated, NamedTuple

from sim.functions import sigmoid, tanh
from sim.generic import step, units
from sim.signature import About

START = (0.9, -0.7)


class ChaosFree(NamedTuple):
    """Weights of the gate, and its bias."""

    gain: Annotated[float, About("factor of the gate's weights")] = 1.0
    b: Annotated[float, About("bias of the gate")] = 0.0


@units.register
def _(p: ChaosFree):
    return ("h0", "h1")


@step.register
def _(p: ChaosFree, s, x):
    a, b = s
    return (
        sigmoid(p.gain * (2.0 * a - 3.0 * b) + p.b) * tanh(a),
        sigmoid(p.gain * (4.0 * a + 1.0 * b) + p.b) * tanh(b),
    )
