"""Bundles of SIMD lanes: one equation, many cells at once, kept in registers through the whole time loop.

A bundle is an LLVM vector `<n x double>` (or `<n x i64>`, `<n x i1>`) with the operators of Python. LLVM
cannot vectorise a recurrence over its outer loop by itself; with the cells as a value of the language there
is nothing left to vectorise. With Numba switched off (`NUMBA_DISABLE_JIT=1`) a bundle is a NumPy array of the
same length, so that the same kernels run as plain Python.

No instruction carries a fast-math flag, and products are fused with sums only where the program says `fma`:
otherwise LLVM would decide by what else stands around an expression, and the bits of a cell would depend on
which observables run beside it.
"""

import operator
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import types
from numba.core.typing.templates import signature

from sim.machine.instructions import ask_first, instruction
from sim.machine.interpreted import INTERPRETED
from sim.machine.lane_memory import (
    Lanes,
    align_stack,
    broadcast,
    load,
    operation,
    repeat,
    splat,
    store,
    turn,
    vector,
)

__all__ = [
    "align_stack", "any_lane", "bits", "fma", "load", "repeat", "select", "splat", "sqrt",
    "store", "turn", "unbits",
]  # fmt: skip
_FLOAT, _INT, _MASK = types.float64, types.int64, types.boolean
_OF_INTEGERS = ("add", "sub", "mul")
_PAIRS = ((Lanes, Lanes), (Lanes, types.Number), (types.Number, Lanes))


def _bundles(context: Any, builder: Any, kinds: Any, args: Any, like: Lanes) -> list[Any]:
    """The arguments as bundles: a number beside a bundle is in every lane."""
    return [
        value
        if isinstance(kind, Lanes)
        else broadcast(builder, context.cast(builder, value, kind, like.dtype), like.n)
        for value, kind in zip(args, kinds, strict=True)
    ]


def fma(a: Any, b: Any, c: Any) -> Any:
    """a * b + c with one rounding (interpreted with two); numbers among the arguments are in every lane."""
    return a * b + c


@instruction(fma)
def _fma(*kinds: Any) -> Any:
    lanes = next((kind for kind in kinds if isinstance(kind, Lanes)), None)
    if lanes is None:
        return None

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return operation(builder, "fma", _bundles(context, builder, kinds, args, lanes))

    return lanes(*kinds), generate


def sqrt(a: Any) -> Any:
    """The square root, lane by lane."""
    return np.sqrt(a)


@instruction(sqrt)
def _sqrt(a: Any) -> Any:
    return a(a), lambda context, builder, sig, args: operation(builder, "sqrt", args)


def select(mask: Any, a: Any, b: Any) -> Any:
    """Lane by lane `a` where the mask holds, else `b`; a number is in every lane."""
    return np.where(mask, a, b)


@instruction(select)
def _select(mask: Any, a: Any, b: Any) -> Any:
    like = a if isinstance(a, Lanes) else b if isinstance(b, Lanes) else Lanes(_FLOAT, mask.n)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.select(args[0], *_bundles(context, builder, (a, b), args[1:], like))

    return like(mask, a, b), generate


def any_lane(mask: Any) -> bool:
    """Whether the mask holds in any lane."""
    return bool(np.any(mask))


@instruction(any_lane)
def _any_lane(mask: Any) -> Any:
    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        held = builder.bitcast(args[0], ir.IntType(mask.n))
        return builder.icmp_unsigned("!=", held, ir.Constant(ir.IntType(mask.n), 0))

    return _MASK(mask), generate


def bits(a: Any) -> Any:
    """The IEEE bit patterns of the lanes as integers."""
    return a.view(np.int64)


def unbits(a: Any) -> Any:
    """The numbers whose IEEE bit patterns are given."""
    return a.view(np.float64)


def _reinterpreted(source: types.Type, target: types.Type) -> Any:
    def define(a: Any) -> Any:
        kind = Lanes(target, a.n)
        seen = vector(target, a.n)
        return kind(a), lambda context, builder, sig, args: builder.bitcast(args[0], seen)

    return lambda a: define(a) if a.dtype == source else None


instruction(bits)(_reinterpreted(_FLOAT, _INT))
instruction(unbits)(_reinterpreted(_INT, _FLOAT))


def _operator(python: Any, instructions: dict[Any, str], compares: bool = False) -> None:
    """What an operator between bundles, or a bundle and a number, is. Of integers Numba knows it too, but
    tries all kinds of numbers before it says so.
    """

    @instruction(python, *_PAIRS)
    def _defined(*kinds: Any) -> Any:
        if kinds == (_INT, _INT) and instructions.get(_INT) in _OF_INTEGERS:
            return _INT(*kinds), None
        lanes = next((kind for kind in kinds if isinstance(kind, Lanes)), None)
        if lanes is None or lanes.dtype not in instructions or len(kinds) != 2:
            return None
        if not all(isinstance(kind, types.Number) or kind == lanes for kind in kinds):
            return None
        name = instructions[lanes.dtype]

        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            values = _bundles(context, builder, kinds, args, lanes)
            return builder.fcmp_ordered(name, *values) if compares else getattr(builder, name)(*values)

        return signature(Lanes(_MASK, lanes.n) if compares else lanes, *kinds), generate


def _on_one(python: Any, dtype: types.Type, write: Any) -> None:
    """What an operator on one bundle is."""

    @instruction(python, (Lanes,))
    def _defined(*kinds: Any) -> Any:
        if len(kinds) != 1 or not isinstance(kinds[0], Lanes) or kinds[0].dtype != dtype:
            return None
        return kinds[0](*kinds), lambda context, builder, sig, args: write(builder, args[0])


_ARITHMETIC: dict[Any, dict[Any, str]] = {
    operator.add: {_FLOAT: "fadd", _INT: "add"},
    operator.sub: {_FLOAT: "fsub", _INT: "sub"},
    operator.mul: {_FLOAT: "fmul", _INT: "mul"},
    operator.truediv: {_FLOAT: "fdiv"},
    operator.lshift: {_INT: "shl"},
    operator.rshift: {_INT: "ashr"},
    operator.and_: {_INT: "and_", _MASK: "and_"},
    operator.or_: {_INT: "or_", _MASK: "or_"},
}
_ORDER = {operator.lt: "<", operator.le: "<=", operator.gt: ">", operator.ge: ">="}
for _python, _names in _ARITHMETIC.items():
    _operator(_python, _names)
for _python, _symbol in _ORDER.items():
    _operator(_python, {_FLOAT: _symbol}, compares=True)
_on_one(operator.invert, _MASK, lambda builder, a: builder.not_(a))
_on_one(operator.neg, _FLOAT, lambda builder, a: builder.fneg(a))
_on_one(abs, _FLOAT, lambda builder, a: operation(builder, "fabs", [a]))
if not INTERPRETED:
    ask_first(*_ARITHMETIC, *_ORDER)
