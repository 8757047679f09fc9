"""A tiny stand-in for `sim`: the same face, arithmetic instead of kernels, and faults on demand."""

import time
from pathlib import Path

import numpy as np

from sim.errors import Refused, refuse
from sim.run import Coordinate, Variable
from sim.vocabulary import REQUIRED, Keyword


def _keyword(path, kind, default, owner="system fake", **more):
    return Keyword(
        path=path, owner=owner, kind=kind, default=default, unit="1", meaning=f"the {path}", **more
    )


KNOWN = [
    _keyword("w", "number", REQUIRED),
    _keyword("b", "number", 0.0),
    _keyword("activation", "word", "tanh", choices=("identity", "sigmoid", "tanh", "relu")),
    _keyword("weights", "word", "gaussian", choices=("gaussian", "identity")),
    _keyword("weights.gain", "number", 1.0, owner="weights gaussian"),
    _keyword("task.gain", "number", 1.0, owner="task impulse"),
    _keyword("weights.scale", "number", 1.0, owner="weights gaussian"),
    _keyword("units", "integer", 1, sweepable=False),
    _keyword("flag", "flag", False),
    _keyword("c", "numbers", None),
    _keyword("steps", "integer", 10, owner="run", sweepable=False),
    _keyword("seed", "integer", 0, owner="run"),
    _keyword("start", "start", 0.0, owner="run"),
    _keyword("target", "number", 0.7, owner="observable loss"),
    _keyword("sleep", "number", 0.0),
]
FACES = {
    "loss": ((), "float64"),
    "gradient": (("parameter",), "float64"),
    "trajectory": (("time",), "float64"),
    "period": ((), "int64"),
}
SIZES = {"parameter": np.array(["w", "b"], dtype=object), "time": None}


def keywords(system, task, observables, words, folder=None):
    if system != "fake":
        raise refuse("system", f"there is no system {system!r}; did you mean 'fake'?")
    wrong = [name for name in observables if name not in FACES]
    if wrong:
        raise refuse("observables", f"there is no observable {wrong[0]!r}")
    return {keyword.path: keyword for keyword in KNOWN}


class FakeRun:
    """`calls` counts evaluated cells of all runs."""

    calls = 0
    work_bytes = 8
    scratch_bytes = 0
    together = frozenset()
    digest = "0" * 32
    own = ()

    def __init__(self, observables, fixed, varied, operations=1e5):
        self.fixed, self.varied, self.operations = dict(fixed), set(varied), operations
        self.steps = fixed.get("steps", 10)
        times = np.arange(self.steps + 1)
        values = {"parameter": SIZES["parameter"], "time": times}
        dims = dict.fromkeys(dim for name in observables for dim in FACES[name][0])
        self.coordinates = tuple(Coordinate(dim, values[dim], dim, "1") for dim in dims)
        self.variables = tuple(
            Variable(
                name=name,
                dims=FACES[name][0],
                shape=tuple(len(values[dim]) for dim in FACES[name][0]),
                dtype=FACES[name][1],
                long_name=name,
                units="1",
                comment=f"the {name}",
                source="nobody, 2026",
                flags=None,
            )
            for name in observables
        )

    def compile(self):
        pass

    def evaluate(self, columns):
        assert set(columns) == self.varied
        cells = len(next(iter(columns.values()))) if columns else 1
        FakeRun.calls += cells
        time.sleep(self.fixed.get("sleep", 0.0))
        number = {
            "w": 0.0,
            "b": 0.0,
            "seed": 0,
            **{k: v for k, v in self.fixed.items() if k in ("w", "b")},
            **columns,
        }
        w, b = np.broadcast_to(number["w"], cells), np.broadcast_to(number["b"], cells)
        if np.any(w == 666.0):
            raise ZeroDivisionError("a poisoned cell")
        if np.any(w == 667.0):
            raise MemoryError
        if np.any(bad := (w == 668.0) & (np.abs(b) < 0.05)):
            raise ValueError(f"no start for b = {b[bad][0]:.3f}")
        shift = len(str(self.fixed.get("activation", ""))) + np.broadcast_to(number["seed"], cells)
        with np.errstate(all="ignore"):
            base = w * w + b / (w - 3.0) + shift
            arrays = {
                "loss": base,
                "gradient": np.stack([2 * w, base * b], axis=-1),
                "trajectory": base[:, None] * np.arange(self.steps + 1),
                "period": np.clip(np.nan_to_num(base), 0, 1e6).astype(np.int64),
            }
        result = {item.name: np.ascontiguousarray(arrays[item.name]) for item in self.variables}
        result["outcome"] = np.where(np.isfinite(base), 1, 2).astype(np.uint8)
        return result


def prepare(system, *, task="silence", observables, fixed, varied=(), folder: Path | None = None):
    if fixed.get("units", 1) < 1:
        raise Refused([refuse("parameters.units", "at least 1").problems[0]])
    return FakeRun(observables, fixed, varied)
