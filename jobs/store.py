"""One sweep on disk: make its store or take it up again, and know which tiles are missing."""

import json
import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobs import ledger, seals, template
from jobs.chunks import replace, sync
from jobs.document import shown
from jobs.evaluate import Recipe
from jobs.layout import damage, layout
from jobs.rooms import private, store_path
from sim.errors import Problem, Refused, refuse
from sim.own_files import differing

_REPLACE = "write another name with --set name=..., or replace that store with --fresh"
CHECKED_BYTES = 4 * 2**30  # stored bytes up to which taking up a store reads every chunk again


@dataclass
class Store:
    """A store under its driver.

    damaged: chunks that are not as the ledger knows them; mended: files of its template that were put back.
    """

    root: Path
    path: Path
    recipe: Recipe
    pages: ledger.Pages
    is_new: bool = False
    damaged: list[str] = field(default_factory=list)
    mended: list[str] = field(default_factory=list)

    def pending(self) -> list[int]:
        """Tiles to compute: never settled, failed, or no longer as the ledger knows them.

        Errors: Refused where there are any and other sources began the store: one store is of one program.
        """
        if self.is_new:
            return list(self.recipe.grid)
        records = self.pages.records
        stored = sum(
            size for record in records.values() for pairs in record.chunks.values() for _, size in pairs
        )
        cut = layout(self.path)
        waiting = []
        for number in self.recipe.grid:
            record = records.get(number)
            if record is None or record.state != "done":
                waiting.append(number)
            elif bad := damage(self.path, cut, record, contents=stored <= CHECKED_BYTES):
                self.damaged += bad
                waiting.append(number)
        if waiting:
            self._of_one_program()
        return waiting

    def _of_one_program(self) -> None:
        header = self.pages.header or {}
        if header.get("digest") == self.recipe.digest:
            return
        digests = f"({str(header.get('digest'))[:12]}, now {self.recipe.digest[:12]})"
        state = f"has lost {self.damaged[0].split()[0]}" if self.damaged else "is unfinished"
        text = f"{self.path} {state} and was begun with other sources {digests}"
        raise refuse("", f"{text}; {_REPLACE}")

    def begin(self) -> None:
        """Make the store on disk where it is new. Executors call it before they commit the first tile."""
        if self.is_new and not self.path.exists():
            template.create(self.root, self.recipe, self.path)


def take(root: Path, recipe: Recipe, *, fresh: bool = False, repair: bool = False) -> Store:
    """The store of a sweep; one that is not there is made by `begin`. The caller owns it (`lock.owned`).

    Errors: Refused where a store of another sweep or of other files of the user has the name, or what is
    there is damaged beyond its tiles.
    """
    path = store_path(root, recipe.sweep.name)
    if path.exists() and not is_ours(path):
        text = f"{path} is no store of separatrix and is left alone"
        raise refuse("", f"{text}; move it away, or write another name with --set name=...")
    if fresh and path.exists():
        trash = private(root) / f"{recipe.sweep.name}.{uuid.uuid4().hex}"
        path.rename(trash)
        shutil.rmtree(trash)
    if not path.exists():
        return Store(root, path, recipe, ledger.Pages(), is_new=True)
    mended = agree(path, recipe, repair=repair)
    return Store(root, path, recipe, ledger.read(path), mended=mended)


def is_ours(path: Path) -> bool:
    """Whether a store lies here, whole or damaged: its ledger or its attributes say so; or nothing does."""
    if not path.is_dir():
        return False
    if (path / ledger.PLACE).is_file() or not any(path.iterdir()):
        return True
    try:
        return "sweep_id" in json.loads((path / "zarr.json").read_bytes())["attributes"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def agree(path: Path, recipe: Recipe, *, repair: bool) -> list[str]:
    """Refuse to go on with a store that is not of this sweep, these files and this cut, or is not whole.

    repair: what is broken of its template is put back where it can be; returns what was.
    """
    _, header = seals.pages_of(path)
    if header["sweep_id"] != recipe.sweep.id:
        differences = compare(str(seals.attributes_of(path).get("sweep", "")), recipe.sweep.data())
        raise Refused([*differences, Problem("", f"{path} holds another sweep; {_REPLACE}")])
    broken = seals.broken(path, header)
    mendable = again(path, recipe, header, broken)
    left = {place: fault for place, fault in broken.items() if place not in mendable}
    if left or (broken and not repair):
        faults, cure = seals.said(left or broken), seals.ANEW if left else seals.MEND
        raise refuse("", f"{path} is damaged: {', '.join(faults)}; {cure}")
    if header["digest"] != recipe.digest:
        _of_the_same_files(path, header.get("attributes") or seals.attributes_of(path), recipe)
    if header["tiles"] != len(recipe.grid):
        text = f"{path} is cut into {header['tiles']} tiles, this version cuts {len(recipe.grid)}"
        raise refuse("", f"{text}; {seals.ANEW}")
    for place, data in mendable.items():
        _put_back(path, place, data)
    return seals.said(broken)


def again(
    path: Path, recipe: Recipe, header: Mapping[str, Any], broken: Mapping[str, str]
) -> dict[str, bytes]:
    """Those broken files of the template that can be made again, bit for bit as their seals say.

    Coordinates and metadata follow from the sweep, so that losing one of them need not cost the tiles.
    """
    if not broken or "attributes" not in header:
        return {}
    whole = template.files(recipe, header["attributes"])
    return {
        place: whole[place]
        for place in broken
        if place in whole
        and seals.seal(place, whole[place]) == header["seals"][place]
        and not any(folder.is_symlink() for folder in (path / place).parents if folder.is_relative_to(path))
    }


def _put_back(path: Path, place: str, data: bytes) -> None:
    target = path / place
    target.parent.mkdir(parents=True, exist_ok=True)
    replace(target, private(path.parent) / f"{path.stem}.mended", data)
    sync(path)


def _of_the_same_files(path: Path, attributes: Mapping[str, Any], recipe: Recipe) -> None:
    """Refuse a store that other files of the user have made; another version of the package is no fault."""
    if other := differing(json.loads(attributes.get("own_files", "{}")), recipe.own):
        text = f"{path} was computed before {', '.join(other)} changed: its numbers are not of these files"
        raise refuse("", f"{text}; {_REPLACE}")


def compare(stored: str, given: Mapping[str, Any]) -> list[Problem]:
    """What differs between the sweep in a store and the one given, field by field."""
    try:
        old = _leaves(json.loads(stored))
    except ValueError:
        return []
    new = _leaves(given)
    keys = [key for key in dict.fromkeys([*old, *new]) if key not in {"name", "title"}]
    return [
        Problem(key, f"{_said(old, key)} in the store, {_said(new, key)} given")
        for key in keys
        if old.get(key) != new.get(key)
    ]


def _said(data: Mapping[str, Any], key: str) -> str:
    return shown(data[key]) if key in data else "nothing"


def _leaves(data: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(data, list) and data and all(isinstance(item, Mapping) and "name" in item for item in data):
        order = [item["name"] for item in data]
        data = {item["name"]: {key: item[key] for key in item if key != "name"} for item in data} | {
            "order": order
        }
    if not isinstance(data, Mapping):
        return {prefix: data}
    result: dict[str, Any] = {}
    for key, value in data.items():
        result |= _leaves(value, f"{prefix}.{key}" if prefix else key)
    return result
