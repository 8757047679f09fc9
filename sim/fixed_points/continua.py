"""Whether a region of a piecewise-linear map holds a continuum of fixed points, by linear programmes."""

import numpy as np
from scipy.optimize import linprog

from sim.fixed_points.kinds import CONTINUUM, EXACT, UNDECIDED

_PROGRAMMES = 64  # of a cell, until one finds a continuum
_FAR = 1e6  # continua are looked for so far out


def continua(
    pieces: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]], s: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None, int]:
    """Of the singular regions of one cell: which of its points s lie on a continuum, a point of one, and the
    completeness. Regions that hold one of the points are asked first.
    """
    on = np.zeros(len(s), dtype=bool)
    place: np.ndarray | None = None
    holds = [
        (np.abs(s @ M.T - c) <= 1e-8 * (1.0 + np.abs(s))).all(axis=1)
        & (s @ D.T + e >= -1e-8 * (1.0 + np.abs(s).max(axis=1, initial=0.0))[:, None]).all(axis=1)
        for M, c, D, e in pieces
    ]
    order = sorted(range(len(pieces)), key=lambda i: not holds[i].any())
    left = _PROGRAMMES
    for i in order:
        if not left or (place is not None and not (holds[i] & ~on).any()):
            break
        left -= 1
        found = _continuum(*pieces[i])
        if found is not None:
            place = found if place is None else place
            on |= holds[i]
    if place is not None:
        return on, place, CONTINUUM
    return on, None, EXACT if len(pieces) <= _PROGRAMMES else UNDECIDED


def _continuum(M: np.ndarray, c: np.ndarray, D: np.ndarray, e: np.ndarray) -> np.ndarray | None:
    """A point of {s : M s = c, D s + e >= 0} if that is more than one point."""
    _, sizes, directions = np.linalg.svd(M)
    null = directions[sizes <= 1e-9 * max(1.0, sizes[0])]
    if not len(null):
        return None
    base = np.linalg.pinv(M, rcond=1e-9) @ c
    if np.abs(M @ base - c).max() > 1e-9 * (1.0 + np.abs(c).max()):
        return None
    # along the directions that M does not see: D (base + null^T z) + e >= 0
    slope, edge = D @ null.T, D @ base + e
    goal = np.arange(1.0, len(null) + 1.0)
    ends = []
    for sign in (1.0, -1.0):
        found = linprog(sign * goal, A_ub=-slope, b_ub=edge + 1e-10, bounds=(-_FAR, _FAR), method="highs")
        if found.status != 0:
            return None
        ends.append(found.x)
    along = ends[1] - ends[0]
    length = float(np.sqrt(along @ along))
    if length <= 1e-6:
        return None
    # near to the origin, but no corner: up to 1 towards the further end
    near = min(max(-(ends[0] @ along) / length**2, 0.0), 1.0)
    ahead = min(1.0 / length, 0.5 * max(near, 1.0 - near))
    share = near + ahead if near < 0.5 else near - ahead
    return np.asarray(base + null.T @ (ends[0] + share * along))
