"""Deep feed-forward networks: derivatives, laws, dead neurons, refusals, the decades of phenomena 60-66."""

from __future__ import annotations

import threading
import tracemalloc
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from sim.digits import COUNT, digits
from sim.draws import Draw
from sim.generic import step
from sim.layers.chain import Chain, backward, compared, forward, norm, row_norms
from sim.layers.form import drawn
from sim.layers.quick_draws import QuickDraw
from sim.machine.one_thread import one_thread
from sim.run import Run, prepare

ALL = ("loss", "gradient_norm", "neuron_gradient_norm", "dead_fraction", "delta_norm", "activation_norm")
ACTIVATIONS = ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus")
SMALL = {"layers": 5, "width": 12, "batch": 7, "images": "noise", "weights": "gaussian", "b": "gaussian"}


def run(*observables: str, varied: Any = (), **settings: Any) -> Run:
    """A run of mlp; `__` stands for the dot of a keyword."""
    fixed = {name.replace("__", "."): value for name, value in settings.items()}
    return prepare("mlp", observables=observables or ALL, fixed=fixed, varied=varied)


def found(*observables: str, **settings: Any) -> dict[str, np.ndarray]:
    """The values of one cell."""
    return {name: values[0] for name, values in run(*observables, **settings).evaluate({}).items()}


def network(**settings: Any) -> tuple[Chain, np.ndarray, np.ndarray]:
    """The arrays of one cell: the network, its images and their classes."""
    pack = run("loss", **settings).setting.example
    return drawn(pack), *pack.examples(settings.get("seed", 0))


def gradients(chain: Chain, images: np.ndarray, classes: np.ndarray, criterion: str) -> list[np.ndarray]:
    """dE/dW of every layer."""
    h = forward(chain, images)
    _, delta = compared(criterion, h[-1], classes)
    return [error.T @ h[k - 1] for k, error in backward(chain, h, delta)][::-1]


def inner_products(chain: Chain, images: np.ndarray, classes: np.ndarray) -> list[float]:
    """<W, dE/dW> of every layer."""
    found = gradients(chain, images, classes, "cross_entropy")
    return [float(np.sum(W * gradient)) for W, gradient in zip(chain.W, found, strict=True)]


def loss(chain: Chain, images: np.ndarray, classes: np.ndarray, criterion: str) -> float:
    return compared(criterion, forward(chain, images)[-1], classes)[0]


# ---- derivatives ----------------------------------------------------------------------


