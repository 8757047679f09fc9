"""Networks of layers, which compute with BLAS: the same bits on every executor, and the shipped sweep."""

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import jobs
from jobs.sweep import Sweep
from tests.jobs.conftest import contents

SWEEP = {
    "name": "layers",
    "system": "mlp",
    "observables": ["loss", "gradient_norm", "neuron_gradient_norm", "dead_fraction"],
    "parameters": {"layers": 4, "width": 300, "weights": "he"},
    "axes": {
        "activation": {"values": ["relu", "tanh"]},
        "b": {"values": ["zero", "uniform_fan_in"]},
        "seed": {"values": [0, 1, 2]},
        "batch": {"values": [64, 1]},
    },
}


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    with threadpool_limits(1):
        root = tmp_path_factory.mktemp("reference")
        return contents(jobs.run(SWEEP, root=root, executor="serial", progress=False).path)


@pytest.mark.parametrize(
    ("executor", "workers", "threads"),
    [("serial", 1, 4), ("threads", 4, 1), ("threads", 4, 4), ("processes", 2, 4)],
)
def test_every_executor_agrees_however_many_threads_blas_would_take(
    reference, root, executor, workers, threads
):
    with threadpool_limits(threads):
        result = jobs.run(SWEEP, root=root, executor=executor, workers=workers, progress=False)
    assert result.executor == executor
    assert result.tiles >= 4
    assert contents(result.path) == reference


def test_the_shipped_sweep_runs(root):
    changes = {"parameters.layers": 3, "parameters.width": 16, "axes.batch.values": [8, 1]}
    sweep = Sweep.read("mlp-gradients", changes)
    assert [axis.dim for axis in sweep.axes] == ["activation", "weights", "b", "batch"]
    result = jobs.run(sweep, root=root, executor="serial", progress=False)
    data = jobs.open(result.path)
    assert data.neuron_gradient_norm.dims == ("activation", "weights", "b", "batch", "layer", "neuron")
    assert (data.outcome == 1).all()
    beyond = data.neuron_gradient_norm.sel(layer=3).isnull().values
    assert beyond[..., 10:].all()
    assert not beyond[..., :10].any()
    assert np.isfinite(data.neuron_gradient_norm.sel(layer=[1, 2]).values).all()
    relu = data.dead_fraction.sel(activation="relu", batch=1, layer=1)
    assert (relu > 0.0).any()
    assert "images" in data.loss.attrs["comment"]
