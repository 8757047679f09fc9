"""Every picture renders, in both forms and without a warning, whatever is in the store."""

import subprocess
import sys

import numpy as np
import pytest
from bokeh.models import Quad
from PIL import Image

from tests.viz import stores
from viz import draw, save, scene
from viz.elements import figure
from viz.keys import explained, keys
from viz.raster import paint
from viz.reading import Unseen


def _signs(shape):
    return (-1.0) ** np.arange(np.prod(shape)).reshape(shape)


AXES = {
    "linear": np.linspace(-1, 1, 6),
    "down": np.linspace(1, -1, 6),
    "log": np.geomspace(1e-3, 1e3, 6),
    "uneven": np.array([0.0, 0.1, 0.5, 2.0, 7.0, 9.0]),
    "words": np.array(["identity", "sigmoid", "tanh", "relu", "elu", "softplus"], dtype=object),
    "one": np.array([3.0]),
}
NUMBERS = {
    "plain": lambda shape: np.linspace(0, 1, np.prod(shape)).reshape(shape),
    "nan": lambda shape: np.where(np.arange(np.prod(shape)).reshape(shape) % 3, 1.0, np.nan),
    "all nan": lambda shape: np.full(shape, np.nan),
    "inf": lambda shape: np.where(np.arange(np.prod(shape)).reshape(shape) % 2, np.inf, -np.inf),
    "zero": np.zeros,
    "decades": lambda shape: np.logspace(-300, 300, int(np.prod(shape))).reshape(shape),
    "signed": lambda shape: np.logspace(-9, 3, np.prod(shape)).reshape(shape) * _signs(shape),
    "counts": lambda shape: np.arange(-1, np.prod(shape) - 1, dtype=np.int32).reshape(shape),
    "flags": lambda shape: np.ones(shape, bool),
}


@pytest.mark.parametrize("numbers", NUMBERS)
@pytest.mark.parametrize("x", AXES)
def test_maps_render(x, numbers, tmp_path):
    y = "words" if x != "words" else "log"
    shape = (len(AXES[x]), len(AXES[y]))
    data = stores.dataset({"loss": (("p", "q"), NUMBERS[numbers](shape))}, {"p": AXES[x], "q": AXES[y]})
    _both(data, "map", tmp_path)


@pytest.mark.parametrize("numbers", NUMBERS)
@pytest.mark.parametrize("x", AXES)
def test_lines_render(x, numbers, tmp_path):
    shape = (len(AXES[x]), 2)
    data = stores.dataset(
        {"loss": (("p", "seed"), NUMBERS[numbers](shape))}, {"p": AXES[x], "seed": np.arange(2)}
    )
    _both(data, "lines", tmp_path)


def _both(data, view, folder):
    seen = scene(data, "loss", view)
    save(seen, folder / "a.png")
    with Image.open(folder / "a.png") as picture:
        assert np.asarray(picture).std() > 0
    assert figure(draw(data, "loss", view)) is not None


@pytest.mark.parametrize("maker", [stores.cliff, stores.fan, stores.logistic, stores.mandelbrot])
def test_shipped_kinds_of_store_render(maker, tmp_path):
    data = maker()
    element = draw(data)
    save(element, tmp_path / "a.png")
    page = save(element, tmp_path / "a.html").read_text()
    assert "<script src=" not in page
    assert "http-equiv" not in page
    assert element.scene.caption.split(",")[0][:20] in page


def test_a_picture_shows_the_cells_it_has():
    """A quarter of the plane is the wall: its colours are in that quarter of the PNG's cells."""
    values = np.zeros((40, 40))
    values[20:, :20] = 1.0
    data = stores.dataset({"loss": (("w", "b"), values)}, {"w": np.arange(40.0), "b": np.arange(40.0)})
    colours = paint(scene(data, "loss"))
    assert (colours[:20, 20:] == colours[0, 39]).all()
    assert not (colours[20:, :20] == colours[0, 39]).all(axis=-1).any()


def test_missing_and_never_are_drawn_apart():
    data = stores.mandelbrot(30, 40)
    data["outcome"][0, 0] = 2
    data["escape_time"][0, 0] = -1
    colours = paint(scene(data, "escape_time"))
    assert {(14, 14, 22)} <= {tuple(row) for row in colours.reshape(-1, 3).tolist()}


def test_a_page_says_what_its_colours_outside_the_scale_mean(tmp_path):
    """The PNG has squares beside its colours; a page and the app had black and grey without a word."""
    data = stores.mandelbrot(30, 40)
    assert [word for _, word in keys(scene(data, "escape_time"))] == ["never escaped"]
    data["outcome"][0, 0] = 2
    data["escape_time"][0, 0] = -1
    seen = scene(data, "escape_time")
    assert [word for _, word in keys(seen)] == ["never escaped", "diverged"]
    page = save(draw(data, "escape_time"), tmp_path / "a.html").read_text()
    assert str(explained(seen)) in page
    assert explained(scene(stores.cliff(8), "loss")) == ""
    assert explained(scene(stores.fan(), "trajectory")) == ""


def test_no_white_shows_between_the_cells_of_a_logarithmic_map():
    axes = {"a": np.geomspace(1e-3, 1.0, 9), "b": np.geomspace(0.1, 10.0, 8)}
    data = stores.dataset({"loss": (("a", "b"), np.linspace(0, 1, 72).reshape(9, 8))}, axes)
    (cells,) = [one.glyph for one in figure(draw(data, "loss")).renderers if isinstance(one.glyph, Quad)]
    assert cells.line_color == cells.fill_color
    assert (cells.line_alpha, cells.line_width) == (1, 1)


def test_long_and_odd_texts_fit(tmp_path):
    data = stores.cliff(8)
    data.attrs["title"] = "w" * 500 + "\n\x07 <b>"
    data["loss"].attrs |= {"long_name": "∂L/∂h " * 60, "units": "µV·s⁻¹"}
    save(scene(data, "loss"), tmp_path / "a.png")
    save(draw(data, "loss"), tmp_path / "a.html")


def test_an_element_that_was_changed_is_not_drawn_as_it_was(tmp_path):
    element = draw(stores.cliff(8), "loss")
    element.opts(cmap="viridis")
    try:
        import matplotlib as mpl
    except ModuleNotFoundError:
        with pytest.raises(Unseen, match="matplotlib"):
            save(element, tmp_path / "a.png")
    else:
        assert mpl


@pytest.mark.parametrize(("name", "message"), [("a.jpg", r"\.png or \.html"), ("nowhere/a.png", "no folder")])
def test_a_wrong_target_is_refused_before_drawing(name, message, tmp_path):
    with pytest.raises(Unseen, match=message):
        save(scene(stores.cliff(4), "loss"), tmp_path / name)


def test_a_map_as_png_needs_no_plotting_library(repository):
    """The way from a store to a PNG imports neither HoloViews nor Bokeh, Panel, datashader or matplotlib."""
    code = (
        "import sys, tempfile, pathlib; from tests.viz import stores; from viz import save, scene;"
        "save(scene(stores.cliff(16), 'loss'), pathlib.Path(tempfile.mkdtemp()) / 'a.png');"
        "print({'holoviews', 'bokeh', 'panel', 'datashader', 'matplotlib', 'numba'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=repository
    )
    assert done.stdout.strip() == "set()"
