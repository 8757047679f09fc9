"""The template: everything of a store but its tiles. zarr-python makes all metadata before anything runs."""

import json
import os
import platform
import uuid
import warnings
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from zarr.codecs import BloscCodec, Crc32cCodec

from jobs import ledger
from jobs.chunks import CODEC, LEVEL, replace, sync
from jobs.evaluate import OUTCOME, Recipe, blank
from jobs.rooms import now, private
from jobs.seals import SCHEMA, seal
from jobs.tiles import chunk
from sim.run import OUTCOMES, Variable

LIBRARIES = ("numba", "llvmlite", "numpy", "scipy", "xarray", "zarr", "numcodecs", "dask", "distributed")


def chunk_shape(recipe: Recipe, variable: Variable) -> tuple[int, ...]:
    """The chunk of a variable: its tile, then its own dims cut so that a chunk stays within some MiB."""
    tile = recipe.grid.tile
    cells = int(np.prod(tile, dtype=np.int64))
    return (*tile, *chunk(variable.shape, cells, np.dtype(variable.dtype).itemsize))


def outcome_variable() -> Variable:
    """The variable that says, for each cell, why a number is missing or odd."""
    return Variable(
        name=OUTCOME,
        dims=(),
        shape=(),
        dtype="uint8",
        long_name="outcome of the cell",
        units="1",
        comment="0: not computed yet; 1: all is well; the others say why numbers are missing or odd",
        source="separatrix",
        flags=OUTCOMES,
    )


def create(root: Path, recipe: Recipe, path: Path) -> None:
    """Build the template beside the store and rename it into place when it is whole and synced."""
    sweep = recipe.sweep
    building = private(root) / f"{sweep.name}.{uuid.uuid4().hex}"
    group = zarr.create_group(str(building), zarr_format=3, attributes=_attributes(recipe))
    order = _coordinates(group, recipe)
    dims = [axis.dim for axis in sweep.axes]
    for item in (outcome_variable(), *recipe.variables):
        group.create_array(
            item.name,
            shape=(*sweep.shape, *item.shape),
            chunks=chunk_shape(recipe, item),
            dtype=item.dtype,
            dimension_names=[*dims, *item.dims],
            fill_value=fill(item),
            compressors=codecs(item.dtype),
            attributes=describe(item.long_name, item.units, item.comment, item.source, item.flags),
        )
        order.append(item.name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # consolidated metadata are not in the Zarr v3 text yet
        zarr.consolidate_metadata(str(building))
    _arrange(building, order)
    seals = {place: seal(building, place) for place in sealed_files(building, order, recipe)}
    header = {"schema": SCHEMA, "sweep_id": sweep.id, "digest": recipe.digest, "tiles": len(recipe.grid)}
    (building / ledger.PLACE).write_bytes(
        ledger.encode(header | {"cells": recipe.grid.cells, "seals": seals})
    )
    for folder, _, files in os.walk(building):
        for file in files:
            sync(Path(folder) / file)
        sync(Path(folder))
    building.rename(path)
    sync(root)


def finish(path: Path, temporary: Path) -> None:
    """Write into the store's attributes when it was finished."""
    data = json.loads((path / "zarr.json").read_bytes())
    data["attributes"]["finished"] = now()
    replace(path / "zarr.json", temporary, json.dumps(data, indent=2).encode())


def fill(item: Variable) -> float | int:
    """What an array reads where no chunk has been written."""
    return 0 if item.name == OUTCOME else blank(item.dtype)


def codecs(dtype: Any) -> list[Any]:
    """Blosc with byte shuffle, then crc32c: what `chunks.encode` writes."""
    size = np.dtype(dtype).itemsize
    return [
        BloscCodec(cname=CODEC, clevel=LEVEL, shuffle="shuffle", typesize=size, blocksize=0),
        Crc32cCodec(),
    ]


def describe(
    long_name: str, units: str, comment: str = "", source: str = "", flags: Mapping[int, str] | None = None
) -> dict[str, Any]:
    """The attributes of a variable, by the CF conventions."""
    attributes: dict[str, Any] = {
        "long_name": long_name,
        "units": units,
        "comment": comment,
        "source": source,
    }
    if flags:
        attributes["flag_values"] = list(flags)
        attributes["flag_meanings"] = " ".join(meaning.replace(" ", "_") for meaning in flags.values())
    return {key: value for key, value in attributes.items() if value or key in {"long_name", "units"}}


def sealed_files(store: Path, order: list[str], recipe: Recipe) -> list[str]:
    """Every file of a template: metadata, and the chunks of its coordinates."""
    data = {OUTCOME, *(item.name for item in recipe.variables)}
    places = ["zarr.json", *(f"{name}/zarr.json" for name in order)]
    for name in order:
        if name not in data:
            places += [
                str(file.relative_to(store))
                for file in sorted((store / name / "c").rglob("*"))
                if file.is_file()
            ]
    return places


def _coordinates(group: zarr.Group, recipe: Recipe) -> list[str]:
    names = []
    for axis in recipe.sweep.axes:
        _coordinate(group, axis.dim, axis.values, describe(axis.meaning or axis.path, axis.unit or "1"))
        names.append(axis.dim)
    for item in recipe.coordinates:
        _coordinate(group, item.name, np.asarray(item.values), describe(item.long_name, item.units))
        names.append(item.name)
    return names


def _coordinate(group: zarr.Group, name: str, values: np.ndarray, attributes: dict[str, Any]) -> None:
    text = values.dtype.kind in "UOT"
    array = group.create_array(
        name,
        shape=values.shape,
        chunks=(max(len(values), 1),),
        dtype="string" if text else values.dtype,
        dimension_names=[name],
        compressors=[Crc32cCodec()] if text else codecs(values.dtype),
        fill_value=_coordinate_fill(values, text),
        attributes=attributes,
        config={"write_empty_chunks": True},
    )
    array[:] = values.astype(object) if text else values


def _coordinate_fill(values: np.ndarray, text: bool) -> Any:
    if text:
        return ""
    return float("nan") if values.dtype.kind == "f" else -1


def _arrange(store: Path, order: list[str]) -> None:
    """Let readers see coordinates and variables in the order in which they were declared."""
    tree = json.loads((store / "zarr.json").read_bytes())
    known = tree["consolidated_metadata"]["metadata"]
    tree["consolidated_metadata"]["metadata"] = {name: known[name] for name in order}
    (store / "zarr.json").write_text(json.dumps(tree, indent=2))


def _attributes(recipe: Recipe) -> dict[str, Any]:
    sweep = recipe.sweep
    return {
        "title": sweep.title or sweep.name,
        "sweep": sweep.canonical,
        "sweep_id": sweep.id,
        "schema": SCHEMA,
        "separatrix_version": _version("separatrix"),
        "digest": recipe.digest,
        "versions": json.dumps(versions()),
        "host": platform.node(),
        "started": now(),
        "finished": "",
    }


@cache
def versions() -> dict[str, str]:
    """Python and the libraries that a result depends on."""
    return {"python": platform.python_version()} | {name: _version(name) for name in LIBRARIES}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
