"""The explorer without a browser: which widgets there are, and that they stay where a picture fails."""

import pytest

import jobs
from viz.apps.explorer import Explorer

ONSET = {
    "name": "onset",
    "system": "rnn",
    "observables": ["largest_lyapunov_exponent"],
    "parameters": {"units": 12, "steps": 60, "transient": 10, "start": "gaussian"},
    "axes": {
        "gain": {"start": 0.5, "stop": 2.0, "num": 4},
        "seed": {"values": [0, 1]},
        "activation": {"values": ["tanh", "relu"]},
    },
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("explorer")
    jobs.run(ONSET, root=root, executor="serial", progress=False)
    return root


def names(app: Explorer) -> list[str]:
    return [widget.label for widget in app.option_box.objects]


def test_a_picture_that_fails_keeps_the_widgets_that_mend_it(root):
    app = Explorer(root, "?store=onset&view=exponents&x=gain&y=gain")
    assert {"across", "up"} <= set(names(app))
    app.options["y"].value = "seed"
    assert app.scene.y.name == "seed"
    assert "theory" in names(app)


def test_a_theory_outlives_a_choice_that_cannot_be_drawn(root):
    app = Explorer(root, "?store=onset&view=exponents&x=gain&y=seed&theory=onset_of_chaos")
    assert "Dashed" in app.scene.caption
    app.options["x"].value = "seed"
    assert app.options["theory"].value == "onset_of_chaos"
    app.options["x"].value = "gain"
    assert "Dashed" in app.scene.caption


def test_theories_follow_the_sliders(root):
    app = Explorer(root, "?store=onset&view=exponents&x=gain&y=seed&theory=onset_of_chaos")
    app.sliders["activation"].widget.value = 1
    assert "theory" not in names(app)
    assert "Dashed" not in app.scene.caption
    app.sliders["activation"].widget.value = 0
    assert "theory" in names(app)


def test_a_theory_that_there_is_not_is_named(root):
    app = Explorer(root, "?store=onset&view=exponents&theory=nothing")
    assert any("theory = 'nothing'" in word for word in app.words)
