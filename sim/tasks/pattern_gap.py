"""A pattern, a gap, a cue: which of some classes was shown must be said when the cue comes, at the end.

The pattern (its class's input is 1 for `length` steps) is followed by a gap of noise and distractors and by
one step of the cue, the last of the run. What the input decides to be remembered has to be kept over a gap of
any length. Source: Y. Bengio, P. Simard & P. Frasconi, IEEE Trans. Neural Networks 5 (1994) 157,
doi:10.1109/72.279181 (there the gap has no cue and the two classes are trainable numbers).
"""

from typing import Annotated, NamedTuple

import numpy as np

from sim.draws import Draw
from sim.errors import refuse, within
from sim.signature import About


class Keywords(NamedTuple):
    """How many patterns there are, how long they are shown and kept, and what disturbs."""

    classes: Annotated[int, About("number of different patterns")] = 2
    length: Annotated[int, About("for how long the pattern is shown", "step")] = 1
    gap: Annotated[
        int | None, About("steps between pattern and cue; none begins with the pattern", "step", True)
    ] = None
    noise: Annotated[float, About("standard deviation of the noise on every class's input in the gap")] = 0.0
    distractors: Annotated[
        float, About("probability that a step of the gap shows a class that is not asked for")
    ] = 0.0


def inputs_count(k: Keywords) -> int:
    """One input for each class, then the cue."""
    return k.classes + 1


def outputs_count(k: Keywords) -> int:
    """One output for each class."""
    return k.classes


def check(k: Keywords, steps: int) -> None:
    """Pattern, gap and cue must fit into the run."""
    if k.classes < 2:
        raise refuse("parameters.classes", f"{k.classes} classes leave nothing to decide; write 2 or more")
    if k.length < 1:
        raise refuse("parameters.length", f"a pattern of {k.length} steps; write 1 or more")
    if k.gap is not None and np.min(k.gap) < 0:
        raise refuse("parameters.gap", f"a gap of {np.min(k.gap)} steps; write 0 or more")
    if np.min(k.noise) < 0.0:
        raise refuse("parameters.noise", f"{np.min(k.noise)} is no standard deviation; write 0 or more")
    within("distractors", k.distractors, 0.0, 1.0, "probability")
    _begin(k, steps)


def _begin(k: Keywords, steps: int) -> np.ndarray:
    """The step at which the pattern begins, (1 or kinds, 1)."""
    least = k.length + 1 + (0 if k.gap is None else int(np.max(k.gap)))
    if steps < least:
        raise refuse(
            "parameters.steps",
            f"{steps} steps are too few for pattern, gap and cue; write {least} or more, or a smaller gap",
        )
    return np.atleast_2d(0 if k.gap is None else steps - 1 - k.length - k.gap)


def _shown(k: Keywords, draw: Draw) -> np.ndarray:
    return draw.whole(1, 1, k.classes)[:, 0]


def inputs(k: Keywords, steps: int, draw: Draw) -> np.ndarray:
    """The series x[0..steps-1], (kinds, steps, classes + 1); zero before the pattern."""
    begin, t, cue = _begin(k, steps), np.arange(steps), steps - 1
    code = np.eye(k.classes)
    pattern = (begin <= t) & (t < begin + k.length)
    gap = (begin + k.length <= t) & (t < cue)
    distracted = gap & (draw.uniform(2, steps)[:, 1] < k.distractors)
    other = draw.whole(3, steps, k.classes)[:, 2]
    x = pattern[..., None] * code[_shown(k, draw)] + distracted[..., None] * code[other]
    if np.any(k.noise):
        noise = np.moveaxis(draw.normal(3 + k.classes, steps)[:, 3:], 1, 2)
        x = x + (gap * k.noise)[..., None] * noise
    return np.concatenate([x, np.broadcast_to((t == cue)[:, None], (*x.shape[:2], 1))], axis=2)


def targets(k: Keywords, steps: int, draw: Draw) -> np.ndarray:
    """The class that was shown, (kinds, steps + 1, classes); only its last row is asked for."""
    return np.repeat(np.eye(k.classes)[_shown(k, draw)], steps + 1, axis=1)


def when(k: Keywords, steps: int) -> np.ndarray:
    """The end alone."""
    return np.arange(steps + 1) == steps
