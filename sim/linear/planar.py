"""Stability of maps and flows of two variables from the trace and the determinant of their Jacobian.

Source: S. H. Strogatz, Nonlinear Dynamics and Chaos, 2nd ed. 2015, ch. 5; maps: E. I. Jury, Theory and
Application of the z-Transform Method, 1964.
"""

from typing import Any

import numpy as np

from sim.errors import refuse
from sim.linear.arrays import finite, square


def trace_and_determinant(J: Any) -> tuple[np.ndarray, np.ndarray]:
    """Trace and determinant (...) of Jacobians (..., 2, 2); Refused for other sizes."""
    J = square("J", J)
    if J.shape[-1] != 2:
        raise refuse("J", f"shape {J.shape} given, matrices of two rows and columns are needed; see jury")
    return J[..., 0, 0] + J[..., 1, 1], J[..., 0, 0] * J[..., 1, 1] - J[..., 0, 1] * J[..., 1, 0]


def map_is_stable(trace: Any, determinant: Any) -> np.ndarray:
    """|trace| < 1 + determinant < 2: both eigenvalues lie inside the unit circle."""
    trace, determinant = finite("trace", trace), finite("determinant", determinant)
    return np.asarray((np.abs(trace) < 1 + determinant) & (determinant < 1))[()]


def flow_is_stable(trace: Any, determinant: Any) -> np.ndarray:
    """trace < 0 and determinant > 0: both eigenvalues have negative real parts."""
    trace, determinant = finite("trace", trace), finite("determinant", determinant)
    return np.asarray((trace < 0) & (determinant > 0))[()]


def map_crossings(trace: Any, determinant: Any) -> dict[str, np.ndarray]:
    """How far each border of the stability triangle is: positive inside, zero on it.

    `fold` (an eigenvalue at 1): 1 - trace + determinant; `flip` (at -1): 1 + trace + determinant;
    `neimark_sacker` (a pair on the circle): 1 - determinant.
    """
    trace, determinant = finite("trace", trace), finite("determinant", determinant)
    return {
        "fold": 1 - trace + determinant,
        "flip": 1 + trace + determinant,
        "neimark_sacker": np.asarray(1 - determinant),
    }


def flow_type(trace: Any, determinant: Any) -> np.ndarray:
    """The type of a fixed point of a flow, in words: saddle, stable or unstable node or focus, centre,
    degenerate.
    """
    trace, determinant = np.broadcast_arrays(finite("trace", trace), finite("determinant", determinant))
    turns = trace * trace < 4 * determinant
    side = np.where(trace < 0, "stable ", "unstable ")
    kind = np.where(turns, "focus", "node")
    words = np.char.add(side, kind)
    words = np.where((trace == 0) & (determinant > 0), "centre", words)
    words = np.where(determinant < 0, "saddle", words)
    return np.asarray(np.where(determinant == 0, "degenerate", words))[()]


def map_type(trace: Any, determinant: Any) -> np.ndarray:
    """The type of a fixed point of a map, in words: sink, source, saddle, critical; a turning pair is a
    focus.
    """
    trace, determinant = np.broadcast_arrays(finite("trace", trace), finite("determinant", determinant))
    fold, flip, pair = map_crossings(trace, determinant).values()
    turns = trace * trace < 4 * determinant
    inside = (fold > 0) & (flip > 0) & (pair > 0)
    words = np.where(
        inside, np.where(turns, "stable focus", "sink"), np.where(turns, "unstable focus", "source")
    )
    words = np.where(~turns & (fold * flip < 0), "saddle", words)
    return np.asarray(np.where((fold == 0) | (flip == 0) | (turns & (pair == 0)), "critical", words))[()]
