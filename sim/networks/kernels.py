"""The loops over time and blocks of cells for networks: states are arrays over units in the block's scratch
array `work`.

As in `sim/kernels.py`, a generated module (`sim/networks/module.py`) defines the parts and contains one of
the loops word for word. A block is `LANES` cells whose matrices lie at `which[block]`; `rows` of an output
are `cells` long.
"""

from typing import Any

LANES = 16


def align_stack() -> None:
    """What the registers cannot hold lies on whole cache lines."""
    raise NotImplementedError


def select_block(numbers: Any, vectors: Any, matrices: Any, which: Any, block: int) -> Any:
    """The block's own numbers, vectors and matrices."""
    raise NotImplementedError


def load_start(start: Any, block: int, work: Any) -> None:
    """The state of time 0 into the scratch array."""
    raise NotImplementedError


def load_input(inputs: Any, blocks: int, block: int, t: int, work: Any) -> None:
    """The inputs x[t] into the scratch array."""
    raise NotImplementedError


def load_target(goals: Any, blocks: int, block: int, t: int, work: Any) -> None:
    """The targets y[t] of the state of time t into the scratch array."""
    raise NotImplementedError


def step(c: Any, work: Any) -> None:
    """The state moves on, in place."""
    raise NotImplementedError


def begin(c: Any, work: Any) -> None:
    """The accumulators of the observables at time 0."""
    raise NotImplementedError


def attend(outs: Any, cells: int, at: int, c: Any, work: Any, t: int) -> None:
    """What the observables do with the state and the input of time t before the step is made."""
    raise NotImplementedError


def update(c: Any, work: Any, t: int, first: Any, counts: Any) -> None:
    """The accumulators after the state of time t is seen."""
    raise NotImplementedError


def sample(outs: Any, cells: int, at: int, c: Any, work: Any, t: int, first: Any) -> None:
    """Store what the observables keep of time t."""
    raise NotImplementedError


def finish(outs: Any, cells: int, at: int, c: Any, work: Any) -> None:
    """Store what the observables make of their accumulators and the last state."""
    raise NotImplementedError


def store_mark(marks: Any, row: int, work: Any) -> None:
    """Keep the state as checkpoint `row`."""
    raise NotImplementedError


def load_mark(marks: Any, row: int, tape: Any) -> None:
    """The tape begins with the state of checkpoint `row`."""
    raise NotImplementedError


def keep_step(c: Any, work: Any, tape: Any, kept: Any, row: int) -> None:
    """The step from row `row` of the tape to the next; what the backward pass will need of it goes to
    `kept`.
    """
    raise NotImplementedError


def clear_gradient(work: Any) -> None:
    """No gradient: what comes from beyond the end, and the parameters' sums."""
    raise NotImplementedError


def forget(work: Any) -> None:
    """No gradient from here on backward: truncated."""
    raise NotImplementedError


def add_cost(c: Any, work: Any, tape: Any, row: int, t: int, first: Any, counts: Any) -> None:
    """Add the cost's own gradient at time t, whose state is in row `row`, to the state's gradient."""
    raise NotImplementedError


def pull_back(
    outs: Any, cells: int, at: int, c: Any, work: Any, tape: Any, kept: Any, factors: Any, row: int, t: int
) -> None:
    """g becomes J^T g; factors of the matrices' gradients go to row `row` of `factors`, vectors' gradients
    are summed.
    """
    raise NotImplementedError


def gather(work: Any, tape: Any, kept: Any, factors: Any, count: int) -> None:
    """Add the outer products of `count` rows of factors to the matrices' gradients, the last first."""
    raise NotImplementedError


def store_adjoint(adjoints: Any, row: int, work: Any) -> None:
    """Keep the state's gradient as row `row`."""
    raise NotImplementedError


def load_adjoint(adjoints: Any, row: int, work: Any) -> None:
    """The state's gradient is that of row `row`."""
    raise NotImplementedError


def sample_gradient(outs: Any, cells: int, at: int, c: Any, work: Any, t: int) -> None:
    """Store what is kept of the gradient at time t."""
    raise NotImplementedError


def finish_gradient(outs: Any, cells: int, at: int, c: Any, work: Any) -> None:
    """Store what is made of the parameters' gradients."""
    raise NotImplementedError


def rollout(
    numbers: Any, vectors: Any, matrices: Any, which: Any, start: Any, inputs: Any, goals: Any, counts: Any,
    outs: Any, blocks: int, steps: int, first: Any, work: Any,
) -> None:  # fmt: skip
    """States forward in time; observables are reduced on the way."""
    align_stack()
    cells = blocks * LANES
    for block in range(blocks):
        at = block * LANES
        c = select_block(numbers, vectors, matrices, which, block)
        load_start(start, block, work)
        load_target(goals, blocks, block, 0, work)
        begin(c, work)
        update(c, work, 0, first, counts)
        sample(outs, cells, at, c, work, 0, first)
        for t in range(steps):
            load_input(inputs, blocks, block, t, work)
            attend(outs, cells, at, c, work, t)
            step(c, work)
            load_target(goals, blocks, block, t + 1, work)
            update(c, work, t + 1, first, counts)
            sample(outs, cells, at, c, work, t + 1, first)
        finish(outs, cells, at, c, work)


