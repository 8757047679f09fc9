"""The autocorrelation <s(t) s(t + lag)> of a unit of a random tanh network in continuous time.

The motion of a particle in the potential -c^2/2 + gain^2 <ln cosh ln cosh>_c that comes to rest at c = 0.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.laws import mean_field_flow
from sim.theory import Theory, setting


def curve(lag: np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
    """The autocorrelation at each lag, in tau; 0 where activity dies out."""
    return mean_field_flow.autocorrelation(float(setting(parameters, "weights.gain", 1.0)), lag)


theory = Theory(
    curve,
    title="mean-field theory, n → ∞",
    source="H. Sompolinsky, A. Crisanti & H. Sommers, Phys. Rev. Lett. 61 (1988) 259, "
    "doi:10.1103/PhysRevLett.61.259",
    assumes="τ s' = −s + W tanh(s), W ~ N(0, gain²/n), no bias, no input, n → ∞, lags in τ",
    axis="lag",
    variable="autocorrelation",
    demands={
        "system": ("ctrnn",),
        "task": ("silence",),
        "activation": ("tanh",),
        "weights": ("gaussian",),
        "weights.spectral_radius": (None,),
        "b": (0.0,),
    },
)
