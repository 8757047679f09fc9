"""Which runs the conformance suites make of a system: every system found, one unit and network, every
activation.

A system without an entry in `EXAMPLES` is tested all the same, with numbers derived from its keywords'
defaults.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from sim.errors import Refused
from sim.names import find, listing
from sim.run import Run, prepare
from sim.vocabulary import REQUIRED, Keyword, keywords
from tests.conftest import INTERPRETED

CELLS = 5
STEPS = 12
UNITS = 5
WITH_START = {"keep": 3, "max_period": 4, "tolerance": 0.05, "target": 0.3, "pieces": 2}
WITH_START |= {"forgotten": 0.3}

# Numbers per cell where the defaults say nothing (or where chaos within a few steps would hide what is
# compared).
EXAMPLES: dict[str, dict[str, Any]] = {
    "rnn": {
        "w": [0.7, -1.2, 1.4, 0.9, -0.5],
        "u": [0.5, -0.4, 0.8, 1.0, 0.3],
        "b": [0.1, -0.3, 0.2, 0.05, 0.4],
    },
    "ctrnn": {
        "w": [0.7, -1.2, 1.4, 0.9, -0.5],
        "b": [0.1, -0.3, 0.2, 0.05, 0.4],
        "alpha": [0.2, 1.0, 0.5, 0.35, 0.7],
    },
    "taps": {"lags": [1.0, 3.0], "gains": [0.5, -0.3], "gain": [1.0, 0.8, -0.9, 1.1, 0.3]},
    "henon": {"a": [1.4, 0.2, 0.9, 1.0, 0.6], "b": [0.3, -0.3, 0.1, 0.2, 0.3], "start": [0.1, 0.2]},
    "complex_quadratic": {
        "c_re": [0.2, -0.5, -1.0, 0.1, -0.1],
        "c_im": [0.3, 0.1, 0.05, -0.4, 0.6],
        "start": [0.1, -0.2],
    },
    "logistic": {"r": [2.8, 3.2, 3.5, 0.9, 3.9], "start": 0.3},
    "lstm": {
        "w_f": [0.5, -0.6, 1.2, 0.3, 0.8],
        "w_i": [0.9, 0.4, -0.7, 1.1, -0.2],
        "w_c": [-0.8, 1.3, 0.7, 0.6, 1.5],
        "w_o": [0.2, 0.9, -1.1, 0.7, 0.4],
    },
    "gru": {
        "w_r": [0.5, -0.6, 1.2, 0.3, 0.8],
        "w_u": [0.9, 0.4, -0.7, 1.1, -0.2],
        "w_c": [-0.8, 1.3, 0.7, 0.6, 1.5],
    },
    "mgu": {"w_f": [0.5, -0.6, 1.2, 0.3, 0.8], "w_c": [-0.8, 1.3, 0.7, 0.6, 1.5]},
    "cec": {"u": [0.5, -0.4, 0.8, 1.0, 0.3], "b": [2.0, 1.0, 0.0, 3.0, -0.5], "start": 0.7},
}
# Analyses write several variables and may not converge within a few steps: they have tests of their own.
ELSEWHERE = {"lyapunov_spectrum", "largest_lyapunov_exponent", "kaplan_yorke_dimension", "entropy_rate"}
ELSEWHERE |= {"fixed_points", "map_curve", "vector_field", "basin", "census", "cliff"}
ELSEWHERE |= {"limit_cycle", "return_map", "escape_smooth"}
ENOUGH = {"window": ("tanh", "relu")}  # words whose others are the same code as in another system

# What a word of the first choice needs beside it in one unit, and further settings of networks by name.
BESIDE: dict[str, dict[str, Any]] = {
    f"lstm-{peephole}": {
        "p_f": [0.3, -0.2, 0.1, 0.5, 0.4],
        "p_i": [-0.3] * 5,
        "p_o": [0.2, 0.1, 0.0, -0.6, 0.7],
    }
    for peephole in ("diagonal", "full")
}
# The reference multiplies out compounds of Jacobians: states of few numbers.
SMALLER: dict[str, dict[str, int]] = {"lstm": {"units": 3}, "window": {"units": 3, "past": 1}}
FURTHER: dict[str, dict[str, dict[str, Any]]] = {
    "lstm": {
        "dropout": {"dropout": "candidate", "keep_probability": 0.6, "coupled": True, "normalised": True},
        "forced": {"force_i": 0.9, "force_o": 0.4, "peephole": "full"},
    },
}

# The cells that wrappers are tested with, and what they need beside.
WRAPPED: dict[str, dict[str, dict[str, Any]]] = {
    "stacked": {
        "gru": {"between": 4},
        "lstm": {"cell.units": 2},
        "ctrnn": {"cell.alpha": 0.4, "cell.units": 2, "layers": 3},
    },
    "bidirectional": {"gru": {}, "rnn": {}},
}


class Case(NamedTuple):
    """One system in one form: what is fixed, and the columns of numbers that differ from cell to cell."""

    system: str
    name: str  # of the test
    fixed: dict[str, Any]
    columns: dict[str, np.ndarray]
    full: bool  # whether the compiled lane takes every observable (each costs seconds of compiling)

    @property
    def network(self) -> bool:
        """Whether the state is arrays over units."""
        return any(path.rpartition(".")[2] == "units" for path in self.fixed)

    def run(self, observables: tuple[str, ...], steps: int = STEPS, task: str = "white_noise") -> Run:
        """The run of this case with these observables."""
        words = {path: [value] for path, value in self.fixed.items() if isinstance(value, str)}
        known = keywords(self.system, task, observables, words)
        fixed = {path: value for path, value in WITH_START.items() if path in known}
        fixed["max_period"] = min(4, steps)
        fixed = {path: value for path, value in (fixed | self.fixed).items() if path in known}
        return prepare(
            self.system,
            task=task,
            observables=observables,
            fixed=fixed | {"steps": steps},
            varied=list(self.columns),
        )


def recurrences() -> tuple[str, ...]:
    """The systems that step in time; one with a form of its own (a network of layers) has tests of its
    own.
    """
    return tuple(name for name in listing("sim.systems") if not hasattr(find("sim.systems", name), "FORM"))


def cases() -> Iterator[Case]:
    """Every case of every system."""
    for system in recurrences():
        yield from of(system)


def of(system: str) -> Iterator[Case]:
    """The cases of one system: each word of its first choice, as one unit and, where it has units, as a
    network."""
    known = {path: k for path, k in keywords(system).items() if k.owner == f"system {system}"}
    if "cell" in known:
        yield from _wrappers(system)
        return
    if "flow" in known:
        yield from _steppers(system)
        return
    words = [
        (path, choice)
        for path, k in known.items()
        if k.kind == "word" and "." not in path
        for choice in _choices(k)
    ]
    head = words[0][0] if words else None
    choices = [choice for path, choice in words if path == head] or [None]
    choices = [choice for choice in choices if choice in ENOUGH.get(system, choices)]
    preferred = "tanh" if "tanh" in choices else choices[0]
    for choice in choices:
        fixed = {} if choice is None else {head: choice}
        if not _always_many(system):
            yield _scalar(system, known, fixed, choice, choice == preferred)
        if "units" in known:
            yield _network(system, known, fixed, choice, choice == preferred)
    for name, settings in FURTHER.get(system, {}).items():
        yield _network(system, known, settings, name, False)


def _wrappers(system: str) -> Iterator[Case]:
    """Two layers, or two halves, of a few cells; the compiled lane takes one."""
    for cell, settings in WRAPPED[system].items():
        fixed = {"cell": cell, "cell.units": 3, "cell.inputs": 2, "start": "gaussian"} | settings
        columns = {"cell.weights.gain": np.linspace(0.5, 1.1, CELLS), "seed": np.array([3, 1, 4, 1, 5])}
        yield Case(system, f"{system}-{cell}", fixed, columns, cell == "gru")


def _steppers(system: str) -> Iterator[Case]:
    """The continuous-time network as a flow, one unit and several."""
    dt = np.array([0.2, 1.0, 0.5, 0.35, 0.7])
    columns = {"flow.w": EXAMPLES["ctrnn"]["w"], "flow.b": EXAMPLES["ctrnn"]["b"], "dt": dt}
    columns = {path: np.array(column) for path, column in columns.items()}
    yield Case(system, f"{system}-unit", {"flow": "ctrnn", "start": 0.2}, columns, False)
    fixed = {"flow": "ctrnn", "flow.units": 3, "flow.inputs": 2, "flow.tau": 0.8, "start": "gaussian"}
    columns = {"flow.weights.gain": np.linspace(0.5, 1.1, CELLS), "seed": np.array([3, 1, 4, 1, 5]), "dt": dt}
    yield Case(system, f"{system}-network", fixed, columns, False)


def _always_many(system: str) -> bool:
    """Whether a system is a network even with one unit."""
    return not hasattr(find("sim.systems", system), "Unit") and "units" in keywords(system)


def _choices(keyword: Keyword) -> tuple[str, ...]:
    return (
        keyword.choices if keyword.default in keyword.choices and not keyword.path.endswith("weights") else ()
    )


def _scalar(
    system: str, known: dict[str, Keyword], fixed: dict[str, Any], word: str | None, full: bool
) -> Case:
    example = EXAMPLES.get(system, {}) | BESIDE.get(f"{system}-{word}", {})
    columns = {}
    for path, keyword in known.items():
        if keyword.kind not in ("number", "start") or not keyword.sweepable or "." in path:
            continue
        given = example.get(path)
        if given is None and isinstance(keyword.default, float):
            given = keyword.default + 0.1 * np.arange(CELLS) / CELLS
        elif given is None and keyword.default is REQUIRED:
            given = 0.3 + 0.1 * np.arange(CELLS)
        if given is not None:
            columns[path] = np.array(given, dtype=np.float64)
    rest = {path: value for path, value in example.items() if path not in columns}
    name = f"{system}-{word}-unit" if word else system
    return Case(system, name, {"start": 0.2} | rest | fixed, columns, full)


def _network(
    system: str, known: dict[str, Keyword], fixed: dict[str, Any], word: str | None, full: bool
) -> Case:
    factor = "weights.gain" if "weights" in known else "input_weights.scale"
    columns = {factor: np.linspace(0.5, 1.1, CELLS), "seed": np.array([3, 1, 4, 1, 5])}
    if "alpha" in known:
        columns["alpha"] = np.array([0.2, 1.0, 0.5, 0.35, 0.7])
    rest: dict[str, Any] = {"units": UNITS, "inputs": 2, "start": "gaussian"} | SMALLER.get(system, {})
    bias = next(path for path in ("b", "b_f", "b_c") if path in known)
    rest[bias] = [0.1, -0.3, 0.2, 0.05, 0.4][: rest["units"]]
    name = f"{system}-{word}-network" if word else f"{system}-network"
    return Case(system, name, rest | fixed, columns, full)


@cache
def applicable(system: str, network: bool, cell: str | None = None) -> tuple[str, ...]:
    """The observables that this system's cases can have; the refusals are tested elsewhere."""
    case = next(c for c in of(system) if (c.network, c.fixed.get("cell")) == (network, cell))
    return tuple(
        name for name in listing("sim.observables") if name not in ELSEWHERE and _accepted(case, name)
    )


