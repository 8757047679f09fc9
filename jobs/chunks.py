"""Chunks as bytes and files: encoded without asyncio, readable by any Zarr; metadata are zarr-python's."""

import itertools
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import google_crc32c
import numpy as np
from numcodecs import blosc

CODEC: Literal["lz4"] = "lz4"
LEVEL, SHUFFLE = 1, 1  # Blosc with byte shuffle; then crc32c
blosc.use_threads = False  # threads inside Blosc would let chance decide the order of its blocks


class Chunk(NamedTuple):
    """One encoded chunk: its key in the store, its stored bytes, the checksum of all but their last four."""

    key: str
    data: bytes
    crc: int


def chunk_key(name: str, index: Sequence[int]) -> str:
    """Where a chunk lies in the store: `loss/c/0/3`."""
    return "/".join([name, "c", *map(str, index)])


def encode(
    name: str, tile: Sequence[int], array: np.ndarray, shape: Sequence[int], fill: float
) -> Iterator[Chunk]:
    """The chunks of one variable in one tile, in order of their index.

    tile: index of the tile along the axes; array: its cells, then the variable's own dims; shape: of a chunk.
    Chunks at the far edges are filled up, as Zarr has it.
    """
    own = len(tile)
    counts = [-(-size // extent) for size, extent in zip(array.shape[own:], shape[own:], strict=True)]
    for index in itertools.product(*(range(count) for count in counts)):
        parts = [slice(i * extent, (i + 1) * extent) for i, extent in zip(index, shape[own:], strict=True)]
        part = array[(slice(None),) * own + tuple(parts)]
        if part.shape != tuple(shape):
            padded = np.full(shape, fill, dtype=array.dtype)
            padded[tuple(map(slice, part.shape))] = part
            part = padded
        packed = blosc.compress(np.ascontiguousarray(part), CODEC.encode(), LEVEL, SHUFFLE, 0)
        crc = google_crc32c.value(packed)
        yield Chunk(chunk_key(name, (*tile, *index)), packed + crc.to_bytes(4, "little"), crc)


def sealed(data: bytes) -> bool:
    """Whether stored bytes agree with the checksum that they carry."""
    return len(data) > 4 and data[-4:] == google_crc32c.value(data[:-4]).to_bytes(4, "little")


def intact(data: bytes, crc: int) -> bool:
    """Whether stored bytes are those that the ledger knows."""
    return len(data) > 4 and data[-4:] == crc.to_bytes(4, "little") and google_crc32c.value(data[:-4]) == crc


def write(store: Path, scratch: Path, chunks: Sequence[Chunk]) -> None:
    """Put chunks on disk for good: written beside the store, synced, renamed into place, folders synced.

    All are written before the first is synced: one commit of the file system's journal then serves them all.
    """
    folders: dict[Path, None] = {}
    placed = [
        (store / one.key, scratch / f"{os.getpid()}-{one.key.replace('/', '-')}", one) for one in chunks
    ]
    try:
        for target, temporary, one in placed:
            folders |= _make(store, target.parent)
            folders[target.parent] = None
            put(temporary, one.data)
        for _, temporary, _ in placed:
            sync(temporary)
        for target, temporary, _ in placed:
            temporary.replace(target)
    except BaseException:
        for _, temporary, _ in placed:
            temporary.unlink(missing_ok=True)
        raise
    for folder in folders:
        sync(folder)


def replace(target: Path, temporary: Path, data: bytes) -> None:
    """Let bytes take the place of a file at once."""
    put(temporary, data)
    sync(temporary)
    temporary.replace(target)
    sync(target.parent)


def put(file: Path, data: bytes) -> None:
    """Write bytes to a file; they are not safe before they are synced."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
    with os.fdopen(descriptor, "wb", buffering=0) as opened:
        view = memoryview(data)
        while view:
            view = view[opened.write(view) :]


def sync(place: Path) -> None:
    """Make a file's bytes, or a folder's entries, permanent."""
    descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make(store: Path, folder: Path) -> dict[Path, None]:
    """Make the folders of a chunk; returns those whose entries changed."""
    missing = []
    while not folder.exists() and folder != store:
        missing.append(folder)
        folder = folder.parent
    for part in reversed(missing):
        part.mkdir(exist_ok=True)
    return dict.fromkeys(part.parent for part in missing)
