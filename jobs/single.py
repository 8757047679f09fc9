"""Single cells of a store, simulated now, as labelled arrays."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from jobs import rooms
from jobs.evaluate import Recipe, recipe
from jobs.sweep import Axis, Sweep
from jobs.template import describe, outcome_variable
from sim.errors import nearest, refuse


def sweep_of(dataset: xr.Dataset) -> Sweep:
    """The sweep that made a dataset."""
    try:
        data = json.loads(dataset.attrs["sweep"])
    except (KeyError, ValueError, TypeError):
        raise refuse("", "this dataset has no attribute 'sweep': it is not the store of a sweep") from None
    return Sweep.parse(data, folder=_folder(dataset, data))


def live(dataset: xr.Dataset, at: Mapping[str, Any], observables: Sequence[str] | None = None) -> xr.Dataset:
    """One cell of a dataset's sweep, simulated now; equal bit for bit to the stored one.

    at: the coordinate along every axis, by dimension; it snaps to the nearest one of the grid.
    observables: what to measure, by default what the sweep measures.
    """
    sweep = sweep_of(dataset)
    if observables is not None and tuple(observables) != sweep.observables:
        sweep = Sweep.parse(sweep.data() | {"observables": list(observables)}, folder=sweep.folder)
    made = recipe(sweep)
    _of_the_same_files(dataset, made)
    place = [_nearest(axis, at) for axis in sweep.axes]
    word = tuple(str(axis.values[i]) for axis, i in zip(sweep.axes, place, strict=True) if axis.is_word)
    values = [axis.values[i : i + 1] for axis, i in zip(sweep.axes, place, strict=True)]
    arrays = made.at(word, values, (1,) * len(place))
    cell = {name: array.reshape(array.shape[len(place) :]) for name, array in arrays.items()}
    labels = {axis.dim: along[0] for axis, along in zip(sweep.axes, values, strict=True)}
    return _labelled(made, cell, labels)


def _of_the_same_files(dataset: xr.Dataset, made: Recipe) -> None:
    before = json.loads(dataset.attrs.get("own_files", "{}"))
    if other := [name for name, checksum in made.own.items() if before.get(name, checksum) != checksum]:
        text = f"{', '.join(other)} changed since this store was computed: a live cell is none of its cells"
        raise refuse("", f"{text}; run the sweep again under another name or with --fresh")


def _labelled(made: Recipe, cell: Mapping[str, np.ndarray], labels: Mapping[str, Any]) -> xr.Dataset:
    variables = {
        item.name: (
            item.dims,
            cell[item.name],
            describe(item.long_name, item.units, item.comment, item.source, item.flags),
        )
        for item in (outcome_variable(), *made.variables)
    }
    coordinates: dict[str, Any] = {
        axis.dim: ((), labels[axis.dim], describe(axis.meaning or axis.path, axis.unit or "1"))
        for axis in made.sweep.axes
    }
    for item in made.coordinates:
        coordinates[item.name] = (item.name, np.asarray(item.values), describe(item.long_name, item.units))
    sweep = made.sweep
    attributes = {"title": sweep.title or sweep.name, "sweep": sweep.canonical, "digest": made.digest}
    return xr.Dataset(variables, coordinates, attributes)


def _nearest(axis: Axis, at: Mapping[str, Any]) -> int:
    wanted = at.get(axis.dim, at.get(axis.path))
    if wanted is None:
        raise refuse(axis.dim, f"no coordinate given; write {{{axis.dim!r}: {axis.values[0]!r}, ...}}")
    if axis.is_word:
        matches = np.flatnonzero(axis.values == str(wanted))
        if not len(matches):
            raise refuse(
                axis.dim, f"{str(wanted)[:80]!r} given; {nearest(str(wanted), map(str, axis.values))}"
            )
        return int(matches[0])
    if not np.isfinite(wanted):
        raise refuse(axis.dim, f"{wanted!r} given; write a finite number")
    return int(np.argmin(np.abs(axis.values - wanted)))


def _folder(dataset: xr.Dataset, data: Mapping[str, Any]) -> Path | None:
    """Where the sweep file was, for systems given by a relative path."""
    source = dataset.encoding.get("source")
    if source is None:
        return None
    store = Path(str(source))
    return rooms.origin(store.parent, str(data.get("name", "")))
