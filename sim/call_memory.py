"""What one call of a run's kernels needs in memory beside what each of its cells adds: scratch arrays, tapes,
series and weights.

A tile of one cell fills a bundle of lanes, and a product of Jacobians of n numbers keeps n tangents of each
lane: for thousands of units, or a billion steps, a single cell is larger than a machine. Counted so that it
can be refused before it is tried. Counts are of what is alive at once, at least.
"""

import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

from sim.draws import DRAWN
from sim.networks import module as network
from sim.observable import times_of


def _made(function: Callable[..., Any] | None) -> int:
    """Bytes that a number of a task takes while it is made: the number, and what drawing it needs."""
    drawn = function is not None and "draw" in inspect.signature(function).parameters
    return DRAWN if drawn else 16


def series(setting: Any, equation: Any, steps: int) -> int:
    """Bytes of the inputs of one cell, and of its targets, while they are made; one after the other."""
    width = equation.x.shape[0] if equation.x.shape else 1
    inputs = steps * width * _made(setting.task.inputs) if equation.inputs != "none" else 0
    if equation.goal is None:
        return inputs
    goals = (steps + 1) * (equation.goal.shape[0] if equation.goal.shape else 1)
    return max(inputs, 8 * steps * width * bool(inputs) + goals * _made(setting.task.targets))


def _program(form: Any, program: Any, observables: Sequence[Any], tapes: Sequence[int]) -> int:
    """Bytes of a network's program: scratch, tapes, and outputs in the lanes that one cell leaves empty."""
    rows = zip(observables, program.rows, strict=True)
    outputs = sum(times_of(observable, form.steps, 0) * height for observable, height in rows)
    return 8 * (program.work + sum(tapes) + (form.lanes - 1) * outputs)


def of_network(form: Any, programs: Sequence[tuple[Any, Sequence[Any], Sequence[int]]]) -> int:
    """Bytes of a call of a network's kernels: its weights and series, and the largest of its programs, each
    with its observables and the sizes of its tapes.
    """
    layout = network.Module(form.equation, form.lanes, form.tile, form.shared).layout
    drawn = sum(math.prod(node.shape) for node in form.equation.matrices.values())
    weights = 8 * (drawn + layout.matrix_size)
    made = series(form.setting, form.equation, form.steps)
    largest = max((_program(form, *program) for program in programs), default=0)
    return max(DRAWN * drawn, weights + max(made, largest, loops(form)))


def of_pointwise(form: Any, tapes: Sequence[int]) -> int:
    """Bytes of a call of the kernels of a few numbers: its series, its tapes, the scratch of its loops."""
    return max(series(form.setting, form.equation, form.steps), 8 * sum(tapes), loops(form))


def loops(form: Any) -> int:
    """Bytes of the largest scratch of the observables that have a loop of their own."""
    return max((loop.scratch_bytes for loop in form.loops.values()), default=0)
