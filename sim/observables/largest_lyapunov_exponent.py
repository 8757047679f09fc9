"""The largest Lyapunov exponent: the mean growth rate of one tangent.

lambda = lim 1/T log |J(T-1) ... J(0) v|, the tangent scaled by powers of two on the way and measured at the
ends of batches: one more vector beside the state, whatever its size. Source: G. Benettin, L. Galgani & J.-M.
Strelcyn, Phys. Rev. A 14 (1976) 2338, doi:10.1103/PhysRevA.14.2338.
"""

from typing import Any

import numpy as np

from sim.lyapunov.grown import Grown
from sim.lyapunov.growth import loop, unit_of
from sim.lyapunov.intervals import OUTCOMES, VERDICTS, estimate, judged
from sim.lyapunov.window import Keywords
from sim.observable import Declared, Facts, Loop, Whole

_SOURCE = "G. Benettin et al., Phys. Rev. A 14 (1976) 2338, doi:10.1103/PhysRevA.14.2338"
_BATCHES = "correlated batch means; a 95 % interval is the value +- t times it, t of batches // 2 degrees"


def declare(facts: Facts) -> Declared:
    """The exponent, its standard error and the verdict on it."""
    unit = unit_of(facts.k)
    error = Declared((), "standard error of the largest exponent", unit, _BATCHES, _SOURCE, infinite=True)
    verdict = Declared(
        (), "verdict on the largest exponent", "1",
        "by its 95 % interval: above zero, below it, about it within `resolution`, or none of these",
        _SOURCE, "int32", flags=VERDICTS, outcomes=OUTCOMES,
    )  # fmt: skip
    return Declared(
        (),
        "largest Lyapunov exponent",
        unit,
        "mean log growth of a tangent; -inf where it dies (a superstable cycle)",
        _SOURCE,
        infinite=True,
        further={"largest_lyapunov_exponent_error": error, "largest_lyapunov_exponent_verdict": verdict},
    )


def read(grown: Grown, k: Any) -> np.ndarray:
    """(3, cells): value, error, verdict."""
    known = estimate(grown.logs[:, 0], grown.length)
    verdict = judged(grown, grown.logs[:, 0], k.resolution, known)
    return np.stack([known.value, known.error, verdict.astype(np.float64)])


def plan(form: Any, k: Any, facts: Facts) -> Loop:
    """The loop of this run."""
    return loop(form, facts, "largest_lyapunov_exponent", 1, read)


observable = Whole(declare, plan, Keywords)
