"""The keywords of the exponents, and the window of a run that they are taken from: a transient thrown away,
then batches of equal length.
"""

from typing import Annotated, Any, Literal, NamedTuple

import numpy as np

from sim.errors import refuse
from sim.generic import noise
from sim.observable import Facts
from sim.signature import About

BATCHES = 64
_TENTH = 10


Exponents = Annotated[int, About("how many exponents, the largest first; 0 is all")]
Transient = Annotated[int, About("steps before anything counts; -1 is a tenth of the run", "step")]
Batches = Annotated[int, About("parts of the window that the standard error is taken from")]
Per = Annotated[
    Literal["step", "time"],
    About("whether exponents are per step or per time: of a flow's own, of tau for ctrnn, of steps for maps"),
]
Resolution = Annotated[
    float, About("an interval about zero within this distance counts as neutral", "1", sweepable=False)
]
Every = Annotated[int, About("steps between two orthonormalisations; 0: as conditioning allows", "step")]


class Keywords(NamedTuple):
    """The window, its batches, and the unit."""

    transient: Transient = -1
    batches: Batches = BATCHES
    per: Per = "step"
    resolution: Resolution = 0.01


class FrameKeywords(NamedTuple):
    """The same, and how often tangents are made orthonormal again."""

    transient: Transient = -1
    batches: Batches = BATCHES
    per: Per = "step"
    resolution: Resolution = 0.01
    every: Every = 0


class SpectrumKeywords(NamedTuple):
    """The same, and how many exponents."""

    exponents: Exponents = 0
    transient: Transient = -1
    batches: Batches = BATCHES
    per: Per = "step"
    resolution: Resolution = 0.01
    every: Every = 0


SEEN = 6  # rows after those of the batches: of the state, at the ends of three batches, two numbers
SEEN_ROW = "batches * {m} + 2 * (0 if batch == 0 else batch - batches + 3)"  # the first of these two
AFTER = "min(length, batches * length // 20, {most})"  # steps after the window that are looked through
_RETURNS = 60  # steps: the longest cycle that is told by coming back


def returns(form: Any) -> int:
    """How many steps after the window, but no more than a batch has or a twentieth of the window (`AFTER`:
    the look is to cost no more than that), are looked through for one that leads back to the very state in
    which it ended: without inputs and noise the orbit is a cycle then, for ever.
    """
    return 0 if form.equation.inputs != "none" or noise(form.setting.example) else _RETURNS


class Window(NamedTuple):
    """Steps that are thrown away, batches, steps of a batch, steps between orthonormalisations."""

    transient: int
    batches: int
    length: int
    every: int

    def after(self, most: int) -> int:
        """`AFTER` as a number."""
        return min(self.length, self.batches * self.length // 20, most)


def window_of(k: Any, facts: Facts) -> Window:
    """The window of these keywords; what does not fill a batch joins the transient.

    Refused: a transient that leaves no step, fewer than four batches or more than steps, a negative `every`
    or resolution.
    """
    steps = facts.steps
    transient = steps // _TENTH if k.transient == -1 else k.transient
    if not 0 <= transient < steps:
        raise refuse(
            "parameters.transient",
            f"a transient of {transient} steps leaves nothing of a run of {steps}; write 0 to {steps - 1}, "
            "or more steps",
        )
    if k.batches < 4:
        raise refuse(
            "parameters.batches",
            f"{k.batches} batches give no standard error; write 4 or more ({BATCHES} is usual)",
        )
    every = getattr(k, "every", 1)
    if every < 0:
        raise refuse("parameters.every", f"{every} is no number of steps; write 1 or more, or 0")
    if k.batches > steps - transient and k.batches != BATCHES:  # the default makes do with a shorter window
        raise refuse(
            "parameters.batches",
            f"{k.batches} batches of a window of {steps - transient} steps; write 4 to {steps - transient}",
        )
    if not 0.0 <= k.resolution < np.inf:
        raise refuse("parameters.resolution", f"{k.resolution} is no distance; write 0 or more, as in 0.01")
    batches = min(int(k.batches), steps - transient)
    length = (steps - transient) // batches
    return Window(steps - batches * length, batches, length, int(every))


def exponents_of(k: Any, facts: Facts) -> int:
    """How many exponents are wanted; refused where the state has not so many numbers."""
    n = facts.numbers
    wanted = int(getattr(k, "exponents", 0))
    if not 0 <= wanted <= n:
        raise refuse(
            "parameters.exponents",
            f"{wanted} exponents of a state of {n} {'numbers' if n > 1 else 'number'}; write 1 to {n}, or 0 "
            "for all",
        )
    return wanted or n
