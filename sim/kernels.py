"""The loops over time and cells for systems with a small fixed state.

A generated module (`sim/pointwise/module.py`) defines the parts below for one system and one set of
observables, then contains one of these loops word for word, so that Numba inlines the parts and caches the
machine code. `WIDTH` cells at a time live in registers for their whole orbit; every array is flat, with the
cells innermost: row `r` of an output starts at `r * cells`.

Kernels allocate nothing, draw nothing, check nothing, raise nothing.
"""

from typing import Any

WIDTH = 64


def align_stack() -> None:
    """What the registers cannot hold lies on whole cache lines: a fifth of the cliff map's time."""
    raise NotImplementedError


def load_parameters(parameters: Any, cells: int, at: int) -> Any:
    """The parameters of the bundle of cells that starts at `at`."""
    raise NotImplementedError


def load_state(start: Any, cells: int, at: int) -> Any:
    """The state of these cells at time 0."""
    raise NotImplementedError


def load_input(inputs: Any, cells: int, at: int, t: int) -> Any:
    """The input x[t], which takes part in the step from t to t + 1."""
    raise NotImplementedError


def load_target(goals: Any, cells: int, at: int, t: int) -> Any:
    """The target y[t] of the state of time t."""
    raise NotImplementedError


def attend(outs: Any, cells: int, at: int, p: Any, s: Any, x: Any, a: Any, t: int) -> Any:
    """The accumulators after what is done with the state and input of time t before the step."""
    raise NotImplementedError


def attend_gradient(outs: Any, cells: int, at: int, p: Any, s: Any, x: Any, g: Any, t: int) -> None:
    """Store what is kept of the step from time t, g being the gradient that comes in from time t + 1."""
    raise NotImplementedError


def step(p: Any, s: Any, x: Any) -> Any:
    """s[t+1] = F(s[t], x[t]; p)."""
    raise NotImplementedError


def begin(p: Any, s: Any) -> Any:
    """The accumulators of the observables at time 0."""
    raise NotImplementedError


def update(p: Any, s: Any, a: Any, y: Any, t: int, first: Any, counts: Any) -> Any:
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


def update_gradient(p: Any, s: Any, v: Any, g: Any, y: Any, t: int, first: Any, counts: Any) -> Any:
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


def cost_gradient(p: Any, s: Any, g: Any, y: Any, t: int, first: Any, counts: Any) -> Any:
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


def begin_lag(p: Any, s: Any) -> Any:
    """The contributions of a lag before any is added."""
    raise NotImplementedError


def add_lag(p: Any, s: Any, x: Any, g: Any, a: Any) -> Any:
    """The contributions of a lag after that of the step from this state, g coming in, is added."""
    raise NotImplementedError


def keep_lag(outs: Any, cells: int, at: int, a: Any, t: int) -> None:
    """Store a lag's contributions as row `t`."""
    raise NotImplementedError


def sample_gradient(outs: Any, cells: int, at: int, g: Any, t: int) -> None:
    """Store what is kept of the gradient at time t."""
    raise NotImplementedError


def rollout(
    parameters: Any, start: Any, inputs: Any, goals: Any, counts: Any,
    outs: Any, cells: int, steps: int, first: Any,
) -> None:  # fmt: skip
    """States forward in time; observables are reduced on the way."""
    align_stack()
    for at in range(0, cells, WIDTH):
        p = load_parameters(parameters, cells, at)
        s = load_state(start, cells, at)
        a = begin(p, s)
        a = update(p, s, a, load_target(goals, cells, at, 0), 0, first, counts)
        sample(outs, cells, at, p, s, a, 0, first)
        for t in range(steps):
            x = load_input(inputs, cells, at, t)
            a = attend(outs, cells, at, p, s, x, a, t)
            s = step(p, s, x)
            a = update(p, s, a, load_target(goals, cells, at, t + 1), t + 1, first, counts)
            sample(outs, cells, at, p, s, a, t + 1, first)
        finish(outs, cells, at, p, s, a)


def tangent(
    parameters: Any, start: Any, inputs: Any, goals: Any, counts: Any,
    outs: Any, cells: int, steps: int, first: Any,
    followed: int,
) -> None:  # fmt: skip
    """States and their derivatives forward in time: no tape, one multiply-add a step for each parameter
    and state. Derivatives by the parameters count from `followed` steps before the end.
    """
    align_stack()
    for at in range(0, cells, WIDTH):
        p = load_parameters(parameters, cells, at)
        s = load_state(start, cells, at)
        v = begin_tangent(p, s)
        a = begin(p, s)
        y = load_target(goals, cells, at, 0)
        a = update(p, s, a, y, 0, first, counts)
        g = begin_gradient(p, s)
        g = update_gradient(p, s, v, g, y, 0, first, counts)
        sample(outs, cells, at, p, s, a, 0, first)
        for t in range(steps):
            if t == steps - followed:
                v = begin_tangent(p, s)
            x = load_input(inputs, cells, at, t)
            a = attend(outs, cells, at, p, s, x, a, t)
            s, v = step_tangent(p, s, x, v)
            y = load_target(goals, cells, at, t + 1)
            a = update(p, s, a, y, t + 1, first, counts)
            g = update_gradient(p, s, v, g, y, t + 1, first, counts)
            sample(outs, cells, at, p, s, a, t + 1, first)
        finish(outs, cells, at, p, s, a)
        finish_gradient(outs, cells, at, g)


