"""The type of bundles of SIMD lanes, and what moves them: loads, stores, spreading, repeating, turning."""

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import models, register_model

from sim.machine.instructions import instruction


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


def vector(kind: types.Type, n: int) -> ir.VectorType:
    """The LLVM type of n lanes of this kind."""
    return ir.VectorType(_ELEMENT[kind], n)


def broadcast(builder: Any, scalar: Any, n: int) -> Any:
    """A number in every one of n lanes."""
    kind = ir.VectorType(scalar.type, n)
    undefined = ir.Constant(kind, ir.Undefined)
    one = builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, undefined, ir.Constant(ir.VectorType(ir.IntType(32), n), [0] * n))


# Bundles travel between memory and registers in pieces of one AVX-512 register. When a bundle of 64 was
# stored and one of 16 loaded from it, LLVM forwarded the value through integers of 4096 bits, number by
# number: a network of 8 units took twice as long.
PIECE = 8


def pieces(n: int) -> list[tuple[int, int]]:
    """(start, count) of the parts in which a bundle of n lanes is moved."""
    return [(at, min(PIECE, n - at)) for at in range(0, n, PIECE)]


def indices(start: int, count: int) -> Any:
    """The constant vector start, start + 1, …."""
    return ir.Constant(ir.VectorType(ir.IntType(32), count), list(range(start, start + count)))


def part(builder: Any, bundle: Any, start: int, count: int) -> Any:
    """`count` lanes of a bundle from `start` on."""
    return builder.shuffle_vector(bundle, ir.Constant(bundle.type, ir.Undefined), indices(start, count))


def operation(builder: Any, name: str, args: Any) -> Any:
    """A call of an operation of LLVM that takes and gives bundles of one kind."""
    kind = args[0].type
    function = ir.FunctionType(kind, [kind] * len(args))
    full = f"llvm.{name}.v{kind.count}f64"
    return builder.call(cgutils.get_or_insert_function(builder.module, function, full), args)


def joined(builder: Any, parts: list[Any]) -> Any:
    """One vector of several; only the last may be shorter than the first."""
    while len(parts) > 1:
        pairs = [pair(builder, a, b) for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = pairs + parts[len(parts) - len(parts) % 2 :]
    return parts[0]


def pair(builder: Any, a: Any, b: Any) -> Any:
    """Two bundles as one, the lanes of a first."""
    total = a.type.count + b.type.count
    if b.type.count < a.type.count:  # LLVM joins equal lengths: b is lengthened by numbers that nobody reads
        lengthened = [*range(b.type.count), *[0] * (a.type.count - b.type.count)]
        mask = ir.Constant(ir.VectorType(ir.IntType(32), a.type.count), lengthened)
        b = builder.shuffle_vector(b, ir.Constant(b.type, ir.Undefined), mask)
    return builder.shuffle_vector(a, b, indices(0, total))


def places(context: Any, builder: Any, array_type: Any, array: Any, index: Any, kind: Any, n: int) -> Any:
    """Pointers to the pieces of a bundle of n lanes, `kind` each, that lies in an array from `index` on."""
    first = pointer(context, builder, array_type, array, index, vector(kind, min(PIECE, n)))
    for i, (_, count) in enumerate(pieces(n)):
        place = builder.gep(first, [ir.Constant(ir.IntType(64), i)]) if i else first
        yield place if count == min(PIECE, n) else builder.bitcast(place, vector(kind, count).as_pointer())


def pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any, kind: Any) -> Any:
    """Where the elements of an array from `index` on lie, as a pointer to this type."""
    # as it is: unpacking the whole array was an eighth of the time that kernels take to compile
    place = context.data_model_manager[array_type].get_field_position("data")
    data = builder.extract_value(array, place)
    return builder.bitcast(builder.gep(data, [index]), kind.as_pointer())


def load(array: Any, index: int, n: int) -> Any:
    """The `n` elements of a flat array from `index` on, as a bundle."""
    return array[index : index + n].copy()


