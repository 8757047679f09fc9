"""The shape of a sweep file: its tables, keys and types. What the keys mean is the business of `sweep`."""

import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from sim.errors import Problem, nearest, refuse

LARGEST_FILE = 2**20  # bytes
DEEPEST = 20  # tables within tables
LONGEST_AXIS = 10**7
SHOWN = 80  # characters of an offending value

NAME = r"^[a-z][a-z0-9_-]{0,63}$"
WORD = r"^[A-Za-z][A-Za-z0-9_-]{0,63}$"
SYSTEM = r"^[A-Za-z0-9_./ +-]{1,500}$"

Number = Annotated[float, Field(allow_inf_nan=False)] | int
Word = Annotated[str, StringConstraints(pattern=WORD)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Document(_Strict):
    """The keys of a sweep file; a field's description is what is said when its value is wrong."""

    name: Annotated[str, StringConstraints(pattern=NAME)] = Field(
        description='a small letter, then at most 63 of a-z 0-9 _ -: name = "my-sweep"'
    )
    title: Annotated[
        str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")
    ] = Field(default="", description='one line of text, at most 200 characters: title = "The cliff"')
    system: Annotated[str, StringConstraints(pattern=SYSTEM)] = Field(
        description='the name of a system or the path of your file: system = "ctrnn", system = "./mine.py"'
    )
    task: Annotated[str, StringConstraints(pattern=SYSTEM)] = Field(
        default="silence", description='the name of a task: task = "silence"'
    )
    observables: list[Annotated[str, StringConstraints(pattern=SYSTEM)]] = Field(
        min_length=1, description='a list of at least one name: observables = ["loss", "gradient"]'
    )
    parameters: dict[str, Any] = Field(
        default_factory=dict, description="a table of fixed values: [parameters] and below it gain = 1.2"
    )
    axes: Any = Field(
        default_factory=dict, description="a table for each axis: [axes.w] and below it start, stop, num"
    )
    curves: list[Literal["fold", "flip", "neimark_sacker", "branch_point"]] = Field(
        default_factory=list,
        description='a list of fold, flip, neimark_sacker, branch_point: curves = ["fold", "flip"]',
    )
    curve_period: int = Field(
        default=1,
        ge=1,
        le=8,
        description="the longest cycles whose curves are sought, 1 to 8: curve_period = 2",
    )


class Spaced(_Strict):
    """An axis of equally spaced values, both ends included."""

    start: Number = Field(description="a finite number: start = 0.0")
    stop: Number = Field(description="a finite number: stop = 8.0")
    num: int = Field(ge=2, le=LONGEST_AXIS, description=f"an integer from 2 to {LONGEST_AXIS}: num = 512")
    scale: Literal["linear", "log"] = Field(default="linear", description='scale = "linear" or scale = "log"')


class Listed(_Strict):
    """An axis of given values: all numbers or all words."""

    values: list[Number] | list[Word] = Field(
        min_length=1,
        max_length=LONGEST_AXIS,
        description='numbers that are finite, or words: values = [0, 1, 2], values = ["tanh", "relu"]',
    )


def shown(value: Any) -> str:
    """A value as it is shown in a message: escaped, at most 80 characters."""
    if isinstance(value, list | dict) and len(value) > SHOWN:
        return f"{type(value).__name__} of {len(value)} entries"
    try:
        text = ascii(value)
    except ValueError:  # an integer of thousands of digits
        return "an integer of more than 4000 digits"
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def load(path: Path) -> dict[str, Any]:
    """The tables of a TOML file, or a refusal that names its line."""
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise refuse("", f"{path} has {size} bytes; a sweep file has at most {LARGEST_FILE}")
        text = path.read_bytes().decode("utf-8-sig")  # some editors write a mark before the text
    except UnicodeDecodeError:
        raise refuse(
            "", f"{path} is not UTF-8 text; a sweep file is TOML: separatrix new FILE writes one"
        ) from None
    except OSError as fault:
        raise refuse("", f"{path} cannot be read: {fault.strerror}") from None
    return toml(text, str(path))


def toml(text: str, origin: str) -> dict[str, Any]:
    """The tables of a TOML text."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise refuse("", f"{origin} is not TOML: {fault}") from None
    except RecursionError:
        raise refuse("", f"{origin} is nested more than {DEEPEST} deep") from None
    except ValueError as fault:  # an integer of thousands of digits
        raise refuse("", f"{origin} is not TOML: {str(fault)[:SHOWN]}") from None


def plain(value: Any, place: str = "", depth: int = 0) -> Any:
    """Python's and NumPy's values as TOML knows them; refuses what has no place in a sweep."""
    if depth > DEEPEST:
        raise refuse(place[:SHOWN], f"nested more than {DEEPEST} deep")
    if isinstance(value, Mapping):
        if wrong := [key for key in value if not isinstance(key, str)]:
            raise refuse(place, f"the key {shown(wrong[0])} is not text")
        return {
            key: plain(item, f"{place}.{key}" if place else key, depth + 1) for key, item in value.items()
        }
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(item, place, depth + 1) for item in value]
    if isinstance(value, complex):
        return [value.real, value.imag]
    if isinstance(value, Path):
        return str(value)
    return value


def axes_of(raw: Any, place: str = "axes") -> tuple[list[tuple[str, dict[str, Any]]], list[Problem]]:
    """The axes in their order, with dotted names, out of tables, tables of tables or a list of tables."""
    if isinstance(raw, list):
        entries, wrong = [], []
        for number, item in enumerate(raw):
            if isinstance(item, dict) and isinstance(item.get("name"), str):
                entries.append((item["name"], {key: value for key, value in item.items() if key != "name"}))
            else:
                wrong.append(Problem(f"{place}[{number}]", f"{shown(item)} is not a table with a name"))
        return entries, wrong
    if not isinstance(raw, dict):
        return [], [Problem(place, f"{shown(raw)} given; {Document.model_fields['axes'].description}")]
    found: list[tuple[str, dict[str, Any]]] = []
    problems: list[Problem] = []
    for key, value in raw.items():
        if not isinstance(value, dict):
            text = f"{shown(value)} given; an axis is a table: start, stop, num, or values = [0, 1]"
            problems.append(Problem(f"{place}.{key}", text))
        elif value and all(isinstance(item, dict) for item in value.values()):
            inner, faults = axes_of(value, f"{place}.{key}")
            found += [(f"{key}.{name}", table) for name, table in inner]
            problems += faults
        else:
            found.append((key, value))
    return found, problems


def structure(model: type[_Strict], raw: Any, place: str) -> tuple[Any, list[Problem]]:
    """`raw` as the model, or None and every fault in it with its place and its cure."""
    try:
        return model.model_validate(raw), []
    except ValidationError as refusal:
        faults = {
            _place(error, place): _problem(model, error, place) for error in refusal.errors(include_url=False)
        }
        return None, list(faults.values())


def axis_table(raw: dict[str, Any], place: str) -> tuple[Spaced | Listed | None, list[Problem]]:
    """One axis, spaced or listed, with its numbers checked."""
    if "values" in raw:
        if extra := sorted(set(raw) & set(Spaced.model_fields)):
            cure = (
                f"write either values or start, stop, num; --set {place}={{values=[0, 1]}} replaces all of it"
            )
            return None, [Problem(place, f"has values and {', '.join(extra)}; {cure}")]
        if isinstance(raw["values"], list) and any(isinstance(value, bool) for value in raw["values"]):
            text = f"{shown(raw['values'])} given; a flag cannot be an axis, it changes the program: fix it "
            text += "under [parameters], and write one sweep for each value"
            return None, [Problem(f"{place}.values", text)]
        listed, faults = structure(Listed, raw, place)
        return listed, _of_its_kind(faults, raw["values"]) or _listed_faults(listed, place)
    spaced, faults = structure(Spaced, raw, place)
    return spaced, faults or _spaced_faults(spaced, place)


def _of_its_kind(faults: list[Problem], values: Any) -> list[Problem]:
    """The faults of a list that is of numbers or of words, as its first entry is: both were tried."""
    if not isinstance(values, list):
        return faults
    words = bool(values) and isinstance(values[0], str)
    fine = {
        f"[{place}]"
        for place, value in enumerate(values)
        if (isinstance(value, str) if words else type(value) in (int, float) and math.isfinite(value))
    }
    return [fault for fault in faults if fault.place[fault.place.rfind("[") :] not in fine] or faults


def _spaced_faults(axis: Spaced, place: str) -> list[Problem]:
    if axis.scale == "log" and min(axis.start, axis.stop) <= 0:
        end = "start" if axis.start <= 0 else "stop"
        return [
            Problem(
                f"{place}.{end}", f'{getattr(axis, end)} with scale = "log", which needs numbers above zero'
            )
        ]
    if axis.start == axis.stop:
        cure = f"for one value write values = [{axis.start}]"
        return [Problem(place, f"start and stop are both {axis.start}; they must differ; {cure}")]
    if max(abs(axis.start), abs(axis.stop)) > 1e300:
        return [
            Problem(place, f"{shown([axis.start, axis.stop])} is wider than numbers reach; stay within 1e300")
        ]
    finest = math.ulp(max(abs(float(axis.start)), abs(float(axis.stop))))
    if axis.scale == "linear" and abs(axis.stop - axis.start) < 2 * finest * axis.num:
        return [
            Problem(
                f"{place}.num",
                f"{axis.num} values lie closer than numbers can tell apart; write a smaller num",
            )
        ]
    return []


def _listed_faults(axis: Listed, place: str) -> list[Problem]:
    seen: set[Any] = set()
    twice = [value for value in axis.values if value in seen or seen.add(value)]  # type: ignore[func-returns-value]
    if twice:
        return [Problem(f"{place}.values", f"{shown(twice[0])} stands there twice; every value once")]
    large = [value for value in axis.values if isinstance(value, int) and abs(value) >= 2**63]
    if large:
        return [Problem(f"{place}.values", f"{shown(large[0])} does not fit in 64 bits")]
    return []


def _place(error: Any, place: str) -> str:
    first = next((str(part) for part in error["loc"]), "")
    index = next((f"[{part}]" for part in error["loc"][1:] if isinstance(part, int)), "")
    return ".".join(part for part in (place, ascii(first)[1:-1][:SHOWN] + index) if part)


def _problem(model: type[_Strict], error: Any, place: str) -> Problem:
    where = _place(error, place)
    key = str(error["loc"][0]) if error["loc"] else ""
    if error["type"] == "extra_forbidden":
        return Problem(where, f"unknown key; {nearest(key, model.model_fields)}")
    need = model.model_fields[key].description if key in model.model_fields else "a table"
    if error["type"] == "missing":
        return Problem(where, f"is missing; write {need}")
    return Problem(where, f"{shown(error['input'])} given; write {need}")
