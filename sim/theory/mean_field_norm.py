"""The norm of the state of a random tanh network in discrete time: sqrt(n <tanh^2>), 0 up to gain 1.

`norm` is of the state at each time; the theory is of its stationary value, after the start is forgotten.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.errors import refuse
from sim.laws import mean_field
from sim.theory import Theory, bias_scale, setting


def curve(gain: np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
    """The norm at each gain, for the sweep's number of units."""
    n = setting(parameters, "units", None)
    if n is None or n < 2:
        raise refuse("parameters.units", f"{n} units; the theory is of many, and needs to know how many")
    return np.sqrt(float(n) * mean_field.activity(gain, bias_scale(parameters)))


theory = Theory(
    curve,
    title="mean-field theory, n → ∞",
    source="L. Molgedey, J. Schuchhardt & H. Schuster, Phys. Rev. Lett. 69 (1992) 3717, "
    "doi:10.1103/PhysRevLett.69.3717",
    assumes="h' = tanh(W h + b), W ~ N(0, gain²/n), b drawn or 0, no input, n → ∞, stationary",
    axis="gain",
    variable="norm",
    demands={
        "system": ("rnn",),
        "task": ("silence",),
        "activation": ("tanh",),
        "weights": ("gaussian",),
        "weights.spectral_radius": (None,),
        "b": (0.0, "gaussian"),
    },
)
