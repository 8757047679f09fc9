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
from numba.extending import intrinsic, models, overload, register_model

from sim.interpreted import INTERPRETED


class Lanes(types.Type):
    """The Numba type of a bundle of `n` lanes of `dtype` (float64, int64 or boolean)."""

    def __init__(self, dtype: types.Type, n: int) -> None:
        self.dtype = dtype
        self.n = n
        super().__init__(name=f"Lanes({dtype}, {n})")


_ELEMENT: dict[Any, Any] = {
    types.float64: ir.DoubleType(),
    types.int64: ir.IntType(64),
    types.boolean: ir.IntType(1),
}


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Lanes) -> None:
        super().__init__(dmm, fe_type, ir.VectorType(_ELEMENT[fe_type.dtype], fe_type.n))


def _vector(kind: types.Type, n: int) -> ir.VectorType:
    return ir.VectorType(_ELEMENT[kind], n)


def _broadcast(builder: Any, scalar: Any, n: int) -> Any:
    kind = ir.VectorType(scalar.type, n)
    undefined = ir.Constant(kind, ir.Undefined)
    one = builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, undefined, ir.Constant(ir.VectorType(ir.IntType(32), n), [0] * n))


# Bundles travel between memory and registers in pieces of one AVX-512 register. When a bundle of 64 was
# stored and one of 16 loaded from it, LLVM forwarded the value through integers of 4096 bits, number by
# number: a network of 8 units took twice as long.
_PIECE = 8


def _pieces(n: int) -> list[tuple[int, int]]:
    return [(at, min(_PIECE, n - at)) for at in range(0, n, _PIECE)]


def _indices(start: int, count: int) -> Any:
    return ir.Constant(ir.VectorType(ir.IntType(32), count), list(range(start, start + count)))


def _joined(builder: Any, parts: list[Any]) -> Any:
    """One vector of several; only the last may be shorter than the first."""
    while len(parts) > 1:
        pairs = [_pair(builder, a, b) for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = pairs + parts[len(parts) - len(parts) % 2 :]
    return parts[0]


def _pair(builder: Any, a: Any, b: Any) -> Any:
    total = a.type.count + b.type.count
    if b.type.count < a.type.count:  # LLVM joins equal lengths: b is lengthened by numbers that nobody reads
        lengthened = [*range(b.type.count), *[0] * (a.type.count - b.type.count)]
        mask = ir.Constant(ir.VectorType(ir.IntType(32), a.type.count), lengthened)
        b = builder.shuffle_vector(b, ir.Constant(b.type, ir.Undefined), mask)
    return builder.shuffle_vector(a, b, _indices(0, total))


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any, kind: Any) -> Any:
    # as it is: unpacking the whole array was an eighth of the time that kernels take to compile
    place = context.data_model_manager[array_type].get_field_position("data")
    data = builder.extract_value(array, place)
    return builder.bitcast(builder.gep(data, [index]), kind.as_pointer())


@intrinsic(prefer_literal=True)
def _load(typingctx, array, index, n):
    kind = Lanes(array.dtype, n.literal_value)

    def generate(context, builder, sig, args):
        at = context.cast(builder, args[1], sig.args[1], types.intp)
        parts = []
        for start, count in _pieces(kind.n):
            index = builder.add(at, ir.Constant(at.type, start))
            vector = _vector(kind.dtype, count)
            place = _pointer(context, builder, sig.args[0], args[0], index, vector)
            parts.append(builder.load(place, align=8))
        return _joined(builder, parts)

    return kind(array, types.intp, n), generate


@intrinsic
def _store(typingctx, array, index, value):
    def generate(context, builder, sig, args):
        at = context.cast(builder, args[1], sig.args[1], types.intp)
        undefined = ir.Constant(args[2].type, ir.Undefined)
        for start, count in _pieces(value.n):
            part = builder.shuffle_vector(args[2], undefined, _indices(start, count))
            index = builder.add(at, ir.Constant(at.type, start))
            place = _pointer(context, builder, sig.args[0], args[0], index, part.type)
            builder.store(part, place, align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, value), generate


def _mixed(builder: Any, a: Any, b: Any, order: list[int]) -> Any:
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(ir.IntType(32), len(order)), order))


@intrinsic
def _turn(typingctx, array, start, apart, target, pitch):
    """Write eight rows of eight lanes, from `start` on and `apart`, as rows from `target` on, `pitch` apart,
    each row one of the lanes. What is written goes past the caches, so targets are whole cache lines.
    """

    def generate(context, builder, sig, args):
        data, source, across, goal, down = args
        kind = _vector(types.float64, _PIECE)
        rows = []
        for _ in range(_PIECE):
            rows.append(builder.load(_pointer(context, builder, array, data, source, kind), align=64))
            source = builder.add(source, across)
        for d in (1, 2, 4):  # rows that are d apart exchange blocks of d lanes
            low = [lane ^ d | _PIECE if lane & d else lane for lane in range(_PIECE)]
            high = [lane | _PIECE if lane & d else lane | d for lane in range(_PIECE)]
            for i in [i for i in range(_PIECE) if not i & d]:
                a, b = rows[i], rows[i | d]
                rows[i], rows[i | d] = _mixed(builder, a, b, low), _mixed(builder, a, b, high)
        past = builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)])
        for row in rows:
            place = _pointer(context, builder, array, data, goal, kind)
            builder.store(row, place, align=64).set_metadata("nontemporal", past)
            goal = builder.add(goal, down)
        return context.get_dummy_value()

    return types.void(array, *[types.intp] * 4), generate


