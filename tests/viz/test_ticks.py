"""Marks along axes and colours: whole numbers where everything is whole, names that are not cut."""

import numpy as np
import pytest
from bokeh.models import BasicTicker

from tests.viz import stores
from viz import canvas, draw, scene
from viz.elements import figure


def whole(ticks):
    return all(float(place).is_integer() and word.lstrip("−").isdigit() for place, word in ticks)


def seeds():
    numbers = np.arange(6, dtype=np.int32).reshape(3, 2) % 2 + 1
    data = stores.dataset(
        {"period": (("gain", "seed"), numbers)}, {"gain": np.array([0.1, 0.25, 0.4]), "seed": np.arange(2)}
    )
    data["loss"] = (("gain", "seed"), numbers + 0.5)
    return data


def test_seeds_and_counts_have_whole_marks():
    field = scene(seeds(), "period")
    assert (field.x.name, field.y.name) == ("gain", "seed")
    assert [word for _, word in field.y.ticks(8)] == ["0", "1"]
    assert [word for _, word in field.scale.ticks(8)] == ["1", "2"]
    assert not whole(field.x.ticks(8))
    assert not whole(scene(seeds(), "loss", "map").scale.ticks(8))
    lines = scene(seeds(), "period", "lines", x="seed")
    assert lines.whole
    assert [word for _, word in lines.upright(lines.panels[0], 8)] == ["1", "2"]
    assert not scene(seeds(), "period", "lines", x="gain").whole


@pytest.mark.parametrize("name", ["map", "lines"])
def test_a_page_has_whole_marks_too(name):
    axes = {"x": "seed"} if name == "lines" else {}
    plot = figure(draw(seeds(), "period", name, **axes))
    (side,) = plot.yaxis if name == "map" else plot.xaxis
    assert type(side.ticker) is BasicTicker
    assert side.ticker.min_interval == 1


def test_a_name_above_the_colours_is_broken_and_not_cut():
    for name in ("gradient_norm", "largest_lyapunov_exponent [1 per step]", "limit_cycle_amplitude"):
        lines = canvas.stacked(name, 19, 140)
        assert "".join(lines).replace(" ", "") == name.replace(" ", "")
        assert all(canvas.width(line, 19) <= 140 for line in lines)


def test_the_colours_of_an_orbit_diagram_begin_at_one_visit():
    seen = scene(stores.logistic(300, 100), "orbit", width=300, height=200)
    assert seen.scale.low == 1.0
    assert next(word for _, word in seen.scale.ticks()) == "1"
    most = int(np.nanmax(seen.values))
    assert most <= seen.scale.high or f"a box has up to {most}" in seen.caption
    once = scene(stores.logistic(40, 1), "orbit", "orbit_diagram")
    assert [word for _, word in once.scale.ticks()] == ["1"]
    low = scene(stores.logistic(300, 100), "orbit", window=(0.5, 0.6))
    assert "states lie outside the frame" in low.caption
