"""What the keys of a sweep mean: bare names become dotted paths, values get the kind of their keyword."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobs.document import Document, Listed, Spaced, shown
from sim.errors import Problem, Refused, nearest
from sim.kinds import beneath, said
from sim.vocabulary import REQUIRED, Keyword, keywords, unknown

RESERVED_DIMS = {
    "time",
    "unit",
    "parameter",
    "lag",
    "index",
    "iterate",
    "exponent",
    "branch",
    "layer",
    "outcome",
    "curve",
    "vertex",
    "jump",
}
# dims that some observables alone have: an axis of such a name gives way to them where they are asked for
OWN_DIMS: Mapping[str, tuple[str, ...]] = {
    "census": ("attractor",),
    "dead_fraction": ("matrix",),
    "eigenvalues": ("component",),
    "fixed_points": ("part",),
    "gate_trace": ("gate", "gate_unit", "step"),
    "gradient_through_time": ("part",),
    "map_curve": ("place",),
    "neuron_gradient_norm": ("matrix", "neuron"),
    "return_map": ("pair",),
    "vector_field": ("place_x", "place_y"),
}


@dataclass(frozen=True)
class NamedAxis:
    """An axis whose name has been found."""

    path: str
    dim: str
    table: Spaced | Listed
    kind: str
    unit: str
    meaning: str


@dataclass
class Meaning:
    """Fixed parameters by dotted path, and axes."""

    parameters: dict[str, Any] = field(default_factory=dict)
    axes: list[NamedAxis] = field(default_factory=list)


def resolve(
    document: Document,
    tables: Sequence[tuple[str, Spaced | Listed]],
    names: Sequence[str],
    folder: Path | None,
    problems: list[Problem],
) -> Meaning:
    """Parameters and axes under their full names; what is wrong is added to `problems`.

    tables: the axes that are well formed; names: of all axes, so that a wrong one is not called missing.
    """
    parameters = flat(document.parameters)
    meaning = Meaning()
    try:
        known = keywords(
            document.system, document.task, document.observables, _words(parameters, tables), folder
        )
    except Refused as refusal:
        problems += refusal.problems
        return meaning
    taken: dict[str, str] = {}
    for key, value in parameters.items():
        keyword = _keyword(key, known, parameters, f"parameters.{key}", taken, problems)
        if keyword is None:
            continue
        fitting, need = fit(value, keyword)
        if need:
            problems.append(Problem(f"parameters.{key}", f"{shown(value)} given; {need}"))
        else:
            meaning.parameters[keyword.path] = fitting
    found: list[tuple[Keyword, Spaced | Listed]] = []
    for key, table in tables:
        keyword = _keyword(key, known, parameters, f"axes.{key}", taken, problems)
        if keyword is not None:
            problems += _axis_faults(keyword, table, f"axes.{key}")
            found.append((keyword, table))
    for path, keyword in known.items():
        if keyword.default is REQUIRED and path not in taken and not _named(path, names):
            axis = f" or [axes.{path}]" if keyword.sweepable else ""
            text = f"is missing ({keyword.meaning}); write {path} = … under [parameters]{axis}"
            problems.append(Problem(f"parameters.{path}", text))
    paths = [keyword.path for keyword, _ in found]
    own = {dim for name in document.observables for dim in OWN_DIMS.get(name, ())}
    reserved = RESERVED_DIMS | own | set(document.observables)
    for keyword, table in found:
        dim = dimension(keyword.path, paths, reserved)
        meaning.axes.append(NamedAxis(keyword.path, dim, table, keyword.kind, keyword.unit, keyword.meaning))
    return meaning


def misnamed(raw: Mapping[str, Any], folder: Path | None) -> list[Problem]:
    """Names that are not found in a file whose form is already refused: a reader mends all faults at once."""
    system, task, observables = raw.get("system"), raw.get("task", "silence"), raw.get("observables", [])
    words = [name for name in observables if isinstance(name, str)] if isinstance(observables, list) else []
    if not isinstance(system, str) or not isinstance(task, str):
        return []
    return unknown(system, task, words, folder)


def dimension(path: str, paths: Sequence[str], reserved: set[str]) -> str:
    """The dimension's name: the last word of the path where that is unique, else the whole path."""
    last = path.rpartition(".")[2]
    alike = [other for other in paths if other.rpartition(".")[2] == last]
    return (
        last
        if len(alike) == 1 and last not in reserved
        else path.replace(".", "_") + "_" * (path in reserved)
    )


