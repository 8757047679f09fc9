"""One sweep on disk: make it or take it up again, know which tiles are missing, encode and settle tiles."""

import json
import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sim.errors import Problem, Refused, refuse
from sim.run import Variable

from jobs import ledger, template
from jobs.chunks import chunk_key, intact
from jobs.document import shown
from jobs.evaluate import Recipe
from jobs.rooms import private, store_path

CHECKED_BYTES = 4 * 2**30  # stored bytes up to which taking up a store reads every chunk again


@dataclass
class Store:
    """A store under its driver: where it is, what is computed, what is known to be on disk."""

    root: Path
    path: Path
    recipe: Recipe
    pages: ledger.Pages
    is_new: bool = False
    damaged: list[str] = field(default_factory=list)
    is_fully_checked: bool = True

    def pending(self) -> list[int]:
        """Tiles to compute: never settled, failed, or no longer as the ledger knows them."""
        stored = sum(size for record in self.pages.records.values() for pairs in record.chunks.values() for _, size in pairs)
        self.is_fully_checked = stored <= CHECKED_BYTES
        waiting = []
        for number in self.recipe.grid:
            record = self.pages.records.get(number)
            if record is None or record.state != "done":
                waiting.append(number)
            elif bad := damage(self.path, self.recipe, record, contents=self.is_fully_checked):
                self.damaged += bad
                waiting.append(number)
        return waiting


def damage(path: Path, recipe: Recipe, record: ledger.Record, *, contents: bool = True) -> list[str]:
    """Chunks of a settled tile that are not what the ledger says: `loss/c/0/3 is missing`."""
    place = recipe.grid.index(record.tile)
    found = []
    for item in (*recipe.variables, template.outcome_variable()):
        pairs = record.chunks.get(item.name, ())
        keys = chunk_keys(recipe, item, place)
        if len(keys) != len(pairs):
            found.append(f"{item.name}: the ledger knows {len(pairs)} chunks of tile {record.tile}, not {len(keys)}")
            continue
        for key, (crc, size) in zip(keys, pairs, strict=True):
            fault = _fault(path / key, crc, size, contents=contents)
            if fault:
                found.append(f"{key} {fault}")
    return found


