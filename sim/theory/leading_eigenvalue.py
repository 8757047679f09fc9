"""The largest modulus of an eigenvalue of one step's Jacobian: the gain at rest, less where tanh saturates.

At n = 800 it is still 2.4 % more.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.theory import Theory, spectral_edge


def curve(gain: np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
    """The modulus at each gain."""
    return spectral_edge(gain, parameters)


theory = Theory(
    curve,
    title="circular law, its edge",
    source="V. Girko, Theory Probab. Appl. 29 (1985) 694, doi:10.1137/1129095; Y. Ahmadian, F. Fumarola & "
    "K. Miller, Phys. Rev. E 91 (2015) 012820, doi:10.1103/PhysRevE.91.012820",
    assumes="independent entries of variance gain²/n, at rest in 0 or in stationary activity, n → ∞",
    axis="gain",
    variable="jacobian_spectral_radius",
    demands={
        "system": ("rnn",),
        "task": ("silence",),
        "activation": ("tanh", "identity"),
        "weights": ("gaussian",),
        "weights.spectral_radius": (None,),
        "b": (0.0, "gaussian"),
    },
)
