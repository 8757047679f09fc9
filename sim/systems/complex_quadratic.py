"""The complex quadratic map z' = z^2 + c: Mandelbrot set over c from z = 0, Julia sets over the start at one
c.

The state is (re, im); `start = [re, im]`. Source: B. B. Mandelbrot, Ann. N.Y. Acad. Sci. 357 (1980) 249,
doi:10.1111/j.1749-6632.1980.tb29690.x.
"""

from typing import Annotated, Any, NamedTuple

from sim.generic import escapes, step, units
from sim.signature import About


class ComplexQuadratic(NamedTuple):
    """The constant c = c_re + i c_im."""

    c_re: Annotated[float, About("real part of c")] = 0.0
    c_im: Annotated[float, About("imaginary part of c")] = 0.0


@units.register
def _(p: ComplexQuadratic) -> tuple[str, ...]:
    return ("re", "im")


@step.register
def _(p: ComplexQuadratic, s: Any, x: Any) -> Any:
    re, im = s
    return re * re - im * im + p.c_re, (re + re) * im + p.c_im


@escapes.register
def _(p: ComplexQuadratic, radius: Any) -> Any:
    """For |c| <= 2 < |z|: |z^2 + c| >= |z|^2 - |c| > |z| (|z| - 1) > |z|."""
    return (p.c_re * p.c_re + p.c_im * p.c_im <= 4.0) & (radius >= 2.0)
