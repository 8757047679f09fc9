"""The shipped sweeps: each is one, and their stores hold the numbers that they are about (made smaller)."""

import numpy as np
import pytest
import xarray as xr

import jobs
from jobs.evaluate import recipe
from jobs.sweep import Sweep
from sim.names import find
from tests.conftest import REPOSITORY

pytestmark = pytest.mark.compiled
SHIPPED = sorted(path.stem for path in (REPOSITORY / "jobs" / "sweeps").glob("*.toml"))


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_sweep_is_one_and_says_what_it_is_about(name):
    sweep = Sweep.read(name)
    assert sweep.name == name
    assert sweep.title
    recipe(sweep)  # no word of it is refused
    text = (REPOSITORY / "jobs" / "sweeps" / f"{name}.toml").read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert f'name = "{name}"' in text


def run(root, name: str, changes: dict[str, object] | None = None) -> xr.Dataset:
    """A shipped sweep with a few words changed, as a dataset."""
    result = jobs.run(Sweep.read(name, changes or {}), root=root, executor="serial", progress=False)
    data = jobs.open(result.path).load()
    assert (data.outcome == 1).all()
    return data


def test_row_24_memory_is_longest_just_below_one(root):
    data = run(root, "memory-length", {"axes.activation.values": ["tanh"]})
    analog, sign, _ = (data.memory_length.sel(activation="tanh", metric=m) for m in data.metric.values)
    below = {0.5: 7, 0.8: 18, 0.9: 31, 0.95: 48, 0.99: 70}
    above = {1.0: 61, 1.01: 50, 1.05: 28, 1.1: 19, 1.5: 6, 2.0: 4}
    for w, steps in (below | above).items():
        assert int(analog.sel(w=w, method="nearest")) == steps
    assert int(analog.max()) == 70
    assert float(data.w[int(analog.values.argmax())]) == pytest.approx(0.984)
    assert int(sign.sel(w=0.9, method="nearest")) == 38
    assert int(sign.sel(w=0.99, method="nearest")) == 283
    assert (sign.sel(w=slice(1.0, None)) == -1).all()


def test_row_103_and_112_the_share_of_the_first_lags(root):
    data = run(root, "gradient-by-lag")
    lags = data.gradient_by_lag.sel(parameter="w")
    share = lags.cumsum("lag") / lags.sum("lag")
    told = {
        0.5: {5: 0.969},
        0.9: {1: 0.103, 5: 0.421, 10: 0.668, 20: 0.897, 30: 0.973},
        1.1: {5: 0.126, 20: 0.498, 30: 0.728},
    }
    for w, parts in told.items():
        for steps, part in parts.items():
            assert float(share.sel(w=w, lag=steps - 1)) == pytest.approx(part, abs=6e-4)
    full = data.gradient.sel(parameter="w")
    np.testing.assert_allclose(lags.sum("lag"), abs(full), rtol=1e-12)
    final = (1 - 0.9**50) / (1 - 0.9)
    assert float(full.sel(w=0.9)) / (2 * final) == pytest.approx(96.621, abs=1e-3)


def test_truncated_gradients_keep_the_share_that_the_lags_say(root):
    whole = run(root, "gradient-by-lag", {"name": "whole"})
    short = run(root, "gradient-by-lag", {"name": "short", "parameters.truncation": 10})
    lags = whole.gradient_by_lag.sel(parameter="w")
    kept = lags.isel(lag=slice(10)).sum("lag") / lags.sum("lag")
    ratio = short.gradient.sel(parameter="w") / whole.gradient.sel(parameter="w")
    np.testing.assert_allclose(ratio, kept, rtol=1e-12)


def test_rows_67_and_68_directions_that_are_left(root):
    data = run(root, "singular-values", {"axes.gain": {"values": [0.5, 1.0, 2.0]}})
    rank, largest = data.effective_rank, data.log_singular_values.isel(index=0)
    linear = {"activation": "identity"}
    np.testing.assert_allclose(rank.sel(weights="orthogonal", **linear), 64.0, rtol=1e-9)
    gaussian = rank.sel(weights="gaussian", **linear)
    np.testing.assert_allclose(gaussian, float(gaussian[0]), rtol=1e-9)
    assert 2.5 < float(gaussian[0]) < 6.5
    saturated = rank.sel(weights="orthogonal", activation="tanh")
    assert float(saturated.sel(gain=0.5)) > 55 > 10 > float(saturated.sel(gain=2.0))
    exact = 50 * np.log([0.5, 1.0, 2.0])
    np.testing.assert_allclose(largest.sel(weights="orthogonal", **linear), exact, atol=1e-9)
    tanh = largest.sel(weights="gaussian", activation="tanh").values
    assert tanh[0] < -30
    assert tanh[2] > 2


