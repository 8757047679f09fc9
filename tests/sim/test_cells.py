"""Recurrent cells of n units: hand-written derivatives against differences, cells against PyTorch's."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

from sim.equations.equation import Equation
from sim.errors import Refused
from sim.generic import gates, inputs, jvp, noise, output, output_jvp, output_vjp, step, units, vjp
from sim.run import prepare
from tests.sim.packs import at, built, central, flat, numbers, replaced, shaped

N, M = 4, 3
LSTM = {
    "": {},
    "diagonal": {"peephole": "diagonal"},
    "full": {"peephole": "full"},
    "coupled": {"coupled": True},
    "coupled-full": {"coupled": True, "peephole": "full"},
    "forget-bias": {"b_f": 2.0, "b_o": (0.1, -0.2, 0.3, 0.4)},
    "forced-f": {"force_f": 0.8, "peephole": "full"},
    "forced-i": {"force_i": 0.3, "peephole": "diagonal"},
    "forced-o": {"force_o": 0.6, "peephole": "full"},
    "forced-all": {"force_f": 0.9, "force_i": 0.2, "force_o": 0.7},
    "forced-coupled": {"force_f": 0.8, "coupled": True},
    "normalised": {"normalised": True, "norm_gain": 0.4, "norm_mean": 0.2, "norm_variance": 0.5},
    "dropout-candidate": {"dropout": "candidate", "keep_probability": 0.6, "peephole": "full"},
    "dropout-cell": {"dropout": "cell", "keep_probability": 0.7, "peephole": "full"},
    "dropout-hidden": {"dropout": "hidden", "keep_probability": 0.5, "peephole": "diagonal"},
    "all": {"dropout": "cell", "peephole": "full", "coupled": True, "normalised": True, "norm_shift": 0.3},
}
GRU = ("update_keeps", "update_adopts", "reset_after")
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    **{f"lstm-{name}".rstrip("-"): ("lstm", settings) for name, settings in LSTM.items()},
    **{f"gru-{name}": ("gru", {"variant": name}) for name in GRU},
    "gru-inner-bias": ("gru", {"variant": "reset_after", "b_hc": "gaussian"}),
    "mgu": ("mgu", {}),
    "multiplicative": ("multiplicative", {"factors": 5}),
    "multiplicative-square": ("multiplicative", {}),
    "window-0": ("window", {"past": 0}),
    "window-1": ("window", {"past": 1, "activation": "softplus"}),
    "window-3": ("window", {"past": 3}),
}
every_case = pytest.mark.parametrize("name", CASES)


class Point(NamedTuple):
    """One cell at one state: pack, state, input (with random numbers beside it), and directions."""

    p: Any
    s: Any
    x: Any
    v: Any
    y: np.ndarray
    g: Any


def point(name: str, dtype: type = np.longdouble, seed: int = 5) -> Point:
    system, settings = CASES[name]
    biases = {k: "gaussian" for k in ("b", "b_f", "b_r", "b_u", "b_c") if k not in settings}
    known = {"lstm": ("b_f", "b_c"), "gru": ("b_r", "b_u", "b_c"), "mgu": ("b_f", "b_c")}
    biases = {k: word for k, word in biases.items() if k in known.get(system, ("b",))}
    if settings.get("force_f") is not None:
        biases.pop("b_f")
    p = built(system, dtype, units=N, inputs=M, seed=seed, **biases, **settings)
    rng = np.random.default_rng(seed)
    parts = units(p)
    sizes = (parts,) if isinstance(parts, int) else tuple(parts.values())

    def state() -> Any:
        arrays = tuple(rng.normal(size=n).astype(dtype) for n in sizes)
        return arrays if isinstance(parts, dict) else arrays[0]

    x, z = rng.normal(size=M).astype(dtype), rng.uniform(size=noise(p)).astype(dtype)
    s, v, g, y = state(), state(), state(), rng.normal(size=M).astype(dtype)
    return Point(p, s, (x, z) if noise(p) else x, v, y, g)


def driven(x: Any, change: np.ndarray) -> Any:
    """The input with another x; the random numbers stay."""
    return (change, x[1]) if isinstance(x, tuple) else change


def alone(x: Any) -> np.ndarray:
    return x[0] if isinstance(x, tuple) else x


def close(found: Any, wanted: Any, tolerance: float) -> None:
    """Equal up to the tolerance relative to the largest number."""
    found, wanted = np.asarray(found, dtype=float), np.asarray(wanted, dtype=float)
    assert found.shape == wanted.shape
    scale = max(1.0, np.max(np.abs(wanted), initial=0.0))
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance * scale)


@every_case
def test_a_step_keeps_the_shape_of_the_state(name: str):
    c = point(name, np.float64)
    assert inputs(c.p) == M
    moved = step(c.p, c.s, c.x)
    assert isinstance(moved, tuple) == isinstance(c.s, tuple)
    for before, after in zip(*(s if isinstance(s, tuple) else (s,) for s in (c.s, moved)), strict=True):
        assert before.shape == after.shape


@every_case
def test_jvp_is_the_difference_of_steps(name: str):
    c = point(name)

    def along(epsilon: np.ndarray) -> np.ndarray:
        s = shaped(c.s, flat(c.s) + epsilon[0] * flat(c.v))
        return flat(step(c.p, s, driven(c.x, alone(c.x) + epsilon[0] * c.y)))

    close(flat(jvp(c.p, c.s, c.x, c.v, c.y)), central(along, np.zeros(1, np.longdouble))[:, 0], 1e-12)


@every_case
def test_vjp_is_the_difference_for_state_and_input(name: str):
    c = point(name)
    _, ds, dx = vjp(c.p, c.s, c.x, c.g)
    by_state = central(lambda s: flat(step(c.p, shaped(c.s, s), c.x)), flat(c.s))
    by_input = central(lambda x: flat(step(c.p, c.s, driven(c.x, x))), alone(c.x))
    close(flat(ds), by_state.T @ flat(c.g), 1e-12)
    close(dx, by_input.T @ flat(c.g), 1e-12)


@every_case
def test_vjp_is_the_difference_for_every_parameter(name: str):
    c = point(name)
    dp, _, _ = vjp(c.p, c.s, c.x, c.g)
    assert type(dp) is type(c.p)
    places = dict(numbers(c.p))
    assert len(places) >= 2
    for place, value in places.items():
        slopes = central(
            lambda y, place=place: flat(step(replaced(c.p, place, y), c.s, c.x)), value.reshape(-1).copy()
        )
        found = at(dp, place)
        assert np.shape(found) == value.shape, c.p._fields[place[0]]
        close(np.reshape(found, -1), slopes.T @ flat(c.g), 1e-12)
    for field, before, after in zip(c.p._fields, c.p, dp, strict=True):
        if before is None or isinstance(before, str | bool):
            assert after is before, field


@every_case
def test_forward_and_backward_are_adjoint(name: str):
    for seed in range(3):
        c = point(name, np.float64, seed)
        _, ds, dx = vjp(c.p, c.s, c.x, c.g)
        forward = float(flat(c.g) @ flat(jvp(c.p, c.s, c.x, c.v, c.y)))
        backward = float(flat(ds) @ flat(c.v) + dx @ c.y)
        assert forward == pytest.approx(backward, rel=1e-12, abs=1e-12)


@every_case
def test_the_output_is_linear_and_its_derivatives_are_its_own(name: str):
    c = point(name, np.float64)
    h = output(c.p, c.s)
    assert h.shape == (N,)
    np.testing.assert_array_equal(output_jvp(c.p, c.s, c.v), output(c.p, c.v))
    g = np.linspace(-1.0, 1.0, N)
    assert g @ output_jvp(c.p, c.s, c.v) == pytest.approx(
        flat(output_vjp(c.p, c.s, g)) @ flat(c.v), rel=1e-14
    )


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith(("lstm", "gru", "mgu"))])
def test_gates_are_open_between_0_and_1_and_there_is_one_a_unit(name: str):
    c = point(name, np.float64)
    found = gates(c.p, c.s, c.x)
    wanted = {"lstm": "f i o candidate", "gru": "r u candidate", "mgu": "f candidate"}[name.partition("-")[0]]
    assert " ".join(found) == wanted
    for label, values in found.items():
        assert values.shape == (N,)
        assert (np.abs(values) <= 1.0).all()
        assert label == "candidate" or (values >= 0.0).all()


@every_case
def test_verbs_run_on_symbols(name: str):
    """The equation is traced, with and without an input; every matrix has one gradient."""
    system, settings = CASES[name]
    for driven_by in ("cells", "none"):
        e = Equation(example(system, settings), driven_by)
        state = e.shaped(e.state)
        shapes = [node.shape for node in e.numbers(jvp(e.pack, state, e.driven, state, e.x))]
        assert shapes == [node.shape for node in e.state]
        dp, ds, _ = vjp(e.pack, state, e.driven, state)
        assert [node.shape for node in e.numbers(ds)] == [node.shape for node in e.state]
        for place, node in [(k, v) for k, v in zip(dp._fields, dp, strict=True) if hasattr(v, "op")]:
            assert node.shape == np.shape(at(point(name, np.float64).p, (dp._fields.index(place),))), place


def example(system: str, settings: dict[str, Any]) -> Any:
    """The pack as runs have it, with the arrays of many cells."""
    return built(system, None, units=N, inputs=M, **settings)


# ---- one unit --------------------------------------------------------------------------------------------

ROWS = {"lstm": "fico", "gru": "ruc", "mgu": "fc"}
UNITS: dict[str, tuple[str, dict[str, Any]]] = {
    "lstm": ("lstm", {}),
    "lstm-peephole": ("lstm", {"peephole": "full", "p_f": 0.3, "p_i": -0.4, "p_o": 0.7}),
    "lstm-coupled": ("lstm", {"coupled": True, "peephole": "diagonal", "p_f": 0.3, "p_o": 0.7}),
    "lstm-forced": ("lstm", {"force_f": 0.9, "force_o": 0.5}),
    "lstm-normalised": ("lstm", {"normalised": True, "norm_gain": 0.3, "norm_mean": -0.2}),
    **{f"gru-{name}": ("gru", {"variant": name}) for name in GRU},
    "mgu": ("mgu", {}),
}


@pytest.mark.parametrize("name", UNITS)
def test_one_unit_is_a_network_of_one(name: str):
    system, settings = UNITS[name]
    rng = np.random.default_rng(1)
    absent = {key[-1] for key in settings if key.startswith("force_")} | (
        {"i"} if "coupled" in name else set()
    )
    row = {f"{k}_{gate}": float(rng.normal()) for gate in ROWS[system] if gate not in absent for k in "wub"}
    unit = built(system, **row, **settings)
    network_settings = {k: v for k, v in settings.items() if k[:2] != "p_"}
    wide = built(system, units=2, **network_settings)
    fields = {}
    for field, value in zip(wide._fields, wide, strict=True):
        one = getattr(unit, field[0].lower() + field[1:], None)
        if value is not None and hasattr(value, "shape") and value.shape:
            fields[field] = np.full((1,) * value.ndim, one)
    network = wide._replace(**fields)
    s, x = (0.3, -0.6) if system == "lstm" else 0.3, 0.8
    arrays = tuple(np.array([part]) for part in s) if system == "lstm" else np.array([s])
    close(flat(step(unit, s, x)), flat(step(network, arrays, np.array([x]))), 1e-15)
    found, wanted = gates(unit, s, x), gates(network, arrays, np.array([x]))
    for label, value in found.items():
        close(value, wanted[label][0], 1e-15)
    assert flat(output(unit, s)) == flat(output(network, arrays))
    assert units(unit) == (("h", "c") if system == "lstm" else None)


# ---- wrong input -----------------------------------------------------------------------------------------

ROW = {f"w_{gate}": 0.5 for gate in "fico"}
REFUSED = {
    "force above 1": (
        "lstm",
        {"force_f": 1.5, "units": 2},
        "parameters.force_f: 1.5 is no gate; write a number",
    ),
    "force below 0": ("lstm", {"force_o": -0.1, **ROW}, "parameters.force_o: -0.1 is no gate"),
    "force of an axis": ("lstm", {"force_i": np.array([0.0, 2.0]), "units": 2}, "force_i: 2 is no gate"),
    "force not a number": ("lstm", {"force_i": np.nan, "units": 2}, "force_i: nan is no gate"),
    "no weight": ("lstm", {}, "w_f: one unit needs its recurrent weights; give w_f, w_i, w_c, w_o values"),
    "no weight of one": ("gru", {"w_r": 1.0, "w_u": 1.0}, "w_c: one unit needs .* give w_c values"),
    "family of one unit": ("lstm", {**ROW, "weights": "he"}, "weights and what belongs .* write w_f, w_i"),
    "number of many": ("gru", {"units": 3, "w_r": 1.0}, "w_r is the weight of one unit, this network has 3"),
    "list of one unit": ("mgu", {"w_f": 1.0, "w_c": 1.0, "b_f": (1.0,)}, "b_f: a list or a family"),
    "inputs of one unit": ("mgu", {"w_f": 1.0, "w_c": 1.0, "inputs": 2}, "2 inputs are for several units"),
    "list of another length": ("lstm", {"units": 3, "b_f": (1.0, 2.0)}, "b_f: 2 numbers for 3 units"),
    "no units": ("gru", {"units": 0}, "0 units; write 1 or more"),
    "forced and weighed": ("lstm", {**ROW, "force_f": 1.0}, "w_f has no effect beside force_f"),
    "coupled and forced": (
        "lstm",
        {"units": 2, "coupled": True, "force_i": 1.0},
        "force_i has no effect in a",
    ),
    "coupled and weighed": ("lstm", {**ROW, "coupled": True}, "w_i has no effect in a coupled cell"),
    "peephole weight": ("lstm", {**ROW, "p_f": 1.0}, 'p_f has no effect with peephole = "none"'),
    "peephole family": (
        "lstm",
        {"units": 2, "peephole_weights__scale": 2.0},
        "peephole_weights has no effect",
    ),
    "no peephole weight": ("lstm", {**ROW, "peephole": "full"}, "needs p_f, p_i, p_o; give values"),
    "peephole of many": ("lstm", {"units": 2, "peephole": "full", "p_f": 1.0}, "peephole_weights = "),
    "norm": ("lstm", {"units": 2, "norm_gain": 2.0}, "norm_gain has no effect without normalised = true"),
    "variance": ("lstm", {"units": 2, "normalised": True, "norm_variance": 0.0}, "0 is no variance"),
    "keep": ("lstm", {"units": 2, "keep_probability": 0.5}, "keep_probability has no effect"),
    "keep nothing": ("lstm", {"units": 2, "dropout": "cell", "keep_probability": 0.0}, "0 keeps nothing"),
    "keep too much": (
        "lstm",
        {"units": 2, "dropout": "cell", "keep_probability": 1.1},
        "1.1 is no probability",
    ),
    "dropout of one unit": ("lstm", {**ROW, "dropout": "cell"}, "dropout is for several units"),
    "inner bias": ("gru", {"units": 2, "b_hc": 1.0}, 'b_hc has no effect with variant = "update_keeps"'),
    "gate": ("cec", {"gate": 1.01}, "parameters.gate: 1.01 is no gate"),
    "gate and bias": ("cec", {"gate": 0.5, "b": 1.0}, "b has no effect beside a constant gate"),
    "factors": ("multiplicative", {"units": 2, "factors": 0}, "0 factors; write 1 or more"),
    "radius": (
        "multiplicative",
        {"units": 2, "factors": 3, "weights__spectral_radius": 1.0},
        "no eigenvalues",
    ),
    "past": ("window", {"units": 2, "past": -1}, "-1 bins of the past"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str):
    system, settings, message = REFUSED[name]
    with pytest.raises(Refused, match=message):
        built(system, **settings)


# ---- PyTorch ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch is not installed (extra `oracle`)")


def _through_time(p: Any, start: Any, x: np.ndarray, g: np.ndarray) -> tuple[list[Any], dict[str, Any], Any]:
    """States, gradients of sum_t g[t] h[t] to parameters (by field), gradient to the start."""
    path = [start]
    for now in x:
        path.append(step(p, path[-1], now))
    total = {name: 0.0 for name, value in zip(p._fields, p, strict=True) if isinstance(value, np.ndarray)}
    back = output_vjp(p, path[-1], g[-1])
    for t in range(len(x) - 1, -1, -1):
        dp, back, _ = vjp(p, path[t], x[t], back)
        total = {name: value + getattr(dp, name) for name, value in total.items()}
        if t:
            here = output_vjp(p, path[t], g[t - 1])
            both = zip(back, here, strict=True) if isinstance(back, tuple) else None
            back = back + here if both is None else tuple(a + b for a, b in both)
    return path, total, back


@pytest.mark.oracle
@pytest.mark.parametrize("system", ["lstm", "gru"])
def test_cells_against_torchs_own(torch, system: str):
    """torch.nn.LSTMCell has the gates i, f, candidate, o; torch.nn.GRUCell r, u, candidate, reset after."""
    torch.manual_seed(3)
    order = {"lstm": "ifco", "gru": "ruc"}[system]
    cell = {"lstm": torch.nn.LSTMCell, "gru": torch.nn.GRUCell}[system](M, N, dtype=torch.float64)
    fields: dict[str, np.ndarray] = {}
    named = {name: value.detach().numpy() for name, value in cell.named_parameters()}
    for k, gate in enumerate(order):
        rows = slice(k * N, (k + 1) * N)
        fields[f"W_{gate}"], fields[f"U_{gate}"] = named["weight_hh"][rows], named["weight_ih"][rows]
        fields[f"b_{gate}"] = named["bias_ih"][rows] + named["bias_hh"][rows]
    settings = {}
    if system == "gru":
        settings = {"variant": "reset_after"}
        fields |= {"b_c": named["bias_ih"][2 * N :], "b_hc": named["bias_hh"][2 * N :]}
    p = built(system, units=N, inputs=M, **settings)._replace(**fields)

    x, g = torch.randn(6, M, dtype=torch.float64), torch.randn(6, N, dtype=torch.float64)
    start = tuple(
        torch.randn(N, dtype=torch.float64, requires_grad=True) for _ in range(2 if system == "lstm" else 1)
    )
    state, path = start if system == "lstm" else start[0], []
    for now in x:
        state = cell(now, state)
        path.append(state[0] if system == "lstm" else state)
    sum((h * g_h).sum() for h, g_h in zip(path, g, strict=True)).backward()

    ours = tuple(part.detach().numpy() for part in start)
    states, total, back = _through_time(p, ours if system == "lstm" else ours[0], x.numpy(), g.numpy())
    for h, s in zip(path, states[1:], strict=True):
        close(output(p, s), h.detach().numpy(), 1e-14)
    close(flat(back), np.concatenate([part.grad.numpy() for part in start]), 1e-13)
    for k, gate in enumerate(order):
        rows = slice(k * N, (k + 1) * N)
        close(total[f"W_{gate}"], cell.weight_hh.grad.numpy()[rows], 1e-13)
        close(total[f"U_{gate}"], cell.weight_ih.grad.numpy()[rows], 1e-13)
        close(total[f"b_{gate}"], cell.bias_ih.grad.numpy()[rows], 1e-13)
    if system == "gru":
        close(total["b_hc"], cell.bias_hh.grad.numpy()[2 * N :], 1e-13)


def test_a_long_window_is_no_deep_recursion():
    """A sum of 1500 products is nested as deep as it is long."""
    settings = {"units": 1, "steps": 1, "past": 1500, "activation": "identity"}
    run = prepare("window", task="impulse", observables=["final_state"], fixed=settings)
    assert len(run.form.equation.matrices) == 1501
