"""The cell that was tapped: its numbers, and its trajectory and gradient through time, simulated now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

import jobs
from jobs.single import sweep_of
from sim.errors import Refused
from viz import palettes, reading
from viz.apps import page
from viz.escape import Markup, html, joined
from viz.frames import whole
from viz.scenes import Curve, Lines, Panel, extremes

if TYPE_CHECKING:
    import xarray as xr

LIVE = ("trajectory", "gradient_through_time")
_MOST_NUMBERS, _MOST_UNITS, _MOST_STEPS = 6, 12, 3000


def numbers(dataset: xr.Dataset, variable: str, cell: Mapping[str, Any]) -> Markup:
    """Value, coordinates and outcome of a stored cell."""
    place = {dim: reading.nearest(dataset, dim, cell[dim]) for dim in reading.sweep_axes(dataset)}
    rows: dict[str, object] = {}
    code = reading.OK
    for dim, index in place.items():
        rows[dim] = reading.placed(dataset, dim, index)
    if "outcome" in dataset.variables:
        code = int(dataset["outcome"].isel(place).values)
        rows["outcome"] = reading.meanings(dataset).get(code, f"code {code}")
        if code == reading.PENDING:
            return page.table(rows)
    big: Markup = Markup("")
    for name in reading.variables(dataset):
        here = dataset[name].isel({dim: i for dim, i in place.items() if dim in dataset[name].dims})
        if name == "outcome" or here.size > _MOST_NUMBERS:
            continue
        if name == variable and here.ndim == 0:
            big = html(
                "div",
                html("span", reading.label(dataset[name]), cls="soft"),
                html("div", reading.stated(here, code), cls="big"),
            )
        else:
            rows |= _rows(name, here, code)
    return joined(big, page.table(rows))


def _rows(name: str, here: xr.DataArray, code: int) -> dict[str, str]:
    if here.ndim == 0:
        return {name: reading.stated(here, code)}
    if here.ndim > 1:
        return {}
    dim = str(here.dims[0])
    labels = [reading.word(value) for value in here[dim].values.tolist()]
    return {f"{name} · {label}": reading.stated(here.isel({dim: i}), code) for i, label in enumerate(labels)}


def simulate(dataset: xr.Dataset, cell: Mapping[str, Any]) -> tuple[list[Lines], str]:
    """The panels of a cell simulated now, and whether it equals the store; what it cannot do is left out.

    Raises: whatever `jobs.live` raises if the system cannot even be run.
    """
    stored = sweep_of(dataset).observables  # not the variables: an observable may write several
    failures: list[Exception] = []
    for wanted in ((*stored, *LIVE), (*LIVE,), LIVE[:1], tuple(stored)):
        try:
            lived = jobs.live(dataset, dict(cell), observables=list(dict.fromkeys(wanted)))
        except (ValueError, KeyError, TypeError, Refused) as failure:
            failures.append(failure)
            continue
        panels = [lines for name in LIVE if name in lived for lines in _lines(lived, name)]
        return panels, agreement(dataset, lived, cell)
    raise failures[0]


def agreement(dataset: xr.Dataset, lived: xr.Dataset, cell: Mapping[str, Any]) -> str:
    """Whether what was simulated now is what is stored, bit for bit."""
    place = {dim: reading.nearest(dataset, dim, cell[dim]) for dim in reading.sweep_axes(dataset)}
    if int(dataset["outcome"].isel(place).values) == reading.PENDING:
        return "Simulated now; the stored cell is not computed yet."
    common = [name for name in reading.variables(dataset) if name in lived and name != "outcome"]
    if not common:
        return "Simulated now."
    held = {name: dataset[name].isel(place).values for name in common}
    odd = [
        name
        for name in common
        if not np.array_equal(held[name], lived[name].values, equal_nan=held[name].dtype.kind == "f")
    ]
    if odd:
        maker = dataset.attrs.get("separatrix_version", "?")
        return f"Simulated now; {', '.join(odd)} differs from the store, which version {maker} made."
    return "Simulated now; equal to the stored numbers bit for bit."


def _lines(lived: xr.Dataset, name: str) -> list[Lines]:
    """One small picture of a live variable over time."""
    array = lived[name]
    if "time" not in array.dims:
        return []
    rest = [str(dim) for dim in array.dims if dim != "time"]
    rows = reading.turned(array, "time", *rest).reshape(array.sizes["time"], -1).astype(float)
    time = lived["time"].values.astype(float)
    curves = []
    for i in range(min(rows.shape[1], _MOST_UNITS)):
        kept = extremes(rows[:, i], _MOST_STEPS)
        curves.append(Curve("", time[kept], rows[kept, i], palettes.curve_colour(i)))
    log = name == "gradient_through_time" and bool((rows[:, :_MOST_UNITS] > 0).any())
    some = f" ({_MOST_UNITS} of {rows.shape[1]} units)" if rows.shape[1] > _MOST_UNITS else ""
    return [
        Lines(
            panels=(Panel("", tuple(curves), whole([curve.y for curve in curves], log)),),
            x_name="time",
            x_label=reading.label(lived["time"]),
            y_label=reading.label(array),
            name=name,
            title=f"{reading.full_name(array)}{some}",
            caption="",
            log_y=log,
        )
    ]
