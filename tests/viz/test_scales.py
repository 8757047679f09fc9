import numpy as np
import pytest
import xarray as xr

from sim.errors import Refused
from viz import draw, palettes, scales
from viz.scales import choose, linear_ticks, log_ticks, text


def test_kinds_follow_the_numbers():
    assert choose(np.linspace(0, 1, 50)).kind == "linear"
    assert choose(np.logspace(-8, 0, 50)).kind == "log"
    signed = np.concatenate([-np.logspace(-6, 2, 50), np.logspace(-6, 2, 50)])
    assert choose(signed).kind == "symlog"


def test_signed_numbers_are_centred_on_zero():
    scale = choose(np.array([-1.0, 0.5, 3.0]))
    assert (scale.low, scale.high) == (-3.0, 3.0)
    assert scale.signed
    assert scale.unit(np.array([0.0])) == pytest.approx(0.5)


def test_a_wall_does_not_flatten_the_rest_and_is_said():
    values = np.concatenate([np.random.default_rng(0).uniform(1, 2, 10_000), [1e6]])
    scale = choose(values, "linear")
    assert scale.high < 3
    assert "colours end" in scale.note


@pytest.mark.parametrize("kind", ["linear", "log", "symlog"])
@pytest.mark.parametrize(
    "values",
    [
        [],
        [np.nan],
        [np.inf, -np.inf],
        [0.0],
        [5.0, 5.0],
        [-1.0],
        [1e-300, 1e300],
        [-1e300, 1e300],
        [0.0, 1e-308],
    ],
)
def test_every_input_gives_rising_limits_and_ticks_inside(kind, values):
    scale = choose(np.array(values, dtype=float), kind)
    assert np.isfinite([scale.low, scale.high]).all()
    low, high = scale.span
    assert low < high
    for value, words in scale.ticks():
        slack = 1e-9 * max(abs(scale.low), abs(scale.high))
        assert scale.low - slack <= value <= scale.high + slack
        assert words


def test_scale_maps_monotonically_and_keeps_nan():
    scale = choose(np.array([-100.0, -1e-4, 0.0, 1e-4, 100.0]), "symlog")
    share = scale.unit(np.array([-np.inf, -100, -1, 0, 1, 100, np.inf]))
    assert (np.diff(share) >= 0).all()
    assert share[[0, 3, -1]].tolist() == pytest.approx([0, 0.5, 1])
    assert np.isnan(scale.unit(np.array([np.nan]))).all()


def test_zero_is_the_low_end_of_a_logarithm_and_negative_is_missing():
    scale = choose(np.logspace(-3, 3, 20), "log")
    assert scale.unit(np.array([0.0]))[0] == 0
    assert np.isnan(scale.unit(np.array([-1.0]))[0])


def test_ticks_are_round_and_few():
    assert [words for _, words in linear_ticks(-6, 2)] == ["−6", "−4", "−2", "0", "2"]
    assert [words for _, words in log_ticks(1e-6, 1e3, 4)] == ["10⁻⁶", "10⁻³", "1", "10³"]
    symmetric = [words for _, words in choose(np.array([-1e4, 1e-3, 1e-3, 1e-3, 1e4]), "symlog").ticks(6)]
    assert "0" in symmetric
    assert len(symmetric) <= 8
    assert symmetric[0] == "−" + symmetric[-1]


def test_numbers_are_written_for_readers():
    assert text(1.5e-7) == "1.5·10⁻⁷"
    assert text(1e-4) == "10⁻⁴"
    assert text(-1e9) == "−10⁹"
    assert text(262144).replace("\u202f", " ") == "262 144"
    assert text(float("inf")) == "∞"


def test_a_kind_that_does_not_exist_names_those_that_do():
    with pytest.raises(Refused, match="linear, log, symlog"):
        choose(np.ones(3), "cubic")


