"""From the start of a process to its first answer."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

from tests.bench import peers
from tests.bench.harness import Bar, Call, Case
from tests.bench.ours import scratch

REPOSITORY = Path(__file__).resolve().parents[2]
BARE = "pass"
HELP = "import sys; sys.argv = ['separatrix', '--help']; from viz.cli import main; main()"
OURS = """
import sys
import jobs
import viz
result = jobs.run(dict(name="cliff", system="ctrnn", observables=["loss", "gradient"],
    parameters=dict(units=1, activation="sigmoid", alpha=1.0, steps=50, start=0.5, target=0.7),
    axes=dict(w=dict(start=0.0, stop=8.0, num=512), b=dict(start=-6.0, stop=2.0, num=512))),
    root=sys.argv[1], progress=False, fresh=True)
viz.save(viz.scene(jobs.glance(result.path), "loss"), sys.argv[1] + "/ours.png")
"""
JAX = """
import sys
import numpy as np
import jax
import jax.numpy as jnp
jax.config.update("jax_enable_x64", True)
def loss(p):
    s = jax.lax.scan(lambda s, _: (p[0] * jax.nn.sigmoid(s) + p[1], None), jnp.float64(0.5), length=50)[0]
    return (jax.nn.sigmoid(s) - 0.7) ** 2
w, b = np.meshgrid(np.linspace(0, 8, 512), np.linspace(-6, 2, 512), indexing="ij")
value, gradient = jax.jit(jax.vmap(jax.value_and_grad(loss)))(jnp.stack([w.ravel(), b.ravel()], axis=1))
value, gradient = np.asarray(value).reshape(512, 512), np.asarray(gradient)
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
plt.pcolormesh(b[0], w[:, 0], value)
plt.xlabel("b"); plt.ylabel("w"); plt.colorbar(label="loss")
plt.savefig(sys.argv[1] + "/jax.png")
"""


@functools.cache
def _bytecode() -> Path:
    """Where compiled bytecode is kept, everybody's alike, as it is where software is installed."""
    return scratch()


def _process(code: str, *arguments: str, **variables: str) -> Call:
    path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
    kept = {name: word for name, word in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment = {**kept, "PYTHONPATH": path, "PYTHONPYCACHEPREFIX": str(_bytecode()), **variables}

    def call():
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        return {}

    return call


def command_line(tiny: bool) -> Case:
    """`separatrix --help`; its size is what it is, tiny or not."""
    bar = Bar(("bare interpreter",), at_least=15.0, strive=5.0, at_most=True)
    return Case(_process(HELP), {"bare interpreter": lambda: _process(BARE)}, (bar,))


def first_picture(tiny: bool) -> Case:
    """A second process (machine code is in the disk cache) from its start to the picture of the cliff.

    JAX does the same twice: compiling, as it does by default, and with its own cache on disk switched on.
    """
    folder = str(scratch())
    saved = {
        "JAX_COMPILATION_CACHE_DIR": folder + "/jax",
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
    }

    def jax(**variables: str) -> Call:
        peers.jax()
        peers.matplotlib()
        return _process(JAX, folder, **variables)

    names = ("JAX", "JAX, its disk cache on")
    table = {names[0]: jax, names[1]: lambda: jax(**saved)}
    return Case(
        ours=_process(OURS, folder),
        peers={} if tiny else table,
        bars=(Bar(names, at_least=0.6, strive=0.2, at_most=True),),
    )
