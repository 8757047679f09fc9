"""Continuous time and its Euler steps: tau s' = -s + W s, and s[t+1] = s[t] + alpha (W - 1) s[t] with alpha =
dt / tau.

An eigenvalue lambda of W decays in continuous time where Re lambda < 1, in Euler steps where |1 + alpha
(lambda - 1)| < 1: inside the disc of radius 1/alpha around 1 - 1/alpha, which touches the line Re lambda =
1 from the left. alpha = 1 is the unit disc of the plain recurrence. Source: E. Hairer & G. Wanner, Solving
Ordinary Differential Equations II, 1996, ch. IV.2, doi:10.1007/978-3-642-05221-7.
"""

from typing import Any

import numpy as np

from sim.errors import refuse
from sim.linear.arrays import finite
from sim.linear.rates import time_constant

CLASSES = {0: "unstable", 1: "stable in continuous time only", 2: "stable in both"}


def multiplier(values: Any, alpha: Any) -> np.ndarray:
    """What an Euler step multiplies a mode by: 1 + alpha (lambda - 1)."""
    return np.asarray(1 + _positive(alpha) * (finite("values", values) - 1))[()]


def continuous_is_stable(values: Any) -> np.ndarray:
    """Re lambda < 1."""
    return np.asarray(finite("values", values).real < 1)[()]


def euler_is_stable(values: Any, alpha: Any) -> np.ndarray:
    """|1 + alpha (lambda - 1)| < 1."""
    return np.asarray(np.abs(multiplier(values, alpha)) < 1)[()]


def critical_alpha(values: Any) -> np.ndarray:
    """The alpha below which Euler steps are stable: 2 (1 - Re lambda) / |1 - lambda|^2; 0 where none is, NaN
    at lambda = 1.

    >>> critical_alpha([-3, 0.5, 0.9 + 2j]).round(4).tolist()
    [0.5, 4.0, 0.0499]
    """
    values = finite("values", values)
    with np.errstate(invalid="ignore", divide="ignore"):
        far = np.abs(1 - values)
        return np.asarray(np.maximum(2 * ((1 - values.real) / far) / far, 0.0))[()]


def disc(alpha: Any) -> tuple[np.ndarray, np.ndarray]:
    """Centre (on the real axis) and radius of the disc in which Euler steps are stable: 1 - 1/alpha,
    1/alpha.
    """
    alpha = _positive(alpha)
    return np.asarray(1 - 1 / alpha)[()], np.asarray(1 / alpha)[()]


def regions(real: Any, imaginary: Any, alpha: Any) -> np.ndarray:
    """What becomes of eigenvalues on a grid: codes of `CLASSES`, shape (alpha, imaginary, real); alpha may
    be one number.
    """
    values = finite("real", real) + 1j * finite("imaginary", imaginary)[:, None]
    stable = euler_is_stable(values, np.asarray(alpha, dtype=np.float64)[..., None, None])
    return np.where(stable, 2, np.where(continuous_is_stable(values), 1, 0)).astype(np.int8)


def effective_time_constant(values: Any, tau: Any = 1.0) -> np.ndarray:
    """The time in which a mode falls to 1/e: tau / (1 - Re lambda); infinite at 1, NaN where it grows."""
    rate = 1 - finite("values", values).real
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(rate < 0, np.nan, finite("tau", tau) / np.abs(rate)))[()]


def euler_time_constant(values: Any, alpha: Any) -> np.ndarray:
    """The same in Euler steps: -1 / ln|1 - alpha (1 - lambda)|.

    >>> euler_time_constant(0.0, [0.01, 0.5]).round(2).tolist()
    [99.5, 1.44]
    """
    return time_constant(multiplier(values, alpha))


def _positive(alpha: Any) -> np.ndarray:
    alpha = finite("alpha", alpha)
    if not (alpha > 0).all():
        raise refuse("alpha", f"{alpha.min():.6g} given, a positive alpha = dt / tau is needed")
    return alpha
