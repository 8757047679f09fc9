"""What a run is set to: its leaves, every keyword's value, and the pack that these make."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sim.errors import Problem, Refused, nearest, refuse
from sim.generic import has, rhs, step
from sim.kinds import beneath, fit
from sim.matrices import Chosen, choose
from sim.names import beside, title
from sim.signature import REQUIRED, Family, Keyword, belonging, filled, signature, split
from sim.vocabulary import builder

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
    folder: Path | None = None  # where paths of the sweep start

    def built(self, values: Mapping[str, Any]) -> Any:
        """The system's pack for these values (numbers, or one number a cell)."""
        with beside(self.folder):
            return self.build(**{path: self._argument(path, values) for path in self.own if "." not in path})

    def _argument(self, path: str, values: Mapping[str, Any]) -> Any:
        """A value as it is; the word of a family with all that belongs to it."""
        value = values[path]
        return self.chosen(path, values) if path in self.families and isinstance(value, str) else value

    def chosen(self, path: str, values: Mapping[str, Any]) -> Chosen:
        """The member of the family at this keyword, with its settings."""
        return choose(path, self.families[path], values, self.given)


def values_of(
    known: Mapping[str, Keyword], fixed: Mapping[str, Any], varied: Sequence[str]
) -> dict[str, Any]:
    """Every keyword's value; all unknown and all missing ones are refused at once."""
    problems = [
        Problem(f"parameters.{path}", f"unknown keyword; {_meant(path, known)}")
        for path in (*fixed, *varied)
        if path not in known and not beneath(path, known, fixed)
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


def _meant(path: str, known: Mapping[str, Keyword]) -> str:
    """The keywords of that name inside a group, else what comes close."""
    inside = [other for other in known if other.endswith(f".{path}")]
    return f"did you mean {' or '.join(map(repr, inside))}?" if inside else nearest(path, known)


def setting_of(
    system: str,
    leafs: Leafs,
    observables: Sequence[str],
    values: dict[str, Any],
    fixed: Mapping[str, Any],
    varied: Sequence[str],
    samples: Mapping[str, Any],
    folder: Path | None = None,
) -> Setting:
    """The setting of these leaves and values; refused where the system has no step."""
    for path in varied:
        if path in samples and len(samples[path]):
            # not zero, which may be simpler than the rest: without amplitude noise is a steady input
            sizes = np.abs(np.asarray(samples[path])).reshape(len(samples[path]), -1).max(axis=1)
            values[path] = samples[path][int(sizes.argmax())]
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
        str(leafs.system.__file__), folder,
    )  # fmt: skip
    example = setting.built(values)
    if not has(step, type(example)):
        if has(rhs, type(example)):
            place, rest = getattr(leafs.system, "STEPPED", ("system", ""))
            raise refuse(
                place,
                f"{system!r} is a flow here, ds/dt = ..., which has no step; write {rest}system = "
                f'"rk4" (or "euler") with flow = "{system}" and a time step dt',
            )
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
        head = path.removesuffix("inputs")
        weighed = {f"{head}weights", f"{head}input_weights"} & given  # one unit is a network too, then
        if count is not None and path not in given and (weighed or values.get(f"{head}units", 1) != 1):
            values[path] = int(count(filled(leafs.task.Keywords, values)))


def check_task(setting: Setting) -> None:
    """A task may have `check(k, steps)`, which refuses settings that do not go with the number of steps."""
    check = getattr(setting.task, "check", None)
    if check is not None:
        check(filled(setting.task.Keywords, setting.values), setting.values["steps"])


def check_observables(setting: Setting, samples: Mapping[str, Sequence[Any]]) -> None:
    """An observable may have `check(k, start)`, which refuses values of its keywords, those of axes too."""
    every = {path: np.array(values) for path, values in samples.items() if len(values)}
    start = None if "start" in setting.varied else setting.values["start"]
    for _, observable in setting.observables:
        check = getattr(observable, "check", None)
        if check is not None:
            check(filled(observable.keywords, {**setting.values, **every}), start)


def check_axes(setting: Setting, samples: Mapping[str, Sequence[Any]]) -> None:
    """The ends of every axis, and its least and largest number, go through the system's and the task's own
    checks before anything runs.
    """
    check = getattr(setting.task, "check", None)
    for path, values in samples.items():
        if not len(values):
            continue
        outermost = dict.fromkeys([values[0], values[-1], min(values), max(values)])
        ends = {**setting.values, path: np.array(list(outermost))}
        if path.partition(".")[0] in setting.own:
            setting.built(ends)
        if check is not None and belonging(setting.task.Keywords, [path]):
            check(filled(setting.task.Keywords, ends), setting.values["steps"])
