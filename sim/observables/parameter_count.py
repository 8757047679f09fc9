"""How many numbers a system can learn: the entries of all its weight arrays, or its parameters."""

import math
from typing import Any

import numpy as np

from sim.observable import Declared, Facts, Loop, NoKeywords, Whole


def declare(facts: Facts) -> Declared:
    """One number a cell, the same for all."""
    return Declared((), "number of parameters", "1", "entries of all weight arrays", "definition", "int64")


def plan(form: Any, k: NoKeywords, facts: Facts) -> Loop:
    """No loop at all."""
    count = sum(math.prod(shape) for shape in facts.shapes.values()) or len(facts.parameters)
    return Loop("", lambda tile: np.full((1, form.lanes_of(tile)), float(count)), 0.0)


observable = Whole(declare, plan)
