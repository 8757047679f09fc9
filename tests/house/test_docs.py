"""What the documents say is done: every block of README.md and docs/ runs, in order, in an empty folder."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from sim.names import listing
from tests.house.documents import SET_UP, Block, blocks, commands, run
from tests.house.floors import REPOSITORY

DOCUMENTS = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
NOT_RUN = {
    "ruff",
    "mypy",
    "pip",
    "pixi",
    "python",
    ".ci/run",
    "separatrix serve",
}  # other tests and CI run these


@pytest.mark.compiled
@pytest.mark.slow
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_block_runs(path: Path, tmp_path, monkeypatch, separatrix):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))

    def command(words: list[str]) -> None:
        if words[:3] == SET_UP.split():
            words = words[words.index("demo") - 1 :] if "demo" in words else ["python"]
        while words and "=" in words[0]:
            words = words[1:]
        if words[0].removeprefix(".venv/bin/") == "separatrix" and words[1] != "serve":
            extra = ["--no-serve"] if words[1] == "demo" else []
            done = separatrix(*words[1:], *extra, cwd=tmp_path)
            assert done.returncode == 0, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
            assert "Traceback" not in done.stderr
        else:
            assert words[0] in NOT_RUN or " ".join(words[:2]) in NOT_RUN, f"nobody runs {words}"

    run(path, tmp_path, command)


def _sweeps() -> list[tuple[str, str]]:
    return [
        (f"{path.name}:{block.line}", block.text)
        for path in DOCUMENTS
        for block in blocks(path.read_text(encoding="utf-8"))
        if block.kind == "toml" and "system" in tomllib.loads(block.text)
    ]


@pytest.mark.parametrize(("place", "text"), _sweeps(), ids=lambda value: value if "\n" not in value else "")
def test_every_sweep_is_one(place, text):
    plan = tomllib.loads(text)
    assert {"name", "system", "observables"} <= set(plan), place
    keys = {"name", "title", "system", "task", "observables", "parameters", "axes", "curves", "curve_period"}
    assert set(plan) <= keys, place


# ------------------------------------------------------------------------------------------------ the
# README's frame

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
README_COMMANDS = [words for block in blocks(README) if block.kind == "console" for words in commands(block)]


def test_there_are_exactly_two_set_up_commands():
    set_up = [" ".join(words) for words in README_COMMANDS if words[:3] == SET_UP.split()]
    assert len(set_up) == 2
    main, tests = set_up
    assert main.endswith(".venv/bin/separatrix demo")
    assert tests.endswith(".venv/bin/python -m pytest")
    assert main.rpartition(" && ")[0] == tests.rpartition(" && ")[0]
    assert "requirements.lock" in main


def test_every_task_of_pixi_stands_in_the_readme():
    pixi = tomllib.loads((REPOSITORY / "pixi.toml").read_text(encoding="utf-8"))
    tasks = [
        *pixi["tasks"].values(),
        *(t for f in pixi["feature"].values() for t in f.get("tasks", {}).values()),
    ]
    said = [" ".join(words).replace(".venv/bin/", "") for words in README_COMMANDS]
    for task in tasks:
        assert any(line == task["cmd"] or line.endswith(" " + task["cmd"]) for line in said), task["cmd"]


def test_files_that_documents_name_exist():
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name} names {target}"


def test_the_tables_of_systems_name_leaves_only():
    text = (REPOSITORY / "docs" / "systems.md").read_text(encoding="utf-8")
    for kind in ("systems", "observables", "tasks"):
        room = text.partition(f"\n## {kind.title()}\n")[2].partition("\n## ")[0]
        rows = re.findall(r"^\| (`[^|]+)\|", room, re.MULTILINE)
        named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
        assert len(named) > 10
        assert named <= set(listing(f"sim.{kind}"))


def test_the_users_own_system_is_at_most_fifteen_lines():
    (own,) = [block for block in blocks(README) if block.kind == "python" and block.name]
    code = own.text.partition('"""\n')[2] if own.text.startswith('"""') else own.text
    assert len(code.strip().splitlines()) <= 15


# --------------------------------------------------------------------------------------------- the reader is
# tested too


def test_the_reader_finds_blocks_with_their_lines():
    text = "a\n\n```toml x.toml\nname = 1\n```\nb\n```console\n$ one \\\n  two # three\nsaid\n```\n"
    toml, console = blocks(text)
    assert toml == Block("toml", "x.toml", "name = 1\n", 4)
    assert list(commands(console)) == [["one", "two"]]


def test_a_document_that_lies_is_caught(tmp_path):
    path = tmp_path / "lie.md"
    path.write_text("```pycon\n>>> 1 + 1\n3\n```\n")
    with pytest.raises(AssertionError, match="Got:"):
        run(path, tmp_path, lambda words: None)
    path.write_text(
        "```python\nx = 2\n```\n```pycon\n>>> x\n2\n>>> y = x\n```\n```python\nassert y == 2\n```\n"
    )
    run(path, tmp_path, lambda words: None)
