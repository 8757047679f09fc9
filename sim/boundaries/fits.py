"""Slopes of straight lines through logarithms, with the intervals that go with them."""

from typing import Any, NamedTuple

import numpy as np
from scipy.stats import t as student

from sim.errors import refuse

_APART = 0.69  # logarithm of a factor of 2, rounded down
FEWEST = 3  # scales below which a slope has no error


class Dimension(NamedTuple):
    """A number read off a power law: its standard error, its 95 % interval, and what it was read off.

    `scales` (k,) are lengths from large to small in the units that the function says, `counts` (k,) what was
    counted at each. The interval is Student's, from the scatter around the line or, where it is larger, from
    what is known of the counts' own errors; it does not know of a law that bends: look at `local`.
    """

    value: float
    error: float
    low: float
    high: float
    scales: np.ndarray
    counts: np.ndarray

    @property
    def local(self) -> np.ndarray:
        """Slopes (k - 1,) between neighbouring scales, in the sense of the value."""
        return np.diff(np.log(self.counts)) / np.diff(np.log(self.scales))

    @property
    def decades(self) -> float:
        """How many powers of ten the scales span."""
        return float(np.log10(self.scales.max() / self.scales.min()))


def line(x: Any, y: Any, covariance: Any = None) -> tuple[float, float, float]:
    """Slope, its standard error, and Student's 97.5 % point, of a straight line by (weighted) least squares.

    covariance: of y, (k, k), whose diagonal weighs the points; then the error is never less than it says, and
    more where the points scatter more. Errors: Refused for fewer than three points, or all at one place.
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if len(x) < FEWEST or not np.ptp(x) > 0.0:
        raise refuse("scales", f"{len(np.unique(x))} different ones; a slope with an error needs {FEWEST}")
    w = np.ones_like(x) if covariance is None else 1.0 / np.diag(covariance)
    centre = np.average(x, weights=w)
    spread = float(np.sum(w * (x - centre) ** 2))
    slope = float(np.sum(w * (x - centre) * y) / spread)
    rest = y - np.average(y, weights=w) - slope * (x - centre)
    error = float(np.sqrt(np.sum(w * rest**2) / (len(x) - 2) / spread))
    if covariance is not None:
        pull = w * (x - centre) / spread
        error = max(error, float(np.sqrt(pull @ covariance @ pull)))
    return slope, error, float(student.ppf(0.975, len(x) - 2))


def power(scales: np.ndarray, counts: np.ndarray, sign: float, covariance: Any = None) -> Dimension:
    """sign times the slope of ln(counts) over ln(scales), with its interval; covariance: of ln(counts).

    Without a covariance the error is the larger of two: that of a line with independent errors, and that of
    the mean of local slopes over at least factors of 2. Counts of self-similar sets swing around their law
    with the logarithm of the scale, and neighbours err together: the first alone is then far too small.
    """
    order = np.argsort(scales)[::-1]
    x, y = np.log(scales)[order], np.log(counts)[order]
    slope, error, reach = line(x, y, None if covariance is None else covariance[np.ix_(order, order)])
    if covariance is None:
        error = max(error, _swing(x, y))
    value = sign * slope
    wide = reach * error
    return Dimension(value, error, value - wide, value + wide, scales[order], counts[order])


def _swing(x: np.ndarray, y: np.ndarray) -> float:
    """The standard error of the mean slope between scales at least a factor of 2 apart; 0 for few."""
    kept = [0]
    for i in range(1, len(x)):
        if x[kept[-1]] - x[i] > _APART:
            kept.append(i)
    if len(kept) < FEWEST + 1:
        return 0.0
    run, rise = np.diff(x[kept]), np.diff(y[kept])
    rest = rise - run * (rise.sum() / run.sum())
    return float(np.sqrt((rest**2 / np.abs(run)).sum() / (len(run) - 1) / np.abs(run).sum()))
