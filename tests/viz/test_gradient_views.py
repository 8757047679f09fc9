"""The pictures of gradients, gates, singular values and memories: what they draw, and what they say of it."""

import holoviews as hv
import numpy as np
import pytest
from PIL import Image

from tests.viz import gradient_stores as made
from tests.viz.stores import dataset
from viz import draw, palettes, save, scene, suited
from viz.elements import figure
from viz.raster import paint
from viz.reading import Unseen
from viz.scenes import Field, Lines

EVERY = {
    "gradient_map": (made.through_time, "gradient_through_time"),
    "lags": (made.by_lag, "gradient_by_lag"),
    "histograms": (made.layers, "neuron_gradient_norm"),
    "gates": (made.traces, "gate_trace"),
    "singular_values": (made.fans, "log_singular_values"),
    "memory": (made.memories, "memory_length"),
}


@pytest.mark.parametrize("name", EVERY)
def test_the_view_that_is_made_for_a_variable_is_offered_first(name):
    maker, variable = EVERY[name]
    assert suited(maker(), variable)[0] == name
    elsewhere = {other: others() for other, (others, _) in EVERY.items() if other != name}
    for other, data in elsewhere.items():
        offered = suited(data, EVERY[other][1])
        assert name not in offered or name == "gradient_map", other


