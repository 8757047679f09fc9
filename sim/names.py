"""Leaves are found by name: the import system is the registry.

A bare name is a file in a package of leaves (`find("sim.systems", "rnn")` is sim/systems/rnn.py), a dotted
name any module on the Python path, a path that ends in `.py` a file relative to a folder (that of the sweep
file, which `beside` says for all that is found within it). Nothing is imported to list.
"""

import contextlib
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType

from sim.errors import Refused, nearest, refuse
from sim.leaves import check_form
from sim.own_files import remember

_FOLDER: ContextVar[Path | None] = ContextVar("folder", default=None)


@contextlib.contextmanager
def beside(folder: Path | None) -> Iterator[None]:
    """Within this, paths that end in .py start at the folder (none: the working folder), in this thread."""
    before = _FOLDER.set(folder)
    try:
        yield
    finally:
        _FOLDER.reset(before)


def listing(package: str) -> tuple[str, ...]:
    """The names of the leaves in a package, sorted.

    >>> "rnn" in listing("sim.systems")
    True
    """
    spec = importlib.util.find_spec(package)
    folders = [Path(p) for p in (spec.submodule_search_locations or [])] if spec else []
    return tuple(
        sorted(f.stem for folder in folders for f in folder.glob("*.py") if not f.stem.startswith("_"))
    )


def title(name: str) -> str:
    """What a leaf is called in a store: a file or a dotted module by its last word.

    >>> title("./my_lab/energy.py"), title("my_lab.energy"), title("norm")
    ('energy', 'energy', 'norm')
    """
    return Path(name).stem if name.endswith(".py") else name.rpartition(".")[2]


def find(package: str, name: str, folder: Path | None = None) -> ModuleType:
    """The leaf of this name; refused with what comes close, or with the error of the user's own file."""
    kind = package.rpartition(".")[2]
    place = kind if kind.endswith("observables") else kind.removesuffix("s")
    if name.endswith(".py"):
        return _formed(package, place, _from_file(place, Path(folder or _FOLDER.get() or ".") / name))
    if "/" in name or name.startswith("."):
        raise refuse(place, f"{name!r:.80} is the path of no Python file: such a path ends in .py")
    if "." in name:
        return _formed(package, place, _imported(place, name))
    if not name.isidentifier() or name not in listing(package):
        raise refuse(
            place,
            f"{name!r:.80} is no {kind.removesuffix('s')}; {nearest(name, listing(package))}; "
            "your own file is named by its dotted module or by a path ending in .py",
        )
    return importlib.import_module(f"{package}.{name}")


def _formed(package: str, place: str, module: ModuleType) -> ModuleType:
    """The user's file, refused where it has not the form of what it is found as."""
    check_form(package, place, module)
    return module


def _imported(place: str, name: str) -> ModuleType:
    try:
        module = importlib.import_module(name)
    except Refused:
        raise
    except ModuleNotFoundError as error:
        raise refuse(
            place,
            f"cannot import {name!r:.80} ({error}); a module on the Python path or a path ending in .py is "
            "needed",
        ) from error
    except (Exception, SystemExit) as error:
        raise refuse(place, f"{name!r:.80} fails to import: {type(error).__name__}: {error}") from error
    remember(module)
    return module


def _from_file(place: str, path: Path) -> ModuleType:
    path = path.resolve()
    try:
        text = path.read_bytes()
    except OSError as error:
        raise refuse(
            place,
            f"cannot read {str(path)!r}: {error.strerror}; relative paths start at the sweep file's folder",
        ) from error
    module_name = f"separatrix_file_{hashlib.sha256(str(path).encode() + text).hexdigest()[:16]}"
    if module_name in sys.modules:
        return sys.modules[module_name]
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise refuse(place, f"{str(path)!r} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except Refused:
        del sys.modules[module_name]
        raise
    except (Exception, SystemExit) as error:
        del sys.modules[module_name]
        line = _line_in(error, str(path))
        raise refuse(place, f"{str(path)!r}{line} fails: {type(error).__name__}: {error}") from error
    return module


def _line_in(error: BaseException, path: str) -> str:
    trace, line = error.__traceback__, ""
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = f" line {trace.tb_lineno}"
        trace = trace.tb_next
    return line
