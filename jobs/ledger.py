"""The ledger: what is on disk for good, tile by tile, with the checksum of every chunk by its index.

One file, `outcome/ledger.jsonl` in the store, of lines `crc32c json`. The first two lines describe the store,
twice the same, for nothing can be trusted without them; each other line settles a tile and is written after
the tile's chunks are on disk. The last line of a tile counts, but one that does not match its checksum does
not. A single process appends; anyone reads without a lock. (On object storage, where nothing can be appended
to, every line would be an object of its own.)
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import google_crc32c

PLACE = "outcome/ledger.jsonl"


@dataclass(frozen=True)
class Record:
    """A settled tile: done or failed, its cells by outcome, crc and bytes of its chunks in order."""

    tile: int
    state: str
    cells: Mapping[int, int]
    chunks: Mapping[str, tuple[tuple[int, int], ...]]
    message: str = ""

    def line(self) -> dict[str, Any]:
        """The record as JSON data."""
        data: dict[str, Any] = {
            "tile": self.tile,
            "state": self.state,
            "cells": {str(code): count for code, count in sorted(self.cells.items())},
            "chunks": {name: [list(pair) for pair in pairs] for name, pairs in self.chunks.items()},
        }
        return data | ({"message": self.message} if self.message else {})

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> "Record":
        """The record of a line."""
        chunks = {
            name: tuple((int(crc), int(size)) for crc, size in pairs)
            for name, pairs in line["chunks"].items()
        }
        cells = {int(code): int(count) for code, count in line["cells"].items()}
        return cls(line["tile"], line["state"], cells, chunks, line.get("message", ""))


@dataclass
class Pages:
    """What a ledger says: its header (None if it cannot be read) and the last record of each tile."""

    header: dict[str, Any] | None = None
    records: dict[int, Record] = field(default_factory=dict)
    damaged: int = 0

    @property
    def done(self) -> int:
        return sum(record.state == "done" for record in self.records.values())

    @property
    def failed(self) -> int:
        return sum(record.state == "failed" for record in self.records.values())

    @property
    def cells(self) -> dict[int, int]:
        """Cells with each outcome."""
        counts: dict[int, int] = {}
        for record in self.records.values():
            for code, count in record.cells.items():
                counts[code] = counts.get(code, 0) + count
        return dict(sorted(counts.items()))


def encode(data: Mapping[str, Any]) -> bytes:
    """One line: crc32c of the JSON, the JSON."""
    text = json.dumps(data, separators=(",", ":")).encode()
    return b"%08x %s\n" % (google_crc32c.value(text), text)


def read(store: Path) -> Pages:
    """The ledger of a store. No lock is taken. Errors: OSError where there is none."""
    pages = Pages()
    lines = (store / PLACE).read_bytes().split(b"\n")
    torn = len(lines) - 1 if lines[-1] else None
    for number, line in enumerate(lines):
        if not line:
            continue
        data = _decode(line)
        if data is None:
            pages.damaged += number != torn
        elif "tile" not in data:
            pages.header = pages.header or data
        elif data.get("state") == "pending":
            pages.records.pop(data["tile"], None)
        else:
            pages.records[data["tile"]] = Record.of(data)
    return pages


class Ledger:
    """A ledger held open by its single appender."""

    def __init__(self, store: Path) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file = os.fdopen(os.open(store / PLACE, flags), "r+b", buffering=0)
        end = self._file.seek(0, os.SEEK_END)
        if end and os.pread(self._file.fileno(), 1, end - 1) != b"\n":
            self._put(b"\n")  # a line torn by a crash ends here and does not count

    def settle(self, records: Iterable[Record]) -> None:
        """Append records and sync once."""
        self._put(b"".join(encode(record.line()) for record in records))

    def reopen(self, tiles: Iterable[int]) -> None:
        """Say that tiles are to be computed again."""
        self._put(b"".join(encode({"tile": tile, "state": "pending"}) for tile in tiles))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, data: bytes) -> None:
        if not data:
            return
        start = self._file.seek(0, os.SEEK_END)
        try:
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
            os.fsync(self._file.fileno())
        except OSError:
            os.truncate(self._file.fileno(), start)
            raise


def _decode(line: bytes) -> dict[str, Any] | None:
    crc, space, text = line.partition(b" ")
    if not space or crc != b"%08x" % google_crc32c.value(text):
        return None
    data = json.loads(text)
    return data if isinstance(data, dict) else None
