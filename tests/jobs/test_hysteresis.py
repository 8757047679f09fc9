"""The shipped sweep of a unit with two stable values: every fixed point, and the folds where they vanish."""

import numpy as np

import jobs
from jobs.sweep import Sweep


def test_row_22_the_start_decides_between_two_stable_values(root):
    """b = log(h / (1 - h)) - 6 h turns at h = (1 +- sqrt(1/3)) / 2: three fixed points between the folds."""
    sweep = Sweep.read("hysteresis", {"axes.b.num": 101})
    data = jobs.open(jobs.run(sweep, root=root, executor="serial", progress=False).path).load()
    h = (1 + np.array([1.0, -1.0]) * np.sqrt(1 / 3)) / 2
    low, high = np.log(h / (1 - h)) - 6 * h
    between = (data.b > low) & (data.b < high)
    np.testing.assert_array_equal(data.fixed_points_count.isel(start=0), np.where(between, 3, 1))
    assert (data.fixed_points_completeness == 1).all()
    np.testing.assert_allclose(data.final_state.sel(start=0.0), data.fixed_points[:, 0, 0], atol=1e-6)
    last = data.fixed_points.isel(start=1).max("branch")
    np.testing.assert_allclose(data.final_state.sel(start=1.0), last, atol=1e-6)
