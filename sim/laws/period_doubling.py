"""Cycles of one-parameter maps x' = f(x; r) with a given multiplier: folds, flips, superstable cycles.

A cycle of period p with multiplier m solves f^p(x) = x and (f^p)'(x) = m, two equations in x and r that
Newton's method solves with derivatives carried along the orbit. m = 0 is superstable, m = -1 a flip (the
period doubles), m = 1 a fold (the cycle is born). The ratios of Feigenbaum come out of the superstable
cycles of periods 1, 2, 4, ...: M. Feigenbaum, J. Stat. Phys. 19 (1978) 25, doi:10.1007/BF01020332.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sim.errors import refuse

_ROUNDS = 50
_CLOSE = 1e-11
_MOST = 13  # doublings that float64 resolves: the parameters of the next two differ by 1e-9


class Family(NamedTuple):
    """A map with one critical point: its value and first and second derivatives, and two parameters.

    `second` holds (f_xx, f_xr); f_rr is not needed. `superstable`: where the critical point is fixed, and
    where it has period 2, in closed form.
    """

    f: Callable[[float, float], float]
    f_x: Callable[[float, float], float]
    f_r: Callable[[float, float], float]
    second: Callable[[float, float], tuple[float, float]]
    critical: float
    superstable: tuple[float, float]


logistic = Family(
    f=lambda x, r: r * x * (1.0 - x),
    f_x=lambda x, r: r * (1.0 - 2.0 * x),
    f_r=lambda x, r: x * (1.0 - x),
    second=lambda x, r: (-2.0 * r, 1.0 - 2.0 * x),
    critical=0.5,
    superstable=(2.0, 1.0 + np.sqrt(5.0)),
)
quadratic = Family(
    f=lambda x, c: x * x + c,
    f_x=lambda x, c: 2.0 * x,
    f_r=lambda x, c: 1.0,
    second=lambda x, c: (2.0, 0.0),
    critical=0.0,
    superstable=(0.0, -1.0),
)


def quadratic_constant(r: float) -> float:
    """c = r (2 - r) / 4: the quadratic map that is the logistic map in other coordinates, z = r (1/2 - x).

    >>> quadratic_constant(3.0)
    -0.75
    """
    return r * (2.0 - r) / 4.0


def growth_rate(c: float) -> float:
    """r = 1 + sqrt(1 - 4c), the inverse for c <= 1/4."""
    if not c <= 0.25:
        raise refuse("c", f"{c!r:.80} given; the logistic map has its like up to c = 1/4")
    return 1.0 + float(np.sqrt(1.0 - 4.0 * c))


def iterated(family: Family, x: float, r: float, period: int) -> tuple[float, float, float, float, float]:
    """f^p(x) with its derivatives by x, by r, by x twice, by x and r."""
    y, y_x, y_r, y_xx, y_xr = x, 1.0, 0.0, 0.0, 0.0
    for _ in range(period):
        slope, (bend, tilt) = family.f_x(y, r), family.second(y, r)
        y_xx, y_xr = bend * y_x * y_x + slope * y_xx, (bend * y_r + tilt) * y_x + slope * y_xr
        y_x, y_r, y = slope * y_x, slope * y_r + family.f_r(y, r), family.f(y, r)
    return y, y_x, y_r, y_xx, y_xr


def cycle(family: Family, period: int, near: tuple[float, float], multiplier: float) -> tuple[float, float]:
    """(x, r): the point and parameter of the cycle with this multiplier that lies near a known one.

    Errors: Refused where Newton's method does not settle: start nearer.
    """
    (x, r), before = near, np.inf
    for _ in range(_ROUNDS):
        y, y_x, y_r, y_xx, y_xr = iterated(family, x, r, period)
        matrix = np.array([[y_x - 1.0, y_r], [y_xx, y_xr]])
        if not np.isfinite(matrix).all() or np.linalg.det(matrix) == 0.0:
            break
        change = np.linalg.solve(matrix, [y - x, y_x - multiplier])
        x, r = float(x - change[0]), float(r - change[1])
        size = float(np.abs(change).max())
        if not np.isfinite(r):
            break
        if size <= _CLOSE and size >= 0.5 * before:  # rounding, not Newton's method, moves it now
            return x, r
        before = size
    raise refuse("near", f"no cycle of period {period} and multiplier {multiplier} is found from {near}")


def superstable(family: Family, period: int, near: float) -> float:
    """The parameter at which the critical point has this period, or one that divides it, near a guess.

    Newton's method. Errors: Refused where it does not settle.
    """
    r, before = near, np.inf
    for _ in range(_ROUNDS):
        y, _, y_r, _, _ = iterated(family, family.critical, r, period)
        change = (y - family.critical) / y_r
        r = float(r - change)
        if not np.isfinite(r):
            break
        if abs(change) <= _CLOSE and abs(change) >= 0.5 * before:
            return r
        before = abs(change)
    raise refuse("near", f"no superstable cycle of period {period} is found from {near!r:.40}")


def superstable_doublings(family: Family, count: int = 11) -> np.ndarray:
    """Parameters (count,) at which the critical point has periods 1, 2, 4, ..., 2^(count - 1)."""
    if not 2 <= count <= _MOST:
        raise refuse("count", f"{count} given; write 2 to {_MOST}, which is what float64 resolves")
    found = list(family.superstable)
    ratio = 4.0
    while len(found) < count:
        if len(found) > 2:
            ratio = (found[-2] - found[-3]) / (found[-1] - found[-2])
        found.append(superstable(family, 2 ** len(found), found[-1] + (found[-1] - found[-2]) / ratio))
    return np.array(found[:count])


def doublings(family: Family, count: int = 6) -> np.ndarray:
    """Parameters (count,) at which cycles of periods 1, 2, 4, ... flip into twice their period.

    From each superstable cycle the multiplier is led from 0 to -1.
    """
    made = []
    for k, r in enumerate(superstable_doublings(family, max(count, 2)).tolist()[:count]):
        at = (family.critical, r)
        for multiplier in (-0.25, -0.5, -0.75, -1.0):
            at = cycle(family, 2**k, at, multiplier)
        made.append(at[1])
    return np.array(made)


def fold_and_flip(family: Family, period: int, near: float) -> tuple[float, float]:
    """Where the window of a superstable cycle near this parameter begins (multiplier 1) and ends (-1)."""
    start = (family.critical, superstable(family, period, near))
    ends = []
    for sign in (1.0, -1.0):
        at = start
        for share in (0.25, 0.5, 0.75, 1.0):
            at = cycle(family, period, at, sign * share)
        ends.append(at[1])
    return ends[0], ends[1]


def delta(family: Family, count: int = 11) -> np.ndarray:
    """Feigenbaum's ratios (count - 2,) of successive distances of superstable parameters: -> 4.669201609."""
    gaps = np.diff(superstable_doublings(family, count))
    return gaps[:-1] / gaps[1:]


def alpha(family: Family, count: int = 11) -> np.ndarray:
    """Ratios (count - 2,) of distances of the critical point from its nearest point on superstable cycles:
    -> 2.502907875.
    """
    distance = []
    for k, r in enumerate(superstable_doublings(family, count).tolist()[1:], start=1):
        distance.append(iterated(family, family.critical, r, 2 ** (k - 1))[0] - family.critical)
    apart = np.array(distance)
    return -apart[:-1] / apart[1:]


def accumulation(family: Family, count: int = 11) -> float:
    """Where the doublings pile up: the superstable parameters, extrapolated (Aitken) from the last three."""
    a, b, c = superstable_doublings(family, count)[-3:].tolist()
    return float(c - (c - b) ** 2 / ((c - b) - (b - a)))
