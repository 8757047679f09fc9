"""The template: everything of a store but its tiles. zarr-python makes all metadata before anything runs, in
this process or in an earlier one.
"""

import json
import os
import platform
import uuid
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from jobs import curves, ledger, skeleton
from jobs.chunks import replace, sync
from jobs.evaluate import OUTCOME, Recipe, blank
from jobs.rooms import now, private
from jobs.seals import SCHEMA, seal
from jobs.skeleton import Frame
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


def files(recipe: Recipe, attributes: Mapping[str, Any]) -> dict[str, bytes]:
    """Every file of the template by its place: the same recipe and attributes give the same bytes."""
    whole = dict(skeleton.files(frames(recipe)))
    tree = json.loads(whole["zarr.json"])
    tree["attributes"] = dict(attributes)
    return whole | {"zarr.json": json.dumps(tree, indent=2).encode()}


def create(root: Path, recipe: Recipe, path: Path) -> None:
    """Build the template beside the store and rename it into place when it is whole and synced."""
    sweep = recipe.sweep
    building = private(root) / f"{sweep.name}.{uuid.uuid4().hex}"
    attributes = _attributes(recipe)
    whole = files(recipe, attributes)
    for place, data in whole.items():
        (building / place).parent.mkdir(parents=True, exist_ok=True)
        (building / place).write_bytes(data)
    header = {"schema": SCHEMA, "sweep_id": sweep.id, "digest": recipe.digest, "tiles": len(recipe.grid)}
    header |= {"cells": recipe.grid.cells}
    header |= {"seals": {place: seal(place, data) for place, data in whole.items()}}
    line = ledger.encode(header | {"attributes": attributes})
    (building / ledger.PLACE).write_bytes(line + line)
    for folder, _, names in os.walk(building):
        for name in names:
            sync(Path(folder) / name)
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


def frames(recipe: Recipe) -> list[Frame]:
    """The arrays of a store: coordinates of the axes and of the variables, the outcome, the variables."""
    sweep = recipe.sweep
    dims = tuple(axis.dim for axis in sweep.axes)
    made = [
        _coordinate(axis.dim, axis.values, describe(axis.meaning or axis.path, axis.unit or "1"))
        for axis in sweep.axes
    ]
    made += [
        _coordinate(item.name, np.asarray(item.values), describe(item.long_name, item.units))
        for item in recipe.coordinates
    ]
    made += curves.frames(sweep, recipe.runs)
    return made + [
        Frame(
            name=item.name,
            shape=(*sweep.shape, *item.shape),
            chunks=chunk_shape(recipe, item),
            dtype=item.dtype,
            dims=(*dims, *item.dims),
            fill=fill(item),
            attributes=describe(item.long_name, item.units, item.comment, item.source, item.flags),
        )
        for item in (outcome_variable(), *recipe.variables)
    ]


def _coordinate(name: str, values: np.ndarray, attributes: dict[str, Any]) -> Frame:
    text = values.dtype.kind in "UOT"
    blank_value = "" if text else float("nan") if values.dtype.kind == "f" else -1
    kind = "string" if text else values.dtype.name
    return Frame(name, values.shape, (max(len(values), 1),), kind, (name,), blank_value, attributes, values)


def _attributes(recipe: Recipe) -> dict[str, Any]:
    sweep = recipe.sweep
    own = {"own_files": json.dumps(recipe.own)} if recipe.own else {}
    return {
        "title": sweep.title or sweep.name,
        "sweep": sweep.canonical,
        "sweep_id": sweep.id,
        "schema": SCHEMA,
        "separatrix_version": _version("separatrix"),
        "digest": recipe.digest,
        **own,
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
