"""Marks along axes and colours: whole numbers where everything is whole, names that are not cut."""

import numpy as np
import pytest
from bokeh.models import BasicTicker

from tests.viz import stores
from viz import canvas, draw, dress, element_lines, reading, scene
from viz.apps.cell import numbers
from viz.elements import figure
from viz.scales import linear_ticks, text
from viz.scenes import Curve, Lines, Panel


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


RANGES = [
    (999_900.0, 1_000_000.0),  # the last iterates of a long run
    (1e-4, 1.0005e-4),
    (3.56994, 3.56996),
    (100_000.0, 100_000.5),
    (-5e4, 1e5),
    (1e8, 1e8 + 5),
    (1e16, 1e16 + 20),
    (0.0, 1e-320),
    (-2.5000002, -2.5000001),
]


@pytest.mark.parametrize("ends", RANGES)
def test_no_two_marks_have_the_same_words(ends):
    words = [word for _, word in linear_ticks(*ends)]
    assert len(set(words)) == len(words) > 1
    assert not any("e" in word for word in words)


@pytest.mark.browser
def test_nor_have_those_in_a_browser(tab):
    """The code with which Bokeh writes its own marks."""
    run = "([code, ticks]) => ticks.map((tick) => new Function('tick', 'ticks', code)(tick, ticks))"
    for ends in RANGES:
        words = tab.evaluate(run, [dress._TICK, np.linspace(*ends, 5).tolist()])
        assert len(set(words)) == len(words), (ends, words)


def test_numbers_below_a_hundred_thousand_are_written_out():
    assert [text(value) for value in (12345.6, 54321.0, 99999.4, 20000.0)] == [
        "12346",
        "54321",
        "99999",
        "20000",
    ]


@pytest.mark.parametrize("name", ["lines", "map"])
def test_neighbours_on_a_zoomed_axis_have_different_words(name):
    """Seven values of r that are alike to six digits: legends, sliders and captions tell them apart."""
    r = np.linspace(3.56994, 3.56996, 7)
    orbits = np.sin(np.outer(r, np.arange(5.0)))[:, None] * np.ones((1, 3, 1))
    data = stores.dataset(
        {"orbit": (("r", "seed", "iterate"), orbits)},
        {"r": r, "seed": np.arange(3)},
        {"iterate": np.arange(5)},
    )
    words = [reading.said(data, {"r": index}) for index in range(7)]
    assert words[:2] == ["r = 3.56994", "r = 3.569943"]
    assert len(set(words)) == 7
    if name == "lines":
        curves = scene(data, "orbit", name, x="iterate", by="r").panels[0].curves
        assert [curve.label for curve in curves] == words
    else:
        assert "r = 3.569943" in scene(data, "orbit", name, x="seed", y="iterate", at={"r": r[1]}).caption
        assert "3.569943" in numbers(data, "orbit", {"r": r[1], "seed": 0})


def test_digits_follow_the_neighbours_of_a_value():
    """A logarithmic axis over five decades: none needs more than its own neighbours ask for."""
    alpha = np.geomspace(1e-3, 100.0, 31)
    data = stores.dataset({"loss": (("alpha",), alpha)}, {"alpha": alpha})
    words = [reading.placed(data, "alpha", index) for index in range(31)]
    assert len(set(words)) == 31
    assert max(map(len, words)) <= len("0.001468")


def test_a_title_beside_others_is_made_smaller_and_not_cut():
    assert element_lines._title("activation = tanh", 180) == "11.0pt"
    words = "activation = leaky_relu"
    assert canvas.width(words, round(float(element_lines._title(words, 180)[:-2]) * 4 / 3), bold=True) < 180


def test_the_numbers_beside_a_small_logarithm_have_room():
    """Over 70 decades and within one: a card has room for four or five numbers."""
    for ends in ((1e-73, 1.0), (2e-4, 7e-4)):
        panel = Panel("", (Curve("", np.arange(9.0), np.geomspace(*ends, 9), "#000000"),), ends)
        lines = Lines((panel,), "time", "time", "norm", "norm", "", "", log_y=True)
        plot = figure(element_lines.small(lines, (222, 118)))
        (side,) = plot.yaxis
        assert 2 <= len(side.ticker.ticks) <= 7
        assert plot.min_border_left == 56
