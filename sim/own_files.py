"""The user's own files that a run is made of: its leaves outside the package, and all that they import.

A store remembers their checksums: numbers of an equation that has been edited since are not those of the
sweep that is asked for. Imports are read from the text, also those inside functions; the standard library and
what is installed beside it are no files of the user.
"""

import ast
import hashlib
import importlib.util
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from sim.errors import refuse

_FLOORS = tuple(Path(__file__).resolve().parent.parent / floor for floor in ("sim", "jobs", "viz"))
_INSTALLED = {"site-packages", "dist-packages"}
_STANDARD = tuple(Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib"))
_seen: dict[str, tuple[Any, str]] = {}  # by a module's name: how it was loaded, and the checksum at that time


class OwnFile(NamedTuple):
    """A file of the user: what messages call it, where it lies, its checksum when it was loaded."""

    name: str
    path: str
    checksum: str


def is_own(file: str) -> bool:
    """Whether a file lies outside the package."""
    return not any(Path(file).resolve().is_relative_to(floor) for floor in _FLOORS)


def own_files(modules: Iterable[ModuleType], folder: Path | None = None) -> tuple[OwnFile, ...]:
    """Those of these modules that are the user's, and what they import of the user's, each file once.

    folder: that of the sweep file; files in it are named from there.
    Errors: Refused where a file has changed since it was imported: what runs is not what it says.
    """
    waiting = {module.__name__: str(module.__file__) for module in modules if _has_file(module)}
    waiting = {name: file for name, file in waiting.items() if is_own(file)}
    found: dict[str, OwnFile] = {}
    while waiting:
        name, file = waiting.popitem()
        if file not in found:
            data = Path(file).read_bytes()
            found[file] = OwnFile(_said(name, file, folder), file, _loaded(name, file, data))
            waiting |= dict(_imports(name, data))
    return tuple(sorted(found.values()))


def changed(files: Iterable[OwnFile]) -> list[str]:
    """The names of those that are no longer as they were loaded."""
    return [file.name for file in files if _checksum(file.path) != file.checksum]


def remember(module: ModuleType) -> None:
    """Note what a module's file says now that it is imported, where it is the user's."""
    if _has_file(module) and is_own(str(module.__file__)):
        _loaded(module.__name__, str(module.__file__), Path(str(module.__file__)).read_bytes())


def differing(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """What differs between two sets of files by name and checksum; files that only moved do not."""
    if sorted(before.values()) == sorted(now.values()):
        return []
    other = [name for name, checksum in now.items() if before.get(name) != checksum]
    return [*other, *(f"{name} (no longer used)" for name in before if name not in now)]


def _loaded(name: str, file: str, data: bytes) -> str:
    """The checksum of a module's file, which Python does not read a second time."""
    checksum = hashlib.sha256(data).hexdigest()
    module = sys.modules.get(name)
    if module is None:  # imported inside a function that has not run yet
        return checksum
    spec, first = _seen.setdefault(name, (module.__spec__, checksum))
    if spec is not module.__spec__:  # importlib.reload has read it again
        _seen[name] = (module.__spec__, checksum)
    elif first != checksum:
        raise refuse(file, "has changed since this Python imported it; start Python anew to run what it says")
    return checksum


def _imports(name: str, data: bytes) -> Iterator[tuple[str, str]]:
    """Names and files of the user's modules that a text imports."""
    module = sys.modules.get(name)
    package = getattr(module, "__package__", None) or name.rpartition(".")[0]
    for node in ast.walk(ast.parse(data)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            try:
                base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            except ImportError:
                continue
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        else:
            continue
        for dotted in names:
            yield from _along(dotted)


def _along(dotted: str) -> Iterator[tuple[str, str]]:
    """The user's modules along a dotted name: packages before what they hold."""
    words = dotted.split(".")
    for count in range(1, len(words) + 1):
        name = ".".join(words[:count])
        file = _file_of(name)
        if file is None or not is_own(file) or _installed(file):
            return
        yield name, file


def _file_of(name: str) -> str | None:
    if name in sys.modules:
        module = sys.modules[name]
        return str(module.__file__) if _has_file(module) else None
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None
    return spec.origin if spec and spec.origin and spec.origin.endswith(".py") else None


def _has_file(module: Any) -> bool:
    return str(getattr(module, "__file__", None) or "").endswith(".py")


def _installed(file: str) -> bool:
    path = Path(file).resolve()
    return bool(_INSTALLED & set(path.parts)) or any(path.is_relative_to(folder) for folder in _STANDARD)


def _said(name: str, file: str, folder: Path | None) -> str:
    start = (folder or Path()).resolve()
    path = Path(file).resolve()
    return str(path.relative_to(start)) if path.is_relative_to(start) else name


def _checksum(path: str) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return ""
