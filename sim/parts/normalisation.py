"""Batch normalisation at inference: y = gain (c - mean) / sqrt(variance) + shift, with population statistics.

The small number that training adds to the variance is part of it here. Source: S. Ioffe & C. Szegedy, ICML
2015, arXiv:1502.03167; on the read-out of a memory cell T. Cooijmans et al., ICLR 2017, arXiv:1603.09025.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np

from sim.errors import refuse
from sim.functions import sqrt, total
from sim.signature import Held


class Norm(NamedTuple):
    """Numbers, the same for all units."""

    gain: float = 1.0
    mean: Annotated[float, Held()] = 0.0
    variance: Annotated[float, Held()] = 1.0
    shift: float = 0.0


def given(gain: Any, mean: Any, variance: Any, shift: Any) -> Norm:
    """The numbers that were given, the others neutral; refused where a variance is not positive."""
    if variance is not None and not (np.asarray(variance) > 0.0).all():
        raise refuse(
            "parameters.norm_variance", f"{np.min(variance):g} is no variance; write a positive number"
        )
    numbers = zip((gain, mean, variance, shift), Norm(), strict=True)
    return Norm(*(neutral if number is None else number for number, neutral in numbers))


def normal(p: Norm | None, c: Any) -> Any:
    """The normalised values; as they are without normalisation."""
    return c if p is None else p.gain * _standard(p, c) + p.shift


def turned(p: Norm | None, v: Any) -> Any:
    """How a small change v of c changes the normalised values; gradients go back in the same way."""
    return v if p is None else p.gain / sqrt(p.variance) * v


def gradient(p: Norm, c: Any, g: Any) -> Norm:
    """The gradients of the four numbers from the gradient g of the normalised values."""
    along, shift = total(g * _standard(p, c)), total(g)
    return Norm(along, -p.gain / sqrt(p.variance) * shift, -0.5 * p.gain / p.variance * along, shift)


def _standard(p: Norm, c: Any) -> Any:
    return (c - p.mean) / sqrt(p.variance)
