"""The arrows `viz -> jobs -> sim`, the size of rooms and the things that nobody does here."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.floors import FLOORS, Source, cycle, module_graph, read, sources

FILES = sources()
TESTS = Path(__file__).parents[1]
LONGEST_FILE, LONGEST_FUNCTION = 400, 100
FORBIDDEN_WORDS = re.compile(r"Manager|Handler|Helper|Utils?\b|^Base[A-Z]|_utils?\b|_helpers?\b")

# What a floor must not know, by the first part of an import. viz shows numbers and makes none.
LABELS_AND_DISK = {
    "xarray",
    "zarr",
    "dask",
    "distributed",
    "pydantic",
    "numcodecs",
    "pandas",
    "typer",
    "rich",
}
PICTURES = {"holoviews", "panel", "bokeh", "datashader", "hvplot", "matplotlib", "param", "PIL"}
NUMERICS = {"numba", "llvmlite", "scipy"}
UNKNOWN_TO = {"sim": LABELS_AND_DISK | PICTURES, "jobs": PICTURES, "viz": NUMERICS}


def test_there_is_something_to_read():
    assert {file.floor for file in FILES} <= set(FLOORS)
    assert len(FILES) > 3


def test_nobody_imports_upward():
    upward = [
        f"{file.path}:{line} imports {name}"
        for file in FILES
        for line, name in file.imports()
        if name.split(".")[0] in FLOORS and FLOORS.index(name.split(".")[0]) > FLOORS.index(file.floor)
    ]
    assert not upward, "\n".join(upward)


def test_no_floor_knows_the_libraries_of_another():
    strangers = [
        f"{file.path}:{line} imports {name}"
        for file in FILES
        for line, name in file.imports()
        if name.split(".")[0] in UNKNOWN_TO[file.floor]
    ]
    assert not strangers, "\n".join(strangers)


def test_leaves_are_imported_by_nobody():
    leaves = {file.name for file in FILES if file.is_leaf}
    importers = [
        f"{file.path}:{line} imports {name}"
        for file in FILES
        for line, name in file.imports()
        if name in leaves or name.rpartition(".")[0] in leaves
    ]
    assert not importers, "a leaf is found by its name, never imported:\n" + "\n".join(importers)


def test_no_source_names_a_leaf_file():
    """Adding a leaf changes no other file: no list of leaves stands anywhere."""
    for folder in {file.path.rpartition("/")[0] for file in FILES if file.is_leaf}:
        stems = {
            Path(file.path).stem for file in FILES if file.is_leaf and file.path.startswith(folder + "/")
        }
        if len(stems) < 4:
            continue
        for file in FILES:
            for node in ast.walk(file.tree):
                if isinstance(node, ast.List | ast.Tuple | ast.Set):
                    words = {item.value for item in node.elts if isinstance(item, ast.Constant)}
                    assert not stems <= words, f"{file.path}:{node.lineno} lists the leaves of {folder}"


def test_there_is_no_import_cycle():
    found = cycle(module_graph(FILES))
    assert not found, " -> ".join(found)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.path)
def test_rooms_are_small(file: Source):
    length = file.text.count("\n")
    assert length <= LONGEST_FILE, (
        f"{file.path} has {length} lines; at most {LONGEST_FILE}: split it by subject"
    )
    for function in file.functions():
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        assert lines <= LONGEST_FUNCTION, f"{file.path}:{function.lineno} {function.name} has {lines} lines"


def test_tests_are_small_too():
    lengths = {path: path.read_text().count("\n") for path in TESTS.rglob("*.py")}
    assert not [str(path) for path, length in lengths.items() if length > LONGEST_FILE]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.path)
def test_names_say_what_things_are(file: Source):
    names = [
        Path(file.path).stem,
        *(node.name for node in ast.walk(file.tree) if isinstance(node, ast.ClassDef)),
    ]
    names += [function.name for function in file.functions()]
    vague = [name for name in names if FORBIDDEN_WORDS.search(name)]
    assert not vague, f"{file.path}: {', '.join(vague)}: name what it is, not that it helps"


def _called(node: ast.expr) -> str:
    target = node.func if isinstance(node, ast.Call) else node
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")


def _true(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is True


def _compilers(file: Source) -> Iterator[tuple[int, dict[str, ast.expr] | None]]:
    """Line and keywords of every use of numba's own decorators; keywords None where they cannot be read."""
    ours = {name.rpartition(".")[2] for _, name in file.imports() if name.split(".")[0] == "numba"}
    tables = {
        target.id: {key.value: value for key, value in zip(node.value.keys, node.value.values, strict=True)}
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
        if all(isinstance(key, ast.Constant) for key in node.value.keys)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    called = {id(node.func) for node in ast.walk(file.tree) if isinstance(node, ast.Call)}
    for node in ast.walk(file.tree):
        target = node.func if isinstance(node, ast.Call) else node
        of_numba = isinstance(target, ast.Attribute) and getattr(target.value, "id", "") in {"numba", "nb"}
        named = isinstance(target, ast.Name) and isinstance(target.ctx, ast.Load) and target.id in ours
        if not (of_numba or named) or _called(target) not in {"njit", "jit", "vectorize", "guvectorize"}:
            continue
        if isinstance(node, ast.Call):
            words = {word.arg: word.value for word in node.keywords if word.arg}
            splat = [word.value for word in node.keywords if word.arg is None]
            known = [
                tables[value.id] for value in splat if isinstance(value, ast.Name) and value.id in tables
            ]
            for table in known:
                words |= table
            yield node.lineno, words if len(known) == len(splat) else None
        elif id(node) not in called:
            yield node.lineno, {}


def test_compiled_code_releases_the_lock_and_starts_no_threads():
    """Kernels run on Dask's threads, so they release Python's lock; threads below threads abort processes."""
    faults = []
    for file in FILES:
        for line, words in _compilers(file):
            if words is not None and not _true(words.get("nogil")):
                faults.append(f"{file.path}:{line} compiles without nogil=True")
            if words and _true(words.get("parallel")):
                faults.append(f"{file.path}:{line} parallel=True")
        faults += [f"{file.path}:{line} prange" for line, name in file.imports() if name == "numba.prange"]
    assert not faults, "\n".join(faults)


def test_data_are_never_executed():
    """No pickle, eval, exec: what a store or a sweep file says stays data. Generated kernels are imported."""
    faults = []
    for file in FILES:
        for line, name in file.imports():
            if name.split(".")[0] in {"pickle", "cloudpickle", "dill", "marshal", "shelve"}:
                faults.append(f"{file.path}:{line} imports {name}")
        for node in ast.walk(file.tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in {"eval", "exec"}
            ):
                faults.append(f"{file.path}:{node.lineno} calls {node.func.id}")
            if isinstance(node, ast.keyword) and node.arg in {"allow_pickle", "shell"} and _true(node.value):
                faults.append(f"{file.path}:{node.value.lineno} {node.arg}=True")
    assert not faults, "\n".join(faults)


def _public(file: Source) -> list[ast.FunctionDef | ast.ClassDef]:
    return [
        node
        for node in file.tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.path)
def test_what_is_public_says_what_it_is(file: Source):
    if not file.path.endswith("__init__.py") or file.tree.body:
        assert ast.get_docstring(file.tree), f"{file.path} has no docstring"
    silent = [f"{file.path}:{node.lineno} {node.name}" for node in _public(file) if not _documented(node)]
    assert not silent, "\n".join(silent)


def _documented(node: ast.FunctionDef | ast.ClassDef) -> bool:
    """A docstring, or a body that another one documents: a registered verb, an overload."""
    registered = {
        "register",
        "overload",
        "overload_method",
        "overload_attribute",
        "intrinsic",
        "lower_builtin",
    }
    other = any(_called(item) in registered for item in node.decorator_list)
    return bool(ast.get_docstring(node)) or other


def test_no_public_name_of_a_floor_hides_behind_a_module_of_its_own():
    """Importing `jobs.plan` anywhere sets `jobs.plan` to the module: a function of that name is lost."""
    for floor in FLOORS:
        (package,) = [file for file in FILES if file.path == f"{floor}/__init__.py"]
        modules = {
            Path(file.path).stem for file in FILES if file.path.count("/") == 1 and file.floor == floor
        }
        public = {
            item.value
            for node in package.tree.body
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
            for item in getattr(node.value, "elts", [])
            if isinstance(item, ast.Constant)
        }
        assert not public & modules, f"{floor}: {sorted(public & modules)} is a name in __all__ and a file"


# -------------------------------------------------------------------------------- the reader is tested too


def _planted(folder: Path, **files: str) -> list[Source]:
    found = []
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        found.append(read(path, folder))
    return found


def test_the_reader_sees_relative_and_late_imports(tmp_path):
    (late,) = _planted(tmp_path, sim__run="def f():\n    from .. import viz\n    from .systems import rnn\n")
    assert [name for _, name in late.imports()] == ["viz", "sim.systems.rnn"]


def test_the_reader_finds_a_cycle(tmp_path):
    files = _planted(
        tmp_path, sim__a="from sim import b\n", sim__b="from sim.a import x\n", sim__c="from sim import a\n"
    )
    assert cycle(module_graph(files)) == ["sim.a", "sim.b", "sim.a"]
    late = _planted(tmp_path, sim__a="from sim import b\n", sim__b="def f():\n    from sim.a import x\n")
    assert cycle(module_graph(late)) == []


def test_the_reader_sees_how_code_is_compiled(tmp_path):
    text = """
import numba
from numba import njit
KERNEL = {"nogil": True, "error_model": "numpy"}
jit = numba.njit(nogil=True)
@njit
def a(): ...
@njit(cache=True)
def b(): ...
@njit(**KERNEL)
def c(): ...
@jit
def d(): ...
@numba.njit(nogil=True, parallel=True)
def e(): ...
"""
    (file,) = _planted(tmp_path, sim__k=text)
    assert [line for line, words in _compilers(file) if not _true(words.get("nogil"))] == [6, 8]
    assert [line for line, words in _compilers(file) if _true(words.get("parallel"))] == [14]
