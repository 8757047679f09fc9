"""Which files are reached: a reader of lines misses nothing that Python's parser finds."""

import ast
from pathlib import Path

import pytest

from sim import compile as machine_code
from sim import run, sources
from sim.sources import named, reached

SIM = Path(run.__file__).resolve().parent
FILES = sorted(SIM.rglob("*.py"))


def parsed(file: Path) -> set[Path]:
    """The files of `sim` that a file imports, by its syntax tree."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    found = set()
    for name in names:
        words = name.split(".")
        for count in range(1, len(words) + 1):
            place = SIM.parent.joinpath(*words[:count])
            found |= {path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()}
    return {path for path in found if path.is_relative_to(SIM)}


def test_lines_tell_what_the_parser_tells():
    """And hardly more: what generated code imports is written in a string."""
    assert len(FILES) > 150
    more = {}
    for file in FILES:
        found = set(named(file.read_text()))
        assert found >= parsed(file), file
        more[file] = found - parsed(file)
    assert sum(map(bool, more.values())) < 0.1 * len(FILES)


def test_what_is_reached_is_closed_and_holds_what_is_imported_far_away():
    found = set(reached([SIM / "observables" / "fixed_points.py"]))
    assert SIM / "fixed_points" / "isolated.py" in found
    assert all(parsed(file) <= found for file in found)
    assert SIM / "tasks" / "adding.py" not in found


def test_a_text_in_parentheses_and_inside_a_function():
    text = "from sim.fixed_points import (\n    certain,\n    kinks,\n)\ndef f():\n    import sim.draws\n"
    places = {path.relative_to(SIM).as_posix() for path in named(text)}
    assert places == {
        "__init__.py",
        "fixed_points/__init__.py",
        "fixed_points/certain.py",
        "fixed_points/kinks.py",
        "draws.py",
    }


@pytest.mark.parametrize("place", ["draws.py", "fixed_points/isolated.py", "sources.py"])
def test_a_file_far_away_changes_the_digest(place: str, monkeypatch: pytest.MonkeyPatch):
    start = [SIM / "observables" / "fixed_points.py"]
    before = machine_code.sources_digest([], start)
    assert machine_code.sources_digest([], start) == before
    whole = sources.read
    changed = SIM / place
    monkeypatch.setattr(machine_code, "read", lambda file: whole(file) + ("#" if file == changed else ""))
    assert machine_code.sources_digest([], start) != before


def test_generated_code_is_known_by_what_it_imports():
    text = "from sim.lanes import splat\n"
    assert machine_code.digest_of(text) != machine_code.digest_of(text.replace("lanes", "elementary"))
