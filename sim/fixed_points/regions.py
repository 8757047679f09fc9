"""All fixed points of piecewise-linear networks, by going through the regions in which they are linear.

With k choices on data (`where`: the kinks of relu and leaky_relu) there are 2^k patterns of sides, and under
each of them F(s) = A s + c. In every region s = (I - A)^-1 c is the only fixed point there can be, and it is
one if it lies in its region; where I - A is singular the region may hold a whole continuum of them, which two
linear programmes decide. Patterns of all cells are worked on together; 2^k n^3 operations a cell.

Source: C. Curto, J. Geneson & K. Morrison, Neural Computation 31 (2019) 94, doi:10.1162/neco_a_01151 (fixed
points of threshold-linear networks).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import linprog

from sim.evaluation import evaluate, product
from sim.fixed_points.kinds import CONTINUUM, CONTINUUM_FLAG, EXACT, UNDECIDED
from sim.fixed_points.search import Search
from sim.fixed_points.several import SAME, tabled
from sim.graph import CONDITIONS, Node, reachable
from sim.one_thread import one_thread

MOST = 12  # choices on data, 4096 regions
_EDGE = 1e-10  # how far beyond its region's edge a point may lie, relative to what is compared
_SINGULAR = 1e-12  # |det(I - A)| beside the product of its rows' lengths
_PROGRAMMES = 64  # of a cell, until one finds a continuum
_FAR = 1e6  # continua are looked for so far out
_NUMBERS = 1 << 21  # of all matrices that are held at once
_SUMS = ("add", "sub", "neg", "total", "spread", "transpose")


def choices(equation: Any) -> list[Node] | None:
    """The comparisons that a piecewise-linear step makes of its state; None for a step that is not
    piecewise linear, or whose comparisons are more than `MOST`.
    """
    degree: dict[Node, int] = {}
    for node in reachable(equation.next):
        of = [degree[arg] for arg in node.args]
        if node.op == "leaf":
            degree[node] = 1 if node.value.kind == "state" else 0
        elif not any(of):
            degree[node] = 0
        elif (
            node.op in (*_SUMS, *CONDITIONS, "where")
            or (node.op == "mul" and min(of) == 0)
            or (node.op in ("div", "matvec") and _factor_fixed(node, of))
        ):
            degree[node] = 1
        else:
            return None
    compared = [node for node in degree if node.op in ("lt", "le", "gt", "ge") and degree[node]]
    return compared if sum(map(_size, compared)) <= MOST else None


def _factor_fixed(node: Node, of: list[int]) -> bool:
    """Whether the divisor, or the matrix, does not depend on the state."""
    return (of[1] if node.op == "div" else of[0]) == 0


def _size(node: Node) -> int:
    return int(node.shape[0]) if node.shape else 1


class Regions:
    """The linear pieces of a run's map."""

    def __init__(self, search: Search, compared: list[Node]) -> None:
        self.search, self.compared = search, compared
        self.n = search.n
        sizes = [_size(node) for node in compared]
        patterns = np.arange(1 << sum(sizes))
        self.bits = (patterns[:, None] >> np.arange(sum(sizes))) & 1 == 1
        cuts = np.cumsum([0, *sizes])
        self._sides = {
            node: self.bits[:, a:b] if node.shape else self.bits[:, a]
            for node, a, b in zip(compared, cuts[:-1], cuts[1:], strict=True)
        }

    def step(self, here: Mapping[Node, np.ndarray], s: np.ndarray) -> np.ndarray:
        """F(s) under each pattern."""
        return self.search.map.step(here, np.arange(len(s)), s)

    def margins(self, here: Mapping[Node, np.ndarray], s: np.ndarray) -> np.ndarray:
        """By how much each comparison holds: positive on its pattern's side."""
        placed = self.search.map.placed(here, np.arange(len(s)), s)
        found = [np.zeros((len(s), 0))]
        for node in self.compared:
            a, b = evaluate(list(node.args), placed)
            sign = 1.0 if node.op in ("gt", "ge") else -1.0
            gap = np.broadcast_to(sign * (a - b), (len(s), *node.shape)).reshape(len(s), -1)
            found.append(np.where(here[node].reshape(len(s), -1), 1.0, -1.0) * gap)
        return np.concatenate(found, axis=1)

    def linear(
        self, function: Any, here: Mapping[Node, np.ndarray], count: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """A (m, rows, n) and c (m, rows) of `step` or of `margins`, under each pattern."""
        c = function(here, np.zeros((count, self.n)))
        columns = [function(here, np.broadcast_to(unit, (count, self.n))) - c for unit in np.eye(self.n)]
        return np.stack(columns, axis=-1), c

    def placed(self, known: Mapping[Node, np.ndarray], cells: int) -> dict[Node, np.ndarray]:
        """The leaves of every pattern of every cell, and the sides of its comparisons."""
        which = np.repeat(np.arange(cells), len(self.bits))
        here = {node: value[which] for node, value in known.items()}
        return here | {node: np.concatenate([side] * cells) for node, side in self._sides.items()}


def _inside(margins: np.ndarray, s: np.ndarray, A: np.ndarray) -> np.ndarray:
    """Whether points lie in their regions, edges included."""
    size = 1.0 + np.abs(s).max(axis=1) * (1.0 + np.abs(A).max(axis=(1, 2), initial=0.0))
    return (margins >= -_EDGE * size[:, None]).all(axis=1) & np.isfinite(s).all(axis=1)


def points(
    search: Search, compared: list[Node], given: Mapping[str, np.ndarray], cells: int, most: int
) -> dict[str, np.ndarray]:
    """All fixed points, as `sim.fixed_points.several.points` gives them; a continuum stands among them as one
    point of it, with the flag that says so.
    """
    regions = Regions(search, compared)
    with one_thread():
        known = search.map.load(given, cells)
        together = max(1, _NUMBERS // (len(regions.bits) * search.n**2))
        parts = []
        for first in range(0, cells, together):
            own = {node: value[first : first + together] for node, value in known.items()}
            parts.append(_some(regions, own, min(together, cells - first), most))
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _some(regions: Regions, known: Mapping[Node, np.ndarray], cells: int, most: int) -> dict[str, np.ndarray]:
    n, every = regions.n, len(regions.bits)
    here = regions.placed(known, cells)
    A, c = regions.linear(regions.step, here, cells * every)
    M = np.eye(n) - A
    with np.errstate(all="ignore"):
        rows = np.sqrt((M * M).sum(axis=2)).prod(axis=1)
        singular = ~(np.abs(np.linalg.det(M)) > _SINGULAR * np.maximum(rows, 1e-300))
    plain = np.where(singular[:, None, None], np.eye(n), M)
    s = np.linalg.solve(plain, c[..., None])[..., 0]
    s += np.linalg.solve(plain, (c - product(plain, s))[..., None])[..., 0]
    good = np.flatnonzero(_inside(regions.margins(here, s), s, A) & ~singular)
    cell, s = _once(good // every, s[good])
    residual = np.abs(regions.search.residual(known, cell, s)).max(axis=1, initial=0.0)
    true = residual <= 1e-8 * (1.0 + np.abs(s).max(axis=1, initial=0.0))
    cell, s = cell[true], s[true]
    kind = np.zeros(len(cell), dtype=np.int64)
    completeness = np.full(cells, float(EXACT))
    if singular.any():
        D, e = regions.linear(regions.margins, here, cells * every)
        for one in np.flatnonzero(singular.reshape(cells, every).any(axis=1)):
            tried = np.flatnonzero(singular[one * every : (one + 1) * every])[::-1] + one * every
            mine = np.flatnonzero(cell == one)
            pieces = [(M[row], c[row], D[row], e[row]) for row in tried]
            on, place, verdict = _continua(pieces, s[mine])
            completeness[one] = verdict
            kind[mine[on]] = CONTINUUM_FLAG
            if place is not None and not on.any():
                cell, s = np.append(cell, one), np.concatenate([s, place[None]])
                kind = np.append(kind, CONTINUUM_FLAG)
    return tabled(regions.search, known, cell, s, kind, cells, most) | {"completeness": completeness}


def _once(cell: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each point once: those on an edge are found in every region that meets there."""
    if not len(cell):
        return cell, s
    _, first = np.unique(np.column_stack([cell, np.round(s, 9)]), axis=0, return_index=True)
    cell, s = cell[first], s[first]
    kept = np.ones(len(cell), dtype=bool)
    begin = 0
    for i in range(1, len(cell)):  # no more than there are fixed points, and neighbours by rounding
        begin = begin if cell[i] == cell[i - 1] else i
        others = np.flatnonzero(kept[begin:i]) + begin
        reach = SAME * (1.0 + np.abs(s[i]).max())
        kept[i] = not (np.abs(s[others] - s[i]).max(axis=1) <= reach).any()
    return cell[kept], s[kept]


def _continua(
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
