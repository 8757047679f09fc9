"""The sweep: plain data that decide a result, read from TOML or built in Python, with one id."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from jobs.document import (
    SHOWN,
    Document,
    Listed,
    Spaced,
    axes_of,
    axis_table,
    load,
    plain,
    shown,
    structure,
    toml,
)
from jobs.meaning import flat, misnamed, resolve
from sim.errors import Problem, Refused, nearest, refuse

MOST_CELLS = 10**9
MOST_AXES = 16


@dataclass(frozen=True)
class Axis:
    """One axis of the grid: the keyword that it varies, the dimension it becomes, its values in order."""

    path: str
    dim: str
    table: Spaced | Listed
    integer: bool = False
    unit: str = ""
    meaning: str = ""

    @property
    def size(self) -> int:
        return self.table.num if isinstance(self.table, Spaced) else len(self.table.values)

    @property
    def is_word(self) -> bool:
        return isinstance(self.table, Listed) and isinstance(self.table.values[0], str)

    @cached_property
    def values(self) -> np.ndarray:
        """The coordinate: float64, int64 or text."""
        if isinstance(self.table, Listed):
            return np.array(self.table.values, dtype=object if self.is_word else self._dtype)
        start, stop, num = float(self.table.start), float(self.table.stop), self.table.num
        spaced = (
            np.geomspace(start, stop, num) if self.table.scale == "log" else np.linspace(start, stop, num)
        )
        return spaced.astype(self._dtype)

    def repeated(self) -> list[Problem]:
        """Numbers of the file that differ but are one number here: a coordinate has every value once."""
        if self.is_word:
            return []
        steps = np.diff(np.sort(self.values) if isinstance(self.table, Listed) else self.values)
        if steps.all():
            return []
        key = "values" if isinstance(self.table, Listed) else "num"
        alike = np.count_nonzero(steps == 0)
        text = f"{alike:,} of {self.size:,} values lie closer than numbers can tell apart"
        return [Problem(f"axes.{self.path}.{key}", f"{text}; write fewer, or farther apart")]

    @property
    def _dtype(self) -> type:
        return np.int64 if self.integer else np.float64

    def canonical(self) -> dict[str, Any]:
        """The axis as plain data, numbers as floats or integers by the kind of its keyword."""
        number = int if self.integer else float
        if isinstance(self.table, Listed):
            values = (
                list(self.table.values) if self.is_word else [number(value) for value in self.table.values]
            )
            return {"name": self.path, "values": values}
        table = self.table
        ends = {"start": number(table.start), "stop": number(table.stop)}
        return {"name": self.path, **ends, "num": table.num, "scale": table.scale}


@dataclass(frozen=True)
class Sweep:
    """A system, what to measure, fixed parameters and axes. Nothing else decides a result.

    Made by `Sweep.read` (a file, or the name of a shipped sweep) or `Sweep.parse` (a dictionary of the same
    form). Both refuse a wrong sweep with every fault in it, each with its place and what to write instead.
    """

    name: str
    title: str
    system: str
    task: str
    observables: tuple[str, ...]
    parameters: Mapping[str, Any]
    axes: tuple[Axis, ...]
    folder: Path | None = None
    curves: tuple[str, ...] = ()  # bifurcation curves to store, in the order of the alphabet
    curve_period: int = 1

    @classmethod
    def read(cls, source: Path | str, changes: Mapping[str, Any] | None = None) -> "Sweep":
        """The sweep of a TOML file or of a shipped name, after `changes` (dotted key -> value)."""
        path = locate(source)
        return cls.parse(changed(load(path), changes or {}), folder=path.resolve().parent)

    @classmethod
    def parse(cls, raw: Mapping[str, Any], folder: Path | None = None) -> "Sweep":
        """The sweep of a dictionary with a sweep file's keys; axes as a table or as a list with names."""
        raw = plain(raw)
        document, problems = structure(Document, raw, "")
        entries, faults = axes_of(raw.get("axes", {}))
        problems += faults
        tables = []
        for key, table in entries:
            axis, faults = axis_table(table, f"axes.{ascii(key)[1:-1][:SHOWN]}")
            problems += faults
            if axis is not None:
                tables.append((key, axis))
        problems += _grid_faults(tables, len(entries))
        if document is None:
            raise Refused([*problems, *misnamed(raw, folder)])
        twice = sorted({name for name in document.observables if document.observables.count(name) > 1})
        problems += [
            Problem("observables", f"{shown(name)} stands there twice; name it once") for name in twice
        ]
        problems += _curve_faults(document)
        names = [key for key, _ in entries]
        meaning = resolve(document, tables, names, folder, problems)
        if problems:
            raise Refused(problems)
        axes = tuple(
            Axis(axis.path, axis.dim, axis.table, axis.kind == "integer", axis.unit, axis.meaning)
            for axis in meaning.axes
        )
        if twice := [fault for axis in axes for fault in axis.repeated()]:
            raise Refused(twice)
        return cls(
            name=document.name,
            title=document.title,
            system=document.system,
            task=document.task,
            observables=tuple(document.observables),
            parameters=meaning.parameters,
            axes=axes,
            folder=folder,
            curves=tuple(sorted(document.curves)),
            curve_period=document.curve_period,
        )

    def override(self, changes: Mapping[str, Any]) -> "Sweep":
        """This sweep with some keys changed: `override({"axes.w.num": 64, "name": "coarse"})`."""
        return Sweep.parse(changed(self.data(), changes), folder=self.folder)

    def data(self) -> dict[str, Any]:
        """The sweep as plain data; `Sweep.parse(sweep.data())` is the same sweep."""
        curves = {"curves": list(self.curves), "curve_period": self.curve_period} if self.curves else {}
        return {
            "name": self.name,
            "title": self.title,
            "system": self.system,
            "task": self.task,
            "observables": list(self.observables),
            "parameters": {key: self.parameters[key] for key in sorted(self.parameters)},
            "axes": [axis.canonical() for axis in self.axes],
            **curves,
        }

    @property
    def canonical(self) -> str:
        """The one JSON text of this sweep."""
        return _json(self.data())

    @cached_property
    def id(self) -> str:
        """sha256 of what decides a result: the canonical JSON without name and title."""
        data = {key: value for key, value in self.data().items() if key not in {"name", "title"}}
        return hashlib.sha256(_json(data).encode()).hexdigest()

    @property
    def shape(self) -> tuple[int, ...]:
        """Cells along each axis."""
        return tuple(axis.size for axis in self.axes)


