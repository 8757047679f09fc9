"""What stores there are and how far they are; reads ledgers and attributes, no array, and takes no lock."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from jobs import ledger, lock, rooms
from jobs.seals import ANEW, MEND


@dataclass(frozen=True)
class Entry:
    """One store. state: done, running, interrupted, failed (some tiles) or damaged (note says how).

    `written` tells it from another store that has taken its name: when its ledger was last written, in
    nanoseconds, and the number of that file, as two stores may be finished within one tick of the clock of a
    file system, and `updated` is for readers, in seconds.
    """

    name: str
    path: Path
    title: str = ""
    system: str = ""
    shape: dict[str, int] = field(default_factory=dict)
    tiles: int = 0
    done: int = 0
    failed: int = 0
    state: str = "damaged"
    updated: str = ""
    note: str = ""
    cells: dict[int, int] = field(default_factory=dict)
    messages: tuple[str, ...] = ()
    written: tuple[int, int] = (0, 0)


def catalog(root: Path | str = "results") -> list[Entry]:
    """The stores of a root, by name."""
    return [describe(path) for path in _stores(rooms.root_path(root))]


def describe(path: Path) -> Entry:
    """How far one store is."""
    name = path.name.removesuffix(rooms.SUFFIX)
    try:
        tree = json.loads((path / "zarr.json").read_bytes())
        attributes = tree["attributes"]
        known = tree["consolidated_metadata"]["metadata"]["outcome"]
        shape = dict(zip(known.get("dimension_names") or [], known["shape"], strict=True))
        sweep = json.loads(attributes["sweep"])
        pages = ledger.read(path)
        file = (path / ledger.PLACE).stat()
        updated = datetime.fromtimestamp(file.st_mtime, UTC).isoformat(timespec="seconds")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as fault:
        return Entry(name, path, note=_broken(path, fault))
    if pages.header is None:
        return Entry(name, path, note=f"both first lines of its ledger are damaged; {ANEW}")
    tiles = pages.header["tiles"]
    finished = "failed" if pages.failed else "done"
    state = finished if pages.done + pages.failed == tiles else "interrupted"
    if state != "done" and lock.held(path.parent, name):
        state = "running"
    return Entry(
        name=name,
        path=path,
        title=str(attributes.get("title", "")),
        system=str(sweep.get("system", "")),
        shape=shape,
        tiles=tiles,
        done=pages.done,
        failed=pages.failed,
        state=state,
        updated=updated,
        cells=pages.cells,
        messages=tuple(record.message for record in pages.records.values() if record.message),
        written=(file.st_mtime_ns, file.st_ino),
    )


def _broken(path: Path, fault: Exception) -> str:
    """Why a store cannot be read, and the cure: without its ledger nobody knows which tiles are whole."""
    if isinstance(fault, PermissionError):
        return "cannot be read: PermissionError; ask its owner for access"
    for place, cure in ((ledger.PLACE, ANEW), ("zarr.json", MEND)):
        if not (path / place).exists():
            return f"{place} is missing; {cure}"
    return f"cannot be read: {type(fault).__name__}; {MEND}"


def _stores(root: Path) -> Iterator[Path]:
    if root.is_dir():
        for path in sorted(root.iterdir()):
            name = path.name.removesuffix(rooms.SUFFIX)
            if (
                path.suffix == rooms.SUFFIX
                and rooms.NAME.fullmatch(name)
                and path.is_dir()
                and not path.is_symlink()
            ):
                yield path
