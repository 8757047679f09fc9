"""A run: one system, one task, some observables, fixed keywords and varied ones, ready to be evaluated for
many cells at once.
"""

import inspect
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from sim.cells import FINITE
from sim.compile import sources_digest
from sim.errors import refuse
from sim.faults import written_in
from sim.generic import inputs, networked, units
from sim.leaves import check_declared, check_size
from sim.names import beside, find
from sim.networks.form import Network
from sim.observable import OUTCOMES, Coordinate, Declared, Variable
from sim.own_files import OwnFile, own_files
from sim.pointwise.form import Pointwise
from sim.series import check_series
from sim.setting import Leafs, Setting, check_axes, check_observables, check_task, setting_of, values_of
from sim.start import starts_of
from sim.vocabulary import keywords

__all__ = ["OUTCOMES", "Coordinate", "Run", "Variable", "prepare"]


class Loaded(NamedTuple):
    """The numbers of some cells, ready for the kernels."""

    cells: int
    tile: Any


class Run:
    """What `prepare` returns: declarations for the store, and `evaluate` for the numbers."""

    def __init__(
        self,
        form: Any,
        setting: Setting,
        declared: Sequence[tuple[str, Declared]],
        digest: str,
        modules: Sequence[ModuleType] = (),
        own: tuple[OwnFile, ...] = (),
    ) -> None:
        self._form = form
        self.setting = setting
        self._written = {name: [(name, d), *d.further.items()] for name, d in declared}
        every = [pair for pairs in self._written.values() for pair in pairs]
        names = [name for name, _ in every]
        if len(set(names)) < len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            raise refuse("observables", f"two of them write {', '.join(twice)}; run them as two sweeps")
        self.coordinates = _coordinates(every)
        self.variables = tuple(_variable(name, d) for name, d in every)
        self.operations = float(form.operations)
        self.work_bytes = int(form.work_bytes)  # of a cell
        self.scratch_bytes = int(getattr(form, "scratch_bytes", 0))  # of a call, however few its cells
        self.together: frozenset[str] = (
            form.together
        )  # varied keywords over which cells share weights: tile them last
        self.digest = digest
        self._modules = modules
        self.own = own  # the user's files that it is made of

    @property
    def form(self) -> Any:
        """The form of the run, for analyses of its equation, as in `sim.continuation`."""
        return self._form

    def compile(self) -> None:
        """Make sure the machine code is in the disk cache; cheap when it is."""
        self._form.compile()

    def evaluate(self, columns: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The observables of these cells: name -> (cells, *shape), and `outcome`; a cell's bits do not depend
        on the others.

        `columns` has one array a varied keyword, all of one length; without varied keywords one cell is
        computed. Raises Refused where the columns are not those that were prepared.
        """
        return self.compute(self.load(columns))

    def load(self, columns: Mapping[str, np.ndarray]) -> Loaded:
        """The numbers of these cells as kernels take them: weights are drawn here."""
        if set(columns) != set(self.setting.varied):
            raise refuse("columns", f"given {sorted(columns)}, this run varies {sorted(self.setting.varied)}")
        lengths = {len(column) for column in columns.values()} or {1}
        if len(lengths) != 1:
            raise refuse("columns", f"columns of different lengths {sorted(lengths)}")
        cells = lengths.pop()
        if cells == 0:
            raise refuse("columns", "no cells; every column needs at least one number")
        with written_in(self._modules):
            return Loaded(cells, self._form.load(columns, cells))

    def compute(self, loaded: Loaded) -> dict[str, np.ndarray]:
        """What `evaluate` returns, of numbers that are loaded."""
        cells = loaded.cells
        raw = self._apart(self._form.compute(loaded.tile), cells)
        outcome = np.ones(cells, dtype=np.uint8)
        result: dict[str, np.ndarray] = {}
        for variable in self.variables:
            values = raw[variable.name].reshape((cells, *variable.shape))
            for value, code in (variable.outcomes or {}).items():
                outcome[(values == value).reshape(cells, -1).any(axis=1) & (outcome == 1)] = code
            if variable.dtype == "float64" and not variable.infinite:
                sound = raw.get(FINITE + variable.name)
                if sound is None:
                    sound = np.isfinite(values).reshape(cells, -1).all(axis=1)
                outcome[~sound] = 2
            elif variable.dtype != "float64":  # a whole number that there is not
                lost = np.isnan(values)
                outcome[lost.reshape(cells, -1).any(axis=1)] = 2
                values = np.where(lost, -1.0, values)
            result[variable.name] = values.astype(variable.dtype, copy=False)
        result["outcome"] = outcome
        return result

    def _apart(self, raw: Mapping[str, np.ndarray], cells: int) -> dict[str, np.ndarray]:
        """The numbers of each variable, those of observables that write several cut apart."""
        found = dict(raw)
        for name, pairs in self._written.items():
            if len(pairs) == 1:
                continue
            sizes = [math.prod(len(c.values) for c in d.coordinates) for _, d in pairs]
            cuts = np.split(raw[name].reshape(cells, -1), np.cumsum(sizes)[:-1], axis=1)
            found |= {other: cut for (other, _), cut in zip(pairs, cuts, strict=True)}
        return found


def _variable(name: str, d: Declared) -> Variable:
    """A declaration under its name, with its shape."""
    dims = tuple(c.name for c in d.coordinates)
    shape = tuple(len(c.values) for c in d.coordinates)
    about = (d.dtype, d.long_name, d.units, d.comment, d.source, d.flags, d.infinite, d.outcomes)
    return Variable(name, dims, shape, *about)


def _coordinates(declared: Sequence[tuple[str, Declared]]) -> tuple[Coordinate, ...]:
    """The labels of all dimensions, each once; refused where two variables label one differently."""
    found: dict[str, Coordinate] = {}
    for name, d in declared:
        for coordinate in d.coordinates:
            known = found.setdefault(coordinate.name, coordinate)
            if not np.array_equal(known.values, coordinate.values):
                raise refuse(
                    "observables",
                    f"{name} and another observable label {coordinate.name!r} differently; run them as "
                    "two sweeps",
                )
    return tuple(found.values())


def prepare(
    system: str,
    *,
    task: str = "silence",
    observables: Sequence[str],
    fixed: Mapping[str, Any],
    varied: Sequence[str] | Mapping[str, Sequence[Any]] = (),
    folder: Path | None = None,
) -> Run:
    """A run of this system, checked completely; nothing is compiled yet.

    `fixed` gives values by full keyword name, `varied` the names that change from cell to cell (with their
    values, as a mapping, they are checked too). Raises Refused with every fault found.

    >>> run = prepare("logistic", observables=["final_state"], fixed={"steps": 1, "start": 0.5}, varied=["r"])
    >>> float(run.evaluate({"r": np.array([2.0])})["final_state"][0])
    0.5
    """
    with beside(folder):
        return _prepared(system, task, observables, fixed, varied, folder)


def _prepared(
    system: str,
    task: str,
    observables: Sequence[str],
    fixed: Mapping[str, Any],
    varied: Sequence[str] | Mapping[str, Sequence[Any]],
    folder: Path | None,
) -> Run:
    words = {path: [value] for path, value in fixed.items() if isinstance(value, str)}
    leafs = Leafs(
        find("sim.systems", system),
        find("sim.tasks", task),
        tuple(find("sim.observables", name) for name in observables),
        keywords(system, task, observables, words, folder),
    )
    if not observables:
        raise refuse("observables", 'none are given; name at least one, such as "final_state"')
    values = values_of(leafs.known, fixed, list(varied))
    samples = dict(varied) if isinstance(varied, Mapping) else {}
    head = getattr(leafs.system, "INNER", None)  # the keyword that names the system inside
    inner = [find("sim.systems", values[head])] if head else []
    modules = (leafs.system, leafs.task, *leafs.observables, *inner)
    with written_in(modules):
        setting = setting_of(system, leafs, observables, values, fixed, list(varied), samples, folder)
        check_task(setting)
        check_observables(setting, samples)
        form = _form(setting, leafs)
        check_series(setting, samples, inputs(setting.example) if networked(setting.example) else 1)
        for (name, declared), leaf in zip(form.declared, leafs.observables, strict=True):
            check_declared(name, declared, leaf.observable.declare)
            if name in (written := getattr(form, "written", {})):
                check_size(name, declared, leaf.observable.declare, written[name])
        if "start" not in setting.varied:
            labels = units(setting.example)
            numbers = sum(labels.values()) if isinstance(labels, dict) else labels
            starts_of(setting, {}, 1, numbers if isinstance(numbers, int) else len(numbers or [""]))
        check_axes(setting, samples)
        modules = _modules(setting, leafs)
        own = own_files(modules, folder)
        return Run(form, setting, form.declared, _digest(form, modules, own), modules, own)


def _form(setting: Setting, leafs: Leafs) -> Any:
    own = getattr(leafs.system, "FORM", None)  # a system's module may bring a form of its own
    if own is not None:
        return own(setting, leafs.known)
    if networked(setting.example):
        return Network(setting, leafs.known)
    return Pointwise(setting, leafs.known)


def _modules(setting: Setting, leafs: Leafs) -> tuple[ModuleType, ...]:
    """The modules that a run is made of; what is chosen inside a wrapper belongs to it."""
    words = {path: value for path, value in setting.values.items() if isinstance(value, str)}
    inner = [family.members()[words[path]] for path, family in setting.families.items() if path in words]
    return (leafs.system, leafs.task, *leafs.observables, *filter(None, map(inspect.getmodule, inner)))


def _digest(form: Any, modules: Sequence[ModuleType], own: Sequence[OwnFile]) -> str:
    """Of all that the result depends on.

    The trace holds whatever the equation and its observables reach, on any processor alike; what a task's
    functions reach in other files of the user is in the checksums of these.
    """
    texts = dict.fromkeys(file.checksum for file in own)
    equations = getattr(form, "equations", None) or filter(None, [getattr(form, "equation", None)])
    traced = [line for equation in equations for line in equation.graph.text()] or form.sources
    leafs = [Path(str(module.__file__)) for module in modules]
    return sources_digest([*traced, *texts], [Path(__file__), *leafs, *(Path(file.path) for file in own)])
