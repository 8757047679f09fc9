"""Flows inside systems: `euler` and `rk4` step any vector field ds/dt = G(s, x; p), found by name.

A flow is a pack with the verb `rhs`; a network also has `rhs_jvp` and `rhs_vjp`. What steps it holds the
input x during a step, and passes units, inputs and output through.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from sim.errors import Refused, refuse
from sim.functions import parts, total
from sim.generic import (
    has,
    inputs,
    mirrored,
    networked,
    noise,
    output,
    output_jvp,
    output_vjp,
    rhs,
    step,
    step_size,
    units,
)
from sim.matrices import Chosen
from sim.names import find, listing
from sim.vocabulary import builder, packs

STEPPERS = ("euler", "rk4")


class Flows(Mapping[str, Callable[..., Any]]):
    """What makes the pack of each flow, by name; also by the dotted name of one's own, or the path of its
    file.
    """

    def __getitem__(self, name: str) -> Callable[..., Any]:
        own = name.endswith(".py") or "." in name
        try:
            module = find("sim.systems", name)
            made: Callable[..., Any] = builder(module, name)
        except Refused as refusal:
            if own:
                raise refuse("parameters.flow", refusal.problems[0].text) from refusal
            raise KeyError(name) from refusal
        if not own and not any(has(rhs, pack) for pack in packs(module)):
            raise KeyError(name)
        return made

    def __iter__(self) -> Iterator[str]:
        return (name for name in listing("sim.systems") if name not in STEPPERS and name in self)

    def __len__(self) -> int:
        return len(tuple(iter(self)))


def flows() -> Mapping[str, Callable[..., Any]]:
    """The systems that can be stepped."""
    return Flows()


def stepped(flow: Chosen, dt: Any, numbers: Callable[..., Any], network: Callable[..., Any]) -> Any:
    """The flow's pack beside its time step, in the pack for a few numbers or for networks; refused where the
    flow lacks something, or where time would not go on.
    """
    pack = _alone(flow, f"{flow.place}.").built()
    if not has(rhs, type(pack)):
        if has(step, type(pack)):
            raise refuse(
                "parameters.flow",
                f"{flow.word} has a step of its own with these keywords; give a flow, ds/dt = ... (ctrnn is "
                "one without flow.alpha and flow.dt)",
            )
        rhs(pack, None, None)  # refuses, and says where to write it
    if mirrored(pack) or noise(pack):
        raise refuse(
            "parameters.flow",
            f"{flow.word} reads the sequence from its end, or random numbers; a flow cannot be stepped with "
            "these",
        )
    if not (np.asarray(dt) > 0.0).all():
        raise refuse("parameters.dt", f"a time step of {np.min(dt)}; write a number above 0")
    return (network if networked(pack) else numbers)(pack, dt)


def _alone(chosen: Chosen, prefix: str) -> Chosen:
    """The same choice with the random numbers that it has where it is no part of another system."""
    settings = {
        name: _alone(value, prefix) if isinstance(value, Chosen) else value
        for name, value in chosen.settings.items()
    }
    return chosen._replace(settings=settings, purpose=chosen.purpose.removeprefix(prefix))


def passes_through(pack: Any) -> None:
    """Register for a wrapper's pack all that is its flow's: units, inputs, output; and the step's length."""
    units.register(pack, lambda p: units(p.flow))
    inputs.register(pack, lambda p: inputs(p.flow))
    output.register(pack, lambda p, s: output(p.flow, s))
    output_jvp.register(pack, lambda p, s, v: output_jvp(p.flow, s, v))
    output_vjp.register(pack, lambda p, s, g: output_vjp(p.flow, s, g))
    step_size.register(pack, lambda p: p.dt)


def rate(flow: Any, s: Any, x: Any) -> Any:
    """`rhs`, refused where it has not the form of the state."""
    k = rhs(flow, s, x)
    k = tuple(k) if isinstance(k, list) else k
    if k is None or len(parts(k)) != len(parts(s)):
        raise refuse(
            "parameters.flow",
            f"rhs of {type(flow).__name__} returns {'None' if k is None else len(parts(k))} for a state of "
            f"{len(parts(s))}; return the rate of every number or array of the state, in its order",
        )
    return k


def scaled(c: Any, k: Any) -> Any:
    """c k, for k of the form of a state."""
    return tuple(c * part for part in k) if isinstance(k, tuple) else c * k


def shifted(s: Any, c: Any, k: Any) -> Any:
    """s + c k, for s and k of the form of a state."""
    if isinstance(s, tuple):
        return tuple(one + c * other for one, other in zip(s, k, strict=True))
    return s + c * k


def inner(g: Any, k: Any) -> Any:
    """<g, k>, for g and k of the form of a state."""
    return total(tuple(total(a * b) for a, b in zip(parts(g), parts(k), strict=True)))


def summed(dp: Any, *others: Any) -> Any:
    """The sum of several gradients in the form of one pack; what is no number is left as it is."""
    if isinstance(dp, tuple):
        items = [summed(*fields) for fields in zip(dp, *others, strict=True)]
        return type(dp)(*items) if hasattr(dp, "_fields") else tuple(items)
    if dp is None or isinstance(dp, (str, bool, int)):
        return dp
    found = dp
    for other in others:
        found = found + other
    return found
