"""Our side of every row: the public interface, a system found by its name."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tests.bench.harness import Call


def scratch() -> Path:
    """An empty folder that lasts as long as this process."""
    folder = Path(tempfile.mkdtemp(prefix="separatrix-bench-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def prepared(
    system: str,
    observables: Sequence[str],
    fixed: Mapping[str, Any],
    varied: Sequence[str],
    folder: Path | None = None,
    task: str = "silence",
) -> Any:
    """A run of a system found by name, compiled."""
    from sim.run import prepare

    run = prepare(system, task=task, observables=observables, fixed=fixed, varied=varied, folder=folder)
    run.compile()
    return run


def evaluation(
    system: str,
    observables: Sequence[str],
    fixed: Mapping[str, Any],
    columns: Mapping[str, np.ndarray],
    folder: Path | None = None,
) -> Call:
    """The call that simulates every cell of `columns` once; weights are drawn before, as the peers' are."""
    run = prepared(system, observables, fixed, tuple(columns), folder)
    loaded = run.load(columns)
    return lambda: run.compute(loaded)


def bare_tanh(cells: int, steps: int) -> Call:
    """As many calls of our own tanh as cells times steps, from and to the first-level cache."""
    import numba

    from sim.elementary import tanh
    from sim.lanes import load, store

    @numba.njit(nogil=True, error_model="numpy")
    def run(buffer, times):
        for _ in range(times):
            for at in range(0, 1024, 64):
                store(buffer, at, tanh(load(buffer, at, 64)))

    times = max(1, cells * steps // 1024)
    memory = np.zeros(1024 + 8)
    shift = (-memory.ctypes.data // 8) % 8  # bundles want addresses that are multiples of 64
    buffer = memory[shift : shift + 1024]

    def call() -> Mapping[str, np.ndarray]:
        buffer[:] = np.linspace(-3.0, 3.0, 1024)
        run(buffer, times)
        return {}

    return call


def gaussian_weights(units: int, seeds: np.ndarray) -> np.ndarray:
    """The matrices (seeds, units, units) that our side draws, for the peers."""
    from sim.draws import Draw
    from sim.weights import gaussian

    return gaussian(units, units, Draw(seeds, "weights"))
