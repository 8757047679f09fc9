"""Words of captions and keys: a reader has to understand them without the code."""

import numpy as np
import pytest

from tests.viz import stores
from viz import scene
from viz.axes import axis
from viz.keys import keys


def census(name: str, long_name: str):
    """Periods of the second attractor, which two of six cells have."""
    numbers = np.array([[-1, -1, 1], [-1, -1, 2]], np.int32)
    axes = {"w": np.arange(2.0), "b": np.arange(3.0)}
    data = stores.dataset({name: (("w", "b"), numbers)}, axes)
    data[name].attrs |= {"long_name": long_name, "units": "step", "comment": "-1 where there is none"}
    return data


def test_what_there_is_not_is_said_in_the_variables_long_name():
    data = census("census_period", "period of attractor")
    assert "4 of 6 cells: no “period of attractor”" in scene(data, "census_period", "map").caption
    lines = scene(data, "census_period", "lines")
    assert "no “period of attractor”" in lines.caption
    assert lines.panels[0].rules[0].words == "↑ no “period of attractor”"


def test_a_key_with_little_room_says_none_of_what_there_is_not():
    seen = scene(census("census_period", "period of attractor"), "census_period", "map")
    assert [word for _, word in keys(seen)] == ["no “period of attractor”"]
    assert [word for _, word in keys(seen, 12)] == ["none"]
    escape = scene(census("escape_time", "escape time"), "escape_time", "map")
    assert [word for _, word in keys(escape, 5)] == ["never"]


@pytest.mark.parametrize("numbers", [np.zeros((2, 3), np.int32), np.zeros((2, 3))])
def test_zeros_alone_have_no_sign(numbers):
    """A count, or a norm, that is zero everywhere had blue below zero beside it, where none can be."""
    data = stores.dataset({"count": (("w", "b"), numbers)}, {"w": np.arange(2.0), "b": np.arange(3.0)})
    data["count"].attrs["comment"] = "how many there are"
    seen = scene(data, "count", "map")
    assert (seen.scale.low, seen.scale.high, seen.palette) == (0.0, 1.0, "viridis")
    assert not seen.scale.signed
    assert seen.scale.ticks(3)[0] == (0.0, "0")
    assert scene(data, "count", "map", palette="blue_red").scale.signed  # as wished


def test_a_cell_has_the_digits_that_tell_it_from_its_neighbours():
    assert axis("w", "w", np.array([1.0, 1.00001, 1.00002])).places() == ["1", "1.00001", "1.00002"]
    assert axis("seed", "seed", np.array([0, 100_000])).places() == ["0", "100\u202f000"]
    assert axis("b", "b", np.array([-1 / 3])).places() == ["−0.3333"]
