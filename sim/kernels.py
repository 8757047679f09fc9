"""The loops over time and cells for systems with a small fixed state.

A generated module (`sim/pointwise.py`) defines the parts below for one system and one set of observables,
then contains one of these loops word for word, so that Numba inlines the parts and caches the machine code.
`WIDTH` cells at a time live in registers for their whole orbit; every array is flat, with the cells
innermost: row `r` of an output starts at `r * cells`.

Kernels allocate nothing, draw nothing, check nothing, raise nothing.
"""

from typing import Any

WIDTH = 64


def load_parameters(parameters: Any, cells: int, at: int) -> Any:
    """The parameters of the bundle of cells that starts at `at`."""
    raise NotImplementedError


def load_state(start: Any, cells: int, at: int) -> Any:
    """The state of these cells at time 0."""
    raise NotImplementedError


def load_input(inputs: Any, cells: int, at: int, t: int) -> Any:
    """The input x[t], which takes part in the step from t to t + 1."""
    raise NotImplementedError


def step(p: Any, s: Any, x: Any) -> Any:
    """s[t+1] = F(s[t], x[t]; p)."""
    raise NotImplementedError


def begin(p: Any, s: Any) -> Any:
    """The accumulators of the observables at time 0."""
    raise NotImplementedError


def update(p: Any, s: Any, a: Any, t: int, first: Any) -> Any:
    """The accumulators after the state of time t is seen."""
    raise NotImplementedError


def sample(outs: Any, cells: int, at: int, p: Any, s: Any, a: Any, t: int, first: Any) -> None:
    """Store what the observables keep of time t."""
    raise NotImplementedError


def finish(outs: Any, cells: int, at: int, p: Any, s: Any, a: Any) -> None:
    """Store what the observables make of their accumulators and the last state."""
    raise NotImplementedError


def begin_tangent(p: Any, s: Any) -> Any:
    """The derivatives of the state with respect to the parameters, at time 0."""
    raise NotImplementedError


def step_tangent(p: Any, s: Any, x: Any, v: Any) -> Any:
    """The next state and its derivatives: v[t+1] = J v[t] + dF/dp."""
    raise NotImplementedError


def begin_gradient(p: Any, s: Any) -> Any:
    """The gradient of the loss before any time is counted."""
    raise NotImplementedError


def update_gradient(p: Any, s: Any, v: Any, g: Any, t: int, first: Any) -> Any:
    """The gradient after the cost of time t is added: g + dE_t/ds v + dE_t/dp."""
    raise NotImplementedError


def finish_gradient(outs: Any, cells: int, at: int, g: Any) -> None:
    """Store the gradient."""
    raise NotImplementedError


def store_tape(tape: Any, row: int, s: Any) -> None:
    """Keep a state of these cells in row `row` of the tape."""
    raise NotImplementedError


def load_tape(tape: Any, row: int) -> Any:
    """The state in row `row` of the tape."""
    raise NotImplementedError


def cost_gradient(p: Any, s: Any, g: Any, t: int, first: Any) -> Any:
    """The gradient that reaches the state of time t: what comes from later, and the cost of this time
    itself.
    """
    raise NotImplementedError


def pull_back(p: Any, s: Any, x: Any, g: Any) -> Any:
    """The gradient with respect to the state before the step: J^T g."""
    raise NotImplementedError


def zero_gradient(s: Any) -> Any:
    """No gradient: what comes from beyond the end."""
    raise NotImplementedError


def sample_gradient(outs: Any, cells: int, at: int, g: Any, t: int) -> None:
    """Store what is kept of the gradient at time t."""
    raise NotImplementedError


def rollout(parameters: Any, start: Any, inputs: Any, outs: Any, cells: int, steps: int, first: Any) -> None:
    """States forward in time; observables are reduced on the way."""
    for at in range(0, cells, WIDTH):
        p = load_parameters(parameters, cells, at)
        s = load_state(start, cells, at)
        a = begin(p, s)
        a = update(p, s, a, 0, first)
        sample(outs, cells, at, p, s, a, 0, first)
        for t in range(steps):
            s = step(p, s, load_input(inputs, cells, at, t))
            a = update(p, s, a, t + 1, first)
            sample(outs, cells, at, p, s, a, t + 1, first)
        finish(outs, cells, at, p, s, a)


def tangent(parameters: Any, start: Any, inputs: Any, outs: Any, cells: int, steps: int, first: Any) -> None:
    """States and their derivatives forward in time: no tape, one multiply-add a step for each parameter
    and state.
    """
    for at in range(0, cells, WIDTH):
        p = load_parameters(parameters, cells, at)
        s = load_state(start, cells, at)
        v = begin_tangent(p, s)
        a = begin(p, s)
        a = update(p, s, a, 0, first)
        g = begin_gradient(p, s)
        g = update_gradient(p, s, v, g, 0, first)
        sample(outs, cells, at, p, s, a, 0, first)
        for t in range(steps):
            s, v = step_tangent(p, s, load_input(inputs, cells, at, t), v)
            a = update(p, s, a, t + 1, first)
            g = update_gradient(p, s, v, g, t + 1, first)
            sample(outs, cells, at, p, s, a, t + 1, first)
        finish(outs, cells, at, p, s, a)
        finish_gradient(outs, cells, at, g)


def bptt(
    parameters: Any,
    start: Any,
    inputs: Any,
    outs: Any,
    cells: int,
    steps: int,
    first: Any,
    tape: Any,
    marks: Any,
    span: int,
) -> None:
    """Backpropagation through time with checkpoints: `marks` keeps every `span`-th state, `tape` the states
    of one span.

    Each span is run forward once more before it is run backward, so memory grows with sqrt(steps) where span
    does.
    """
    for at in range(0, cells, WIDTH):
        p = load_parameters(parameters, cells, at)
        s = load_state(start, cells, at)
        for t in range(steps):
            if t % span == 0:
                store_tape(marks, t // span, s)
            s = step(p, s, load_input(inputs, cells, at, t))
        g = cost_gradient(p, s, zero_gradient(s), steps, first)
        sample_gradient(outs, cells, at, g, steps)
        for mark in range((steps - 1) // span, -1, -1):
            begin_at = mark * span
            end_at = min(steps, begin_at + span)
            s = load_tape(marks, mark)
            for t in range(begin_at, end_at):
                store_tape(tape, t - begin_at, s)
                s = step(p, s, load_input(inputs, cells, at, t))
            for t in range(end_at - 1, begin_at - 1, -1):
                s = load_tape(tape, t - begin_at)
                g = cost_gradient(p, s, pull_back(p, s, load_input(inputs, cells, at, t), g), t, first)
                sample_gradient(outs, cells, at, g, t)
