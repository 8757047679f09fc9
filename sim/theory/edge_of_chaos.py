"""The edge of chaos of deep or recurrent tanh networks: the gain of chi = 1, over the scale of biases.

Below it two inputs become one with depth, above it they part; gradients vanish below and explode above.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.laws import mean_field
from sim.theory import Theory


def curve(scale: np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
    """The gain at each standard deviation of the biases."""
    return mean_field.edge(scale)


theory = Theory(
    curve,
    title="edge of chaos, χ = 1",
    source="B. Poole et al., NIPS 2016, arXiv:1606.05340; S. Schoenholz et al., ICLR 2017, arXiv:1611.01232",
    assumes="tanh, W ~ N(0, gain²/n), b ~ N(0, scale²), no input to later layers, n → ∞",
    axis="scale",
    onto="gain",
    demands={
        "system": ("mlp", "rnn"),
        "task": ("silence",),
        "activation": ("tanh",),
        "weights": ("gaussian",),
        "weights.spectral_radius": (None,),
        "b": ("gaussian",),
    },
)
