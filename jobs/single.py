"""Single cells of a store, simulated now, as labelled arrays."""

import json
import math
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
from sim.vocabulary import keywords


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
    known = {name for axis in sweep.axes for name in (axis.dim, axis.path)}
    if wrong := [name for name in at if name not in known]:
        raise refuse(f"{wrong[0]!s:.80}", f"no axis of this sweep; {nearest(str(wrong[0]), known)}")
    if observables is not None and tuple(observables) != sweep.observables:
        sweep = Sweep.parse(_measuring(sweep, observables), folder=sweep.folder)
    made = recipe(sweep)
    _of_the_same_files(dataset, made)
    place = [_nearest(axis, at) for axis in sweep.axes]
    word = tuple(str(axis.values[i]) for axis, i in zip(sweep.axes, place, strict=True) if axis.is_word)
    values = [axis.values[i : i + 1] for axis, i in zip(sweep.axes, place, strict=True)]
    arrays = made.at(word, values, (1,) * len(place))
    cell = {name: array.reshape(array.shape[len(place) :]) for name, array in arrays.items()}
    labels = {axis.dim: along[0] for axis, along in zip(sweep.axes, values, strict=True)}
    return _labelled(made, cell, labels)


def _measuring(sweep: Sweep, observables: Sequence[str]) -> dict[str, Any]:
    """The sweep as data with other observables, without the keywords of those that are left out."""
    data = sweep.data() | {"observables": list(observables)}
    words = {path: [value] for path, value in sweep.parameters.items() if isinstance(value, str)}
    words |= {axis.path: [str(value) for value in axis.values] for axis in sweep.axes if axis.is_word}
    known = keywords(sweep.system, sweep.task, observables, words, sweep.folder)
    data["parameters"] = {path: value for path, value in data["parameters"].items() if path in known}
    data["axes"] = [axis for axis in data["axes"] if axis["name"] in known]
    return data


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
        first = axis.values[:1].tolist()[0]
        raise refuse(axis.dim, f"no coordinate given; write {{{axis.dim!r}: {first!r}, ...}}")
    if axis.is_word:
        matches = np.flatnonzero(axis.values == str(wanted))
        if not len(matches):
            raise refuse(
                axis.dim, f"{str(wanted)[:80]!r} given; {nearest(str(wanted), map(str, axis.values))}"
            )
        return int(matches[0])
    try:
        number = float(wanted)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise refuse(axis.dim, f"{wanted!r:.80} given; write a finite number")
    return int(np.argmin(np.abs(axis.values - number)))


def _folder(dataset: xr.Dataset, data: Mapping[str, Any]) -> Path | None:
    """Where the sweep file was, for systems given by a relative path."""
    source = dataset.encoding.get("source")
    if source is None:
        return None
    store = Path(str(source))
    return rooms.origin(store.parent, str(data.get("name", "")))
