"""Escape time: the first n with |s[n]| > radius, -1 if the orbit stays inside for all steps.

The orbits of 64 cells run together. Where it is known that an orbit beyond the radius never comes back
(`escapes`), the test is made every 8 steps only (at 10 and more an escaped orbit of z^2 + c overflows to NaN
between tests), and the 8 steps in which something escaped are run again one by one. A cell whose orbit
returns to an earlier state bit for bit is periodic for ever and is not run on.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np

from sim.cells import aligned
from sim.compile import kernel as compiled
from sim.errors import refuse
from sim.functions import total
from sim.generic import escapes
from sim.kernels import load_input, load_parameters, load_state, step
from sim.lanes import align_stack, any_lane, select, splat, store
from sim.machine.processor import SHAPES
from sim.observable import Declared, Facts, Loop, Whole
from sim.pointwise.module import Module
from sim.signature import About

WIDTH = SHAPES.escape


class Keywords(NamedTuple):
    """Where outside begins."""

    radius: Annotated[float, About("an orbit that is farther from 0 than this has escaped")] = 2.0


def declare(facts: Facts) -> Declared:
    """One whole number a cell."""
    return Declared(
        (),
        "escape time",
        "step",
        "first n with |s[n]| > radius; -1 if there is none up to steps",
        "B. B. Mandelbrot, Ann. N.Y. Acad. Sci. 357 (1980) 249, doi:10.1111/j.1749-6632.1980.tb29690.x",
        "int32",
    )


def inside(p: Any, s: Any) -> Any:
    """Which lanes are not outside; NaN is outside."""
    raise NotImplementedError


def sure(p: Any, s: Any) -> Any:
    """Which lanes never come back once they are outside."""
    raise NotImplementedError


def moved(s: Any, then: Any) -> Any:
    """Which lanes are not where they were, bit for bit."""
    raise NotImplementedError


def escape(parameters: Any, start: Any, inputs: Any, outs: Any, cells: int, steps: int, first: Any) -> None:
    """Count steps until every orbit of the bundle has escaped or is known to stay."""
    align_stack()
    for at in range(0, cells, WIDTH):
        p = load_parameters(parameters, cells, at)
        s = load_state(start, cells, at)
        stride = 1 if any_lane(~sure(p, s)) else 8
        count = splat(0.0, WIDTH)
        live = count <= 0.0
        settled = count > 0.0
        mark = s
        marked = 16
        t = 0
        while t < steps:
            stride = min(stride, steps - t)
            before = s
            for q in range(stride):
                s = step(p, s, load_input(inputs, cells, at, t + q))
            if any_lane(live & ~(inside(p, s) & inside(p, before))):
                s = before
                for q in range(stride):
                    live = live & inside(p, s)
                    count = count + select(live, 1.0, 0.0)
                    s = step(p, s, load_input(inputs, cells, at, t + q))
                if not any_lane(live):
                    break
            else:
                count = count + select(live, float(stride), 0.0)
            t += stride
            if first[0] > 0:
                settled = settled | ~moved(s, mark)
                if not any_lane(live & ~settled):
                    break
                if t >= marked:
                    mark = s
                    marked = 2 * t
        store(outs[0], at, select(live & (settled | inside(p, s)), -1.0, count))


def plan(form: Any, k: Keywords, facts: Facts) -> Loop:
    """The loop for this system: its step, its distance from 0, and whether orbits come back."""
    if isinstance(facts.labels, (int, dict)):
        raise refuse(
            "observables",
            f"escape_time is for systems of one or a few numbers, this network has {facts.numbers} numbers; "
            "use norm",
        )
    equation = form.equation
    module = Module(equation, WIDTH)
    module.loading()
    module.stepping()
    graph, s = equation.graph, equation.state
    inner = total(tuple(v * v for v in s)) <= k.radius * k.radius
    known = escapes(equation.pack, k.radius)
    apart = [v - graph.leaf("tangent", str(i)) for i, v in enumerate(s)]
    far = total(tuple(abs(d) for d in apart))
    for name, node, tangents in (
        ("inside(p, s)", inner, 0),
        ("sure(p, s)", graph.lift(1.0) < 0.5 if known is None else known, 0),
        ("moved(s, v)", far > 0.0, len(s)),
    ):
        code = module.code()
        (value,) = code.names([node])
        unpack = module.unpack(*(("s", "v") if tangents else ("p", "s")), tangents=tangents)
        module.add(name, [*unpack, *code.lines, f"return {value}"])
    program = module.finished(escape, "Steps until the orbit escapes.", [1], aimed=False)
    # a driven orbit that returns is not periodic: its input has moved on
    periodic = np.array([1 if form.inputs == "none" else 0, 0], dtype=np.int64)

    def evaluate(tile: Any) -> np.ndarray:
        out = aligned(tile.whole)
        kernel = compiled(program.source)
        kernel(
            tuple(tile.parameters), tuple(tile.start), tile.inputs, (out,), tile.whole, tile.steps, periodic
        )
        return out

    return Loop(program.source, evaluate, program.operations * facts.steps)


observable = Whole(declare, plan, Keywords)