@pytest.mark.slow
def test_rows_152_and_166_a_forget_bias_keeps_memory_and_gradient(root):
    few = {"axes.b_f": {"values": [0.0, 1.0, 2.0, 5.0]}, "axes.seed.values": [0], "parameters.units": 16}
    data = run(root, "lstm-forget-bias", few).squeeze("seed")
    kept = data.gate_trace.sel(gate="f").prod("step").max("gate_unit")
    assert kept.values[0] < 1e-20
    assert kept.values[3] > 0.4
    arrived = data.gradient_through_time.isel(time=0)
    assert (arrived.sel(b_f=0.0) < 1e-9).all()
    assert (arrived.sel(b_f=5.0) > 1e-2).all()
    assert (data.gradient_through_time.sel(part="c").isel(time=-1) == 0).all()  # the loss sees h alone
    growth = data.log_jacobian_norm.isel(lag=-1)
    assert float(growth.sel(b_f=0.0)) < -20
    assert float(growth.sel(b_f=5.0)) > 0


@pytest.mark.slow
def test_row_152_what_constant_gates_leave(root):
    """Without weights the forget gate is sigmoid(b_f): after 50 steps its power is left."""
    bare = {"parameters.weights.gain": 0.0, "parameters.input_weights.scale": 0.0, "parameters.units": 2}
    few = {"axes.b_f": {"values": [0.0, 1.0, 2.0, 3.0, 5.0]}, "axes.seed.values": [0]}
    words = {"observables": ["gate_trace"], "parameters.steps": 50}
    data = run(root, "lstm-forget-bias", words | bare | few)
    left = data.gate_trace.sel(gate="f", gate_unit=0).prod("step").squeeze("seed")
    np.testing.assert_allclose(left, [8.9e-16, 1.6e-7, 1.75e-3, 0.088, 0.715], rtol=0.03)


def test_two_biases_decide_whether_a_unit_latches(root):
    data = run(root, "lstm-gates", {"axes.b_f.num": 49, "axes.b_i.num": 49})
    assert float(data.loss.sel(b_f=-4.0, b_i=0.0)) == pytest.approx(0.25, abs=1e-9)
    assert float(data.loss.sel(b_f=8.0, b_i=6.0)) < 0.05
    assert float(data.loss.min()) < 1e-3
    steep = abs(data.gradient).max("parameter")
    assert float(steep.max()) > 0.5
    assert float(steep.median()) < 1e-2
    slope = data.loss.differentiate("b_f")
    smooth = data.gradient.sel(parameter="b_f", b_f=4.0, b_i=-3.0)
    assert float(slope.sel(b_f=4.0, b_i=-3.0)) == pytest.approx(float(smooth), rel=0.05)


def test_row_128_euler_steps_that_are_too_long(root):
    """A cycle of two from alpha = 2 / (1 - w) on, found within two steps of the axis; the flow has none."""
    data = run(root, "euler-stability", {"axes.w": {"values": [-8.0, -3.0, -1.5, -1.0, -0.5, 0.5]}})
    period = data.period.transpose("w", "alpha")
    first = np.where((period == 2).any("alpha"), data.alpha[(period == 2).argmax("alpha")], np.nan)
    np.testing.assert_allclose(first, [2 / 9, 0.5, 0.8, 1.0, 4 / 3, np.nan], atol=0.0101)


def test_row_35_chaos_begins_where_the_spectral_radius_passes_one(root):
    """Below, an exponent is the logarithm of its own draw's radius; above, more draws are chaotic the larger
    the gain, at exponents short of mean-field theory, which is of infinitely many units.
    """
    few = {"axes.gain.num": 4, "axes.gain.stop": 3.0, "axes.seed.stop": 15, "axes.seed.num": 16}
    few["observables"] = ["largest_lyapunov_exponent", "jacobian_spectral_radius"]
    result = jobs.run(Sweep.read("chaos-onset", few), root=root, executor="serial", progress=False)
    data = jobs.open(result.path).load().transpose("gain", "seed")
    exponent, radius = data.largest_lyapunov_exponent, data.jacobian_spectral_radius
    np.testing.assert_allclose(exponent[0], np.log(radius[0]), atol=5e-3)
    assert (exponent[0] < 0).all()
    chaotic = (data.largest_lyapunov_exponent_verdict == 1).mean("seed").values
    assert (np.diff(chaotic) >= 0).all()
    assert chaotic[0] == 0
    assert chaotic[-1] > 0.8
    theory = find("sim.theory", "mean_field_exponent").theory(data.gain.values, {"activation": "tanh"})
    for found, wanted in zip(exponent.median("seed").values[2:], theory[2:], strict=True):
        assert wanted - 0.08 < found < wanted
