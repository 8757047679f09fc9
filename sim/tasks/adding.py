"""The adding problem: of many numbers the two that are marked must be added, at the end.

Input 0 is uniform on (0, 1), input 1 is 1 at one time of each half and 0 elsewhere. Whoever always says 1 has
the mean squared error 1/6, the variance of the sum. Source: S. Hochreiter & J. Schmidhuber, Neural
Computation 9 (1997) 1735, doi:10.1162/neco.1997.9.8.1735, in the form of Q. Le, N. Jaitly & G. Hinton 2015,
arXiv:1504.00941, with the marks of M. Arjovsky, A. Shah & Y. Bengio, ICML 2016, arXiv:1511.06464 (the
original draws from (-1, 1), marks the ends with -1 and asks for 1/2 + sum/4).
"""

from typing import Annotated, NamedTuple

import numpy as np

from sim.draws import Draw
from sim.errors import refuse
from sim.signature import About


class Keywords(NamedTuple):
    """How many numbers there are."""

    length: Annotated[
        int | None, About("how many numbers are shown, the last ones of the run; none is all", "step", True)
    ] = None


def inputs_count(k: Keywords) -> int:
    """The number and its mark."""
    return 2


def outputs_count(k: Keywords) -> int:
    """The sum."""
    return 1


def check(k: Keywords, steps: int) -> None:
    """There must be two numbers to add, and room for all of them."""
    _length(k, steps)


def _length(k: Keywords, steps: int) -> np.ndarray:
    """How many numbers are shown, (1 or kinds, 1)."""
    length = np.atleast_2d(steps if k.length is None else k.length)
    if np.min(length) < 2:
        raise refuse(
            "parameters.steps" if k.length is None else "parameters.length",
            f"{np.min(length)} numbers, of which two are to be added; write 2 or more",
        )
    if np.max(length) > steps:
        raise refuse(
            "parameters.length",
            f"{np.max(length)} numbers in a run of {steps} steps; write 2 to {steps}, or more steps",
        )
    return length


def inputs(k: Keywords, steps: int, draw: Draw) -> np.ndarray:
    """The series x[0..steps-1], (kinds, steps, 2): numbers and marks; zero before the first number."""
    length, t = _length(k, steps), np.arange(steps)
    begin, half = steps - length, length // 2
    u = draw.uniform(2, 2)[:, 1]
    first = begin + np.floor(u[:, :1] * half)
    second = begin + half + np.floor(u[:, 1:] * (length - half))
    numbers = np.where(t >= begin, draw.uniform(1, steps)[:, 0], 0.0)
    return np.stack([numbers, (t == first) | (t == second)], axis=2)


def targets(k: Keywords, steps: int, draw: Draw) -> np.ndarray:
    """The sum, (kinds, steps + 1, 1); only its last row is asked for."""
    x = inputs(k, steps, draw)
    total = np.sum(x[..., 0] * x[..., 1], axis=1)
    return np.repeat(total[:, None, None], steps + 1, axis=1)


def when(k: Keywords, steps: int) -> np.ndarray:
    """The end alone."""
    return np.arange(steps + 1) == steps
