"""Curves: which axis they lie along, what is said where they end, vanish or cover each other."""

import holoviews as hv
import numpy as np
import xarray as xr

from tests.viz import stores
from viz import scene
from viz.elements import element
from viz.scenes import Lines, extremes


def test_lines_share_out_the_axes():
    seen = scene(stores.fan(), "trajectory")
    assert isinstance(seen, Lines)
    assert (seen.x_name, seen.by, seen.panel_by) == ("time", "w", "activation")
    assert seen.panels[0].title == "activation = identity"
    assert "8 of 13 values of w" in seen.caption
    assert seen.shared  # what would have made frames of their own leaves them, and that is said
    assert "w = 1.5 at activation = identity down to −1663" in seen.caption
    one = scene(stores.fan(), "trajectory", at={"activation": "tanh", "start": 0.5})
    assert len(one.panels) == 1
    assert one.panels[0].curves[0].y[0] == 0.5


def test_lines_take_a_logarithm_over_decades():
    decay = np.exp(-np.arange(200.0))[None]
    data = stores.dataset({"norm": (("w", "time"), decay)}, {"w": np.array([1.0])}, {"time": np.arange(200)})
    assert scene(data, "norm").log_y
    assert not scene(data, "norm", log="no").log_y


def test_thinned_curves_keep_their_extremes_and_their_cycles():
    cycle = np.tile([0.2, 0.8], 50_000)
    data = stores.dataset(
        {"orbit": (("r", "time"), cycle[None])}, {"r": np.ones(1)}, {"time": np.arange(100_000)}
    )
    curve = scene(data, "orbit", "lines").panels[0].curves[0]
    assert len(curve.y) <= 20_000
    assert set(curve.y) == {0.2, 0.8}
    spike = np.zeros(100_000)
    spike[77_777] = 9.0
    assert 77_777 in extremes(spike, 1000)
    assert len(extremes(np.full(5000, np.nan), 100)) <= 110


def test_what_a_logarithm_of_a_signed_variable_leaves_out_is_said():
    data = stores.cliff(16)
    signed = data["gradient"].sel(parameter="w").values
    seen = scene(data, "gradient", "map", scale="log")
    assert f"{(signed < 0).sum()} of 256 numbers are negative" in seen.caption


def test_curves_that_lie_on_others_are_named():
    """Only the last of equal curves is seen; its legend has a colour that is nowhere in the picture."""
    time = np.arange(6.0)
    values = np.stack([np.stack([time, time, 2 * time]), np.stack([time, 3 * time, 2 * time])])
    axes = {"activation": np.array(["relu", "tanh"], dtype=object), "w": np.array([1.0, 2.0, 3.0])}
    data = stores.dataset({"norm": (("activation", "w", "time"), values)}, axes, {"time": time})
    seen = scene(data, "norm", "lines", by="w", panels="activation")
    assert "w = 2 covers w = 1 at activation = relu." in seen.caption.replace("W", "w")
    data["norm"][:] = 0.0
    assert "w = 3 covers 2 other curves." in scene(data, "norm", "lines", by="w").caption.replace("W", "w")
    data["norm"][:] = np.nan
    assert "covers" not in scene(data, "norm", "lines", by="w").caption


def test_zeros_that_have_no_logarithm_cover_nothing():
    """Nothing is drawn of a gradient that is zero everywhere, beside one over decades."""
    gain = np.arange(5.0)
    values = np.stack([np.zeros((2, 5)), 10.0 ** np.stack([3 * gain, 2 * gain])])
    axes = {"parameter": np.array(["U", "W"], dtype=object), "seed": np.array([0, 1]), "gain": gain}
    data = stores.dataset({"norm": (("parameter", "seed", "gain"), values)}, axes)
    seen = scene(data, "norm", "lines", x="gain", by="seed", panels="parameter")
    assert seen.log_y
    assert "10 of 20 heights are not positive" in seen.caption
    assert "covers" not in seen.caption


def shares() -> xr.Dataset:
    """A share over layers: it moves for one activation, is zero for the next, is not there for the last."""
    layer = np.arange(1, 6)
    heights = np.stack([[0.1, 0.2, 0.25, 0.3, 0.3], np.zeros(5), np.full(5, np.nan)])
    values = np.repeat(heights[:, None], 2, axis=1)
    axes = {
        "activation": np.array(["relu", "tanh", "elu"], dtype=object),
        "weights": np.array(["he", "uniform_fan_in"], dtype=object),
    }
    return stores.dataset({"dead": (("activation", "weights", "layer"), values)}, axes, {"layer": layer})


def test_a_panel_that_is_level_stands_in_the_frame_of_the_others():
    """A panel of zeros had a frame from -0.5 to 0.5, and so had all beside it."""
    seen = scene(shares(), "dead", "lines", x="layer", by="weights", panels="activation")
    assert seen.shared
    low, high = seen.panels[0].limits
    assert -0.02 < low < 0.0 < 0.3 < high < 0.32


def test_panels_leave_room_for_the_words_of_their_legend():
    """A legend of long words lay on the card beside the picture."""
    wide, narrow = (
        element(scene(data, "dead", "lines", x="layer", by="weights", panels="activation"), (1000, 500))
        for data in (shares(), shares().assign_coords(weights=["a", "b"]))
    )
    frames = [
        hv.Store.lookup_options("bokeh", layout.values()[0], "plot").kwargs["frame_width"]
        for layout in (wide, narrow)
    ]
    assert frames[0] <= frames[1] - (len("weights = uniform_fan_in") * 7 - 100) // 2
