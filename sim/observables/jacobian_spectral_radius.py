"""The largest modulus of the eigenvalues of one step's Jacobian dF/ds at the state in which the run ends.

Below 1 at a fixed point: it attracts. (`weights.spectral_radius` is what a weight matrix is scaled to;
this is what the system has where it came to.) Source: S. H. Strogatz, Nonlinear Dynamics and Chaos, 2nd
ed. 2015, ch. 10.
"""

from typing import Any

import numpy as np

from sim.jacobians.eigenvalues import eigenvalues_at_the_end
from sim.observable import Declared, Facts, Loop, NoKeywords, Whole


def declare(facts: Facts) -> Declared:
    """One number a cell."""
    return Declared(
        (),
        "spectral radius of the Jacobian at the last state",
        "1",
        "largest modulus of the eigenvalues of dF/ds at the last state",
        "S. H. Strogatz, Nonlinear Dynamics and Chaos, 2nd ed. 2015, ch. 10",
    )


def plan(form: Any, k: NoKeywords, facts: Facts) -> Loop:
    """The first of them in size."""
    return eigenvalues_at_the_end(
        form, facts, "jacobian_spectral_radius", lambda found: np.abs(found[:, :1]), 1
    )


observable = Whole(declare, plan)
