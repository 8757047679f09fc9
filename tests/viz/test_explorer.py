"""The explorer without a browser: which widgets there are, and that they stay where a picture fails."""

import os
import shutil

import numpy as np
import pytest

import jobs
from jobs import ledger
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


def growing(root, num):
    sweep = {"name": "growing", "system": "logistic", "observables": ["period"]}
    sweep["parameters"] = {"steps": 100, "start": 0.5}
    seeds = {"start": 0, "stop": num - 1, "num": num}
    sweep["axes"] = {"r": {"start": 2.5, "stop": 4.0, "num": num}, "seed": seeds}
    jobs.run(sweep, root=root, executor="serial", progress=False)


def test_a_store_that_is_replaced_is_shown_as_it_is_now(tmp_path):
    """Another sweep of the same name and number of tiles, and one that was gone for a while."""
    growing(tmp_path, 9)
    app = Explorer(tmp_path, "?store=growing&variable=period&cell.r=3.4375&cell.seed=8")
    assert app.scene.values.shape == (9, 9)
    shutil.rmtree(tmp_path / "growing.zarr")
    growing(tmp_path, 5)
    app.look()
    assert app.scene.values.shape == (5, 5)
    assert app.cell["seed"] in range(5)
    assert "outside this axis" in str(app.note.object)
    shutil.move(tmp_path / "growing.zarr", tmp_path / "away")
    app.look()
    assert "there is no store" in app.picture.box.objects[0].object
    shutil.move(tmp_path / "away", tmp_path / "growing.zarr")
    app.look()
    assert "there is no store" not in str(app.picture.box.objects[0].object)
    assert app.card.numbers.object


def twin(root, steps: int, second: int, more: int) -> np.ndarray:
    """A store of one name and shape whatever `steps`, written at a time; its numbers."""
    sweep = {"name": "twin", "system": "logistic", "observables": ["final_state"]}
    sweep["parameters"] = {"steps": steps, "start": 0.5}
    sweep["axes"] = {"r": {"start": 2.5, "stop": 4.0, "num": 5}}
    path = jobs.run(sweep, root=root, executor="serial", progress=False).path
    moment = second * 10**9 + more
    os.utime(path / ledger.PLACE, ns=(moment, moment))
    return jobs.open(path)["final_state"].values


def test_a_store_that_is_replaced_within_a_second_is_shown_as_it_is_now(tmp_path):
    """The two have the same name, shape, tiles and outcomes, and their ledgers the same second."""
    first = twin(tmp_path, 3, 1_700_000_000, 1_000_000)
    app = Explorer(tmp_path, "?store=twin")
    assert np.array_equal(app.scene.panels[0].curves[0].y, first)
    shutil.rmtree(tmp_path / "twin.zarr")
    second = twin(tmp_path, 4, 1_700_000_000, 5_000_000)
    assert not np.array_equal(first, second)
    app.look()
    assert np.array_equal(app.scene.panels[0].curves[0].y, second)
