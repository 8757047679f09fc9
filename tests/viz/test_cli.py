import re
import tomllib

import pytest
from PIL import Image

import jobs
from sim.names import listing
from viz.describe import KINDS, describe


def test_show_draws_a_png_and_a_page(separatrix, shelf, tmp_path):
    done = separatrix("show", "cliff", "--root", str(shelf), "--variable", "gradient", "--at", "parameter=b")
    assert done.returncode == 0, done.stderr
    assert "at parameter = b" in done.stdout
    with Image.open(tmp_path / "cliff.png") as picture:
        assert picture.size == (1280, 960)
    done = separatrix(
        "show", "fan", "--root", str(shelf), "--view", "lines", "-o", "fan.html", "--option", "log=no"
    )
    assert done.returncode == 0, done.stderr
    assert "<html" in (tmp_path / "fan.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "nothing"], "nothing"),
        (["show", "cliff", "--variable", "lost"], "it has loss, gradient, outcome"),
        (["show", "cliff", "--view", "mpa"], "no such view"),
        (["show", "cliff", "-o", "a.gif"], ".png or .html"),
        (["show", "cliff", "-o", "no/where/a.png"], "no folder"),
        (["show", "cliff", "--at", "parameter"], "KEY=VALUE"),
        (["show", "cliff", "--option", "scale=cubic"], "linear"),
        (["show", "cliff", "--option", "color=red"], "no such option"),
        (["describe", "systm"], "system"),
        (["describe", "system", "rn"], "rnn"),
        (["describe", "view", "mp"], "map"),
        (["serve", "--port", "99999"], "65535"),
    ],
)
def test_wrong_input_is_one_message_and_code_two(separatrix, shelf, arguments, message):
    root = ["--root", str(shelf)] if arguments[0] != "describe" else []
    done = separatrix(*arguments, *root)
    assert done.returncode == 2, done.stdout + done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout


@pytest.mark.compiled
def test_the_demonstration_finds_the_wall_and_recomputes_nothing(separatrix, root):
    first = separatrix("demo", "--no-serve", "--root", str(root))
    assert first.returncode == 0, first.stderr
    height, slope = map(float, re.search(r"wall +b = ([\d.]+) − ([\d.]+) w", first.stdout).groups())
    assert height == pytest.approx(0.5, abs=0.01)
    assert slope == pytest.approx(0.62246, abs=0.002)
    line = re.search(r'xr\.open_zarr\("(.+)"\)', first.stdout)[1]
    assert jobs.open(line).sizes["w"] == 512
    again = separatrix("demo", "--no-serve", "--root", str(root))
    assert "nothing" in again.stdout


def leaves():
    return [(kind, name) for kind, package in KINDS.items() for name in listing(package)]


@pytest.mark.parametrize(("kind", "name"), leaves(), ids=lambda part: part)
def test_every_leaf_is_described_with_an_example_that_runs(kind, name, tmp_path):
    text = describe(kind, name)
    assert text.startswith(f"{kind} {name}")
    assert "example" in text
    if kind not in ("view", "theory"):  # those show a command
        example = text.partition("example\n")[2]
        raw = tomllib.loads("\n".join(line[2:] for line in example.splitlines()))
        for axis in raw["axes"].values():
            axis["num"] = 2  # both ends: a network of layers takes a second for each cell
        result = jobs.run(raw, root=tmp_path, progress=False, executor="serial")
        assert result.messages == ()
        assert result.failed == 0


def test_the_vocabulary_lists_every_leaf():
    text = describe()
    for _, name in leaves():
        assert f"  {name} " in text
    assert "units (integer; fixed) = 1" in describe("system", "rnn")
