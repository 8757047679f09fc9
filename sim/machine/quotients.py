"""Quotients with a quarter of the divisions, where the divider is what a step waits for.

Intel's processors with AVX-512 divide a register of eight numbers in 16 cycles, in which they could do 32
multiply-adds; a tanh takes 25. There a quarter of a bundle is divided, and meanwhile the rest is multiplied
by reciprocals: the processor's estimate of 14 bits, sharpened by Newton's method to half a unit in the last
place and a little; then a third time, with y nudged up by a unit so that ties fall the right way, which makes
it the nearest number, always (`tests/sim/test_quotients.py` goes through the few denominators that could be
an exception). A product with it, corrected by its own remainder, is the number nearest to the quotient. So
the bits are those of the division. Source: P. Markstein, IBM J. Res. Dev. 34 (1990) 111,
doi:10.1147/rd.341.0111.

For normal numbers whose quotients and remainders are normal too; NaN stays NaN. A network of 8 units took
36.6 ms with divisions alone, 32.6 without any and 31.8 with half of them; an LSTM of 8 units takes 15.7 ms
with half, 14.7 with a quarter, 15.0 with an eighth.
"""

from functools import cache, partial
from typing import Any

from llvmlite import ir
from numba.core import cgutils
from numba.core.registry import cpu_target

from sim.machine.instructions import instruction
from sim.machine.lane_memory import PIECE, broadcast, joined, operation, part, pieces
from sim.machine.processor import SHAPES

_NUDGE = 1.0 + 2.0**-52


def reciprocal(b: Any) -> Any:
    """1 / b."""
    return 1.0 / b


def quotient(a: Any, b: Any) -> Any:
    """a / b."""
    return a / b


@cache
def _estimates() -> bool:
    """Whether Numba compiles for a processor that estimates reciprocals; it may be told another one."""
    return "+avx512f" in cpu_target.target_context.codegen()._tm_features.split(",")  # noqa: SLF001


def _number(value: float) -> Any:
    return ir.Constant(ir.DoubleType(), value)


def _estimate(builder: Any, b: Any) -> Any:
    """1 / b to 14 bits, a register at a time."""
    kind, mask = ir.VectorType(ir.DoubleType(), PIECE), ir.IntType(8)
    of = ir.FunctionType(kind, [kind, kind, mask])
    function = cgutils.get_or_insert_function(builder.module, of, "llvm.x86.avx512.rcp14.pd.512")
    rest = [ir.Constant(kind, None), mask(-1)]  # every lane is asked for
    return joined(builder, [builder.call(function, [register, *rest]) for register in _registers(builder, b)])


def _registers(builder: Any, bundle: Any) -> list[Any]:
    return [part(builder, bundle, *piece) for piece in pieces(bundle.type.count)]


def _fma(builder: Any, *args: Any) -> Any:
    return operation(builder, "fma", args)


def _inverse(builder: Any, b: Any) -> Any:
    """The number nearest to 1 / b."""
    one, up = (broadcast(builder, _number(x), b.type.count) for x in (1.0, _NUDGE))
    minus = builder.fneg(b)
    y = _estimate(builder, b)
    for _ in range(2):
        y = _fma(builder, y, _fma(builder, minus, y, one), y)
    return _fma(builder, builder.fmul(y, up), _fma(builder, minus, y, one), y)


def _multiply(builder: Any, a: Any, b: Any) -> Any:
    """The number nearest to a / b."""
    y = _inverse(builder, b)
    q = builder.fmul(a, y)
    return _fma(builder, _fma(builder, builder.fneg(b), q, a), y, q)


def _shared(builder: Any, values: list[Any], divide: Any, multiply: Any) -> Any:
    """The first registers of some bundles divided, the others multiplied, where that is faster."""
    count = values[0].type.count
    divided = max(1, count // PIECE // 4) * PIECE
    if SHAPES.divides or count % PIECE or count <= PIECE or not _estimates():
        return divide(*values)
    done = [
        way(*(part(builder, value, at, length) for value in values))
        for way, at, length in ((divide, 0, divided), (multiply, divided, count - divided))
    ]
    return joined(builder, [register for bundle in done for register in _registers(builder, bundle)])


@instruction(reciprocal)
def _reciprocal(b: Any) -> Any:
    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        def divide(b: Any) -> Any:
            return builder.fdiv(broadcast(builder, _number(1.0), b.type.count), b)

        return _shared(builder, list(args), divide, partial(_inverse, builder))

    return b(b), generate


@instruction(quotient)
def _quotient(a: Any, b: Any) -> Any:
    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _shared(builder, list(args), builder.fdiv, partial(_multiply, builder))

    return b(a, b), generate
