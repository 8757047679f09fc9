"""Delayed recall: y = x as it was `delay` steps ago, at every time.

The input is uniform on (-amplitude, amplitude) and independent at every step; the state of time t, which saw
x[t-1] last, should tell x[t-1-delay], and 0 where the run had not begun. Source: H. Jaeger, Short term memory
in echo state networks, GMD Report 152 (2001).
"""

from typing import Annotated, NamedTuple

import numpy as np

from sim.draws import Draw
from sim.errors import refuse
from sim.signature import About


class Keywords(NamedTuple):
    """How far back, and how strong."""

    delay: Annotated[int, About("how long ago; 0 is the input seen last", "step", True)] = 1
    amplitude: Annotated[float, About("largest modulus of the input")] = 1.0


def inputs_count(k: Keywords) -> int:
    """The number to be recalled."""
    return 1


def outputs_count(k: Keywords) -> int:
    """The number as it was."""
    return 1


def check(k: Keywords, steps: int) -> None:
    """Something must be recalled within the run."""
    if not 0 <= np.min(k.delay) <= np.max(k.delay) < steps:
        raise refuse(
            "parameters.delay",
            f"a delay of {k.delay} in a run of {steps} steps; write 0 to {steps - 1}, or more steps",
        )


def inputs(k: Keywords, steps: int, draw: Draw) -> np.ndarray:
    """The series x[0..steps-1], (kinds, steps, 1); x[t] does not depend on steps."""
    return (k.amplitude * (2.0 * draw.uniform(1, steps)[:, 0] - 1.0))[..., None]


def targets(k: Keywords, steps: int, draw: Draw) -> np.ndarray:
    """What each state should tell, (kinds, steps + 1, 1)."""
    x = inputs(k, steps, draw)[..., 0]
    source = np.arange(steps + 1) - 1 - np.atleast_2d(k.delay)
    old = x[np.arange(len(x))[:, None], np.maximum(source, 0)]
    return np.where(source >= 0, old, 0.0)[..., None]


def when(k: Keywords, steps: int) -> np.ndarray:
    """Every time but the start."""
    return np.arange(steps + 1) > 0
