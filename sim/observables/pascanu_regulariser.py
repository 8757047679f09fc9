"""Omega, which is small where the gradient keeps its length from step to step.

Omega = sum over t of (|J[t]^T g[t+1]| / |g[t+1]| - 1)^2, with g[t+1] = dE/ds[t+1] and the transposed
Jacobian: the lecture leaves the transpose out, which is another number for every W that is not normal.
"""

from typing import Any

from sim.objective import GradientKeywords
from sim.observable import Declared, Facts, Pulled


def declare(facts: Facts) -> Declared:
    """One number a cell."""
    return Declared(
        (),
        "regulariser of the gradient's length",
        "1",
        "sum over steps of (|J^T g| / |g| - 1)^2, g the gradient that comes in from later times",
        "R. Pascanu, T. Mikolov & Y. Bengio, ICML 2013, arXiv:1211.5063, eq. (9)",
    )


def value(k: Any, own: Any, omega: Any) -> Any:
    """One step's term."""
    return omega


observable = Pulled(declare, value, GradientKeywords, summed=True)
