"""Attractors followed from cell to cell over a whole grid of parameters: one number for what is one branch.

Two attractors of neighbouring cells belong together if each is the other's nearest and they lie closer than
`apart`. Joining all of them could give two attractors of one cell one number, since branches meet around a
cusp. So the nearest pairs are joined first, and a pair is left apart if the families that it would join stand
in one cell (Kruskal's tree with this constraint): the cut goes where the branch is steepest. That relation
knows no direction, so that no order of cells and no tile plays a part; of pairs that are equally near, those
of the first axis and cell come first. It needs all cells at once, and so is asked of a finished store.
"""

import numpy as np

from sim.errors import refuse


def families(states: np.ndarray, apart: float) -> np.ndarray:
    """The family of each attractor, whole numbers (axes, attractors); -1 where there is none.

    `states`: (axes, attractors, n), NaN where there is none, as `census_state` of a store, its grid in order.
    No two attractors of a cell are of one family. The largest family is 0, the next one 1; equals by the
    first cell they stand in. Refused where there is no grid or no distance. Cost: cells x attractors^2 x n
    along each axis. Source: G. Datseris, K. L. Rossi & A. Wagemakers, Framework for global stability analysis
    of dynamical systems, Chaos 33 (2023) 073151, doi:10.1063/5.0159675, which matches along one parameter.

    >>> lines = np.linspace(0.0, 1.0, 5)[:, None] * np.array([1.0, -1.0])
    >>> families(np.sort(lines, axis=1)[1:, :, None], apart=0.5).tolist()
    [[0, 1], [0, 1], [0, 1], [0, 1]]
    """
    states = np.asarray(states, dtype=np.float64)
    if states.ndim < 3:
        raise refuse(
            "states", f"an array of {states.ndim} dims; give (axes, attractors, numbers of the state)"
        )
    if not apart > 0.0:
        raise refuse("apart", f"{apart} is no distance; give a positive number")
    shape = states.shape[:-1]
    places = np.arange(int(np.prod(shape))).reshape(shape)
    parts = [_pairs(states, places, axis, apart) for axis in range(states.ndim - 2)]
    ends = np.concatenate([np.stack(pair[:2]) for pair in parts], axis=1)
    order = np.argsort(np.concatenate([pair[2] for pair in parts]), kind="stable")
    group = _joined(ends[:, order], places.size, shape[-1])
    there = np.isfinite(states).all(axis=-1).reshape(-1)
    kinds, begins, which, sizes = np.unique(
        group[there], return_index=True, return_inverse=True, return_counts=True
    )
    rank = np.empty(len(kinds), dtype=np.intp)
    rank[np.lexsort((begins, -sizes))] = np.arange(len(kinds))
    found = np.full(places.size, -1)
    found[there] = rank[which.reshape(-1)]
    return found.reshape(shape)


def _pairs(
    states: np.ndarray, places: np.ndarray, axis: int, apart: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pairs that are each other's nearest in neighbouring cells along one axis, and their distances."""
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
    near = far[cell, mine, yours]
    mutual = (np.take_along_axis(back, yours, axis=1) == mine) & (near <= apart)
    return here[1][mutual], np.take_along_axis(there[1], yours, axis=1)[mutual], near[mutual]


def _groups(ends: np.ndarray, count: int) -> np.ndarray:
    """The connected component of each place."""
    # imported here: it takes a tenth of a second, and only whole stores are asked
    from scipy.sparse import coo_array  # noqa: PLC0415
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    links = coo_array((np.ones(ends.shape[1], dtype=np.int8), tuple(ends)), shape=(count, count))
    return np.asarray(connected_components(links, directed=False)[1])


def _twice(group: np.ndarray, most: int, names: np.ndarray) -> np.ndarray:
    """Which names (one for each place) have a group that stands twice in one cell."""
    cells = group.reshape(-1, most)
    order = cells.argsort(axis=1, kind="stable")
    ranked, named = (np.take_along_axis(x, order, 1) for x in (cells, names.reshape(-1, most)))
    found = np.zeros(int(names.max(initial=-1)) + 1, dtype=bool)
    found[named[:, 1:][ranked[:, 1:] == ranked[:, :-1]]] = True
    return found


def _joined(ends: np.ndarray, count: int, most: int) -> np.ndarray:
    """The group of each place, when pairs (2, pairs) are joined one after another unless a group would then
    stand twice in one cell.

    Up to the first pair that is refused in a connected component the groups are plain components, and are
    found as such, by bisection of all components at once; only the pairs that are left are gone through.
    """
    whole = _groups(ends, count)
    crossed = _twice(whole, most, whole)
    if not crossed.any():
        return whole
    of = whole[ends[0]]
    place = np.arange(ends.shape[1])
    low = np.where(crossed, 0, ends.shape[1])  # so many first pairs make no group stand twice
    high = np.full(len(crossed), ends.shape[1])  # so many do, where a component is crossed
    while (high - low > 1).any():
        middle = (low + high) // 2
        bad = _twice(_groups(ends[:, place < middle[of]], count), most, whole)
        low, high = np.where(bad, low, middle), np.where(bad & crossed, middle, high)
    group = _groups(ends[:, place < low[of]], count)
    left = np.sort(group[ends[:, place >= low[of]]], axis=0)
    left = left[:, left[0] != left[1]]
    _, first = np.unique(left[0] * count + left[1], return_index=True)  # a pair is joined or refused once
    return _constrained(left[:, np.sort(first)], group, most)


def _constrained(left: np.ndarray, group: np.ndarray, most: int) -> np.ndarray:
    """The groups after joining these pairs of them in turn, unless the two have a cell in common."""
    parent: list[int] = list(range(int(group.max()) + 1))
    order = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group)).tolist()
    begins, cell = [0, *ends[:-1]], (order // most).tolist()
    cells: dict[int, set[int]] = {}
    for name in np.unique(left).tolist():
        cells[name] = set(cell[begins[name] : ends[name]])
    for pair in left.T.tolist():
        a, b = pair
        while parent[a] != a:
            parent[a] = a = parent[parent[a]]
        while parent[b] != b:
            parent[b] = b = parent[parent[b]]
        if a == b or not cells[a].isdisjoint(cells[b]):
            continue
        if len(cells[a]) < len(cells[b]):
            a, b = b, a
        cells[a] |= cells.pop(b)
        parent[b] = a
    root = np.asarray(parent)
    while (root[root] != root).any():
        root = root[root]
    return root[group]
