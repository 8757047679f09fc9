"""The map of a run as a family: its k-th iterate and the derivatives of it, as functions of free keywords.

Derivatives by the state are exact. Derivatives by a keyword are exact where it is a number of the equation
(`r` of the logistic map), else central differences: they steer Newton's method and decide no result.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from sim.continuation.program import Program
from sim.equations.derivatives import gradient
from sim.equations.evaluation import Map
from sim.equations.graph import Node
from sim.errors import Refused, nearest, refuse
from sim.run import prepare

_NUDGE = 6e-6  # of a central difference: its error is about 1e-11


class Written(NamedTuple):
    """One step of a system of a few numbers, and the places of its derivatives (i, j): by state j, or by free
    keyword j - n.
    """

    program: Program
    places: list[tuple[int, int]]


class Family:
    """F^k(s; p) for states s (m, n) and values p (m, q) of the q free keywords, m of them at once.

    `given` has the columns of the run's other varied keywords for some cells; `which` (m,) says of which cell
    each state is (all of the first one where it is None).
    """

    def __init__(
        self, form: Any, free: Sequence[str], given: Mapping[str, np.ndarray] | None = None, cells: int = 1
    ) -> None:
        self.map, self.free = Map(form), tuple(free)
        self.n, self.setting = self.map.n, form.setting
        _check(form.setting, self.free)
        example = {name: np.full(cells, float(form.setting.values[name])) for name in self.free}
        self.given = {name: column for name, column in (given or {}).items() if name not in self.free}
        self._known = self.map.load({**self.given, **example}, cells)
        self._first = {node: value[:1] for node, value in self._known.items()}  # broadcasts over states
        self._nodes = self._numbers_of_the_equation(example, cells)
        self._direct = len(self._nodes) == len(self.free)
        self._written: Written | None = None
        self._step = None if self.map.equation.parts else Program(self.map.equation.next)

    def _numbers_of_the_equation(self, example: Mapping[str, np.ndarray], cells: int) -> dict[str, Node]:
        """The free keywords that are numbers of the equation as they stand, and nothing else depends on
        them.
        """
        found: dict[str, Node] = {}
        for name in self.free:
            other = example[name] * 1.0625 + 0.03125
            try:
                known = self.map.load({**self.given, **example, name: other}, cells)
            except Refused:
                continue
            changed = [node for node, value in known.items() if not np.array_equal(value, self._known[node])]
            if (
                len(changed) == 1 and (other == known[changed[0]].T).all()
            ):  # a bias is one number for all units
                found[name] = changed[0]
        return found if len(set(found.values())) == len(found) else {}

    def _loaded(self, p: np.ndarray, which: np.ndarray | None) -> dict[Node, np.ndarray]:
        """The leaves for these values of the free keywords."""
        m = len(p)
        if not self._direct:
            cells = np.zeros(m, int) if which is None else which
            columns = {name: column[cells] for name, column in self.given.items()}
            return self.map.load({**columns, **dict(zip(self.free, p.T, strict=True))}, m)
        if which is None:
            known = self._first
            if self.map.equation.parts:
                known = {node: np.broadcast_to(value, (m, *value.shape[1:])) for node, value in known.items()}
        else:
            known = {node: value[which] for node, value in self._known.items()}
        own = {}
        for i, name in enumerate(self.free):
            node = self._nodes[name]
            own[node] = np.broadcast_to(p[:, i].reshape(m, *(1 for _ in node.shape)), (m, *node.shape))
        return known | own

    def value(
        self, s: np.ndarray, p: np.ndarray, period: int = 1, which: np.ndarray | None = None
    ) -> np.ndarray:
        """F^k(s), (m, n)."""
        known = self._loaded(p, which)
        with np.errstate(all="ignore"):
            for _ in range(period):
                s = self._next(known, s)
        return s

    def _next(self, known: Mapping[Node, np.ndarray], s: np.ndarray) -> np.ndarray:
        if self._step is None:
            return self.map.step(known, np.arange(len(s)), s)
        here = {**known, **{node: s[:, i] for i, node in enumerate(self.map.equation.state)}}
        value = np.empty(s.shape)
        for i, number in enumerate(self._step(here)):
            value[:, i] = number
        return value

    def orbit(self, s: np.ndarray, p: np.ndarray, steps: int, which: np.ndarray | None = None) -> np.ndarray:
        """The states s, F(s), …, F^steps(s): (steps + 1, m, n)."""
        known, found = self._loaded(p, which), [s]
        with np.errstate(all="ignore"):
            for _ in range(steps):
                found.append(self._next(known, found[-1]))
        return np.stack(found)

    def linear(
        self, s: np.ndarray, p: np.ndarray, period: int = 1, which: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """F^k(s), (m, n), and its Jacobian by the state, (m, n, n)."""
        value, J, _ = self._carried(s, p, period, which, slopes=False)
        return value, J

    def whole(
        self, s: np.ndarray, p: np.ndarray, period: int = 1, which: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """F^k(s), its Jacobian, and its derivatives by the free keywords, (m, n, q)."""
        return self._carried(s, p, period, which, slopes=True)

    def _carried(
        self, s: np.ndarray, p: np.ndarray, period: int, which: np.ndarray | None, *, slopes: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        known = self._loaded(p, which)
        moved = self._moved(p, which) if slopes and not (self._direct and not self.map.equation.parts) else []
        with np.errstate(all="ignore"):
            s, M, P = self._one(known, moved, s, slopes=slopes)
            for _ in range(period - 1):
                s, J, Q = self._one(known, moved, s, slopes=slopes)
                M, P = np.matmul(J, M), np.matmul(J, P) + Q
        return s, M, P

    def _one(
        self, known: Mapping[Node, np.ndarray], moved: Sequence[Any], s: np.ndarray, *, slopes: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        m, n = s.shape
        every = np.arange(m)
        if self.map.equation.parts:
            value, J = self.map.step(known, every, s), self.map.jacobian(known, every, s)
            Q = np.zeros((m, n, len(self.free)))
        else:
            value, J, Q = self._of_numbers(known, s)
        for i, (above, below, width) in enumerate(moved):
            difference = self._next(above, s) - self._next(below, s)
            Q[:, :, i] = difference / width[:, None]
        return value, J, Q

    def _moved(self, p: np.ndarray, which: np.ndarray | None) -> list[Any]:
        """The leaves a little above and below, for each free keyword, and how far these are apart."""
        found = []
        for i in range(len(self.free)):
            nudge = _NUDGE * (1.0 + np.abs(p[:, i]))
            above, below = p.copy(), p.copy()
            above[:, i] += nudge
            below[:, i] -= nudge
            width = above[:, i] - below[:, i]
            found.append((self._loaded(above, which), self._loaded(below, which), width))
        return found

    def _of_numbers(
        self, known: Mapping[Node, np.ndarray], s: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """One step of a system of a few numbers, its Jacobian and exact slopes, in one walk of the graph."""
        equation = self.map.equation
        if self._written is None:
            self._written = self._expressions()
        values = self._written.program({**known, **{node: s[:, i] for i, node in enumerate(equation.state)}})
        m, n = s.shape
        value, J, Q = np.empty((m, n)), np.zeros((m, n, n)), np.zeros((m, n, len(self.free)))
        for i in range(n):
            value[:, i] = values[i]
        for (i, j), number in zip(self._written.places, values[n:], strict=True):
            (J if j < n else Q)[:, i, j if j < n else j - n] = number
        return value, J, Q

    def _expressions(self) -> Written:
        equation = self.map.equation
        wanted = [*equation.state, *([self._nodes[name] for name in self.free] if self._direct else [])]
        found = [
            ((i, j), node)
            for i, value in enumerate(equation.next)
            for j, node in enumerate(gradient(value, wanted))
            if node is not None
        ]
        program = Program([*equation.next, *(node for _, node in found)])
        return Written(program, [place for place, _ in found])


def family(
    system: str,
    free: Sequence[str],
    fixed: Mapping[str, Any] | None = None,
    task: str = "silence",
    **more: Any,
) -> Family:
    """The family of a system by name, with its other keywords fixed; `more` goes to `sim.run.prepare`.

    >>> logistic = family("logistic", ["r"])
    >>> [part.tolist() for part in logistic.linear(np.array([[0.5]]), np.array([[4.0]]))]
    [[[1.0]], [[[0.0]]]]
    """
    given = {"steps": 1, **(fixed or {})}
    run = prepare(system, task=task, observables=["final_state"], fixed=given, varied=list(free), **more)
    return Family(run.form, free)


def _check(setting: Any, free: Sequence[str]) -> None:
    for name in free:
        if name.partition(".")[0] not in setting.own:
            raise refuse(
                "free",
                f"{name!r} is no keyword of the system {setting.system!r}; {nearest(name, setting.own)}",
            )
        if name not in setting.varied:
            raise refuse("free", f"{name!r} is fixed in this run; a free keyword is one that varies")


__all__ = ["Family", "family"]
