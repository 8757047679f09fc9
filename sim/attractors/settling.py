"""Where orbits end: on a fixed point, on a cycle, on something that never closes, beyond all bounds, or
nowhere yet.

Every orbit is run until its fate is certain (`sim/attractors/kernel.py`). Of a cycle the state that is kept
is the point that lies lowest along one direction, so that all orbits of the cycle give the same point.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from sim.attractors.kernel import WIDTH, arrived, settle, stretch
from sim.cells import aligned, columns, padded
from sim.compile import kernel as compiled
from sim.equations.derivatives import along, gradient
from sim.equations.evaluation import Map
from sim.functions import total
from sim.networks.written_out import SmallEquation
from sim.pointwise.module import Module, Program, tuple_of

AT_ONCE = 1 << 15  # orbits that run together and whose fates are then sorted, while they are in the cache
ESCAPED, UNDECIDED, RECURRENT = 0, -1, -2  # in place of a period
LOOK = 4  # longest periods that a look at what never closes takes
LOOSE = 0.1  # share of its extent by which two looks at an orbit that never closes may differ
# Two ends on one attractor, from both sides, must lie within `apart`: half of it may be left to each. At a
# pitchfork the approach is cubic, and a third of what is left is seen.
LEFT = 1.0 / 6.0  # share of `apart` that may be seen to be left
ROUNDING = 64 * 2.0**-52  # share of its size by which rounding moves a state in a turn
GOLDEN = 0.6180339887498949


def direction(n: int) -> np.ndarray:
    """The direction along which states are put in order, along which symmetric states (x, -x, their
    permutations, other signs) lie apart: powers of the golden ratio, not whole ones, for 1 = g + g^2.

    >>> direction(3).round(3).tolist()
    [1.0, 0.618, 0.356]
    """
    return np.asarray(GOLDEN ** (np.arange(n) ** 1.1))


def generic(n: int) -> np.ndarray:
    """A direction of length 1 (1, n), none where a state is one number, along which two sets that fill one
    box of the state's numbers reach differently far: oscillations in phase and antiphase, or in either order.
    Each pair of numbers is turned by a radian from the one before: no two lie along or across each other.

    >>> generic(4).round(2).tolist()
    [[0.65, 0.28, 0.12, 0.7]]
    """
    if n == 1:
        return np.zeros((0, 1))
    place = np.arange(n)
    way = np.where(place % 2, np.sin(0.4 + place // 2), np.cos(0.4 + place // 2))
    return np.asarray(way / np.sqrt((way * way).sum()))[None]


class Fates(NamedTuple):
    """The ends of some orbits, arrays of one shape: a period from 1 on or ESCAPED, UNDECIDED, RECURRENT; the
    steps after which it was certain, -1 if never; a state (n, ...); how far it reaches around it, 0 for
    cycles: along each number, and forth and back along the direction of `generic` (n + 2, ...).

    Of a cycle the state is its lowest point along `direction`, of what never closes the middle of the box
    that it fills.
    """

    period: np.ndarray
    steps: np.ndarray
    state: np.ndarray
    reach: np.ndarray

    def shaped(self, *shape: int) -> "Fates":
        """The same in another shape."""
        period, steps = self.period.reshape(shape), self.steps.reshape(shape)
        return Fates(period, steps, self.state.reshape(-1, *shape), self.reach.reshape(-1, *shape))


class Settling:
    """Orbits of one system run to their ends, many together, each with numbers and a start of its own.

    `longest`: the longest period that is looked for; `far`: outside this distance from 0 an orbit has
    escaped; `tolerance`: how closely a cycle must close; `apart`: the extent from which on a cycle, or what
    never closes, is no point. With `copies` the bundles belong to one cell each, and every cell has that
    many starts, the same for all (a multiple of WIDTH). The system is the same at every step and has at most
    MOST numbers.
    """

    def __init__(
        self, form: Any, steps: int, longest: int, far: float, tolerance: float, apart: float, copies: int = 0
    ) -> None:
        self.map = Map(form)
        self.equation = SmallEquation(form.equation)
        self.n, self.steps, self.copies = self.map.n, steps, copies
        self._first = np.array([8, longest, LOOK * longest, 0], dtype=np.int64)
        self._rows = 2 + 2 * self.n + 2 * len(generic(self.n))
        self.program = self._program(far, tolerance, apart)

    def _program(self, far: float, tolerance: float, apart: float) -> Program:
        module = Module(self.equation, WIDTH)  # type: ignore[arg-type]
        module.loading()
        if self.copies:
            self._sharing(module)
        module.stepping()
        graph, s = self.equation.graph, self.equation.state
        then = tuple(graph.leaf("tangent", str(i)) for i in range(self.n))
        off = [a - b for a, b in zip(s, then, strict=True)]
        for head, node, *unpack in (
            ("inside(p, s)", total(tuple(v * v for v in s)) <= far * far, "s"),
            ("moved(s, v)", total(tuple(abs(d) for d in off)) > 0.0, "s", "v"),
            ("closed(s, v)", total(tuple(d * d for d in off)) <= tolerance * tolerance, "s", "v"),
            ("beyond(s, v)", total(tuple(d * d for d in off)) > apart * apart, "s", "v"),
            ("height(s)", total(tuple(c * v for c, v in zip(direction(self.n), s, strict=True))), "s"),
        ):
            self._adding(module, head, node, "{}", *unpack)
        for head, node, answer, *unpack in (
            ("distance(s, v)", total(tuple(d * d for d in off)), "sqrt({})", "s", "v"),
            ("size(s)", total(tuple(v * v for v in s)), f"{ROUNDING} * sqrt({{}})", "s"),
        ):
            self._adding(module, head, node, answer, *unpack)
        module.add("little(gap, shrunk)", [f"return gap * gap <= shrunk * {apart * LEFT}"])
        module.add("slowing(gap, rest)", [f"return little(gap, gap - rest - gap * {ROUNDING})"])
        module.straight("difference(s, v)", module.unpack("s", "v", tangents=self.n), off)
        slopes = [gradient(value, s) for value in self.equation.next]
        moved = [along(graph, row, then) for row in slopes]
        module.straight("carried(p, s, v)", module.unpack("p", "s", "v", tangents=self.n), moved)
        module.straight("outline(s)", module.unpack("s"), self._outline())
        wide = self.n + len(generic(self.n))
        for head, words, count in (
            ("chosen(mask, s, v)", "mask", self.n),
            ("lowest(s, v)", "{0} < {1}", wide),
            ("highest(s, v)", "{0} > {1}", wide),
        ):
            names = [[f"{letter}{i}" for i in range(count)] for letter in "sv"]
            picked = [f"select({words.format(a, b)}, {a}, {b})" for a, b in zip(*names, strict=True)]
            lines = [f"{tuple_of(each)} = {letter}" for each, letter in zip(names, "sv", strict=True)]
            module.add(head, [*lines, f"return {tuple_of(picked)}"])
        module.add("begun(low, high, lower, higher)", _begun(wide))
        module.add("recurring(low, high, lower, higher, soon)", _recurring(self.n, wide, apart))
        module.add("narrowing(low, high, lower, higher)", _narrowing(self.n, wide, apart))
        module.add("keep_fate(outs, cells, at, period, steps, s, low, high)", _keeping(self.n))
        module.function(stretch)
        module.function(arrived)
        return module.finished(settle, "Orbits to their ends.", [1] * self._rows, aimed=False)

    def _outline(self) -> list[Any]:
        s = self.equation.state
        along = [tuple(c * v for c, v in zip(way, s, strict=True)) for way in generic(self.n).tolist()]
        return [*s, *(total(parts) for parts in along)]

    @staticmethod
    def _adding(module: Module, head: str, node: Any, answer: str, *unpack: str) -> None:
        """A function of the module that gives a number, as `answer` says it."""
        code = module.code()
        (value,) = code.names([node])
        lines = module.unpack(*unpack, tangents=module.n)
        module.add(head, [*lines, *code.lines, f"return {answer.format(value)}"])

    def _sharing(self, module: Module) -> None:
        """All lanes of a bundle belong to one cell, whose starts are those of every cell."""
        count = len(self.equation.columns())
        loads = [f"splat(columns[{i}][strides[{i}] * (at // strides[-1])], WIDTH)" for i in range(count)]
        states = [f"load(columns[{i}], at % strides[-1], WIDTH)" for i in range(self.n)]
        del module.parts[:2]
        for head, what, values in (
            ("load_parameters(parameters, cells, at)", "parameters", loads),
            ("load_state(start, cells, at)", "start", states),
        ):
            module.add(head, [f"columns, strides = {what}", f"return {tuple_of(values)}"])

    @property
    def source(self) -> str:
        """The text that is compiled."""
        return self.program.source

    @property
    def operations(self) -> float:
        """Counted operations of one orbit that runs to the end."""
        return float(self.program.operations * self.steps)

    def load(self, given: Mapping[str, np.ndarray], cells: int) -> list[np.ndarray]:
        """The numbers of these cells, as `run` takes them."""
        return self.equation.arrays(self.map.load(given, cells))

    def run(
        self,
        numbers: Sequence[Any],
        starts: np.ndarray,
        which: Any = None,
        bare: bool = False,
        times: int = 1,
    ) -> Fates:
        """The fates of orbits from these starts (n, orbits); `numbers` hold those of each cell, `which` says
        whose an orbit has (none: all have those of the first; with `copies`, of one cell after another).

        `bare`: run all steps and look at nothing; the state is the last one. `times`: of so many times the
        steps.
        """
        lanes = self.copies * len(numbers[0]) if self.copies else starts.shape[1]
        whole = padded(lanes, WIDTH)
        if self.copies:
            given = columns(numbers, len(numbers[0]), 1)
        else:
            own = [column[0] if which is None else column[which] for column in numbers]
            given = columns(own, lanes, WIDTH)
        table = aligned(self._rows * whole).reshape(-1, whole)
        begin = columns(list(starts), starts.shape[1], WIDTH)
        if self.copies:
            given, begin = (c._replace(strides=np.append(c.strides, self.copies)) for c in (given, begin))
        first = self._first * (0 if bare else 1)
        kernel = compiled(self.source)
        kernel(tuple(given), tuple(begin), aligned(1), tuple(table), whole, times * self.steps, first)
        period, steps, state, reach = np.split(table[:, :lanes], (1, 2, 2 + self.n))
        return Fates(period[0], steps[0], state, reach)


def _boxes(wide: int) -> list[str]:
    """The sides of two boxes: low a, high b; then low c, high d."""
    names = zip("abcd", ("low", "high", "lower", "higher"), strict=True)
    return [f"{tuple_of([f'{part}{i}' for i in range(wide)])} = {name}" for part, name in names]


def _begun(wide: int) -> list[str]:
    sides = [f"(a{i} <= c{i}) & (b{i} >= d{i})" for i in range(wide)]
    return [*_boxes(wide), f"return {' & '.join(sides)}"]


def _recurring(n: int, wide: int, apart: float) -> list[str]:
    lines = [*_boxes(wide), "wide = b0 - a0", "off = abs(c0 - a0)"]
    for i in range(wide):
        lines += [f"e = b{i} - a{i}", "wide = select(e > wide, e, wide)"] if i < n else []
        for x, y in (("a", "c"), ("b", "d")):
            lines += [f"e = abs({y}{i} - {x}{i})", "off = select(e > off, e, off)"]
    lines += [f"least = wide * {ROUNDING}"]
    sides = [f"({x} > least)" for i in range(wide) for x in (f"c{i} - a{i}", f"b{i} - d{i}")]
    lines += [f"inward = {' & '.join(sides)}"]
    return [*lines, f"return (off <= wide * {LOOSE}) & (wide > {apart}) & ~(inward & soon)"]


def _narrowing(n: int, wide: int, apart: float) -> list[str]:
    lines = [*_boxes(wide), "wide = b0 - a0", "rest = d0 - c0"]
    for i in range(1, n):
        for name, x, y in (("wide", "a", "b"), ("rest", "c", "d")):
            lines += [f"e = {y}{i} - {x}{i}", f"{name} = select(e > {name}, e, {name})"]
    return [*lines, f"return (wide <= {apart}) & little(rest, wide - rest)"]


def _keeping(n: int) -> list[str]:
    ways = generic(n).tolist()
    lines = [f"{tuple_of([f's{i}' for i in range(n)])} = s"]
    for name in ("low", "high"):
        lines += [f"{tuple_of([f'{name}{i}' for i in range(n + len(ways))])} = {name}"]
    lines += ["store(outs[0], at, period)", "store(outs[1], at, steps)", "open = period < -1.5"]
    for i in range(n):
        lines += [f"m{i} = (low{i} + high{i}) * 0.5", f"store(outs[{2 + i}], at, select(open, m{i}, s{i}))"]
    reach = [f"(high{i} - low{i}) * 0.5" for i in range(n)]
    for j, way in enumerate(ways):
        middle = " + ".join(f"m{i} * {c!r}" for i, c in enumerate(way))
        reach += [f"high{n + j} - ({middle})", f"({middle}) - low{n + j}"]
    return [*lines, *(f"store(outs[{2 + n + i}], at, select(open, {r}, 0.0))" for i, r in enumerate(reach))]
