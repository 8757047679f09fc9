"""Gaussian white noise: x[t] independent, of mean 0 and standard deviation `amplitude`, keyed by the seed."""

from typing import Annotated, NamedTuple

import numpy as np

from sim.draws import Draw
from sim.signature import About


class Keywords(NamedTuple):
    """How strong."""

    amplitude: Annotated[float, About("standard deviation of the input")] = 1.0


def inputs(k: Keywords, steps: int, draw: Draw) -> np.ndarray:
    """The series x[0..steps-1], (kinds, steps); x[t] does not depend on steps."""
    return k.amplitude * draw.normal(1, steps)[:, 0]