def chunk_keys(recipe: Recipe, item: Variable, place: Sequence[int]) -> list[str]:
    """Keys of a variable's chunks in the tile at `place`, in order."""
    shape = template.chunk_shape(recipe, item)[len(place) :]
    counts = [-(-size // extent) for size, extent in zip(item.shape, shape, strict=True)]
    return [chunk_key(item.name, (*place, *index)) for index in np.ndindex(*counts)]


def _fault(file: Path, crc: int, size: int, *, contents: bool) -> str:
    try:
        if file.is_symlink():
            return "is a link"
        actual = file.stat().st_size
        if actual != size:
            return f"has {actual} bytes instead of {size}"
        if contents and not intact(file.read_bytes(), crc):
            return "does not match its checksum"
    except FileNotFoundError:
        return "is missing"
    except OSError as fault:
        return f"cannot be read: {fault.strerror}"
    return ""


def take(root: Path, recipe: Recipe, *, fresh: bool = False) -> Store:
    """The store of a sweep, made if it is not there. The caller owns it (`rooms.owned`).

    Errors: Refused where a store of another sweep has the name, an unfinished one was made by other sources, or
    what is there is damaged beyond tiles.
    """
    path = store_path(root, recipe.sweep.name)
    if fresh and path.exists():
        trash = private(root) / f"{recipe.sweep.name}.{uuid.uuid4().hex}"
        os.rename(path, trash)
        shutil.rmtree(trash)
    is_new = not path.exists()
    if is_new:
        template.create(root, recipe, path)
    else:
        agree(path, recipe)
    return Store(root, path, recipe, ledger.read(path), is_new)


def agree(path: Path, recipe: Recipe) -> None:
    """Refuse to go on with a store that is not of this sweep, these sources and this form."""
    attributes = attributes_of(path)
    cure = "write another name with --set name=..., or replace that store with --fresh"
    if attributes.get("sweep_id") != recipe.sweep.id:
        differences = compare(attributes.get("sweep", "{}"), recipe.sweep.data())
        raise Refused([*differences, Problem("", f"{path} holds another sweep; {cure}")])
    pages = header_of(path)
    header = pages.header or {}
    finished = pages.done == header["tiles"]
    if header["digest"] != recipe.digest and not finished:
        text = f"{path} is unfinished and was begun with other sources (digest {header['digest'][:12]}, now "
        raise refuse("", f"{text}{recipe.digest[:12]}); start anew with --fresh")
    if header["tiles"] != len(recipe.grid):
        text = f"{path} is cut into {header['tiles']} tiles, this version cuts {len(recipe.grid)}"
        raise refuse("", f"{text}; start anew with --fresh")
    broken = broken_seals(path, header)
    if broken:
        raise refuse("", f"{path} is damaged: {', '.join(broken)}; start anew with --fresh")


def header_of(path: Path) -> ledger.Pages:
    """The ledger of a store, with a header that can be trusted. Errors: Refused."""
    try:
        pages = ledger.read(path)
    except OSError:
        raise refuse("", f"{path} is damaged: {ledger.PLACE} is missing; start anew with --fresh") from None
    if pages.header is None or not {"schema", "sweep_id", "digest", "tiles", "seals"} <= set(pages.header):
        raise refuse("", f"{path} is damaged: the first line of {ledger.PLACE}; start anew with --fresh")
    return pages


def broken_seals(path: Path, header: Mapping[str, Any]) -> list[str]:
    """Files of the template that are not as they were written."""
    broken = []
    for place, sha in header["seals"].items():
        try:
            if template.seal(path, place) != sha:
                broken.append(f"{place} has changed")
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            broken.append(f"{place} cannot be read")
    return broken


def attributes_of(path: Path) -> dict[str, Any]:
    """The attributes of a store, read as plain JSON. Errors: Refused where it is damaged, not ours or newer."""
    try:
        attributes = json.loads((path / "zarr.json").read_bytes())["attributes"]
        schema = attributes["schema"]
        newer = schema > template.SCHEMA
    except FileNotFoundError:
        raise refuse("", f"{path} is damaged: zarr.json is missing; start anew with --fresh") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise refuse("", f"{path} is damaged or not a store of separatrix: zarr.json; start anew with --fresh") from None
    if newer:
        raise refuse("", f"{path} has schema {schema}, this version reads up to {template.SCHEMA}; update separatrix")
    return attributes


def compare(stored: str, given: Mapping[str, Any]) -> list[Problem]:
    """What differs between the sweep in a store and the one given, field by field."""
    try:
        old, new = _leaves(json.loads(stored)), _leaves(given)
    except (ValueError, TypeError):
        return []
    keys = [key for key in dict.fromkeys([*old, *new]) if key not in {"name", "title"}]
    return [
        Problem(key, f"{_said(old, key)} in the store, {_said(new, key)} given")
        for key in keys
        if old.get(key) != new.get(key)
    ]


def _said(data: Mapping[str, Any], key: str) -> str:
    return shown(data[key]) if key in data else "nothing"


def _leaves(data: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(data, Mapping):
        inner = {key: value for key, value in data.items()}
    elif isinstance(data, list) and data and all(isinstance(item, Mapping) and "name" in item for item in data):
        inner = {item["name"]: {k: v for k, v in item.items() if k != "name"} for item in data}
        if prefix == "axes":
            inner["order"] = [item["name"] for item in data]
    else:
        return {prefix: data}
    result: dict[str, Any] = {}
    for key, value in inner.items():
        result |= _leaves(value, f"{prefix}.{key}" if prefix else key)
    return result
