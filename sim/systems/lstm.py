"""Long short-term memory: c' = f c + i candidate, h' = o tanh(c'); the state is h and c, the output h.

The gates f, i, o are sigmoid(W h + U x + b), the candidate is tanh(W h + U x + b). With peepholes f and i
also see P c, o sees P c'. Coupled gates have i = 1 - f. A gate can be forced to a number. The read-out of c'
(never the carousel) can be batch-normalised: h' = o tanh(gain (c' - mean) / sqrt(variance) + shift). Dropout
multiplies by 1/keep with probability keep, else by 0, anew at every step: the candidate (what is remembered
stays), the cell c', or the h that gates and candidate see (these two lose memory).

Source: S. Hochreiter & J. Schmidhuber, Neural Computation 9 (1997) 1735, doi:10.1162/neco.1997.9.8.1735;
forget gate F. Gers, J. Schmidhuber & F. Cummins 2000, doi:10.1162/089976600300015015; peepholes F. Gers, N.
Schraudolph & J. Schmidhuber, JMLR 3 (2002) 115; coupled K. Greff et al. 2017,
doi:10.1109/TNNLS.2016.2582924; normalised T. Cooijmans et al. 2016, arXiv:1603.09025; dropout on the
candidate S. Semeniuta, A. Severyn & E. Barth 2016, arXiv:1603.05118, on the cell T. Moon et al. 2015,
doi:10.1109/ASRU.2015.7404775, on h Y. Gal & Z. Ghahramani 2016, arXiv:1512.05287 (these two keep one mask
for a whole sequence).
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np

from sim import weights as families
from sim.errors import refuse, within
from sim.functions import outer, sigmoid, tanh, total, where
from sim.generic import gates, jvp, noise, output, output_jvp, output_vjp, step, units, vjp
from sim.matrices import Chosen, Vectors
from sim.parts import gated
from sim.parts.normalisation import Norm, given, gradient, normal
from sim.parts.normalisation import turned as along
from sim.signature import About, Family, Held

Peephole = Literal["none", "diagonal", "full"]
Dropout = Literal["none", "candidate", "cell", "hidden"]


class Network(NamedTuple):
    """n units: W (n, n), U (n, inputs), b (n,) and P, (n,) or (n, n), for each gate; those of a gate that is
    forced or coupled are absent, as is all that the settings do not ask for.
    """

    W_f: Any
    U_f: Any
    b_f: Any
    W_i: Any
    U_i: Any
    b_i: Any
    W_c: Any
    U_c: Any
    b_c: Any
    W_o: Any
    U_o: Any
    b_o: Any
    P_f: Any
    P_i: Any
    P_o: Any
    force_f: Annotated[float | None, Held()]
    force_i: Annotated[float | None, Held()]
    force_o: Annotated[float | None, Held()]
    norm: Norm | None
    keep_probability: Annotated[float | None, Held()]
    peephole: str
    coupled: bool
    dropout: str


class Unit(NamedTuple):
    """One unit: its parameters are numbers."""

    w_f: float | None
    u_f: float | None
    b_f: float | None
    w_i: float | None
    u_i: float | None
    b_i: float | None
    w_c: float | None
    u_c: float | None
    b_c: float | None
    w_o: float | None
    u_o: float | None
    b_o: float | None
    p_f: float | None
    p_i: float | None
    p_o: float | None
    force_f: Annotated[float | None, Held()]
    force_i: Annotated[float | None, Held()]
    force_o: Annotated[float | None, Held()]
    norm: Norm | None
    coupled: bool


class Inner(NamedTuple):
    """The values inside a step."""

    seen: Any  # the h that gates and candidate see
    f: Any
    i: Any
    o: Any
    candidate: Any
    written: Any  # the candidate behind its dropout
    c: Any  # the next cell state
    read: Any  # tanh of the (normalised) next cell state
    mask: Any


def _peep(p: Unit | Network, gate: str) -> Any:
    return getattr(p, f"P_{gate}" if isinstance(p, Network) else f"p_{gate}")


def _peeped(p: Unit | Network, gate: str, c: Any) -> Any:
    """What a gate sees of the cell state."""
    return _peep(p, gate) @ c if isinstance(p, Network) and p.peephole == "full" else _peep(p, gate) * c


def _gate(p: Unit | Network, gate: str, h: Any, x: Any, c: Any) -> Any:
    if _forced(p, gate) is not None:
        return _forced(p, gate)
    z = gated.summed(p, gate, h, x)
    return sigmoid(z if _peep(p, gate) is None else z + _peeped(p, gate, c))


def _inner(p: Unit | Network, s: Any, x: Any) -> Inner:
    (h, c), dropout, mask = s, "none", None
    if isinstance(p, Network) and p.dropout != "none":
        (x, z), dropout = x, p.dropout
        keep: Any = p.keep_probability
        mask = where(z < keep, 1.0 / keep, 0.0)
    seen = mask * h if dropout == "hidden" else h
    f = _gate(p, "f", seen, x, c)
    i = 1.0 - f if p.coupled else _gate(p, "i", seen, x, c)
    candidate = tanh(gated.summed(p, "c", seen, x))
    written = mask * candidate if dropout == "candidate" else candidate
    added = f * c + i * written
    kept = mask * added if dropout == "cell" else added
    o = _gate(p, "o", seen, x, kept)
    return Inner(seen, f, i, o, candidate, written, kept, tanh(normal(p.norm, kept)), mask)


@units.register
def _(p: Network) -> dict[str, int]:
    n = int(p.W_c.shape[0])
    return {"h": n, "c": n}


@units.register
def _(p: Unit) -> tuple[str, ...]:
    return "h", "c"


@noise.register
def _(p: Network) -> int:
    return 0 if p.dropout == "none" else int(p.W_c.shape[0])


@step.register
def _(p: Unit | Network, s: Any, x: Any) -> Any:
    k = _inner(p, s, x)
    return k.o * k.read, k.c


@gates.register
def _(p: Unit | Network, s: Any, x: Any) -> dict[str, Any]:
    k = _inner(p, s, x)
    zero = 0.0 * k.candidate  # a forced gate is one number for all units
    return {"f": k.f + zero, "i": k.i + zero, "o": k.o + zero, "candidate": k.candidate}


@output.register
def _(p: Unit | Network, s: Any) -> Any:
    return s[0]


@output_jvp.register
def _(p: Unit | Network, s: Any, v: Any) -> Any:
    return v[0]


@output_vjp.register
def _(p: Unit | Network, s: Any, g: Any) -> Any:
    return g, 0.0 * s[1]


@jvp.register
def _(p: Network, s: Any, x: Any, v: Any, y: Any) -> Any:
    k = _inner(p, s, x)
    v_seen = k.mask * v[0] if p.dropout == "hidden" else v[0]

    def opening(gate: str, v_c: Any) -> Any:
        if _forced(p, gate) is not None:
            return 0.0
        inside = gated.turned(p, gate, v_seen, y)
        return _bend(k, gate) * (inside if p.peephole == "none" else inside + _peeped(p, gate, v_c))

    v_f = opening("f", v[1])
    v_i = -v_f if p.coupled else opening("i", v[1])
    v_written = (1.0 - k.candidate * k.candidate) * gated.turned(p, "c", v_seen, y)
    if p.dropout == "candidate":
        v_written = k.mask * v_written
    v_c = v_f * s[1] + k.f * v[1] + v_i * k.written + k.i * v_written
    if p.dropout == "cell":
        v_c = k.mask * v_c
    v_read = (1.0 - k.read * k.read) * along(p.norm, v_c)
    return opening("o", v_c) * k.read + k.o * v_read, v_c


@vjp.register
def _(p: Network, s: Any, x: Any, g: Any) -> Any:
    k = _inner(p, s, x)
    g_read = g[0] * k.o * (1.0 - k.read * k.read)
    g_o = {"o": g[0] * k.read}
    d_o = _inside(p, k, g_o)
    g_c = _with_peeps(p, d_o, g[1] + along(p.norm, g_read))
    g_added = k.mask * g_c if p.dropout == "cell" else g_c
    g_fi = (
        {"f": g_added * (s[1] - k.written)} if p.coupled else {"f": g_added * s[1], "i": g_added * k.written}
    )
    d_fi = _inside(p, k, g_fi)
    g_written = g_added * k.i
    g_candidate = k.mask * g_written if p.dropout == "candidate" else g_written
    deltas = d_fi | {"c": g_candidate * (1.0 - k.candidate * k.candidate)} | d_o
    g_seen = gated.pulled(p, "W", deltas)
    fields = gated.grown(deltas, k.seen, x if p.dropout == "none" else x[0])
    fields |= {f"force_{gate}": total(d) for gate, d in (g_fi | g_o).items() if _forced(p, gate) is not None}
    if p.peephole != "none":
        grow = outer if p.peephole == "full" else _times
        fields |= {f"P_{gate}": grow(d, s[1]) for gate, d in d_fi.items()}
        fields |= {f"P_{gate}": grow(d, k.c) for gate, d in d_o.items()}
    if p.norm is not None:
        fields["norm"] = gradient(p.norm, k.c, g_read)
    if p.dropout != "none":
        pairs = {"candidate": (g_written, k.written), "cell": (g_c, k.c), "hidden": (g_seen, k.seen)}
        fields["keep_probability"] = -total(_times(*pairs[p.dropout])) / p.keep_probability
    ds_h = k.mask * g_seen if p.dropout == "hidden" else g_seen
    return p._replace(**fields), (ds_h, _with_peeps(p, d_fi, g_added * k.f)), gated.pulled(p, "U", deltas)


def _forced(p: Unit | Network, gate: str) -> Any:
    return getattr(p, f"force_{gate}")


def _times(a: Any, b: Any) -> Any:
    return a * b


def _bend(k: Inner, gate: str) -> Any:
    """The slope of a gate's sigmoid."""
    opening = getattr(k, gate)
    return opening * (1.0 - opening)


