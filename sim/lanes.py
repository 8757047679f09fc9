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
from numba.core import cgutils, types
from numba.extending import intrinsic, lower_builtin, overload, type_callable

from sim.interpreted import INTERPRETED
from sim.lane_memory import PIECE, Lanes, broadcast, vector
from sim.lane_memory import align_stack as _align_stack
from sim.lane_memory import load as _load
from sim.lane_memory import repeat as _repeat
from sim.lane_memory import splat as _splat
from sim.lane_memory import store as _store
from sim.lane_memory import turn as _turn


def _unary(name: str) -> Any:
    @intrinsic
    def op(typingctx, a):
        def generate(context, builder, sig, args):
            kind = args[0].type
            function = ir.FunctionType(kind, [kind])
            full = f"llvm.{name}.v{kind.count}f64"
            return builder.call(cgutils.get_or_insert_function(builder.module, function, full), args)

        return a(a), generate

    return op


_fabs = _unary("fabs")
_sqrt = _unary("sqrt")


@intrinsic
def _fneg(typingctx, a):
    return a(a), lambda context, builder, sig, args: builder.fneg(args[0])


@intrinsic
def _fma(typingctx, a, b, c):
    """a * b + c with one rounding; scalars among the arguments are broadcast."""
    lanes = next((v for v in (a, b, c) if isinstance(v, Lanes)), None)
    if lanes is None:
        return None

    def generate(context, builder, sig, args):
        values = [
            value
            if isinstance(kind, Lanes)
            else broadcast(builder, context.cast(builder, value, kind, types.float64), lanes.n)
            for value, kind in zip(args, sig.args, strict=True)
        ]
        kind = vector(types.float64, lanes.n)
        function = ir.FunctionType(kind, [kind] * 3)
        full = f"llvm.fma.v{lanes.n}f64"
        return builder.call(cgutils.get_or_insert_function(builder.module, function, full), values)

    return lanes(a, b, c), generate


@intrinsic
def _copysign(typingctx, a, b):
    def generate(context, builder, sig, args):
        kind = args[0].type
        function = ir.FunctionType(kind, [kind, kind])
        full = f"llvm.copysign.v{kind.count}f64"
        return builder.call(cgutils.get_or_insert_function(builder.module, function, full), args)

    return a(a, b), generate


@intrinsic
def _select(typingctx, mask, a, b):
    """Lane by lane `a` where the mask holds, else `b`; a scalar is broadcast."""

    def generate(context, builder, sig, args):
        mask_value, *branches = args
        values = [
            value
            if isinstance(kind, Lanes)
            else broadcast(builder, context.cast(builder, value, kind, types.float64), mask.n)
            for value, kind in zip(branches, sig.args[1:], strict=True)
        ]
        return builder.select(mask_value, *values)

    kind = a if isinstance(a, Lanes) else b if isinstance(b, Lanes) else Lanes(types.float64, mask.n)
    return kind(mask, a, b), generate


@intrinsic
def _any(typingctx, mask):
    def generate(context, builder, sig, args):
        bits = builder.bitcast(args[0], ir.IntType(mask.n))
        return builder.icmp_unsigned("!=", bits, ir.Constant(ir.IntType(mask.n), 0))

    return types.boolean(mask), generate


def _reinterpret(source: types.Type, target: types.Type) -> Any:
    @intrinsic
    def op(typingctx, a):
        if a.dtype != source:
            return None
        kind = Lanes(target, a.n)
        return kind(a), lambda context, builder, sig, args: builder.bitcast(args[0], vector(target, a.n))

    return op


_bits = _reinterpret(types.float64, types.int64)
_unbits = _reinterpret(types.int64, types.float64)


def _pair(builder: Any, context: Any, sig: Any, args: Any) -> list[Any]:
    """Both operands as bundles: a number beside a bundle is in every lane."""
    lanes = next(kind for kind in sig.args if isinstance(kind, Lanes))
    return [
        value
        if isinstance(kind, Lanes)
        else broadcast(builder, context.cast(builder, value, kind, lanes.dtype), lanes.n)
        for value, kind in zip(args, sig.args, strict=True)
    ]