@pytest.mark.parametrize("hole", ["none", "nan", "inf", "zero"])
@pytest.mark.parametrize("name", EVERY)
def test_every_one_renders_whatever_is_in_the_store(name, hole, tmp_path):
    maker, variable = EVERY[name]
    data = maker()
    if hole != "none":
        number = {"nan": np.nan, "inf": np.inf, "zero": 0.0}[hole]
        whole = data[variable].dtype.kind == "i"
        data[variable][:] = -1 if whole and hole != "zero" else number
        data["outcome"][:] = 2
    seen = scene(data, variable, name)
    save(seen, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert np.asarray(picture).std() > 0
    assert figure(draw(data, variable, name)) is not None
    assert ("diverged" in seen.caption) == (hole != "none")


def test_a_gradient_map_is_logarithmic_and_sets_zeros_apart():
    data = made.through_time()
    seen = scene(data, "gradient_through_time")
    assert isinstance(seen, Field)
    assert (seen.x.name, seen.y.name, seen.scale.kind) == ("time", "w", "log")
    assert seen.x.label == "time"
    assert seen.never is None
    assert "seed = 0, part = h" in seen.caption
    cells = scene(data, "gradient_through_time", at={"part": "c", "seed": 1})
    assert "seed = 1, part = c" in cells.caption
    assert cells.never[:, -1].all()
    assert not cells.never[:, :-1].any()
    assert "3.2% are exactly zero" in cells.caption
    assert (paint(cells)[:, -1] == palettes.NEVER).all()
    assert (cells.scale.low, cells.scale.high) == (0.5**30, pytest.approx(1.2**30))


def test_neurons_stand_by_size_unless_told_otherwise():
    data = made.layers()
    seen = scene(data, "neuron_gradient_norm", "gradient_map", at={"activation": "relu"})
    assert seen.x.label == "neurons of each layer, the largest gradient first"
    first = seen.values[0]
    assert (np.diff(first[:100]) <= 0).all()
    assert seen.never[0, 100:].all()
    assert np.isnan(seen.values[-1, 10:]).all()
    assert not seen.never[-1, 10:].any()
    assert "has no more neurons" in seen.caption
    plain = scene(data, "neuron_gradient_norm", "gradient_map", sort="no", at={"activation": "relu"})
    assert plain.x.label == "neuron"
    assert plain.never[0, ::2].all()
    with pytest.raises(Unseen, match="order of its own"):
        scene(made.through_time(), "gradient_through_time", sort="yes")


def test_histograms_have_an_outline_a_layer_and_count_the_zeros():
    seen = scene(made.layers(), "neuron_gradient_norm")
    assert isinstance(seen, Lines)
    assert seen.log_x
    assert (seen.by, seen.panel_by) == ("layer", "activation")
    assert seen.y_label == "share of neurons [1/decade]"
    assert [panel.title for panel in seen.panels] == ["activation = sigmoid", "activation = relu · 50% zero"]
    assert "are exactly zero and left out, most of them at activation = relu, layer = 1: 50%" in seen.caption
    assert "fewer than 50" in seen.caption
    alive, dead = (panel.curves for panel in seen.panels)
    assert len(alive) == len(dead) == 12
    for curves, share in ((alive, 1.0), (dead, 0.5)):
        for curve in curves:
            decades = np.diff(np.log10(curve.x))
            assert (curve.y[:-1] * decades).sum() == pytest.approx(share)
    light = [sum(int(curve.colour[i : i + 2], 16) for i in (1, 3, 5)) for curve in alive]
    assert light[0] < light[-1]
    peaks = [np.log10(curve.x[curve.y.argmax()]) for curve in alive[:-1]]
    assert np.polyfit(np.arange(11), peaks, 1)[0] == pytest.approx(0.5, abs=0.05)
    assert len({panel.reach for panel in seen.panels}) == 2


def test_sizes_have_boxes_by_decades_however_near_they_lie():
    """Norms of one relu panel lie within a decade: no box begins below zero, and zeros are in the caption."""
    data = made.layers()
    norms = data["neuron_gradient_norm"]
    near = np.random.default_rng(1).uniform(1, 3, norms.shape)
    norms[:] = np.where(np.isnan(norms) | (norms == 0.0), norms, near)
    seen = scene(data, "neuron_gradient_norm", at={"activation": "relu"})
    assert seen.log_x
    assert seen.y_label == "share of neurons [1/decade]"
    assert min(float(curve.x.min()) for panel in seen.panels for curve in panel.curves) > 0.7
    assert "exactly zero and left out" in seen.caption
    linear = scene(data, "neuron_gradient_norm", at={"activation": "relu"}, sizes="linear")
    assert not linear.log_x
    signed = made.layers()
    signed["neuron_gradient_norm"][:] -= 1.0
    assert not scene(signed, "neuron_gradient_norm").log_x


def test_a_histogram_of_nothing_says_nothing_of_zeros():
    """Of a store whose cells are all pending it said that none is exactly zero."""
    data = made.layers()
    data["neuron_gradient_norm"][:] = np.nan
    assert "zero" not in scene(data, "neuron_gradient_norm").caption


def test_a_histogram_of_zeros_has_sizes_from_zero_up():
    """Zeros are left out, so that no outline is left: the axis went from -0.5 to -0.5."""
    data = made.layers()
    norms = data["neuron_gradient_norm"]
    norms[:] = np.where(np.isnan(norms), norms, 0.0)
    seen = scene(data, "neuron_gradient_norm")
    for panel in seen.panels:
        low, high = panel.reach
        assert -0.05 < low <= 0.0 < 1.0 <= high < 1.05
        assert panel.limits == (0.0, 1.0)
    assert "all 4\u202f420 are exactly zero and left out" in seen.caption.lower()


def test_a_panel_of_zeros_shows_the_sizes_of_the_others():
    data = made.layers()
    norms = data["neuron_gradient_norm"]
    norms[0] = np.where(np.isnan(norms[0]), norms[0], 0.0)
    zeros, others = scene(data, "neuron_gradient_norm").panels
    drawn = np.concatenate([curve.x for curve in others.curves])
    assert zeros.reach == others.reach
    assert 0.0 < zeros.reach[0] < drawn.min() < drawn.max() < zeros.reach[1]
    assert zeros.limits == others.limits


def test_one_panel_that_spans_decades_is_no_flat_zero():
    """Gradients of a sigmoid that lose a decade a layer beside three that stay: the height is a logarithm."""
    norms = np.ones((4, 6))
    norms[0] = 10.0 ** np.arange(-5, 1)
    axes = {"activation": np.array(["sigmoid", "tanh", "relu", "elu"], dtype=object), "image": np.arange(2)}
    values = np.repeat(norms[:, None], 2, axis=1)
    data = dataset(
        {"gradient_norm": (("activation", "image", "layer"), values)}, axes, {"layer": np.arange(1, 7)}
    )
    seen = scene(data, "gradient_norm", "lines")
    assert seen.log_y
    assert not scene(data, "gradient_norm", "lines", log="no").log_y
    assert not scene(data, "gradient_norm", "lines", at={"activation": "tanh"}).log_y
    data["gradient_norm"][1] = -1.0
    assert not scene(data, "gradient_norm", "lines").log_y


def test_gates_of_few_units_are_rows_of_lines():
    seen = scene(made.traces(), "gate_trace", at={"b_f": 5})
    assert isinstance(seen, Lines)
    assert seen.columns == 1
    assert [panel.y_label for panel in seen.panels] == ["f", "i", "o", "candidate"]
    assert [curve.label for curve in seen.panels[0].curves] == ["unit 0", "unit 1", "unit 2"]
    assert [panel.limits[0] < -1 for panel in seen.panels] == [False, False, False, True]
    assert "shut at 0 and open at 1" in seen.caption
    assert "b_f = 5" in seen.caption
    by = scene(made.traces(), "gate_trace", by="b_f")
    assert [curve.label for curve in by.panels[0].curves][-1] == "b_f = 5"
    assert "unit" not in by.panels[0].curves[0].label


def test_gates_of_many_units_are_bands_of_colours():
    data = made.traces(units=40)
    seen = scene(data, "gate_trace")
    assert isinstance(seen, Field)
    assert (seen.scale.low, seen.scale.high, seen.palette) == (-1.0, 1.0, "blue_red")
    assert [words for _, words in seen.y.ticks()] == ["f", "i", "o", "candidate"]
    for gate, (place, _) in enumerate(seen.y.ticks()):
        row = int(place + 0.5)
        name, unit = seen.y.words[row].split(", unit ")
        assert name == data.gate.values[gate]
        assert np.array_equal(seen.values[row], data.gate_trace[0, :, gate, int(unit)].values)
    top = seen.y.words[-1]
    assert top == "f, unit 0"
    assert isinstance(scene(data, "gate_trace", form="lines"), Lines)
    with pytest.raises(Unseen, match="auto, lines or map"):
        scene(data, "gate_trace", form="dots")
    with pytest.raises(Unseen, match="rows of this picture"):
        scene(data, "gate_trace", by="gate")


def test_singular_values_fan_out_above_the_effective_rank():
    seen = scene(made.fans(), "log_singular_values")
    assert (seen.x_name, seen.by, seen.panel_by, seen.columns) == ("gain", "index", "weights", 2)
    assert [panel.y_label for panel in seen.panels] == ["log₁₀ σ"] * 2 + ["effective rank"] * 2
    gaussian, orthogonal = seen.panels[:2]
    assert gaussian.curves[0].label == "largest"
    assert gaussian.curves[-1].label == "smallest"
    np.testing.assert_allclose(gaussian.curves[0].y, 50 * np.log10(np.linspace(0.5, 2, 12)))
    np.testing.assert_allclose(orthogonal.curves[3].y, orthogonal.curves[0].y)
    assert np.isnan(gaussian.curves[-1].y).all()
    assert "24 are exactly zero" in seen.caption
    assert gaussian.rules[0].height == 0.0
    assert gaussian.limits[0] < 0.0 < gaussian.limits[1]
    assert seen.panels[2].curves[0].y.tolist() == [5.0] * 12
    assert len(scene(made.fans(ranks=False), "log_singular_values").panels) == 2
    spectra = scene(made.fans(), "log_singular_values", x="index")
    assert (spectra.x_name, spectra.by, len(spectra.panels)) == ("index", "gain", 2)


def test_what_is_never_forgotten_stands_apart_at_the_top():
    seen = scene(made.memories(), "memory_length")
    assert (seen.x_name, seen.by) == ("w", "activation")
    assert seen.y_label == "memory length [step]"
    (panel,) = seen.panels
    assert panel.ceiling == 100
    assert panel.rules[0].words == "↑ never within 100 steps"
    relu = [curve for curve in panel.curves if curve.label == "activation = relu"]
    counted, beyond, marks = relu
    assert marks.form == "marks"
    assert np.isnan(counted.y[counted.x >= 1]).all()
    assert np.nanmax(counted.y) <= 100 < np.nanmin(beyond.y)
    np.testing.assert_array_equal(np.isfinite(beyond.y), np.isnan(counted.y))
    assert (marks.y > 100).all()
    assert set(marks.x) <= set(counted.x[np.isnan(counted.y)])
    assert len([curve for curve in panel.curves if curve.label == "activation = sigmoid"]) == 1
    assert "above the dashed line: never forgotten within 100 steps" in seen.caption.lower()
    assert "activation = identity covers activation = relu" in seen.caption
    assert all(value <= 100 for value, _ in seen.upright(panel, 8))
    forgotten = made.memories()
    forgotten["memory_length"][:] = 7
    assert not scene(forgotten, "memory_length").panels[0].rules
    assert "nothing to remember" not in seen.caption
    forgotten["memory_length"][0, 3] = 0
    caption = scene(forgotten, "memory_length").caption.lower()
    assert "0 steps: the two starts are equal, there is nothing to remember" in caption


def test_lags_show_contributions_and_the_share_so_far():
    seen = scene(made.by_lag(), "gradient_by_lag")
    single, share = seen.panels
    assert seen.logarithmic(single)
    assert not seen.logarithmic(share)
    assert share.curves[1].y[9] == pytest.approx((1 - 0.9**10) / (1 - 0.9**50))
    assert share.curves[1].y[-1] == pytest.approx(1.0)
    assert share.limits == (0.0, 1.04)
    assert seen.x_label == "lag"
    assert "parameter = w" in seen.caption
    assert "truncation to p steps" in seen.caption
    none = scene(made.by_lag(), "gradient_by_lag", at={"parameter": "u"})
    assert "100% of the contributions are exactly zero" in none.caption
    with pytest.raises(Unseen, match="`lines` draws other axes"):
        scene(made.by_lag(), "gradient_by_lag", x="w")


def test_negative_lags_are_drawn_by_size_and_marked():
    """Contributions (-w)^l alternate: every second one is marked, and the share is that of what is signed."""
    data = made.by_lag()
    data["gradient_by_lag"][:] = data["gradient_by_lag"] * np.where(np.arange(50) % 2, -1.0, 1.0)[:, None]
    seen = scene(data, "gradient_by_lag")
    single, share = seen.panels
    lines, marks = single.curves[2:4]
    np.testing.assert_allclose(lines.y, 0.9 ** np.arange(50))
    assert marks.form == "marks"
    assert marks.x.tolist() == list(range(1, 50, 2))
    np.testing.assert_allclose(marks.y, 0.9 ** np.arange(1, 50, 2))
    assert seen.logarithmic(single)
    assert "triangles are negative contributions" in seen.caption
    assert share.curves[1].y[0] == pytest.approx((1 + 0.9) / (1 - 0.9**50))
    assert share.limits[1] > share.curves[1].y[0]


def test_norms_of_arrays_are_not_said_to_add_up():
    data = made.by_lag()
    data["gradient_by_lag"].attrs["comment"] = "norm of what the step contributes to the gradient"
    caption = scene(data, "gradient_by_lag").caption
    assert "they do not add up" in caption
    assert "truncation to p steps keeps" not in caption


def test_stacked_panels_share_the_axis_below_and_not_their_heights():
    layout = draw(made.by_lag(), "gradient_by_lag")
    assert isinstance(layout, hv.Layout)
    first, second = (panel.get(0) for panel in layout)
    assert first.kdims == second.kdims
    assert first.vdims != second.vdims


def test_a_page_has_room_for_panels_side_by_side(tmp_path):
    seen = scene(made.layers(), "neuron_gradient_norm")
    text = save(seen, tmp_path / "a.html").read_text()
    assert '"frame_width":410' in text
    assert seen.caption[:40] in text


@pytest.mark.parametrize(
    ("maker", "variable", "wish", "message"),
    [
        (made.through_time, "gradient_through_time", {"view": "gradient_map", "x": "q"}, "no such axis"),
        (made.layers, "neuron_gradient_norm", {"by": "neuron", "x": "neuron"}, "only one of the three"),
        (made.memories, "memory_length", {"x": "w", "by": "w"}, "only one of the three"),
        (made.memories, "memory_length", {"log": "maybe"}, "write auto, yes or no"),
        (made.fans, "effective_rank", {"view": "singular_values"}, "cannot show effective_rank"),
        (made.by_lag, "gradient_by_lag", {"view": "memory"}, "cannot show gradient_by_lag"),
    ],
)
def test_wrong_wishes_name_what_there_is(maker, variable, wish, message):
    with pytest.raises(Unseen, match=message):
        draw(maker(), variable, **wish)


def test_runs_that_diverged_are_not_said_to_remember_for_ever():
    data = made.memories()
    data["outcome"][:] = 2
    data["memory_length"][:] = -1
    seen = scene(data, "memory_length")
    assert not seen.panels[0].rules
    assert "never" not in seen.caption
