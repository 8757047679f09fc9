"""Braces in a text: how many are open must be known at every time, until they are closed.

Each step shows one symbol: a letter, an opening or a closing brace. Braces open with the probability
`opening` unless `deepest` are open, and close with `closing` if one is. Source: the counting languages of F.
Gers & J. Schmidhuber, IEEE Trans. Neural Networks 12 (2001) 1333, doi:10.1109/72.963769; A. Karpathy, J.
Johnson & L. Fei-Fei 2015, arXiv:1506.02078, section 4.2 (units that are on between brackets).
"""

from typing import Annotated, NamedTuple

import numpy as np

from sim.draws import Draw
from sim.errors import refuse, within
from sim.signature import About


class Keywords(NamedTuple):
    """What the text is made of."""

    deepest: Annotated[int, About("how many braces may be open at once")] = 1
    letters: Annotated[int, About("number of symbols that are no braces")] = 4
    opening: Annotated[float, About("probability of an opening brace where one may open", "1/step")] = 0.1
    closing: Annotated[float, About("probability of a closing brace where one is open", "1/step")] = 0.1


def inputs_count(k: Keywords) -> int:
    """One input for each letter, then the opening and the closing brace."""
    return k.letters + 2


def outputs_count(k: Keywords) -> int:
    """One output for each depth from 0 to `deepest`."""
    return k.deepest + 1


def check(k: Keywords, steps: int) -> None:
    """There must be braces and letters, and probabilities that leave room for both."""
    if k.deepest < 1:
        raise refuse("parameters.deepest", f"{k.deepest} open braces at most; write 1 or more")
    if k.letters < 1:
        raise refuse("parameters.letters", f"{k.letters} letters; write 1 or more")
    for name, value in (("opening", k.opening), ("closing", k.closing)):
        within(name, value, 0.0, 1.0, "probability")
    if (most := np.max(np.add(k.opening, k.closing))) > 1.0:
        raise refuse("parameters.closing", f"opening and closing are {most:g} together; write 1 or less")


def _text(k: Keywords, steps: int, draw: Draw) -> tuple[np.ndarray, np.ndarray]:
    """The symbol of every step (kinds, steps), and how many braces are open at every time."""
    u = draw.uniform(1, steps)[:, 0]
    opens, closes = u < k.opening, u >= 1.0 - np.asarray(k.closing)
    symbol = draw.whole(2, steps, k.letters)[:, 1]
    depth = np.zeros((len(u), steps + 1), dtype=np.intp)
    for t in range(steps):
        up = opens[:, t] & (depth[:, t] < k.deepest)
        down = closes[:, t] & (depth[:, t] > 0)
        symbol[up, t], symbol[down, t] = k.letters, k.letters + 1
        depth[:, t + 1] = depth[:, t] + up - down
    return symbol, depth


def inputs(k: Keywords, steps: int, draw: Draw) -> np.ndarray:
    """The symbols as one-hot rows, (kinds, steps, letters + 2); x[t] does not depend on steps."""
    return np.eye(k.letters + 2)[_text(k, steps, draw)[0]]


def targets(k: Keywords, steps: int, draw: Draw) -> np.ndarray:
    """How many braces are open, one-hot: (kinds, steps + 1, deepest + 1)."""
    return np.eye(k.deepest + 1)[_text(k, steps, draw)[1]]


def when(k: Keywords, steps: int) -> np.ndarray:
    """Every time but the start."""
    return np.arange(steps + 1) > 0
