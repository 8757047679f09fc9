"""What an observable declares, and the forms it can take.

An observable is one file in `sim/observables/` with a value named `observable` of one of the types below. Its
functions are written like a system's `step`, on numbers of a cell, and are compiled into the pass they read;
`k` holds its keywords (numbers are per cell and may be axes, whole numbers and words are fixed), `p` the
pack, `s` the state.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

OUTCOMES = {
    0: "pending",
    1: "ok",
    2: "diverged",
    3: "not_converged",
    4: "step_limit",
    5: "timeout",
    6: "crashed",
    7: "out_of_memory",
}


class Coordinate(NamedTuple):
    """The labels along a dimension of a variable's own."""

    name: str
    values: np.ndarray
    long_name: str
    units: str


class Variable(NamedTuple):
    """A stored variable: its dimensions beyond the cells', and what it says of itself."""

    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: str
    long_name: str
    units: str
    comment: str
    source: str
    flags: Mapping[int, str] | None = None
    # whether infinities and NaN are ordinary values (the log of zero, a root that is missing), no divergence
    infinite: bool = False
    outcomes: Mapping[int, int] | None = None  # outcomes of cells whose value is one of these, as {3: 3}


class Facts(NamedTuple):
    """What a declaration may depend on."""

    # of the state: n units, several arrays by name, names of a few numbers, or one number
    labels: int | dict[str, int] | tuple[str, ...] | None
    steps: int
    parameters: tuple[str, ...]  # differentiable, by name
    k: Any  # the observable's keywords
    shapes: Mapping[str, tuple[int, ...]] = MappingProxyType({})  # of a network's arrays of parameters
    layers: int = 0  # of a layered feed-forward system; 0: a recurrent one
    gates: Mapping[str, int] = MappingProxyType({})  # the inner values of a step: how many numbers each
    counts: np.ndarray | None = None  # for every time whether its loss counts, where the task says so

    @property
    def numbers(self) -> int:
        """How many numbers the state has."""
        if isinstance(self.labels, dict):
            return sum(self.labels.values())
        return self.labels if isinstance(self.labels, int) else len(self.labels or [""])

    @property
    def unit(self) -> tuple[Coordinate, ...]:
        """The coordinate of the state's numbers; none where the state is one number."""
        if self.labels is None:
            return ()
        if isinstance(self.labels, int):
            return (Coordinate("unit", np.arange(self.labels), "unit", "1"),)
        if isinstance(self.labels, dict):
            names = [f"{part}[{i}]" for part, n in self.labels.items() for i in range(n)]
            return (Coordinate("unit", np.array(names, dtype=object), "unit of each array", "1"),)
        return (Coordinate("unit", np.array(self.labels, dtype=object), "number of the state", "1"),)

    @property
    def step(self) -> Coordinate:
        """Steps 0..steps-1, by the time they start from."""
        return Coordinate("step", np.arange(self.steps), "step from this time to the next", "step")

    @property
    def time(self) -> Coordinate:
        """Time 0..steps, the start included."""
        return Coordinate("time", np.arange(self.steps + 1), "time", "step")


class Declared(NamedTuple):
    """A variable without its shape: that follows from its coordinates.

    An observable that is stored once a cell may write more than one: `further` declares the others by their
    names, and its value then holds the numbers of all of them, one after another.
    """

    coordinates: tuple[Coordinate, ...]
    long_name: str
    units: str
    comment: str
    source: str
    dtype: str = "float64"
    flags: Mapping[int, str] | None = None
    infinite: bool = False
    outcomes: Mapping[int, int] | None = None
    further: Mapping[str, "Declared"] = MappingProxyType({})


class NoKeywords(NamedTuple):
    """An observable without settings."""


class Sampled(NamedTuple):
    """Kept at every time from `first(facts)` on: `value(k, p, s)` is a number or the state's numbers."""

    declare: Callable[[Facts], Declared]
    value: Callable[[Any, Any, Any], Any]
    keywords: type = NoKeywords
    first: Callable[[Facts], int] = lambda facts: 0
    reads: str = "rollout"


class Reduced(NamedTuple):
    """Accumulated over times from `first(facts)` on, then stored once.

    `begin(k, p, s)` gives the accumulators, `update(k, p, s, a, t)` the next ones, `end(k, p, s, a)` the
    stored value.
    """

    declare: Callable[[Facts], Declared]
    begin: Callable[[Any, Any, Any], tuple[Any, ...]]
    update: Callable[[Any, Any, Any, Any, Any], tuple[Any, ...]]
    end: Callable[[Any, Any, Any, Any], Any]
    keywords: type = NoKeywords
    first: Callable[[Facts], int] = lambda facts: 0
    reads: str = "rollout"


