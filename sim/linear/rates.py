"""How fast and how often: half-lives, time constants, doubling times and periods of eigenvalues.

An eigenvalue acts by its modulus, one step at a time: a mode is |lambda|^t large and turns by arg(lambda).
All functions take numbers or arrays, real or complex.
"""

from typing import Any

import numpy as np


def half_life(values: Any) -> np.ndarray:
    """Steps until half is left: ln(1/2) / ln|lambda|; infinite at 1, NaN where the mode grows, 0 at 0.

    >>> half_life([0.5, 0.99, -0.5, 1.0, 1.1]).round(2).tolist()
    [1.0, 68.97, 1.0, inf, nan]
    """
    return np.log(2.0) * time_constant(values)


def time_constant(values: Any) -> np.ndarray:
    """Steps until 1/e is left: -1 / ln|lambda|; infinite at 1, NaN where the mode grows, 0 at 0.

    >>> time_constant(0.893046).round(3)
    np.float64(8.84)
    """
    size = np.abs(np.asarray(values))
    with np.errstate(divide="ignore"):
        rate = -np.log(size)
        return np.asarray(np.where(size > 1, np.nan, np.where(rate == 0, np.inf, 1.0 / rate)))[()]


def doubling_time(values: Any) -> np.ndarray:
    """Steps until twice as large: ln 2 / ln|lambda|; infinite at 1, NaN where the mode shrinks.

    >>> doubling_time([1.1, 0.9]).round(2).tolist()
    [7.27, nan]
    """
    size = np.abs(np.asarray(values))
    with np.errstate(divide="ignore"):
        rate = np.log(size)
        return np.asarray(np.where(size < 1, np.nan, np.where(rate == 0, np.inf, np.log(2.0) / rate)))[()]


def period(values: Any) -> np.ndarray:
    """Steps of one turn: 2 pi / |arg lambda|; 2 for negative numbers, infinite for positive ones.

    >>> period([0.9, -0.9, 1j]).tolist()
    [inf, 2.0, 4.0]
    """
    angle = np.abs(np.angle(np.asarray(values)))
    with np.errstate(divide="ignore"):
        return np.asarray(2.0 * np.pi / angle)[()]


def steps_to(share: Any, ratio: Any) -> np.ndarray:
    """Steps until a mode that is `ratio` per step of another has fallen to a share of it: ln(share) /
    ln(ratio).

    With the machine's rounding as the share: when a mode that was projected out has grown back from rounding.

    >>> steps_to(0.01, [0.5, 0.1]).round(1).tolist()
    [6.6, 2.0]
    """
    return np.asarray(np.log(share) / np.log(np.abs(ratio)))[()]
