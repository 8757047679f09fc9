"""Where a step leads from every state of a plane: F^k(s) - s, for states of two numbers.

The nullclines are where one of its two numbers is zero; fixed points are where both are. (Of a map, unlike a
flow, an orbit may jump over a nullcline.)
"""

from typing import Any, NamedTuple

import numpy as np

from sim.cells import cells_of
from sim.errors import refuse
from sim.fixed_points.asked import (
    LONGEST,
    Cycle,
    Interval,
    Places,
    ends,
    images,
    iterate,
    settled,
    whole,
)
from sim.observable import Coordinate, Declared, Facts, Loop, Whole


class Keywords(NamedTuple):
    """Which iterate, and where."""

    cycle: Cycle = 1
    interval: Interval = ()
    places: Places = 201


def grid(k: Any) -> np.ndarray:
    """The places along each side, both ends among them."""
    whole("cycle", k.cycle, LONGEST)
    whole("places", k.places, 2001, 2)
    return np.linspace(*ends(k, True), k.places)


def declare(facts: Facts) -> Declared:
    """Two numbers for each place of the plane."""
    if facts.numbers != 2:
        raise refuse(
            "observables", f"vector_field is of a state of two numbers, this one has {facts.numbers}"
        )
    f, side = iterate(facts.k.cycle), grid(facts.k)
    names = [str(value) for value in facts.unit[0].values]
    x, y = (f"unit {name}" if name.isdigit() else name for name in names)
    places = (Coordinate("place_y", side, y, "1"), Coordinate("place_x", side, x, "1"))
    comment = f"by how much each number of the state changes in {facts.k.cycle} steps"
    return Declared(
        (*places, *facts.unit), f"displacement {f}(s) - s", "1", comment, "definition", infinite=True
    )


def plan(form: Any, k: Keywords, facts: Facts) -> Loop:
    """The displacement at every place."""
    one, side, cycle = settled(form), grid(facts.k), facts.k.cycle
    y, x = np.meshgrid(side, side, indexing="ij")
    s = np.stack([x.ravel(), y.ravel()], axis=1)

    def evaluate(tile: Any) -> np.ndarray:
        moved = images(one, tile.given, cells_of(tile.given), s, cycle) - s[:, None]
        return np.moveaxis(moved, 1, 2).reshape(2 * len(s), -1)

    return Loop("", evaluate, 200.0 * len(s) * cycle, 16 * len(s), by_cell=True)


observable = Whole(declare, plan, Keywords)
