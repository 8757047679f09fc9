"""A two-unit LSTM without input or bias that is chaotic: i, o, f = sigmoid(W h), g = tanh(W h).

c' = f c + i g and h' = o tanh(c'), written out as a state of four numbers. Source: T. Laurent & J. von
Brecht, A recurrent neural network without chaos, ICLR 2017, arXiv:1612.06212.
"""

from typing import Annotated, NamedTuple

from sim.functions import sigmoid, tanh
from sim.generic import step, units
from sim.signature import About

START = (0.1, -0.2, 0.3, 0.05)
W_I = ((-1.0, -4.0), (-3.0, -2.0))
W_O = ((4.0, 1.0), (-9.0, -7.0))
W_F = ((-2.0, 6.0), (0.0, -6.0))
W_G = ((-1.0, -6.0), (6.0, -9.0))


class Lstm(NamedTuple):
    """All weights times one number."""

    gain: Annotated[float, About("factor of all weights")] = 1.0


@units.register
def _(p: Lstm):
    return ("h0", "h1", "c0", "c1")


@step.register
def _(p: Lstm, s, x):
    h, c = s[:2], s[2:]
    i, o, f, g = (
        [p.gain * (row[0] * h[0] + row[1] * h[1]) for row in matrix] for matrix in (W_I, W_O, W_F, W_G)
    )
    cell = [sigmoid(f[k]) * c[k] + sigmoid(i[k]) * tanh(g[k]) for k in (0, 1)]
    return (*(sigmoid(o[k]) * tanh(cell[k]) for k in (0, 1)), *cell)
