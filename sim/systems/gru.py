"""The gated recurrent unit: h' = u h + (1 - u) candidate, with candidate = tanh(W (r h) + U x + b).

The reset gate r and the update gate u are sigmoid(W h + U x + b). By default u keeps: u = 1 is h' = h.
`update_adopts` swaps the roles, h' = (1 - u) h + u candidate, which is the sign flip of W_u, U_u and b_u.
`reset_after` resets behind the product, r (W h + b_hc), with a bias of its own inside: the form of cuDNN and
PyTorch. Source: K. Cho et al., EMNLP 2014, arXiv:1406.1078 (u keeps, reset before); J. Chung et al. 2014,
arXiv:1412.3555 (update_adopts).
"""

from typing import Annotated, Any, Literal, NamedTuple

from sim import weights as families
from sim.functions import outer, sigmoid, tanh
from sim.generic import gates, jvp, step, units, vjp
from sim.matrices import vectors
from sim.parts import gated
from sim.signature import About, Family

Variant = Literal["update_keeps", "update_adopts", "reset_after"]


class Unit(NamedTuple):
    """One unit: its parameters are numbers; b_hc is absent unless the reset comes after the product."""

    w_r: float
    u_r: float
    b_r: float
    w_u: float
    u_u: float
    b_u: float
    w_c: float
    u_c: float
    b_c: float
    b_hc: float | None
    variant: str


class Network(NamedTuple):
    """n units: for the gates r, u and the candidate c recurrent weights (n, n), input weights (n, inputs) and
    bias (n,).
    """

    W_r: Any
    U_r: Any
    b_r: Any
    W_u: Any
    U_u: Any
    b_u: Any
    W_c: Any
    U_c: Any
    b_c: Any
    b_hc: Any  # (n,) or None
    variant: str


class Inner(NamedTuple):
    """The values inside a step; `product` is what r multiplies where it resets after the product."""

    r: Any
    u: Any
    candidate: Any
    product: Any
    keep: Any
    adopt: Any


def _inner(p: Unit | Network, h: Any, x: Any) -> Inner:
    r, u = sigmoid(gated.summed(p, "r", h, x)), sigmoid(gated.summed(p, "u", h, x))
    keep, adopt = (1.0 - u, u) if p.variant == "update_adopts" else (u, 1.0 - u)
    if p.variant != "reset_after":
        return Inner(r, u, tanh(gated.summed(p, "c", r * h, x)), None, keep, adopt)
    product = (p.W_c @ h if isinstance(p, Network) else p.w_c * h) + p.b_hc
    return Inner(r, u, tanh(r * product + gated.fed(p, "c", x)), product, keep, adopt)


@units.register
def _(p: Network) -> int:
    return int(p.W_c.shape[0])


@step.register
def _(p: Unit | Network, s: Any, x: Any) -> Any:
    k = _inner(p, s, x)
    return k.keep * s + k.adopt * k.candidate


@gates.register
def _(p: Unit | Network, s: Any, x: Any) -> dict[str, Any]:
    k = _inner(p, s, x)
    return {"r": k.r, "u": k.u, "candidate": k.candidate}


@jvp.register
def _(p: Network, s: Any, x: Any, v: Any, y: Any) -> Any:
    k = _inner(p, s, x)
    v_r = k.r * (1.0 - k.r) * gated.turned(p, "r", v, y)
    v_u = k.u * (1.0 - k.u) * gated.turned(p, "u", v, y)
    if p.variant == "reset_after":
        inside = v_r * k.product + k.r * (p.W_c @ v) + p.U_c @ y
    else:
        inside = gated.turned(p, "c", v_r * s + k.r * v, y)
    v_keep = -v_u if p.variant == "update_adopts" else v_u
    return k.keep * v + v_keep * (s - k.candidate) + k.adopt * (1.0 - k.candidate * k.candidate) * inside


@vjp.register
def _(p: Network, s: Any, x: Any, g: Any) -> Any:
    k = _inner(p, s, x)
    g_keep = g * (s - k.candidate)
    d_u = (-g_keep if p.variant == "update_adopts" else g_keep) * k.u * (1.0 - k.u)
    d_c = g * k.adopt * (1.0 - k.candidate * k.candidate)
    if p.variant == "reset_after":
        inside = d_c * k.r
        d_r = d_c * k.product * k.r * (1.0 - k.r)
        through = p.W_c.T @ inside
        own = {"W_c": outer(inside, s), "b_hc": inside}
    else:
        back = p.W_c.T @ d_c
        d_r = back * s * k.r * (1.0 - k.r)
        through = back * k.r
        own = {"W_c": outer(d_c, k.r * s)}
    opened = {"r": d_r, "u": d_u}
    fields = gated.grown(opened, s, x) | {"U_c": outer(d_c, x), "b_c": d_c} | own
    ds = g * k.keep + through + gated.pulled(p, "W", opened)
    return p._replace(**fields), ds, gated.pulled(p, "U", opened | {"c": d_c})


def build(
    *,
    units: Annotated[int, About("number of units")] = 1,
    inputs: Annotated[int, About("number of inputs of a network")] = 1,
    variant: Annotated[
        Variant, About("what u = 1 does, and on which side of the product r resets")
    ] = "update_keeps",
    w_r: gated.Weight = None,
    u_r: gated.InputWeight = None,
    b_r: gated.Bias = 0.0,
    w_u: gated.Weight = None,
    u_u: gated.InputWeight = None,
    b_u: gated.Bias = 0.0,
    w_c: gated.Weight = None,
    u_c: gated.InputWeight = None,
    b_c: gated.Bias = 0.0,
    b_hc: Annotated[
        float | None,
        About("bias inside the reset of reset_after; none is 0"),
        Family(families.biases, "start"),
    ] = None,
    weights: gated.Weights = "gaussian",
    input_weights: gated.InputWeights = "gaussian",
) -> Unit | Network:
    """The pack of a gated recurrent network with these settings."""
    after = variant == "reset_after"
    if not after:
        gated.unused({"b_hc": b_hc}, f'with variant = "{variant}"; it is the inner bias of "reset_after"')
    inner = 0.0 if b_hc is None else b_hc
    rows = {"r": gated.Row(w_r, u_r, b_r), "u": gated.Row(w_u, u_u, b_u), "c": gated.Row(w_c, u_c, b_c)}
    if gated.single(units, inputs, rows, (weights, input_weights)):
        return Unit(**gated.numbers(rows), b_hc=inner if after else None, variant=variant)
    fields = gated.arrays(rows, units, inputs, weights, input_weights)
    return Network(
        **fields, b_hc=vectors(inner, units, "parameters.b_hc") if after else None, variant=variant
    )
