"""All fixed points of piecewise-linear networks, by going through the regions in which they are linear.

With k choices on data (`where`: the kinks of relu and leaky_relu) there are 2^k patterns of sides, and under
each of them F(s) = A s + c. In every region s = (I - A)^-1 c is the only fixed point there can be, and it is
one if it lies in its region; where I - A is singular the region may hold a whole continuum of them, which two
linear programmes decide. Patterns of all cells are worked on together; 2^k n^3 operations a cell.

Source: C. Curto, J. Geneson & K. Morrison, Neural Computation 31 (2019) 94, doi:10.1162/neco_a_01151 (fixed
points of threshold-linear networks).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from sim.equations.evaluation import evaluate, product
from sim.equations.graph import CONDITIONS, Node, reachable
from sim.fixed_points.continua import continua
from sim.fixed_points.isolated import SAME
from sim.fixed_points.kinds import CONTINUUM_FLAG, EXACT, listed
from sim.fixed_points.search import Search
from sim.fixed_points.several import tabled
from sim.machine.one_thread import one_thread

MOST = 12  # choices on data, 4096 regions
_EDGE = 1e-10  # how far beyond its region's edge a point may lie, relative to what is compared
_SINGULAR = 1e-12  # |det(I - A)| beside the product of its rows' lengths
_NUMBERS = 1 << 21  # of all matrices that are held at once
Stages = Sequence[Mapping[Node, np.ndarray]]
_SUMS = ("add", "sub", "neg", "total", "spread", "transpose")


def choices(equation: Any) -> list[Node] | None:
    """The comparisons that a piecewise-linear step makes of its state; None for a step that is not
    piecewise linear.
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
    return [node for node in degree if node.op in ("lt", "le", "gt", "ge") and degree[node]]


def moderate(compared: list[Node], cycle: int) -> bool:
    """Whether the pieces of F^cycle are few enough to go through all of them."""
    return sum(map(_size, compared)) * cycle <= MOST


def _factor_fixed(node: Node, of: list[int]) -> bool:
    """Whether the divisor, or the matrix, does not depend on the state."""
    return (of[1] if node.op == "div" else of[0]) == 0


def _size(node: Node) -> int:
    return int(node.shape[0]) if node.shape else 1


class Regions:
    """The linear pieces of F^cycle of a run's map: a pattern of sides for each of its steps."""

    def __init__(self, search: Search, compared: list[Node]) -> None:
        self.search, self.compared = search, compared
        self.n = search.n
        sizes = [_size(node) for node in compared]
        total = sum(sizes) * search.cycle
        self.bits = (np.arange(1 << total)[:, None] >> np.arange(total)) & 1 == 1
        cuts = np.cumsum([0, *sizes * search.cycle]).reshape(-1)
        self._sides: list[dict[Node, np.ndarray]] = []
        for t in range(search.cycle):
            first = cuts[t * len(compared) :]
            own = {node: self.bits[:, first[i] : first[i + 1]] for i, node in enumerate(compared)}
            self._sides.append({node: side if node.shape else side[:, 0] for node, side in own.items()})

    def step(self, stages: Stages, s: np.ndarray) -> np.ndarray:
        """F^cycle(s) under each pattern."""
        for here in stages:
            s = self.search.map.step(here, np.arange(len(s)), s)
        return s

    def margins(self, stages: Stages, s: np.ndarray) -> np.ndarray:
        """By how much each comparison holds: positive on its pattern's side."""
        found = [np.zeros((len(s), 0))]
        for t, here in enumerate(stages):
            placed = self.search.map.placed(here, np.arange(len(s)), s)
            for node in self.compared:
                a, b = evaluate(list(node.args), placed)
                sign = 1.0 if node.op in ("gt", "ge") else -1.0
                gap = np.broadcast_to(sign * (a - b), (len(s), *node.shape)).reshape(len(s), -1)
                found.append(np.where(here[node].reshape(len(s), -1), 1.0, -1.0) * gap)
            if t < len(stages) - 1:
                s = self.search.map.step(here, np.arange(len(s)), s)
        return np.concatenate(found, axis=1)

    def linear(self, function: Any, stages: Stages, count: int) -> tuple[np.ndarray, np.ndarray]:
        """A (m, rows, n) and c (m, rows) of `step` or of `margins`, under each pattern."""
        c = function(stages, np.zeros((count, self.n)))
        columns = [function(stages, np.broadcast_to(unit, (count, self.n))) - c for unit in np.eye(self.n)]
        return np.stack(columns, axis=-1), c

    def placed(self, known: Mapping[Node, np.ndarray], cells: int) -> Stages:
        """Of each step the leaves of every pattern of every cell, and the sides of its comparisons."""
        which = np.repeat(np.arange(cells), len(self.bits))
        here = {node: value[which] for node, value in known.items()}
        return [
            here | {node: np.concatenate([side] * cells) for node, side in sides.items()}
            for sides in self._sides
        ]


