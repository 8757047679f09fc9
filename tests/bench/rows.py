"""The table: one line for each row of the benchmark. A row is a function of `tiny` (the suite's sizes)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from tests.bench import basins, cells, cliff, forward, gates, layers, lyapunov, maps, networks, start, store
from tests.bench.cells import jax_bars
from tests.bench.harness import Bar, Case, Figure


class Row(NamedTuple):
    """What is computed, how to make it ready, and on how many cores it is timed."""

    what: str
    build: Callable[[bool], Case] | Callable[[bool], list[Figure]]
    cores: int = 1


ROWS = {
    "tanh-forward": Row("scalar tanh network forward, 16384 cells, T = 1000", forward.tanh_forward),
    "cliff": Row("cliff map 512 x 512, T = 50, loss and both gradients", cliff.cliff_map),
    "network-8": Row(
        "8 units, biases and an input, a matrix for each of 4096 cells, T = 1000",
        partial(cells.forward, "rnn", 8, 4096, 1000, (*jax_bars(3.0, "rnn"), Bar((), strive=0.75))),
    ),
    "network-32": Row(
        "32 units, biases and an input, a matrix for each of 1024 cells, T = 500",
        partial(cells.forward, "rnn", 32, 1024, 500, (*jax_bars(2.75, "rnn"), Bar((), strive=0.65))),
    ),
    "bare-8": Row("network-8 without biases and input: activity that dies out", networks.distinct_8),
    "bare-32": Row("network-32 without biases and input", networks.distinct_32),
    **{
        f"{system}-8": Row(
            f"{system} forward, 8 units, weights of their own for 2048 cells, T = 200",
            partial(cells.forward, system, 8, 2048, 200, (*jax_bars(5.0, system), Bar((), at_least=0.55))),
        )
        for system in ("lstm", "gru")
    },
    **{
        f"{system}-{units}-gradient": Row(
            f"gradients of a {system}, {units} units, weights of their own for {count} cells, T = 100",
            partial(cells.backward, system, units, count, 100, jax_bars(times, system, True)),
        )
        for system, units, count, times in (
            ("rnn", 8, 2048, 10.0),
            ("rnn", 32, 128, 3.5),
            ("lstm", 8, 2048, 5.0),
            ("lstm", 32, 128, 3.0),
            ("gru", 8, 2048, 5.0),
            ("gru", 32, 128, 3.0),
        )
    },
    **{
        f"{system}-map": Row(
            f"one {system} unit over two gate biases, 512 x 512, T = 100, loss and all gradients",
            partial(gates.bias_map, system),
        )
        for system in ("lstm", "gru")
    },
    "network-128-gradient": Row(
        "gradients of 128 units, gain * W0 for 256 gains, T = 200", gates.shared_gradient
    ),
    "network-128": Row("128 units, gain * W0 for 256 gains, T = 200", networks.shared_128),
    "mlp": Row("19 x 1024 MLP, batch 128, forward and backward", layers.mlp),
    "mlp-drawn": Row("the same with its 18.6 million weights drawn", layers.mlp_drawn),
    "logistic": Row("logistic map, 10^4 rates, 10^4 iterations", maps.logistic),
    "orbit-diagram": Row("its orbit diagram: the last 1000 iterates", maps.orbit_diagram),
    "mandelbrot": Row("escape times, 1024 x 1024, at most 1000", maps.mandelbrot),
    "basins": Row("basins of two tanh units, 1024 x 1024 starts, T = 200", basins.basins),
    "census": Row("attractors of 10^5 two-unit networks from 64 starts each, T = 200", basins.census),
    "lyapunov-henon": Row(
        "both exponents of the Henon map, 4096 cells, T = 10^4", partial(lyapunov.small_map, "henon")
    ),
    "lyapunov-logistic": Row(
        "the exponent of the logistic map, 4096 cells, T = 10^4", partial(lyapunov.small_map, "logistic")
    ),
    "lyapunov-2": Row("both exponents of 2 units, 8192 networks, T = 500", lyapunov.spectrum_2),
    "lyapunov-8": Row(
        "all exponents of 8 units, 512 networks, T = 200, orthonormal at every step", lyapunov.spectrum_8
    ),
    "lyapunov-32": Row("all exponents of 32 units, 64 networks, T = 100", lyapunov.spectrum_32),
    "lyapunov-100": Row("the largest exponent of 100 units, 256 gains, T = 200", lyapunov.largest_100),
    "lyapunov-1024": Row("all exponents of one network of 1024 units, T = 24", lyapunov.spectrum_1024),
    "own-system": Row("a user's own 15-line system, as tanh-forward", forward.own_system),
    "sweep-1000": Row("10^6 cells x 3 variables into the store, T = 1000", store.whole_sweep_1000, cores=2),
    "sweep-10000": Row("10^6 cells x 3 variables into the store, T = 10^4", store.whole_sweep_10000, cores=2),
    "growth": Row("the same at 10^4 to 10^7 cells: memory and time", store.growth, cores=2),
    "help": Row("`separatrix --help`", start.command_line, cores=2),
    "picture": Row("a second process from its start to the cliff's picture", start.first_picture, cores=2),
}
