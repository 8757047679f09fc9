"""A run's equation evaluated on NumPy arrays: the map itself, its Jacobian, and any other expression.

Kernels iterate; analyses (fixed points, continuation, cliffs) ask for one step from states of their choice.
They are no hot path, so that the traced graph is walked node by node, for all states at once. Shapes: a
number of the equation is (m,), an array over units (m, n), a matrix (m, rows, columns), for m states.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from sim.equations.derivatives import gradient
from sim.equations.equation import flattened
from sim.equations.graph import NOTHING, Node, reachable
from sim.errors import refuse
from sim.functions import parts
from sim.generic import carried, has, jvp, noise
from sim.matrices import Matrices
from sim.series import series_of

Values = Mapping[Node, np.ndarray]
ELEMENTWISE: dict[str, Callable[..., Any]] = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "neg": np.negative,
    "abs": np.abs, "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal,
    "and": np.logical_and, "or": np.logical_or, "not": np.logical_not, "where": np.where,
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "tanh": np.tanh,
    "sigmoid": lambda z: 1.0 / (1.0 + np.exp(-z)), "softplus": lambda z: np.logaddexp(0.0, z),
    "sqrt": np.sqrt, "sin": np.sin, "cos": np.cos,
}  # fmt: skip


def product(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    """matrix @ vector of each state, (..., r, c) and (..., c): summed in the order of the columns."""
    result = matrix[..., 0] * vector[..., 0, None]
    for j in range(1, matrix.shape[-1]):
        result = result + matrix[..., j] * vector[..., j, None]
    return np.asarray(result)


def evaluate(
    nodes: Sequence[Node], known: Values, matvec: Callable[..., np.ndarray] = product
) -> list[np.ndarray]:
    """The values of these expressions, where `known` has those of the leaves; `matvec` takes the products of
    matrices with vectors.
    """
    found: dict[Node, Any] = dict(known)
    with np.errstate(all="ignore"):
        for node in reachable(nodes):
            if node not in found:
                found[node] = _value(node, [found[arg] for arg in node.args], matvec)
    return [found[node] for node in nodes]


def elementwise(node: Node, args: Sequence[Any]) -> Any:
    """The value of an operation of `ELEMENTWISE`; numbers are raised to meet arrays over units."""
    raised = [
        a[..., None] if len(node.shape) > len(arg.shape) and np.ndim(a) else a
        for a, arg in zip(args, node.args, strict=True)
    ]
    return ELEMENTWISE[node.op](*raised)


def _value(node: Node, args: list[Any], matvec: Callable[..., np.ndarray]) -> Any:
    if node.op == "const":
        return np.float64(node.value)
    if node.op in NOTHING:
        return np.zeros(node.shape)
    if node.op in ELEMENTWISE:
        return elementwise(node, args)
    if node.op == "matvec":
        return matvec(*args)
    if node.op == "transpose":
        return np.swapaxes(args[0], -1, -2)
    if node.op == "outer":
        return args[0][..., :, None] * args[1][..., None, :]
    if node.op in ("total", "largest") and node.args[0].shape:
        return np.cumsum(args[0], axis=-1)[..., -1] if node.op == "total" else np.max(args[0], axis=-1)
    if node.op == "spread" and node.shape and not node.args[0].shape:
        return np.broadcast_to(np.asarray(args[0])[..., None], (*np.shape(args[0]), *node.shape))
    if node.op in ("total", "largest", "spread"):
        return args[0]
    raise refuse("system", f"the equation leaves {node.value} open; it cannot be evaluated by itself")


class Map:
    """One step of the system of a run, and its Jacobian, for states (m, n) with the numbers of m cells.

    Needs an input that is the same at every step: an autonomous map. Refused otherwise, and for systems that
    draw random numbers.
    """

    def __init__(self, form: Any) -> None:
        self.setting, self.equation = form.setting, form.equation
        if noise(self.setting.example):
            raise refuse(
                "system", f"{self.setting.system!r} draws random numbers at every step; leave dropout out"
            )
        self.n = sum(self.equation.parts.values()) or len(self.equation.state)
        self.matvec: Callable[..., np.ndarray] = product  # of a network's Jacobians
        self._slopes: list[tuple[int, int, Node]] | None = None
        self._moved: tuple[tuple[Node, ...], list[Node]] | None = None

    def load(
        self, given: Mapping[str, np.ndarray], cells: int, fields: Mapping[str, Any] | None = None
    ) -> dict[Node, np.ndarray]:
        """The values of all leaves but the state, for each cell; `given` are its columns, `fields` what was
        drawn for them (None: it is drawn).
        """
        equation = self.equation
        values = {**self.setting.values, **given}
        if fields is None:
            fields = flattened(self.setting.built(values))
        known = {node: _numbers(fields, values, name, cells) for name, node in equation.parameters.items()}
        known |= {node: _numbers(fields, values, name, cells) for name, node in equation.extras.items()}
        for name, node in (*equation.matrices.items(), *equation.vectors.items()):
            if name in fields:  # those of a read-out are no part of the step
                field = fields[name]
                known[node] = field.base[np.broadcast_to(field.which, cells)]
        if equation.inputs != "none":
            known[equation.x] = self._input(given, cells)
        return known

    def _input(self, given: Mapping[str, np.ndarray], cells: int) -> np.ndarray:
        steps = int(self.setting.values["steps"])
        width = equation_width(self.equation.x)
        series, which = series_of(self.setting, given, cells, steps, width)
        if not (series == series[:, :1]).all():
            raise refuse(
                "task",
                "fixed points and curves are of a map that is the same at every step, and this input changes "
                'with time; write task = "silence" or "constant"',
            )
        first = series[which, 0]
        return first if self.equation.x.shape else first[:, 0]

    def placed(self, known: Values, which: np.ndarray, s: np.ndarray) -> dict[Node, np.ndarray]:
        """The values of the leaves for states s (m, n) of the cells `which` (m,)."""
        here = {node: value[which] for node, value in known.items()}
        return here | self._states(s)

    def _states(self, s: np.ndarray) -> dict[Node, np.ndarray]:
        if not self.equation.parts:
            return {node: s[..., i] for i, node in enumerate(self.equation.state)}
        edges = np.cumsum([0, *self.equation.parts.values()])
        return {node: s[..., edges[i] : edges[i + 1]] for i, node in enumerate(self.equation.state)}

    def _joined(self, values: Sequence[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
        if not self.equation.parts:
            return np.stack([np.broadcast_to(value, shape) for value in values], axis=-1)
        sizes = self.equation.parts.values()
        whole = [np.broadcast_to(v, (*shape, size)) for v, size in zip(values, sizes, strict=True)]
        return np.concatenate(whole, axis=-1)

    def step(self, known: Values, which: np.ndarray, s: np.ndarray) -> np.ndarray:
        """F(s) of each state, (m, n)."""
        return self._joined(evaluate(self.equation.next, self.placed(known, which, s)), s.shape[:-1])

    def jacobian(self, known: Values, which: np.ndarray, s: np.ndarray) -> np.ndarray:
        """dF/ds at each state, (m, n, n): row i is the gradient of the i-th number of F."""
        here = self.placed(known, which, s)
        return self._of_networks(here, len(s)) if self.equation.parts else self._of_numbers(here, len(s))

    def _of_numbers(self, here: Values, m: int) -> np.ndarray:
        if self._slopes is None:
            rows = [gradient(value, self.equation.state) for value in self.equation.next]
            self._slopes = [
                (i, j, node) for i, row in enumerate(rows) for j, node in enumerate(row) if node is not None
            ]
        J = np.zeros((m, self.n, self.n))
        for (i, j, _), value in zip(
            self._slopes, evaluate([node for _, _, node in self._slopes], here), strict=True
        ):
            J[:, i, j] = value
        return J

    @property
    def linear(self) -> bool:
        """Whether the system says its derivatives: a network without a jvp does not."""
        return not self.equation.parts or has(jvp, type(self.setting.example))

    def carried(self, known: Values, which: np.ndarray, s: np.ndarray, v: np.ndarray) -> np.ndarray:
        """dF/ds v at each state, (m, n)."""
        if not self.equation.parts:
            return product(self.jacobian(known, which, s), v)
        return self._joined(self._pushed(self.placed(known, which, s), v), s.shape[:-1])

    def _pushed(self, here: dict[Node, np.ndarray], directions: np.ndarray) -> list[np.ndarray]:
        """What one step makes of small changes (..., n) of a network's state, in the state's parts."""
        equation = self.equation
        if self._moved is None:
            if not self.linear:
                name, file = self.setting.system, self.setting.file
                raise refuse("system", f"{name!r} has no jvp; write one with @jvp.register in {file}")
            v = tuple(equation.graph.leaf("tangent", part, (n,)) for part, n in equation.parts.items())
            still = equation.graph.zeros(equation.x.shape[0])
            moved = carried(
                equation.pack, equation.shaped(equation.state), equation.driven, equation.shaped(v), still
            )
            self._moved = v, [equation.graph.lift(value) for value in parts(moved)]
        v, moved_nodes = self._moved
        edges = np.cumsum([0, *equation.parts.values()])
        ways = {node: directions[..., edges[i] : edges[i + 1]] for i, node in enumerate(v)}
        return evaluate(moved_nodes, here | ways, self.matvec)

    def _of_networks(self, here: Values, m: int) -> np.ndarray:
        unit = np.broadcast_to(np.eye(self.n), (m, self.n, self.n))
        here = {node: value[:, None] for node, value in here.items()}  # one more axis: the direction
        return np.swapaxes(self._joined(self._pushed(here, unit), (m, self.n)), 1, 2)


def equation_width(x: Node) -> int:
    """How many inputs a step takes."""
    return int(x.shape[0]) if x.shape else 1


def _numbers(fields: Mapping[str, Any], values: Mapping[str, Any], name: str, cells: int) -> np.ndarray:
    field = name.removesuffix(".factor")
    owner = fields.get(field)
    value = owner.factor if isinstance(owner, Matrices) else fields.get(name, values.get(name))
    return np.array(np.broadcast_to(np.asarray(value, dtype=np.float64), cells))


__all__ = ["Map", "Values", "evaluate", "product"]
