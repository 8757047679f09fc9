"""`gradient` of some parameters only."""

import numpy as np
import pytest

from sim.errors import Refused
from sim.run import prepare

FIXED = {"activation": "sigmoid", "alpha": 0.75, "steps": 12, "start": 0.5, "target": 0.7}
CELLS = {"w": np.linspace(0.5, 6.0, 7), "b": np.linspace(-3.0, 1.0, 7)}


def gradient(**more):
    run = prepare("ctrnn", observables=["loss", "gradient"], fixed={**FIXED, **more}, varied=["w", "b"])
    labels = next(c.values.tolist() for c in run.coordinates if c.name == "parameter")
    return labels, run.evaluate(CELLS)


def test_a_choice_has_the_bits_of_the_whole():
    labels, whole = gradient()
    assert labels == ["w", "u", "b", "alpha"]
    chosen, some = gradient(with_respect_to=["b", "w"])
    assert chosen == ["b", "w"]
    assert np.array_equal(some["gradient"], whole["gradient"][:, [2, 0]])
    assert np.array_equal(some["loss"], whole["loss"])


def test_an_unknown_parameter_is_refused():
    with pytest.raises(Refused, match=r"with_respect_to: 'W' is no parameter.*there are: alpha, b, u, w"):
        gradient(with_respect_to=["W"])