def windows(
    parameters: Any, start: Any, inputs: Any, goals: Any, counts: Any,
    outs: Any, cells: int, steps: int, first: Any,
    followed: int,
) -> None:  # fmt: skip
    """As `tangent`, where more than the last time counts: each time's loss has derivatives of its own, which
    begin `followed` steps before it, at the state o.
    """
    align_stack()
    for at in range(0, cells, WIDTH):
        p = load_parameters(parameters, cells, at)
        s = load_state(start, cells, at)
        o = load_state(start, cells, at)
        a = begin(p, s)
        g = begin_gradient(p, s)
        y = load_target(goals, cells, at, 0)
        a = update(p, s, a, y, 0, first, counts)
        g = update_gradient(p, s, begin_tangent(p, s), g, y, 0, first, counts)
        sample(outs, cells, at, p, s, a, 0, first)
        for t in range(steps):
            x = load_input(inputs, cells, at, t)
            a = attend(outs, cells, at, p, s, x, a, t)
            s = step(p, s, x)
            y = load_target(goals, cells, at, t + 1)
            a = update(p, s, a, y, t + 1, first, counts)
            if t >= followed:
                o = step(p, o, load_input(inputs, cells, at, t - followed))
            if counts[t + 1] > 0.0:
                r = o
                v = begin_tangent(p, r)
                for u in range(max(0, t + 1 - followed), t + 1):
                    r, v = step_tangent(p, r, load_input(inputs, cells, at, u), v)
                g = update_gradient(p, r, v, g, y, t + 1, first, counts)
            sample(outs, cells, at, p, s, a, t + 1, first)
        finish(outs, cells, at, p, s, a)
        finish_gradient(outs, cells, at, g)


def bptt(
    parameters: Any, start: Any, inputs: Any, goals: Any, counts: Any,
    outs: Any, cells: int, steps: int, first: Any,
    followed: int, tape: Any, marks: Any, span: int,
) -> None:  # fmt: skip
    """Backpropagation through time with checkpoints: `marks` keeps every `span`-th state, `tape` the states
    of one span.

    Each span is run forward once more before it is run backward, so memory grows with sqrt(steps) where span
    does.
    """
    align_stack()
    for at in range(0, cells, WIDTH):
        p = load_parameters(parameters, cells, at)
        s = load_state(start, cells, at)
        for t in range(steps):
            if t % span == 0:
                store_tape(marks, t // span, s)
            s = step(p, s, load_input(inputs, cells, at, t))
        y = load_target(goals, cells, at, steps)
        g = cost_gradient(p, s, zero_gradient(s), y, steps, first, counts)
        sample_gradient(outs, cells, at, g, steps)
        for mark in range((steps - 1) // span, -1, -1):
            begin_at = mark * span
            end_at = min(steps, begin_at + span)
            s = load_tape(marks, mark)
            for t in range(begin_at, end_at):
                store_tape(tape, t - begin_at, s)
                s = step(p, s, load_input(inputs, cells, at, t))
            for t in range(end_at - 1, begin_at - 1, -1):
                if t == steps - followed - 1:
                    g = zero_gradient(s)
                s = load_tape(tape, t - begin_at)
                x = load_input(inputs, cells, at, t)
                attend_gradient(outs, cells, at, p, s, x, g, t)
                y = load_target(goals, cells, at, t)
                g = cost_gradient(p, s, pull_back(p, s, x, g), y, t, first, counts)
                sample_gradient(outs, cells, at, g, t)


def lags(
    parameters: Any, start: Any, inputs: Any, goals: Any, counts: Any,
    outs: Any, cells: int, steps: int, first: Any,
    followed: int, tape: Any, adjoints: Any,
) -> None:  # fmt: skip
    """The gradient of a sum of losses by lag: what all steps that end `lag` steps before the time of a loss
    contribute together.

    `adjoints` has for every time the gradient of its own loss, carried back `lag` steps: lag by lag all go
    back one more step. Rows of the output lie the last lag first.
    """
    align_stack()
    for at in range(0, cells, WIDTH):
        p = load_parameters(parameters, cells, at)
        s = load_state(start, cells, at)
        store_tape(tape, 0, s)
        for t in range(steps):
            s = step(p, s, load_input(inputs, cells, at, t))
            store_tape(tape, t + 1, s)
        for t in range(steps + 1):
            s = load_tape(tape, t)
            y = load_target(goals, cells, at, t)
            store_tape(adjoints, t, cost_gradient(p, s, zero_gradient(s), y, t, first, counts))
        for lag in range(steps):
            a = begin_lag(p, s)
            if lag < followed:
                for t in range(steps - lag):
                    s = load_tape(tape, t)
                    x = load_input(inputs, cells, at, t)
                    g = load_tape(adjoints, t + lag + 1)
                    a = add_lag(p, s, x, g, a)
                    store_tape(adjoints, t + lag + 1, pull_back(p, s, x, g))
            keep_lag(outs, cells, at, a, steps - 1 - lag)
