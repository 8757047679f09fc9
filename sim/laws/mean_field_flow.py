"""Mean-field theory of random tanh networks in continuous time: tau x' = -x + J tanh(x), J ~ N(0, gain^2/n).

Time is in units of tau. Above gain 1 the autocorrelation c(s) = <x(t) x(t + s)> moves like a particle in a
potential: c'' = -dV/dc, V = -c^2/2 + gain^2 <Phi Phi>_c with Phi = ln cosh and c the covariance of the two
Gaussian numbers of variance c(0). Chaos is the motion that starts at rest and comes to rest at c = 0, so that
V(c(0)) = V(0) gives c(0). The largest exponent follows from the ground state E of a particle in quantum
mechanics, -psi'' - V''(c(s)) psi = E psi: exponent = -1 + sqrt(1 - E). Source: H. Sompolinsky, A. Crisanti &
H. Sommers, PRL 61 (1988) 259, doi:10.1103/PhysRevLett.61.259.
"""

import functools
from typing import Any, NamedTuple

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.linalg import eigh_tridiagonal
from scipy.optimize import brentq

from sim.errors import refuse
from sim.laws import gaussian
from sim.laws.mean_field import checked

_POINTS = 241  # of the motion from c(0) to rest
_REST = 10.5  # c(0) / cosh^2 of this is taken for rest: 3e-9 c(0)
_CELLS = (800, 1600)  # of the quantum well, extrapolated to none
_FAR = 20.0  # cosh is exp / 2
_SMALL, _TERMS = 0.1, 6  # below this share of c(0) the potential is a series of so many even terms
_NEAREST = 1e-3  # gains closer above 1 than this are not resolved
_MOST = 50.0  # gain up to which a motion is computed: nodes of its covariances grow like the gain squared


class Motion(NamedTuple):
    """One solution: times (k,) in tau, autocorrelation (k,), and the quantum well -V'' (k,) along it."""

    time: np.ndarray
    autocorrelation: np.ndarray
    well: np.ndarray


def _integral(u: np.ndarray) -> np.ndarray:
    """ln cosh, exact for small numbers too."""
    size = np.abs(u)
    near = np.sinh(np.minimum(size, _FAR))
    return np.where(size > _FAR, size - np.log(2.0), 0.5 * np.log1p(near * near))


def _slope(u: np.ndarray) -> np.ndarray:
    h = np.tanh(u)
    return 1.0 - h * h


def _height(variance: float, g: float) -> float:
    """V(c(0)) - V(0)."""
    spread = gaussian.mean(lambda u: _integral(u) ** 2, np.array(variance))
    level = gaussian.mean(_integral, np.array(variance))
    return float(g * g * (spread - level * level) - 0.5 * variance * variance)


@functools.lru_cache(maxsize=512)
def _variance(g: float) -> float:
    """c(0): the root of V(c(0)) = V(0) above 0; never above the gain^2 that all units at +-1 would have."""
    low = 1e-6 * (g - 1.0)
    return float(brentq(_height, low, g * g + 1.0, args=(g,), xtol=1e-15, rtol=1e-14))


def variance(gain: Any) -> np.ndarray:
    """c(0) = <x^2>; 0 for gain <= 1, where activity dies out."""
    return _each(gain, lambda g: 0.0, _variance)


def _each(gain: Any, quiet: Any, loud: Any) -> np.ndarray:
    """A function of one gain for each of an array, below and above the onset of chaos."""
    g, _ = checked(gain, 0.0)
    near = g[(g > 1.0) & (g < 1.0 + _NEAREST)]
    if near.size:
        raise refuse(
            "gain",
            f"{near[0]} is closer to the onset of chaos than is resolved; write 1 or less, or "
            f"{1 + _NEAREST} or more",
        )
    made: np.ndarray = np.array([quiet(x) if x <= 1.0 else loud(x) for x in g.ravel().tolist()]).reshape(
        g.shape
    )
    return made


