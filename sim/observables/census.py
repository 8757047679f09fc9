"""Which attractors a system has, and what share of the starts ends on each: cell by cell over parameters.

The same `starts` in `box` are run for every cell, to their ends. The attractors stand along the dim
`attractor` in the order in which they lie along one direction (`sim/attractors/labels.py`), so that the first
one of a cell is that of its neighbour as long as none appears or vanishes below it; `sim.families` follows
them also there. All of them are counted; of `most` of them, those with the most starts, the rest is kept. The
shares have a standard error of sqrt(f (1 - f) / starts).
"""

from typing import Annotated, Any, NamedTuple

import numpy as np

from sim.attractors.labels import Attractors, Box, Distinct, Far, Longest, Most, Survey, Tolerance
from sim.attractors.settling import RECURRENT
from sim.cells import cells_of
from sim.observable import Coordinate, Declared, Facts, Loop, Whole
from sim.signature import About

_SOURCE = (
    "G. Datseris & A. Wagemakers, Chaos 32 (2022) 023104, doi:10.1063/5.0076568 (this one without their grid)"
)
_ENTROPY = "A. Daza et al., Sci. Rep. 6 (2016) 31416, doi:10.1038/srep31416, with one box"
_KINDS = {0: "none", 1: "fixed point", 2: "cycle", 3: "never closes"}


class Keywords(NamedTuple):
    """From how many starts, and what counts as an attractor."""

    starts: Annotated[int, About("starts of each cell")] = 64
    box: Box = (-1.0, 1.0)
    most: Most = 8
    distinct: Distinct = 1e-3
    far: Far = 1e6
    max_period: Longest = 64
    tolerance: Tolerance = 1e-8


def declare(facts: Facts) -> Declared:
    """How many attractors, and of each one its kind, period, share and state."""
    places = np.arange(1, max(1, facts.k.most) + 1)
    along = (Coordinate("attractor", places, "attractor, in order along one direction", "1"),)

    def one(name: str, unit: str, comment: str, dtype: str = "int32", **more: Any) -> Declared:
        return Declared(along, name, unit, comment, _SOURCE, dtype, **more)

    def each(name: str, unit: str, comment: str, dtype: str = "int32") -> Declared:
        return Declared((), name, unit, comment, _SOURCE, dtype)

    never = "quasi-periodic, chaotic, or a cycle longer than max_period"
    further = {
        "census_kind": one(
            "kind of attractor", "1", f"fixed point, cycle, or what never closes: {never}", flags=_KINDS
        ),
        "census_period": one(
            "period of attractor", "step", "0 where it never closes, -1 where there is none"
        ),
        "census_fraction": one(
            "share of the starts",
            "1",
            "0 where there is none; with census_escaped, and census_undecided of `starts`, 1 in all where "
            "there are no more than `most`",
            "float64",
        ),
        "census_state": Declared(
            (*along, *facts.unit),
            "state of attractor",
            "1",
            "a fixed point, the lowest point of a cycle along one direction, or the middle of the box that "
            "is filled; NaN where there is none",
            _SOURCE,
            infinite=True,
        ),
        "census_escaped": each("share of escaping starts", "1", "farther from 0 than `far`", "float64"),
        "census_undecided": each(
            "undecided starts",
            "1",
            "how many had not settled within the steps",
        ),
        "basin_entropy": Declared(
            (),
            "basin entropy",
            "1",
            "-sum f ln f over the shares f of the decided starts, escape among them; NaN without any",
            _ENTROPY,
            infinite=True,
        ),
    }
    return Declared(
        (),
        "number of attractors",
        "1",
        "how many attractors the starts end on, also where more than `most`; escape not counted",
        _SOURCE,
        "int32",
        further=further,
    )


def entropy(count: np.ndarray) -> np.ndarray:
    """-sum f ln f of counts (kinds, cells); NaN without any.

    >>> entropy(np.array([[1, 5], [1, 0]])).round(4).tolist()
    [0.6931, 0.0]
    """
    total = sum(count)  # one after another, however many cells and kinds there are: the bits stay
    with np.errstate(all="ignore"):
        f = count / total
        found = -sum(np.where(f > 0.0, f * np.log(f), 0.0 * f))
    return np.asarray(np.where(total > 0, found + 0.0, np.nan))


def _rows(found: Attractors, starts: int, most: int) -> np.ndarray:
    """The numbers of all variables, in their order, (rows, cells)."""
    kept = found.foremost(most)
    there = kept.period != 0.0
    kind = np.where(kept.period == RECURRENT, 3, np.where(kept.period == 1.0, 1, 2 * there))
    period = np.where(kept.period == RECURRENT, 0.0, np.where(there, kept.period, -1.0))
    state = np.moveaxis(kept.state, 0, -1).reshape(len(there), -1).T
    rest = [found.escaped / starts, found.undecided]
    decided = np.concatenate([found.starts.T, found.escaped[None]])
    return np.concatenate(
        [
            (found.period != 0.0).sum(axis=1)[None],
            kind.T,
            period.T,
            kept.starts.T / starts,
            state,
            np.stack([*rest, entropy(decided)]),
        ]
    )


def plan(form: Any, k: Keywords, facts: Facts) -> Loop:
    """The starts of every cell run to their ends."""
    starts = int(facts.k.starts)
    survey = Survey(form, facts.k, starts, "starts", shared=True)

    def evaluate(tile: Any) -> np.ndarray:
        cells = cells_of(tile.given)
        parts = survey.parts(survey.settling.load(tile.given, cells), cells)
        return np.concatenate([_rows(part, starts, int(facts.k.most)) for part in parts], axis=1)

    rows = 5 + int(facts.k.most) * (3 + survey.settling.n)
    return Loop(
        survey.settling.source,
        evaluate,
        starts * survey.settling.operations,
        16 * rows,
        by_cell=True,
    )


observable = Whole(declare, plan, Keywords)
