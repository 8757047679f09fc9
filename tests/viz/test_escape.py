"""No string of a file becomes markup: the functions that escape, a lint of every sink that runs script."""

import ast
from pathlib import Path

import pytest

from viz.apps import page
from viz.escape import Markup, esc, html, joined, plain

PAYLOAD = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\'"`&'
RAW = {
    *("HTML", "Markdown", "Str", "Alert", "StaticText", "Card", "Accordion", "Number", "TooltipIcon", "Div"),
    *("MultiChoice", "DiscreteSlider", "DataFrame", "Tabulator", "JSON", "LaTeX", "SVG", "Trend", "Template"),
}
WORDS = {"description", "raw_css", "raw_html"}


def test_text_becomes_text():
    assert "<" not in esc(PAYLOAD)
    assert "<script" not in html("p", PAYLOAD)
    assert html("b", html("i", "x"), "<") == "<b><i>x</i>&lt;</b>"
    assert joined(PAYLOAD, Markup("<br>")).endswith("<br>")
    assert esc(Markup("<b>")) == "<b>"


def test_a_part_of_markup_is_not_markup():
    """Cutting or adding to markup gives plain text again, which is escaped."""
    assert "<" not in esc(Markup("<b>")[:2] + "img")


def test_control_characters_and_length():
    assert "\x00" not in esc("a\x00\x1b[31mb")
    assert len(plain("x" * 9999)) == 200
    assert plain("4\u202f096") == "4\u202f096"


def test_the_blocks_of_the_page_escape_what_they_are_given():
    for made in (
        page.fault(PAYLOAD, PAYLOAD),
        page.word(PAYLOAD),
        page.table({PAYLOAD: PAYLOAD}),
        page.heading(PAYLOAD, PAYLOAD, PAYLOAD, 0.5),
        page.section(PAYLOAD),
    ):
        assert "<img" not in made
        assert "<script" not in made
    pane = page.block(PAYLOAD)
    assert "<img" not in pane.object
    page.put(pane, PAYLOAD)
    assert "<img" not in pane.object


def calls(file: Path):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            yield node, name


@pytest.mark.parametrize("file", sorted(Path("viz").rglob("*.py")), ids=str)
def test_sinks_that_run_script_stand_behind_one_door(file, repository):
    """Parts whose text is HTML are made in `page.block` alone; markup in `escape` and from constants."""
    for node, name in calls(repository / file):
        where = f"{file}:{node.lineno}"
        if name in RAW and ast.unparse(node.func) != "pd.DataFrame":
            assert (file.name, name) == ("page.py", "HTML"), f"{where}: {name} shows HTML; use page.block"
        named = {word.arg for word in node.keywords}
        assert not named & WORDS or file.name == "server.py", f"{where}: {named & WORDS} becomes HTML"
        if name == "Markup" and file.name != "escape.py":
            text = node.args[0]
            known = isinstance(text, ast.Constant) or (file.name == "page.py" and isinstance(text, ast.Name))
            assert known, f"{where}: only constants are markup; build the rest with escape.html"
        assert name not in {"Row", "Column"} or not any(
            isinstance(part, ast.Constant | ast.JoinedStr) for part in node.args
        ), f"{where}: text in a layout becomes Markdown"
