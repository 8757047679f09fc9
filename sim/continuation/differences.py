"""What Newton's method needs: linear systems that may be singular, and Jacobians by differences."""

from collections.abc import Callable

import numpy as np


def solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The solution of a linear system; least squares where the matrix is singular, NaN where it is not
    finite.
    """
    if not (np.isfinite(matrix).all() and np.isfinite(right).all()):
        return np.full(right.shape, np.nan)
    try:
        found = np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        found = np.linalg.lstsq(matrix, right, rcond=None)[0]
    return np.asarray(found)


def numeric(residual: Callable[[np.ndarray], np.ndarray], u: np.ndarray, nudge: float = 6e-6) -> np.ndarray:
    """The Jacobian (N, columns) of residuals by central differences, all in one call."""
    widths = nudge * (1.0 + np.abs(u))
    moved = np.concatenate([u + np.diag(widths), u - np.diag(widths)])
    values = residual(moved)
    k = len(u)
    return np.asarray((values[:k] - values[k:]).T / (moved[:k] - moved[k:]).diagonal())
