"""A run: one system, one task, some observables, fixed keywords and varied ones, ready to be evaluated for
many cells at once.
"""

import contextlib
import inspect
import traceback
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sim.compile import sources_digest
from sim.errors import Problem, Refused, nearest, refuse
from sim.generic import has, networked, step, units
from sim.kinds import fit
from sim.matrices import Chosen, choose
from sim.names import find, title
from sim.network_form import Network
from sim.observable import OUTCOMES, Coordinate, Declared, Variable
from sim.pointwise_form import Pointwise
from sim.signature import REQUIRED, Family, Keyword, filled, signature, split
from sim.start import starts_of
from sim.vocabulary import builder, keywords

__all__ = ["OUTCOMES", "Coordinate", "Run", "Variable", "prepare"]


MOST_STEPS = 10**9
_VARYING = ("number", "integer", "start")


class Leafs(NamedTuple):
    """The modules a run is made of, and its keywords by owner."""

    system: Any
    task: Any
    observables: tuple[Any, ...]
    known: dict[str, Keyword]


class Setting(NamedTuple):
    """What a form (pointwise or network) is built from."""

    system: str
    task: Any
    example: Any  # a pack with example numbers
    observables: tuple[tuple[str, Any], ...]  # (name, observable)
    values: Mapping[str, Any]  # every keyword's fixed value; varied ones hold an example
    varied: frozenset[str]
    build: Any
    own: frozenset[str]  # the keywords that `build` takes
    families: Mapping[str, Family]  # the heads of groups among the system's keywords
    given: frozenset[str]  # every keyword that was given, by full name and by each head it belongs to
    file: str  # where the system is written

    def built(self, values: Mapping[str, Any]) -> Any:
        """The system's pack for these values (numbers, or one number a cell)."""
        return self.build(**{path: self._argument(path, values) for path in self.own if "." not in path})

    def _argument(self, path: str, values: Mapping[str, Any]) -> Any:
        """A value as it is; the word of a family with all that belongs to it."""
        value = values[path]
        return self.chosen(path, values) if path in self.families and isinstance(value, str) else value

    def chosen(self, path: str, values: Mapping[str, Any]) -> Chosen:
        """The member of the family at this keyword, with its settings."""
        return choose(path, self.families[path], values, self.given)


class Loaded(NamedTuple):
    """The numbers of some cells, ready for the kernels."""

    cells: int
    tile: Any