@pytest.mark.parametrize("criterion", ["cross_entropy", "squared_error"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradients_are_central_differences(activation: str, criterion: str):
    chain, images, classes = network(**SMALL, activation=activation)
    rng = np.random.default_rng(1)
    for W, gradient in zip(chain.W, gradients(chain, images, classes, criterion), strict=True):
        along = rng.standard_normal(W.shape)
        ends = []
        before = W.copy()
        for h in (2e-6, -2e-6):
            W[:] = before + h * along
            ends.append(loss(chain, images, classes, criterion))
        W[:] = before
        difference = (ends[0] - ends[1]) / 4e-6
        assert difference == pytest.approx(np.sum(gradient * along), rel=1e-6, abs=1e-8 * norm(gradient))


def test_deltas_are_central_differences():
    """A bias is added to z: moving it moves z of every image."""
    chain, images, classes = network(**SMALL | {"batch": 1})
    h = forward(chain, images)
    _, last = compared("cross_entropy", h[-1], classes)
    for k, delta in backward(chain, h, last):
        ends = np.empty((2, delta.shape[1]))
        for j in range(delta.shape[1]):
            for end, aside in zip(ends, (1e-5, -1e-5), strict=True):
                chain.b[k - 1][j] += aside
                end[j] = loss(chain, images, classes, "cross_entropy")
                chain.b[k - 1][j] -= aside
        np.testing.assert_allclose((ends[0] - ends[1]) / 2e-5, delta[0], rtol=1e-6, atol=1e-9)


def test_the_gradient_is_that_of_the_matrix_with_its_gain():
    """Half the gain times twice the matrix is the same network."""
    plain = found(**SMALL, weights__gain=0.5)
    chain, images, classes = network(**SMALL)
    halves = chain._replace(W=[0.5 * W for W in chain.W])
    wanted = [norm(gradient) for gradient in gradients(halves, images, classes, "cross_entropy")]
    np.testing.assert_allclose(plain["gradient_norm"], wanted, rtol=1e-12)


@pytest.mark.oracle
@pytest.mark.parametrize("criterion", ["cross_entropy", "squared_error"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "elu", "sigmoid"])
def test_everything_against_torch(activation: str, criterion: str):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra `oracle`)")
    settings = {**SMALL, "images": "digits", "activation": activation}
    chain, images, classes = network(**settings)
    f = {"tanh": torch.tanh, "relu": torch.relu, "sigmoid": torch.sigmoid, "elu": torch.nn.functional.elu}[
        activation
    ]
    W = [torch.tensor(each, requires_grad=True) for each in chain.W]
    h, inner, sums = torch.tensor(images), [], []
    for k, (weight, bias) in enumerate(zip(W, chain.b, strict=True)):
        z = h @ weight.T + torch.tensor(bias)
        z.retain_grad()
        h = f(z) if k < len(W) - 1 else z
        sums.append(z)
        inner.append(h)
    labels = torch.tensor(classes)
    if criterion == "cross_entropy":
        error = torch.nn.functional.cross_entropy(h, labels)
    else:
        error = ((h - torch.nn.functional.one_hot(labels, 10)) ** 2).sum() / len(labels)
    error.backward()
    ours = found(**settings, criterion=criterion)
    assert ours["loss"] == pytest.approx(error.item(), rel=1e-12)
    theirs = {
        "gradient_norm": [each.grad.norm().item() for each in W],
        "delta_norm": [each.grad.norm().item() for each in sums],
        "activation_norm": [each.norm().item() / np.sqrt(len(labels)) for each in inner],
        "dead_fraction": [(each.grad == 0.0).all(dim=1).double().mean().item() for each in W],
    }
    for name, wanted in theirs.items():
        np.testing.assert_allclose(ours[name], wanted, rtol=1e-11, err_msg=name)
    for row, each in zip(ours["neuron_gradient_norm"], W, strict=True):
        np.testing.assert_allclose(row[: len(each)], each.grad.norm(dim=1).numpy(), rtol=1e-11, atol=1e-18)
        assert np.isnan(row[len(each) :]).all()


def test_the_norms_fit_together():
    ours = found(**SMALL, activation="relu")
    rows = np.nan_to_num(ours["neuron_gradient_norm"])
    np.testing.assert_allclose(ours["gradient_norm"], np.sqrt((rows**2).sum(axis=1)), rtol=1e-14)
    assert rows.shape == (5, 12)
    assert (ours["dead_fraction"] >= 0.0).all()


def test_asking_for_less_changes_nothing():
    whole = found(**SMALL)
    for name in ALL:
        np.testing.assert_array_equal(found(name, **SMALL)[name], whole[name])


# ---- laws of the weight gradient ----------------------------------------------------------------------


@pytest.mark.parametrize("batch", [1, 20])
@pytest.mark.parametrize("weights", ["gaussian", "xavier", "he", "uniform_fan_in", "normal", "orthogonal"])
def test_relu_without_biases_has_one_inner_product_of_weights_and_gradient(weights: str, batch: int):
    """Phenomenon 60: f is homogeneous of degree one, so <W_k, dE/dW_k> is the same for every layer."""
    settings = {"layers": 9, "width": 40, "batch": batch, "weights": weights, "activation": "relu"}
    chain, images, classes = network(**settings)
    products = inner_products(chain, images, classes)
    np.testing.assert_allclose(products, products[-1], rtol=1e-9)
    assert products[0] != 0.0
    biased = inner_products(*network(**settings, b="uniform_fan_in"))
    assert np.ptp(biased) > 0.01 * np.abs(biased).max()  # with biases it is no law


@pytest.mark.parametrize("weights", ["gaussian", "xavier", "uniform_fan_in", "normal"])
@pytest.mark.parametrize("activation", ["tanh", "elu", "relu"])
def test_without_biases_the_weight_gradient_does_not_depend_on_the_layer(activation: str, weights: str):
    """Phenomenon 66 contradicts its lecture: delta shrinks backward exactly as activations shrink forward."""
    settings = {"layers": 15, "width": 256, "batch": 64, "weights": weights, "activation": activation}
    zero = found(**settings)
    decades = np.log10(zero["gradient_norm"][1:-1])
    assert np.ptp(decades) < 0.5
    shrunk = np.log10(zero["delta_norm"][[1, -2]])
    if weights in ("uniform_fan_in", "normal"):  # these shrink the signal, forward and back
        assert shrunk[1] - shrunk[0] > 2.0
    biased = found(**settings | {"weights": "uniform_fan_in"}, b="uniform_fan_in")["gradient_norm"]
    assert np.log10(biased[-2] / biased[1]) > 1.2


def test_sigmoid_loses_its_gradient_whatever_the_biases():
    """Phenomenon 63: 0.63 decades a layer with Xavier's weights."""
    for b in ("zero", "uniform_fan_in", 0.3):
        norms = found(layers=12, width=256, batch=64, weights="xavier", activation="sigmoid", b=b)[
            "gradient_norm"
        ]
        lost = np.diff(np.log10(norms[1:-1]))
        assert lost.mean() == pytest.approx(0.63, abs=0.06)


# ---- dead neurons ----------------------------------------------------------------------


def test_half_of_the_neurons_are_dead_for_a_single_image():
    """Phenomenon 65: with ReLU and one image a row is zero exactly where its neuron is silent."""
    settings = {"layers": 8, "width": 400, "batch": 1, "weights": "he", "activation": "relu", "image": 3}
    ours = found(**settings)
    chain, images, _ = network(**settings)
    silent = [np.mean(h == 0.0) for h in forward(chain, images)[1:-1]]
    np.testing.assert_array_equal(ours["dead_fraction"], [*silent, 0.0])
    assert ours["dead_fraction"][:-1] == pytest.approx(0.5, abs=0.1)
    assert found(**settings | {"batch": 64})["dead_fraction"].max() < ours["dead_fraction"][:-1].min()
    assert (found(**settings | {"activation": "elu"})["dead_fraction"] == 0.0).all()


@pytest.mark.compiled  # interpreted, the random numbers are drawn whole
def test_memory_stays_within_what_the_run_says():
    cells = run("gradient_norm", layers=6, width=256, batch=32, varied=["seed"])
    seeds = {"seed": np.arange(4)}
    cells.evaluate(seeds)  # the digits are read once
    tracemalloc.start()
    try:
        cells.evaluate(seeds)
        assert tracemalloc.get_traced_memory()[1] < 1.05 * cells.work_bytes
    finally:
        tracemalloc.stop()


def test_what_is_tiny_is_not_dead():
    rows = np.array([[0.0, 0.0], [3e-200, 4e-200], [3e200, 4e200], [5e-324, 0.0], [3.0, 4.0], [np.nan, 1.0]])
    np.testing.assert_allclose(row_norms(rows), [0.0, 5e-200, 5e200, 5e-324, 5.0, np.nan], rtol=1e-14)
    deep = found("dead_fraction", "delta_norm", **SMALL | {"layers": 200, "b": 0.0}, activation="sigmoid")
    assert 0.0 < deep["delta_norm"][0] < 1e-100
    assert (deep["dead_fraction"] == 0.0).all()


# ---- cells, seeds, threads ----------------------------------------------------------------------


def test_a_cell_alone_is_that_cell_among_others():
    columns = {
        "seed": np.array([2, 1, 2, 1, 2]),
        "weights.gain": np.array([1.0, 1.0, 0.7, 1.2, 1.0]),
        "batch": np.array([7, 7, 1, 3, 7]),
        "b.scale": np.array([0.1, 0.2, 0.1, 0.3, 0.1]),
    }
    settings = {name: value for name, value in SMALL.items() if name != "batch"}
    made = run(varied=list(columns), **settings)
    assert made.together == {"weights.gain", "batch", "b.scale"}
    together = made.evaluate(columns)
    assert (together["outcome"] == 1).all()
    for i in range(5):
        alone = made.evaluate({path: column[i : i + 1] for path, column in columns.items()})
        for name, values in alone.items():
            assert values[0].tobytes() == together[name][i].tobytes(), (name, i)
    for name in ALL:
        assert together[name][0].tobytes() == together[name][4].tobytes()
        assert name == "dead_fraction" or (together[name][0] != together[name][1]).any()


def test_layers_weights_and_biases_have_random_numbers_of_their_own():
    chain, _, _ = network(**SMALL)
    arrays = [*chain.W[1:-1], *(b[None] for b in chain.b)]
    corners = [float(array[0, 0] * np.sqrt(array.shape[1] if len(array) > 1 else 1)) for array in arrays]
    assert len({round(corner, 9) for corner in corners}) == len(corners)
    again, _, _ = network(**SMALL | {"layers": 4})
    np.testing.assert_array_equal(again.W[0], chain.W[0])


def test_a_run_that_overflows_is_marked():
    ours = found("loss", "gradient_norm", **SMALL | {"layers": 40}, activation="relu", weights__gain=1e30)
    assert ours["outcome"] == 2


def test_step_is_one_pass_through_all_layers():
    pack = run(**SMALL).setting.example
    chain, images, _ = network(**SMALL)
    np.testing.assert_array_equal(step(pack, 0.0, images), forward(chain, images)[-1])


@pytest.mark.parametrize("seeds", [7, [0, 1, 2**40 + 3, -5]])
def test_quick_draws_are_draws(seeds: Any):
    for shape in ((1, 1), (3, 5), (70, 33)):
        quick, plain = QuickDraw(seeds, "weights[3]"), Draw(seeds, "weights[3]")
        assert quick.uniform(*shape).tobytes() == plain.uniform(*shape).tobytes()
        assert quick.normal(*shape).tobytes() == plain.normal(*shape).tobytes()


def threads() -> set[int]:
    """How many threads the BLAS libraries would take."""
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


def test_blas_has_one_thread_until_the_last_has_left():
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with one_thread():
            inside.set()
            leave.wait(10.0)

    neighbour = threading.Thread(target=other)
    with threadpool_limits(3):
        with one_thread():
            assert threads() == {1}
            neighbour.start()
            assert inside.wait(10.0)
        assert threads() == {1}  # the neighbour is still inside
        leave.set()
        neighbour.join()
        assert threads() == {3}


def test_blas_has_one_thread_though_another_thread_has_set_a_limit():
    """From threadpoolctl 3.8 on, only the thread that has set a limit may change it."""
    seen = []

    def other() -> None:
        with one_thread():
            seen.append(threads())

    with threadpool_limits(3):
        neighbour = threading.Thread(target=other)
        neighbour.start()
        neighbour.join()
        assert seen == [{1}]
        assert threads() == {3}


def test_the_images_are_like_mnist():
    images, classes = digits()
    assert images.shape == (COUNT, 784)
    assert (images.min(), images.max()) == (0.0, 1.0)
    assert images.mean() == pytest.approx(0.137, abs=0.03)
    square = images.reshape(-1, 28, 28)
    assert not square[:, :4].any()
    assert not square[:, :, -4:].any()
    assert square[:, 4:24, 4:24].any(axis=(1, 2)).all()
    assert set(classes[:128]) == set(range(10))
    with pytest.raises(ValueError, match="read-only"):
        images[0, 0] = 1.0
