"""The onset of chaos of random networks without bias: gain 1, where the circular law reaches the unit circle.

In discrete and in continuous time alike, for every f with f(0) = 0, f'(0) = 1 that saturates.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.theory import Theory


def curve(x: np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
    """Gain 1, whatever the other axis is."""
    return np.ones_like(x)


theory = Theory(
    curve,
    title="onset of chaos, gain 1",
    source="H. Sompolinsky, A. Crisanti & H. Sommers, Phys. Rev. Lett. 61 (1988) 259, "
    "doi:10.1103/PhysRevLett.61.259",
    assumes="W ~ N(0, gain²/n), tanh, no bias, no input, n → ∞",
    onto="gain",
    demands={
        "system": ("rnn", "ctrnn"),
        "task": ("silence",),
        "activation": ("tanh",),
        "weights": ("gaussian",),
        "weights.spectral_radius": (None,),
        "b": (0.0,),
    },
)
