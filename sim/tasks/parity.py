"""Parity: whether the number of ones so far is odd, which one unit of memory tells and no window of inputs.

x[t] is 0 or 1 with equal probability; the classes are even and odd. Source: M. Minsky & S. Papert,
Perceptrons, MIT Press 1969, chapter 3; S. Hochreiter & J. Schmidhuber, Neural Computation 9 (1997) 1735,
doi:10.1162/neco.1997.9.8.1735.
"""

from typing import Annotated, Literal, NamedTuple

import numpy as np

from sim.draws import Draw
from sim.signature import About


class Keywords(NamedTuple):
    """When the parity is asked for."""

    asked: Annotated[
        Literal["always", "end"], About("whether every time counts, or only the end of the run")
    ] = "always"


def inputs_count(k: Keywords) -> int:
    """The bit."""
    return 1


def outputs_count(k: Keywords) -> int:
    """Even and odd."""
    return 2


def _bits(steps: int, draw: Draw) -> np.ndarray:
    return draw.whole(1, steps, 2)[:, 0]


def inputs(k: Keywords, steps: int, draw: Draw) -> np.ndarray:
    """The bits x[0..steps-1], (kinds, steps, 1); x[t] does not depend on steps."""
    return _bits(steps, draw)[..., None].astype(np.float64)


def targets(k: Keywords, steps: int, draw: Draw) -> np.ndarray:
    """(1, 0) where the bits before this time have an even sum, else (0, 1): (kinds, steps + 1, 2)."""
    odd = np.pad(np.cumsum(_bits(steps, draw), axis=1) % 2, ((0, 0), (1, 0)))
    return np.eye(2)[odd]


def when(k: Keywords, steps: int) -> np.ndarray:
    """Every time but the start, or the end alone."""
    t = np.arange(steps + 1)
    return t == steps if k.asked == "end" else t > 0
