"""`euler` and `rk4` step any flow: every form of state, derivatives, bits, flows of one's own by name and by
path."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import jobs
from sim import generic
from sim.checks import check
from sim.equations.evaluation import Map
from sim.errors import Refused
from sim.parts.flows import flows
from sim.run import Run, prepare
from tests.sim.cases import of, passes
from tests.sim.plain import cell, moved

SYSTEMS = Path(__file__).parent.parent / "systems"
SPRINGS = """
from typing import Any, NamedTuple

from sim.functions import outer, tanh, total
from sim.generic import inputs, output, output_jvp, output_vjp, rhs, rhs_jvp, rhs_vjp, units
from sim import weights as families
from sim.signature import Family
from typing import Annotated


class Springs(NamedTuple):
    W: Any
    drag: float


@units.register
def _(p: Springs):
    return {"q": p.W.shape[0], "v": p.W.shape[0]}


@inputs.register
def _(p: Springs):
    return p.W.shape[0]


@output.register
def _(p: Springs, s):
    return s[0]


@output_vjp.register
def _(p: Springs, s, g):
    return g, 0.0 * s[1]


@rhs.register
def _(p: Springs, s, x):
    q, v = s
    return v, x - q - tanh(p.W @ q) - p.drag * v


@rhs_jvp.register
def _(p: Springs, s, x, v, y):
    h = tanh(p.W @ s[0])
    return v[1], y - v[0] - (1.0 - h * h) * (p.W @ v[0]) - p.drag * v[1]


@rhs_vjp.register
def _(p: Springs, s, x, g):
    h = tanh(p.W @ s[0])
    a = (1.0 - h * h) * g[1]
    return Springs(-outer(a, s[0]), -total(g[1] * s[1])), (-g[1] - p.W.T @ a, g[0] - p.drag * g[1]), g[1]


def build(
    *,
    units: int = 3,
    weights: Annotated[Any, Family(families.recurrent, common=families.Scaling)] = "gaussian",
    drag: float = 0.2,
):
    return Springs(weights.matrices(units, units), drag)
"""


def run(stepper: str, flow: str, observables=("trajectory",), varied=(), folder=None, **settings) -> Run:
    fixed = {"dt": 0.1, "steps": 12} | {path.replace("__", "."): value for path, value in settings.items()}
    fixed = {path: value for path, value in fixed.items() if path not in varied}
    return prepare(
        stepper, observables=observables, fixed={"flow": flow} | fixed, varied=varied, folder=folder
    )


def test_the_continuous_time_network_is_the_one_shipped_flow():
    assert list(flows()) == ["ctrnn"]


# ---- the equation -------------------------------------------------------------------------------------


NETWORK = {"units": 4, "inputs": 2, "b": 0.3}


@pytest.mark.parametrize("settings", [{"w": -1.3, "b": 0.4, "u": 0.7}, NETWORK], ids=["unit", "network"])
def test_euler_of_the_flow_is_the_stepped_network(settings: dict):
    """Also with a time constant, alpha = dt / tau; and with the same seed it has the same weights."""
    of_flow = {f"flow.{path}": value for path, value in settings.items()} | {"flow.tau": 0.5, "dt": 0.15}
    maps = []
    for system, own in (("euler", {"flow": "ctrnn"} | of_flow), ("ctrnn", settings | {"alpha": 0.3})):
        made = prepare(system, task="constant", observables=["final_state"], fixed={"steps": 1} | own)
        one = Map(made._form)
        maps.append((one, one.load({}, 1)))
    s = np.random.default_rng(3).normal(size=(6, maps[0][0].n))
    stepped, wanted = (one.step(known, np.zeros(6, dtype=int), s) for one, known in maps)
    assert not np.allclose(stepped, s, atol=0.01)
    np.testing.assert_allclose(stepped, wanted, rtol=0, atol=1e-15 * np.abs(wanted).max() * 4)


@pytest.mark.parametrize("stepper", ["euler", "rk4"])
def test_a_linear_flow_with_its_input_held_is_a_polynomial(stepper: str):
    """s' = R(-dt) s + (1 - R(-dt)) x of the leak with an input: R(z) = 1 + z, or five terms of exp z."""
    z = -0.3
    R = 1 + z if stepper == "euler" else 1 + z + z**2 / 2 + z**3 / 6 + z**4 / 24
    made = prepare(
        stepper,
        task="white_noise",
        observables=["trajectory"],
        fixed={"flow": "ctrnn", "dt": 0.3, "steps": 30, "start": 0.8},
        varied=["flow.w"],
    )
    found = made.evaluate({"flow.w": np.zeros(1)})["trajectory"][0]
    x = cell(made, {"flow.w": np.zeros(1)}).inputs[:, 0]
    wanted = [0.8]
    for t in range(30):
        wanted.append(R * wanted[-1] + (1 - R) * x[t])
    np.testing.assert_allclose(found, wanted, rtol=1e-13, atol=1e-15)


