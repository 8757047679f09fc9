"""Bounded input, bounded output: the largest that C h can become under inputs of at most 1, and the input
that does it.

The bound of output i is sum_t sum_j |C W^t B|_ij. It is finite exactly if every mode that is both excited
and read has |lambda| < 1: |lambda| = 1 is not enough, an input in step with the mode lets it grow without
end. Source: C. A. Desoer & M. Vidyasagar, Feedback Systems: Input-Output Properties, 1975, ch. IV.
"""

from typing import Any, NamedTuple

import numpy as np

from sim.errors import refuse
from sim.linear.arrays import count, size_of
from sim.linear.spectra import eigenvalues
from sim.linear.transfer import Form, form, minimal
from sim.machine.one_thread import one_thread

_CIRCLE = 1e-12
_ROUNDING = 1e-13  # relative size below which a mode's excitation is what rounding leaves of none


class Bibo(NamedTuple):
    """The bound of each output, between `bound` and `bound + remainder`; infinite where it is not BIBO."""

    bound: np.ndarray  # (outputs,), the sum of the terms that were added up
    remainder: np.ndarray  # (outputs,), what all further terms can add at most
    terms: int
    radius: float  # the largest modulus among modes that are both excited and read; 0 without any
    verdict: str  # "bibo", "not_bibo", or "not_converged": more than `budget` terms were needed


def bibo(W: Any, B: Any, C: Any, tolerance: float = 1e-12, budget: int = 200_000) -> Bibo:
    """The bound of h[t] = W h[t-1] + B x[t], y = C h with |x| <= 1, for any input.

    The remainder is certified: with ||A^m|| <= q < 1 the norms of later terms fall like q^(t/m). `tolerance`:
    relative remainder at which it stops. Cost: n^2 a term and input.

    >>> found = bibo([[0.9]], [1.0], [1.0])
    >>> round(float(found.bound[0]), 9), found.verdict
    (10.0, 'bibo')
    """
    whole = form(W, B, C)
    made, outputs = minimal(whole, _ROUNDING), len(whole.C)
    radius = float(np.abs(eigenvalues(made.W)[0])) if len(made.W) else 0.0
    if radius >= 1 - _CIRCLE:
        never = np.full(outputs, np.inf)
        return Bibo(never, never, 0, radius, "not_bibo")
    with one_thread():
        if np.abs(eigenvalues(whole.W)[0]) < 1 - _CIRCLE:
            found = _summed(whole, radius, tolerance, budget)  # what is hardly excited counts too
            if found.verdict == "bibo":
                return found
        if not len(made.W):
            return Bibo(np.zeros(outputs), np.zeros(outputs), 0, 0.0, "bibo")
        return _summed(made, radius, tolerance, budget)


def _summed(made: Form, radius: float, tolerance: float, budget: int) -> Bibo:
    """The sum, m terms at a time, until what is left is small enough.

    B and C count in units of their own size, for squares of small numbers vanish from norms.
    """
    fed, read = size_of(made.B), size_of(made.C)
    made = made._replace(B=made.B / fed, C=made.C / read)
    power, m = made.W, 1
    while np.linalg.norm(power, 2) > 0.5 and 2 * m <= budget:
        power, m = power @ power, 2 * m
    q = float(np.linalg.norm(power, 2))
    block = [made.B]
    for _ in range(m - 1):
        block.append(made.W @ block[-1])
    held = np.stack(block)  # (m, n, inputs)
    readers = np.linalg.norm(made.C, axis=1)
    bound, terms = np.zeros(len(made.C)), 0
    while True:
        bound += np.abs(np.einsum("on,tni->toi", made.C, held)).sum(axis=(0, 2))
        terms += len(held)
        held = power @ held
        left = float(np.linalg.norm(held, axis=1).sum()) / (1 - q) if q < 1 else float("inf")
        remainder = readers * left
        done = bool((remainder <= tolerance * bound).all())
        if done or terms >= budget:
            verdict = "bibo" if done else "not_converged"
            return Bibo(bound * fed * read, remainder * fed * read, terms, radius, verdict)


class Worst(NamedTuple):
    """The input (time, inputs) of signs that makes an output largest at the last time, and that output's
    size; of complex matrices the input is complex, of modulus 1.
    """

    x: np.ndarray
    output: float


def worst_case(W: Any, B: Any, C: Any, steps: int, output: int = 0) -> Worst:
    """The worst of all inputs of at most 1 over so many steps: x[steps - 1 - t] = sign(C W^t B), reached
    exactly.

    Its output is the sum of the first `steps` terms of the bound. Cost: n^2 a step and input.

    >>> worst_case([[-0.5]], [1.0], [1.0], 4).x[:, 0].tolist()
    [-1.0, 1.0, -1.0, 1.0]
    """
    made = form(W, B, C)
    steps = count("steps", steps, 1)
    if not 0 <= output < len(made.C):
        raise refuse("output", f"{output} given, there are outputs 0 to {len(made.C) - 1}")
    kind = np.result_type(made.W, made.B, made.C)
    reader, terms = made.C[output], np.empty((steps, made.B.shape[1]), kind)
    with one_thread(), np.errstate(over="ignore", invalid="ignore"):
        for t in range(steps):
            terms[steps - 1 - t] = reader @ made.B
            reader = reader @ made.W
    size = np.abs(terms)
    x = np.where(terms < 0, -1.0, 1.0)
    if kind.kind == "c":
        x = np.where(size > 0, terms.conj() / np.where(size > 0, size, 1.0), 1.0)
    return Worst(x, float(size.sum()))


def partial_sums(W: Any, B: Any, C: Any, steps: int) -> np.ndarray:
    """The largest output that `steps` = 1, 2, ... inputs of at most 1 can reach: (outputs, steps)."""
    made = form(W, B, C)
    terms = np.empty((len(made.C), count("steps", steps, 1)))
    held = made.B
    with one_thread(), np.errstate(over="ignore", invalid="ignore"):
        for t in range(steps):
            terms[:, t] = np.abs(made.C @ held).sum(axis=1)
            held = made.W @ held
    return np.asarray(np.cumsum(terms, axis=1))
