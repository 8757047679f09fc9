"""How deep shared signals reach in tanh networks: it tends to its end as exp(-layer / xi_c).

xi_c is infinite on the edge of chaos: there a network can be trained however deep it is.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.laws import mean_field
from sim.theory import Theory, bias_scale


def curve(gain: np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
    """The depth in layers at each gain, for biases of standard deviation `b.scale` where b is drawn."""
    return mean_field.depth_of_covariance(gain, bias_scale(parameters))


theory = Theory(
    curve,
    title="depth scale ξ of correlations",
    source="S. Schoenholz, J. Gilmer, S. Ganguli & J. Sohl-Dickstein, ICLR 2017, arXiv:1611.01232",
    assumes="tanh, W ~ N(0, gain²/n), b drawn or 0, n → ∞",
    axis="gain",
    variable="depth_of_covariance",
    units="layer",
    demands={
        "system": ("mlp", "rnn"),
        "activation": ("tanh",),
        "weights": ("gaussian",),
        "weights.spectral_radius": (None,),
        "b": (0.0, "gaussian"),
    },
)