def test_units_inputs_output_and_the_length_of_a_step_are_those_of_the_flow():
    own = {"flow.units": 3, "flow.inputs": 2, "flow.activation": "sigmoid"}
    made = prepare("rk4", observables=["final_state"], fixed={"flow": "ctrnn", "dt": 0.25, "steps": 1} | own)
    p = cell(made).pack
    s = np.array([0.1, -0.4, 2.0])
    assert generic.units(p) == 3
    assert generic.inputs(p) == 2
    assert generic.step_size(p) == 0.25
    np.testing.assert_allclose(generic.output(p, s), 1 / (1 + np.exp(-s)), rtol=1e-15)


def test_the_length_of_a_step_of_other_systems():
    for system, fixed, wanted in (
        ("ctrnn", {"w": 1.0, "alpha": 0.3}, 0.3),
        ("ctrnn", {"units": 2, "tau": 2.0, "dt": 0.5}, 0.25),
        ("henon", {}, 1.0),
    ):
        made = prepare(system, observables=["final_state"], fixed={"steps": 1} | fixed)
        assert generic.step_size(made.setting.example) == wanted


# ---- derivatives --------------------------------------------------------------------------------------


@pytest.fixture
def springs(tmp_path: Path) -> Path:
    """A folder with a flow whose state is two arrays."""
    (tmp_path / "springs.py").write_text(SPRINGS)
    return tmp_path


@pytest.mark.parametrize("stepper", ["euler", "rk4"])
@pytest.mark.parametrize("flow", ["ctrnn", "tests.systems.beer", "./springs.py"])
def test_networks_have_the_derivatives_of_their_step(stepper: str, flow: str, springs: Path):
    own = {"flow.units": 3, "flow.inputs": 2, "flow.tau": 0.7} if flow == "ctrnn" else {}
    found = check(stepper, {"flow": flow, "dt": 0.3} | own, folder=springs)
    assert found.worst < 1e-9
    assert found.adjoint < 1e-12
    assert "dt" in found.parameters
    assert {"flow.W"} < set(found.parameters)


def test_a_few_numbers_have_derivatives_from_the_trace():
    """The gradient of an orbit of the Lorenz equations against differences, dt among the parameters."""
    values = {"flow.sigma": 10.0, "flow.rho": 28.0, "flow.beta": 8.0 / 3.0, "dt": 0.02}
    made = run("rk4", "tests.systems.lorenz", ("gradient", "loss"), tuple(values), steps=10, target=0.5)
    assert made.coordinates[0].values.tolist() == list(values)
    e = 1e-5 * (np.eye(4) * np.array([*values.values()]))
    rows = np.array([*values.values()]) + np.concatenate([0 * e[:1], e, -e, 2 * e, -2 * e])
    found = made.evaluate({path: rows[:, i].copy() for i, path in enumerate(values)})
    near, far = (found["loss"][a : a + 4] - found["loss"][a + 4 : a + 8] for a in (1, 9))
    slopes = (8 * near - far) / (12 * e.diagonal())
    np.testing.assert_allclose(found["gradient"][0], slopes, rtol=1e-7)


