"""Cliffs of the loss along one keyword: where it jumps, how high and how steep, below the resolution of any
grid.

A coarse scan brackets the largest jumps, and each is narrowed down to neighbouring numbers, with the exact
gradient where the system has one (`sim/cliffs/jumps.py`). A cliff is where |dE/d along| exceeds `steep` times
the range of the loss over the length of the interval. An interval without any is data: `cliff_count` is 0.
"""

from typing import Annotated, Any, NamedTuple

import numpy as np

from sim.cells import cells_of
from sim.cliffs import folds as cliff_folds
from sim.cliffs.ensemble import Ensemble
from sim.cliffs.jumps import PARTS, rounds, search
from sim.errors import Refused, nearest, refuse
from sim.objective import LossFrom, Target, cost, first
from sim.observable import Coordinate, Declared, Facts, Forward, Loop, Reduced, Whole
from sim.signature import About
from sim.start import starts_of

_SOURCE = "R. Pascanu, T. Mikolov & Y. Bengio, ICML 2013, arXiv:1211.5063, section 2.3"


EXAMPLE = {"along": "b", "within": [-3.0, 2.0]}


class Keywords(NamedTuple):
    """Along what the loss is scanned, and what counts as a cliff."""

    along: Annotated[str, About("the number of the system along which cliffs are sought, or start")] = ""
    within: Annotated[tuple[float, ...], About("the two ends of the interval that is scanned")] = ()
    scan: Annotated[int, About("points of the coarse scan")] = 201
    jumps: Annotated[int, About("how many cliffs of a cell are kept, the steepest")] = 3
    steep: Annotated[
        float, About("slope of a cliff, at least, in units of (range of the loss) / (length)", "1", False)
    ] = 10.0
    target: Target = 0.0
    loss_from: LossFrom = -1


def declare(facts: Facts) -> Declared:
    """Position, height and slope of each cliff, how many there are, and how far the nearest fold is."""
    k = facts.k
    _interval(k)
    if not 3 <= k.scan <= 1_000_000:
        raise refuse("parameters.scan", f"{k.scan} points; write 3 to 1000000")
    if not 1 <= k.jumps <= 100:
        raise refuse("parameters.jumps", f"{k.jumps} cliffs; write 1 to 100")
    if not k.steep > 0.0:
        raise refuse("parameters.steep", f"{k.steep}; write a number above zero, as in 10.0")
    jump = Coordinate("jump", np.arange(k.jumps), "number of the cliff", "1")

    def real(name: str, comment: str) -> Declared:
        return Declared((jump,), name, "1", comment, _SOURCE, infinite=True)

    further = {
        "cliff_height": real("height of the cliff", "change of the loss over the steep stretch of the scan"),
        "cliff_slope": real(
            "slope of the cliff",
            f"derivative of the loss by {k.along} where it is largest; where even neighbouring numbers see a "
            "jump, that jump over their distance, a lower bound",
        ),
        "cliff_distance": real(
            "distance to the nearest fold",
            f"along {k.along}, to a fold of fixed points of maps of one number; NaN where none was found",
        ),
        "cliff_resolved": Declared(
            (jump,), "whether the slope is resolved", "1", "0: a lower bound; -1: no cliff", _SOURCE, "int32"
        ),
        "cliff_count": Declared((), "number of cliffs", "1", "how many are kept", _SOURCE, "int32"),
    }
    comment = f"value of {k.along} at the steepest point of each cliff, rising; NaN where there are no more"
    return real(f"position of the cliff along {k.along}", comment)._replace(further=further)


def _interval(k: Keywords) -> tuple[float, float]:
    if not k.along:
        raise refuse(
            "parameters.along", 'none is given; write the keyword that is scanned, as in along = "b"'
        )
    if len(k.within) != 2 or not k.within[0] < k.within[1]:
        raise refuse(
            "parameters.within", f"{list(k.within)}; write two numbers, the lower first, as in [-2.0, 2.0]"
        )
    return float(k.within[0]), float(k.within[1])


