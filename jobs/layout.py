"""Which chunks make a tile, read from a store's own metadata, and whether they are what the ledger says."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jobs.chunks import chunk_key, intact
from jobs.ledger import Record
from jobs.tiles import Grid


@dataclass(frozen=True)
class Layout:
    """The grid of tiles, and for each data variable its chunks along its own dims."""

    grid: Grid
    own: Mapping[str, tuple[int, ...]]

    def keys(self, name: str, tile: int) -> list[str]:
        """Keys of a variable's chunks in a tile, in order."""
        place = self.grid.index(tile)
        return [chunk_key(name, (*place, *index)) for index in itertools.product(*map(range, self.own[name]))]


def layout(store: Path) -> Layout:
    """The layout of a store whose metadata are sealed and whole."""
    known = json.loads((store / "zarr.json").read_bytes())["consolidated_metadata"]["metadata"]
    tile = known["outcome"]["chunk_grid"]["configuration"]["chunk_shape"]
    axes = known["outcome"].get("dimension_names") or []
    own = {}
    for name, array in known.items():
        dims = array.get("dimension_names") or []
        if name not in dims and dims[: len(axes)] == axes:
            shape, chunk = array["shape"], array["chunk_grid"]["configuration"]["chunk_shape"]
            pairs = zip(shape[len(axes) :], chunk[len(axes) :], strict=True)
            own[name] = tuple(-(-size // extent) for size, extent in pairs)
    return Layout(Grid(tuple(known["outcome"]["shape"]), tuple(tile)), own)


def damage(store: Path, cut: Layout, record: Record, *, contents: bool = True) -> list[str]:
    """What is wrong with a settled tile: `loss/c/0/3 is missing`. Without `contents` only sizes are read."""
    found = []
    for name in cut.own:
        keys, pairs = cut.keys(name, record.tile), record.chunks.get(name, ())
        if len(keys) != len(pairs):
            found.append(
                f"{name}: the ledger knows {len(pairs)} chunks of tile {record.tile} instead of {len(keys)}"
            )
            continue
        for key, (crc, size) in zip(keys, pairs, strict=True):
            if fault := _fault(store / key, crc, size, contents=contents):
                found.append(f"{key} {fault}")
    return found


def _fault(file: Path, crc: int, size: int, *, contents: bool) -> str:
    try:
        if file.is_symlink():
            return "is a link"
        actual = file.stat().st_size
        if actual != size:
            return f"has {actual} bytes instead of {size}"
        if contents and not intact(file.read_bytes(), crc):
            return "does not match its checksum in the ledger"
    except (FileNotFoundError, NotADirectoryError):
        return "is missing"
    except OSError as fault:
        return f"cannot be read: {fault.strerror}"
    return ""