def _operator(python: Any, instructions: dict[Any, str], compares: bool = False) -> None:
    """What an operator between bundles, or a bundle and a number, is. Told to Numba as one instruction, not
    as an overload: that is a function of its own, linked and inlined in every kernel (an eighth of the time
    that the kernels of an LSTM take to compile).
    """

    @type_callable(python)
    def _typed(context: Any) -> Any:
        def typer(a: Any, b: Any) -> Any:
            lanes = a if isinstance(a, Lanes) else b
            if not isinstance(lanes, Lanes) or lanes.dtype not in instructions:
                return None
            if not all(isinstance(kind, types.Number) or kind == lanes for kind in (a, b)):
                return None
            return Lanes(types.boolean, lanes.n) if compares else lanes

        return typer

    def lowered(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        dtype = next(kind for kind in sig.args if isinstance(kind, Lanes)).dtype
        values = _pair(builder, context, sig, args)
        if compares:
            return builder.fcmp_ordered(instructions[dtype], *values)
        return getattr(builder, instructions[dtype])(*values)

    for kinds in ((Lanes, Lanes), (Lanes, types.Number), (types.Number, Lanes)):
        lower_builtin(python, *kinds)(lowered)


_FLOAT, _INT, _MASK = types.float64, types.int64, types.boolean
_operator(operator.add, {_FLOAT: "fadd", _INT: "add"})
_operator(operator.sub, {_FLOAT: "fsub", _INT: "sub"})
_operator(operator.mul, {_FLOAT: "fmul"})
_operator(operator.truediv, {_FLOAT: "fdiv"})
_operator(operator.lshift, {_INT: "shl"})
_operator(operator.rshift, {_INT: "ashr"})
_operator(operator.and_, {_INT: "and_", _MASK: "and_"})
_operator(operator.or_, {_INT: "or_", _MASK: "or_"})
for _python, _symbol in ((operator.lt, "<"), (operator.le, "<="), (operator.gt, ">"), (operator.ge, ">=")):
    _operator(_python, {_FLOAT: _symbol}, compares=True)


@intrinsic
def _invert(typingctx, a):
    return a(a), lambda context, builder, sig, args: builder.not_(args[0])


@overload(operator.invert, strict=False)
def _overload_invert(a: Any) -> Any:
    return (lambda a: _invert(a)) if isinstance(a, Lanes) and a.dtype == types.boolean else None


@overload(operator.neg, strict=False)
def _overload_neg(a: Any) -> Any:
    return (lambda a: _fneg(a)) if isinstance(a, Lanes) else None


@overload(abs, strict=False)
def _overload_abs(a: Any) -> Any:
    return (lambda a: _fabs(a)) if isinstance(a, Lanes) else None


# ---- the names that kernels use: intrinsics when compiled, NumPy when interpreted

if INTERPRETED:

    def load(array: Any, index: int, n: int) -> Any:
        """The `n` elements of a flat array from `index` on, as a bundle."""
        return array[index : index + n].copy()

    def store(array: Any, index: int, value: Any) -> None:
        """Write a bundle into a flat array from `index` on."""
        array[index : index + len(value)] = value

    def turn(array: Any, start: int, apart: int, target: int, pitch: int) -> None:
        """Eight rows of eight lanes, `apart` in a flat array, written as eight rows, `pitch` apart."""
        for k in range(PIECE):
            row = target + k * pitch
            array[row : row + PIECE] = array[start + k :: apart][:PIECE]

    def splat(value: float, n: int) -> Any:
        """A bundle whose `n` lanes all hold `value`."""
        return np.full(n, value, dtype=np.float64)

    def repeat(bundle: Any, n: int) -> Any:
        """The bundle's lanes again and again until there are `n`."""
        return np.tile(bundle, n // len(bundle))

    def fma(a: Any, b: Any, c: Any) -> Any:
        """a * b + c; compiled with one rounding, interpreted with two."""
        return a * b + c

    def align_stack() -> None:
        """Nothing: there is no stack to align."""

    def select(mask: Any, a: Any, b: Any) -> Any:
        """Lane by lane `a` where the mask holds, else `b`."""
        return np.where(mask, a, b)

    def any_lane(mask: Any) -> bool:
        """Whether the mask holds in any lane."""
        return bool(np.any(mask))

    def bits(a: Any) -> Any:
        """The IEEE bit patterns of the lanes as integers."""
        return a.view(np.int64)

    def unbits(a: Any) -> Any:
        """The numbers whose IEEE bit patterns are given."""
        return a.view(np.float64)

    copysign: Any = np.copysign
    sqrt: Any = np.sqrt
else:
    load, store, turn, splat, repeat, fma, select, any_lane, bits, unbits, copysign, sqrt, align_stack = (
        _load, _store, _turn, _splat, _repeat, _fma, _select, _any, _bits, _unbits, _copysign, _sqrt,
        _align_stack,
    )  # fmt: skip
