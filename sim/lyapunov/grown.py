"""What the loops over time keep of each batch, and what it says of the orbit itself.

Small differences grow along an orbit that stands still on an unstable state, and along one that grows
without bound; neither is chaos. A network without bias and input that starts at zero stays there for ever:
its largest exponent is the log of its spectral radius, exactly, and says nothing of the activity that any
other start has.
"""

from typing import NamedTuple

import numpy as np

from sim.lyapunov.window import SEEN, Window

_FAR = 10.0  # log of a growth of the state that no bounded orbit has had by chance
_ROOM = 29.0  # log of how far tangents may part: 1e-12.6, with rounding a thousandth of what is left
GROWTH, DECAY = 1.0, 2.0  # powers of time of the steepest algebraic ones that are generic: shear, a fold


class Grown(NamedTuple):
    """Of each batch the log stretches of the tangents; of the state at the ends of the first batch and the
    last two a weighted square norm and a projection. Where the orbit comes back to where it ended in a few
    steps more (`window.returns`), those of the last but one are the last's.
    """

    logs: np.ndarray  # (batches, exponents, cells)
    size: np.ndarray  # (3, cells)
    place: np.ndarray  # (3, cells)
    length: float | np.ndarray  # of a batch: steps, or time, a number or one a cell
    elapsed: float  # the window's last step over its first, in steps from the start
    apart: int  # steps of a batch
    every: int  # steps between two orthonormalisations

    @property
    def algebraic(self) -> float:
        """The log stretch over the window of a tangent that grows like time: p times that if like its power
        p.

        At a fold the multiplier is 1 - 2 / t, at a flip or pitchfork 1 - 3 / (2 t), and shear on a torus
        stretches like t: powers from -`DECAY` to `GROWTH`, all with exponent zero. Source of the powers:
        normal forms, Y. Kuznetsov, Elements of Applied Bifurcation Theory, 3rd ed. 2004, ch. 4,
        doi:10.1007/978-1-4757-3978-7.
        """
        return float(np.log(self.elapsed))

    def unfolded(self, value: np.ndarray) -> np.ndarray:
        """Which orbits stand still (or are cycles), or grow without bound, `value` being the largest
        exponent: half as fast as the tangents, at least.
        """
        still = (self.place[-1] == self.place[-2]) & (self.size[-1] == self.size[-2])
        with np.errstate(divide="ignore", invalid="ignore"):
            grown = 0.5 * np.log(self.size[-1] / self.size[0])
            stretch = value * self.length * (len(self.logs) - 1)
            return np.asarray(still | (grown > np.maximum(_FAR, 0.5 * stretch)))

    @property
    def lost(self) -> np.ndarray | None:
        """Which exponents (exponents, cells) went under in rounding: between two orthonormalisations the
        tangents before them have grown so much more that nothing of them was left. None: none can have.
        """
        if self.every < 2:
            return None
        with np.errstate(invalid="ignore"):
            steps = self.logs.sum(axis=0) / (len(self.logs) * self.apart)
            spread = (np.max(steps, axis=0) - steps) * self.every
            return np.asarray(spread > _ROOM)


def grown_of(kept: np.ndarray, length: float | np.ndarray, window: Window) -> Grown:
    """What the loops keep, (rows, cells), taken apart."""
    before = max(1, window.transient)
    elapsed = (window.transient + window.batches * window.length) / before
    logs = kept[:-SEEN].reshape(window.batches, -1, kept.shape[1])
    size, place = kept[-SEEN::2], kept[1 - SEEN :: 2]
    return Grown(logs, size, place, length, elapsed, window.length, window.every)
