"""The curve of a map of one number, F^k(s) over s: what a cobweb is drawn in.

Fixed points are where it meets the diagonal; where it is steeper than that, up or down, they repel.
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


def grid(k: Any, several: bool) -> np.ndarray:
    """The places in the interval, both ends among them."""
    whole("cycle", k.cycle, LONGEST)
    whole("places", k.places, 100_001, 2)
    return np.linspace(*ends(k, several), k.places)


def declare(facts: Facts) -> Declared:
    """One number for each place."""
    if facts.labels is not None:
        raise refuse(
            "observables",
            f"map_curve is of a state of one number, this one has {facts.numbers}; two have vector_field",
        )
    f = iterate(facts.k.cycle)
    place = Coordinate("place", grid(facts.k, False), "state", "1")
    return Declared(
        (place,), f"{f}(s)", "1", f"the state {facts.k.cycle} steps after s", "definition", infinite=True
    )


def plan(form: Any, k: Keywords, facts: Facts) -> Loop:
    """The map at every place."""
    one, places, cycle = settled(form), grid(facts.k, False)[:, None], facts.k.cycle

    def evaluate(tile: Any) -> np.ndarray:
        return images(one, tile.given, cells_of(tile.given), places, cycle)[..., 0]

    return Loop("", evaluate, 50.0 * len(places) * cycle, 64 * len(places), by_cell=True)


observable = Whole(declare, plan, Keywords)
