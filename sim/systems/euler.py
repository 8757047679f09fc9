"""Forward Euler, order 1: s' = s + dt G(s, x), a step of any flow ds/dt = G(s, x); x is held during it.

A fixed point is stable only where |1 + dt lambda| < 1 for every eigenvalue lambda of G's Jacobian: less than
Re lambda < 0, where the flow is. Source: E. Hairer, S. P. Nørsett & G. Wanner, Solving Ordinary Differential
Equations I, 2nd ed. 1993, doi:10.1007/978-3-540-78862-1, section I.7.
"""

from typing import Annotated, Any, NamedTuple

from sim.generic import jvp, rhs_jvp, rhs_vjp, step, vjp
from sim.parts.flows import flows, inner, passes_through, rate, scaled, shifted, stepped
from sim.parts.wrapped import added
from sim.signature import About, Family, Held

INNER = "flow"


class Numbers(NamedTuple):
    """A flow of a few numbers, and the time step."""

    flow: Any
    dt: Annotated[float, Held()]


class Network(NamedTuple):
    """A flow of a network, and the time step."""

    flow: Any
    dt: Annotated[float, Held()]


passes_through(Numbers)
passes_through(Network)


@step.register(Numbers)
@step.register(Network)
def _(p: Any, s: Any, x: Any) -> Any:
    return shifted(s, p.dt, rate(p.flow, s, x))


@jvp.register
def _(p: Network, s: Any, x: Any, v: Any, y: Any) -> Any:
    return shifted(v, p.dt, rhs_jvp(p.flow, s, x, v, y))


@vjp.register
def _(p: Network, s: Any, x: Any, g: Any) -> Any:
    flow, back, below = rhs_vjp(p.flow, s, x, scaled(p.dt, g))
    return Network(flow, inner(g, rate(p.flow, s, x))), added(g, back), below


def build(
    *,
    flow: Annotated[
        Any,
        About("the vector field that is stepped; one of your own by its dotted name or the path of its file"),
        Family(flows),
    ] = "ctrnn",
    dt: Annotated[float, About("time step, in the flow's own unit of time")],
) -> Numbers | Network:
    """The pack of a flow and its time step."""
    return stepped(flow, dt, Numbers, Network)
