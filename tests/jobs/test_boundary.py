"""The boundary in a stored map, asked for in one line."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import jobs
from jobs.settings import settings
from sim.errors import Refused

CLIFF = {
    "name": "circle",
    "system": "complex_quadratic",
    "observables": ["escape_time"],
    "parameters": {"steps": 60},
    "axes": {
        "c_re": {"start": -2.0, "stop": 0.5, "num": 129},
        "c_im": {"start": -1.25, "stop": 1.25, "num": 129},
    },
}


def disc(n: int = 129) -> xr.Dataset:
    """A map with a circle, signed and labelled, at two seeds."""
    side = np.linspace(-1, 1, n)
    inside = 0.5 - side[:, None] ** 2 - (side - 0.03) ** 2
    both = np.stack([inside, np.ones_like(inside)], axis=-1)
    names = ("x", "y", "seed")
    variables = {"exponent": (names, both), "basin": (names, (both > 0).astype(np.int32))}
    return xr.Dataset(variables, {"x": side, "y": side, "seed": [0, 1]})


def test_signed_and_labelled_maps_have_the_same_boundary():
    signed = jobs.boundary(disc(), "exponent", at={"seed": 0})
    labelled = jobs.boundary(disc(), "basin", dims=["y", "x"], at={"seed": 0})
    assert signed.value == labelled.value == pytest.approx(1.0, abs=0.05)
    assert signed.low < 1.0 < signed.high
    assert signed.decades > 1


def test_a_store_by_its_path(tmp_path):
    store = jobs.run(CLIFF, root=tmp_path, executor="serial", progress=False)
    assert store is not None
    found = jobs.boundary(tmp_path / "circle.zarr", "escape_time")
    assert 1.0 < found.value < 2.0


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"variable": "exponents"}, "did you mean 'exponent'"),
        ({"variable": "basin", "dims": ["x", "z"]}, "no axis of basin"),
        ({"variable": "basin", "dims": ["x", "y"]}, "neither in dims nor held"),
        ({"variable": "basin", "at": {"seed": 1}}, "no boundary: every cell has the same label"),
        ({"variable": "exponent", "at": {"seed": 0}, "level": 9.0}, "same sign"),
    ],
)
def test_wrong_wishes_say_what_there_is(wish: dict, message: str):
    with pytest.raises(Refused, match=message):
        jobs.boundary(disc(), **wish)


def test_settings_hold_defaults_and_swept_values():
    sweep = jobs.Sweep.parse(
        {
            "name": "a",
            "system": "rnn",
            "observables": ["norm"],
            "parameters": {"units": 8, "steps": 10, "b": "gaussian"},
            "axes": {"gain": {"values": [0.5, 1.5]}, "b.scale": {"values": [0.1, 0.2]}},
        }
    )
    found = settings(sweep.canonical, {"gain": 1.5})
    assert found["system"] == "rnn"
    assert found["activation"] == "tanh"
    assert found["weights.gain"] == 1.5
    assert found["b"] == "gaussian"
    assert "b.scale" not in found
    assert settings('{"system": "./nowhere.py", "parameters": {"w": 2.0}}', {})["w"] == 2.0
