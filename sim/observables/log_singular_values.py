"""Logs of all singular values of ds[T]/ds[0] over the whole run, largest first.

Each step's tangents are orthonormalised, J Q = Q' R, and the triangles are multiplied up with a power of two
for each row; the singular values of the graded product follow from one-sided Jacobi rotations, the smallest
as accurately as the largest. Source: J. Demmel & K. Veselic, SIAM J. Matrix Anal. Appl. 13 (1992) 1204,
doi:10.1137/0613074.
"""

import numpy as np

from sim.jacobians.singular_values import log_singular_values as singular_values
from sim.observable import Coordinate, Declared, Facts, Whole


def declare(facts: Facts) -> Declared:
    """One number for each singular value."""
    count = facts.numbers
    return Declared(
        (Coordinate("index", np.arange(count), "rank of the singular value", "1"),),
        "log of the singular values",
        "1",
        "natural logs of the singular values of ds[steps]/ds[0], largest first; -inf for zero",
        "J. Demmel & K. Veselic, SIAM J. Matrix Anal. Appl. 13 (1992) 1204, doi:10.1137/0613074",
        infinite=True,
    )


observable = Whole(declare, lambda form, k, facts: singular_values(form, facts, "log_singular_values"))
