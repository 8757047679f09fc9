"""The stages of a network that reads from both ends: its recurrences, each over a whole series, forward in
its own time and back, and what is read off at the end.

Forward a recurrence keeps its output at every time. Back, the gradient of the loss with respect to those
outputs comes in as a series, and the gradient with respect to its inputs goes out as one. Series are (time,
number, lane).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.cells import aligned
from sim.directions.packs import Part, Passed
from sim.equations.equation import Equation
from sim.errors import refuse
from sim.functions import total
from sim.generic import output
from sim.networks import gradient as network_gradient
from sim.networks import module as network
from sim.networks.calls import call, span_of, tapes_of
from sim.networks.rollout import rollout
from sim.networks.setting import Shape, parameter_names
from sim.objective import GradientKeywords
from sim.observable import Backward, Declared, Facts, Inward, Norms, Sampled, times_of
from sim.pointwise.module import Watcher

Size = tuple[int, int, int]  # blocks, steps, lanes of all blocks


def _inside(facts: Facts) -> Declared:
    raise NotImplementedError("kept for the stages that follow, stored nowhere")


_OUTPUT = Sampled(_inside, value=lambda k, p, s: output(p, s))
_STATE = Sampled(_inside, value=lambda k, p, s: s)
_GRADIENT = Backward(_inside, value=lambda g: g, keywords=GradientKeywords)


class Stage:
    """An equation that is run over a whole series, and its programs."""

    def __init__(self, equation: Equation, prefix: str = "") -> None:
        self.equation, self.prefix = equation, prefix
        self.sizes = list(equation.parts.values())
        self.forward: network.Program | None = None
        self.backward: network.Program | None = None

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The arrays of parameters and the numbers that are learnt, in their order."""
        arrays = self.equation.learnable
        return {self.prefix + name: arrays[name].shape for name in parameter_names(self.equation)}

    @property
    def programs(self) -> list[network.Program]:
        """Its programs."""
        return [program for program in (self.forward, self.backward) if program is not None]

    def _made(self, shape: Shape, ahead: Sequence[Watcher], back: Sequence[Watcher], **more: Any) -> None:
        """Make its programs; one that nothing is asked of is none."""
        form = shape[:3]
        self.layout = network.Module(self.equation, *form).layout
        if ahead:
            self.forward = rollout(self.equation, ahead, *form)
        if back:
            if "error" in more:
                self.equation.aim(more.pop("width"), "cells")
            names = parameter_names(self.equation)
            self.backward = network_gradient.bptt(self.equation, back, names, *form, **more)

    def _called(
        self,
        program: network.Program | None,
        given: Sequence[np.ndarray],
        size: Size,
        times: Sequence[int],
        first: Sequence[int],
    ) -> list[np.ndarray]:
        """What a program stores, so many times each."""
        if program is None:
            return []
        blocks, steps, lanes = size
        outs = tuple(aligned(n * rows * lanes) for n, rows in zip(times, program.rows, strict=True))
        tapes = tapes_of(program, steps, span_of(program, steps), steps) if program is self.backward else ()
        call(program, given, outs, (blocks, steps), first, tapes)
        return [out.reshape(n, -1, lanes) for n, out in zip(times, outs, strict=True)]


class Reading(Stage):
    """What is made of a run that is over: observables of its states or its outputs, the loss, and the
    gradient with respect to what they are made of. One array of the states, or two.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__(Equation(Passed(tuple(sizes)), "cells"))
        self.watchers: list[tuple[str, Watcher, int]] = []  # and the first time of each

    def make(self, shape: Shape, k: Any = None, norms: Sequence[Norms] = ()) -> None:
        """Its programs; the gradient, where there are norms, of the loss with the keywords `k`."""
        kinds = [_GRADIENT, *(norms if self.shapes else [])] if norms else []
        ahead = [watcher for _, watcher, _ in self.watchers]
        self._made(shape, ahead, [Watcher(kind, k) for kind in kinds])

    def read(self, given: Sequence[np.ndarray], size: Size) -> dict[str, np.ndarray]:
        """The values of its observables, (time, number, lane)."""
        times = [times_of(watcher.observable, size[1], first) for _, watcher, first in self.watchers]
        outs = self._called(self.forward, given, size, times, [first for _, _, first in self.watchers])
        return dict(zip([name for name, _, _ in self.watchers], outs, strict=True))

    def pull(self, given: Sequence[np.ndarray], size: Size, first: int) -> list[np.ndarray]:
        """The gradient of the loss with respect to the states, (time, number, lane), then the norms of those
        of the read-out, (1, number, lane).
        """
        further = len(self.backward.rows) - 1 if self.backward else 0
        return self._called(self.backward, given, size, [size[1] + 1, *[1] * further], [first])


class Pass(Stage):
    """A recurrence of the network."""

    def __init__(self, part: Part, inputs: str, *, above: bool) -> None:
        super().__init__(Equation(part.pack, inputs), part.prefix)
        self.part, self.above = part, above  # whether a level below made its inputs
        self.wanted = self.equation.x.shape[0]  # inputs
        read = self.equation.output(self.equation.state)
        if len(read) != 1:
            raise refuse(
                "parameters.cell",
                f"it puts out {len(read)} arrays, and what is read here is one; write layers = 1 and "
                'alignment = "ends"',
            )
        self.width = read[0].shape[0]  # outputs

    def make(self, shape: Shape, norms: Sequence[Norms], kept: int) -> None:
        """Its programs: outputs (where 1 series is kept) and states (where 2 are) of every time; norms of
        gradients, and the gradient with respect to its inputs where those come from a level below.
        """
        ahead = [Watcher(kind, None) for kind in (_OUTPUT, _STATE)[:kept]]
        kinds = [*norms, *([Inward()] if self.above else [])] if norms else []
        # the gradient g that comes in stands where targets do: d<g, output>/ds is g pulled back to the state
        self._made(
            shape,
            ahead,
            [Watcher(kind, None) for kind in kinds],
            error=lambda k, p, s: total(self.equation.goal * output(p, s)),
            width=self.width,
        )

    def run(self, given: Sequence[np.ndarray], size: Size) -> list[np.ndarray]:
        """Its outputs, and its states where they are wanted, at every time of its own."""
        times = [size[1] + 1] * len(self.forward.rows if self.forward else ())
        return self._called(self.forward, given, size, times, [0] * len(times))

    def pull(self, given: Sequence[np.ndarray], size: Size) -> list[np.ndarray]:
        """The norms of the gradients of its parameters, (1, number, lane), then the gradient with respect to
        its inputs at every step where a level below made them.
        """
        times = [1] * len(self.backward.rows if self.backward else ())
        return self._called(self.backward, given, size, [*times[:-1], size[1]] if self.above else times, [0])
