"""Attractors followed from cell to cell over a whole grid of parameters: one number for what is one branch.

Two attractors of neighbouring cells belong together if each is the other's nearest and they lie closer than
`apart`; a family is whatever is joined that way. That relation knows no direction, so that no order of cells
and no tile plays a part. It needs all cells at once, and so is asked of a finished store.
"""

import numpy as np

from sim.errors import refuse


def families(states: np.ndarray, apart: float) -> np.ndarray:
    """The family of each attractor, whole numbers (axes, attractors); -1 where there is none.

    `states`: (axes, attractors, n), NaN where there is none, as `census_state` of a store, its grid in order.
    The largest family is 0, the next one 1; equals by the first cell they stand in. Refused where there is no
    grid or no distance. Cost: cells x attractors^2 x n along each axis. Source: G. Datseris, K. L. Rossi &
    A. Wagemakers, Framework for global stability analysis of dynamical systems, Chaos 33 (2023) 073151,
    doi:10.1063/5.0159675, which matches along one parameter.

    >>> lines = np.linspace(0.0, 1.0, 5)[:, None] * np.array([1.0, -1.0])
    >>> families(np.sort(lines, axis=1)[1:, :, None], apart=0.5).tolist()
    [[0, 1], [0, 1], [0, 1], [0, 1]]
    """
    # imported here: it takes a tenth of a second, and only whole stores are asked
    from scipy.sparse import coo_array  # noqa: PLC0415
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    states = np.asarray(states, dtype=np.float64)
    if states.ndim < 3:
        raise refuse(
            "states", f"an array of {states.ndim} dims; give (axes, attractors, numbers of the state)"
        )
    if not apart > 0.0:
        raise refuse("apart", f"{apart} is no distance; give a positive number")
    shape = states.shape[:-1]
    places = np.arange(int(np.prod(shape))).reshape(shape)
    ends = [_joined(states, places, axis, apart) for axis in range(states.ndim - 2)]
    first, second = (np.concatenate([pair[i] for pair in ends]) for i in (0, 1))
    links = coo_array((np.ones(len(first)), (first, second)), shape=(places.size, places.size))
    _, group = connected_components(links, directed=False)
    there = np.isfinite(states).all(axis=-1).reshape(-1)
    kinds, begins, which, sizes = np.unique(
        group[there], return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(kinds), dtype=np.intp)
    rank[np.lexsort((begins, -sizes))] = np.arange(len(kinds))
    found = np.full(places.size, -1)
    found[there] = rank[which.reshape(-1)]
    return found.reshape(shape)


def _joined(states: np.ndarray, places: np.ndarray, axis: int, apart: float) -> tuple[np.ndarray, np.ndarray]:
    """The pairs that are each other's nearest in neighbouring cells along one axis."""
    length, most = states.shape[axis], states.shape[-2]
    here, there = (
        (
            np.take(states, rows, axis).reshape(-1, most, states.shape[-1]),
            np.take(places, rows, axis).reshape(-1, most),
        )
        for rows in (np.arange(length - 1), np.arange(1, length))
    )
    far = abs(here[0][:, :, None] - there[0][:, None]).max(axis=-1)
    far = np.where(np.isnan(far), np.inf, far)
    cell, mine = np.indices(far.shape[:2])
    yours = far.argmin(axis=2)
    back = far.argmin(axis=1)
    mutual = (np.take_along_axis(back, yours, axis=1) == mine) & (far[cell, mine, yours] <= apart)
    return here[1][mutual], np.take_along_axis(there[1], yours, axis=1)[mutual]
