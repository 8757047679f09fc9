"""The functions that equations are written with: on symbols they build the graph, on numbers and arrays they
are NumPy's.

>>> round(float(sigmoid(0.0)), 3)
0.5
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.equations.graph import Node


def _symbolic(*values: Any) -> Node | None:
    return next((value for value in values if isinstance(value, Node)), None)


def _unary(op: str, numeric: Any, x: Any) -> Any:
    return x.graph.apply(op, x) if isinstance(x, Node) else numeric(x)


def tanh(x: Any) -> Any:
    """Hyperbolic tangent."""
    return _unary("tanh", np.tanh, x)


def sigmoid(x: Any) -> Any:
    """Logistic function 1 / (1 + exp(-x))."""
    return _unary("sigmoid", lambda z: 1.0 / (1.0 + np.exp(-z)), x)


def exp(x: Any) -> Any:
    """Exponential."""
    return _unary("exp", np.exp, x)


def expm1(x: Any) -> Any:
    """exp(x) - 1 without cancellation at small x."""
    return _unary("expm1", np.expm1, x)


def log(x: Any) -> Any:
    """Natural logarithm."""
    return _unary("log", np.log, x)


def log1p(x: Any) -> Any:
    """log(1 + x) without cancellation at small x."""
    return _unary("log1p", np.log1p, x)


def softplus(x: Any) -> Any:
    """log(1 + exp(x)) without overflow."""
    return _unary("softplus", lambda z: np.logaddexp(0.0, z), x)


def sqrt(x: Any) -> Any:
    """Square root."""
    return _unary("sqrt", np.sqrt, x)


def sin(x: Any) -> Any:
    """Sine of an angle in radians."""
    return _unary("sin", np.sin, x)


def cos(x: Any) -> Any:
    """Cosine of an angle in radians."""
    return _unary("cos", np.cos, x)


def where(condition: Any, a: Any, b: Any) -> Any:
    """`a` where the condition holds, else `b`: the choice on data of a branch-free equation."""
    symbol = _symbolic(condition, a, b)
    return np.where(condition, a, b) if symbol is None else symbol.graph.apply("where", condition, a, b)


def maximum(a: Any, b: Any) -> Any:
    """The larger of two; NaN if either is NaN."""
    return np.maximum(a, b) if _symbolic(a, b) is None else where(a >= b, a, where(b > a, b, a + b))


def minimum(a: Any, b: Any) -> Any:
    """The smaller of two; NaN if either is NaN."""
    return np.minimum(a, b) if _symbolic(a, b) is None else where(a <= b, a, where(b < a, b, a + b))


def total(values: Any) -> Any:
    """The sum over units, in their order: of a vector, of a state of several numbers, or of the single
    number of a scalar state.
    """
    if isinstance(values, Node):
        return values if not values.shape else values.graph.node("total", (values,), None, ())
    if isinstance(values, Sequence):
        result = values[0]
        for value in values[1:]:
            result = result + value
        return result
    return np.sum(values, axis=-1)


def parts(state: Any) -> tuple[Any, ...]:
    """The numbers or arrays of a state, as a tuple also where there is one alone."""
    return tuple(state) if isinstance(state, tuple) else (state,)


def shaped_like(state: Any, values: Sequence[Any]) -> Any:
    """Numbers or arrays in the form of this state."""
    return tuple(values) if isinstance(state, tuple) else values[0]


def squares(values: Any) -> Any:
    """The sum of the squares of all numbers of a state: one number, several, or one or several arrays."""
    if isinstance(values, Sequence):
        return total(tuple(squares(value) for value in values))
    return total(values * values)


SMALL, LARGE = 1e-250, 1e250  # squares between are sound
LIFT = 2.0**600  # an exact factor, so that what needs none loses no bit


def scaling(square: Any) -> tuple[Any, Any]:
    """What to multiply numbers by whose sum of squares this is, so that squares neither under- nor overflow,
    and the way back. Source: J. L. Blue, ACM Trans. Math. Softw. 4 (1978) 15, doi:10.1145/355769.355771.
    """
    small, large = square < SMALL, square > LARGE
    return (
        where(small, LIFT, where(large, 1.0 / LIFT, 1.0)),
        where(small, 1.0 / LIFT, where(large, LIFT, 1.0)),
    )


def length(values: Any) -> Any:
    """The Euclidean norm of all numbers of a state, from 1e-308 to 1e308: gradients vanish and explode
    beyond what squares can hold.

    >>> float(length((3e-200, 4e-200)))
    5e-200
    """
    every = parts(values)
    if len(every) == 1 and not getattr(every[0], "shape", ()):
        return abs(every[0])
    with np.errstate(over="ignore"):
        factor, back = scaling(squares(every))
    return sqrt(squares(tuple(value * factor for value in every))) * back


def largest(values: Any) -> Any:
    """The largest over units; as a shift that cancels out again it counts as constant in derivatives."""
    if isinstance(values, Node):
        return values if not values.shape else values.graph.node("largest", (values,), None, ())
    return np.max(values, axis=-1)


def log_sum_exp(values: Any) -> Any:
    """log sum_i exp(z_i) over units, without overflow: the largest is taken out first."""
    top = largest(values)
    return top + log(total(exp(values - top)))


def outer(a: Any, b: Any) -> Any:
    """The matrix a_i b_j (how the gradient of a weight matrix is written: `outer(g, h)`)."""
    if isinstance(a, Node) and isinstance(b, Node):
        return a.graph.node("outer", (a, b), None, (a.shape[0], b.shape[0]))
    return np.multiply.outer(a, b)
