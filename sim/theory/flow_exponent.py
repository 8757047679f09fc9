"""The largest Lyapunov exponent of a random tanh network in continuous time, in 1/tau.

-1 + sqrt(1 - E) with E the ground state of a quantum well made of the self-consistent autocorrelation;
gain - 1 below the onset of chaos, near (gain - 1)^2 / 2 just above it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.errors import refuse
from sim.laws import mean_field_flow
from sim.theory import Theory, setting

_COARSEST = 0.25


def curve(gain: np.ndarray, parameters: Mapping[str, Any]) -> np.ndarray:
    """The exponent at each gain, in 1/tau; of a sweep that has it per step (`per`), times alpha.

    Euler steps of more than a quarter of tau are another system, and refused.
    """
    alpha, tau, dt = (setting(parameters, name, None) for name in ("alpha", "tau", "dt"))
    if alpha is None and tau is not None and dt is not None:
        alpha = dt / tau
    if alpha is not None and alpha > _COARSEST:
        raise refuse(
            "parameters.alpha",
            f"{alpha} given; the theory is of continuous time, alpha of {_COARSEST} or less (at alpha = 1 "
            "the network is `rnn`, see mean_field_exponent)",
        )
    stepped = setting(parameters, "per", "time") == "step" and alpha is not None
    return mean_field_flow.largest_exponent(gain) * (float(alpha) if stepped else 1.0)


theory = Theory(
    curve,
    title="mean-field theory, n → ∞",
    source="H. Sompolinsky, A. Crisanti & H. Sommers, Phys. Rev. Lett. 61 (1988) 259, "
    "doi:10.1103/PhysRevLett.61.259",
    assumes="τ s' = −s + W tanh(s), W ~ N(0, gain²/n), no bias, no input, n → ∞",
    axis="gain",
    variable="largest_lyapunov_exponent",
    units="1 per tau",
    demands={
        "system": ("ctrnn",),
        "task": ("silence",),
        "activation": ("tanh",),
        "weights": ("gaussian",),
        "weights.spectral_radius": (None,),
        "b": (0.0,),
    },
)
