"""zarr-python at work: it alone makes the metadata of a store, and the chunks of its coordinates."""

import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.codecs import BloscCodec, Crc32cCodec

from jobs.chunks import CODEC, LEVEL
from jobs.skeleton import Frame


def build(folder: Path, frames: Sequence[Frame]) -> dict[str, bytes]:
    """Make a store of these arrays, and return every file of it by its place."""
    group = zarr.create_group(str(folder), zarr_format=3)
    for frame in frames:
        text = frame.dtype == "string"
        array = group.create_array(
            frame.name,
            shape=frame.shape,
            chunks=frame.chunks,
            dtype=frame.dtype,
            dimension_names=list(frame.dims),
            fill_value=frame.fill,
            compressors=[Crc32cCodec()] if text else codecs(frame.dtype),
            attributes=dict(frame.attributes),
            config={"write_empty_chunks": True},
        )
        if frame.values is not None:
            array[:] = frame.values.astype(object) if text else frame.values
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # consolidated metadata are not in the Zarr v3 text yet
        zarr.consolidate_metadata(str(folder))
    _arrange(folder / "zarr.json", [frame.name for frame in frames])
    made = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in made}


def codecs(dtype: Any) -> list[Any]:
    """Blosc with byte shuffle, then crc32c: what `chunks.encode` writes."""
    size = np.dtype(dtype).itemsize
    return [
        BloscCodec(cname=CODEC, clevel=LEVEL, shuffle="shuffle", typesize=size, blocksize=0),
        Crc32cCodec(),
    ]


def _arrange(file: Path, order: list[str]) -> None:
    """Let readers see coordinates and variables in the order in which they were declared."""
    tree = json.loads(file.read_bytes())
    known = tree["consolidated_metadata"]["metadata"]
    tree["consolidated_metadata"]["metadata"] = {name: known[name] for name in order}
    file.write_text(json.dumps(tree, indent=2))
