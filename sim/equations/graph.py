"""Equations as values: run a `step` once on symbols and keep the expression that it computes.

`step`, `output`, `vjp`, … are ordinary Python functions of numbers or arrays. Called with `Node`s in place of
numbers they return the expression itself: a graph from which `sim/equations/lower.py` writes the code for
SIMD lanes, `sim/equations/derivatives.py` takes exact derivatives, and the planner counts operations. A
node's shape is `()` (one number a cell) or the units' `(n,)`; matrices `(n, m)` occur only as parameters,
left of `@`. Equal expressions are one node (hash-consing), so that common subexpressions are computed once.

An equation must be the same for every cell: an `if` on data is refused with its line (`where(c, a, b)` says
it instead).
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sim.errors import refuse

BINARY = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "lt": "<",
    "le": "<=",
    "gt": ">",
    "ge": ">=",
    "and": "&",
    "or": "|",
}
_LOGICAL = ("and", "or", "not")
NOTHING = ("silence", "zeros")  # zero by structure: the input of a silent run, and what comes of it
CONDITIONS = ("lt", "le", "gt", "ge", *_LOGICAL)
# files in whose frames no equation is written
_MACHINERY = (__file__, str(Path(__file__).parents[1] / "functions.py"), str(Path(np.__file__).parent))
_UFUNCS = {
    "add": "add", "subtract": "sub", "multiply": "mul", "true_divide": "div", "divide": "div",
    "less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge", "negative": "neg",
    "absolute": "abs", "exp": "exp", "expm1": "expm1", "log": "log", "log1p": "log1p", "tanh": "tanh",
    "sqrt": "sqrt", "sin": "sin", "cos": "cos", "power": "power", "square": "square", "matmul": "matmul",
    "logical_and": "and", "logical_or": "or", "logical_not": "not",
}  # fmt: skip


class Leaf(NamedTuple):
    """What enters an equation from outside: `kind` is parameter, state, input, time, tangent, accumulator,
    …
    """

    kind: str
    name: str


class Node:
    """An operation on earlier nodes; build nodes through a `Graph`, combine them with Python's operators."""

    __slots__ = ("args", "graph", "op", "serial", "shape", "value")
    __array_priority__ = 1000.0
    __hash__ = object.__hash__

    def __init__(
        self,
        graph: "Graph",
        op: str,
        args: tuple["Node", ...],
        value: Any,
        shape: tuple[int, ...],
        serial: int,
    ) -> None:
        self.graph, self.op, self.args, self.value, self.shape, self.serial = (
            graph,
            op,
            args,
            value,
            shape,
            serial,
        )

    def __repr__(self) -> str:
        inside = ", ".join(map(repr, self.args)) if self.args else repr(self.value)
        return f"{self.op}({inside})"

    def __bool__(self) -> bool:
        raise refuse(
            _place_of_caller(),
            "a choice on data (`if`, `and`, `or`, `min`, `max`, a chained comparison) differs from cell "
            "to cell; "
            "write where(condition, a, b), and & | for and, or",
        )

    def __float__(self) -> float:
        raise refuse(
            _place_of_caller(),
            "this needs a plain number, but here stands the value of every cell at once; "
            "use the functions of sim.functions (tanh, exp, log, sqrt, sin, cos, …) or NumPy's instead of "
            "math's",
        )

    __int__ = __index__ = __complex__ = __float__

    def __iter__(self) -> Any:
        raise refuse(
            _place_of_caller(),
            "this value is one number; a state of several numbers is declared with `units` in the "
            "system's file",
        )

    def __add__(self, other: Any) -> "Node":
        return self.graph.apply("add", self, other)

    def __radd__(self, other: Any) -> "Node":
        return self.graph.apply("add", other, self)

    def __sub__(self, other: Any) -> "Node":
        return self.graph.apply("sub", self, other)

    def __rsub__(self, other: Any) -> "Node":
        return self.graph.apply("sub", other, self)

    def __mul__(self, other: Any) -> "Node":
        return self.graph.apply("mul", self, other)

    def __rmul__(self, other: Any) -> "Node":
        return self.graph.apply("mul", other, self)

    def __truediv__(self, other: Any) -> "Node":
        return self.graph.apply("div", self, other)

    def __rtruediv__(self, other: Any) -> "Node":
        return self.graph.apply("div", other, self)

    def __pow__(self, exponent: Any) -> "Node":
        return power(self, exponent)

    def __rpow__(self, base: Any) -> "Node":
        return power(self.graph.lift(base), self)

    def __matmul__(self, other: Any) -> "Node":
        return self.graph.matmul(self, other)

    @property
    def T(self) -> "Node":
        """The transposed matrix."""
        if len(self.shape) != 2:
            raise refuse(_place_of_caller(), f".T needs a matrix, this has the shape {self.shape}")
        if self.op == "transpose":
            return self.args[0]
        return self.graph.node("transpose", (self,), None, self.shape[::-1])

    def __neg__(self) -> "Node":
        return self.graph.apply("neg", self)

    def __pos__(self) -> "Node":
        return self

    def __abs__(self) -> "Node":
        return self.graph.apply("abs", self)

    def __mod__(self, other: Any) -> "Node":
        raise refuse(
            _place_of_caller(),
            "rounding, // and % have no compiled form; say it with where(condition, a, b), as in "
            "where(s >= 1.0, s - 1.0, s)",
        )

    __rmod__ = __floordiv__ = __rfloordiv__ = __divmod__ = __rdivmod__ = __mod__

    def __round__(self, digits: Any = None) -> "Node":
        return self % 1

    __trunc__ = __floor__ = __ceil__ = __round__

    def __eq__(self, other: object) -> "Node":  # type: ignore[override]
        return (self <= other) & (self >= other)

    def __ne__(self, other: object) -> "Node":  # type: ignore[override]
        return ~(self == other)

    def __lt__(self, other: Any) -> "Node":
        return self.graph.apply("lt", self, other)

    def __le__(self, other: Any) -> "Node":
        return self.graph.apply("le", self, other)

    def __gt__(self, other: Any) -> "Node":
        return self.graph.apply("gt", self, other)

    def __ge__(self, other: Any) -> "Node":
        return self.graph.apply("ge", self, other)

    def __and__(self, other: Any) -> "Node":
        return self.graph.apply("and", self, other)

    def __or__(self, other: Any) -> "Node":
        return self.graph.apply("or", self, other)

    def __invert__(self) -> "Node":
        return self.graph.apply("not", self)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        op = _UFUNCS.get(ufunc.__name__)
        if method != "__call__" or options or op is None:
            raise refuse(
                _place_of_caller(),
                f"numpy.{ufunc.__name__} has no compiled form; see sim/functions.py for what has",
            )
        if op == "power":
            return power(*map(self.graph.lift, inputs))
        if op == "square":
            return self * self
        if op == "matmul":
            return self.graph.matmul(*inputs)
        return self.graph.apply(op, *inputs)


