"""Averages over Gaussian numbers, by the trapezoid rule: what mean-field theories are made of.

721 nodes on +-8.5 standard deviations. The rule converges exponentially: its error is exp(-2 pi d / h) for
nodes h apart and a strip of half width d around the real axis without poles. tanh has its first ones at
+-i pi/2, so that evenly spaced nodes serve up to a standard deviation of 8 (h = 0.19: below 1e-20); beyond,
the nodes are u = sinh(t) with t evenly spaced, which are dense near 0, where the function bends, and reach
any width: there d = pi/4, and h grows like the logarithm of the width. Gauss-Hermite quadrature with 101
nodes, often used here, gives exponents of random tanh networks that are 14 % too high at a gain of 5 and 47 %
at 10.
"""

from collections.abc import Callable

import numpy as np

Function = Callable[[np.ndarray], np.ndarray]

REACH, _NODES = 8.5, 721
_EVEN = 8.0  # standard deviation up to which evenly spaced nodes resolve tanh and its powers
_FINEST, _FEWEST = 0.35, 61  # of pairs: longest distance of two nodes, and fewest nodes
_ROOM = 4_000_000  # numbers that are held at once


def nodes(n: int = _NODES) -> tuple[np.ndarray, np.ndarray]:
    """Places and weights (n,) of the average over N(0, 1); the weights add up to 1."""
    z = np.linspace(-REACH, REACH, n)
    weights = np.exp(-0.5 * z * z)
    return z, weights / weights.sum()


_Z, _WEIGHTS = nodes()


def places(variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places u (..., 721) and weights (..., 721) of the average over N(0, variance), for every variance."""
    scale = np.sqrt(np.asarray(variance, dtype=float))[..., None]
    if not (scale > _EVEN).any():
        return scale * _Z, np.broadcast_to(_WEIGHTS, (*scale.shape[:-1], _NODES))
    wide = np.maximum(scale, _EVEN)
    t = np.linspace(-1.0, 1.0, _NODES) * np.arcsinh(REACH * wide)
    u = np.sinh(t)
    weights = np.exp(-0.5 * (u / wide) ** 2) * np.cosh(t)
    weights /= weights.sum(axis=-1, keepdims=True)
    return np.where(scale > _EVEN, u, scale * _Z), np.where(scale > _EVEN, weights, _WEIGHTS)


def mean(f: Function, variance: np.ndarray) -> np.ndarray:
    """<f(u)> over u ~ N(0, variance), for every variance of an array of any shape.

    Cost: 721 values of f a variance.

    >>> bool(abs(mean(np.square, np.array(3.0)) - 3.0) < 1e-12)
    True
    """
    u, weights = places(variance)
    averaged: np.ndarray = (f(u) * weights).sum(-1)
    return averaged


def product_mean(f: Function, variance: float, covariance: np.ndarray) -> np.ndarray:
    """<f(u) f(v)> over two numbers of this variance, for every covariance (k,) from 0 to the variance.

    u and v share the part of the variance that is the covariance, so that the average is one of squares:
    <<f(sqrt(variance - covariance) x + sqrt(covariance) z)>_x^2>_z. Cost: n^2 values of f a covariance,
    n = 17 sqrt(variance) / 0.35, at least 61.
    """
    n = max(_FEWEST, int(np.ceil(2 * REACH * np.sqrt(variance) / _FINEST)) | 1)
    z, weights = nodes(n)
    shared = np.clip(np.asarray(covariance, dtype=float), 0.0, variance)
    found = np.empty(len(shared))
    rows = max(1, _ROOM // (n * n))
    for first in range(0, len(shared), rows):
        part = slice(first, first + rows)
        common, own = np.sqrt(shared[part]), np.sqrt(variance - shared[part])
        values = f(common[:, None, None] * z[:, None] + own[:, None, None] * z)
        inner = (values * weights).sum(-1)
        found[part] = (inner * inner * weights).sum(-1)
    return found
