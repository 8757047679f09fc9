"""Observables that are read off the whole spectrum, declared and evaluated alike."""

from collections.abc import Callable
from typing import Any

import numpy as np

from sim.lyapunov.grown import Grown
from sim.lyapunov.growth import loop
from sim.lyapunov.intervals import (
    NEUTRAL,
    OUTCOMES,
    UNRESOLVED,
    VERDICTS,
    Estimate,
    estimate,
    judged,
    mean_and_error,
    reach_of,
)
from sim.lyapunov.window import FrameKeywords
from sim.observable import Declared, Facts, Loop, Whole

# the value, and its derivatives by the exponents, of exponents in falling order and of which of them the
# interval holds zero
Formula = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def read(formula: Formula, grown: Grown, k: Any) -> np.ndarray:
    """(3, cells) of n exponents: the formula's value, its error, the verdict on the exponents.

    The error is that of the formula's tangent plane: of the batches' exponents, weighted by its derivatives.
    Where the largest exponent is neutral, those whose interval holds zero are zero: of an invariant circle or
    torus they are zero but for rounding, whose sign is nobody's dimension.
    """
    logs, length = grown.logs, grown.length
    known = estimate(logs, length)
    order = np.argsort(-np.where(np.isnan(known.value), np.inf, known.value), axis=0, kind="stable")
    ranked = Estimate(*(np.take_along_axis(array, order, axis=0) for array in known))
    own = np.take_along_axis(logs, order[None], axis=1)
    verdict = judged(grown, own[:, 0], k.resolution, Estimate(*(array[0] for array in ranked)))
    with np.errstate(invalid="ignore"):
        near_zero = np.abs(ranked.value) <= reach_of(own, length, ranked)
    value, weights = formula(np.where(near_zero & (verdict == NEUTRAL), 0.0, ranked.value), near_zero)
    # a weight of zero takes no part, whatever it stands before
    projected = np.zeros((len(logs), *value.shape))
    for i, weight in enumerate(weights):
        projected += np.where(weight != 0.0, weight * np.where(weight != 0.0, own[:, i], 0.0), 0.0)
    _, error = mean_and_error(projected, length)
    if (gone := grown.lost) is not None:
        lost = gone.any(axis=0)
        value, verdict = np.where(lost, np.nan, value), np.where(lost, UNRESOLVED, verdict)
    error = np.where(np.isfinite(value), error, np.nan)
    return np.stack([value, error, verdict.astype(np.float64)])


def derived(
    name: str, formula: Formula, long_name: str, unit: Callable[[Any], str], comment: str, source: str
) -> Whole:
    """The observable of this name: a formula of all exponents, with its error and verdict."""

    def declare(facts: Facts) -> Declared:
        own = unit(facts.k)
        about = "of the batches' exponents, weighted with the formula's derivatives"
        error = Declared((), f"standard error of the {long_name}", own, about, source, infinite=True)
        verdict = Declared(
            (), "verdict on the largest exponent", "1",
            "by its 95 % interval: above zero, below it, about it within `resolution`, or none of these",
            source, "int32", flags=VERDICTS, outcomes=OUTCOMES,
        )  # fmt: skip
        further = {f"{name}_error": error, f"{name}_verdict": verdict}
        return Declared((), long_name, own, comment, source, infinite=True, further=further)

    def plan(form: Any, k: Any, facts: Facts) -> Loop:
        return loop(form, facts, name, facts.numbers, lambda grown, k: read(formula, grown, k))

    return Whole(declare, plan, FrameKeywords)