def flat(parameters: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Tables as dotted keys: `{"weights": {"family": "he", "gain": 1.2}}` sets weights and weights.gain."""
    result: dict[str, Any] = {}
    for key, value in parameters.items():
        if isinstance(value, Mapping):
            result |= flat(value, f"{prefix}{key}.")
        else:
            result[prefix.rstrip(".") if key == "family" and prefix else f"{prefix}{key}"] = value
    return result


def fit(value: Any, keyword: Keyword) -> tuple[Any, str]:
    """The value in its keyword's kind and '', or None and what is needed."""
    kind = keyword.kind
    if kind in {"number", "start"} and _is_number(value):
        return float(value), ""
    if kind == "integer" and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return value, ""
    if kind in {"word", "start"} and isinstance(value, str):
        if not keyword.choices or value in keyword.choices:
            return value, ""
        return None, said(value, keyword)
    if kind == "flag" and isinstance(value, bool):
        return value, ""
    if kind == "words" and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value, ""
    if kind in {"numbers", "matrix", "start"} and isinstance(value, list) and value and _all_numbers(value):
        return _floats(value), ""
    return (
        None,
        f"{keyword.path} is {_NEEDS.get(kind, kind)}{': ' + keyword.meaning if keyword.meaning else ''}",
    )


_NEEDS = {
    "number": "a finite number, as in 1.5",
    "integer": "an integer, as in 10",
    "word": 'a word in quotes, as in "tanh"',
    "words": 'a list of words, as in ["a", "b"]',
    "numbers": "a list of finite numbers, as in [0.5, -0.5]",
    "matrix": "a list of rows of finite numbers, as in [[1.0, 0.0], [0.0, 1.0]]",
    "flag": "true or false",
    "start": "a finite number, a list of numbers or a word",
}


def _words(
    parameters: Mapping[str, Any], tables: Sequence[tuple[str, Spaced | Listed]]
) -> dict[str, list[str]]:
    words = {key: [value] for key, value in parameters.items() if isinstance(value, str)}
    for key, table in tables:
        if isinstance(table, Listed) and isinstance(table.values[0], str):
            words[key] = [str(value) for value in table.values]
    return words


def _keyword(
    key: str,
    known: Mapping[str, Keyword],
    given: Mapping[str, Any],
    place: str,
    taken: dict[str, str],
    problems: list[Problem],
) -> Keyword | None:
    """The keyword that is meant by a bare or dotted key."""
    place = ascii(place)[1:-1]
    place = place if len(place) <= 100 else f"{place[:97]}..."
    meant = [key] if key in known else [path for path in known if path.rpartition(".")[2] == key]
    if len(meant) > 1:
        problems.append(Problem(place, f"is ambiguous; write one of {', '.join(sorted(meant))}"))
        for path in meant:
            taken.setdefault(path, place)
        return None
    if not meant and beneath(key, known, given):
        return None
    if not meant:
        problems.append(Problem(place, f"unknown; {nearest(key, known)}"))
        return None
    if meant[0] in taken:
        text = f"{meant[0]} is given twice, here and as {taken[meant[0]]}; delete one of them"
        problems.append(Problem(place, text))
        return None
    taken[meant[0]] = place
    return known[meant[0]]


def _axis_faults(keyword: Keyword, table: Spaced | Listed, place: str) -> list[Problem]:
    if not keyword.sweepable:
        text = "changes the shape of a result and cannot be an axis; fix it under [parameters]"
        if "." in keyword.owner and keyword.kind == "integer":  # of a file of the user's
            name = keyword.path.rpartition(".")[2]
            text = f"is a whole number, the same for all cells; write {name}: float in your file, or fix it "
            text += "under [parameters]"
        return [Problem(place, f"{keyword.path} {text}")]
    if isinstance(table, Listed):
        faults = []
        for number, value in enumerate(table.values):
            need = fit(value, keyword)[1]
            if need:
                faults.append(Problem(f"{place}.values[{number}]", f"{shown(value)} given; {need}"))
        return faults[:3]
    if keyword.kind not in {"number", "integer", "start"}:
        return [
            Problem(
                place, f"{keyword.path} is {_NEEDS.get(keyword.kind, keyword.kind)}; write values = [...]"
            )
        ]
    if keyword.kind == "integer":
        step = (table.stop - table.start) / (table.num - 1)
        whole = all(float(number).is_integer() for number in (table.start, table.stop, step))
        if not whole or table.scale == "log":
            return [Problem(place, f"{keyword.path} is an integer; write values = [0, 1, 2] or a whole step")]
    return []


def _named(path: str, names: Sequence[str]) -> bool:
    return path in names or path.rpartition(".")[2] in names


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 2**1000 if isinstance(value, int) else math.isfinite(value)


def _all_numbers(value: Any) -> bool:
    return all(_all_numbers(item) if isinstance(item, list) else _is_number(item) for item in value)


def _floats(value: Any) -> Any:
    return [_floats(item) if isinstance(item, list) else float(item) for item in value]
