"""map_curve and vector_field: the map itself on a grid, of every cell and of iterates."""

import numpy as np
import pytest

from sim.errors import Refused
from sim.run import prepare


def test_the_curve_of_an_iterate_and_row_82_its_turning_points():
    """f, f of f, …, f^6 of 3.5 x (1 - x): 1, 3, 7, 13, 23, 37 turning points, slopes up to 3.5^6."""
    r = {"r": np.array([3.5, 2.0])}
    turns, steepest = [], []
    for k in range(1, 7):
        fixed = {"steps": 1, "cycle": k, "interval": (0.0, 1.0), "places": 100_001}
        run = prepare("logistic", observables=["map_curve"], fixed=fixed, varied=["r"])
        assert run.variables[0].long_name == ("F(s)" if k == 1 else f"F^{k}(s)")
        curve = run.evaluate(r)["map_curve"]
        x = run.coordinates[0].values
        slope = np.diff(curve[0]) / np.diff(x)
        turns.append(int((np.diff(np.sign(slope)) != 0).sum()))
        steepest.append(np.abs(slope).max())
        wanted = x
        for _ in range(k):
            wanted = 2.0 * wanted * (1.0 - wanted)
        np.testing.assert_allclose(curve[1], wanted, atol=1e-15)
    assert turns == [1, 3, 7, 13, 23, 37]
    np.testing.assert_allclose(steepest, 3.5 ** np.arange(1, 7), rtol=1e-2)


def test_a_field_of_two_units_is_zero_where_they_stand():
    W = ((2.0, 0.1), (0.1, 2.0))
    fixed = {
        "units": 2,
        "weights": "matrix",
        "weights.matrix": W,
        "steps": 1,
        "places": 5,
        "interval": (-1.0, 1.0),
    }
    run = prepare("rnn", observables=["vector_field"], fixed=fixed, varied=["weights.gain"])
    found = run.evaluate({"weights.gain": np.array([1.0, 0.5])})["vector_field"]
    assert found.shape == (2, 5, 5, 2)
    side = np.linspace(-1.0, 1.0, 5)
    y, x = np.meshgrid(side, side, indexing="ij")
    s = np.stack([x, y], axis=-1)
    for gain, field in zip((1.0, 0.5), found, strict=True):
        np.testing.assert_allclose(field, np.tanh(gain * (s @ np.transpose(W))) - s, atol=1e-15)
    labels = {c.name: c.long_name for c in run.coordinates}
    assert (labels["place_x"], labels["place_y"]) == ("unit 0", "unit 1")
    henon = prepare("henon", observables=["vector_field"], fixed={"steps": 1, "places": 3, "cycle": 2})
    field = henon.evaluate({})["vector_field"][0]
    np.testing.assert_allclose(field[1, 1], [1.0 - 1.4, 0.3], atol=1e-15)  # (0, 0) -> (1, 0) -> (-0.4, 0.3)


@pytest.mark.parametrize(
    ("system", "observable", "wish", "text"),
    [
        ("henon", "map_curve", {}, "of a state of one number, this one has 2"),
        ("logistic", "vector_field", {}, "of a state of two numbers, this one has 1"),
        ("logistic", "map_curve", {"places": 1}, "from 2 to"),
        ("logistic", "map_curve", {"cycle": 0}, "from 1 to 64"),
        ("logistic", "map_curve", {"interval": (1.0, 0.0)}, "the lower one first"),
    ],
)
def test_wrong_wishes_are_refused(system, observable, wish, text):
    with pytest.raises(Refused, match=text):
        prepare(system, observables=[observable], fixed={"steps": 1} | wish)
