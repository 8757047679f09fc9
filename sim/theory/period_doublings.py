"""Where the cycles of the logistic map double their periods 1, 2, 4, ..., 32, and where that ends.

Flips by Newton's method on the iterate and its derivative; the end by extrapolation of superstable cycles.
"""

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.laws import period_doubling
from sim.theory import Theory


@functools.cache
def _places() -> np.ndarray:
    family = period_doubling.logistic
    return np.array([*period_doubling.doublings(family, 6), period_doubling.accumulation(family)])


def curve(x: np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
    """Growth rates (7, ...): six doublings and the accumulation point, whatever the other axis is."""
    return np.broadcast_to(_places().reshape((-1,) + (1,) * x.ndim), (7, *x.shape))


theory = Theory(
    curve,
    title="period doublings",
    source="M. Feigenbaum, J. Stat. Phys. 19 (1978) 25, doi:10.1007/BF01020332",
    assumes="the logistic map; six doublings and where they end",
    onto="r",
    demands={"system": ("logistic",), "task": ("silence",)},
)
