"""The shipped sweeps in the browser, made small: every view of gradients and memories can be touched."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

import jobs
from jobs.sweep import Sweep
from tests.viz.test_browser import choose
from viz import save, scene

pytestmark = [pytest.mark.compiled, pytest.mark.slow]

SMALL = {
    "memory-length": {"axes.metric.values": ["analog"], "axes.activation.values": ["tanh", "relu"]},
    "gradient-by-lag": {},
    "singular-values": {"parameters.units": 16, "axes.gain.num": 12, "axes.activation.values": ["tanh"]},
    "lstm-forget-bias": {
        "observables": ["gradient_through_time", "gate_trace"],
        "parameters.units": 24,
        "parameters.steps": 30,
        "axes.b_f.num": 6,
    },
    "mlp-gradients": {
        "parameters.layers": 6,
        "parameters.width": 64,
        "axes.weights.values": ["xavier"],
        "axes.batch.values": [8],
    },
}
PICTURES = [
    ("memory-length", "memory_length", "memory", "never forgotten within 1000 steps", 1),
    ("gradient-by-lag", "gradient_by_lag", "lags", "what truncation to p steps keeps", 2),
    ("gradient-by-lag", "gradient_by_lag", "gradient_map", "are exactly zero", 1),
    ("singular-values", "log_singular_values", "singular_values", "number of directions that are left", 4),
    ("lstm-forget-bias", "gradient_through_time", "gradient_map", "part = h", 1),
    ("lstm-forget-bias", "gate_trace", "gates", "shut at 0 and open at 1", 1),
    ("mlp-gradients", "neuron_gradient_norm", "histograms", "exactly zero and left out", 4),
    ("mlp-gradients", "neuron_gradient_norm", "gradient_map", "has no more neurons", 1),
]


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with the shipped sweeps, made small."""
    root = tmp_path_factory.mktemp("gallery")
    for name, changes in SMALL.items():
        jobs.run(Sweep.read(name, changes), root=root, executor="serial", progress=False)
    return root


def look(tab, address):
    tab.goto(address)
    expect(tab.get_by_text("equal to the stored numbers bit for bit")).to_be_visible(timeout=30_000)
    return tab


@pytest.mark.parametrize(("store", "variable", "view", "said", "panels"), PICTURES)
def test_the_same_picture_without_xarray(gallery, store, variable, view, said, panels, tmp_path):
    glanced, opened = (scene(opening(store, gallery), variable, view) for opening in (jobs.glance, jobs.open))
    assert said.lower() in glanced.caption.lower()
    for name in ("a", "b"):
        save(glanced if name == "a" else opened, tmp_path / f"{name}.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.browser
@pytest.mark.parametrize(("store", "variable", "view", "said", "panels"), PICTURES)
def test_every_picture_is_in_the_app_with_its_live_cell(
    served, gallery, tab, store, variable, view, said, panels
):
    app = served(gallery)
    look(tab, f"{app.url}/?store={store}&variable={variable}&view={view}")
    expect(tab.get_by_text(re.compile(re.escape(said), re.IGNORECASE))).to_be_visible()
    chosen = tab.get_by_label("view").evaluate("node => node.selectedOptions[0].text")
    assert chosen == view.replace("_", " ")
    assert tab.locator(".bk-Canvas").count() >= panels
    assert not tab.faults, "\n".join(tab.faults)


@pytest.mark.browser
def test_the_part_of_the_state_and_the_form_of_the_gates_are_chosen(served, gallery, tab):
    app = served(gallery)
    look(tab, f"{app.url}/?store=lstm-forget-bias&variable=gradient_through_time")
    choose(tab, "part", "c", "at.part=c")
    expect(tab.get_by_text("part = c")).to_be_visible()
    expect(tab.get_by_text("are exactly zero")).to_be_visible()
    choose(tab, "variable", "gate_trace", "view=gates")
    choose(tab, "form", "lines", "form=lines")
    assert not tab.faults, "\n".join(tab.faults)
