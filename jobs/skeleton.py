"""The empty arrays of a store and its coordinates, as files made by zarr-python.

The same arrays give the same files, so they are kept beside the machine code, under a digest of all that they
depend on: zarr-python, whose import takes longer than many a sweep, is asked once for each kind of store.
"""

import base64
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sim.compile import cache_dir

MOST_BYTES = 4 * 2**20  # of a skeleton that is kept
_MAKERS = ("zarr", "numcodecs", "numpy")


class Frame(NamedTuple):
    """An array to be. values: of a coordinate; None where tiles will be written."""

    name: str
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: str  # "string" for words
    dims: tuple[str, ...]
    fill: Any
    attributes: Mapping[str, Any]
    values: np.ndarray | None = None


def files(frames: Sequence[Frame]) -> dict[str, bytes]:
    """Every file of a store of these arrays by its place; the group's attributes are still empty."""
    kept = cache_dir() / f"skeleton-{digest(frames)}.json"
    known = _read(kept)
    if known is not None:
        return known
    from jobs.metadata import build  # noqa: PLC0415  zarr-python takes 0.2 s to import

    with tempfile.TemporaryDirectory(prefix="separatrix-") as folder:
        made = build(Path(folder) / "store", frames)
    if sum(map(len, made.values())) <= MOST_BYTES:
        _keep(kept, made)
    return made


def digest(frames: Sequence[Frame]) -> str:
    """Of the arrays, of the libraries that make files of them, and of our own source that asks them to."""
    parts = [f"{name} {version(name)}" for name in _MAKERS]
    parts += [Path(__file__).with_name(name).read_text() for name in ("metadata.py", "skeleton.py")]
    for frame in frames:
        values = frame.values
        parts.append(repr(frame._replace(values=None)))
        parts.append("" if values is None else f"{values.dtype.str} {_content(values)}")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _content(values: np.ndarray) -> str:
    """The values of a coordinate: words as they stand, numbers by a checksum of their bytes: as a list they
    would take ten times the memory.
    """
    if values.dtype.kind in "OT":
        return repr(values.tolist())
    return hashlib.sha256(np.ascontiguousarray(values).view(np.uint8).data).hexdigest()


def _read(kept: Path) -> dict[str, bytes] | None:
    """What was kept, if it is as it was written."""
    try:
        head, _, text = kept.read_bytes().partition(b"\n")
        if head != hashlib.sha256(text).hexdigest().encode():
            return None
        return {place: base64.b64decode(data) for place, data in json.loads(text).items()}
    except (OSError, ValueError):
        return None


def _keep(kept: Path, made: Mapping[str, bytes]) -> None:
    text = json.dumps({place: base64.b64encode(data).decode() for place, data in made.items()}).encode()
    part = kept.with_suffix(f".{os.getpid()}")
    with suppress(OSError):  # a full disk is said by what must be written
        part.write_bytes(hashlib.sha256(text).hexdigest().encode() + b"\n" + text)
        part.replace(kept)
