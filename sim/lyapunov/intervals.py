"""Standard errors from batch means whose correlation is estimated too, and what an interval says.

The sums of log stretches over consecutive batches are x_i = L lambda + e_i + c (g_(i+1) - g_i): something
independent and the difference of a function of the state at the batch's ends. A logistic map at r = 4 has
nothing but the latter, a skew tent map nothing but the former; batches too short for the correlation of a run
have the latter with the opposite sign. The covariance a + v (2, -1) of such a series is tridiagonal, so
that one pass over the batches gives the likelihood of a ratio v / a; the variance of the mean is that of the
likely ones, weighted with the square of the likelihood. Intervals are
value +- t error, t the quantile of Student's distribution with batches // 2 degrees of freedom: the ratio has
cost some. They cover the truth 93 to 97 % of the time at 95 % and 64 batches or more. Batches of intermittent
orbits are skewed, since a few hold a long laminar phase: Student's interval covers too seldom then, by what
is known of it to order 1 / batches, and is widened by that. Sources: the likelihood of a first-order moving
average is that of P. Brockwell & R. Davis, Time Series, 2nd ed. 1991, ch. 8, doi:10.1007/978-1-4419-0320-4;
skewness: P. Hall, The Bootstrap and Edgeworth Expansion, 1992, section 2.6, doi:10.1007/978-1-4612-4384-7.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from sim.lyapunov.grown import DECAY, GROWTH, Grown
from sim.lyapunov.quadratic_forms import forms

VERDICTS = {0: "diverged", 1: "chaotic", 2: "stable", 3: "neutral", 4: "not_converged", 5: "unstable"}
OUTCOMES = {0: 2, 4: 3}
DIVERGED, CHAOTIC, STABLE, NEUTRAL, UNRESOLVED, UNSTABLE = VERDICTS
LEVEL = 0.95
_NEEDED = 4
FEWEST = 8  # batches, below which nothing is said of their correlation
_SHARPER = 2.0  # power of the likelihood: 1 covers too often, the likeliest alone too seldom
_SKEWED = 1.08  # (q^4 + 2 q^2 - 3) / 18, q = 1.96: widens an interval by this times skewness^2 / batches
_ROUNDING = 1e-12  # per step: what is nearer to zero than that is zero
_DRIFT = 4.0  # standard errors between the halves of a window that are no accident
_BLOCK = 2048  # columns at a time: what is worked on stays in the second-level cache
_SHARES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)  # of what is independent
_AHEAD = (0.08, 0.15, 0.2, 0.24)  # v / a of batches that follow each other too closely


class _Models(NamedTuple):
    """All ratios for one number of batches, a row each: the covariance as L D L^T, what D^-1 L^-1 makes of
    ones, what a unit of variance comes to for the sum.
    """

    below: np.ndarray  # of L, beside the diagonal
    inverse: np.ndarray  # of D
    ones: np.ndarray  # L^-1 1, over D
    precision: np.ndarray  # 1^T C^-1 1
    penalty: np.ndarray
    total: np.ndarray


@cache
def _models(batches: int) -> _Models:
    found = []
    for a, v in [(share, 1.0 - share) for share in _SHARES] + [(1.0, -ahead) for ahead in _AHEAD]:
        pivots, below, ones = [a + 2.0 * v], [0.0], [1.0]
        for _ in range(batches - 1):
            below.append(-v / pivots[-1])
            pivots.append(a + 2.0 * v + v * below[-1])
            ones.append(1.0 - below[-1] * ones[-1])
        inverse, one = 1.0 / np.array(pivots), np.array(ones)
        precision = float((one * one * inverse).sum())
        penalty = -0.5 * float(np.log(pivots).sum() + np.log(precision))
        found.append(
            (np.array(below), inverse, one * inverse, [precision], [penalty], [a * batches + 2.0 * v])
        )
    return _Models(*(np.array(rows) for rows in zip(*found, strict=True)))


def variance_of_sum(batches: np.ndarray) -> np.ndarray:
    """The variance of the sum of correlated batch sums (batches, ...), by likely correlations, and as much
    more as their skewness asks for.
    """
    count = len(batches)
    flat = batches.reshape(count, -1)
    if count < _NEEDED:
        return np.full(batches.shape[1:], np.nan)
    result = np.empty(flat.shape[1])
    for at in range(0, flat.shape[1], _BLOCK):
        part = flat[:, at : at + _BLOCK]
        mean = _summed(part) / count
        if count < FEWEST:
            result[at : at + _BLOCK] = count / (count - 1) * _summed((part - mean) ** 2)
        else:
            result[at : at + _BLOCK] = _likely(part, mean)
    return result.reshape(batches.shape[1:])


def _likely(batches: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """The same of some columns and their means: nothing depends on neighbours."""
    count = len(batches)
    models = _models(count)
    along, squares, (second, third) = forms(batches, mean, models.below, models.inverse, models.ones)
    spread = np.maximum(squares - along * along / models.precision, 0.0) / (count - 1)
    with np.errstate(divide="ignore", invalid="ignore"):  # batches all equal: every likelihood, no variance
        likelihood = models.penalty - 0.5 * (count - 1) * np.log(spread)
        weights = np.exp(_SHARPER * (likelihood - likelihood.max(axis=0)))
        likely = _summed(weights * (models.total * spread)) / _summed(weights)
        wider = 1.0 + _SKEWED * (third / second) ** 2 / second  # skewness^2 / batches
    return np.where(np.isnan(likely), 0.0, likely * np.where(np.isfinite(wider), wider, 1.0) ** 2)


def _summed(rows: np.ndarray) -> np.ndarray:
    """The sum of rows, one after another: NumPy's own order depends on how many columns there are."""
    result = np.zeros(rows.shape[1:])
    for row in rows:
        result += row
    return result


