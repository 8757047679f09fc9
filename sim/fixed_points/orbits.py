"""The whole cycles of which searches have found some points.

With s every state of its orbit is a point of F^k too. A search ends on whichever state of a cycle is in
reach: of a long cycle some may be missing from what is found, and the sum of the indices with them.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from sim.equations.graph import Node
from sim.fixed_points.isolated import SAME
from sim.fixed_points.search import Ends, Search

Isolated = Callable[[Search, Mapping[Node, np.ndarray], Ends], np.ndarray]  # which ends are points, each once


def missing(search: Search, known: Mapping[Node, np.ndarray], ends: Ends, points: np.ndarray) -> np.ndarray:
    """States (cells, some, n), NaN where there are no more, that the orbits of these ends visit (`points`,
    cells x searches, says which of them are fixed points of F^k) and that are none of these ends.
    """
    cells = len(ends.s)
    cell, index = np.nonzero(points)
    image = ends.s[cell, index]
    there = [_padded(cell, image, cells)]
    for _ in range(search.cycle - 1):
        with np.errstate(all="ignore"):
            image = search.map.step(known, cell, image)
            size = 1.0 + np.abs(image).max(axis=1)
            # of one cycle no two states go to the same one: those that are new differ from each other
            new = np.isfinite(size)
            for column in np.moveaxis(np.concatenate(there, axis=1), 1, 0):
                new &= ~(np.abs(image - column[cell]).max(axis=1) <= 2.0 * SAME * size)
        if new.any():
            there.append(_padded(cell[new], image[new], cells))
    return np.concatenate([ends.s[:, :0], *there[1:]], axis=1)


def _padded(cell: np.ndarray, s: np.ndarray, cells: int) -> np.ndarray:
    """States of cells, a cell's beside each other (cells, most, n); NaN where there are no more."""
    first = np.searchsorted(cell, np.arange(cells))
    rank = np.arange(len(cell)) - first[cell]
    found = np.full((cells, rank.max(initial=-1) + 1, s.shape[1]), np.nan)
    found[cell, rank] = s
    return found


def shorter(
    searches: Sequence[Search], known: Mapping[Node, np.ndarray], states: np.ndarray, isolated: Isolated
) -> np.ndarray:
    """The points (cells, some, n) of the cycles of fewer steps that these searches find from these states."""
    found = [states[:, :0]]
    for search in searches:
        ends = search.run(known, states)
        cell, index = np.nonzero(isolated(search, known, ends))
        found.append(_padded(cell, ends.s[cell, index], len(states)))
    return np.concatenate(found, axis=1)


def joined(a: Ends, b: Ends) -> Ends:
    """The ends of more searches of the same cells."""
    return Ends(*(np.concatenate(pair, axis=1) for pair in zip(a, b, strict=True)))
