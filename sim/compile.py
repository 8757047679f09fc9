"""Machine code from generated source, cached on disk so that it is never stale and never torn.

A kernel's module is written under a digest of its own text (which holds the traced equation: whatever the
equation reaches is in it), of the sources it imports, of numba's and llvmlite's versions and of the
processor. Numba's own cache looks only at the file that defines a function and updates its index without a
lock; here every digest has a folder of its own, filled under a kernel lock, and the files are checked against
their checksums before they are loaded. What fails to load is built anew.

The folder is `SEPARATRIX_CACHE_DIR`, else the user's cache folder; it is private (0700) and refused when
another user owns it.
"""

import contextlib
import fcntl
import functools
import hashlib
import importlib.util
import json
import os
import re
import shutil
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any, TextIO

import llvmlite.binding
import numpy as np
import platformdirs

from sim.errors import Refused, refuse
from sim.machine import objects
from sim.machine.interpreted import INTERPRETED
from sim.machine.processor import SHAPES
from sim.sources import named, reached, read

_TYPES = """

from sim.machine.jit import kernel, uncounted

_F = numba.float64[::1]
_I = numba.int64
_N = numba.int64[::1]


"""
# Argument types stand in the module: it is compiled when it is imported, or fetched from the cache.
TAIL = (
    _TYPES
    + """@kernel(numba.void({kinds}))
"""
)
# For kernels that make no array and raise nothing: `kernel` compiles them and keeps nothing but object code.
# No references are counted in them. Numba does that by calls, two a step where an array is written under a
# condition, and a call moves every bundle out of its registers and back.
BARE_TAIL = (
    _TYPES
    + """KINDS = numba.void({kinds})


@uncounted
"""
)
_TARGETS = ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "NUMBA_ENABLE_AVX")  # what Numba compiles for, if told
_KEPT = (".nbi", ".nbc", ".py", ".pyc", ".code")
_loaded: dict[str, ModuleType] = {}  # by digest
_kernels: dict[str, Callable[..., None]] = {}  # bare ones, by source
_guard = threading.Lock()


def cache_dir() -> Path:
    """Where compiled kernels live; made private on first use."""
    chosen = os.environ.get("SEPARATRIX_CACHE_DIR")
    folder = Path(chosen) if chosen else Path(platformdirs.user_cache_dir("separatrix")) / "kernels"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise refuse(
            "SEPARATRIX_CACHE_DIR",
            f"cannot make the folder {folder}: {error.strerror}; set it to a folder of your own",
        ) from error
    if folder.stat().st_uid != os.geteuid():
        raise refuse(
            "SEPARATRIX_CACHE_DIR", f"{folder} belongs to another user; set it to a folder of your own"
        )
    return folder


def sources_digest(parts: Iterable[str], files: Iterable[Path] = ()) -> str:
    """Digest of texts, of these files and all of this floor that they reach, and of the libraries that turn
    them into numbers: not of the processor.
    """
    texts = [version("numba"), version("llvmlite"), np.__version__, *parts]
    texts += sorted(map(read, reached([Path(__file__), *files])))
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:32]


@functools.cache
def _foundation(files: frozenset[Path]) -> str:
    """Digest of everything that decides machine code besides the generated text, which imports these."""
    machine = llvmlite.binding.get_host_cpu_name(), llvmlite.binding.get_host_cpu_features().flatten()
    told = [os.environ.get(name, "") for name in _TARGETS]
    return sources_digest([sys.version, str(INTERPRETED), str(SHAPES), *machine, *told], files)


def digest_of(source: str) -> str:
    """The name under which the machine code of this generated source is cached."""
    return hashlib.sha256((_foundation(frozenset(named(source))) + source).encode()).hexdigest()[:32]


def load(source: str) -> ModuleType:
    """The module with this generated source, compiled or fetched from the cache; safe in many processes
    and threads.
    """
    digest = digest_of(source)
    with _guard:
        if digest not in _loaded:
            folder = cache_dir() / digest
            with _locked(folder):
                _loaded[digest] = _twice(folder, lambda: _import(folder, digest, source))
        return _loaded[digest]


