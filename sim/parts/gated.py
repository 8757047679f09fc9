"""What gated cells share: their keywords, the sums that open their gates, and the derivatives of these.

A network's pack has for every gate, say f, the fields W_f (n, n), U_f (n, inputs) and b_f (n,); the pack of
one unit has the numbers w_f, u_f and b_f.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from typing import Annotated, Any, NamedTuple

from sim import weights as families
from sim.errors import refuse
from sim.functions import outer
from sim.matrices import Chosen, vectors
from sim.signature import About, Family

Weight = Annotated[float | None, About("one unit: recurrent weight into the gate named, or the candidate c")]
InputWeight = Annotated[
    float | None, About("one unit: input weight into the gate named, or the candidate c; none is 1")
]
Bias = Annotated[float, About("bias of the gate named, or the candidate c"), Family(families.biases, "start")]
Weights = Annotated[
    Any,
    About("recurrent weights of n units, drawn gate by gate"),
    Family(families.recurrent, common=families.Scaling),
]
InputWeights = Annotated[
    Any,
    About("input weights of n units, drawn gate by gate"),
    Family(families.feeding, common=families.OwnSeed),
]


class Row(NamedTuple):
    """The numbers of one unit that belong to one gate, as they were given."""

    w: float | None
    u: float | None
    b: Any
    p: float | None = None


def summed(p: Any, gate: str, h: Any, x: Any) -> Any:
    """What opens a gate, W h + (U x + b), of a network or of one unit."""
    if hasattr(p, f"W_{gate}"):
        return getattr(p, f"W_{gate}") @ h + fed(p, gate, x)
    return getattr(p, f"w_{gate}") * h + fed(p, gate, x)


def fed(p: Any, gate: str, x: Any) -> Any:
    """What the input gives to a gate, U x + b."""
    bias = getattr(p, f"b_{gate}")
    return (
        getattr(p, f"U_{gate}") @ x + bias if hasattr(p, f"U_{gate}") else getattr(p, f"u_{gate}") * x + bias
    )


def turned(p: Any, gate: str, v: Any, y: Any) -> Any:
    """How small changes v of h and y of x change a network's sum, W v + U y."""
    return getattr(p, f"W_{gate}") @ v + getattr(p, f"U_{gate}") @ y


def pulled(p: Any, kind: str, deltas: Mapping[str, Any]) -> Any:
    """Gradients of sums carried back through the matrices of one kind ("W" or "U") and added."""
    return reduce(add, (getattr(p, f"{kind}_{gate}").T @ delta for gate, delta in deltas.items()))


def grown(deltas: Mapping[str, Any], h: Any, x: Any) -> dict[str, Any]:
    """The gradients of every gate's W, U and b from those of its sum."""
    fields: dict[str, Any] = {}
    for gate, delta in deltas.items():
        fields |= {f"W_{gate}": outer(delta, h), f"U_{gate}": outer(delta, x), f"b_{gate}": delta}
    return fields


def single(units: int, inputs: int, rows: Mapping[str, Row], groups: Sequence[Chosen]) -> bool:
    """Whether keywords describe one unit with a row of numbers for each gate, or (False) a network, of one
    unit too, with families of weights; what belongs to the other is refused. `rows` has the gates that are
    there.
    """
    numbers = (number for row in rows.values() for number in (row.w, row.u, row.p))
    return _many(units, rows) if families.is_network(units, numbers, groups) else _one(inputs, rows, groups)


def _one(inputs: int, rows: Mapping[str, Row], groups: Sequence[Chosen]) -> bool:
    missing = [f"w_{gate}" for gate, row in rows.items() if row.w is None]
    if missing:
        raise refuse(
            f"parameters.{missing[0]}",
            f"one unit needs its recurrent weights; give {', '.join(missing)} values or axes (or write "
            'units = 2 and more, or weights = "gaussian" for a network of one)',
        )
    for family in groups:
        if family.touched:
            letter = {"weights": "w", "input_weights": "u"}.get(family.place, "p")
            raise refuse(
                f"parameters.{family.place}",
                f"{family.place} and what belongs to it are of a network; with one unit write "
                f"{', '.join(f'{letter}_{gate}' for gate in rows)}, or leave such numbers out",
            )
    for gate, row in rows.items():
        if isinstance(row.b, tuple | Chosen):
            raise refuse(
                f"parameters.b_{gate}",
                f"a list or a family is for several units; the b_{gate} of one unit is a number",
            )
    if inputs != 1:
        raise refuse("parameters.inputs", f"{inputs} inputs are for several units; one unit has one input")
    return True


def _many(units: int, rows: Mapping[str, Row]) -> bool:
    places = {"w": "weights", "u": "input_weights", "p": "peephole_weights"}
    for gate, row in rows.items():
        for letter, instead in places.items():
            if getattr(row, letter) is not None:
                raise refuse(
                    f"parameters.{letter}_{gate}",
                    f"{letter}_{gate} is the weight of one unit, this network has {units}; write {instead} = "
                    f'"gaussian" and the keywords {instead}.… that belong to it',
                )
    return False


def numbers(rows: Mapping[str, Row]) -> dict[str, Any]:
    """The fields of one unit's gates; an input weight that is not given is 1."""
    fields: dict[str, Any] = {}
    for gate, row in rows.items():
        fields |= {f"w_{gate}": row.w, f"u_{gate}": 1.0 if row.u is None else row.u, f"b_{gate}": row.b}
    return fields


def arrays(
    rows: Mapping[str, Row], units: int, inputs: int, weights: Chosen, input_weights: Chosen
) -> dict[str, Any]:
    """The fields of a network's gates: other matrices for every gate, all of one family."""
    fields: dict[str, Any] = {}
    for gate, row in rows.items():
        fields |= {
            f"W_{gate}": weights.matrices(units, units, gate),
            f"U_{gate}": input_weights.matrices(units, inputs, gate),
            f"b_{gate}": vectors(row.b, units, f"parameters.b_{gate}"),
        }
    return fields


def unused(given: Mapping[str, Any], why: str) -> None:
    """Refuses keywords that were given although nothing reads them."""
    for name, value in given.items():
        if value is not None:
            raise refuse(f"parameters.{name}", f"{name} has no effect {why}; leave it out")
