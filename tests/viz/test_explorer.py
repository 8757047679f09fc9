"""The explorer without a browser: which widgets there are, and that they stay where a picture fails."""

import pytest

import jobs
from viz import scene, view
from viz.apps.explorer import Explorer
from viz.reading import Unseen

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


@pytest.fixture(scope="module")
def lone(tmp_path_factory):
    """Stores without axes: one number, and a number beside a curve over time."""
    root = tmp_path_factory.mktemp("lone")
    for name, observables in (("number", ["final_state"]), ("curve", ["final_state", "trajectory"])):
        sweep = {"name": name, "system": "logistic", "observables": observables, "parameters": {"steps": 3}}
        jobs.run(sweep, root=root, executor="serial", progress=False)
    return root


def test_a_store_without_axes_is_shown_and_its_cell_is_simulated(lone):
    app = Explorer(lone, "?store=number")
    assert app.scene is None
    assert "final_state = " in app.picture.box.objects[0].object
    assert "equal to the stored numbers" in app.card.word.object
    assert app.card.plots.objects
    app = Explorer(lone, "?store=curve")
    assert app.variable.value == "trajectory"
    assert app.scene.x_name == "time"
    app.variable.value = "final_state"
    assert "trajectory can be drawn" in app.picture.box.objects[0].object
    app.variable.value = "trajectory"
    assert app.scene.x_name == "time"


def test_a_glance_at_a_store_without_axes_is_drawn(lone):
    seen = jobs.glance(lone / "curve.zarr")
    assert len(scene(seen).panels[0].curves[0].y) == 4
    stored = jobs.open(lone / "curve.zarr")["final_state"].item()
    assert seen["final_state"].values.item() == stored
    for data in (seen, jobs.open(lone / "curve.zarr")):
        with pytest.raises(Unseen, match=r"final_state = .* \(1 cell, ok\): one number without an axis"):
            scene(data, "final_state")


def test_a_picture_is_not_computed_twice_to_be_shown_once(shelf, monkeypatch):
    made = []
    true_scene = view.scene
    monkeypatch.setattr(
        view, "scene", lambda *asked, **wishes: made.append(asked) or true_scene(*asked, **wishes)
    )
    Explorer(shelf, "?store=cliff&variable=loss&view=map")
    assert len(made) == 1
