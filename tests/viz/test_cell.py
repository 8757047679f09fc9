"""The tapped cell: what is simulated now is what the sweep measures, however many variables that writes."""

import numpy as np
import pytest

import jobs
from tests.viz.stores import dataset
from viz.apps.cell import numbers, simulate


@pytest.mark.compiled
def test_a_cell_of_an_observable_with_several_variables_is_simulated(root):
    sweep = {
        "name": "growth",
        "system": "logistic",
        "observables": ["largest_lyapunov_exponent"],
        "parameters": {"steps": 400},
        "axes": {"r": {"values": [3.2, 3.7, 4.0]}},
    }
    result = jobs.run(sweep, root=root, executor="serial", progress=False)
    panels, words = simulate(jobs.open(result.path), {"r": 3.7})
    assert words == "Simulated now; equal to the stored numbers bit for bit."
    assert [panel.name for panel in panels] == ["trajectory", "gradient_through_time"]


def test_a_run_that_diverged_has_no_never():
    values, outcome = np.array([-1, -1], np.int32), np.array([1, 2], np.uint8)
    data = dataset({"period": (("r",), values)}, {"r": np.arange(2.0)}, outcome=outcome)
    assert "no “the period”" in numbers(data, "period", {"r": 0.0})
    gone = numbers(data, "period", {"r": 1.0})
    assert "missing" in gone
    assert "no “" not in gone
