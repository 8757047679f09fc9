"""Networks that read from both ends, aligned by position or in several layers, against plain loops over the
sequence: rows 189-190."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.checks import check
from sim.draws import Draw
from sim.errors import Refused
from sim.generic import output, step
from sim.networks import calls as network_calls
from sim.networks.tile import readout
from sim.run import Run, prepare
from tests.sim.plain import Cell, Vector, cell, differences, flat, numbers, replaced, sizes

STEPS = 5
ALL = ("trajectory", "norm", "final_state", "loss", "gradient_norm", "neuron_gradient_norm", "dead_fraction")
FIXED = {"cell": "rnn", "cell.units": 2, "cell.inputs": 2, "steps": STEPS, "start": "gaussian", "target": 0.3}
COLUMNS = {
    "cell.weights.gain": np.array([0.5, 0.9, 1.1, 0.7, 1.2]),
    "seed": np.array([3, 1, 4, 1, 5]),
}
SETTINGS: dict[str, dict[str, Any]] = {
    "two-layers": {"layers": 2, "alignment": "positions", "loss_from": 2},
    "one-layer": {"layers": 1, "alignment": "positions", "loss_from": 0},
    "ends": {"layers": 2, "alignment": "ends", "outputs": 3},
    "between": {"layers": 2, "alignment": "positions", "between": 3, "loss_from": 1, "outputs": 3},
}


def run_of(name: str, observables: tuple[str, ...] = ALL, **more: Any) -> Run:
    fixed = FIXED | SETTINGS[name] | more
    return prepare(
        "bidirectional", task="white_noise", observables=observables, fixed=fixed, varied=list(COLUMNS)
    )


# ---- the network again, a loop over layers, halves and times -----------------------------------------------


def layers_of(pack: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    return getattr(pack, "layers", None) or (pack,), getattr(pack, "between", ())


def passed(pack: Any, start: Vector, x: Vector) -> tuple[Vector, Vector]:
    """The states of a half at times 0..T of its own, flat, and its outputs."""
    edges = np.cumsum(sizes(pack))[:-1]
    s: Any = tuple(np.split(start, edges)) if len(edges) else start
    states, outputs = [flat(s)], [output(pack, s)]
    for now in x:
        s = step(pack, s, now)
        states.append(flat(s))
        outputs.append(output(pack, s))
    return np.stack(states), np.stack(outputs)


def by_position(own: Vector) -> Vector:
    """What the backward half has made of x[T-1], ..., x[t-1] at t = 1..T; its start at 0."""
    steps = len(own) - 1
    return np.stack([own[0]] + [own[steps + 1 - t] for t in range(1, steps + 1)])


def both_ways(c: Cell, pack: Any) -> tuple[Vector, Vector]:
    """The states of the network at times 0..T, and what is read out."""
    ends = c.values["alignment"] == "ends"
    layers, between = layers_of(pack)
    series, start, states = c.inputs, c.start, []
    for i, layer in enumerate(layers):
        found = []
        for half, x in ((layer.forward, series), (layer.backward, series[::-1])):
            found.append(passed(half, start[: sum(sizes(half))], x))
            start = start[sum(sizes(half)) :]
        (forward, read), (backward, other) = found
        states += [forward, backward if ends else by_position(backward)]
        series = np.concatenate([read, by_position(other)], axis=1)[1:]
        if i < len(between):
            series = np.tanh(series @ between[i].U.T + between[i].b)
        elif i == len(layers) - 1:
            series = np.concatenate([read, other if ends else by_position(other)], axis=1)
    return np.concatenate(states, axis=1), series


def loss_of(c: Cell, pack: Any, V: Vector | None, bias: Any = 0.0) -> Any:
    z = both_ways(c, pack)[1]
    z = z if V is None else z @ V.T + bias
    since = c.values["loss_from"]
    return np.sum((z[since if since >= 0 else c.steps + 1 + since :] - c.values["target"]) ** 2)


def read_out(run: Run, columns: dict[str, Vector], index: int) -> Vector | None:
    """V of the read-out of one cell, both halves' side by side."""
    head = run.form.reading.equation.head
    if head is None:
        return None
    own = {name: column[index] for name, column in columns.items()}
    found = readout(run.setting, {**run.setting.values, **own}, head)
    return np.concatenate([found[f"readout.V[{i}]"].base[0] for i in (0, 1)], axis=1)