def bptt(
    numbers: Any, vectors: Any, matrices: Any, which: Any, start: Any, inputs: Any, goals: Any, counts: Any,
    outs: Any, blocks: int, steps: int, first: Any, work: Any,
    marks: Any, tape: Any, kept: Any, factors: Any, span: int, followed: int,
) -> None:  # fmt: skip
    """Backpropagation through time with checkpoints: `marks` keeps every `span`-th state, the tapes one span.

    Where one span holds the whole run there is one forward pass, else two. The gradient of a matrix is
    gathered as one product over the times of a span, not as an update a step: the matrix of sums stays in
    registers.
    """
    align_stack()
    cells = blocks * LANES
    for block in range(blocks):
        at = block * LANES
        c = select_block(numbers, vectors, matrices, which, block)
        load_start(start, block, work)
        store_mark(marks, 0, work)
        if steps > span:
            for t in range(steps):
                if t % span == 0:
                    store_mark(marks, t // span, work)
                load_input(inputs, blocks, block, t, work)
                step(c, work)
        clear_gradient(work)
        for mark in range((steps - 1) // span, -1, -1):
            begin_at = mark * span
            end_at = min(steps, begin_at + span)
            load_mark(marks, mark, tape)
            for t in range(begin_at, end_at):
                load_input(inputs, blocks, block, t, work)
                keep_step(c, work, tape, kept, t - begin_at)
            if end_at == steps:
                load_target(goals, blocks, block, steps, work)
                add_cost(c, work, tape, end_at - begin_at, steps, first, counts)
                sample_gradient(outs, cells, at, c, work, steps)
            for t in range(end_at - 1, begin_at - 1, -1):
                if t == steps - followed - 1:
                    forget(work)
                load_input(inputs, blocks, block, t, work)
                pull_back(outs, cells, at, c, work, tape, kept, factors, t - begin_at, t)
                load_target(goals, blocks, block, t, work)
                add_cost(c, work, tape, t - begin_at, t, first, counts)
                sample_gradient(outs, cells, at, c, work, t)
            gather(work, tape, kept, factors, end_at - begin_at)
        finish_gradient(outs, cells, at, c, work)


def windows(
    numbers: Any, vectors: Any, matrices: Any, which: Any, start: Any, inputs: Any, goals: Any, counts: Any,
    outs: Any, blocks: int, steps: int, first: Any, work: Any,
    marks: Any, tape: Any, kept: Any, factors: Any, followed: int,
) -> None:  # fmt: skip
    """Truncated backpropagation of a sum of losses: the loss of each time that counts is followed `followed`
    steps back, in a window of its own. The mark is the state where the window begins; it moves with it.
    """
    align_stack()
    cells = blocks * LANES
    for block in range(blocks):
        at = block * LANES
        c = select_block(numbers, vectors, matrices, which, block)
        load_start(start, block, work)
        store_mark(marks, 0, work)
        clear_gradient(work)
        for end_at in range(steps + 1):
            if end_at > followed:
                load_input(inputs, blocks, block, end_at - followed - 1, work)
                step(c, work)
                store_mark(marks, 0, work)
            if counts[end_at] > 0.0:
                begin_at = max(0, end_at - followed)
                load_mark(marks, 0, tape)
                for t in range(begin_at, end_at):
                    load_input(inputs, blocks, block, t, work)
                    keep_step(c, work, tape, kept, t - begin_at)
                forget(work)
                load_target(goals, blocks, block, end_at, work)
                add_cost(c, work, tape, end_at - begin_at, end_at, first, counts)
                for t in range(end_at - 1, begin_at - 1, -1):
                    load_input(inputs, blocks, block, t, work)
                    pull_back(outs, cells, at, c, work, tape, kept, factors, t - begin_at, t)
                gather(work, tape, kept, factors, end_at - begin_at)
        finish_gradient(outs, cells, at, c, work)


def lags(
    numbers: Any, vectors: Any, matrices: Any, which: Any, start: Any, inputs: Any, goals: Any, counts: Any,
    outs: Any, blocks: int, steps: int, first: Any, work: Any,
    tape: Any, kept: Any, factors: Any, adjoints: Any, followed: int,
) -> None:  # fmt: skip
    """The gradient of a sum of losses by lag: what all steps that end `lag` steps before the time of a loss
    contribute together.

    `adjoints` has for every time the gradient of its own loss, carried back `lag` steps: lag by lag all go
    back one more step. Rows of the output lie the last lag first.
    """
    align_stack()
    cells = blocks * LANES
    size = outs[0].size // steps
    for block in range(blocks):
        at = block * LANES
        c = select_block(numbers, vectors, matrices, which, block)
        load_start(start, block, work)
        store_mark(tape, 0, work)
        clear_gradient(work)
        for t in range(steps):
            load_input(inputs, blocks, block, t, work)
            keep_step(c, work, tape, kept, t)
        for t in range(steps + 1):
            forget(work)
            load_target(goals, blocks, block, t, work)
            add_cost(c, work, tape, t, t, first, counts)
            store_adjoint(adjoints, t, work)
        for lag in range(steps):
            if lag < followed:
                for t in range(steps - lag):
                    load_adjoint(adjoints, t + lag + 1, work)
                    load_input(inputs, blocks, block, t, work)
                    pull_back(outs, cells, at, c, work, tape, kept, factors, t, t)
                    store_adjoint(adjoints, t + lag + 1, work)
                gather(work, tape, kept, factors, steps - lag)
            finish_gradient(outs, cells, (steps - 1 - lag) * size + at, c, work)
            clear_gradient(work)
