"""Axes and the dims that observables have of their own never share a name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import jobs
from jobs import meaning
from jobs.evaluate import recipe
from jobs.sweep import Sweep
from sim.errors import Refused
from sim.names import listing
from sim.run import prepare

SYSTEMS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("rnn", {"units": 3}),
    ("rnn", {"w": 0.5}),
    ("lstm", {"units": 3}),
    ("logistic", {"r": 3.2}),
    ("henon", {}),
    ("complex_quadratic", {}),
    ("mlp", {"layers": 2, "width": 3}),
)
OWN: dict[str, dict[str, Any]] = {
    "cliff": {"along": "b", "within": [-3.0, 2.0]},
    "return_map": {"pairs": 2},
    "orbit": {"keep": 4},
}


def sweep(**changes: Any) -> dict[str, Any]:
    """A carousel over its gate."""
    raw = {"name": "gates", "system": "cec", "observables": ["gate_trace"]}
    return (
        raw | {"parameters": {"steps": 5, "start": 1.0}, "axes": {"gate": {"values": [0.5, 0.9]}}} | changes
    )


def test_an_axis_gives_way_to_a_dim_of_its_name(tmp_path):
    """The gate of a carousel is a keyword, and the gates of a trace are a dim."""
    path = jobs.run(sweep(), root=tmp_path, executor="serial", progress=False).path
    data = jobs.open(path)
    assert data.gate_trace.dims == ("gate_", "step", "gate", "gate_unit")
    np.testing.assert_array_equal(data.gate_trace.sel(gate_=0.9), 0.9)
    alone = Sweep.parse(sweep(observables=["trajectory"]))
    assert [axis.dim for axis in alone.axes] == ["gate"]  # where nothing else is called so


def test_a_name_that_is_taken_all_the_same_is_refused(monkeypatch):
    """As by an observable of a user's own, of which nothing is known before it is asked."""
    monkeypatch.setattr(meaning, "OWN_DIMS", {})
    with pytest.raises(Refused, match=r"axes\.gate: an observable has a dim of its own that is called gate"):
        recipe(Sweep.parse(sweep(name="taken")))


@pytest.mark.parametrize("name", listing("sim.observables"))
def test_every_dim_of_an_observable_is_known(name: str):
    seen = 0
    for system, fixed in SYSTEMS:
        known = {} if system == "mlp" else {"steps": 8, "max_period": 2}
        for keywords in (fixed | known, fixed | {k: v for k, v in known.items() if k == "steps"}):
            try:
                made = prepare(system, observables=[name], fixed=keywords | OWN.get(name, {}))
            except Refused:
                continue
            seen += 1
            dims = {dim for variable in made.variables for dim in variable.dims}
            assert dims <= meaning.RESERVED_DIMS | set(meaning.OWN_DIMS.get(name, ())), name
    assert seen