_LOSS = Reduced(
    lambda facts: Declared((), "loss", "1", "loss", _SOURCE),
    begin=lambda k, p, s: (0.0,),
    update=lambda k, p, s, a, t: (a[0] + cost(k, p, s),),
    end=lambda k, p, s, a: a[0],
    keywords=Keywords,
    first=first,
)


def _slope(along: str) -> Forward:
    return Forward(
        lambda facts: Declared((), "slope of the loss", "1", "derivative", _SOURCE),
        Keywords,
        lambda facts: (along,),
    )


def plan(form: Any, k: Keywords, facts: Facts) -> Loop:
    """The search along this keyword; refused where it is none of the system's numbers, or varies already."""
    chosen, setting = facts.k, form.setting
    along, (low, high) = chosen.along, _interval(chosen)
    first(facts)
    _check(form, along, (low, high))
    exact = along in facts.parameters and along in setting.own and not form.equation.parts
    observables = [("loss", _LOSS)] + ([("slope", _slope(along))] if exact else [])
    ensemble = Ensemble(form, observables, form.steps, changed=[] if along == "start" else [along])
    n = sum(form.equation.parts.values()) or len(form.equation.state)
    points = chosen.scan + rounds(low, high, chosen.scan) * (PARTS + 1) * chosen.jumps

    def evaluate(tile: Any) -> np.ndarray:
        given = dict(tile.given)
        cells = cells_of(given)
        start = np.stack([np.broadcast_to(v, cells) for v in starts_of(setting, given, cells, n)], axis=1)

        def function(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            starts = np.repeat(start[:, None], x.shape[1], axis=1)
            if along == "start":
                found = ensemble.run(given, cells, np.repeat(x[:, :, None], n, axis=2))
            else:
                found = ensemble.run(given, cells, starts, {along: x})
            slope = found["slope"].reshape(x.shape) if exact else np.full(x.shape, np.nan)
            return found["loss"].reshape(x.shape), slope

        cliffs = search(function, cells, low, high, chosen.scan, chosen.jumps, chosen.steep)
        family = None if along == "start" else cliff_folds.family_of(ensemble.form, along, given, cells)
        away = np.full(cliffs.position.shape, np.nan)
        if family is not None:
            away = cliff_folds.distance(family, cliffs.position, start[:, 0], low, high)
        there = np.isfinite(cliffs.position)
        resolved = np.where(there, cliffs.resolved, -1)
        count = there.sum(axis=1, keepdims=True)
        return np.hstack([cliffs.position, cliffs.height, cliffs.slope, away, resolved, count]).T

    cost_of_fold = 2e4 if form.equation.labels is None else 0.0
    return Loop(
        "\n".join(ensemble.sources), evaluate, points * ensemble.operations + cost_of_fold,
        8 * (9 * chosen.scan + 40 * chosen.jumps), by_cell=True,
    )  # fmt: skip


def _check(form: Any, along: str, ends: tuple[float, float]) -> None:
    setting = form.setting
    known = form.known.get(along)
    numbers = sorted(
        name
        for name, keyword in form.known.items()
        if keyword.kind in ("number", "start") and name.partition(".")[0] in setting.own
    )
    if along != "start" and (known is None or along not in numbers):
        raise refuse(
            "parameters.along", f"{along!r} is no number of the system; {nearest(along, [*numbers, 'start'])}"
        )
    if along in setting.varied:
        raise refuse(
            "parameters.along", f"{along} is an axis of the sweep; a cliff is sought along what is no axis"
        )
    if along != "start":
        _scannable(setting, along, ends)


def _scannable(setting: Any, along: str, ends: tuple[float, float]) -> None:
    """Refuse a keyword whose numbers do not go with what else is given, as alpha beside tau and dt."""
    try:
        pack = setting.built({**setting.values, along: np.array(ends)})
    except Refused as refusal:
        cure = f"to scan {along} from {ends[0]} to {ends[1]}: {refusal.problems[0]}"
        raise refuse("parameters.along", cure) from refusal
    if type(pack) is not type(setting.example):
        raise refuse(
            "parameters.along",
            f"with numbers for {along}, {setting.system!r} is another system; write a number for it under "
            "[parameters] first",
        )


observable = Whole(declare, plan, Keywords)
