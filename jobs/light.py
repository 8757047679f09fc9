"""A store at a glance: its arrays by name, without xarray and zarr, which take longer to import than a map
takes to compute and draw.

A `Glance` has of a Dataset what pictures need: sizes, attributes, arrays with dims that are cut, transposed
and read. Only the chunks that are in sight are read, and each is checked against its checksum.
"""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numcodecs import blosc
from numcodecs.vlen import VLenUTF8

from jobs import rooms
from jobs.chunks import chunk_key, sealed
from jobs.seals import MEND, attributes_of
from sim.errors import Refused, refuse

OUTCOME = "outcome"


@dataclass(frozen=True)
class Array:
    """A variable of a store. held: indices along dims that are cut; order: of the dims that are left."""

    store: Path
    name: str
    entry: Mapping[str, Any]  # its metadata
    axes: int | None = None  # how many leading dims are axes of the sweep; None: it is not of cells
    held: Mapping[str, int] = field(default_factory=dict)
    order: tuple[str, ...] = ()

    @property
    def stored(self) -> tuple[str, ...]:
        """The dims as they are stored."""
        return tuple(self.entry.get("dimension_names") or ())  # Zarr writes none for a single number

    @property
    def dims(self) -> tuple[str, ...]:
        return self.order or tuple(dim for dim in self.stored if dim not in self.held)

    @property
    def sizes(self) -> dict[str, int]:
        lengths = dict(zip(self.stored, self.entry["shape"], strict=True))
        return {dim: lengths[dim] for dim in self.dims}

    @property
    def ndim(self) -> int:
        return len(self.dims)

    @property
    def attrs(self) -> Mapping[str, Any]:
        return self.entry["attributes"]

    @property
    def dtype(self) -> np.dtype:
        return np.dtype(object if self.is_text else self.entry["data_type"])

    @property
    def is_text(self) -> bool:
        return bool(self.entry["data_type"] == "string")

    def isel(self, places: Mapping[str, int]) -> "Array":
        """The part at these indices."""
        held = {**self.held, **places}
        return replace(self, held=held, order=tuple(dim for dim in self.order if dim not in held))

    def transpose(self, *dims: str) -> "Array":
        """The same numbers with the dims in this order."""
        return replace(self, order=dims)

    @cached_property
    def values(self) -> np.ndarray:
        """The numbers, read from the chunks in sight; what is not computed yet is NaN, -1 or outcome 0."""
        shape, extents = self.entry["shape"], self.entry["chunk_grid"]["configuration"]["chunk_shape"]
        wanted = [
            range(self.held[dim], self.held[dim] + 1) if dim in self.held else range(size)
            for dim, size in zip(self.stored, shape, strict=True)
        ]
        fill = self.entry["fill_value"]
        result = np.full([len(part) for part in wanted], float(fill) if fill == "NaN" else fill, self.dtype)
        touched = [
            range(part.start // extent, -(-part.stop // extent))
            for part, extent in zip(wanted, extents, strict=True)
        ]
        for index in itertools.product(*touched):
            chunk = self._chunk(index, extents)
            if chunk is not None:
                target, source = [], []
                for i, part, extent in zip(index, wanted, extents, strict=True):
                    low, high = max(i * extent, part.start), min((i + 1) * extent, part.stop)
                    target.append(slice(low - part.start, high - part.start))
                    source.append(slice(low - i * extent, high - i * extent))
                result[tuple(target)] = chunk[tuple(source)]
        left = [dim for dim in self.stored if dim not in self.held]
        cut = result[tuple(0 if dim in self.held else slice(None) for dim in self.stored)]
        return np.asarray(cut).transpose([left.index(dim) for dim in self.dims])

    def _chunk(self, index: tuple[int, ...], extents: list[int]) -> np.ndarray | None:
        key = chunk_key(self.name, index)
        try:
            data = (self.store / key).read_bytes()
        except FileNotFoundError:
            if not self._settled(index):
                return None
            try:  # a tile's outcome is written last: what is there by now was not lost
                data = (self.store / key).read_bytes()
            except FileNotFoundError:
                raise self._damaged(f"{key} is missing") from None
        if not sealed(data):
            raise self._damaged(key)
        if self.is_text:
            return np.asarray(VLenUTF8().decode(data[:-4])).reshape(extents)
        return np.frombuffer(blosc.decompress(data[:-4]), self.dtype).reshape(extents)

    def _settled(self, index: tuple[int, ...]) -> bool:
        """Whether the tile of a chunk has its outcomes: then it has all its chunks."""
        if self.axes is None:
            return False
        return (self.store / chunk_key(OUTCOME, index[: self.axes])).is_file()

    def _damaged(self, what: str) -> Refused:
        return refuse("", f"{self.store} is damaged: {what}; run its sweep again, it is computed anew")


@dataclass(frozen=True)
class Glance:
    """The arrays of a store by name, its sizes and attributes."""

    attrs: Mapping[str, Any]
    variables: Mapping[str, Array]

    @property
    def data_vars(self) -> dict[str, Array]:
        """The variables that are no coordinates."""
        return {name: array for name, array in self.variables.items() if array.stored != (name,)}

    @property
    def sizes(self) -> dict[str, int]:
        return {dim: size for array in self.variables.values() for dim, size in array.sizes.items()}

    def __getitem__(self, name: str) -> Array:
        return self.variables[name]


def glance(path: Path | str, root: Path | str = "results") -> Glance:
    """A store, for pictures.

    path: of a store, or its name in `root`.
    Errors: Refused where there is no store, it is damaged, or a newer version of the software wrote it.
    """
    store = rooms.find(path, root)
    attributes = attributes_of(store)
    try:
        entries = json.loads((store / "zarr.json").read_bytes())["consolidated_metadata"]["metadata"]
        axes = list(entries[OUTCOME].get("dimension_names") or [])
        return Glance(
            attributes,
            {name: Array(store, name, entry, _axes(name, entry, axes)) for name, entry in entries.items()},
        )
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as fault:
        text = f"{store} is damaged: {str(fault)[:200]}; {MEND}"
        raise refuse("", text) from None


def _axes(name: str, entry: Mapping[str, Any], axes: list[str]) -> int | None:
    dims = list(entry.get("dimension_names") or [])
    return len(axes) if name not in dims and dims[: len(axes)] == axes else None
