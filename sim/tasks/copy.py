"""Copying memory: symbols, a gap of blanks that ends with a delimiter, then the symbols in their order.

With symbols a[0..s-1], blank a[s] and delimiter a[s+1] the input is `length` symbols, gap - 1 blanks, one
delimiter, `length` blanks; what should be said is blank until the delimiter has been seen, then the symbols,
each length + gap steps after it was shown. A gap of 0 has no delimiter: the answer follows at once, as an
encoder and a decoder have it. The answer ends the run; what comes before the symbols is blank. Source: M.
Arjovsky, A. Shah & Y. Bengio, ICML 2016, arXiv:1511.06464 (there 8 symbols, length 10, gap T); S. Hochreiter
& J. Schmidhuber, Neural Computation 9 (1997) 1735, doi:10.1162/neco.1997.9.8.1735.
"""

from typing import Annotated, NamedTuple

import numpy as np

from sim.draws import Draw
from sim.errors import refuse
from sim.signature import About


class Keywords(NamedTuple):
    """How much is to be kept, and for how long."""

    length: Annotated[int, About("symbols to be copied", "step")] = 10
    gap: Annotated[
        int | None,
        About(
            "steps between the last symbol and the first answer; none begins with the symbols", "step", True
        ),
    ] = None
    symbols: Annotated[int, About("size of the alphabet, without blank and delimiter")] = 8


def inputs_count(k: Keywords) -> int:
    """One input for each symbol, then blank and delimiter."""
    return k.symbols + 2


def outputs_count(k: Keywords) -> int:
    """One output for each symbol, then blank."""
    return k.symbols + 1


def check(k: Keywords, steps: int) -> None:
    """Symbols, gap and answer must fit into the run."""
    if k.length < 1:
        raise refuse("parameters.length", f"{k.length} symbols to be copied; write 1 or more")
    if k.symbols < 2:
        raise refuse("parameters.symbols", f"an alphabet of {k.symbols} says nothing; write 2 or more")
    if k.gap is not None and np.min(k.gap) < 0:
        raise refuse("parameters.gap", f"a gap of {np.min(k.gap)} steps; write 0 or more")
    message(k, steps)


def _gap(k: Keywords, steps: int) -> np.ndarray:
    """Steps between the last symbol and the first answer, (1 or kinds, 1)."""
    least = 2 * k.length + (0 if k.gap is None else int(np.max(k.gap)))
    if steps < least:
        raise refuse(
            "parameters.steps",
            f"{steps} steps are too few for {k.length} symbols, the gap and the answers; write {least} or "
            "more, or a smaller length or gap",
        )
    return np.atleast_2d(steps - 2 * k.length if k.gap is None else k.gap)


def message(k: Keywords, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """The first step of what is to be kept, and the first after it, each (1 or kinds, 1)."""
    beyond = steps - k.length - _gap(k, steps)
    return beyond - k.length, beyond


def _word(k: Keywords, draw: Draw) -> np.ndarray:
    return draw.whole(1, k.length, k.symbols)[:, 0]


def inputs(k: Keywords, steps: int, draw: Draw) -> np.ndarray:
    """The series x[0..steps-1] of one-hot rows, (kinds, steps, symbols + 2)."""
    t, word = np.arange(steps), _word(k, draw)
    first, beyond = message(k, steps)
    place = np.clip(t - first, 0, k.length - 1)
    shown = np.where((first <= t) & (t < beyond), word[np.arange(len(word))[:, None], place], k.symbols)
    delimiter = (t == steps - k.length - 1) & (_gap(k, steps) > 0)
    return np.eye(k.symbols + 2)[np.where(delimiter, k.symbols + 1, shown)]


def targets(k: Keywords, steps: int, draw: Draw) -> np.ndarray:
    """Blank, then the symbols at the last `length` times, (kinds, steps + 1, symbols + 1)."""
    word = _word(k, draw)
    said = np.full((len(word), steps + 1), k.symbols)
    said[:, steps + 1 - k.length :] = word
    return np.eye(k.symbols + 1)[said]


def when(k: Keywords, steps: int) -> np.ndarray:
    """Every time but the start: blanks are to be said as well."""
    return np.arange(steps + 1) > 0
