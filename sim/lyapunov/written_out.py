"""Growth of tangents of networks of two numbers: every unit and weight a number in a register.

As a network, two units fill one register of eight and pass through memory at every step: 55 ms for 8192
networks and 500 steps, here 17.
"""

from typing import Any

import numpy as np

from sim.cells import cells_of, columns, padded
from sim.equations.evaluation import Map
from sim.equations.graph import reachable
from sim.generic import noise
from sim.lyapunov import registers
from sim.lyapunov.window import Window
from sim.networks.written_out import SmallEquation
from sim.start import starts_of

MOST = 2  # numbers of a state: with three, tangents and weights of all lanes leave the registers


def fits(form: Any, n: int) -> bool:
    """Whether a network is small enough, and its step the same at every time."""
    if n > MOST or form.inputs != "none" or noise(form.setting.example):
        return False
    leaves = (node for node in reachable(form.equation.next) if node.op == "leaf")
    return all(node.value.kind in ("state", "parameter", "vector", "matrix") for node in leaves)


class _Written:
    """A form as `registers` sees it: an equation and a setting, no more."""

    def __init__(self, form: Any) -> None:
        self.equation = SmallEquation(form.equation)
        self.setting = form.setting


class Growth(registers.Growth):
    """The program for one network, and what it gives for a tile."""

    def __init__(self, form: Any, exponents: int, window: Window) -> None:
        self.map = Map(form)
        self.setting = form.setting
        written = _Written(form)
        self.small = written.equation
        super().__init__(written, exponents, window)

    def numbers(self, tile: Any) -> tuple[Any, Any, Any, int, int]:
        """The weights, biases and starts of the cells of a network's tile; no input."""
        cells = cells_of(tile.given)
        weights = self.small.arrays(self.map.load(tile.given, cells, tile.fields))
        starts = starts_of(self.setting, tile.given, cells, self.n)
        given, begin = (tuple(columns(values, cells, registers.WIDTH)) for values in (weights, starts))
        return given, begin, np.zeros(1), padded(cells, registers.WIDTH), cells