def _inside(margins: np.ndarray, s: np.ndarray, A: np.ndarray) -> np.ndarray:
    """Whether points lie in their regions, edges included."""
    size = 1.0 + np.abs(s).max(axis=1) * (1.0 + np.abs(A).max(axis=(1, 2), initial=0.0))
    return (margins >= -_EDGE * size[:, None]).all(axis=1) & np.isfinite(s).all(axis=1)


class Exact(NamedTuple):
    """All points of some cells: the first of them, how many, whose points, where, their flags (0 but on a
    continuum), and the completeness of each cell.
    """

    first: int
    cells: int
    cell: np.ndarray
    s: np.ndarray
    kind: np.ndarray
    completeness: np.ndarray


def points(
    search: Search, compared: list[Node], given: Mapping[str, np.ndarray], cells: int, most: int
) -> dict[str, np.ndarray]:
    """All fixed points, as `sim.fixed_points.several.points` gives them; a continuum stands among them as one
    point of it, with the flag that says so.
    """
    regions = Regions(search, compared)
    with one_thread():
        known = search.map.load(given, cells)
        parts = []
        for some in _exact(regions, known, cells):
            own = {node: value[some.first : some.first + some.cells] for node, value in known.items()}
            tables = tabled(search, own, some.cell, some.s, some.kind, some.cells, most)
            parts.append(tables | {"completeness": some.completeness})
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


class Divisors:
    """The isolated points of the shorter cycles that a longer one contains, as far as their regions are few
    enough: a search that begins there has them among its points.
    """

    def __init__(self, form: Any, compared: list[Node], cycle: int) -> None:
        parts = [part for part in range(1, cycle) if cycle % part == 0 and moderate(compared, part)]
        longest = [part for part in parts if not any(other % part == 0 for other in parts if other > part)]
        self._regions = [Regions(Search(form, part), compared) for part in longest]

    def __call__(self, known: Mapping[Node, np.ndarray], cells: int) -> list[np.ndarray]:
        """The points of each shorter cycle, (cells, points, n), NaN where a cell has no more."""
        found = []
        for regions in self._regions:
            parts = list(_exact(regions, known, cells))
            cell = np.concatenate([part.cell + part.first for part in parts])
            s = np.concatenate([part.s for part in parts])
            alone = np.concatenate([part.kind for part in parts]) == 0
            order = np.flatnonzero(alone)[np.argsort(cell[alone], kind="stable")]
            most = int(np.bincount(cell[order], minlength=1).max())
            found.append(listed(cell[order], cells, most, {"s": (s[order], np.nan)})["s"])
        return found


def _exact(regions: Regions, known: Mapping[Node, np.ndarray], cells: int) -> Iterator[Exact]:
    """The points of all cells, some cells at a time."""
    together = max(1, _NUMBERS // (len(regions.bits) * regions.n**2))
    for first in range(0, cells, together):
        own = {node: value[first : first + together] for node, value in known.items()}
        count = min(together, cells - first)
        yield Exact(first, count, *_some(regions, own, count))


def _some(
    regions: Regions, known: Mapping[Node, np.ndarray], cells: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Whose points, where they are, their flags, and the completeness of each cell."""
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
    first = _once(good // every, s[good])
    cell, s = good[first] // every, s[good[first]]
    residual = np.abs(regions.search.residual(known, cell, s)).max(axis=1, initial=0.0)
    size = 1.0 + np.abs(s).max(axis=1, initial=0.0)
    if regions.search.cycle > 1:  # rounding grows along the orbit
        size *= 1.0 + np.abs(A[good[first]]).max(axis=(1, 2))
    true = residual <= 1e-8 * size
    cell, s = cell[true], s[true]
    kind = np.zeros(len(cell), dtype=np.int64)
    completeness = np.full(cells, float(EXACT))
    if singular.any():
        D, e = regions.linear(regions.margins, here, cells * every)
        for one in np.flatnonzero(singular.reshape(cells, every).any(axis=1)):
            tried = np.flatnonzero(singular[one * every : (one + 1) * every])[::-1] + one * every
            mine = np.flatnonzero(cell == one)
            pieces = [(M[row], c[row], D[row], e[row]) for row in tried]
            on, place, verdict = continua(pieces, s[mine])
            completeness[one] = verdict
            kind[mine[on]] = CONTINUUM_FLAG
            if place is not None and not on.any():
                cell, s = np.append(cell, one), np.concatenate([s, place[None]])
                kind = np.append(kind, CONTINUUM_FLAG)
    return cell, s, kind, completeness


def _once(cell: np.ndarray, s: np.ndarray) -> np.ndarray:
    """The first place of each point: those on an edge are found in every region that meets there."""
    if not len(cell):
        return cell
    _, first = np.unique(np.column_stack([cell, np.round(s, 9)]), axis=0, return_index=True)
    cell, s = cell[first], s[first]
    kept = np.ones(len(cell), dtype=bool)
    begin = 0
    for i in range(1, len(cell)):  # no more than there are fixed points, and neighbours by rounding
        begin = begin if cell[i] == cell[i - 1] else i
        others = np.flatnonzero(kept[begin:i]) + begin
        reach = SAME * (1.0 + np.abs(s[i]).max())
        kept[i] = not (np.abs(s[others] - s[i]).max(axis=1) <= reach).any()
    return first[kept]