def gradients(c: Cell, V: Vector | None) -> list[Vector]:
    """The gradient of the loss with respect to every array, those of the read-out last."""
    found = []
    for label, value in numbers(c.pack).items():
        slopes = differences(
            lambda y, label=label: np.atleast_1d(loss_of(c, replaced(c.pack, label, y), V)),
            value.reshape(-1),
        )
        found.append(slopes[0].reshape(value.shape))
    if V is not None:
        slopes = differences(
            lambda y: np.atleast_1d(loss_of(c, c.pack, y.reshape(V.shape))),
            V.reshape(-1).astype(np.longdouble),
        )
        found += np.split(slopes[0].reshape(V.shape), 2, axis=1)
        zero = np.zeros(len(V), dtype=np.longdouble)
        found.append(differences(lambda y: np.atleast_1d(loss_of(c, c.pack, V, y)), zero)[0])
    return found


@pytest.mark.parametrize("name", SETTINGS)
def test_a_run_is_the_plain_loop(name: str):
    run = run_of(name)
    found = run.evaluate(COLUMNS)
    for i in (1, 4):
        c = cell(run, COLUMNS, i, np.longdouble)
        V = read_out(run, COLUMNS, i)
        states = both_ways(c, c.pack)[0].astype(float)
        np.testing.assert_allclose(found["trajectory"][i], states, rtol=0, atol=1e-13)
        np.testing.assert_array_equal(found["final_state"][i], found["trajectory"][i, -1])
        np.testing.assert_allclose(found["norm"][i], np.linalg.norm(states, axis=1), rtol=1e-13)
        np.testing.assert_allclose(found["loss"][i], float(loss_of(c, c.pack, V)), rtol=1e-13)
        wanted = [g.astype(float) for g in gradients(c, V)]
        exact = [np.linalg.norm(g) for g in wanted]
        np.testing.assert_allclose(found["gradient_norm"][i], exact, rtol=1e-11)
        matrices = [g for g in wanted if g.ndim == 2]
        for g, rows, dead in zip(
            matrices, found["neuron_gradient_norm"][i], found["dead_fraction"][i], strict=True
        ):
            np.testing.assert_allclose(rows[: len(g)], np.linalg.norm(g, axis=1), rtol=1e-10)
            assert np.isnan(rows[len(g) :]).all()
            assert dead == 0.0


def test_names_are_those_of_the_pack():
    run = run_of("between")
    names = {c.name: list(c.values) for c in run.coordinates}
    own = [f"layers[{i}].{half}.{w}" for i in (1, 2) for half in ("forward", "backward") for w in "WUb"]
    dense = ["between[1].U", "between[1].b"]
    assert names["parameter"] == [*own, *dense, "readout.V[0]", "readout.V[1]", "readout.c"]
    assert names["matrix"] == [name for name in names["parameter"] if name[-1] not in "bc"]
    arrays = [f"h{i}_{half}[{k}]" for i in (1, 2) for half in ("forward", "backward") for k in (0, 1)]
    assert names["unit"] == arrays
    stack = prepare(
        "stacked",
        observables=["trajectory", "gradient_norm"],
        fixed={"cell": "rnn", "cell.units": 2, "between": 1, "start": 0.5, "target": 0.3, "steps": 1},
    )
    names = {c.name: list(c.values) for c in stack.coordinates}
    assert names["parameter"] == [*(f"layers[{i}].{w}" for i in (1, 2) for w in "WUb"), *dense]
    assert names["unit"] == [f"h{i}[{k}]" for i in (1, 2) for k in (0, 1)]
    assert (stack.evaluate({})["gradient_norm"][0, 5:7] > 0.0).all()  # layers[2].b, between[1].U
    one = {c.name: list(c.values) for c in run_of("one-layer").coordinates}
    assert one["parameter"] == [f"{half}.{w}" for half in ("forward", "backward") for w in "WUb"]
    assert one["unit"] == [f"h_{half}[{k}]" for half in ("forward", "backward") for k in (0, 1)]


def test_one_layer_aligned_by_position_is_the_recurrence_read_another_way():
    """The same bits: the backward half's own times in the order of positions."""
    aligned = run_of("one-layer").evaluate(COLUMNS)["trajectory"]
    stepped = run_of("one-layer", alignment="ends", loss_from=-1).evaluate(COLUMNS)["trajectory"]
    np.testing.assert_array_equal(aligned[..., :2], stepped[..., :2])
    np.testing.assert_array_equal(aligned[:, 0, 2:], stepped[:, 0, 2:])
    np.testing.assert_array_equal(aligned[:, 1:, 2:], stepped[:, :0:-1, 2:])


def test_a_layer_above_changes_nothing_below():
    start = np.array([0.3, -0.2, 0.1, 0.5])
    one = run_of("one-layer", start=start.tolist()).evaluate(COLUMNS)["trajectory"]
    two = run_of("two-layers", start=[*start, 0.0, 0.0, 0.0, 0.0]).evaluate(COLUMNS)["trajectory"]
    np.testing.assert_array_equal(two[..., :4], one)