def _inside(p: Network, k: Inner, gradients: Mapping[str, Any]) -> dict[str, Any]:
    """The gradients of the sums inside gates, from those of the gates; forced gates have none."""
    return {gate: g * _bend(k, gate) for gate, g in gradients.items() if _forced(p, gate) is None}


def _with_peeps(p: Network, deltas: Mapping[str, Any], g_c: Any) -> Any:
    """The gradient of the cell state, and what the peepholes of these gates add to it."""
    for gate, delta in deltas.items() if p.peephole != "none" else ():
        g_c = g_c + (_peep(p, gate).T @ delta if p.peephole == "full" else _peep(p, gate) * delta)
    return g_c


PeepholeWeight = Annotated[float | None, About("peephole weight of one unit, into the gate named")]
Force = Annotated[
    float | None, About("the gate's value, in [0, 1], for all units and times; none leaves it free")
]


def build(
    *,
    units: Annotated[int, About("number of units")] = 1,
    inputs: Annotated[int, About("number of inputs of a network")] = 1,
    peephole: Annotated[
        Peephole, About("what gates see of the cell state: nothing, their own, all")
    ] = "none",
    dropout: Annotated[Dropout, About("what recurrent dropout falls on")] = "none",
    coupled: Annotated[bool, About("whether the input gate is 1 - f")] = False,
    normalised: Annotated[bool, About("whether the read-out of c is batch-normalised")] = False,
    w_f: gated.Weight = None,
    u_f: gated.InputWeight = None,
    b_f: gated.Bias = 0.0,
    w_i: gated.Weight = None,
    u_i: gated.InputWeight = None,
    b_i: gated.Bias = 0.0,
    w_c: gated.Weight = None,
    u_c: gated.InputWeight = None,
    b_c: gated.Bias = 0.0,
    w_o: gated.Weight = None,
    u_o: gated.InputWeight = None,
    b_o: gated.Bias = 0.0,
    p_f: PeepholeWeight = None,
    p_i: PeepholeWeight = None,
    p_o: PeepholeWeight = None,
    weights: gated.Weights = "gaussian",
    input_weights: gated.InputWeights = "gaussian",
    peephole_weights: Annotated[
        Any,
        About("peephole weights of n units, gate by gate; one column where they are diagonal"),
        Family(families.feeding, common=families.OwnSeed),
    ] = "gaussian",
    force_f: Force = None,
    force_i: Force = None,
    force_o: Force = None,
    norm_gain: Annotated[float | None, About("factor of the normalised cell state; none is 1")] = None,
    norm_mean: Annotated[float | None, About("population mean of c; none is 0")] = None,
    norm_variance: Annotated[float | None, About("population variance of c; none is 1")] = None,
    norm_shift: Annotated[float | None, About("shift of the normalised cell state; none is 0")] = None,
    keep_probability: Annotated[float | None, About("probability of passing dropout; none is 0.5")] = None,
) -> Unit | Network:
    """The pack of a long short-term memory with these settings."""
    rows = {
        "f": gated.Row(w_f, u_f, b_f, p_f),
        "i": gated.Row(w_i, u_i, b_i, p_i),
        "c": gated.Row(w_c, u_c, b_c),
        "o": gated.Row(w_o, u_o, b_o, p_o),
    }
    forced = {"f": force_f, "i": force_i, "o": force_o}
    peeps = {f"p_{gate}": rows[gate].p for gate in forced}
    norm = {
        "norm_gain": norm_gain,
        "norm_mean": norm_mean,
        "norm_variance": norm_variance,
        "norm_shift": norm_shift,
    }
    if not normalised:
        gated.unused(norm, "without normalised = true")
    free = _free(rows, forced, coupled)
    keep = _keep(dropout, keep_probability, units)
    if peephole == "none":
        gated.unused(peeps | {"peephole_weights": peephole_weights.touched or None}, 'with peephole = "none"')
    fixed: dict[str, Any] = {f"force_{gate}": value for gate, value in forced.items()}
    fixed |= {"coupled": coupled, "norm": given(*norm.values()) if normalised else None}
    if gated.single(units, inputs, free, (weights, input_weights, peephole_weights)):
        own = {name: value for name, value in peeps.items() if name[-1] in free}
        lacking = [name for name, value in own.items() if value is None]
        if peephole != "none" and lacking:
            raise refuse(
                f"parameters.{lacking[0]}", f'peephole = "{peephole}" needs {", ".join(lacking)}; give values'
            )
        return Unit(**(_absent(Unit) | gated.numbers(free) | own | fixed))
    made = gated.arrays(free, units, inputs, weights, input_weights)
    if peephole != "none":
        made |= {f"P_{g}": _peeping(peephole, units, peephole_weights, g) for g in free if g in forced}
    fixed |= {"keep_probability": keep, "peephole": peephole, "dropout": dropout}
    return Network(**(_absent(Network) | made | fixed))