@functools.lru_cache(maxsize=128)
def motion(gain: float) -> Motion:
    """The autocorrelation of chaos from lag 0 to rest, for one gain above 1.

    c = c(0) / cosh^2(y) makes time a smooth function of y: ds = 2 c tanh(y) / sqrt(2 V(0) - 2 V(c)) dy.
    Cost: 241 covariances (0.05 s at gain 2, two seconds at gain 10, a minute at 50). Errors: Refused beyond,
    where they would take hours and gigabytes.
    """
    if gain > _MOST:
        raise refuse("gain", f"{gain} given; the motion is computed for gains up to {_MOST:g}, write no more")
    start = _variance(gain)
    y = np.linspace(0.0, _REST, _POINTS)
    c = start / np.cosh(y) ** 2
    well = 1.0 - gain**2 * gaussian.product_mean(_slope, start, c)
    pull = gain**2 * float(gaussian.mean(lambda u: np.tanh(u) ** 2, np.array(start))) - start
    rate = np.empty_like(y)
    rate[0] = np.sqrt(2.0 * start / pull)  # the limit of 0 / 0
    rate[1:] = 2.0 * np.tanh(y[1:]) / np.sqrt(_speed(gain, start, c[1:]))
    time = CubicSpline(y, rate).antiderivative()(y)
    return Motion(time, c, well)


def _speed(g: float, start: float, c: np.ndarray) -> np.ndarray:
    """(c' / c)^2 = 2 (V(0) - V(c)) / c^2 by the integral of the force; for small c, where that would be a
    small difference of large numbers, by the series of V''.
    """
    small = c < _SMALL * start
    level = float(gaussian.mean(_integral, np.array(start)))
    found = np.empty_like(c)
    large = c[~small]
    rise = gaussian.product_mean(_integral, start, large) - level * level
    found[~small] = 1.0 - 2.0 * g * g * rise / large**2
    places = np.linspace(0.0, 1.0, _TERMS)
    bends = 1.0 - g * g * gaussian.product_mean(_slope, start, np.sqrt(places) * _SMALL * start)
    terms = np.linalg.solve(np.vander(places, increasing=True), bends)
    order = 2 * np.arange(_TERMS)
    powers = (c[small, None] / (_SMALL * start)) ** order
    found[small] = (powers * (2.0 * terms / ((order + 1) * (order + 2)))).sum(-1)
    return found


def autocorrelation(gain: float, lag: Any) -> np.ndarray:
    """c at each lag (in tau), for one gain; 0 for gain <= 1; beyond the last point it falls exponentially."""
    lags = np.abs(np.asarray(lag, dtype=float))
    if _each(gain, lambda g: 0.0, _variance) == 0.0:
        return np.zeros_like(lags)
    time, c, _ = motion(float(gain))
    logs = CubicSpline(time, np.log(c), bc_type=((1, 0.0), "not-a-knot"))
    slope = float(logs(time[-1], 1))
    beyond = np.log(c[-1]) + slope * (lags - time[-1])
    found: np.ndarray = np.exp(np.where(lags <= time[-1], logs(np.minimum(lags, time[-1])), beyond))
    return found


@functools.lru_cache(maxsize=512)
def _exponent(g: float) -> float:
    time, _, well = motion(g)
    potential = CubicSpline(time, well, bc_type=((1, 0.0), "not-a-knot"))
    coarse, fine = (_ground(potential, float(time[-1]), cells) for cells in _CELLS)
    return float(np.sqrt(1.0 - (fine + (fine - coarse) / 3.0)) - 1.0)


def _ground(potential: Any, reach: float, cells: int) -> float:
    """The lowest energy of an even state on +-reach: half of it in cells, reflected at 0, zero at the end."""
    width = reach / cells
    diagonal = potential((np.arange(cells) + 0.5) * width) + 2.0 / width**2
    diagonal[0] -= 1.0 / width**2
    diagonal[-1] += 1.0 / width**2
    beside = np.full(cells - 1, -1.0 / width**2)
    return float(eigh_tridiagonal(diagonal, beside, select="i", select_range=(0, 0), eigvals_only=True)[0])


def largest_exponent(gain: Any) -> np.ndarray:
    """The largest Lyapunov exponent in 1/tau; gain - 1 where activity dies out (the circular law's edge).

    >>> float(largest_exponent(0.5))
    -0.5
    """
    return _each(gain, lambda g: g - 1.0, _exponent)
