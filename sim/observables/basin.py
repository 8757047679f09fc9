"""On which attractor a start ends: basins, over axes that are starts, parameters, or both.

The attractors of each setting of the parameters are found first, from `probes` starts in `box`, and numbered
in one order (`sim/attractors/labels.py`), the `most` with the most probes. Then every start is run until its
fate is certain, and gets the number of the attractor that it is on; -2 if that is one of the others. So a
number means the same in every tile. A start on none of them (on a saddle, or on an attractor that no probe
has found) is -1, as is one that has not settled within the steps.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np

from sim.attractors.labels import (
    OTHER,
    Box,
    Distinct,
    Far,
    Longest,
    Most,
    Survey,
    Tolerance,
    labelled,
    settings,
)
from sim.attractors.settling import AT_ONCE, RECURRENT
from sim.cells import aligned, cells_of
from sim.observable import Declared, Facts, Loop, Whole
from sim.signature import About
from sim.start import starts_of

_SOURCE = (
    "J. Aguirre, R. L. Viana & M. A. F. Sanjuan, Rev. Mod. Phys. 81 (2009) 333, doi:10.1103/RevModPhys.81.333"
)


class Keywords(NamedTuple):
    """What counts as an attractor, and how it is looked for."""

    probes: Annotated[int, About("starts from which the attractors are found")] = 256
    box: Box = (-1.0, 1.0)
    most: Most = 8
    distinct: Distinct = 1e-3
    far: Far = 1e6
    max_period: Longest = 64
    tolerance: Tolerance = 1e-8


def declare(facts: Facts) -> Declared:
    """The attractor's number; its period, a state on it, and when that was certain."""
    numbers = {OTHER: "another attractor", -1: "on none of them", 0: "escaped"} | {
        i: f"attractor {i}" for i in range(1, facts.k.most + 1)
    }
    further = {
        "basin_steps": Declared(
            (),
            "steps until the fate was certain",
            "step",
            "time at which the orbit was known to be periodic for ever or beyond `far`; -1 if it never was",
            _SOURCE,
            "int32",
        ),
        "basin_period": Declared(
            (),
            "period of what the orbit ends on",
            "step",
            "0 where it never closes but stays in one box (quasi-periodic, chaotic, or a longer cycle); -1 "
            "where it escaped or has not settled",
            _SOURCE,
            "int32",
        ),
        "basin_state": Declared(
            facts.unit,
            "state of what the orbit ends on",
            "1",
            "a fixed point, the lowest point of a cycle along one direction, or the middle of the box that "
            "is filled",
            _SOURCE,
            infinite=True,
        ),
    }
    return Declared(
        (),
        "basin of attraction",
        "1",
        "the number of the attractor that the orbit ends on, in the order in which they lie along one "
        "direction",
        _SOURCE,
        "int32",
        numbers,
        outcomes={-1: 3},
        further=further,
    )


def plan(form: Any, k: Keywords, facts: Facts) -> Loop:
    """The attractors of every setting, then the starts."""
    survey = Survey(form, facts.k, int(facts.k.probes), "probes", shared=False)
    settling, setting, n = survey.settling, form.setting, survey.settling.n

    def evaluate(tile: Any) -> np.ndarray:
        cells = cells_of(tile.given)
        columns, count, which = settings(tile.given, cells)
        numbers = settling.load(columns, count)
        found = survey.find(numbers, count)
        starts = [np.broadcast_to(s, cells) for s in starts_of(setting, tile.given, cells, n)]
        rows = aligned((3 + n) * cells).reshape(3 + n, cells)
        for first in range(0, cells, AT_ONCE):
            some = slice(first, first + AT_ONCE)
            own = None if which is None else which[some]
            fates = settling.run(numbers, np.stack([s[some] for s in starts]), own)
            rows[0, some] = labelled(fates, found, own, float(facts.k.distinct), int(facts.k.most))
            rows[1, some] = fates.steps
            period = np.where(fates.period == RECURRENT, 0.0, fates.period)
            rows[2, some] = np.where(fates.period == 0.0, -1.0, period)
            rows[3:, some] = np.where(fates.period == 0.0, np.nan, fates.state)
        return rows

    cost = survey.settling.operations * (1.0 if setting.varied <= {"start"} else 2.0)
    return Loop(settling.source, evaluate, cost, 8 * (4 + 2 * n), by_cell=True)


observable = Whole(declare, plan, Keywords)
