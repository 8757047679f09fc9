"""A user's own file: fifteen lines, with gradients, the same kernels and the same bits as a built-in
system."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from sim.run import prepare
from tests.conftest import INTERPRETED
from tests.sim.cases import of, passes
from tests.sim.plain import cell
from tests.sim.reference import REFERENCE

LOGISTIC = """
from typing import NamedTuple

from sim.generic import step


class Mine(NamedTuple):
    r: float = 3.5


@step.register
def _(p: Mine, s, x):
    z = p.r * s
    return z - z * s
"""

LEAKY = """
from typing import NamedTuple

from sim.functions import tanh
from sim.generic import step


class Leaky(NamedTuple):
    w: float
    leak: float = 0.2
    threshold: float = 0.0


@step.register
def _(p: Leaky, s, x):
    return (1 - p.leak) * s + p.leak * tanh(p.w * (s - p.threshold) + x)
"""

HENON = """
from typing import NamedTuple

from sim.generic import step, units


class Twice(NamedTuple):
    a: float = 1.4
    b: float = 0.3


@units.register
def _(p: Twice):
    return ("x", "y")


@step.register
def _(p: Twice, s, x):
    u, v = s
    return 1.0 - p.a * u * u + v, p.b * u
"""


@pytest.mark.parametrize(("text", "system"), [(LOGISTIC, "logistic"), (HENON, "henon")])
def test_the_same_equation_is_the_same_program_and_the_same_bits(text: str, system: str, tmp_path: Path):
    (tmp_path / "mine.py").write_text(text)
    (case,) = of(system)
    for names in passes(case):
        built_in = case.run(names)
        own = prepare(
            "./mine.py",
            task="white_noise",
            observables=names,
            fixed={k: v for k, v in built_in.setting.values.items() if k not in case.columns},
            varied=list(case.columns),
            folder=tmp_path,
        )
        assert own._form.sources == built_in._form.sources
        wanted, found = built_in.evaluate(case.columns), own.evaluate(case.columns)
        for name, values in found.items():
            assert values.tobytes() == wanted[name].tobytes()


def test_fifteen_lines_are_enough(tmp_path: Path):
    assert len([line for line in LEAKY.strip().splitlines() if line.strip()]) <= 15
    (tmp_path / "leaky.py").write_text(LEAKY)
    names = ["trajectory", "loss", "gradient", "period"]
    run = prepare(
        "./leaky.py",
        task="impulse",
        observables=names,
        fixed={"steps": 30, "target": 0.5, "leak": 0.3, "max_period": 8},
        varied=["w", "threshold"],
        folder=tmp_path,
    )
    assert list(run.coordinates[1].values) == ["w", "leak", "threshold"]
    columns = {"w": np.array([0.5, 1.5, 3.0]), "threshold": np.array([0.0, 0.1, -0.2])}
    found = run.evaluate(columns)
    np.testing.assert_array_equal(found["outcome"], 1)
    for i in range(3):
        w, leak, threshold = columns["w"][i], 0.3, columns["threshold"][i]
        wanted = _by_hand(w, leak, threshold)
        np.testing.assert_allclose(found["trajectory"][i], wanted[0], rtol=1e-12)
        np.testing.assert_allclose(found["loss"][i], wanted[1], rtol=1e-11)
        np.testing.assert_allclose(found["gradient"][i], wanted[2], rtol=1e-10, atol=1e-14)


def _by_hand(w: float, leak: float, threshold: float) -> tuple[np.ndarray, float, np.ndarray]:
    """Orbit, loss and gradient with the derivatives written out."""
    s, d, path = 0.0, np.zeros(3), [0.0]
    for t in range(30):
        h = np.tanh(w * (s - threshold) + (t == 0))
        slope = leak * (1 - h * h)
        d = (1 - leak + slope * w) * d + np.array([slope * (s - threshold), h - s, -slope * w])
        s = (1 - leak) * s + leak * h
        path.append(s)
    return np.array(path), (s - 0.5) ** 2, 2 * (s - 0.5) * d


def test_a_file_that_changes_is_read_again(tmp_path: Path):
    for factor in ("3.5", "2.0"):
        text = LOGISTIC.replace("z = p.r * s", f"z = {factor} * s")
        (tmp_path / "mine.py").write_text(text)
        run = prepare(
            "./mine.py", observables=["trajectory"], fixed={"steps": 1, "start": 0.5}, folder=tmp_path
        )
        assert run.evaluate({})["trajectory"][0, 1] == float(factor) / 4


NETWORK = """
from typing import Any, NamedTuple

from sim.functions import outer, tanh, total
from sim.generic import jvp, step, units, vjp
from sim.matrices import Matrices, Vectors
import numpy as np


class Bistable(NamedTuple):
    W: Any
    b: Any
    gamma: float


@units.register
def _(p: Bistable):
    return p.W.shape[0]


@step.register
def _(p: Bistable, s, x):
    return s + p.gamma * (tanh(p.W @ s + p.b) - s * s * s)


@jvp.register
def _(p: Bistable, s, x, v):
    h = tanh(p.W @ s + p.b)
    return v + p.gamma * ((1.0 - h * h) * (p.W @ v) - 3.0 * s * s * v)


@vjp.register
def _(p: Bistable, s, x, g):
    h = tanh(p.W @ s + p.b)
    a = p.gamma * g * (1.0 - h * h)
    return Bistable(outer(a, s), a, total(g * (h - s * s * s))), g + p.W.T @ a - 3.0 * p.gamma * s * s * g


def build(*, gamma: float = 0.1, tilt: float = 0.2):
    W = np.array([[[0.9, -0.4, 0.1], [0.3, 1.1, 0.0], [-0.2, 0.5, 0.7]]])
    b = np.array([[0.1, -0.1, 0.3]])
    one = np.zeros(1, dtype=np.intp)
    return Bistable(Matrices(W, one, 1.0), Vectors(tilt * b if np.ndim(tilt) == 0 else b, one), gamma)
"""


def test_a_network_of_ones_own(tmp_path: Path):
    """With jvp and vjp written by its author: everything a built-in network can be asked."""
    (tmp_path / "bistable.py").write_text(NETWORK)
    names = ("trajectory", "loss", "gradient_norm", "gradient_through_time")
    names += (
        ("log_jacobian_norm", "log_singular_values") if INTERPRETED else ()
    )  # two kernels less to compile
    fixed = {"steps": 9, "start": [0.5, -0.3, 0.8], "target": 0.4}
    run = prepare("./bistable.py", observables=names, fixed=fixed, varied=["gamma"], folder=tmp_path)
    columns = {"gamma": np.array([0.05, 0.3])}
    found = run.evaluate(columns)
    for i in range(2):
        c = cell(run, columns, i, np.longdouble)
        for variable in run.variables:
            wanted = REFERENCE[variable.name](c).astype(float).reshape(variable.shape)
            np.testing.assert_allclose(found[variable.name][i], wanted, rtol=1e-11, atol=1e-12)