class Run:
    """What `prepare` returns: declarations for the store, and `evaluate` for the numbers."""

    def __init__(
        self, form: Any, setting: Setting, declared: Sequence[tuple[str, Declared]], digest: str
    ) -> None:
        self._form = form
        self.setting = setting
        coordinates: dict[str, Coordinate] = {}
        variables = []
        for name, d in declared:
            for coordinate in d.coordinates:
                known = coordinates.setdefault(coordinate.name, coordinate)
                if not np.array_equal(known.values, coordinate.values):
                    raise refuse(
                        "observables",
                        f"{name} and another observable label {coordinate.name!r} differently; run them as "
                        "two sweeps",
                    )
            dims = tuple(c.name for c in d.coordinates)
            shape = tuple(len(c.values) for c in d.coordinates)
            variables.append(
                Variable(
                    name, dims, shape, d.dtype, d.long_name, d.units, d.comment, d.source, d.flags, d.infinite
                )
            )
        self.variables = tuple(variables)
        self.coordinates = tuple(coordinates.values())
        self.operations = float(form.operations)
        self.work_bytes = int(form.work_bytes)
        self.together: frozenset[str] = (
            form.together
        )  # varied keywords over which cells share weights: tile them last
        self.digest = digest

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
        return Loaded(cells, self._form.load(columns, cells))

    def compute(self, loaded: Loaded) -> dict[str, np.ndarray]:
        """What `evaluate` returns, of numbers that are loaded."""
        cells = loaded.cells
        raw = self._form.compute(loaded.tile)
        outcome = np.ones(cells, dtype=np.uint8)
        result: dict[str, np.ndarray] = {}
        for variable in self.variables:
            values = raw[variable.name].reshape((cells, *variable.shape))
            if variable.dtype == "float64" and not variable.infinite:
                finite = np.isfinite(values)
                if not finite.all():
                    outcome[~finite.reshape(cells, -1).all(axis=1)] = 2
            result[variable.name] = values.astype(variable.dtype, copy=False)
        result["outcome"] = outcome
        return result


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
    words = {path: [value] for path, value in fixed.items() if isinstance(value, str)}
    leafs = Leafs(
        find("sim.systems", system, folder),
        find("sim.tasks", task, folder),
        tuple(find("sim.observables", name, folder) for name in observables),
        keywords(system, task, observables, words, folder),
    )
    if not observables:
        raise refuse("observables", 'none are given; name at least one, such as "final_state"')
    values = _values(leafs.known, fixed, list(varied))
    samples = dict(varied) if isinstance(varied, Mapping) else {}
    with _written_in(leafs):
        setting = _setting(system, leafs, observables, values, fixed, list(varied), samples)
        _check_task(setting)
        form = _form(setting, leafs)
        if "start" not in setting.varied:
            labels = units(setting.example)
            numbers = sum(labels.values()) if isinstance(labels, dict) else labels
            starts_of(setting, {}, 1, numbers if isinstance(numbers, int) else len(numbers or [""]))
        _check_axes(setting, samples)
    return Run(form, setting, form.declared, _digest(form, leafs))


def _values(known: Mapping[str, Keyword], fixed: Mapping[str, Any], varied: Sequence[str]) -> dict[str, Any]:
    """Every keyword's value; all unknown and all missing ones are refused at once."""
    problems = [
        Problem(f"parameters.{path}", f"unknown keyword; {nearest(path, known)}")
        for path in (*fixed, *varied)
        if path not in known
    ]
    problems += [
        Problem(
            f"parameters.{path}",
            f"is needed by {keyword.owner} ({keyword.meaning or keyword.kind}) and has no default; give it "
            "a value or an axis",
        )
        for path, keyword in known.items()
        if keyword.default is REQUIRED and path not in fixed and path not in varied
    ]
    problems += [
        Problem(
            f"axes.{path}",
            f"{path} ({known[path].kind}, {known[path].owner}) cannot vary within a run: it would change "
            "shapes or the program; fix it, or make one run for each value",
        )
        for path in varied
        if path in known and not (known[path].sweepable and known[path].kind in _VARYING)
    ]
    problems += [
        Problem(f"axes.{path}", "is given twice: once is enough")
        for path in dict.fromkeys(varied)
        if list(varied).count(path) + (path in fixed) > 1
    ]
    values = {}
    for path, keyword in known.items():
        values[path], need = fit(fixed[path], keyword) if path in fixed else (keyword.default, "")
        if need:
            problems.append(Problem(f"parameters.{path}", f"{fixed[path]!r:.80} given; {need}"))
    steps = values.get("steps", 1)
    if isinstance(steps, int) and not 1 <= steps <= MOST_STEPS:
        problems.append(
            Problem(
                "parameters.steps",
                f"{steps} is no number of steps; write a whole number from 1 to {MOST_STEPS}",
            )
        )
    if problems:
        raise Refused(problems)
    return values