def _accepted(case: Case, name: str) -> bool:
    try:
        case.run((name,))
    except Refused as refusal:
        if any(problem.place == "observables" for problem in refusal.problems):
            return False
        raise
    return True


FORWARD = ("trajectory", "norm", "final_state", "loss", "orbit", "period", "gradient")
BESIDE_IT = ("separation", "superposition_residual", "memory_length", "gate_trace", "parameter_count")
BACKWARD = ("gradient_through_time", "gradient_norm")
READINGS = ("neuron_gradient_norm", "dead_fraction", "gradient_by_lag", "pascanu_regulariser")
READINGS += ("pascanu_regulariser_gradient",)
AT_THE_END = ("eigenvalues", "jacobian_spectral_radius")
GROUPS = (FORWARD, BACKWARD, BESIDE_IT, READINGS, AT_THE_END)
WHOLLY = ("rnn", "ctrnn", "lstm")  # networks that the compiled lane asks for everything


def passes(case: Case) -> list[tuple[str, ...]]:
    """The observables of this case, in groups that are one kernel each.

    Compiling a kernel takes seconds: where the case is not the main one of its system, the compiled lane
    takes the one kernel that holds both the equation and its derivatives; of most networks the forward pass,
    the backward pass and the products of Jacobians. The interpreted lane takes a little more.
    """
    can = applicable(case.system, case.network, case.fixed.get("cell"))
    grouped = [tuple(name for name in group if name in can) for group in GROUPS]
    rest = tuple((name,) for name in can if not any(name in group for group in GROUPS))
    if case.full and (not case.network or case.system in WHOLLY):
        return [group for group in (*grouped, *rest) if group]
    if case.full:
        return [*grouped[:2], ("log_singular_values",)]
    if INTERPRETED:
        return grouped[:2] if case.network else [group for group in grouped if group]
    return [grouped[1] if case.network else grouped[0]]


