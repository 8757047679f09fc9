"""The minimal gated unit: h' = (1 - f) h + f candidate, with candidate = tanh(W (f h) + U x + b): one gate
f = sigmoid(W h + U x + b) both resets and updates.

Source: G.-B. Zhou, J. Wu, C.-L. Zhang & Z.-H. Zhou, Int. J. Autom. Comput. 13 (2016) 226, arXiv:1603.09420.
"""

from typing import Annotated, Any, NamedTuple

from sim.functions import outer, sigmoid, tanh
from sim.generic import gates, jvp, step, units, vjp
from sim.parts import gated
from sim.signature import About


class Unit(NamedTuple):
    """One unit: its parameters are numbers."""

    w_f: float
    u_f: float
    b_f: float
    w_c: float
    u_c: float
    b_c: float


class Network(NamedTuple):
    """n units: for the gate f and the candidate c recurrent weights (n, n), input weights (n, inputs), bias
    (n,).
    """

    W_f: Any
    U_f: Any
    b_f: Any
    W_c: Any
    U_c: Any
    b_c: Any


def _inner(p: Unit | Network, h: Any, x: Any) -> tuple[Any, Any]:
    f = sigmoid(gated.summed(p, "f", h, x))
    return f, tanh(gated.summed(p, "c", f * h, x))


@units.register
def _(p: Network) -> int:
    return int(p.W_c.shape[0])


@step.register
def _(p: Unit | Network, s: Any, x: Any) -> Any:
    f, candidate = _inner(p, s, x)
    return (1.0 - f) * s + f * candidate


@gates.register
def _(p: Unit | Network, s: Any, x: Any) -> dict[str, Any]:
    f, candidate = _inner(p, s, x)
    return {"f": f, "candidate": candidate}


@jvp.register
def _(p: Network, s: Any, x: Any, v: Any, y: Any) -> Any:
    f, candidate = _inner(p, s, x)
    v_f = f * (1.0 - f) * gated.turned(p, "f", v, y)
    inside = gated.turned(p, "c", v_f * s + f * v, y)
    return (1.0 - f) * v + v_f * (candidate - s) + f * (1.0 - candidate * candidate) * inside


@vjp.register
def _(p: Network, s: Any, x: Any, g: Any) -> Any:
    f, candidate = _inner(p, s, x)
    d_c = g * f * (1.0 - candidate * candidate)
    back = p.W_c.T @ d_c
    d_f = (g * (candidate - s) + back * s) * f * (1.0 - f)
    fields = gated.grown({"f": d_f}, s, x) | {"W_c": outer(d_c, f * s), "U_c": outer(d_c, x), "b_c": d_c}
    ds = g * (1.0 - f) + back * f + p.W_f.T @ d_f
    return p._replace(**fields), ds, gated.pulled(p, "U", {"f": d_f, "c": d_c})


def build(
    *,
    units: Annotated[int, About("number of units")] = 1,
    inputs: Annotated[int, About("number of inputs of a network")] = 1,
    w_f: gated.Weight = None,
    u_f: gated.InputWeight = None,
    b_f: gated.Bias = 0.0,
    w_c: gated.Weight = None,
    u_c: gated.InputWeight = None,
    b_c: gated.Bias = 0.0,
    weights: gated.Weights = "gaussian",
    input_weights: gated.InputWeights = "gaussian",
) -> Unit | Network:
    """The pack of minimal gated units with these settings."""
    rows = {"f": gated.Row(w_f, u_f, b_f), "c": gated.Row(w_c, u_c, b_c)}
    if gated.single(units, inputs, rows, (weights, input_weights)):
        return Unit(**gated.numbers(rows))
    return Network(**gated.arrays(rows, units, inputs, weights, input_weights))
