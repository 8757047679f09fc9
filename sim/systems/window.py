"""A window on the past and no recurrence: z[t+1] = f(U_0 x[t] + U_1 x[t-1] + ... + U_p x[t-p] + b).

The state is z and the last p inputs x1, ..., xp. The weights grow linearly with p, and an impulse is seen
p + 1 times and then never again: what takes longer cannot be learnt. Source: K. Lang, A. Waibel & G. Hinton,
Neural Networks 3 (1990) 23, doi:10.1016/0893-6080(90)90044-L.
"""

from functools import reduce
from operator import add
from typing import Annotated, Any, NamedTuple

from sim import weights as families
from sim.activations import Name
from sim.activations import activation as named
from sim.errors import refuse
from sim.functions import outer
from sim.generic import jvp, output, output_jvp, output_vjp, step, units, vjp
from sim.matrices import vectors
from sim.signature import About, Family


class Network(NamedTuple):
    """n units: for each bin of the window, the newest first, input weights (n, inputs); bias (n,)."""

    U: tuple[Any, ...]
    b: Any
    activation: str


@units.register
def _(p: Network) -> dict[str, int]:
    n, inputs = p.U[0].shape
    return {"z": int(n)} | {f"x{k}": int(inputs) for k in range(1, len(p.U))}


def _products(p: Network, window: Any) -> Any:
    return reduce(add, (U @ x for U, x in zip(p.U, window, strict=True)))


def _seen(p: Network, s: Any, x: Any) -> Any:
    return named(p.activation).f(_products(p, (x, *s[1:])) + p.b)


@step.register
def _(p: Network, s: Any, x: Any) -> Any:
    return _seen(p, s, x), *(x, *s[1:])[: len(p.U) - 1]


@jvp.register
def _(p: Network, s: Any, x: Any, v: Any, y: Any) -> Any:
    window = (y, *v[1:])
    return named(p.activation).slope(_seen(p, s, x)) * _products(p, window), *window[: len(p.U) - 1]


@vjp.register
def _(p: Network, s: Any, x: Any, g: Any) -> Any:
    a = g[0] * named(p.activation).slope(_seen(p, s, x))
    window = (x, *s[1:])
    back = [U.T @ a for U in p.U]
    moved = [back[k] + g[k + 1] for k in range(len(p.U) - 1)] + back[-1:]
    dp = Network(tuple(outer(a, part) for part in window), a, p.activation)
    return dp, (0.0 * g[0], *moved[1:]), moved[0]


@output.register
def _(p: Network, s: Any) -> Any:
    return s[0]


@output_jvp.register
def _(p: Network, s: Any, v: Any) -> Any:
    return v[0]


@output_vjp.register
def _(p: Network, s: Any, g: Any) -> Any:
    return g, *(0.0 * part for part in s[1:])


def build(
    *,
    units: Annotated[int, About("number of units")] = 1,
    inputs: Annotated[int, About("number of inputs of a network")] = 1,
    past: Annotated[int, About("bins of the past beside the newest input", "step")] = 4,
    activation: Annotated[Name, About("f, from summed input to activation")] = "tanh",
    b: Annotated[float, About("bias"), Family(families.biases, "start")] = 0.0,
    input_weights: Annotated[
        Any, About("weights of the inputs, bin by bin"), Family(families.feeding, common=families.OwnSeed)
    ] = "gaussian",
) -> Network:
    """The pack of a window network with these settings."""
    named(activation)
    if units < 1:
        raise refuse("parameters.units", f"{units} units; write 1 or more")
    if past < 0:
        raise refuse("parameters.past", f"{past} bins of the past; write 0 or more")
    window = tuple(input_weights.matrices(units, inputs, str(k)) for k in range(past + 1))
    return Network(window, vectors(b, units, "parameters.b"), activation)
