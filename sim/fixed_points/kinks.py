"""What adjoins a fixed point that lies on a kink: the regions around it, in each of which the map is smooth.

A map with choices on data (`where`: relu, leaky_relu, |z|, the larger of two) has no Jacobian where two sides
of a comparison are equal. There every pattern of sides gives a matrix A of its own, which holds in the cone
{v : D v >= 0} of directions that lead into its region; to first order the map is v -> A v, cone by cone. The
patterns of all points with as many kinks are worked on together: 2^k of them.

Source: M. di Bernardo, C. Budd, A. Champneys & P. Kowalczyk, Piecewise-smooth Dynamical Systems, Springer
2008, ch. 2-4, doi:10.1007/978-1-84628-708-4.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from sim.equations.derivatives import gradient
from sim.equations.evaluation import Map, evaluate
from sim.equations.graph import Node, reachable

MOST = 12  # kinks that meet in one point, 4096 regions
_NEAR = 1e-9  # how near to a kink a point lies on it, relative to 1 + |s|: ten times what it may be off
_ROUNDING = 1e-15  # of a difference, relative to what is subtracted
_CONTINUOUS = 1e-8  # by how much the images of the branches may differ, relative to 1 + |s|
_ALIKE = 1e-8  # likewise the matrices, relative to 1 + |A|: then the Jacobian exists all the same
_OPPOSITE = 1e-12  # 1 + the cosine of two edges whose cone has no inside
_LOST = 1e-13  # length of a row of D that is zero but for rounding, relative to that of other patterns
_NUMBERS = 1 << 21  # of all matrices that are held at once
_COMPARISONS = ("lt", "le", "gt", "ge")


class Around(NamedTuple):
    """The regions around points (p,) that lie on as many kinks each: r = 2^kinks patterns."""

    point: np.ndarray  # (p,) which points
    A: np.ndarray  # (p, r, n, n)
    D: np.ndarray  # (p, r, kinks, n): a direction v leads into the region where D v > 0
    open: np.ndarray  # (p, r): whether the cone may have an inside; every one that has is here, once
    level: np.ndarray  # (p, r, kinks): rows of D that are zero
    smooth: np.ndarray  # (p,): the same A in every region
    continuous: np.ndarray  # (p,): the branches meet


class Kinks:
    """The comparisons that a run's map makes of its state, and what lies on both sides of them."""

    def __init__(self, one: Map, cycle: int) -> None:
        self.map, self.cycle = one, cycle
        self.state = one.equation.state
        self.gaps: dict[Node, Node] = {}  # of a comparison a < b: a - b
        self._slopes: dict[Node, list[Node | None]] = {}
        waiting = list(one.equation.next)
        while waiting:
            value = waiting.pop()
            self._slopes[value] = gradient(value, self.state, _seed(value))
            for node in reachable([value, *(part for part in self._slopes[value] if part is not None)]):
                if node.op in _COMPARISONS and node not in self.gaps and self._moves(node):
                    self.gaps[node] = node.args[0] - node.args[1]
                    waiting.append(self.gaps[node])

    def _moves(self, node: Node) -> bool:
        return not set(self.state).isdisjoint(reachable([node]))

    def around(
        self, known: Mapping[Node, np.ndarray], cell: np.ndarray, s: np.ndarray
    ) -> tuple[np.ndarray, Iterator[Around]]:
        """On how many kinks each point s (points, n) lies, along its orbit; and the regions around those that
        lie on some, but on no more than `MOST`.
        """
        if not self.gaps or not len(s):
            return np.zeros(len(s), dtype=np.int64), iter(())
        orbit, on, sides = [s], [], []
        for _ in range(self.cycle):
            here = self.map.placed(known, cell, orbit[-1])
            on.append(self._on(here, orbit[-1]))
            sides.append(_columns(list(self.gaps), here, len(s)) != 0.0)
            with np.errstate(all="ignore"):
                orbit.append(self.map.step(known, cell, orbit[-1]))
        every = np.concatenate(on, axis=1)
        count = every.sum(axis=1)
        return count, self._groups(known, cell, orbit, every, np.concatenate(sides, axis=1), count)

    def _groups(
        self, known: Mapping[Node, np.ndarray], cell: np.ndarray, orbit: list[np.ndarray], on: np.ndarray,
        sides: np.ndarray, count: np.ndarray,
    ) -> Iterator[Around]:  # fmt: skip
        n = self.map.n
        for kinks in np.unique(count[(count > 0) & (count <= MOST)]):
            which = np.flatnonzero(count == kinks)
            together = max(1, _NUMBERS // ((1 << int(kinks)) * n * (n + on.shape[1])))
            for first in range(0, len(which), together):
                some = which[first : first + together]
                place = np.nonzero(on[some])[1].reshape(len(some), int(kinks))
                yield self._regions(known, cell[some], [s[some] for s in orbit], sides[some], place, some)

    def _on(self, here: Mapping[Node, np.ndarray], s: np.ndarray) -> np.ndarray:
        """Which comparisons are of equals, as far as the place of a point is known, (points, comparisons)."""
        gap = _columns(list(self.gaps.values()), here, len(s))
        size = sum(
            np.abs(_columns([node.args[i] for node in self.gaps], here, len(s), list(self.gaps.values())))
            for i in (0, 1)
        )
        steepness = np.abs(self._rows(list(self.gaps.values()), here, len(s))).sum(axis=2)
        reach = _NEAR * (1.0 + np.abs(s).max(axis=1, keepdims=True))
        with np.errstate(invalid="ignore"):
            return np.abs(gap) <= reach * steepness + _ROUNDING * size

    def _regions(
        self, known: Mapping[Node, np.ndarray], cell: np.ndarray, orbit: list[np.ndarray], sides: np.ndarray,
        place: np.ndarray, point: np.ndarray,
    ) -> Around:  # fmt: skip
        p, kinks, n = len(cell), place.shape[1], self.map.n
        r = 1 << kinks
        bits = (np.arange(r)[:, None] >> np.arange(kinks)) & 1 == 1
        chosen = np.repeat(sides[:, None], r, axis=1)
        where = np.repeat(place[:, None], r, axis=1)
        np.put_along_axis(chosen, where, np.broadcast_to(bits, (p, r, kinks)), axis=2)
        chosen = chosen.reshape(p * r, -1)
        width = chosen.shape[1] // self.cycle
        A = np.broadcast_to(np.eye(n), (p * r, n, n))
        rows, meets = [], np.ones((p, r), dtype=bool)
        which = np.repeat(np.arange(p), r)
        for t in range(self.cycle):
            s = orbit[t][which]
            here = self.map.placed(known, cell[which], s)
            own = chosen[:, t * width : (t + 1) * width]
            here |= self._forced(own)
            image = _columns(list(self.map.equation.next), here, p * r)
            off = np.abs(image - orbit[t + 1][which]).max(axis=1)
            size = 1.0 + np.abs(s).max(axis=1)
            meets &= (off <= _CONTINUOUS * size).reshape(p, r)
            inward = np.where(own == self._rising(), 1.0, -1.0)
            rows.append(inward[..., None] * self._rows(list(self.gaps.values()), here, p * r) @ A)
            A = self._rows(list(self.map.equation.next), here, p * r) @ A
        A = A.reshape(p, r, n, n)
        every = np.concatenate(rows, axis=1).reshape(p, r, -1, n)
        D = np.take_along_axis(every, where[..., None], axis=2)
        inside, level, smooth, empty = _compared(A, D)
        # of comparisons of the same two numbers some patterns of sides never are, and there is no branch
        return Around(point, A, D, inside, level, smooth, (meets | empty).all(axis=1))

    def _forced(self, sides: np.ndarray) -> dict[Node, np.ndarray]:
        """The sides of the comparisons, from their columns."""
        found, first = {}, 0
        for node in self.gaps:
            last = first + _size(node)
            found[node] = sides[:, first:last] if node.shape else sides[:, first]
            first = last
        return found

    def _rising(self) -> np.ndarray:
        """Of each column of the comparisons: whether it holds where a - b is positive."""
        return np.concatenate([np.full(_size(node), node.op in ("gt", "ge")) for node in self.gaps])

    def _rows(self, values: list[Node], here: Mapping[Node, np.ndarray], m: int) -> np.ndarray:
        """The gradients of these values with respect to the state, (m, numbers, n)."""
        return np.concatenate([self._gradient(value, here, m) for value in values], axis=1)

    def _gradient(self, value: Node, here: Mapping[Node, np.ndarray], m: int) -> np.ndarray:
        size = _size(value)
        wide = {node: given[:, None] for node, given in here.items()}  # one more axis: which number of them
        seed = _seed(value)
        if seed is not None:
            wide[seed] = np.broadcast_to(np.eye(size), (m, size, size))
        slopes = self._slopes[value]
        given = iter(evaluate([node for node in slopes if node is not None], wide))
        parts = []
        for leaf, node in zip(self.state, slopes, strict=True):
            shape = (m, size, *leaf.shape)
            part = np.broadcast_to(next(given) if node is not None else 0.0, shape)
            parts.append(part if leaf.shape else part[..., None])
        return np.concatenate(parts, axis=2)


def _compared(A: np.ndarray, D: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Which cones may have an inside, each once; which rows of D are zero; where all A of the cones are one:
    the comparison makes no difference; and which cones have no inside.
    """
    r, kinks = D.shape[1:3]
    lengths = np.sqrt((D * D).sum(axis=3))
    nothing = lengths <= _LOST * lengths.max(axis=1, keepdims=True)
    # equals that stay equal in every direction: both sides are one region, if their matrices are one
    bits = (np.arange(r)[:, None] >> np.arange(kinks)) & 1 == 1
    plain = np.arange(r) - np.where(nothing & bits, 1 << np.arange(kinks), 0).sum(axis=2)
    partner = np.take_along_axis(A, plain[..., None, None], axis=1)
    again = (plain != np.arange(r)) & _alike(A, partner)
    with np.errstate(all="ignore"):
        edges = np.where(nothing[..., None], np.nan, D / lengths[..., None])
        facing = edges @ np.swapaxes(edges, 2, 3) <= _OPPOSITE - 1.0  # two edges that leave nothing between
    empty = np.asarray(facing.any(axis=(2, 3)))
    inside = ~empty & ~again
    first = np.take_along_axis(A, inside.argmax(axis=1)[:, None, None, None], axis=1)
    return inside, nothing, (_alike(A, first) | ~inside).all(axis=1), empty


def _alike(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    return np.abs(A - B).max(axis=(2, 3)) <= _ALIKE * (1.0 + np.abs(B).max(axis=(2, 3)))


def _seed(value: Node) -> Node | None:
    """What stands for a row of a Jacobian where a value is an array over units."""
    return value.graph.leaf("seed", str(value.shape[0]), value.shape) if value.shape else None


def _size(node: Node) -> int:
    return int(node.shape[0]) if node.shape else 1


def _columns(
    values: list[Node], here: Mapping[Node, np.ndarray], m: int, like: list[Node] | None = None
) -> np.ndarray:
    """These values beside each other, (m, numbers), each as wide as the node it is `like`."""
    found = []
    for value, model, given in zip(values, like or values, evaluate(values, here), strict=True):
        raised = given[..., None] if model.shape and not value.shape and np.ndim(given) else given
        whole = np.broadcast_to(raised, (m, *model.shape))
        found.append(whole.reshape(m, -1))
    return np.concatenate(found, axis=1)
