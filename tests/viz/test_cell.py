"""The tapped cell: what is simulated now is what the sweep measures, however many variables that writes."""

import pytest

import jobs
from viz.apps.cell import simulate


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
