"""Which loop makes the exponents of a run, and what observables read off it: log stretches over batches."""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from sim.errors import refuse
from sim.generic import has, jvp, step_size
from sim.lyapunov import lanes, large, registers, written_out
from sim.lyapunov.grown import Grown, grown_of
from sim.lyapunov.window import Window, exponents_of, window_of
from sim.observable import Facts, Loop


class Stretches(Protocol):
    """A loop over time: its source, its cost a cell and step, and the stretches of a tile."""

    source: str
    operations: float

    def evaluate(self, tile: Any) -> np.ndarray:
        """What is kept (`sim.lyapunov.grown`), (rows, cells)."""


def stretches(form: Any, exponents: int, window: Window, name: str) -> Stretches:
    """The loop for this system: registers, lanes or one network at a time, by its size alone."""
    n = sum(form.equation.parts.values()) or len(form.equation.state)
    if form.equation.parts:
        if not has(jvp, type(form.setting.example)):
            raise refuse(
                "observables",
                f"{name} needs jvp, which {form.setting.system!r} does not define; add one with "
                f"@jvp.register in {form.setting.file}",
            )
        if written_out.fits(form, n):
            return written_out.Growth(form, exponents, window)
        if large.fits(form, n, exponents):
            return large.Growth(form, exponents, window)
        return lanes.Growth(form, exponents, window)
    if registers.fits(n, exponents):
        return registers.Growth(form, exponents, window)
    return lanes.Growth(form, exponents, window)


class _Shared:
    """The stretches of a tile, computed once for all observables of a run that read the same."""

    def __init__(self, made: Stretches) -> None:
        self.made = made
        self.readers = 0
        self._waiting: dict[int, tuple[Any, np.ndarray, int]] = {}

    def of(self, tile: Any) -> np.ndarray:
        """(rows, cells); kept until every reader has had them."""
        if self.readers == 1:
            return self.made.evaluate(tile)
        known, found, left = self._waiting.pop(id(tile), (None, None, self.readers))
        if known is not tile or found is None:
            found, left = self.made.evaluate(tile), self.readers
        if left > 1:
            self._waiting[id(tile)] = tile, found, left - 1
        return found


def shared(form: Any, exponents: int, window: Window, name: str) -> _Shared:
    """What observables of this run with the same exponents and window have in common."""
    known: dict[Any, _Shared] = form.__dict__.setdefault("_stretches", {})
    key = (exponents, window)
    if key not in known:
        known[key] = _Shared(stretches(form, exponents, window, name))
    known[key].readers += 1
    return known[key]


def unit_of(k: Any) -> str:
    """The unit of an exponent."""
    return "1 per step" if k.per == "step" else "1 per time"


def length_of(form: Any, k: Any, window: Window, tile: Any) -> Any:
    """How long a batch is: steps, or the system's own time, one number or one a cell."""
    if k.per == "step":
        return float(window.length)
    values = {**form.setting.values, **tile.given}
    return window.length * np.asarray(step_size(form.setting.built(values)), dtype=np.float64)


def loop(
    form: Any,
    facts: Facts,
    name: str,
    exponents: int,
    read: Callable[[Grown, Any], np.ndarray],
) -> Loop:
    """A loop whose rows `read(grown, k)` makes of the batches; `k` are the keywords."""
    k = facts.k
    window = window_of(k, facts)
    common = shared(form, exponents, window, name)
    made = common.made

    def evaluate(tile: Any) -> np.ndarray:
        kept = common.of(tile)
        return read(grown_of(kept, length_of(form, k, window, tile), window), k)

    steps = window.transient + window.batches * window.length
    return Loop(
        made.source,
        evaluate,
        steps * made.operations if common.readers == 1 else 1.0,
        8 * (window.batches + 3) * exponents,
        8 * getattr(common.made, "work", 0),
        by_cell=True,
    )


__all__ = ["exponents_of", "loop", "unit_of"]