# ---- bits ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stepper", ["euler", "rk4"])
def test_a_cell_of_a_few_numbers_is_alone_what_it_is_in_any_tile(stepper: str):
    made = run(stepper, "tests.systems.lorenz", ("final_state",), ("flow.rho", "dt"))
    columns = {"flow.rho": np.linspace(0.5, 40.0, 150), "dt": np.linspace(0.001, 0.02, 150)}
    whole = made.evaluate(columns)["final_state"]
    for part in (slice(0, 1), slice(63, 66), slice(7, 140), slice(149, 150)):
        some = made.evaluate({path: column[part] for path, column in columns.items()})["final_state"]
        assert some.tobytes() == np.ascontiguousarray(whole[part]).tobytes()


@pytest.mark.parametrize("stepper", ["euler", "rk4"])
def test_shared_and_distinct_matrices_give_equal_bits(stepper: str):
    settings = {"flow__units": 5, "flow__inputs": 1, "start": "gaussian", "steps": 8}
    seeds, gains = np.array([5, 2, 5, 9, 2]), np.array([1.3, 1.3, 0.7, 1.3, 0.7])
    shared = run(stepper, "ctrnn", ("final_state",), ("seed", "flow.weights.gain"), **settings)
    distinct = run(stepper, "ctrnn", ("final_state",), ("seed",), flow__weights__gain=1.3, **settings)
    assert (shared._form.shared, distinct._form.shared) == (True, False)
    wanted = shared.evaluate({"seed": seeds, "flow.weights.gain": gains})["final_state"]
    found = distinct.evaluate({"seed": seeds[gains == 1.3]})["final_state"]
    assert found.tobytes() == np.ascontiguousarray(wanted[gains == 1.3]).tobytes()


@pytest.mark.compiled
@pytest.mark.parametrize("stepper", ["euler", "rk4"])
def test_gradients_of_a_cell_are_alone_what_they_are_in_any_tile(stepper: str):
    """With the kernels of the conformance suite."""
    case = next(case for case in of(stepper) if case.network)
    made = case.run(passes(case)[0])
    columns = {path: np.resize(column, 75) for path, column in case.columns.items()}
    whole = made.evaluate(columns)
    for part in (slice(0, 1), slice(31, 34), slice(3, 70)):
        some = made.evaluate({path: column[part] for path, column in columns.items()})
        for name, values in some.items():
            assert values.tobytes() == np.ascontiguousarray(whole[name][part]).tobytes(), name


def test_a_step_is_the_plain_step():
    for flow in ("tests.systems.saxe", "tests.systems.beer"):
        made = run("rk4", flow)
        c = cell(made)
        found = made.evaluate({})["trajectory"][0].reshape(13, -1)
        np.testing.assert_array_equal(found[0], c.start)
        for t in range(12):
            np.testing.assert_allclose(found[t + 1], moved(c, found[t], t), rtol=1e-13, atol=1e-15)


# ---- flows of one's own -------------------------------------------------------------------------------

SWEEP = """
name = "lorenz"
system = "rk4"
observables = ["final_state"]

[parameters]
flow = "./mine/lorenz.py"
dt = 0.01
steps = 20

[axes.rho]
values = [20.0, 28.0]
"""


@pytest.mark.compiled
def test_a_path_starts_at_the_sweep_file_also_in_worker_processes(tmp_path: Path, monkeypatch):
    """And bare names of the flow's keywords are enough; its START is that of the run."""
    place = tmp_path / "sweeps"
    (place / "mine").mkdir(parents=True)
    (place / "mine" / "lorenz.py").write_text((SYSTEMS / "lorenz.py").read_text())
    (place / "lorenz.toml").write_text(SWEEP)
    monkeypatch.chdir(tmp_path)
    found = []
    for executor in ("serial", "processes"):
        done = jobs.run(place / "lorenz.toml", root=tmp_path / executor, executor=executor)
        found.append(jobs.open(done.path))
    wanted = run("rk4", "tests.systems.lorenz", ("final_state",), ("flow.rho",), dt=0.01, steps=20)
    assert wanted.setting.values["start"] == (1.0, 1.0, 20.0)
    wanted = wanted.evaluate({"flow.rho": np.array([20.0, 28.0])})["final_state"]
    for dataset in found:
        assert dataset.final_state.dims[0] == "rho"
        assert dataset.final_state.values.tobytes() == wanted.tobytes()


