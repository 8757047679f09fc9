"""Documents as programs: their fenced blocks in order, and how each kind runs.

```toml name.toml`, ```python name.py`: a file of that name in the working folder (the TOML must be a valid
sweep). ```python`: run; ```pycon`: run, and what it shows must be what the document shows. ```console`:
commands. All blocks of one document share a working folder and a namespace.
"""

from __future__ import annotations

import doctest
import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

FENCE = re.compile(r"^```(\w+)?[ \t]*(\S*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SET_UP = "python3 -m venv"


class Block(NamedTuple):
    """A fenced block: `kind` is the language, `name` the file that it is, `line` where its text begins."""

    kind: str
    name: str
    text: str
    line: int


def blocks(document: str) -> Iterator[Block]:
    for found in FENCE.finditer(document):
        kind, name, text = found.groups()
        yield Block(kind or "", name, text, document.count("\n", 0, found.start(3)) + 1)


def commands(block: Block) -> Iterator[list[str]]:
    """The commands after `$ `, as words; continued lines joined."""
    for line in block.text.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            yield shlex.split(line[2:], comments=True)


def run(path: Path, folder: Path, command: Callable[[list[str]], None]) -> None:
    """Run one document from top to bottom in `folder`, the working directory; commands go to `command`."""
    namespace: dict[str, Any] = {"__name__": "__document__"}
    for block in blocks(path.read_text(encoding="utf-8")):
        place = f"{path.name}:{block.line}"
        if block.name:
            (folder / block.name).parent.mkdir(parents=True, exist_ok=True)
            (folder / block.name).write_text(block.text, encoding="utf-8")
        elif block.kind == "python":
            exec(compile("\n" * (block.line - 1) + block.text, place, "exec"), namespace)
        elif block.kind == "pycon":
            _converse(block, place, namespace)
        elif block.kind == "console":
            for words in commands(block):
                command(words)


def _converse(block: Block, place: str, namespace: dict[str, Any]) -> None:
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    test = doctest.DocTestParser().get_doctest(block.text, namespace, place, str(place), block.line - 1)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=options)
    runner.run(test, out=said.append, clear_globs=False)
    namespace.update(test.globs)
    assert not runner.summarize(verbose=False).failed, "".join(said)