def kernel(source: str) -> Callable[..., None]:
    """The kernel of this generated source: its last function. Where it is bare and was compiled before, Numba
    is not even imported.
    """
    if source in _kernels:
        return _kernels[source]
    name = re.findall(r"^def (\w+)", source, re.MULTILINE)[-1]
    if INTERPRETED or "\nKINDS = " not in source:
        plain: Callable[..., None] = getattr(load(source), name)
        return plain
    digest = digest_of(source)
    with _guard:
        if source not in _kernels:
            folder = cache_dir() / digest
            with _locked(folder):
                _kernels[source] = _twice(folder, lambda: _fetched(folder, digest, source, name))
        return _kernels[source]


def _fetched(folder: Path, digest: str, source: str, name: str) -> Callable[..., None]:
    if not ((folder / objects.FILE).exists() and _intact(folder)):
        _empty(folder)
        from sim.machine.lean_compilation import lean_compilation  # noqa: PLC0415  it imports Numba

        module = _import(folder, digest, source)
        function: Callable[..., None] = getattr(module, name)
        with lean_compilation():
            built = objects.build(function.py_func, module.KINDS, folder)  # type: ignore[attr-defined]
        if not built:
            return function
        _seal(folder)
    return objects.fetch(folder)


def _twice(folder: Path, make: Callable[[], Any]) -> Any:
    """What is made of a folder; where an entry turns out to be damaged it is built anew, once."""
    try:
        return make()
    except Exception:
        if INTERPRETED or not (folder / "sums.json").exists():
            raise
        _empty(folder)
        return make()


def _locked(folder: Path) -> contextlib.AbstractContextManager[None]:
    """Be the one who writes to an entry. Where nothing can be written, a whole one is read without a lock: it
    does not change.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        return _alone((folder / "lock").open("a"))
    except OSError as error:
        if not _intact(folder):
            raise _read_only(folder, error.strerror or str(error)) from error
        return _reading(folder)


@contextlib.contextmanager
def _alone(handle: TextIO) -> Iterator[None]:
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)  # the kernel frees it when the process dies, however it dies
        yield


@contextlib.contextmanager
def _reading(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError) as error:  # Numba writes beside what it reads
        raise _read_only(folder, str(error)) from error


def _read_only(folder: Path, why: str) -> Refused:
    text = f"cannot write to {folder.parent}: {why}"
    return refuse("SEPARATRIX_CACHE_DIR", f"{text}; set it to a folder of your own that can be written to")


def _import(folder: Path, digest: str, source: str) -> ModuleType:
    path = folder / "kernel.py"
    if not _intact(folder):
        _empty(folder)
        path.write_text(source)
    name = f"separatrix_kernel_{digest}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot import {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    import numba  # noqa: PLC0415  half a second, and only what is not bare or not compiled yet needs it

    from sim.machine.lean_compilation import forget_types, lean_compilation  # noqa: PLC0415  it imports Numba

    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)  # read when a function is decorated, that is during this import
    try:
        with lean_compilation():
            spec.loader.exec_module(module)
        forget_types(module)
    finally:
        numba.config.CACHE_DIR = before
    if not (folder / "sums.json").exists():
        _seal(folder)
    if INTERPRETED:  # lanes are NumPy arrays then, and NumPy warns of what is data to a kernel: overflow, 0/0
        kernel = [value for value in vars(module).values() if getattr(value, "__module__", "") == name][-1]
        setattr(module, kernel.__name__, np.errstate(all="ignore")(kernel))
    return module


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.suffix in _KEPT)


def _sum(path: Path) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


def _seal(folder: Path) -> None:
    sums = {str(path.relative_to(folder)): _sum(path) for path in _files(folder)}
    part = folder / "sums.part"
    part.write_text(json.dumps(sums))
    part.replace(folder / "sums.json")


def _intact(folder: Path) -> bool:
    """Whether every cached file is as it was written: a flipped bit in machine code gives wrong numbers,
    silently.
    """
    try:
        sums = json.loads((folder / "sums.json").read_text())
        return bool(sums) and all(_sum(folder / name) == expected for name, expected in sums.items())
    except (OSError, ValueError):
        return False


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name != "lock":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
