"""How many numbers a system can learn: the entries of all its weight arrays, and its numbers.

What is set and not learnt does not count: time steps and time constants, forced gates, population statistics.
"""

import math
from typing import Any

import numpy as np

from sim.generic import learnt
from sim.observable import Declared, Facts, Loop, NoKeywords, Whole


def declare(facts: Facts) -> Declared:
    """One number a cell, the same for all."""
    comment = "weights, biases, gains and shifts, those of the read-out too; not what is set, such as dt"
    return Declared((), "number of parameters", "1", comment, "definition", "int64")


def plan(form: Any, k: NoKeywords, facts: Facts) -> Loop:
    """No loop at all."""
    read = sum(math.prod(shape) for name, shape in facts.shapes.items() if name.startswith("readout."))
    count = float(learnt(form.setting.example) + read)
    return Loop("", lambda tile: np.full((1, form.lanes_of(tile)), count), 0.0)


observable = Whole(declare, plan, layered=True)