class Stepped(NamedTuple):
    """Kept of every step: `value(k, p, s, x)` of the state and the input that the step starts from
    (networks).

    Its own dimension is `step`, 0..steps-1: the step from that time to the next.
    """

    declare: Callable[[Facts], Declared]
    value: Callable[[Any, Any, Any, Any], Any]
    keywords: type = NoKeywords


class Shadow(NamedTuple):
    """Runs beside the state (networks): `begin(k, p, s)` gives numbers or arrays over units, `move(k, p,
    s, x, a)` the next ones from the state and input before the step, `value(k, p, s, a)` is kept at
    every time. `check(k, start)` refuses keywords that do not go together; a keyword that is an axis is
    there the array of its values, a start that is one is None.
    """

    declare: Callable[[Facts], Declared]
    begin: Callable[[Any, Any, Any], tuple[Any, ...]]
    move: Callable[[Any, Any, Any, Any, Any], tuple[Any, ...]]
    value: Callable[[Any, Any, Any, Any], Any]
    keywords: type = NoKeywords
    each: bool = True  # else only of the last time
    check: Callable[[Any, Any], None] = lambda k, start: None


class Backward(NamedTuple):
    """Kept at every time of the backward pass: `value(g)` of the gradient of the loss with respect to the
    state.
    """

    declare: Callable[[Facts], Declared]
    value: Callable[[Any], Any]
    keywords: type
    reads: str = "bptt"


class Pulled(NamedTuple):
    """Read off each step of the backward pass (networks): `value(k, own, omega)`.

    `own` has for each array of parameters the norm of what this step alone contributes to its gradient,
    `omega` is (|J^T g| / |g| - 1)^2 of this step. Kept for every step, or summed over them. One that is
    `by_lag` keeps `own` itself, and where several times have a loss, that of each lag: what the steps that
    end `lag` steps before each of these times contribute together.
    """

    declare: Callable[[Facts], Declared]
    value: Callable[[Any, Mapping[str, Any], Any], Any]
    keywords: type
    summed: bool = False
    backward: bool = False  # stored by lag, the last step first
    by_lag: bool = False


class Inward(NamedTuple):
    """The gradient of the loss with respect to the inputs of every step (networks): what goes on to whatever
    made them. For forms of several passes; no leaf declares it.
    """


class Norms(NamedTuple):
    """Norms of the gradient of the loss with respect to a network's parameters, after the backward pass.

    `by` says of what: "array" (each array of parameters), "neuron" (each row of each matrix: the weights into
    one neuron) or "dead" (the share of rows that are exactly zero); layered systems also have "delta" (the
    gradient with respect to a layer's summed inputs) and "activation".
    """

    declare: Callable[[Facts], Declared]
    keywords: type
    by: str = "array"
    of: str = "loss"  # or "regulariser": that of Pascanu, Mikolov & Bengio
    reads: str = "bptt"


class Forward(NamedTuple):
    """The gradient of the loss with respect to the parameters `wanted`, carried forward with the states
    (small states).
    """

    declare: Callable[[Facts], Declared]
    keywords: type
    wanted: Callable[[Facts], tuple[str, ...]]
    reads: str = "tangent"


class Whole(NamedTuple):
    """Needs a loop of its own: `plan(form, k, facts)` gives an object like `Loop` for this run."""

    declare: Callable[[Facts], Declared]
    plan: Callable[[Any, Any, Facts], "Loop"]
    keywords: type = NoKeywords
    reads: str = "whole"
    layered: bool = False  # whether it is of layered systems too, which have no equation over time


class Loop(NamedTuple):
    """A loop of an observable's own: its generated source, what it does for a tile, and what it costs a
    cell.
    """

    source: str
    evaluate: Callable[[Any], np.ndarray]  # Tile -> (rows, padded cells)
    operations: float
    work_bytes: int = 0  # of a cell
    scratch_bytes: int = 0  # of a call, beside that of its cells
    by_cell: bool = False  # whether `evaluate` gives (rows, cells), not one column a lane


def times_of(observable: Any, steps: int, first: int) -> int:
    """How many times an observable stores its rows in a run of this many steps."""
    if isinstance(observable, (Sampled, Backward)) or (isinstance(observable, Shadow) and observable.each):
        return steps + 1 - first
    kept = isinstance(observable, Stepped) or (isinstance(observable, Pulled) and not observable.summed)
    return steps if kept else 1


def written(watched: Sequence[tuple[str, Any, int]], program: Any, steps: int) -> dict[str, int]:
    """How many numbers of a cell each of these (name, watcher, first time) gives in a program, by name."""
    rows = program.rows if program is not None else []
    return {
        name: times_of(watcher.observable, steps, first) * height
        for (name, watcher, first), height in zip(watched, rows, strict=False)
    }
