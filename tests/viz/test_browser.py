"""The explorer in a real browser: what a reader sees, taps, reloads and may put into an address."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import expect

import jobs
from tests.viz.conftest import CLIFF
from tests.viz.test_escape import PAYLOAD

pytestmark = pytest.mark.browser

LIVE = "equal to the stored numbers bit for bit"


def look(tab, url, word="Simulated now"):
    """Open an address and wait until the live cell is there."""
    tab.goto(url)
    expect(tab.get_by_text(word).first).to_be_visible(timeout=15_000)
    return tab


def canvas(tab):
    return tab.locator(".bk-Canvas").first.bounding_box()


def expect_width(tab, wanted):
    """Wait until the picture is so wide: after a change of the window it is drawn anew."""
    for _ in range(100):
        box = canvas(tab)  # none while the picture is exchanged
        if box is not None and wanted(box["width"]):
            return
        tab.wait_for_timeout(100)
    raise AssertionError(box)


def tap(tab, across, up):
    """Tap the picture at a share of its width and height."""
    box = canvas(tab)
    before = tab.url
    tab.mouse.click(box["x"] + across * box["width"], box["y"] + up * box["height"])
    tab.wait_for_function("before => window.location.href !== before", arg=before)


def choose(tab, label, word, said):
    """Choose a word in a list, and wait until the address says so."""
    tab.get_by_label(label).select_option(word)
    tab.wait_for_function("said => window.location.search.includes(said)", arg=said)


def settled(tab):
    assert not tab.faults, "\n".join(tab.faults)


def test_a_map_a_tap_its_address_and_back(served, shelf, tab):
    app = served(shelf)
    look(tab, f"{app.url}/?store=cliff&variable=loss")
    expect(tab.get_by_text("A small cliff")).to_be_visible()
    expect(tab.get_by_text("1\u202f200 cells, all ok")).to_be_visible()
    expect(tab.get_by_text(LIVE)).to_be_visible()
    tap(tab, 0.4, 0.4)
    cell = re.search(r"cell\.w=([\d.]+)&cell\.b=(-?[\d.]+)", tab.url)
    assert cell, tab.url
    expect(tab.get_by_text(LIVE)).to_be_visible()
    stored = jobs.open("cliff", shelf).loss.sel(w=float(cell[1]), b=float(cell[2]), method="nearest").item()
    expect(tab.get_by_text(f"{stored:.6g}").first).to_be_visible()
    address = tab.url
    look(tab, address)
    assert tab.url == address
    expect(tab.get_by_text(f"{stored:.6g}").first).to_be_visible()
    settled(tab)


def test_the_hover_says_the_coordinates_of_the_cell_and_not_of_the_pointer(served, shelf, tab):
    """Anywhere in a cell it says the cell, as the tap takes it and the card writes it; zoomed in too."""
    look(tab, f"{served(shelf).url}/?store=cliff&variable=loss")
    data = jobs.open("cliff", shelf)
    for _ in range(2):
        tap(tab, 0.43, 0.37)
        cell = re.search(r"cell\.w=([\d.]+)&cell\.b=(-?[\d.]+)", tab.url)
        box = canvas(tab)
        for shift in (0, 3, -2):
            tab.mouse.move(box["x"] + 0.43 * box["width"] + shift, box["y"] + 0.37 * box["height"] - shift)
            values = tab.locator(".bk-tooltip-row-value")
            expect(values.first).to_be_visible()
            held = [float(values.nth(i).inner_text().replace("−", "-")) for i in range(2)]
            for number, dim in zip(held, "wb", strict=True):
                assert np.abs(data[dim].values - number).min() < 5e-4, held
            if not shift:
                assert held == pytest.approx([float(cell[1]), float(cell[2])], abs=5e-4)
        tab.mouse.wheel(0, -400)
        tab.wait_for_timeout(300)
        tab.mouse.move(box["x"] + 5, box["y"] + 5)
    settled(tab)


def test_the_hover_speaks_where_one_cell_of_unequal_ones_fills_the_frame(served, tab, tmp_path):
    """It stood at the middle of the cell, and was silent where that lies outside the frame."""
    even = {"start": 0.1, "stop": 10.0, "num": 5, "scale": "log"}
    sweep = CLIFF | {"axes": {"w": even, "alpha": {**even, "stop": 0.9}}, "observables": ["loss"]}
    sweep["parameters"] = {key: word for key, word in CLIFF["parameters"].items() if key != "alpha"}
    jobs.run(sweep, root=tmp_path, executor="serial", progress=False)
    look(tab, f"{served(tmp_path).url}/?store=cliff&variable=loss")
    box = canvas(tab)
    tab.mouse.move(box["x"] + 0.43 * box["width"], box["y"] + 0.37 * box["height"])
    values = tab.locator(".bk-tooltip-row-value")
    expect(values.first).to_be_visible()
    held = values.all_inner_texts()
    for shift in (1, -1, 1, -1, 1, -1):
        tab.mouse.wheel(0, -400)
        tab.wait_for_timeout(300)
        tab.mouse.move(box["x"] + 0.43 * box["width"] + shift, box["y"] + 0.37 * box["height"])
    tab.wait_for_timeout(500)
    tab.mouse.move(box["x"] + 0.43 * box["width"], box["y"] + 0.37 * box["height"])
    expect(values.first).to_be_visible()
    assert values.all_inner_texts() == held
    settled(tab)


def test_the_back_button_brings_back_what_was_seen(served, shelf, tab):
    """Each choice and tap is one place in the history; the picture and the cell follow it back and forth."""
    app = served(shelf)
    tab.goto("about:blank")
    look(tab, f"{app.url}/?store=cliff&variable=loss")
    tab.wait_for_function("() => window.location.search.includes('cell.w=')")
    first = tab.url
    tap(tab, 0.4, 0.4)
    second = tab.url
    choose(tab, "variable", "gradient", "variable=gradient")
    third = tab.url
    for step, address in ((tab.go_back, second), (tab.go_back, first), (tab.go_forward, second)):
        step()
        value = re.search(r"cell\.w=([\d.]+)", address)[1]
        expect(tab.get_by_role("cell", name=f"{float(value):.4g}", exact=True)).to_be_visible()
        expect(tab.get_by_label("variable")).to_have_value("loss")
        assert tab.url == address
    tab.go_forward()
    expect(tab.get_by_label("variable")).to_have_value("gradient")
    assert tab.url == third
    for _ in range(3):
        tab.go_back()
        tab.wait_for_timeout(300)
    assert tab.url == "about:blank"  # out of the app, and not caught in it
    settled(tab)


def test_both_of_two_maps_with_shapes_over_them_can_be_tapped(served, tab, tmp_path):
    """Basins and the gradient: the one tap and the other each take the start under the pointer."""
    small = {"axes.start.x.num": 41, "axes.start.y.num": 41}
    jobs.run("two-unit-basins", root=tmp_path, executor="serial", progress=False, changes=small)
    look(tab, f"{served(tmp_path).url}/?store=two-unit-basins&variable=basin")
    for number, (across, up) in enumerate([(0.4, 0.35), (0.3, 0.6)]):
        tab.locator(".bk-Canvas").nth(number).scroll_into_view_if_needed()
        box = tab.locator(".bk-Canvas").nth(number).bounding_box()
        before = tab.url
        tab.mouse.click(box["x"] + across * box["width"], box["y"] + up * box["height"])
        tab.wait_for_function("before => window.location.href !== before", arg=before)
        cell = re.search(r"cell\.x=(-?[\d.]+)&cell\.y=(-?[\d.]+)", tab.url)
        assert cell, tab.url
        stored = jobs.open("two-unit-basins", tmp_path).basin.sel(
            x=float(cell[1]), y=float(cell[2]), method="nearest"
        )
        expect(tab.get_by_text(LIVE)).to_be_visible()
        expect(tab.get_by_text(str(stored.item()), exact=True).first).to_be_visible()
    settled(tab)


def test_a_wide_window_is_used_and_a_tap_in_it_is_of_the_cell_under_it(served, shelf, tab):
    """At 2560 pixels the page took the left half; the picture follows the window back, too."""
    tab.set_viewport_size({"width": 2560, "height": 1440})
    look(tab, f"{served(shelf).url}/?store=cliff&variable=loss")
    expect_width(tab, lambda width: width > 1800)
    card = tab.get_by_text("Simulated now").first.bounding_box()
    assert card["x"] > 2200
    assert tab.evaluate("document.scrollingElement.scrollWidth") <= 2560
    assert canvas(tab)["height"] > 1100
    tap(tab, 0.8, 0.4)
    cell = re.search(r"cell\.w=([\d.]+)&cell\.b=(-?[\d.]+)", tab.url)
    values = tab.locator(".bk-tooltip-row-value")
    held = [float(values.nth(i).inner_text().replace("−", "-")) for i in range(2)]
    assert held == pytest.approx([float(cell[1]), float(cell[2])], abs=5e-4)
    tab.set_viewport_size({"width": 1280, "height": 800})
    expect_width(tab, lambda width: width < 700)
    settled(tab)


def test_two_maps_stand_side_by_side_in_a_wide_window(served, tab, tmp_path):
    small = {"axes.start.x.num": 21, "axes.start.y.num": 21}
    jobs.run("two-unit-basins", root=tmp_path, executor="serial", progress=False, changes=small)
    tab.set_viewport_size({"width": 2560, "height": 1440})
    look(tab, f"{served(tmp_path).url}/?store=two-unit-basins&variable=basin")
    expect_width(tab, lambda width: width > 850)
    left, right = (tab.locator(".bk-Canvas").nth(i).bounding_box() for i in range(2))
    assert left["x"] + left["width"] <= right["x"]
    assert right["x"] + right["width"] > 1700
    assert tab.evaluate("document.scrollingElement.scrollWidth") <= 2560
    settled(tab)


@pytest.mark.parametrize("wide", [800, 1280])
def test_nothing_lies_beside_a_narrow_window(served, shelf, tab, wide):
    tab.set_viewport_size({"width": wide, "height": 800})
    look(tab, f"{served(shelf).url}/?store=cliff&variable=loss")
    assert tab.evaluate("document.scrollingElement.scrollWidth") <= wide
    settled(tab)


def test_a_choice_reaches_the_address_and_the_address_the_choice(served, shelf, tab):
    app = served(shelf)
    look(tab, f"{app.url}/?store=cliff&variable=loss")
    choose(tab, "variable", "gradient", "variable=gradient")
    expect(tab.get_by_text("gradient of the loss, at parameter")).to_be_visible()
    choose(tab, "parameter", "b", "at.parameter=b")
    choose(tab, "colours", "linear", "scale=linear")
    address = tab.url
    look(tab, address)
    assert tab.url == address
    assert tab.get_by_label("parameter").evaluate("node => node.selectedOptions[0].text") == "b"
    settled(tab)


def test_a_theory_is_laid_over_a_picture_and_what_is_drawn_may_be_left_out(served, tab, tmp_path):
    small = {"name": "onset", "system": "rnn", "observables": ["largest_lyapunov_exponent"]}
    small["parameters"] = {"units": 20, "steps": 120, "transient": 20, "start": "gaussian"}
    small["axes"] = {"gain": {"start": 0.5, "stop": 2.0, "num": 7}, "seed": {"values": [0, 1, 2]}}
    jobs.run(small, root=tmp_path, executor="serial", progress=False)
    app = served(tmp_path)
    look(tab, f"{app.url}/?store=onset")
    choose(tab, "theory", "onset_of_chaos", "theory=onset_of_chaos")
    expect(tab.get_by_text("Dashed: onset of chaos")).to_be_visible()
    choose(tab, "line", "no", "line=no")
    expect(tab.get_by_text("The line is zero")).to_have_count(0)
    address = tab.url
    look(tab, address)
    assert tab.url == address
    expect(tab.get_by_text("Dashed: onset of chaos")).to_be_visible()
    choose(tab, "view", "spectrum", "view=spectrum")
    tab.get_by_label("theory").select_option("mean_field_exponent")
    expect(tab.get_by_text("Dashed: mean-field theory")).to_be_visible()
    settled(tab)


def test_curves_panels_and_a_cell_by_sliders(served, shelf, tab):
    app = served(shelf)
    look(tab, f"{app.url}/?store=fan&variable=trajectory")
    expect(tab.get_by_text("8 of 13 values of w are drawn")).to_be_visible()
    assert tab.locator(".bk-Canvas").count() >= 3
    settled(tab)


@pytest.mark.parametrize(
    "address",
    [
        "?store=nope",
        "?store=cliff&variable=nope&view=nope",
        "?store=cliff&x=zz&at.q=1&cell.w=abc&cell.z=1",
        "?store=cliff&variable=gradient&at.parameter=%3Cscript%3E",
        "?%00&&&===",
        "?store=../../etc/passwd",
        "?store=cliff&scale=<svg onload=alert(1)>",
    ],
)
def test_a_bad_address_shows_the_defaults_with_a_word(served, shelf, tab, address):
    app = served(shelf)
    look(tab, f"{app.url}/{address}")
    tab.wait_for_function("() => window.location.search.includes('variable=')")
    settled(tab)


def test_text_of_a_store_is_never_run(served, shelf, tab, monkeypatch):
    """The payload in every string of a store: in the map, the curves, the sliders, the card of the cell."""
    from viz.apps import stores

    plain = jobs.open("fan", shelf).load()
    bad = plain.assign_coords(activation=[PAYLOAD, PAYLOAD + "2"])
    said = ("long_name", "units", "comment", "source", "title", "host", "separatrix_version")
    for thing in (*bad.variables.values(), bad):
        kept = {key: thing.attrs[key] for key in ("flag_values", "sweep", "schema") if key in thing.attrs}
        thing.attrs = dict.fromkeys(said, PAYLOAD) | kept
    bad["outcome"].attrs["flag_meanings"] = " ".join(f"{PAYLOAD.split()[0]}/{i}" for i in range(8))
    bad = bad.rename({"final_state": PAYLOAD[:30]})
    sweep = json.loads(plain.attrs["sweep"])
    bad.attrs["sweep"] = json.dumps(sweep | {"system": PAYLOAD, "title": PAYLOAD})
    true_entries = stores.Shelf.entries

    def entries(self):
        said = dict.fromkeys(("title", "system", "note"), PAYLOAD)
        return {name: replace(entry, **said) for name, entry in true_entries(self).items()}

    monkeypatch.setattr(stores.Shelf, "entries", entries)
    monkeypatch.setattr(stores.Shelf, "open", lambda self, entry: bad)
    app = served(shelf)
    for address in (
        "?store=fan",
        "?store=fan&view=map",
        "?store=fan&variable=outcome&view=lines",
        f"?store=fan&view=map&at.activation={PAYLOAD}",
        "?store=fan&view=map&x=activation&y=w",
    ):
        look(tab, f"{app.url}/{address}", word="No live cell")
        box = canvas(tab)
        for share in (0.3, 0.5, 0.7):
            tab.mouse.move(box["x"] + share * box["width"], box["y"] + share * box["height"])
            tab.wait_for_timeout(120)
        assert tab.evaluate("window.hacked") is None, address
        assert tab.locator("img[src=x]").count() == 0, address
    settled(tab)


def test_a_saved_page_works_offline_and_runs_nothing(shelf, tab, tmp_path):
    from viz import draw, save

    data = jobs.open("cliff", shelf).load()
    data.attrs["title"] = PAYLOAD
    data["loss"].attrs |= {"long_name": PAYLOAD, "units": PAYLOAD}
    data["w"].attrs["units"] = PAYLOAD
    for variable, view in (("loss", "map"), ("loss", "lines"), ("gradient", "lines")):
        page = save(draw(data, variable, view), tmp_path / "a.html")
        tab.goto(page.as_uri())
        expect(tab.locator(".bk-Canvas").first).to_be_visible()
        box = canvas(tab)
        tab.mouse.move(box["x"] + 200, box["y"] + 150)
        tab.wait_for_timeout(150)
        assert tab.evaluate("window.hacked") is None
    settled(tab)


def test_a_store_that_breaks_or_goes_is_named_and_the_app_lives(served, stock, tab):
    app = served(stock)
    look(tab, f"{app.url}/?store=cliff&variable=loss")
    for chunk in (stock / "cliff.zarr" / "gradient").rglob("c/**/*"):
        if chunk.is_file():
            chunk.write_bytes(chunk.read_bytes()[:-3] + b"xyz")
    tab.get_by_label("variable").select_option("gradient")
    expect(tab.get_by_text("This picture cannot be drawn")).to_be_visible()
    shutil.rmtree(stock / "cliff.zarr")
    expect(tab.get_by_text("This store cannot be shown any more")).to_be_visible()
    expect(tab.get_by_text("there is no store 'cliff'")).to_be_visible()
    tab.get_by_label("store").select_option("fan")
    expect(tab.get_by_text("A small fan")).to_be_visible()
    settled(tab)


@pytest.mark.slow
@pytest.mark.compiled
def test_a_running_sweep_fills_in(served, stock, tab, tmp_path, repository):
    """The badge counts tiles and the map gains cells while the sweep runs elsewhere; nobody reloads."""
    command = [sys.executable, "-c", "import sys; from viz.cli import main; sys.exit(main())"]
    command += ["run", "pascanu-cliff", "--serial", "--root", str(stock)]
    for setting in ("steps=200000", "axes.w.num=160", "axes.b.num=160"):
        command += ["--set", setting]
    app = served(stock)
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(repository)},
    ) as driver:
        try:
            while not (stock / "pascanu-cliff.zarr").exists():
                assert driver.poll() is None
                tab.wait_for_timeout(50)
            tab.goto(f"{app.url}/?store=pascanu-cliff&variable=loss")
            expect(tab.get_by_text(re.compile(r"running · \d+ of \d+ tiles"))).to_be_visible()
            expect(tab.get_by_text(re.compile(r"cells, .* pending"))).to_be_visible()
            expect(tab.get_by_text("25\u202f600 cells, all ok")).to_be_visible(timeout=90_000)
            expect(tab.get_by_text("done", exact=True)).to_be_visible()
        finally:
            driver.kill()
    settled(tab)