def _absent(pack: Any) -> dict[str, Any]:
    return dict.fromkeys(pack._fields)


def _free(rows: Mapping[str, gated.Row], forced: Mapping[str, Any], coupled: bool) -> dict[str, gated.Row]:
    """The gates that open by their sums."""
    why = {gate: f"beside force_{gate}" for gate, value in forced.items() if value is not None}
    for gate in why:
        within(f"force_{gate}", forced[gate], 0.0, 1.0, "gate")
    if coupled:
        gated.unused({"force_i": forced["i"]}, "in a coupled cell, where i = 1 - f (force_f sets both)")
        why["i"] = "in a coupled cell, where i = 1 - f"
    for gate, reason in why.items():
        row = rows[gate]
        bias = None if isinstance(row.b, float) and row.b == 0.0 else row.b
        gated.unused({f"w_{gate}": row.w, f"u_{gate}": row.u, f"b_{gate}": bias, f"p_{gate}": row.p}, reason)
    return {gate: row for gate, row in rows.items() if gate not in why}


def _keep(dropout: str, keep: Any, units: int) -> Any:
    if dropout == "none":
        gated.unused({"keep_probability": keep}, 'with dropout = "none"')
        return None
    if units == 1:
        raise refuse(
            "parameters.dropout", 'dropout is for several units; write dropout = "none", or more units'
        )
    if keep is None:
        return 0.5
    within("keep_probability", keep, 0.0, 1.0, "probability")
    if (np.asarray(keep) == 0.0).any():
        raise refuse("parameters.keep_probability", "0 keeps nothing; write a number above 0")
    return keep


def _peeping(kind: str, n: int, chosen: Chosen, gate: str) -> Any:
    """The peephole weights into a gate: a matrix, or its one column as a vector."""
    drawn = chosen.matrices(n, n if kind == "full" else 1, gate)
    return drawn if kind == "full" else Vectors(drawn.base[:, :, 0].copy(), drawn.which)