def locate(source: Path | str) -> Path:
    """The sweep file that is meant: a path, or the bare name of a sweep that is shipped."""
    text = str(source)
    if "://" in text:
        raise refuse("", f"{shown(text)} is an address; a sweep is read from a file on this machine")
    path = Path(source)
    try:
        if path.is_file():
            return path
    except (OSError, ValueError):
        raise refuse("", f"{shown(text)} is not the path of a file") from None
    if re.fullmatch(r"[a-z][a-z0-9_-]{0,63}", text):
        known = {Path(entry.name).stem: entry for entry in shipped()}
        if text in known:
            return known[text]
        raise refuse(
            "", f"there is no file {text!r} and no shipped sweep of that name; {nearest(text, known)}"
        )
    raise refuse("", f"there is no sweep file {shown(text)}; separatrix new FILE writes one")


def shipped() -> list[Path]:
    """The sweep files that come with the package."""
    folder = Path(str(files("jobs"))) / "sweeps"
    return sorted(folder.glob("*.toml"))


def setting(text: str) -> tuple[str, Any]:
    """Key and value of `--set key=value`; the value is TOML, a bare word is text."""
    key, equals, value = text.partition("=")
    key, value = key.strip(), value.strip()
    if not (key and equals and value):
        raise refuse("--set", f"{shown(text)} given; write key=value, as in --set axes.w.num=64")
    if re.fullmatch(r"[A-Za-z_.][A-Za-z0-9_./-]*", value) and value not in {"true", "false", "nan", "inf"}:
        return key, value
    try:
        tables = toml(f"value = {value}", "the value")
    except Refused:
        tables = {}
    if set(tables) != {"value"}:
        raise refuse(
            "--set", f"{shown(text)}: the value is not TOML; text stands in quotes: --set 'title=\"a b\"'"
        )
    return key, tables["value"]


def changed(raw: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A sweep's dictionary with dotted keys set: `name`, `parameters.alpha`, `alpha`, `axes.w.num`."""
    result = dict(raw)
    if not changes:
        return result
    parameters = (
        flat(result.get("parameters", {})) if isinstance(result.get("parameters", {}), Mapping) else None
    )
    axes, _ = axes_of(plain(result.get("axes", {})))
    tables = {key: dict(table) for key, table in axes}
    for key, value in changes.items():
        first, _, rest = key.partition(".")
        if key in Document.model_fields and key not in {"parameters", "axes"}:
            result[key] = value
        elif key in {"parameters", "axes"}:
            one = "axes.w.num=64" if key == "axes" else "parameters.alpha=0.5"
            raise refuse("--set", f"{key} is a table; set what stands in it, as in --set {one}")
        elif first == "axes":
            path, _, last = rest.rpartition(".")
            if isinstance(value, Mapping):
                tables[_same(rest, tables)] = dict(value)
            elif path:
                tables.setdefault(_same(path, tables), {})[last] = value
            else:
                raise refuse("--set", f"{key} needs a key of that axis: axes.{rest}.num=64")
        elif parameters is not None:
            path = rest if first == "parameters" and rest else key
            parameters[_same(path, parameters)] = value
    if parameters:
        result["parameters"] = parameters
    if tables:
        result["axes"] = [{"name": key, **table} for key, table in tables.items()]
    return result


def _same(key: str, known: Mapping[str, Any]) -> str:
    """The key as it stands in the file already, bare or dotted."""
    if key in known:
        return key
    alike = [other for other in known if other.endswith(f".{key}") or key.endswith(f".{other}")]
    return alike[0] if len(alike) == 1 else key


def _grid_faults(tables: list[tuple[str, Spaced | Listed]], entries: int) -> list[Problem]:
    if entries > MOST_AXES:
        return [Problem("axes", f"{entries} axes given; at most {MOST_AXES}")]
    cells = 1
    for _, table in tables:
        cells *= table.num if isinstance(table, Spaced) else len(table.values)
    if cells > MOST_CELLS:
        room = f"at least {cells * 8 / 1e9:,.0f} GB for each variable"
        return [Problem("axes", f"{cells:,} cells ({room}); at most {MOST_CELLS:,}: write smaller num")]
    return []


def _curve_faults(document: Document) -> list[Problem]:
    twice = sorted({kind for kind in document.curves if document.curves.count(kind) > 1})
    found = [Problem("curves", f"{shown(kind)} stands there twice; name it once") for kind in twice]
    if document.curve_period > 1 and not document.curves:
        found.append(
            Problem("curve_period", 'is given without curves; write curves = ["fold"], or leave it out')
        )
    return found


def _json(data: Any) -> str:
    return json.dumps(data, sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
