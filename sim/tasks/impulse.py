"""One impulse: x[t] = amplitude at t = at, else 0; an impulse at 0 is first seen in the state of time 1."""

from typing import Annotated, NamedTuple

import numpy as np

from sim.errors import refuse
from sim.signature import About


class Keywords(NamedTuple):
    """When and how strong."""

    amplitude: Annotated[float, About("height of the impulse")] = 1.0
    at: Annotated[int, About("time of the impulse", "step")] = 0


def check(k: Keywords, steps: int) -> None:
    """The impulse must fall within the run."""
    if not 0 <= k.at < steps:
        raise refuse(
            "parameters.at", f"an impulse at {k.at} in a run of {steps} steps; write 0 to {steps - 1}"
        )


def inputs(k: Keywords, steps: int) -> np.ndarray:
    """The series x[0..steps-1], (kinds, steps)."""
    return np.where(np.arange(steps) == k.at, k.amplitude, 0.0)
