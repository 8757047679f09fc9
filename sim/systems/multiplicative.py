"""The multiplicative recurrent network: h' = tanh(W m + U x + b), with factors m = (V x) (M h).

Every input chooses a recurrent matrix of its own, W diag(V x) M; with one-hot inputs that is one matrix for
each symbol. Source: I. Sutskever, J. Martens & G. Hinton, Generating text with recurrent neural networks,
ICML 2011, 1017.
"""

from typing import Annotated, Any, NamedTuple

from sim import weights as families
from sim.errors import refuse
from sim.functions import outer, tanh
from sim.generic import jvp, step, units, vjp
from sim.matrices import vectors
from sim.signature import About, Family


class Network(NamedTuple):
    """n units and F factors: W (n, F), M (F, n), V (F, inputs), U (n, inputs), b (n,)."""

    W: Any
    M: Any
    V: Any
    U: Any
    b: Any


@units.register
def _(p: Network) -> int:
    return int(p.W.shape[0])


@step.register
def _(p: Network, s: Any, x: Any) -> Any:
    return tanh(p.W @ ((p.V @ x) * (p.M @ s)) + (p.U @ x + p.b))


@jvp.register
def _(p: Network, s: Any, x: Any, v: Any, y: Any) -> Any:
    h = step(p, s, x)
    m = (p.V @ x) * (p.M @ v) + (p.V @ y) * (p.M @ s)
    return (1.0 - h * h) * (p.W @ m + p.U @ y)


@vjp.register
def _(p: Network, s: Any, x: Any, g: Any) -> Any:
    h = step(p, s, x)
    chosen, read = p.V @ x, p.M @ s
    a = g * (1.0 - h * h)
    back = p.W.T @ a
    d_chosen, d_read = back * read, back * chosen
    dp = Network(outer(a, chosen * read), outer(d_read, s), outer(d_chosen, x), outer(a, x), a)
    return dp, p.M.T @ d_read, p.V.T @ d_chosen + p.U.T @ a


def build(
    *,
    units: Annotated[int, About("number of units")] = 1,
    inputs: Annotated[int, About("number of inputs of a network")] = 1,
    factors: Annotated[int | None, About("number of factors; none is as many as units")] = None,
    b: Annotated[float, About("bias"), Family(families.biases, "start")] = 0.0,
    weights: Annotated[
        Any, About("weights W and M of n units"), Family(families.recurrent, common=families.Scaling)
    ] = "gaussian",
    input_weights: Annotated[
        Any, About("weights V and U of the inputs"), Family(families.feeding, common=families.OwnSeed)
    ] = "gaussian",
) -> Network:
    """The pack of a multiplicative network with these settings."""
    if units < 1:
        raise refuse("parameters.units", f"{units} units; write 1 or more")
    if factors is not None and factors < 1:
        raise refuse(
            "parameters.factors", f"{factors} factors; write 1 or more, or leave it out for one a unit"
        )
    width = units if factors is None else factors
    return Network(
        weights.matrices(units, width, "W"),
        weights.matrices(width, units, "M"),
        input_weights.matrices(width, inputs, "V"),
        input_weights.matrices(units, inputs, "U"),
        vectors(b, units, "parameters.b"),
    )