@instruction(load, literal=True)
def _load(array: Any, index: Any, n: Any) -> Any:
    kind = Lanes(array.dtype, n.literal_value)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        at = context.cast(builder, args[1], sig.args[1], types.intp)
        where = places(context, builder, array, args[0], at, kind.dtype, kind.n)
        return joined(builder, [builder.load(place, align=8) for place in where])

    return kind(array, types.intp, n), generate


def store(array: Any, index: int, value: Any) -> None:
    """Write a bundle into a flat array from `index` on."""
    array[index : index + len(value)] = value


@instruction(store)
def _store(array: Any, index: Any, value: Any) -> Any:
    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        at = context.cast(builder, args[1], sig.args[1], types.intp)
        where = places(context, builder, array, args[0], at, value.dtype, value.n)
        for place, piece in zip(where, pieces(value.n), strict=True):
            builder.store(part(builder, args[2], *piece), place, align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, value), generate


def mixed(builder: Any, a: Any, b: Any, order: list[int]) -> Any:
    """Lanes of two bundles in this order."""
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(ir.IntType(32), len(order)), order))


def turn(array: Any, start: int, apart: int, target: int, pitch: int) -> None:
    """Write eight rows of eight lanes, from `start` on and `apart`, as rows from `target` on, `pitch` apart,
    each row one of the lanes. What is written goes past the caches, so targets are whole cache lines.
    """
    for k in range(PIECE):
        row = target + k * pitch
        array[row : row + PIECE] = array[start + k :: apart][:PIECE]


@instruction(turn)
def _turn(array: Any, start: Any, apart: Any, target: Any, pitch: Any) -> Any:
    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data, source, across, goal, down = args
        kind = vector(types.float64, PIECE)
        rows = []
        for _ in range(PIECE):
            rows.append(builder.load(pointer(context, builder, array, data, source, kind), align=64))
            source = builder.add(source, across)
        for d in (1, 2, 4):  # rows that are d apart exchange blocks of d lanes
            low = [lane ^ d | PIECE if lane & d else lane for lane in range(PIECE)]
            high = [lane | PIECE if lane & d else lane | d for lane in range(PIECE)]
            for i in [i for i in range(PIECE) if not i & d]:
                a, b = rows[i], rows[i | d]
                rows[i], rows[i | d] = mixed(builder, a, b, low), mixed(builder, a, b, high)
        past = builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)])
        for row in rows:
            place = pointer(context, builder, array, data, goal, kind)
            builder.store(row, place, align=64).set_metadata("nontemporal", past)
            goal = builder.add(goal, down)
        return context.get_dummy_value()

    return types.void(array, *[types.intp] * 4), generate


def splat(value: float, n: int) -> Any:
    """A bundle whose `n` lanes all hold `value`."""
    return np.full(n, value, dtype=np.float64)


@instruction(splat, literal=True)
def _splat(value: Any, n: Any) -> Any:
    kind = Lanes(types.float64, n.literal_value)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return broadcast(builder, context.cast(builder, args[0], sig.args[0], types.float64), kind.n)

    return kind(value, n), generate


def repeat(bundle: Any, n: int) -> Any:
    """The bundle's lanes again and again until there are `n`."""
    return np.tile(bundle, n // len(bundle))


@instruction(repeat, literal=True)
def _repeat(bundle: Any, n: Any) -> Any:
    kind = Lanes(bundle.dtype, n.literal_value)

    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        undefined = ir.Constant(args[0].type, ir.Undefined)
        lanes = ir.VectorType(ir.IntType(32), kind.n)
        return builder.shuffle_vector(
            args[0], undefined, ir.Constant(lanes, [i % bundle.n for i in range(kind.n)])
        )

    return kind(bundle, n), generate


def align_stack() -> None:
    """Called first in a kernel's loop: what its registers cannot hold lies on whole cache lines.

    LLVM finds out too late that bundles are spilled, and puts them where the caller's stack happens to end.
    """


@instruction(align_stack)
def _align_stack() -> Any:
    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.function.attributes.add("nounwind")  # llvmlite drops an alignment that stands alone
        builder.function.attributes.alignstack = 64
        return context.get_dummy_value()

    return types.void(), generate
