"""Eigenvalues of one step's Jacobian dF/ds at the state in which the run ends.

At a fixed point they are its multipliers; of a linear recurrence they are its poles, wherever the run
ends. The input is that of the last step. Source: S. H. Strogatz, Nonlinear Dynamics and Chaos, 2nd ed.
2015, ch. 10.
"""

from typing import Any

import numpy as np

from sim.jacobians.eigenvalues import eigenvalues_at_the_end
from sim.observable import Coordinate, Declared, Facts, Loop, NoKeywords, Whole


def declare(facts: Facts) -> Declared:
    """A real and an imaginary part for each eigenvalue."""
    words = np.array(["real", "imaginary"], dtype=object)
    return Declared(
        (
            Coordinate("index", np.arange(facts.numbers), "rank, the largest first", "1"),
            Coordinate("component", words, "part of a complex number", "1"),
        ),
        "eigenvalues of the Jacobian at the last state",
        "1",
        "eigenvalues of dF/ds at the last state, by modulus, largest first",
        "S. H. Strogatz, Nonlinear Dynamics and Chaos, 2nd ed. 2015, ch. 10",
    )


def plan(form: Any, k: NoKeywords, facts: Facts) -> Loop:
    """Both parts of all of them, eigenvalue by eigenvalue."""
    return eigenvalues_at_the_end(
        form,
        facts,
        "eigenvalues",
        lambda found: np.stack([found.real, found.imag], axis=-1),
        2 * facts.numbers,
    )


observable = Whole(declare, plan)
