"""Numbers that a network learns beside its arrays: in gradients, and counted; what is held is neither."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.checks import check
from sim.run import Run, prepare
from tests.conftest import INTERPRETED

SETTINGS = {"steps": 5, "start": "gaussian", "target": 0.3}
NORMALISED = {"units": 3, "normalised": True, "norm_gain": 0.7, "norm_mean": 0.2, "norm_variance": 1.5}
MIXED = '''"""The old state mixed with a new one: h' = scale ((1 - a) h + a tanh(W h + U x + b)), a learnt."""

from typing import Annotated, Any, NamedTuple

from sim import weights as families
from sim.functions import outer, tanh, total
from sim.generic import jvp, step, units, vjp
from sim.matrices import vectors
from sim.signature import About, Family, Held


class Mixed(NamedTuple):
    """a learnt, scale held; W (n, n), U (n, inputs), b (n,)."""

    a: float
    scale: Annotated[float, Held()]
    W: Any
    U: Any
    b: Any


def _new(p, s, x):
    return tanh(p.W @ s + (p.U @ x + p.b))


@units.register
def _(p: Mixed):
    return p.W.shape[0]


@step.register
def _(p: Mixed, s, x):
    return p.scale * ((1.0 - p.a) * s + p.a * _new(p, s, x))


@jvp.register
def _(p: Mixed, s, x, v, y):
    new = _new(p, s, x)
    return p.scale * ((1.0 - p.a) * v + p.a * (1.0 - new * new) * (p.W @ v + p.U @ y))


@vjp.register
def _(p: Mixed, s, x, g):
    new = _new(p, s, x)
    d = p.scale * g * p.a * (1.0 - new * new)
    scale = total(g * ((1.0 - p.a) * s + p.a * new))
    own = Mixed(p.scale * total(g * (new - s)), scale, outer(d, s), outer(d, x), d)
    return own, p.scale * (1.0 - p.a) * g + p.W.T @ d, p.U.T @ d


def build(
    *,
    units: Annotated[int, About("number of units")] = 3,
    inputs: Annotated[int, About("number of inputs")] = 1,
    a: Annotated[float, About("share of what is new")] = 0.4,
    scale: Annotated[float, About("factor on the state")] = 0.9,
    b: Annotated[float, About("bias"), Family(families.biases, "start")] = 0.0,
    weights: Annotated[
        Any, About("recurrent weights"), Family(families.recurrent, common=families.Scaling)
    ] = "gaussian",
    input_weights: Annotated[
        Any, About("input weights"), Family(families.feeding, common=families.OwnSeed)
    ] = "gaussian",
):
    """The pack."""
    arrays = weights.matrices(units, units), input_weights.matrices(units, inputs)
    return Mixed(a, scale, *arrays, vectors(b, units, "parameters.b"))
'''


def made(system: str, names: list[str], varied: list[str] | None = None, **more: Any) -> Run:
    fixed, folder = SETTINGS | more, more.pop("folder", None)
    fixed.pop("folder", None)
    settings: dict[str, Any] = {"fixed": fixed, "varied": varied or [], "folder": folder}
    return prepare(system, task="white_noise", observables=names, **settings)


def labels(run: Run) -> list[str]:
    return [str(value) for value in next(c.values for c in run.coordinates if c.name == "parameter")]


def slope(system: str, keyword: str, at: float, **more: Any) -> float:
    """The modulus of the loss's central difference, good to about 1e-9."""
    more.pop(keyword, None)
    run = made(system, ["loss"], [keyword], **more)
    high, low = run.evaluate({keyword: at + np.array([1e-5, -1e-5])})["loss"]
    return abs(high - low) / 2e-5


@pytest.mark.parametrize("cells", [1, 3] if INTERPRETED else [3])
def test_the_gain_and_shift_of_a_normalised_read_out(cells: int):
    names = ["gradient_norm", "gradient_by_lag", "parameter_count"]
    run = made("lstm", names, ["seed"], loss_from=0, **NORMALISED)
    found = run.evaluate({"seed": np.arange(cells)})
    own = labels(run)
    assert own[-2:] == ["norm.gain", "norm.shift"]
    for i in range(cells):
        for keyword, at in (("norm_gain", 0.7), ("norm_shift", 0.0)):
            wanted = slope("lstm", keyword, at, loss_from=0, seed=i, **NORMALISED)
            number = found["gradient_norm"][i, own.index(keyword.replace("_", "."))]
            assert number == pytest.approx(wanted, rel=1e-7)
    assert (found["gradient_by_lag"][:, :, -2:] > 0.0).all()
    assert (found["parameter_count"] == 4 * (9 + 3 + 3) + 2).all()


def test_both_halves_of_a_network_that_is_run_layer_by_layer():
    more = {f"cell.{name}": value for name, value in NORMALISED.items()}
    more |= {"cell": "lstm", "alignment": "positions"}
    run = made("bidirectional", ["gradient_norm", "parameter_count"], **more)
    found = run.evaluate({})
    assert found["parameter_count"][0] == 2 * (4 * (9 + 3 + 3) + 2)
    own = [label for label in labels(run) if "norm." in label]
    assert own == [f"{half}.norm.{kind}" for half in ("forward", "backward") for kind in ("gain", "shift")]
    wanted = slope("bidirectional", "cell.norm_gain", 0.7, **more)  # both halves' together
    gains = [found["gradient_norm"][0, labels(run).index(label)] for label in own[::2]]
    assert min(abs(gains[0] + gains[1] - wanted), abs(abs(gains[0] - gains[1]) - wanted)) < 1e-7 * wanted


def test_a_number_of_ones_own_network(tmp_path: Path):
    (tmp_path / "mixed.py").write_text(MIXED)
    assert check("./mixed.py", {"units": 3}, folder=tmp_path).worst < 1e-9
    names = ["gradient_norm", "parameter_count", "pascanu_regulariser_gradient"]
    run = made("./mixed.py", names, folder=tmp_path)
    found = run.evaluate({})
    assert labels(run) == ["a", "W", "U", "b"]  # not what is held
    wanted = slope("./mixed.py", "a", 0.4, folder=tmp_path)
    assert found["gradient_norm"][0, 0] == pytest.approx(wanted, rel=1e-7)
    assert found["parameter_count"][0] == 1 + 9 + 3 + 3
    assert found["pascanu_regulariser_gradient"][0, 0] > 0.0
