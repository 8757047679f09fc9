"""Fixed points of runs, for the tests that look for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sim.fixed_points.kinds import COMPLETENESS, STABILITY
from sim.run import prepare

SYSTEMS = Path(__file__).parent.parent / "systems"
KIND = {word: code for code, word in STABILITY.items()}
COMPLETE = {word: code for code, word in COMPLETENESS.items()}


def find(system: str, columns: dict[str, object] | None = None, folder: Path | None = None, **fixed: object):
    """The fixed points of a run of one step, short names without their prefix; `__` stands for the dot."""
    settings = {"steps": 1} | {name.replace("__", "."): value for name, value in fixed.items()}
    task = settings.pop("task", "silence")
    varied = {name: np.atleast_1d(np.asarray(column)) for name, column in (columns or {}).items()}
    run = prepare(
        system, task=task, observables=["fixed_points"], fixed=settings, varied=list(varied), folder=folder
    )
    found = run.evaluate(varied)
    assert (found["outcome"] == 1).all()
    return {name.removeprefix("fixed_points_"): values for name, values in found.items()}


def there(found: dict[str, np.ndarray], cell: int = 0, name: str = "fixed_points") -> np.ndarray:
    """What stands in the table of a cell."""
    return found[name][cell][found["stability"][cell] >= 0]


def matrix(W: object, **other: object) -> dict[str, object]:
    """The settings of a network with this matrix."""
    return {"units": len(W), "weights": "matrix", "weights__matrix": W, **other}
