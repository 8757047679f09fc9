"""The table: one line for each row of the benchmark. A row is a function of `tiny` (the suite's sizes)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tests.bench import cliff, forward, layers, maps, networks, start, store
from tests.bench.harness import Case, Figure


class Row(NamedTuple):
    """What is computed, how to make it ready, and on how many cores it is timed."""

    what: str
    build: Callable[[bool], Case] | Callable[[bool], list[Figure]]
    cores: int = 1


ROWS = {
    "tanh-forward": Row("scalar tanh network forward, 16384 cells, T = 1000", forward.tanh_forward),
    "cliff": Row("cliff map 512 x 512, T = 50, loss and both gradients", cliff.cliff_map),
    "network-8": Row("8 units, a matrix for each of 4096 cells, T = 1000", networks.distinct_8),
    "network-32": Row("32 units, a matrix for each of 1024 cells, T = 500", networks.distinct_32),
    "network-128": Row("128 units, gain * W0 for 256 gains, T = 200", networks.shared_128),
    "mlp": Row("19 x 1024 MLP, batch 128, forward and backward", layers.mlp),
    "mlp-drawn": Row("the same with its 18.6 million weights drawn", layers.mlp_drawn),
    "logistic": Row("logistic map, 10^4 rates, 10^4 iterations", maps.logistic),
    "orbit-diagram": Row("its orbit diagram: the last 1000 iterates", maps.orbit_diagram),
    "mandelbrot": Row("escape times, 1024 x 1024, at most 1000", maps.mandelbrot),
    "own-system": Row("a user's own 15-line system, as tanh-forward", forward.own_system),
    "sweep-1000": Row("10^6 cells x 3 variables into the store, T = 1000", store.whole_sweep_1000, cores=2),
    "sweep-10000": Row("10^6 cells x 3 variables into the store, T = 10^4", store.whole_sweep_10000, cores=2),
    "growth": Row("the same at 10^4 to 10^7 cells: memory and time", store.growth, cores=2),
    "help": Row("`separatrix --help`", start.command_line, cores=2),
    "picture": Row("a second process from its start to the cliff's picture", start.first_picture, cores=2),
}
