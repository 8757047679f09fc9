"""The classical Runge-Kutta method, order 4: a step of any flow ds/dt = G(s, x); x is held during it.

k1 = G(s), k2 = G(s + dt/2 k1), k3 = G(s + dt/2 k2), k4 = G(s + dt k3), s' = s + dt/6 (k1 + 2 k2 + 2 k3 + k4).
Source: E. Hairer, S. P. Nørsett & G. Wanner, Solving Ordinary Differential Equations I, 2nd ed. 1993,
doi:10.1007/978-3-540-78862-1, section II.1; the gradient is that of the step itself (discretise, then
differentiate).
"""

from typing import Annotated, Any, NamedTuple

from sim.generic import jvp, rhs_jvp, rhs_vjp, step, vjp
from sim.parts.flows import flows, inner, passes_through, rate, scaled, shifted, stepped, summed
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


def _mean(k: tuple[Any, Any, Any, Any]) -> Any:
    """(k1 + 2 k2 + 2 k3 + k4) / 6."""
    return scaled(1.0 / 6.0, added(shifted(k[0], 2.0, added(k[1], k[2])), k[3]))


def _stages(p: Any, s: Any, x: Any) -> tuple[tuple[Any, Any, Any, Any], tuple[Any, Any, Any, Any]]:
    """The four states at which the rate is taken, and the four rates."""
    half = 0.5 * p.dt
    k1 = rate(p.flow, s, x)
    second = shifted(s, half, k1)
    k2 = rate(p.flow, second, x)
    third = shifted(s, half, k2)
    k3 = rate(p.flow, third, x)
    fourth = shifted(s, p.dt, k3)
    return (s, second, third, fourth), (k1, k2, k3, rate(p.flow, fourth, x))


@step.register(Numbers)
@step.register(Network)
def _(p: Any, s: Any, x: Any) -> Any:
    return shifted(s, p.dt, _mean(_stages(p, s, x)[1]))


@jvp.register
def _(p: Network, s: Any, x: Any, v: Any, y: Any) -> Any:
    at, half = _stages(p, s, x)[0], 0.5 * p.dt
    k1 = rhs_jvp(p.flow, at[0], x, v, y)
    k2 = rhs_jvp(p.flow, at[1], x, shifted(v, half, k1), y)
    k3 = rhs_jvp(p.flow, at[2], x, shifted(v, half, k2), y)
    k4 = rhs_jvp(p.flow, at[3], x, shifted(v, p.dt, k3), y)
    return shifted(v, p.dt, _mean((k1, k2, k3, k4)))


@vjp.register
def _(p: Network, s: Any, x: Any, g: Any) -> Any:
    at, k = _stages(p, s, x)
    half, third, sixth = 0.5 * p.dt, p.dt / 3.0, p.dt / 6.0
    dp4, back4, x4 = rhs_vjp(p.flow, at[3], x, scaled(sixth, g))
    dp3, back3, x3 = rhs_vjp(p.flow, at[2], x, shifted(scaled(third, g), p.dt, back4))
    dp2, back2, x2 = rhs_vjp(p.flow, at[1], x, shifted(scaled(third, g), half, back3))
    dp1, back1, x1 = rhs_vjp(p.flow, s, x, shifted(scaled(sixth, g), half, back2))
    back = added(added(added(back1, back2), back3), back4)
    dt = inner(g, _mean(k)) + inner(back4, k[2]) + 0.5 * (inner(back3, k[1]) + inner(back2, k[0]))
    return Network(summed(dp1, dp2, dp3, dp4), dt), added(g, back), x1 + x2 + x3 + x4


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
