"""Whether what a search has found is a fixed point by itself: not by rounding, and not one of a line of them.

Source: for the reduction to the weak directions M. Golubitsky & D. Schaeffer, Singularities and Groups in
Bifurcation Theory I, Springer 1985, ch. I.3 and VII, doi:10.1007/978-1-4612-5034-0.
"""

from collections.abc import Mapping

import numpy as np

from sim.equations.evaluation import product
from sim.equations.graph import Node
from sim.fixed_points.search import Search

SAME = 1e-6  # two points are one within this distance, relative to 1 + |s|
FIXED = 1e-10  # |r| up to which the end of a search counts as a fixed point, likewise
_BESIDE = 1e-2  # how far away a fixed point must be none any more, likewise
_NEAR = 1e-3  # how far away it must be less of one, where its Jacobian does not say so
_CORRECTIONS = 4
_LOST = 1e-13  # |r| that may be rounding of what F is made of, likewise


def flat(search: Search, known: Mapping[Node, np.ndarray], cell: np.ndarray, s: np.ndarray) -> np.ndarray:
    """Whether fixed points are none by themselves, as far as numbers of finite length can tell: F(s) = s
    within rounding also a hundredth away, where F changes least. So it is on lines of fixed points, and where
    gates are shut so tightly that nothing moves.
    """
    if not len(s):
        return np.zeros(0, dtype=bool)
    _, _, directions = np.linalg.svd(_finite(search.slope(known, cell, s)) - np.eye(search.n))
    size = 1.0 + np.abs(s).max(axis=1)
    found = np.zeros(len(s), dtype=bool)
    for sign in (1.0, -1.0):
        beside = s + sign * _BESIDE * size[:, None] * directions[:, -1]
        found |= np.abs(search.residual(known, cell, beside)).max(axis=1) <= 10.0 * FIXED * size
    return found


def stands(
    search: Search, known: Mapping[Node, np.ndarray], cell: np.ndarray, s: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Whether F(s) = s has a solution at s by itself, as far as numbers of finite length can tell; and
    whether it is one of a whole curve of them.

    To first order the residual and its rounding, through (I - DF)^-1, leave the solution free by a distance:
    where that is below `SAME` it is certain. Where it is not, in the weak directions (of folds and cusps; of
    gates that are shut), the residual must be lost in rounding, and what is left of it when all others are
    solved for (Lyapunov and Schmidt's reduction) must grow on both sides.
    """
    if not len(s):
        return np.zeros(0, dtype=bool), np.zeros(0, dtype=bool)
    J, rounding = _rounded(search, known, cell, s)
    r = np.abs(search.residual(known, cell, s))
    left, sizes, right = np.linalg.svd(J - np.eye(search.n))
    size = 1.0 + np.abs(s).max(axis=1)
    across = np.swapaxes(left, 1, 2)
    error = product(np.abs(across), r + rounding)
    with np.errstate(divide="ignore", invalid="ignore"):
        weak = ~(error / sizes <= SAME * size[:, None] / search.n)
    lost = (r <= _LOST * size[:, None] + rounding).all(axis=1)
    point, which = np.nonzero(weak)
    found, stays = lost | ~weak.any(axis=1), lost & weak.any(axis=1)
    for sign in (1.0, -1.0):
        beside = s[point] + sign * _NEAR * size[point, None] * right[point, which]
        for _ in range(_CORRECTIONS):  # to where only the weak directions have a residual
            rest = product(across[point], search.residual(known, cell[point], beside))
            with np.errstate(divide="ignore", invalid="ignore"):
                back = np.where(weak[point], 0.0, rest / sizes[point])
            beside = beside - product(np.swapaxes(right[point], 1, 2), back)
        rest = product(across[point], search.residual(known, cell[point], beside))
        rises = (weak[point] & (np.abs(rest) > 2.0 * error[point])).any(axis=1)
        found[point[~rises]] = False
        stays[point[rises]] = False
    return found, stays


def _rounded(
    search: Search, known: Mapping[Node, np.ndarray], cell: np.ndarray, s: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """DF^k(s), and how much of F^k(s) rounding may be: of every step n products and what they are of."""
    image, total = s, np.broadcast_to(np.eye(search.n), (len(s), search.n, search.n))
    rounding = np.zeros_like(s)
    unit = (search.n + 2.0) * np.finfo(np.float64).eps
    with np.errstate(all="ignore"):
        for _ in range(search.cycle):
            J = _finite(search.map.jacobian(known, cell, image))
            then = search.map.step(known, cell, image)
            carried = np.abs(J) @ (rounding + unit * np.abs(image))[..., None]
            rounding = carried[..., 0] + unit * np.abs(then)
            image, total = then, J @ total
    return _finite(total), rounding


def _finite(J: np.ndarray) -> np.ndarray:
    """Without what no singular values can be taken of: a slope that is not finite says nothing."""
    return np.where(np.isfinite(J), J, 0.0)
