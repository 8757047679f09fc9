"""Calls of the networks' kernels: their scratch memory, their tapes, their outputs as tables."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from sim import compile as machine_code
from sim.cells import aligned
from sim.networks.module import Program

_TAPE = 1 << 20  # bytes of one span's tapes a block may take before checkpoints are set


def span_of(program: Program, steps: int) -> int:
    """How many states lie between two checkpoints of a backward pass."""
    row = 8 * (program.factors + program.kept + program.state)
    fits = max(16, _TAPE // row)
    return steps if steps <= fits else max(16, min(fits, math.isqrt(steps)))


def tape_sizes(program: Program, steps: int, span: int) -> tuple[int, ...]:
    """Numbers of the tapes of a backward pass: checkpoints, the states of a span, what it reads of them."""
    return (
        (steps // span + 2) * program.state,
        (span + 1) * program.state,
        max(1, program.kept) * span,
        max(1, program.factors) * span,
    )


def tapes_of(program: Program, steps: int, span: int, followed: int, apart: bool = False) -> tuple[Any, ...]:
    """The last arguments of `bptt`; of `windows`, where the losses' times are followed `apart`."""
    return (*map(aligned, tape_sizes(program, steps, span)), *(() if apart else (span,)), followed)


def lag_tapes(program: Program, steps: int) -> tuple[int, ...]:
    """Numbers of the tapes of `lags`: the states of the whole run, what the backward steps read of them and
    leave, the gradients of every time's loss.
    """
    return (
        (steps + 1) * program.state,
        max(1, program.kept) * steps,
        max(1, program.factors) * steps,
        (steps + 1) * program.state,
    )


def call(
    program: Program,
    numbers: Sequence[np.ndarray],
    outs: tuple[np.ndarray, ...],
    size: tuple[int, int],
    first: Sequence[int],
    more: Sequence[Any] = (),
) -> None:
    """Run a kernel on a tile's numbers (arrays of parameters, start, inputs, targets, which times count) of
    this many blocks and steps; it writes into `outs`.
    """
    starts = np.array([*first, 0], dtype=np.int64)
    kernel = getattr(machine_code.load(program.source), program.kernel)
    work = aligned(program.work)
    work[:] = 0.0
    kernel(*numbers, outs, *size, starts, work, *more)
