"""What all tests share: one kernel cache for the session, result roots, the command line as a process."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
INTERPRETED = os.environ.get("NUMBA_DISABLE_JIT", "0") not in {"", "0"}
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def pytest_configure(config: pytest.Config) -> None:
    """Set what must stand in the environment before the first import of `sim`.

    The kernel cache is kept between sessions: its key is the digest of its sources.
    One thread in BLAS, as in every executor. No proxy stands between a test and a server on this machine.
    """
    gc.set_threshold(50_000, 20, 50)  # looking through all that Numba holds takes a tenth of the suite
    if "SEPARATRIX_CACHE_DIR" not in os.environ:
        cache = getattr(config, "cache", None)  # absent under -p no:cacheprovider
        os.environ["SEPARATRIX_CACHE_DIR"] = str(cache.mkdir("kernels")) if cache else tempfile.mkdtemp()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        os.environ.pop(name, None)
        os.environ.pop(name.upper(), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what this lane or this machine cannot run, and say why."""
    forbidden = os.environ.get("SEPARATRIX_REQUIRE_CHROMIUM", "0") not in {"", "0"}
    for item in items:
        if INTERPRETED and item.get_closest_marker("compiled"):
            item.add_marker(pytest.mark.skip(reason="interpreted lane: needs machine code"))
        if item.get_closest_marker("browser") and not CHROMIUM and not forbidden:
            item.add_marker(
                pytest.mark.skip(reason="no Chromium here (CHROMIUM=/path/to/chromium names one)")
            )


@pytest.fixture(scope="module", autouse=True)
def looked_through_once() -> Iterator[None]:
    """What lives on at the end of a file, Numba's millions of objects above all, is left alone from then on:
    a test that looks for what is dead waited for five seconds.
    """
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture
def repository() -> Path:
    return REPOSITORY


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty results root."""
    return tmp_path / "results"


@pytest.fixture
def cold_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty kernel cache for this test and the processes that it starts."""
    folder = tmp_path / "kernels"
    monkeypatch.setenv("SEPARATRIX_CACHE_DIR", str(folder))
    return folder


@pytest.fixture
def separatrix(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line as a stranger does: its own process, an empty working directory.

    `separatrix("plan", "pascanu-cliff")` returns the completed process with `stdout` and `stderr` as text.
    """

    def run(*arguments: str, cwd: Path = tmp_path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
        return subprocess.run(
            [sys.executable, "-c", "import sys; from viz.cli import main; sys.exit(main())", *arguments],
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": path},
            text=True,
            capture_output=True,
            timeout=timeout,
            check=False,
        )

    return run
