"""The largest Lyapunov exponent of a random tanh network in discrete time, by dynamic mean-field theory.

(1/2) ln(gain^2 <tanh'^2>), ln(gain) below the onset of chaos. A network of n units is below it by a few
per cent of a nat at n = 100, less with larger n.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.laws import mean_field
from sim.theory import Theory, bias_scale


def curve(gain: np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
    """The exponent per step at each gain; biases of standard deviation `b.scale` where b is drawn."""
    return mean_field.largest_exponent(gain, bias_scale(parameters))


theory = Theory(
    curve,
    title="mean-field theory, n → ∞",
    source="L. Molgedey, J. Schuchhardt & H. Schuster, Phys. Rev. Lett. 69 (1992) 3717, "
    "doi:10.1103/PhysRevLett.69.3717; R. Engelken, F. Wolf & L. Abbott, Phys. Rev. Research 5 (2023) 043044",
    assumes="h' = tanh(W h + b), W ~ N(0, gain²/n), b drawn or 0, no input, n → ∞",
    axis="gain",
    variable="largest_lyapunov_exponent",
    units="1 per step",
    demands={
        "system": ("rnn",),
        "task": ("silence",),
        "activation": ("tanh",),
        "weights": ("gaussian",),
        "weights.spectral_radius": (None,),
        "b": (0.0, "gaussian"),
    },
)