@pytest.mark.parametrize("name", ["two-layers", "ends"])
def test_a_cell_is_the_same_in_any_tile_and_in_any_company(name: str):
    run = run_of(name)
    random = np.random.default_rng(0)
    columns = {
        "cell.weights.gain": random.uniform(0.5, 1.5, 90),
        "seed": random.integers(0, 4, 90),
    }
    whole = run.evaluate(columns)
    order = random.permutation(90)
    for part in np.split(order, [1, 40]):
        found = run.evaluate({path: column[part] for path, column in columns.items()})
        for key, values in found.items():
            assert values.tobytes() == np.ascontiguousarray(whole[key][part]).tobytes(), key
    alone = run_of(name, ("loss",)).evaluate(columns)
    assert alone["loss"].tobytes() == whole["loss"].tobytes()


def test_networks_with_their_own_weights_have_the_bits_of_those_that_share_them():
    shared = run_of("two-layers").evaluate(COLUMNS)
    fixed = FIXED | SETTINGS["two-layers"] | {"cell.weights.gain": 0.9}
    seeds = {"seed": np.arange(6)}
    run = prepare("bidirectional", task="white_noise", observables=ALL, fixed=fixed, varied=["seed"])
    found = run.evaluate(seeds)
    assert not run.form.shape.shared
    for key in ALL:
        assert found[key][1].tobytes() == shared[key][1].tobytes(), key


def test_every_time_of_a_task_can_count():
    """A sum of cross-entropies over the times that the task names; targets differ by seed."""
    fixed = {
        "cell": "rnn", "cell.units": 2, "layers": 2, "alignment": "positions", "steps": 7, "length": 2,
        "gap": 2, "symbols": 3, "criterion": "cross_entropy", "outputs": 4,
    }  # fmt: skip
    seeds = {"seed": np.array([0, 5, 7])}
    observables = ("loss", "gradient_norm")
    run = prepare("bidirectional", task="copy", observables=observables, fixed=fixed, varied=["seed"])
    found = run.evaluate(seeds)
    for i in range(3):
        c = cell(run, seeds, i)
        task, k = run.setting.task, run.setting.task.Keywords(length=2, gap=2, symbols=3)
        y = task.targets(k, 7, Draw(np.array([c.values["seed"]]), "inputs"))[0]
        z = both_ways(c, c.pack)[1] @ read_out(run, seeds, i).T
        losses = np.log(np.sum(np.exp(z), axis=1)) - np.sum(z * y, axis=1)
        np.testing.assert_allclose(found["loss"][i], np.sum(losses[1:]), rtol=1e-13)
        delta = (np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True) - y)[1:]
        np.testing.assert_allclose(
            found["gradient_norm"][i, -1], np.linalg.norm(np.sum(delta, axis=0)), rtol=1e-12
        )


def test_row_190_the_second_layer_has_twice_the_inputs():
    size = {"cell": "lstm", "cell.units": 128, "cell.inputs": 64, "steps": 1}
    counts = [
        int(
            prepare(
                "bidirectional", observables=["parameter_count"], fixed=size | {"layers": layers}
            ).evaluate({})["parameter_count"][0]
        )
        for layers in (1, 2, 3)
    ]
    assert counts == [197632, 197632 + 394240, 197632 + 2 * 394240]
    dense = size | {"layers": 2, "between": 64}  # as wide as the inputs, and a layer of an MLP of 256 x 64
    run = prepare("bidirectional", observables=["parameter_count"], fixed=dense)
    assert int(run.evaluate({})["parameter_count"][0]) == 2 * 197632 + 256 * 64 + 64


