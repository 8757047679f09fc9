"""Into how many directions the gradient still reaches: the effective rank of ds[T]/ds[0].

exp of the entropy of the singular values divided by their sum: n where all are equal, 1 where one is left.
Source: O. Roy & M. Vetterli, EUSIPCO 2007, p. 606.
"""

from typing import Any

import numpy as np

from sim.jacobians.singular_values import log_singular_values
from sim.observable import Declared, Facts, Loop, NoKeywords, Whole


def declare(facts: Facts) -> Declared:
    """One number a cell."""
    return Declared(
        (),
        "effective rank of the Jacobian",
        "1",
        "exp(-sum p log p) of the singular values of ds[steps]/ds[0], p their shares of the sum",
        "O. Roy & M. Vetterli, The effective rank, EUSIPCO 2007, p. 606",
    )


def rank(logs: np.ndarray) -> np.ndarray:
    """The effective rank from logs of singular values (values, cells): scaled by the largest first."""
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.exp(logs - logs.max(axis=0))
        share /= share.sum(axis=0)
        entropy = -np.where(share > 0.0, share * np.log(share), 0.0).sum(axis=0)
    return np.exp(np.where(np.isfinite(share).all(axis=0), entropy, np.nan))[None]


def plan(form: Any, k: NoKeywords, facts: Facts) -> Loop:
    """The loop of log_singular_values, and what its values say."""
    loop = log_singular_values(form, facts, "effective_rank")
    return loop._replace(evaluate=lambda tile: rank(loop.evaluate(tile)))


observable = Whole(declare, plan)
