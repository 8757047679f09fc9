"""A constant input: x[t] = amplitude at every time."""

from typing import Annotated, NamedTuple

import numpy as np

from sim.signature import About


class Keywords(NamedTuple):
    """How strong."""

    amplitude: Annotated[float, About("the input at every time")] = 1.0


def inputs(k: Keywords, steps: int) -> np.ndarray:
    """The series x[0..steps-1], (kinds, steps)."""
    return k.amplitude * np.ones((1, steps))
