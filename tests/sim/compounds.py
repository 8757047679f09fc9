"""Norms and singular values of products of matrices, in extended precision, by compounds."""

from __future__ import annotations

import itertools
import math

import numpy as np

from tests.sim.plain import (
    Vector,
)


def log_norms(factors: Vector) -> Vector:
    """log of the spectral norm of the product of the first t factors, for t = 0, 1, …; rescaled at every
    step."""
    product, log = np.eye(factors.shape[1], dtype=factors.dtype), np.longdouble(0.0)
    found = [0.0]
    for factor in factors:
        product = factor @ product
        scale = np.max(np.abs(product))
        if scale == 0.0:
            return np.array(found + [-math.inf] * (len(factors) + 1 - len(found)))
        product, log = product / scale, log + np.log(scale)
        top = np.linalg.svd(product.astype(float), compute_uv=False)[0]
        found.append(float(log + np.log(np.longdouble(top))))
    return np.array(found)


def compound(matrix: Vector, k: int) -> Vector:
    """The k-th compound: the determinants of all k x k minors; the compound of a product is the product of
    compounds."""
    sets = np.array(list(itertools.combinations(range(len(matrix)), k)))
    return _determinants(matrix[sets[:, None, :, None], sets[None, :, None, :]])


def _determinants(m: Vector) -> Vector:
    """The determinants of many small matrices (…, k, k), by their first rows."""
    if m.shape[-1] == 1:
        return m[..., 0, 0]
    minors = (np.delete(m[..., 1:, :], j, axis=-1) for j in range(m.shape[-1]))
    return sum((-1) ** j * m[..., 0, j] * _determinants(minor) for j, minor in enumerate(minors))


def log_singular_values_of(factors: Vector) -> Vector:
    """Logs of all singular values of the product of these factors, the first one rightmost; largest first."""
    n = factors.shape[1]
    sums = [0.0, *(log_norms(np.stack([compound(f, k) for f in factors]))[-1] for k in range(1, n + 1))]
    return np.array([b - a if math.isfinite(b) else -math.inf for a, b in itertools.pairwise(sums)])
