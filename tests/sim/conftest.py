"""Compiling ahead: while the tests begin, a second process compiles the kernels of the conformance cases
from the other end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.conftest import INTERPRETED, REPOSITORY


@pytest.fixture(scope="session")
def compiling_ahead() -> Iterator[None]:
    """Two cores share a cold start; with a filled cache the process ends at once. Nothing depends on it."""
    if INTERPRETED or (os.cpu_count() or 1) < 2:
        yield
        return
    path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.sim.ahead"], env={**os.environ, "PYTHONPATH": path}
    )
    yield
    process.terminate()
    process.wait()
