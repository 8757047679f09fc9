"""The three floors read as syntax trees: what imports what, what is compiled. Nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
FLOORS = ("sim", "jobs", "viz")  # a floor may import itself and what stands before it
LEAVES = ("sim/systems", "sim/tasks", "sim/observables", "sim/theory", "viz/views")


@dataclass(frozen=True)
class Source:
    """One source file: `name` is its dotted module name, `path` its place from the repository's root."""

    path: str
    name: str
    text: str
    tree: ast.Module

    @property
    def floor(self) -> str:
        return self.path.split("/", 1)[0]

    @property
    def is_leaf(self) -> bool:
        """Whether the file lies in a folder of leaves and is not private to it (`__init__`, `_name`)."""
        folder, _, file = self.path.rpartition("/")
        return folder in LEAVES and not file.startswith("_")

    def imports(self) -> Iterator[tuple[int, str]]:
        """Line and dotted name of everything imported, at the top, inside functions, under TYPE_CHECKING."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield node.lineno, alias.name
            elif isinstance(node, ast.ImportFrom):
                package = (
                    self.name.split(".") if self.path.endswith("__init__.py") else self.name.split(".")[:-1]
                )
                base = package[: len(package) - node.level + 1] if node.level else []
                stem = [*base, *([node.module] if node.module else [])]
                for alias in node.names:
                    yield node.lineno, ".".join([*stem, alias.name])

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


def read(path: Path, repository: Path = REPOSITORY) -> Source:
    place = path.relative_to(repository).as_posix()
    name = place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    text = path.read_text(encoding="utf-8")
    return Source(place, name, text, ast.parse(text, place))


def sources(repository: Path = REPOSITORY) -> list[Source]:
    """Every source file of the three floors, in order of its path."""
    return [read(path, repository) for floor in FLOORS for path in sorted((repository / floor).rglob("*.py"))]


def module_graph(files: list[Source]) -> dict[str, set[str]]:
    """Module -> modules of ours that it imports at its top level (what an import cycle is made of)."""
    names = {file.name for file in files}
    graph: dict[str, set[str]] = {file.name: set() for file in files}
    for file in files:
        inside = {id(inner) for function in file.functions() for inner in ast.walk(function)}
        top = ast.Module(
            [node for node in ast.walk(file.tree) if _imports(node) and id(node) not in inside], []
        )
        for _, target in Source(file.path, file.name, "", top).imports():
            found = target if target in names else target.rpartition(".")[0]
            if found in names and found != file.name:
                graph[file.name].add(found)
    return graph


def cycle(graph: dict[str, set[str]]) -> list[str]:
    """One import cycle as a path that ends where it begins, or nothing."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for target in sorted(graph[name]):
            if found := visit(target, [*path, name]):
                return found
        done.add(name)
        return []

    for start in sorted(graph):
        if found := visit(start, []):
            return found
    return []


def _imports(node: ast.AST) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)