class Graph:
    """The nodes of one program; equal operations on equal nodes are the same node."""

    def __init__(self) -> None:
        self._known: dict[Any, Node] = {}

    def node(self, op: str, args: tuple[Node, ...], value: Any, shape: tuple[int, ...]) -> Node:
        """The node of this operation, made on first use."""
        key = (
            op,
            tuple(arg.serial for arg in args),
            value.hex() if isinstance(value, float) else value,
            shape,
        )
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = Node(self, op, args, value, shape, len(self._known))
        return found

    def text(self) -> list[str]:
        """Everything that was traced so far, an operation a line: equal programs have equal texts."""
        return [repr(key) for key in self._known]

    def leaf(self, kind: str, name: str, shape: tuple[int, ...] = ()) -> Node:
        """A value that enters from outside."""
        return self.node("leaf", (), Leaf(kind, name), shape)

    def constant(self, value: float) -> Node:
        """A number that is the same for all cells."""
        return self.node("const", (), float(value), ())

    def silence(self) -> Node:
        """The input of a run that has none: products with it vanish, sums with it are the other term."""
        return self.node("silence", (), None, ())

    def zeros(self, n: int) -> Node:
        """A vector that is zero for all cells; products with it are zero by structure."""
        return self.node("zeros", (), None, (n,))

    def lift(self, value: Any) -> Node:
        """A number as a constant, a node as it is; a condition counts as 1 where it holds, else 0."""
        if isinstance(value, Node):
            return value if value.op not in CONDITIONS else self.apply("where", value, 1.0, 0.0)
        if isinstance(value, (bool, int, float, np.integer, np.floating, np.bool_)):
            return self.constant(float(value))
        raise refuse(
            _place_of_caller(), f"an equation combines numbers, not {type(value).__name__} {value!r:.60}"
        )

    def apply(self, op: str, *operands: Any) -> Node:
        """An elementwise operation; numbers broadcast over units."""
        conditions = len(operands) if op in _LOGICAL else 1 if op == "where" else 0
        args = tuple(
            self._condition(operand) if place < conditions else self.lift(operand)
            for place, operand in enumerate(operands)
        )
        shapes = {arg.shape for arg in args if arg.shape}
        outers = op == "add" and args[0].shape == args[1].shape  # outer products can be added
        if len(shapes) > 1 or (any(len(shape) > 1 for shape in shapes) and not outers):
            raise refuse(_place_of_caller(), f"shapes do not fit in {op}: {[arg.shape for arg in args]}")
        shape = shapes.pop() if shapes else ()
        if any(arg.op in NOTHING for arg in args):
            return self._beside_nothing(op, args, shape)
        if op == "add" and args[0] is args[1] and len(shape) < 2:
            return self.apply("mul", 2.0, args[0])  # the same bits, and one that a further sum is fused with
        return self.node(op, args, None, shape)

    def _beside_nothing(self, op: str, args: tuple[Node, ...], shape: tuple[int, ...]) -> Node:
        """An operation one of whose operands is zero by structure."""
        nothing = [arg.op in NOTHING for arg in args]
        if (
            op in ("mul", "neg", "abs")
            or (op == "div" and nothing[0])
            or (op in ("add", "sub") and all(nothing))
        ):
            return self.zeros(*shape) if shape else self.silence()
        rest = args[1] if nothing[0] else args[0]
        if op in ("add", "sub") and rest.shape == shape:
            return rest if op == "add" or nothing[1] else self.apply("neg", rest)
        zero = self.constant(0.0)
        return self.node(op, tuple(zero if arg.op == "silence" else arg for arg in args), None, shape)

    def _condition(self, value: Any) -> Node:
        if isinstance(value, Node) and value.op in CONDITIONS:
            return value
        if isinstance(value, (bool, np.bool_)):
            return self.apply("lt", 0.0, 1.0) if value else self.apply("lt", 1.0, 0.0)
        raise refuse(
            _place_of_caller(), "a condition is needed here, not a number; write a comparison, as in s > 0.0"
        )

    def matmul(self, matrix: Any, vector: Any) -> Node:
        """matrix @ vector, summed in the order of the units."""
        if not (isinstance(matrix, Node) and isinstance(vector, Node)):
            raise refuse(
                _place_of_caller(), "@ needs a matrix parameter on its left and a state or input on its right"
            )
        if len(matrix.shape) != 2 or len(vector.shape) != 1 or matrix.shape[1] != vector.shape[0]:
            raise refuse(_place_of_caller(), f"shapes do not fit in @: {matrix.shape} and {vector.shape}")
        if vector.op == "zeros":
            return self.zeros(matrix.shape[0])
        return self.node("matvec", (matrix, vector), None, (matrix.shape[0],))


