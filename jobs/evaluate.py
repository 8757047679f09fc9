"""The one place where a sweep's names become numbers: stored cells and live cells both come from here."""

import hashlib
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from jobs import curves
from jobs.sweep import Axis, Sweep
from jobs.tiles import Grid, cut
from sim.compile import sources_digest
from sim.errors import Problem, Refused, refuse
from sim.own_files import OwnFile, changed
from sim.run import Coordinate, Run, Variable, prepare

OUTCOME = "outcome"
CRASHED, OUT_OF_MEMORY = 6, 7


@dataclass(frozen=True)
class Recipe:
    """A sweep whose names have been found: one Run for each combination of its word axes."""

    sweep: Sweep
    runs: Mapping[tuple[str, ...], Run]

    @property
    def first(self) -> Run:
        return next(iter(self.runs.values()))

    @property
    def variables(self) -> tuple[Variable, ...]:
        return self.first.variables

    @property
    def coordinates(self) -> tuple[Coordinate, ...]:
        return self.first.coordinates

    @property
    def digest(self) -> str:
        """Of every source that the result depends on."""
        digests = sorted({run.digest for run in self.runs.values()})
        if self.sweep.curves:
            digests.append(sources_digest([], [Path(curves.__file__)]))
        return digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()

    @property
    def own(self) -> dict[str, str]:
        """Checksums of the user's files that it is made of, by their names."""
        return {file.name: file.checksum for file in _own(self.runs)}

    @property
    def operations(self) -> float:
        return max(run.operations for run in self.runs.values())

    @property
    def work_bytes(self) -> int:
        return max(run.work_bytes for run in self.runs.values())

    @property
    def scratch_bytes(self) -> int:
        """Scratch memory of a tile beside that of its cells."""
        return max(run.scratch_bytes for run in self.runs.values())

    @property
    def cell_bytes(self) -> int:
        """Stored bytes of one cell, uncompressed."""
        return 1 + sum(math.prod(item.shape) * np.dtype(item.dtype).itemsize for item in self.variables)

    @property
    def coordinate_bytes(self) -> int:
        """Stored bytes of all coordinates, uncompressed: a long axis weighs as much as its results."""
        axes = self.sweep.axes
        words = sum(len(str(word).encode()) for axis in axes if axis.is_word for word in axis.values)
        own = sum(np.asarray(item.values).nbytes for item in self.coordinates)
        return words + own + sum(axis.values.nbytes for axis in axes if not axis.is_word)

    @cached_property
    def grid(self) -> Grid:
        words = [axis.is_word for axis in self.sweep.axes]
        return cut(
            self.sweep.shape,
            words,
            cell_bytes=self.cell_bytes,
            work_bytes=self.work_bytes,
            operations=self.operations,
            together=[axis.path in self.first.together for axis in self.sweep.axes],
        )

    def compile(self) -> None:
        """Put the machine code of every run into the disk cache."""
        for run in self.runs.values():
            run.compile()

    def block(self, cells: Sequence[slice]) -> dict[str, np.ndarray]:
        """The arrays of a block of cells: each (cells along the axes, then the variable's own dims).

        The block lies within one value of each word axis.
        """
        axes = self.sweep.axes
        word = tuple(
            str(axis.values[part.start]) for axis, part in zip(axes, cells, strict=True) if axis.is_word
        )
        shape = tuple(part.stop - part.start for part in cells)
        values = [axis.values[part] for axis, part in zip(axes, cells, strict=True)]
        return self.at(word, values, shape)

    def at(
        self, word: tuple[str, ...], values: Sequence[np.ndarray], shape: tuple[int, ...]
    ) -> dict[str, np.ndarray]:
        """The arrays of the grid that `values` span, one array for each axis, at one combination of words."""
        columns: dict[str, np.ndarray] = {}
        for position, (axis, along) in enumerate(zip(self.sweep.axes, values, strict=True)):
            if not axis.is_word:
                spread = [1] * len(shape)
                spread[position] = shape[position]
                columns[axis.path] = np.ascontiguousarray(
                    np.broadcast_to(along.reshape(spread), shape)
                ).ravel()
        arrays = self.runs[word].evaluate(columns)
        return {name: array.reshape(shape + array.shape[1:]) for name, array in arrays.items()}

    def blanks(self, extent: tuple[int, ...], outcome: int) -> dict[str, np.ndarray]:
        """What stands in cells that could not be computed: NaN, -1 and the outcome."""
        arrays = {
            item.name: np.full(extent + tuple(item.shape), blank(item.dtype), dtype=item.dtype)
            for item in self.variables
        }
        arrays[OUTCOME] = np.full(extent, outcome, dtype=np.uint8)
        return arrays


