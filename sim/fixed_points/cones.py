"""Stability of 0 under v -> A v with an A of its own in each cone: what fixed points on kinks are.

Only what is shown is said. A norm in which every A contracts: a sink, whatever way orbits take through the
cones. One in which every A, or every long product, expands: a source. A ray that grows and stays what it is
(an eigenvector with a real eigenvalue > 1 in its own cone; a ray that comes back after a few steps through
several cones) and another that shrinks: a saddle. Everything else is undecided; spectral radii of the single
A decide nothing, for a switched map of stable matrices may be unstable.

Source: R. Jungers, The Joint Spectral Radius, Springer 2009, doi:10.1007/978-3-540-95980-9.
"""

from collections.abc import Callable, Mapping

import numpy as np

from sim.equations.graph import Node
from sim.fixed_points.kinds import NEUTRAL
from sim.fixed_points.kinks import Around, Kinks

_PRODUCTS = 1024  # of a point's matrices, of one length
_LONGEST = 32  # factors
_EDGE = 1e-13  # how far beyond its cone's edge a ray may lie by rounding
_PARALLEL = 1e-12
_SINGULAR = 1e-12  # |det(I - A)| beside the product of its rows' lengths
_STARTS, _FOLLOWED, _RETURN = 4, 64, 12  # directions; steps before, and until one returns
_BACK = 1e-10  # how near it comes
_CLEAR = 1e-6  # how far inside its cones it stays, and its growth away from 1
_SINK, _ALTERNATING_SINK, _SOURCE, _ALTERNATING_SOURCE, _NEUTRAL, _SADDLE = 1, 2, 3, 4, 5, 6


