"""The autocorrelation of a unit's summed input, in discrete time: q at lag 0, the shared part c at others.

Without biases c = 0: chaos in discrete time forgets within one step. Biases leave c > 0.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.laws import mean_field
from sim.theory import Theory, bias_scale, setting


def curve(lag: np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
    """<x(t) x(t + lag)> of x = W h + b at each lag, in steps."""
    gain = float(setting(parameters, "weights.gain", 1.0))
    bias = bias_scale(parameters)
    return np.where(lag == 0.0, mean_field.variance(gain, bias), mean_field.covariance(gain, bias))


theory = Theory(
    curve,
    title="mean-field theory, n → ∞",
    source="L. Molgedey, J. Schuchhardt & H. Schuster, Phys. Rev. Lett. 69 (1992) 3717, "
    "doi:10.1103/PhysRevLett.69.3717",
    assumes="x' = W tanh(x) + b, W ~ N(0, gain²/n), b drawn or 0, no input, n → ∞",
    axis="lag",
    variable="autocorrelation",
    demands={
        "system": ("rnn",),
        "task": ("silence",),
        "activation": ("tanh",),
        "weights": ("gaussian",),
        "weights.spectral_radius": (None,),
        "b": (0.0, "gaussian"),
    },
)
