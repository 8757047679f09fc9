"""The libraries that we compare with. Each function returns one or raises `Missing`.

All of them compute in float64 on one thread: the timed process is bound to one core before any of them is
imported.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import importlib
import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import numpy as np

from tests.bench.harness import Call, Missing

VECTOR, COUNT, NUMBER = ctypes.c_void_p, ctypes.c_int64, ctypes.c_double  # argument types of hand.c
SOURCE = Path(__file__).with_name("hand.c")
FLAGS = ["-O3", "-march=native", "-ffast-math", "-fopenmp-simd", "-fPIC"]


def _library(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise Missing(f"{name} is not installed: pip install -e '.[bench]'") from None


@functools.cache
def jax() -> ModuleType:
    """JAX on the processor, double precision."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    library = _library("jax")
    library.config.update("jax_enable_x64", True)
    return library


@functools.cache
def torch() -> ModuleType:
    """PyTorch on one thread."""
    library = _library("torch")
    library.set_num_threads(1)
    return library


@functools.cache
def pynamicalsys() -> ModuleType:
    """The library of the same field that compiles with Numba."""
    return _library("pynamicalsys")


@functools.cache
def tsdynamics() -> ModuleType:
    """The library of the same field that is written in Rust; there is none for Python 3.11."""
    try:
        return importlib.import_module("tsdynamics")
    except ImportError:
        raise Missing("tsdynamics is not installed: pip install tsdynamics (Python 3.12)") from None


def matplotlib() -> ModuleType:
    """What users of the other libraries draw with."""
    return _library("matplotlib")


@functools.cache
def hand() -> ctypes.CDLL:
    """`hand.c`, compiled once by the machine's gcc."""
    compiler = shutil.which("gcc")
    if compiler is None:
        raise Missing("gcc is not installed")
    folder = Path(os.environ.get("SEPARATRIX_CACHE_DIR", "/tmp")) / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(SOURCE.read_bytes() + " ".join(FLAGS).encode()).hexdigest()[:12]
    target = folder / f"hand-{digest}.so"
    if not target.exists():
        draft = str(target.with_suffix(f".{os.getpid()}"))
        # Linked in a step of its own, without -ffast-math: with it, loading the library would switch the
        # whole process to flushing subnormal numbers, ours included.
        for command in (
            [compiler, *FLAGS, "-c", str(SOURCE), "-o", draft + ".o"],
            [compiler, "-shared", draft + ".o", "-o", draft, "-lmvec", "-lm"],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise Missing(f"gcc cannot compile hand.c: {done.stderr.strip().splitlines()[-1]}")
        Path(draft + ".o").unlink()
        Path(draft).replace(target)
    return ctypes.CDLL(str(target))


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    """A contiguous array as C sees it."""
    return array.ctypes.data_as(ctypes.c_void_p)


def compiled_by_torch(call: Call) -> Call:
    """The same call after its first run, which compiles for half a minute; `Missing` if that fails."""
    try:
        call()
    except Exception as reason:  # torch's own compiler fails in many ways, none of them ours
        raise Missing(f"torch.compile: {type(reason).__name__}") from reason
    return call