def _place_of_caller() -> str:
    """File and line of the innermost frame outside this floor's machinery: where the equation is written."""
    frame = sys._getframe(1)  # noqa: SLF001 - the public inspect.stack() reads every source file on the way
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_MACHINERY):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def power(base: Node, exponent: Any) -> Node:
    """base ** exponent: whole powers by repeated squaring, ½ by sqrt, others as exp(exponent * log(base))."""
    graph = base.graph
    e = exponent.value if isinstance(exponent, Node) and exponent.op == "const" else exponent
    if isinstance(e, Node):
        return graph.apply("exp", e * graph.apply("log", base))
    if e == 0.5:
        return graph.apply("sqrt", base)
    if e != int(e) or abs(e) > 64:
        return graph.apply("exp", graph.apply("log", base) * e)
    result, square, rest = None, base, abs(int(e))
    while rest:
        if rest & 1:
            result = square if result is None else result * square
        square, rest = (square * square, rest >> 1) if rest > 1 else (square, 0)
    result = graph.constant(1.0) if result is None else result
    return result if e >= 0 else 1.0 / result


def reachable(roots: Sequence[Node]) -> list[Node]:
    """All nodes that the roots need, arguments before their users."""
    order: list[Node] = []
    seen: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(root, False) for root in reversed(roots)]
    while stack:
        node, expanded = stack.pop()
        if expanded:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack.extend((arg, False) for arg in reversed(node.args) if arg not in seen)
    return order