def test_palettes_are_told_apart_without_red_and_green():
    """Diverging ends differ in blue; sequential ones rise in lightness all along."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    for name in palettes.SEQUENTIAL:
        light = palettes.table(name) @ weights
        steps = np.diff(light if name != "ink" else light[::-1])
        assert (steps > -2).all() or name == "dusk", name
    for name in palettes.DIVERGING:
        table = palettes.table(name).astype(int)
        assert abs(table[20, 2] - table[-20, 2]) > 60, name
    with pytest.raises(Refused, match="viridis"):
        palettes.table("jet")


def test_limits_may_be_given():
    scale = choose(np.linspace(0, 1, 9), "linear", low=-1.0, high=4.0)
    assert (scale.low, scale.high) == (-1.0, 4.0)
    assert isinstance(scale, scales.Scale)


def test_a_logarithm_shows_the_decades_that_are_there():
    """Half of the cells vanish like 10^-2t, half stay: both ends of the colours are numbers that occur."""
    vanishing = np.concatenate([10.0 ** -np.arange(0.0, 116.0, 2), np.linspace(0.5, 1.0, 58)])
    scale = choose(vanishing, "log")
    assert (scale.low, scale.high) == (1e-114, 1.0)
    assert not scale.note
    assert [words for _, words in scale.ticks(6)][-1] == "1"


def test_one_far_number_does_not_make_all_others_one_colour_of_a_logarithm():
    values = np.append(np.logspace(-2, 0, 1000), 1e-200)
    scale = choose(values, "log")
    assert 1e-3 < scale.low < 2e-2
    assert "the numbers reach 10⁻²⁰⁰ … 1" in scale.note


@pytest.mark.parametrize("kind", ["linear", "log", "symlog"])
def test_limits_that_are_given_do_not_hide_numbers_in_silence(kind):
    scale = choose(np.linspace(1.0, 9.0, 50), kind, low=2.0, high=4.0)
    assert "colours end at 2 and 4; the numbers reach 1 … 9" in scale.note
    assert "colours end" not in choose(np.linspace(1.0, 9.0, 50), kind, low=0.5, high=10.0).note


def test_what_a_logarithm_cannot_show_is_counted():
    note = choose(np.array([-3.0, -1.0, 0.0, 1.0, 10.0, np.nan]), "log").note
    assert "2 of 5 numbers are negative" in note
    assert "1 of 5 numbers are zero" in note
    assert "1 infinite" in choose(np.array([1.0, 2.0, np.inf])).note


def test_limits_that_do_not_rise_are_refused():
    for low, high in ((5.0, 1.0), (1.0, 1.0)):
        with pytest.raises(Refused, match="not below high"):
            choose(np.linspace(0, 1, 9), "linear", low, high)
    with pytest.raises(Refused, match="finite number"):
        choose(np.linspace(0, 1, 9), "linear", low="red")


@pytest.mark.parametrize("values", [np.linspace(-6.0, -1.0, 20), np.linspace(1.0, 6.0, 20), np.full(3, -2.0)])
def test_colours_whose_middle_means_zero_have_it_there_whatever_the_numbers(values):
    scale = choose(values, "auto", centred=True)
    assert scale.unit(np.zeros(1))[0] == pytest.approx(0.5)
    assert scale.high >= np.abs(values).max()


@pytest.mark.parametrize(("low", "high"), [(0.0, 1e300), (1.0, 1.0 + 1e-9), (0.0, 1e-300), (-1.0, 1.0)])
def test_colours_in_the_browser_tell_numbers_apart_however_far_or_near_they_are(low, high):
    values = np.linspace(low, high, 6).reshape(2, 3)
    given = xr.Dataset({"loss": (("b", "w"), values)}, {"w": [0.0, 1.0, 2.0], "b": [0.0, 1.0]})
    shade = draw(given, "loss", "map", scale="linear").data["shade"]
    assert np.isfinite(shade).all()
    assert len(np.unique(shade)) == values.size