def measure(
    system: str,
    names: Sequence[str],
    columns: Mapping[str, Any] | None = None,
    *,
    word: str | None = None,
    network: bool = False,
    task: str | None = None,
    **settings: Any,
) -> dict[str, np.ndarray]:
    """What a run that observes `names` finds, by kernels that the conformance suite compiles anyway.

    That is: together with the other observables of their groups, with an input (of amplitude 0 unless a task
    is named) and, for networks, with gain and seed varied. Settings are keywords, `__` standing for the dot.
    """
    case = next(
        case
        for case in of(system)
        if case.network == network and (case.full if word is None else word in case.fixed.values())
    )
    groups = [group for group in passes(case) if set(names) & set(group)]
    rest = tuple(name for name in names if not any(name in group for group in groups))
    found: dict[str, np.ndarray] = {}
    for group in [*groups, rest] if rest else groups:
        fixed = {"amplitude": 0.0} if task is None else {}
        fixed |= {"keep": 1, "max_period": 1} | ({"units": UNITS, "inputs": 2} if network else {})
        known = keywords(system, task or "white_noise", group)
        fixed = {path: value for path, value in fixed.items() if path in known}
        fixed |= {"activation": word} if word else {}
        own = {path.replace("__", "."): value for path, value in settings.items()}
        fixed |= {
            path: value for path, value in own.items() if path in known or "." in path or path not in OWN
        }
        varied = {path: np.asarray(column) for path, column in (columns or {}).items()}
        cells = len(next(iter(varied.values()))) if varied else 1
        for path, default in (("weights.gain", 1.0), ("seed", 0)) if network else ():
            varied.setdefault(path, np.full(cells, fixed.pop(path, default)))
        run = prepare(system, task=task or "white_noise", observables=group, fixed=fixed, varied=list(varied))
        values = run.evaluate(varied)
        found |= {name: values[name] for name in (*names, "outcome") if name in values}
    return found


# settings that belong to one observable: runs of the other groups do without them
OWN = ("target", "loss_from", "keep", "max_period", "tolerance", "radius")
