"""What is made of a whole spectrum: the Kaplan-Yorke dimension and the rate at which entropy grows.

Both are sums of exponents with weights; an error follows from the batches of that sum.
"""

from typing import Any

import numpy as np


def kaplan_yorke(exponents: np.ndarray, near_zero: Any = False) -> tuple[np.ndarray, np.ndarray]:
    """j + (lambda_1 + ... + lambda_j) / |lambda_(j+1)| of exponents (m, ...) in falling order, j the most for
    which the sum is not negative; and the derivatives by the exponents.

    0 if the first is negative, m if no sum is. NaN where an exponent is no number. It jumps from 0 to 1 where
    the first passes zero: there is no derivative where the first is not zero but its interval holds zero
    (`near_zero`, shaped as the exponents). Source: J. Kaplan & J. Yorke, Lecture Notes in Mathematics 730
    (1979) 204, doi:10.1007/BFb0064319.

    >>> float(kaplan_yorke(np.array([0.41922, -1.62319]))[0])
    1.25826921062...
    """
    m = len(exponents)
    with np.errstate(invalid="ignore"):
        sums = np.cumsum(exponents, axis=0)
        whole = np.cumprod(sums >= 0.0, axis=0).sum(axis=0)
    index = np.arange(m).reshape(-1, *[1] * (exponents.ndim - 1))
    total = np.where(index < whole, exponents, 0.0).sum(axis=0)
    following = np.take_along_axis(exponents, np.minimum(whole, m - 1)[None], axis=0)[0]
    inside = (whole > 0) & (whole < m)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(inside, total / np.abs(following), 0.0)
        slope = np.where(inside, 1.0 / np.abs(following), 0.0)
        last = np.where(inside & np.isfinite(following), total / following**2, 0.0)
    weights = np.where(index < whole, slope, np.where(index == whole, last, 0.0))
    jumps = np.broadcast_to(near_zero, exponents.shape)[0] & (exponents[0] != 0.0)
    missing = np.isnan(exponents).any(axis=0)
    return np.where(missing, np.nan, whole + share), np.where(jumps, np.nan, weights)


def entropy(exponents: np.ndarray, near_zero: Any = False) -> tuple[np.ndarray, np.ndarray]:
    """The sum of the positive exponents (m, ...), an upper bound of the entropy rate (Ruelle) and equal to it
    where the attractor has a smooth measure along what is unstable (Pesin); and the derivatives: at zero the
    one from above, also for exponents that may be zero or more (`near_zero`, shaped as the exponents).

    Source: Ya. Pesin, Russ. Math. Surveys 32 (1977) 55, doi:10.1070/RM1977v032n04ABEH001639.
    """
    with np.errstate(invalid="ignore"):
        positive = exponents > 0.0
        weights = np.where(positive | near_zero, 1.0, 0.0)
    total = np.where(positive, exponents, 0.0).sum(axis=0)
    return np.where(np.isnan(exponents).any(axis=0), np.nan, total), weights
