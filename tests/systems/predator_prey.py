"""A predator and its prey: x' = a x (1 - x) - b x y, y' = b x y.

Fixed points (0, 0), (1 - 1/a, 0) and x = 1/b, y = (a (1 - 1/b) - 1) / b. Multipliers at the second: 2 - a and
b (1 - 1/a); at the third the determinant is a - 2 a/b and the trace 2 - a/b. So branches cross on a = 1 and
on b = a / (a - 1), the second flips on a = 3 and on a = b / (1 + b), the third turns on a = b / (b - 2) and
flips on a = 3 b / (3 - b). Source: by hand; the map is that of M. Danca, S. Codreanu & B. Bako, J. Biol.
Phys. 23 (1997) 11.
"""

from typing import NamedTuple

from sim.generic import step, units

START = (0.3, 0.3)


class Pair(NamedTuple):
    """Growth of the prey, and what a meeting does."""

    a: float = 3.0
    b: float = 3.0


@units.register
def _(p: Pair):
    return ("x", "y")


@step.register
def _(p: Pair, s, x):
    u, v = s
    return p.a * u * (1.0 - u) - p.b * u * v, p.b * u * v
