"""The circular law: the moduli of the eigenvalues of gain J / sqrt(n) have density 2 r / gain^2."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.laws import random_matrices
from sim.theory import Theory, setting


def curve(radius: np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
    """The density at each radius."""
    return random_matrices.circular_density(radius, float(setting(parameters, "weights.gain", 1.0)))


theory = Theory(
    curve,
    title="circular law",
    source="V. Girko, Theory Probab. Appl. 29 (1985) 694, doi:10.1137/1129095",
    assumes="independent entries of variance gain²/n, n → ∞",
    axis="radius",
    variable="eigenvalue_density",
    demands={"weights": ("gaussian",), "weights.spectral_radius": (None,)},
)