def blank(dtype: str) -> float | int:
    """What stands where nothing was computed: NaN, or -1 for integers."""
    return math.nan if np.dtype(dtype).kind == "f" else -1


def recipe(sweep: Sweep, digest: str = "") -> Recipe:
    """Every Run of the sweep, remembered until a file of the user's has changed.

    digest: that of the runs that are wanted, whatever has become of the files since.
    Errors: Refused where a system, a verb or a value does not fit.
    """
    key = (sweep.id, sweep.folder)
    known = _KNOWN.get(key)
    if known is not None and changed(_own(known)) and Recipe(sweep, known).digest != digest:
        _KNOWN.pop(key, None)
    if key not in _KNOWN:
        while len(_KNOWN) >= 8:
            _KNOWN.pop(next(iter(_KNOWN)), None)
        _KNOWN[key] = _runs(sweep)
    return Recipe(sweep, _KNOWN[key])


Runs = Mapping[tuple[str, ...], Run]
_KNOWN: dict[tuple[str, Path | None], Runs] = {}


def _own(runs: Runs) -> list[OwnFile]:
    return sorted({file for run in runs.values() for file in run.own})


def _runs(sweep: Sweep) -> Runs:
    words = [axis for axis in sweep.axes if axis.is_word]
    varied: dict[str, Any] = {axis.path: axis.values for axis in sweep.axes if not axis.is_word}
    runs: dict[tuple[str, ...], Run] = {}
    problems: dict[Problem, None] = {}
    for combination in itertools.product(*(axis.values for axis in words)):
        fixed = dict(sweep.parameters) | {
            axis.path: str(word) for axis, word in zip(words, combination, strict=True)
        }
        try:
            runs[tuple(map(str, combination))] = prepare(
                sweep.system,
                task=sweep.task,
                observables=sweep.observables,
                fixed=fixed,
                varied=varied,
                folder=sweep.folder,
            )
        except Refused as refusal:
            problems |= dict.fromkeys(refusal.problems)
    if problems:
        raise Refused(problems)
    _refuse_ragged(runs, words)
    _refuse_taken(runs, sweep.axes)
    if sweep.curves:
        curves.plane(sweep, runs)
    return runs


def _refuse_taken(runs: Runs, axes: Sequence[Axis]) -> None:
    """A store has one array of a name: no axis may be called like a dim of a variable's own."""
    own = {coordinate.name for run in runs.values() for coordinate in run.coordinates}
    for axis in axes:
        if axis.dim in own:
            raise refuse(
                f"axes.{axis.path}",
                f"an observable has a dim of its own that is called {axis.dim}; rename the keyword, or fix "
                "it under [parameters]",
            )


def _refuse_ragged(runs: Mapping[tuple[str, ...], Run], words: Sequence[Axis]) -> None:
    """Words along an axis share one template: same variables, same shapes, same coordinates."""
    (first_words, first), *others = runs.items()
    for combination, run in others:
        same = run.variables == first.variables and len(run.coordinates) == len(first.coordinates)
        same = same and all(
            one.name == other.name and np.array_equal(one.values, other.values)
            for one, other in zip(run.coordinates, first.coordinates, strict=True)
        )
        if not same:
            names = ", ".join(axis.path for axis in words)
            raise refuse(
                f"axes.{names}",
                f"{combination} gives results of another shape than {first_words}; write one sweep for each",
            )
