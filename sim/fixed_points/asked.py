"""What fixed points and the pictures beside them ask for: which iterate, where, of a map that is steady."""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np

from sim.equations.evaluation import Map
from sim.errors import Refused, refuse
from sim.signature import About

LONGEST = 64  # iterates
_AT_ONCE = 1 << 18  # states that are moved together
Cycle = Annotated[int, About("k: points of every period that divides k; 1 is fixed points", "step")]
Interval = Annotated[
    tuple[float, ...],
    About("where each number of the state is sought; none is -10 to 10, and -2 to 2 for several"),
]
Places = Annotated[int, About("how many states along each side of the interval are asked")]


def whole(name: str, value: int, most: int, least: int = 1) -> None:
    """Refuses a whole number that is out of its range."""
    if not least <= value <= most:
        raise refuse(f"parameters.{name}", f"{value}; write a whole number from {least} to {most}")


def ends(k: Any, several: bool) -> tuple[float, float]:
    """The ends of the interval that is meant; refused where it is none."""
    if not k.interval:
        return (-2.0, 2.0) if several else (-10.0, 10.0)
    if len(k.interval) != 2 or not np.isfinite(k.interval).all() or k.interval[0] >= k.interval[1]:
        raise refuse(
            "parameters.interval",
            f"{list(k.interval)} is no interval; write its two ends, the lower one first, as in [-1.0, 1.0]",
        )
    return float(k.interval[0]), float(k.interval[1])


def iterate(cycle: int) -> str:
    """How the k-th iterate is written.

    >>> iterate(1), iterate(3)
    ('F', 'F^3')
    """
    return "F" if cycle == 1 else f"F^{cycle}"


def settled(form: Any) -> Map:
    """The map of a run; systems and tasks whose map is not the same at every step are refused."""
    equation = getattr(form, "equation", None)
    if equation is None or equation.mirror is not None:
        raise refuse("observables", "fixed points are of systems that step in time, in one direction")
    try:
        one = Map(form)
        one.load({}, 1)
    except Refused as refusal:
        raise refuse("observables", "; ".join(problem.text for problem in refusal.problems)) from refusal
    return one


def images(one: Map, given: Mapping[str, np.ndarray], cells: int, s: np.ndarray, cycle: int) -> np.ndarray:
    """F^k of these states (places, n) for every cell, (places, cells, n); some cells at a time."""
    known = one.load(given, cells)
    moved = np.empty((len(s), cells, s.shape[1]))
    together = max(1, _AT_ONCE // len(s))
    for first in range(0, cells, together):
        some = np.arange(first, min(first + together, cells))
        which = np.tile(some, len(s))
        image = np.repeat(s, len(some), axis=0)
        with np.errstate(all="ignore"):
            for _ in range(cycle):
                image = one.step(known, which, image)
        moved[:, some] = image.reshape(len(s), len(some), -1)
    return moved