def quantile(batches: int, level: float = LEVEL) -> float:
    """How many standard errors an interval of this level reaches to each side."""
    return float(stdtrit(max(1, batches // 2), 0.5 + 0.5 * level))


class Estimate(NamedTuple):
    """The mean of sums over batches of some length, its standard error, and the variance of their sum."""

    value: np.ndarray
    error: np.ndarray
    variance: np.ndarray


def estimate(batches: np.ndarray, length: float | np.ndarray) -> Estimate:
    """Of sums over batches (batches, ...); where the mean is no number or infinite it has no error: NaN."""
    count = len(batches)
    total = _summed(batches)
    sound = np.isfinite(total)
    variance = variance_of_sum(batches if sound.all() else np.where(sound, batches, 0.0))
    steps = count * np.asarray(length)
    return Estimate(total / steps, np.where(sound, np.sqrt(variance) / steps, np.nan), variance)


def mean_and_error(batches: np.ndarray, length: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean and its standard error."""
    found = estimate(batches, length)
    return found.value, found.error


def reach_of(batches: np.ndarray, length: float | np.ndarray, known: Estimate) -> np.ndarray:
    """How far the interval of batch sums (batches, ...) reaches to each side of their mean: `quantile`
    standard errors, further where the second half of the window differs from the first by more than chance,
    since then a part of the mean is transient.
    """
    count = len(batches)
    half = max(1, count // 2)
    with np.errstate(invalid="ignore"):
        drift = np.abs(_summed(batches[count - half :]) - _summed(batches[:half])) / half
        drifting = drift > _DRIFT * np.sqrt(known.variance / count) * np.sqrt(2.0 / half)
        return np.asarray(quantile(count) * known.error + np.where(drifting, drift / length, 0.0) + _ROUNDING)


def verdict_of(
    batches: np.ndarray,
    length: float | np.ndarray,
    resolution: float,
    known: Estimate | None = None,
    algebraic: float = 0.0,
) -> np.ndarray:
    """What the batch sums (batches, cells) of the largest exponent say, as a number of `VERDICTS`; `known` is
    their estimate.

    Chaotic or stable if the interval (`reach_of`) leaves zero out by more than growth or decay as a power of
    time comes to (`algebraic`, the log stretch over the window of what grows like time), neutral if it is
    smaller than `resolution`, else not converged.
    """
    count = len(batches)
    known = known or estimate(batches, length)
    value = known.value
    with np.errstate(invalid="ignore"):
        reach = reach_of(batches, length, known)
        slow = algebraic / (count * np.asarray(length))
        found = np.full(value.shape, UNRESOLVED)
        found[np.abs(value) + reach <= resolution] = NEUTRAL
        found[value - reach > GROWTH * slow] = CHAOTIC
        found[(value + reach < -DECAY * slow) | np.isneginf(value)] = STABLE
    found[np.isnan(value) | np.isposinf(value)] = DIVERGED
    return found


def judged(grown: Grown, largest: np.ndarray, resolution: float, known: Estimate | None = None) -> np.ndarray:
    """The verdict on the batch sums (batches, cells) of the largest exponent of orbits; what grows is chaotic
    only along an orbit that moves and stays bounded, else unstable.
    """
    known = known or estimate(largest, grown.length)
    found = verdict_of(largest, grown.length, resolution, known, grown.algebraic)
    found[(found == CHAOTIC) & grown.unfolded(known.value)] = UNSTABLE
    return found
