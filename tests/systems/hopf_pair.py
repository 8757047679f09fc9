"""Two oscillators whose motions in phase and in antiphase both attract, and fill one box:
dz/dt = (1 + i) z - |z|^2 z + k w^2 conj(z), and the same for w with z.

With z = r exp(i a), w = r exp(i b): d(a - b)/dt = -2 k r^2 sin(2 (a - b)), whose stable states for k > 0
are a - b = 0 and pi; r^2 = 1 / (1 - k) in both. Basins part at a - b = pi / 2. Source: by hand, from the
normal form of two Hopf bifurcations (M. Golubitsky & I. Stewart, The Symmetry Perspective, Birkhaeuser 2002).
"""

from typing import NamedTuple

from sim.generic import rhs, units

START = (0.5, 0.0, 1.0, 0.2)


class Pair(NamedTuple):
    """How strongly the one acts on the other."""

    k: float = 0.3


@units.register
def _(p: Pair):
    return ("z.re", "z.im", "w.re", "w.im")


@rhs.register
def _(p: Pair, s, x):
    a, b, c, d = s
    r, q = a * a + b * b, c * c + d * d
    e, f, g, h = c * c - d * d, 2.0 * c * d, a * a - b * b, 2.0 * a * b  # the squares of w and z
    return (
        (1.0 - r) * a - b + p.k * (e * a + f * b),
        (1.0 - r) * b + a + p.k * (f * a - e * b),
        (1.0 - q) * c - d + p.k * (g * c + h * d),
        (1.0 - q) * d + c + p.k * (h * c - g * d),
    )