REFUSED: list[tuple[tuple[str, ...], dict[str, Any], str, str]] = [
    (("gradient_norm",), {"layers": 2, "loss_from": 0}, "parameters.loss_from", 'alignment = "positions"'),
    (("gradient_norm",), {"loss_from": 0}, "parameters.loss_from", 'alignment = "positions"'),
    (("gradient_norm",), {"layers": 0}, "parameters.layers", "write 1 or more"),
    (("loss",), {"layers": 2, "between": -1}, "parameters.between", "0 for none"),
    (
        ("gradient_norm",), {"layers": 2, "alignment": "positions", "truncation": 2},
        "parameters.truncation", "leave truncation at 0",
    ),
    (("loss",), {"alignment": "positions", "loss_from": 9}, "parameters.loss_from", "write 0 to"),
    (("trajectory",), {"layers": 2, "start": [0.1, 0.2]}, "parameters.start", "a state of 8"),
    *(
        ((name,), {"layers": 2}, "observables", "steps from one state to the next")
        for name in (
            "gradient_through_time", "lyapunov_spectrum", "fixed_points", "separation", "gate_trace",
            "pascanu_regulariser_gradient", "eigenvalues", "gradient_by_lag",
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("observables", "settings", "place", "message"), REFUSED)
def test_what_does_not_fit_is_refused(observables: tuple[str, ...], settings: dict, place: str, message: str):
    fixed = {path: value for path, value in FIXED.items() if path not in ("start", "target")}
    with pytest.raises(Refused, match=message) as refusal:
        prepare("bidirectional", task="white_noise", observables=observables, fixed=fixed | settings)
    assert refusal.value.problems[0].place.startswith(place)


def test_there_is_no_step_to_check():
    settings = {"cell": "rnn", "cell.units": 2, "cell.inputs": 2}
    assert check("bidirectional", settings).worst < 1e-9
    with pytest.raises(Refused, match="no step from one time"):
        check("bidirectional", settings | {"layers": 2})


@pytest.mark.compiled
def test_checkpoints_move_no_bit(monkeypatch):
    """With tapes that hold the whole run there is one forward pass, else two."""
    run = run_of("two-layers", ("loss", "gradient_norm"), steps=3000)
    program = run.form.passes[0].backward
    assert network_calls.span_of(program, 3000) < 3000
    wanted = run.evaluate(COLUMNS)
    monkeypatch.setattr(network_calls, "_TAPE", 1 << 40)
    assert network_calls.span_of(program, 3000) == 3000
    assert run.evaluate(COLUMNS)["gradient_norm"].tobytes() == wanted["gradient_norm"].tobytes()


def test_a_cell_that_diverges_harms_no_other():
    fixed = FIXED | SETTINGS["two-layers"] | {"cell.activation": "identity", "steps": 400}
    gains = np.array([0.5, 60.0, 0.7])
    run = prepare(
        "bidirectional", task="white_noise", observables=("loss", "gradient_norm"), fixed=fixed,
        varied=["cell.weights.gain"],
    )  # fmt: skip
    whole = run.evaluate({"cell.weights.gain": gains})
    alone = run.evaluate({"cell.weights.gain": gains[2:]})
    assert whole["outcome"].tolist() == [1, 2, 1]
    for name, values in alone.items():
        assert values[0].tobytes() == whole[name][2].tobytes(), name


@pytest.mark.oracle
def test_two_layers_of_lstm_against_torchs_own():
    """torch.nn.LSTM(bidirectional=True, num_layers=2), the squared error summed over all positions."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra `oracle`)")
    fixed = {
        "cell": "lstm", "cell.units": 4, "cell.inputs": 3, "cell.b_f": 1.0, "layers": 2,
        "alignment": "positions", "steps": 6, "loss_from": 1, "target": 0.3,
    }  # fmt: skip
    observables = ("trajectory", "loss", "gradient_norm")
    run = prepare("bidirectional", task="white_noise", observables=observables, fixed=fixed)
    found, c = run.evaluate({}), cell(run)
    net = torch.nn.LSTM(3, 4, num_layers=2, bidirectional=True, dtype=torch.float64)
    order = "ifco"  # torch's i, f, g, o
    with torch.no_grad():
        for i, layer in enumerate(c.pack.layers):
            for half, mark in ((layer.forward, ""), (layer.backward, "_reverse")):
                for kind, name in (("W", "weight_hh"), ("U", "weight_ih"), ("b", "bias_ih")):
                    value = np.concatenate([getattr(half, f"{kind}_{gate}") for gate in order])
                    getattr(net, f"{name}_l{i}{mark}").copy_(torch.tensor(value))
                getattr(net, f"bias_hh_l{i}{mark}").zero_()
    outputs, _ = net(torch.tensor(np.array(c.inputs)))
    error = ((outputs - 0.3) ** 2).sum()
    error.backward()
    units_ = {k.name: list(k.values) for k in run.coordinates}["unit"]
    top = [k for k, label in enumerate(units_) if label.startswith("h2_")]
    np.testing.assert_allclose(found["trajectory"][0, 1:, top].T, outputs.detach().numpy(), atol=1e-14)
    np.testing.assert_allclose(found["loss"][0], float(error.detach()), rtol=1e-13)
    names = {k.name: list(k.values) for k in run.coordinates}["parameter"]
    for name, norm in zip(names, found["gradient_norm"][0], strict=True):
        layer, half, array = name.split(".")
        kind, gate = array.split("_")
        torchs = {"W": "weight_hh", "U": "weight_ih", "b": "bias_ih"}[kind]
        mark = "_reverse" if half == "backward" else ""
        whole = getattr(net, f"{torchs}_l{int(layer[7]) - 1}{mark}").grad
        part = whole[4 * order.index(gate) : 4 * order.index(gate) + 4]
        np.testing.assert_allclose(norm, float(part.norm()), rtol=1e-12, err_msg=name)
