"""The Lyapunov exponents: mean growth rates of orthogonal tangents, the largest first.

lambda_k = lim 1/T sum_t log R_kk(t), where J(t) Q(t) = Q(t+1) R(t). Where all exponents of a small state are
wanted the last follows from log |det J|. Under an input or noise that is the same for all copies they are the
conditional exponents. Cost: n^2 m multiply-adds a step for the products and n m^2 for each
orthonormalisation. Source: G. Benettin, L. Galgani, A. Giorgilli & J.-M. Strelcyn, Meccanica 15 (1980) 9,
doi:10.1007/BF02128236.
"""

from typing import Any

import numpy as np

from sim.lyapunov.grown import Grown
from sim.lyapunov.growth import exponents_of, loop, unit_of
from sim.lyapunov.intervals import OUTCOMES, UNRESOLVED, VERDICTS, Estimate, estimate, judged
from sim.lyapunov.window import SpectrumKeywords
from sim.observable import Coordinate, Declared, Facts, Loop, Whole

_SOURCE = "G. Benettin et al., Meccanica 15 (1980) 9, doi:10.1007/BF02128236"
_BATCHES = "correlated batch means; a 95 % interval is the value +- t times it, t of batches // 2 degrees"


def declare(facts: Facts) -> Declared:
    """The exponents, their standard errors, and a verdict on the largest."""
    numbers = np.arange(exponents_of(facts.k, facts))
    rank = (Coordinate("exponent", numbers, "rank of the exponent", "1"),)
    unit = unit_of(facts.k)
    error = Declared(rank, "standard error of the exponents", unit, _BATCHES, _SOURCE, infinite=True)
    verdict = Declared(
        (), "verdict on the largest exponent", "1",
        "by its 95 % interval: above zero, below it, about it within `resolution`, or none of these",
        _SOURCE, "int32", flags=VERDICTS, outcomes=OUTCOMES,
    )  # fmt: skip
    return Declared(
        rank,
        "Lyapunov exponents",
        unit,
        "mean log growth of orthogonal tangents, largest first; -inf where a tangent dies, NaN where it is "
        "lost in rounding (`every` is too long)",
        _SOURCE,
        infinite=True,
        further={"lyapunov_spectrum_error": error, "lyapunov_spectrum_verdict": verdict},
    )


def read(grown: Grown, k: Any) -> np.ndarray:
    """(2 m + 1, cells) of m exponents: values in falling order, their errors, the verdict."""
    every = estimate(grown.logs, grown.length)
    order = np.argsort(-np.where(np.isnan(every.value), np.inf, every.value), axis=0, kind="stable")
    value, error, variance = (np.take_along_axis(array, order, axis=0) for array in every)
    largest = np.take_along_axis(grown.logs, order[None, :1], axis=1)[:, 0]
    verdict = judged(grown, largest, k.resolution, Estimate(value[0], error[0], variance[0]))
    if (gone := grown.lost) is not None:
        lost = np.take_along_axis(gone, order, axis=0)
        value, error = (np.where(lost, np.nan, array) for array in (value, error))
        verdict[lost.any(axis=0)] = UNRESOLVED
    return np.concatenate([value, error, verdict[None].astype(np.float64)])


def plan(form: Any, k: Any, facts: Facts) -> Loop:
    """The loop of this run."""
    return loop(form, facts, "lyapunov_spectrum", exponents_of(facts.k, facts), read)


observable = Whole(declare, plan, SpectrumKeywords)