def _setting(
    system: str,
    leafs: Leafs,
    observables: Sequence[str],
    values: dict[str, Any],
    fixed: Mapping[str, Any],
    varied: Sequence[str],
    samples: Mapping[str, Any],
) -> Setting:
    for path in varied:
        if path in samples and len(samples[path]):
            values[path] = samples[path][0]
        elif values[path] is REQUIRED or values[path] is None or isinstance(values[path], str):
            values[path] = 1 if leafs.known[path].kind == "integer" else 1.0
    build = builder(leafs.system, system)
    given = {head for path in (*fixed, *varied) for head in _heads(path)}
    sources = [build, leafs.task.Keywords, *(leaf.observable.keywords for leaf in leafs.observables)]
    families = {name: split(annotation)[2] for source in sources for name, annotation, _ in signature(source)}
    _fit_inputs(leafs, values, given)
    own = frozenset(path for path, keyword in leafs.known.items() if keyword.owner == f"system {system}")
    names = [title(name) for name in observables]
    if len(set(names)) < len(names):
        raise refuse("observables", f"{names} would write one variable twice; name each once")
    pairs = tuple(zip(names, (leaf.observable for leaf in leafs.observables), strict=True))
    setting = Setting(
        system, leafs.task, None, pairs, values, frozenset(varied), build, own,
        {name: family for name, family in families.items() if family is not None}, frozenset(given),
        str(leafs.system.__file__),
    )  # fmt: skip
    example = setting.built(values)
    if not has(step, type(example)):
        raise refuse(
            "system",
            f"{system!r} has no step for {type(example).__name__}; write one with @step.register in "
            f"{setting.file}",
        )
    return setting._replace(example=example)


def _heads(path: str) -> list[str]:
    """The keyword itself and the heads of the groups it belongs to."""
    parts = path.split(".")
    return [".".join(parts[: i + 1]) for i in range(len(parts))]


def _fit_inputs(leafs: Leafs, values: dict[str, Any], given: set[str]) -> None:
    """A network takes as many inputs as its task has, unless the sweep says otherwise; so does a cell
    inside.
    """
    count = getattr(leafs.task, "inputs_count", None)
    for path in [path for path in values if path == "inputs" or path.endswith(".inputs")]:
        several = values.get(path.removesuffix("inputs") + "units", 1) != 1
        if count is not None and path not in given and several:
            values[path] = int(count(filled(leafs.task.Keywords, values)))


def _form(setting: Setting, leafs: Leafs) -> Any:
    own = getattr(leafs.system, "FORM", None)  # a system's module may bring a form of its own
    if own is not None:
        return own(setting, leafs.known)
    if networked(setting.example):
        return Network(setting, leafs.known)
    return Pointwise(setting, leafs.known)


@contextlib.contextmanager
def _written_in(leafs: Leafs) -> Iterator[None]:
    """What fails inside a leaf's own functions is said with its file and line."""
    files = {module.__file__ for module in (leafs.system, leafs.task, *leafs.observables)}
    try:
        yield
    except Refused:
        raise
    except Exception as error:
        lines = [f for f in traceback.extract_tb(error.__traceback__) if f.filename in files]
        if not lines:
            raise
        place = f"{lines[-1].filename}:{lines[-1].lineno}"
        raise refuse(place, f"`{lines[-1].line}` fails: {type(error).__name__}: {error}") from error


def _check_task(setting: Setting) -> None:
    """A task may have `check(k, steps)`, which refuses settings that do not go with the number of steps."""
    check = getattr(setting.task, "check", None)
    if check is not None:
        check(filled(setting.task.Keywords, setting.values), setting.values["steps"])


def _check_axes(setting: Setting, samples: Mapping[str, Sequence[Any]]) -> None:
    """The ends of every axis go through the system's own checks before anything runs."""
    for path, values in samples.items():
        if path.partition(".")[0] in setting.own and len(values):
            setting.built({**setting.values, path: np.array([values[0], values[-1]])})


# host code that a result depends on: what draws weights, inputs and starts, and lays them out
_HOST = ("draws.py", "matrices.py", "weights.py", "series.py", "start.py", "cells.py", "network_tile.py")


def _digest(form: Any, leafs: Leafs) -> str:
    modules = (leafs.system, leafs.task, *leafs.observables)
    return sources_digest([*form.sources, *(inspect.getsource(module) for module in modules)], _HOST)