def at_kinks(
    kinks: Kinks, known: Mapping[Node, np.ndarray], cell: np.ndarray, s: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which of the fixed points s (points, n) have no Jacobian, for they lie on kinks; the flags of those,
    and their indices (0 where it is not known).
    """
    count, groups = kinks.around(known, cell, s)
    kinked = count > 0
    kind, index = np.zeros(len(s), dtype=np.int64), np.zeros(len(s))
    for around in groups:
        kinked[around.point] = ~(around.smooth & around.continuous)
        kind[around.point] = kinds(around)
        index[around.point] = indices(around)
    return kinked, kind, index


def kinds(around: Around) -> np.ndarray:
    """The flag of each point (p,): 0, undecided, where nothing is shown."""
    sound = around.continuous & np.isfinite(around.A).all(axis=(1, 2, 3))
    sound &= np.isfinite(around.D).all(axis=(1, 2, 3)) & around.open.any(axis=1)
    found = np.zeros(len(sound), dtype=np.int64)
    which = np.flatnonzero(sound)
    A, D, inside = around.A[which], around.D[which], around.open[which]
    if A.shape[-1] == 1:
        found[which] = _on_a_line(A[..., 0, 0], D[..., 0], inside)
        return found
    # a pattern without a cone gets the matrix of one that has one, and then says nothing
    first = np.take_along_axis(A, inside.argmax(axis=1)[:, None, None, None], axis=1)
    A = np.where(inside[..., None, None], A, first)
    values, vectors = np.linalg.eig(A)
    # a product repeated has its spectral radius: no norm in which all A shrink, or all grow, against it
    sizes = np.abs(values).reshape(len(A), -1)
    shrinks = sizes.max(axis=1) < 1.0 - NEUTRAL
    grows = sizes.min(axis=1) > 1.0 + NEUTRAL
    open_ = np.flatnonzero(~shrinks & ~grows)
    shrinks[shrinks] = _shrink(A[shrinks])
    grows[grows] = _grow(A[grows])
    saddle = np.zeros(len(which), dtype=bool)
    saddle[open_] = _has_saddle(A[open_], D[open_], inside[open_], values[open_], vectors[open_])
    found[which] = np.select([shrinks, grows, saddle], [_SINK, _SOURCE, _SADDLE], 0)
    return found


def _on_a_line(slope: np.ndarray, D: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Of one number there are two sides, and what happens there is known: slopes (p, r), edges
    (p, r, k).
    """
    sides = []
    for v in (1.0, -1.0):
        mine = inside & (v * D >= 0.0).all(axis=2)
        sides.append(np.take_along_axis(slope, mine.argmax(axis=1)[:, None], axis=1)[:, 0])
    right, left = sides
    with np.errstate(over="ignore"):
        both = right * left  # of two steps, where each side is mapped to the other
    growth_right = np.where(right >= 0.0, right, np.where(left >= 0.0, left, both))
    growth_left = np.where(left >= 0.0, left, np.where(right >= 0.0, right, both))
    low, high = np.minimum(growth_left, growth_right), np.maximum(growth_left, growth_right)
    turns = (right < 0.0) & (left < 0.0)
    neutral = (np.abs(low - 1.0) <= NEUTRAL) | (np.abs(high - 1.0) <= NEUTRAL)
    return np.select(
        [neutral, high < 1.0, low > 1.0],
        [_NEUTRAL, np.where(turns, _ALTERNATING_SINK, _SINK), np.where(turns, _ALTERNATING_SOURCE, _SOURCE)],
        _SADDLE,
    )


def _shrink(A: np.ndarray) -> np.ndarray:
    """Where all matrices (p, r, n, n) shrink every vector in one norm: the largest number, weighted by the
    Perron vector of what bounds all |A|; or one in which all long products do.
    """
    bound = np.abs(A).max(axis=1)
    found = np.abs(np.linalg.eigvals(bound)).max(axis=1) < 1.0 - NEUTRAL
    found[~found] = _in_blocks(A[~found], lambda sizes: sizes[:, 0] < 1.0 - NEUTRAL)
    return found


def _grow(A: np.ndarray) -> np.ndarray:
    """Where all products of matrices (p, r, n, n) that are long enough stretch every vector."""
    return _in_blocks(A, lambda sizes: sizes[:, -1] > 1.0 + NEUTRAL)


def _in_blocks(A: np.ndarray, done: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Whether every sequence of a point's matrices can be cut into blocks whose products are done, by their
    singular values: what is not yet is made longer by one factor, while there is room.
    """
    p, r, n, _ = A.shape
    found = np.ones(p, dtype=bool)
    point, products = np.repeat(np.arange(p), r), A.reshape(-1, n, n)
    for _ in range(_LONGEST):
        left = ~done(np.linalg.svd(products, compute_uv=False))
        count = np.bincount(point[left], minlength=p)
        found[count * r > _PRODUCTS] = False
        left &= found[point]
        if not left.any():
            return found
        products = (A[point[left]] @ products[left, None]).reshape(-1, n, n)
        point = np.repeat(point[left], r)
    found[point] = False
    return found


def _has_saddle(
    A: np.ndarray, D: np.ndarray, inside: np.ndarray, values: np.ndarray, vectors: np.ndarray
) -> np.ndarray:
    """Where one ray grows and another shrinks: eigenvectors first, then what many rays come to."""
    grows, shrinks = _rays(A, D, inside, values, vectors)
    left = np.flatnonzero(~(grows & shrinks))
    if len(left):
        again, less = _followed(A[left], D[left], inside[left])
        grows[left] |= again
        shrinks[left] |= less
    return grows & shrinks


def _rays(
    A: np.ndarray, D: np.ndarray, inside: np.ndarray, values: np.ndarray, vectors: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where rays that are mapped to themselves grow, and where some shrink."""
    real = (values.imag == 0.0) & inside[..., None]
    values, vectors = values.real, np.swapaxes(vectors.real, 2, 3)  # (p, r, which, n)
    lengths = np.abs(D) @ np.swapaxes(np.abs(vectors), 2, 3)
    margins = D @ np.swapaxes(vectors, 2, 3)  # (p, r, kinks, which)
    own = [(sign * margins >= -_EDGE * lengths).all(axis=2) & real for sign in (1.0, -1.0)]
    ray = own[0] | own[1]
    grows = (ray & (values > 1.0 + NEUTRAL)).any(axis=(1, 2))
    shrinks = (ray & (values >= 0.0) & (values < 1.0 - NEUTRAL)).any(axis=(1, 2))
    turned = [np.nonzero(mine & (values < 0.0)) for mine in own]
    for sign, (p, r, i) in zip((1.0, -1.0), turned, strict=True):
        growth = _returned(A, D, inside, p, -sign * vectors[p, r, i]) * -values[p, r, i]
        np.logical_or.at(grows, p, growth > 1.0 + NEUTRAL)
        np.logical_or.at(shrinks, p, growth < 1.0 - NEUTRAL)
    inner = _inner(A, D)
    shrinks |= (inside & (inner >= 0.0) & (inner < 1.0 - NEUTRAL)).any(axis=1)
    grows |= (inside & (inner > 1.0 + NEUTRAL)).any(axis=1)
    return grows, shrinks


def _followed(A: np.ndarray, D: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where directions that are followed for a while come to a ray that returns, in a few steps well inside
    the cones, and is longer then, or shorter.
    """
    p, _, _, n = D.shape
    every = np.arange(p)[:, None]
    v = np.broadcast_to(
        np.cos(np.outer(np.arange(1.0, _STARTS + 1.0), np.arange(1.0, n + 1.0))), (p, _STARTS, n)
    )
    grows, shrinks = np.zeros(p, dtype=bool), np.zeros(p, dtype=bool)
    for t in range(_FOLLOWED + _RETURN):
        if t == _FOLLOWED:
            home, growth, clear = v, np.ones(v.shape[:2]), np.ones(v.shape[:2], dtype=bool)
        margins = (D.reshape(p, -1, n) @ np.swapaxes(v, 1, 2)).reshape(p, *D.shape[1:3], -1).min(axis=2)
        where = np.where(inside[..., None], margins, -np.inf).argmax(axis=1)
        image = (A[every, where] @ v[..., None])[..., 0]
        size = np.sqrt((image * image).sum(axis=2))
        v = image / np.where(size > 0.0, size, 1.0)[..., None]
        if t >= _FOLLOWED:
            edge = np.abs(D[every, where]).sum(axis=(3)).max(axis=2)
            clear &= np.take_along_axis(margins, where[:, None], axis=1)[:, 0] > _CLEAR * edge
            growth = growth * size
            back = clear & (np.abs(v - home).max(axis=2) <= _BACK)
            grows |= (back & (growth > 1.0 + _CLEAR)).any(axis=1)
            shrinks |= (back & (growth < 1.0 - _CLEAR)).any(axis=1)
    return grows, shrinks


def _returned(A: np.ndarray, D: np.ndarray, inside: np.ndarray, p: np.ndarray, v: np.ndarray) -> np.ndarray:
    """By how much vectors v of the points p grow in a step that leads back along -v, else NaN."""
    growth = np.full(len(v), np.nan)
    for one in range(0, len(v), 64):
        some = slice(one, one + 64)
        margin = (D[p[some]] @ v[some, None, :, None])[..., 0].min(axis=2)
        where = np.where(inside[p[some]], margin, -np.inf).argmax(axis=1)
        image = (A[p[some], where] @ v[some, :, None])[..., 0]
        along = (image * v[some]).sum(axis=1) / (v[some] ** 2).sum(axis=1)
        off = np.abs(image - along[:, None] * v[some]).max(axis=1)
        size = np.abs(A[p[some], where]).max(axis=(1, 2))
        growth[some] = np.where((off <= _PARALLEL * size) & (along <= 0.0), -along, np.nan)
    return growth


def _inner(A: np.ndarray, D: np.ndarray) -> np.ndarray:
    """The factor of each region in which A is a multiple of 1, if a direction well inside its cone is found
    at once; else NaN. Every direction is an eigenvector there, and those of `eig` are any.
    """
    factor = A[..., 0, 0]
    plain = (factor[..., None, None] * np.eye(A.shape[-1]) == A).all(axis=(2, 3))
    found = np.full(factor.shape, np.nan)
    edges = D[plain]
    if len(edges):
        v = np.linalg.pinv(edges).sum(axis=2)
        reached = ((edges @ v[..., None])[..., 0] > 0.5).all(axis=1)
        found[plain] = np.where(reached, factor[plain], np.nan)
    return found


def indices(around: Around) -> np.ndarray:
    """The index of each point (p,): the degree of v -> v - A v, that is the sum of the signs of det(I - A)
    over the cones in which v - A v = y has its solution, for any y that is met on no edge and in no cone that
    is flattened; 0 where it is not known.
    """
    n = around.A.shape[-1]
    found, known = np.zeros(len(around.A)), np.zeros(len(around.A), dtype=bool)
    sound = around.continuous & np.isfinite(around.A).all(axis=(1, 2, 3))
    M = np.where(sound[:, None, None, None], np.eye(n) - around.A, np.eye(n))
    with np.errstate(all="ignore"):
        det, rows = np.linalg.det(M), np.sqrt((M * M).sum(axis=3)).prod(axis=2)
        regular = np.abs(det) > _SINGULAR * np.maximum(rows, 1e-300)
    M = np.where(regular[..., None, None], M, np.eye(n))
    sign = np.sign(det)
    for turn in range(4):
        y = np.cos(np.arange(1.0, n + 1.0) * (1.0 + turn))
        v = np.linalg.solve(M, np.broadcast_to(y[:, None], (*M.shape[:2], n, 1)))
        margins = (around.D @ v)[..., 0]
        lengths = (np.abs(around.D) @ np.abs(v))[..., 0]
        within = ((margins > -NEUTRAL * lengths) | around.level).all(axis=2) & around.open & regular
        clear = ((margins > NEUTRAL * lengths) | around.level).all(axis=2)
        good = sound & ~known & (clear | ~within).all(axis=1)
        found = np.where(good, (sign * within).sum(axis=1), found)
        known |= good
        if known[sound].all():
            break
    return found