@intrinsic(prefer_literal=True)
def _splat(typingctx, value, n):
    kind = Lanes(types.float64, n.literal_value)

    def generate(context, builder, sig, args):
        return _broadcast(builder, context.cast(builder, args[0], sig.args[0], types.float64), kind.n)

    return kind(value, n), generate


@intrinsic(prefer_literal=True)
def _repeat(typingctx, bundle, n):
    """The bundle's lanes again and again until there are `n`."""
    kind = Lanes(bundle.dtype, n.literal_value)

    def generate(context, builder, sig, args):
        undefined = ir.Constant(args[0].type, ir.Undefined)
        lanes = ir.VectorType(ir.IntType(32), kind.n)
        return builder.shuffle_vector(
            args[0], undefined, ir.Constant(lanes, [i % bundle.n for i in range(kind.n)])
        )

    return kind(bundle, n), generate


@intrinsic
def _align_stack(typingctx):
    """Called first in a kernel's loop: what its registers cannot hold lies on whole cache lines.

    LLVM finds out too late that bundles are spilled, and puts them where the caller's stack happens to end.
    """

    def generate(context, builder, sig, args):
        builder.function.attributes.add("nounwind")  # llvmlite drops an alignment that stands alone
        builder.function.attributes.alignstack = 64
        return context.get_dummy_value()

    return types.void(), generate


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
            else _broadcast(builder, context.cast(builder, value, kind, types.float64), lanes.n)
            for value, kind in zip(args, sig.args, strict=True)
        ]
        vector = _vector(types.float64, lanes.n)
        function = ir.FunctionType(vector, [vector] * 3)
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
            else _broadcast(builder, context.cast(builder, value, kind, types.float64), mask.n)
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
        return kind(a), lambda context, builder, sig, args: builder.bitcast(args[0], _vector(target, a.n))

    return op


_bits = _reinterpret(types.float64, types.int64)
_unbits = _reinterpret(types.int64, types.float64)


def _binary(instruction: str) -> Any:
    @intrinsic
    def op(typingctx, a, b):
        lanes = a if isinstance(a, Lanes) else b

        def generate(context, builder, sig, args):
            values = [
                value
                if isinstance(kind, Lanes)
                else _broadcast(builder, context.cast(builder, value, kind, lanes.dtype), lanes.n)
                for value, kind in zip(args, sig.args, strict=True)
            ]
            return getattr(builder, instruction)(*values)

        return lanes(a, b), generate

    return op


def _comparison(symbol: str) -> Any:
    @intrinsic
    def op(typingctx, a, b):
        lanes = a if isinstance(a, Lanes) else b

        def generate(context, builder, sig, args):
            values = [
                value
                if isinstance(kind, Lanes)
                else _broadcast(builder, context.cast(builder, value, kind, types.float64), lanes.n)
                for value, kind in zip(args, sig.args, strict=True)
            ]
            return builder.fcmp_ordered(symbol, *values)

        return Lanes(types.boolean, lanes.n)(a, b), generate

    return op


def _overload_operator(python: Any, on_float: Any, on_int: Any, on_mask: Any) -> None:
    def implementation(a: Any, b: Any) -> Any:
        lanes = a if isinstance(a, Lanes) else b if isinstance(b, Lanes) else None
        if lanes is None:
            return None
        table: dict[Any, Any] = {types.float64: on_float, types.int64: on_int, types.boolean: on_mask}
        op = table[lanes.dtype]
        return None if op is None else lambda a, b: op(a, b)

    overload(python, strict=False)(implementation)  # strict compares annotations too


for _python, _float, _int, _mask in (
    (operator.add, "fadd", "add", None),
    (operator.sub, "fsub", "sub", None),
    (operator.mul, "fmul", None, None),
    (operator.truediv, "fdiv", None, None),
    (operator.lshift, None, "shl", None),
    (operator.rshift, None, "ashr", None),
    (operator.and_, None, "and_", "and_"),
    (operator.or_, None, "or_", "or_"),
):
    _overload_operator(_python, *(_binary(name) if name else None for name in (_float, _int, _mask)))
for _python, _symbol in ((operator.lt, "<"), (operator.le, "<="), (operator.gt, ">"), (operator.ge, ">=")):
    _overload_operator(_python, _comparison(_symbol), None, None)


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
        for k in range(_PIECE):
            row = target + k * pitch
            array[row : row + _PIECE] = array[start + k :: apart][:_PIECE]

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
