"""Clipping by norm: a gradient that is too long keeps its direction and loses its length.

g' = g min(1, threshold / |g|), |g| being the Euclidean norm over all arrays of the gradient together. What is
kept is that a step is never longer than the threshold; the expectation of g' need not have the direction of
that of g. Source: R. Pascanu, T. Mikolov & Y. Bengio, ICML 2013, arXiv:1211.5063, algorithm 1.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from sim.errors import refuse


def clip_by_norm(gradient: Any, threshold: float | np.ndarray, *, cells: bool = False) -> Any:
    """The gradient in the form it was given, shortened to the norm `threshold` where it is longer.

    gradient: an array, or a tuple or pack of numbers, arrays and packs, which are one vector together; what
    is None, a word, a flag or a whole number stays. cells: every array has a leading axis of cells, each of
    which is clipped by its own norm, to one threshold or one a cell. A gradient that is not finite stays as
    it is: it has no direction to keep. Cost: two passes over the numbers.

    >>> clip_by_norm(np.array([3.0, 4.0]), 1.0)
    array([0.6, 0.8])
    """
    limit = np.asarray(threshold, dtype=np.float64).reshape(-1)
    if not (limit > 0.0).all():
        raise refuse("threshold", f"{np.min(limit)} leaves nothing of a gradient; write a number above 0")
    rows = [np.reshape(part, (len(part) if cells else 1, -1)) for part in _numbers(gradient)]
    largest = np.max([np.abs(row).max(axis=1, initial=0.0) for row in rows], axis=0)
    finite = np.isfinite(largest)
    scale = np.where(finite & (largest > 0.0), largest, 1.0)  # squares of 1e200 are no numbers
    norm = np.sqrt(np.sum([np.square(row / scale[:, None]).sum(axis=1) for row in rows], axis=0))
    with np.errstate(over="ignore"):
        longer = finite & (norm > limit / scale)

    def clipped(part: Any) -> Any:
        whole = np.asarray(part, dtype=np.float64)
        shape = (-1,) + (1,) * (whole.ndim - 1) if cells else (1,) * whole.ndim
        long, size, length, most = (
            np.broadcast_to(value, longer.shape).reshape(shape) for value in (longer, scale, norm, limit)
        )
        made = whole.copy()
        np.divide(whole / size * np.where(long, most, 1.0), length, out=made, where=long)
        return made if isinstance(part, np.ndarray) else float(made)

    return _mapped(gradient, clipped)


def _is_number(part: Any) -> bool:
    return isinstance(part, (float, np.ndarray))


def _numbers(gradient: Any) -> Iterator[Any]:
    """All numbers and arrays of a gradient."""
    if isinstance(gradient, tuple):
        for part in gradient:
            yield from _numbers(part)
    elif _is_number(gradient):
        yield gradient


def _mapped(gradient: Any, function: Callable[[Any], Any]) -> Any:
    """The gradient in its form, with this function of every number and array."""
    if isinstance(gradient, tuple):
        parts = [_mapped(part, function) for part in gradient]
        return type(gradient)(*parts) if hasattr(gradient, "_fields") else tuple(parts)
    return function(gradient) if _is_number(gradient) else gradient
