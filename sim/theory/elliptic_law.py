"""The elliptic law: the outline of the eigenvalues of a Gaussian matrix in the complex plane.

Of one step's Jacobian at rest in 0; in stationary activity, where tanh saturates, the circle is smaller.
Half axes gain (1 + tau) and gain (1 - tau), tau the correlation of J_ij and J_ji (`weights.tau`, 0 unless
said): the circle of the circular law at 0, a line on the real axis at 1.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.laws import random_matrices
from sim.theory import Theory, setting, spectral_edge


def curve(re: np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
    """The upper and the lower imaginary part (2, ...) at each real part."""
    gain = float(setting(parameters, "weights.gain", 1.0))
    gain = float(spectral_edge(gain, parameters))
    return random_matrices.outline(re, gain, float(setting(parameters, "weights.tau", 0.0)))


theory = Theory(
    curve,
    title="elliptic law",
    source="H. Sommers, A. Crisanti, H. Sompolinsky & Y. Stein, Phys. Rev. Lett. 60 (1988) 1895, "
    "doi:10.1103/PhysRevLett.60.1895",
    assumes="Gaussian entries of variance gain²/n, correlated with their mirror images alone, at rest in 0 "
    "or in stationary activity, n → ∞",
    axis="re",
    onto="im",
    demands={
        "system": ("rnn", "ctrnn"),
        "task": ("silence",),
        "activation": ("tanh", "identity"),
        "weights": ("gaussian",),
        "weights.spectral_radius": (None,),
        "b": (0.0, "gaussian"),
    },
)