def test_the_digest_covers_the_flow(tmp_path: Path):
    text = (SYSTEMS / "lorenz.py").read_text()
    digests = []
    for changed in (text, text + "\n# another file"):
        (tmp_path / "lorenz.py").write_text(changed)
        digests.append(run("rk4", "./lorenz.py", folder=tmp_path).digest)
    assert digests[0] != digests[1]


LORENZ = (SYSTEMS / "lorenz.py").read_text()
REFUSED = {
    "no such flow": ("rk4", {"flow": "lorentz"}, "parameters.flow", "there are: ctrnn"),
    "no flow": ("rk4", {"flow": "gru"}, "parameters.flow", "there are: ctrnn"),
    "no file": (
        "rk4",
        {"flow": "./nowhere.py"},
        "parameters.flow",
        "cannot read .*nowhere.py.* sweep file's",
    ),
    "no module": ("rk4", {"flow": "no.where"}, "parameters.flow", "cannot import 'no.where'"),
    "a map": (
        "rk4",
        {"flow": "tests.systems.towel"},
        "parameters.flow",
        "has a step of its own with these keywords; give a flow",
    ),
    "a stepped network": (
        "euler",
        {"flow": "ctrnn", "flow.w": 1.0, "flow.alpha": 0.1},
        "parameters.flow",
        "has a step of its own .* without flow.alpha and flow.dt",
    ),
    "no dt": ("rk4", {"flow": "tests.systems.saxe", "dt": None}, "parameters.dt", "has no default"),
    "backwards": ("rk4", {"flow": "tests.systems.saxe", "dt": -0.1}, "parameters.dt", "a number above 0"),
    "not stepped": (
        "ctrnn",
        {"w": 1.0, "tau": 2.0},
        "parameters.alpha",
        'either alpha, or tau and dt together .* system = "rk4" .* with flow = "ctrnn"',
    ),
    "not stepped either": (
        "tests.systems.saxe",
        {},
        "system",
        'a flow here, .* write system = "rk4" .* with flow = "tests.systems.saxe" and a time step dt',
    ),
    "a cell that is a flow": (
        "stacked",
        {"cell": "ctrnn", "cell.units": 2},
        "parameters.cell",
        r"made of steps; write what gives it one \(cell.alpha for ctrnn\)",
    ),
    "too few rates": ("rk4", {"flow": "./few.py"}, "parameters.flow", "returns 2 for a state of 3"),
    "no rates": ("rk4", {"flow": "./none.py"}, "parameters.flow", "returns None for a state of 3"),
    "no rhs": (
        "rk4",
        {"flow": "./no_rhs.py"},
        "parameters.flow",
        "no rhs; write one with @rhs.register in .*",
    ),
    "an error of its own": (
        "rk4",
        {"flow": "./wrong.py"},
        "wrong.py:",
        "fails: AttributeError: 'Lorenz' object has no attribute 'sigm'",
    ),
}
WRONG = {
    "few": (", u * v - p.beta * w", ""),
    "none": ("return p.sigma", "p.sigma"),
    "no_rhs": ("@rhs.register", "@staticmethod"),
    "wrong": ("p.sigma", "p.sigm"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_stepped_is_refused(name: str, tmp_path: Path):
    for file, (old, new) in WRONG.items():
        (tmp_path / f"{file}.py").write_text(LORENZ.replace(old, new))
    system, options, place, message = REFUSED[name]
    fixed = {"steps": 1} | ({"dt": 0.1} if system in ("rk4", "euler") else {}) | options
    fixed = {path: value for path, value in fixed.items() if value is not None}
    with pytest.raises(Refused, match=message) as refusal:
        prepare(system, observables=["final_state"], fixed=fixed, folder=tmp_path)
    assert any(place in problem.place for problem in refusal.value.problems)


def test_a_network_without_gradients_says_what_is_missing(tmp_path: Path):
    text = SPRINGS.replace("@rhs_vjp.register", "@staticmethod")
    (tmp_path / "springs.py").write_text(text)
    with pytest.raises(
        Refused, match=r"Springs has no rhs_vjp; write one with @rhs_vjp.register in .*springs\.py"
    ):
        run("rk4", "./springs.py", ("gradient_norm",), folder=tmp_path)
