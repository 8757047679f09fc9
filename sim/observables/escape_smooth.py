"""Escape time without steps: when, counted in fractions of a step, the orbit passed the radius.

Far from 0 an iteration of degree d raises the modulus to the power d, so that with |s[n]| > R for the first
time at n the modulus was R at n - log(log |s[n]| / log R) / log d. Rounded up it is the escape time at R. NaN
if the orbit stays inside for all steps.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np

from sim.cells import aligned
from sim.compile import kernel as compiled
from sim.errors import refuse
from sim.functions import total
from sim.generic import escapes, has
from sim.kernels import load_input, load_parameters, load_state, step
from sim.lanes import align_stack, any_lane, select, splat, store
from sim.observable import Declared, Facts, Loop, Whole
from sim.pointwise.module import Module
from sim.signature import About

WIDTH = 32
_DECADES = 300.0  # of float64, less what is added to a power


class Keywords(NamedTuple):
    """Where the modulus is measured, and how it grows there."""

    beyond: Annotated[float, About("radius at which the escape is timed", sweepable=False)] = 1000.0
    degree: Annotated[float, About("power to which a step raises a large modulus", sweepable=False)] = 2.0


def declare(facts: Facts) -> Declared:
    """One number a cell."""
    return Declared(
        (),
        "smooth escape time",
        "step",
        "n - log(log|s[n]| / log R) / log d at the first n with |s[n]| > R; NaN if there is none",
        "A. Douady & J. H. Hubbard, C. R. Acad. Sci. Paris 294 (1982) 123: the potential of the set",
        infinite=True,
    )


def size(s: Any) -> Any:
    """The squared distance from 0."""
    raise NotImplementedError


def outside(s: Any) -> Any:
    """Which lanes are beyond the radius."""
    raise NotImplementedError


def moved(s: Any, then: Any) -> Any:
    """Which lanes are not where they were, bit for bit."""
    raise NotImplementedError


def climb(parameters: Any, start: Any, inputs: Any, outs: Any, cells: int, steps: int, first: Any) -> None:
    """The first time outside, -1 without one, and the squared distance then."""
    align_stack()
    for at in range(0, cells, WIDTH):
        p = load_parameters(parameters, cells, at)
        s = load_state(start, cells, at)
        when = splat(-1.0, WIDTH)
        reached = splat(1.0, WIDTH)
        settled = when > 0.0
        mark = s
        marked = 16
        for t in range(steps):
            s = step(p, s, load_input(inputs, cells, at, t))
            now = outside(s) & (when < 0.0)
            when = select(now, float(t + 1), when)
            reached = select(now, size(s), reached)
            if t % 4 == 3:
                if first[0] > 0:
                    settled = settled | ~moved(s, mark)
                    if t >= marked:
                        mark = s
                        marked = 2 * t
                if not any_lane((when < 0.0) & ~settled):
                    break
        store(outs[0], at, when)
        store(outs[1], at, reached)


def plan(form: Any, k: Keywords, facts: Facts) -> Loop:
    """The loop for this system; refused where it is not known that an orbit does not come back."""
    if isinstance(facts.labels, (int, dict)) or not has(escapes, type(form.setting.example)):
        raise refuse(
            "observables",
            f"escape_smooth is for iterations whose orbits do not come back once they are far away; "
            f"{form.setting.system!r} does not say so with @escapes.register; use escape_time",
        )
    radius, degree = float(facts.k.beyond), float(facts.k.degree)
    if not (radius > 2.0 and degree > 1.0):
        place = "parameters.degree" if radius > 2.0 else "parameters.beyond"
        raise refuse(
            place, f"{degree if radius > 2.0 else radius} is too small; write more than 2, degrees from 2 on"
        )
    most = 10.0 ** (_DECADES / (2.0 * degree))
    if not radius <= most:
        raise refuse(
            "parameters.beyond",
            f"{radius:g} is too large: one step later the square of the modulus is beyond float64; write at "
            f"most {most:.3g} for degree {degree:g}",
        )
    equation = form.equation
    module = Module(equation, WIDTH)
    module.loading()
    module.stepping()
    s = equation.state
    then = [equation.graph.leaf("tangent", str(i)) for i in range(len(s))]
    square = total(tuple(v * v for v in s))
    for head, node in (
        ("size(s)", square),
        ("outside(s)", square > radius * radius),
        ("moved(s, v)", total(tuple(abs(a - b) for a, b in zip(s, then, strict=True))) > 0.0),
    ):
        code = module.code()
        (value,) = code.names([node])
        unpack = module.unpack("s", *(["v"] if "v" in head[5:] else []), tangents=len(s))
        module.add(head, [*unpack, *code.lines, f"return {value}"])
    program = module.finished(climb, "When the orbit escapes.", [1, 1], aimed=False)
    # a driven orbit that returns is not periodic: its input has moved on
    periodic = np.array([1 if form.inputs == "none" else 0, 0], dtype=np.int64)

    def evaluate(tile: Any) -> np.ndarray:
        outs = aligned(tile.whole), aligned(tile.whole)
        kernel = compiled(program.source)
        kernel(tuple(tile.parameters), tuple(tile.start), tile.inputs, outs, tile.whole, tile.steps, periodic)
        when, reached = outs
        with np.errstate(all="ignore"):
            late = np.log(np.log(reached) / np.log(radius * radius)) / np.log(degree)
        return np.where(when > 0.0, when - late, np.nan)

    return Loop(program.source, evaluate, program.operations * facts.steps)


observable = Whole(declare, plan, Keywords)
