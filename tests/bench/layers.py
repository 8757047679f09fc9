"""A deep feed-forward network forward and backward, against BLAS alone on products of the same shapes."""

from __future__ import annotations

import itertools

import numpy as np

from sim.layers.chain import measured
from sim.layers.form import drawn as network
from sim.machine.one_thread import one_thread
from tests.bench.harness import Bar, Call, Case
from tests.bench.ours import prepared

OBSERVED = ["loss", "gradient_norm", "neuron_gradient_norm", "dead_fraction", "delta_norm", "activation_norm"]


def mlp(tiny: bool) -> Case:
    """Everything that can be observed, weights drawn before."""
    return _case(tiny, drawn=True, bar=Bar(("BLAS alone",), at_least=0.8))


def mlp_drawn(tiny: bool) -> Case:
    """As a sweep does it: 18.6 million normal numbers are drawn first."""
    return _case(tiny, drawn=False, bar=Bar(("BLAS alone",), strive=0.5))


def _case(tiny: bool, drawn: bool, bar: Bar) -> Case:
    layers, width, batch = (3, 16, 4) if tiny else (19, 1024, 128)
    fixed = {"layers": layers, "width": width, "batch": batch, "activation": "tanh", "b": "gaussian"}
    run = prepared("mlp", OBSERVED, fixed, ())
    pack = run.setting.example
    images, classes = pack.examples(0)
    chain = network(pack)
    wanted = frozenset({"loss", "array", "neuron", "dead", "delta", "activation"})
    gradient = np.empty(max(W.size for W in chain.W))
    norms = {"delta": "delta_norm", "activation": "activation_norm", "array": "gradient_norm", "loss": "loss"}

    def pass_alone():
        with one_thread():
            found = measured(chain, images, classes, "cross_entropy", wanted, gradient)
        return {name: np.array([found[word]]) for word, name in norms.items()}

    return Case(
        ours=pass_alone if drawn else lambda: run.evaluate({}),
        peers={"BLAS alone": lambda: _products(batch, [784, *[width] * (layers - 1), 10])},
        bars=(bar,),
    )


def _products(batch: int, sizes: list[int]) -> Call:
    """h W^T, delta W and delta^T h of every layer, results into arrays that are there."""
    rng = np.random.default_rng(0)
    shapes = list(itertools.pairwise(sizes))
    W = [rng.standard_normal((rows, columns)) for columns, rows in shapes]
    h = [rng.standard_normal((batch, size)) for size in sizes]
    delta = [rng.standard_normal((batch, size)) for size in sizes]
    out = [np.empty((batch, size)) for size in sizes]
    gradients = [np.empty(matrix.shape) for matrix in W]

    def call():
        with one_thread():
            for k, matrix in enumerate(W):
                np.dot(h[k], matrix.T, out=out[k + 1])
            for k in range(len(W) - 1, -1, -1):
                np.dot(delta[k + 1].T, h[k], out=gradients[k])
                if k:
                    np.dot(delta[k + 1], W[k], out=out[k])
        return {}

    return call
