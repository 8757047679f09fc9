"""Quotients with a third of the divisions, where the divider is what a step waits for.

Intel's processors with AVX-512 divide a register of eight numbers in 16 cycles, in which they could do 32
multiply-adds; all else of a tanh takes 18. There every third register of a bundle is divided, and meanwhile
the others are multiplied by reciprocals: the processor's estimate of 14 bits, sharpened by a step of Newton's
method and one of Halley's, so that 1 / b is missed by (1/2 + 2**-27) units in the last place. A product with
that, corrected by its own remainder, is the number nearest to the quotient: the bits are the division's.
Sources: P. Markstein, IBM J. Res. Dev. 34 (1990) 111, doi:10.1147/rd.341.0111, for the correction;
`tests/sim/test_quotients.py` for why that is near enough.

For normal numbers whose quotients and remainders are normal or zero; NaN stays NaN. The scalar tanh network
took 10.7 ms when the reciprocal was the nearest (ten multiplications for a quotient, now eight) and a quarter
was divided, 10.3 now; with every second register divided an LSTM of 8 units takes 3 % longer, with every
fourth 8 units of a network 2 %.
"""

from functools import cache, partial
from typing import Any

from llvmlite import ir
from numba.core import cgutils
from numba.core.registry import cpu_target

from sim.machine.instructions import instruction
from sim.machine.lane_memory import PIECE, broadcast, joined, operation, part, pieces
from sim.machine.processor import SHAPES

_APART = 3  # every so many registers one is divided
_OVER = 1.0 + 2.0**-52  # with 1, the reciprocal of 2 - 2**-52 alone came out on the wrong side of a tie


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
    """1 / b, missed by less than 1/2 + 2**-27 units in the last place."""
    one, over, minus = *(broadcast(builder, _number(x), b.type.count) for x in (1.0, _OVER)), builder.fneg(b)
    y = _estimate(builder, b)
    y = _fma(builder, y, _fma(builder, minus, y, over), y)  # Newton: 28 bits
    e = _fma(builder, minus, y, one)
    return _fma(builder, y, _fma(builder, e, e, e), y)  # Halley: 80 bits, rounded


def _multiply(builder: Any, a: Any, b: Any) -> Any:
    """The number nearest to a / b."""
    y = _inverse(builder, b)
    q = builder.fmul(a, y)
    over = _fma(builder, b, q, builder.fneg(a))  # b q - a, not a - b q, which would make 0 of -0
    return _fma(builder, builder.fneg(over), y, q)


def _shared(builder: Any, a: Any, b: Any) -> Any:
    """Some registers divided, the others multiplied."""
    numbers = list(zip(_registers(builder, a), _registers(builder, b), strict=True))
    every = range(len(numbers))
    done: dict[int, Any] = {}
    for way, chosen in (
        (builder.fdiv, [i for i in every if i % _APART == 0]),
        (partial(_multiply, builder), [i for i in every if i % _APART]),
    ):
        bundles = (joined(builder, [numbers[i][k] for i in chosen]) for k in range(2))
        done |= dict(zip(chosen, _registers(builder, way(*bundles)), strict=True))
    return joined(builder, [done[i] for i in every])


@instruction(quotient)
def _quotient(a: Any, b: Any) -> Any:
    def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        count = args[0].type.count
        plain = SHAPES.divides or count % PIECE or count <= PIECE or not _estimates()
        return builder.fdiv(*args) if plain else _shared(builder, *args)

    return b(a, b), generate
