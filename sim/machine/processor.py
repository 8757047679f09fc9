"""What shapes of work suit this processor: how many numbers a bundle holds, how many cells a block.

The shapes move no bit of a result (every lane is computed alone, sums run in the order of the units): they
decide how well registers and caches are used. Measured on one core, as a share of the time with other
shapes:

With AVX-512 (32 registers of 8 numbers) as told in docs/decisions.md. Intel's (Sapphire Rapids): 8 units
with their own matrices 0.90 with blocks of 16 cells instead of 32; 128 units that share one 0.95 with tiles
of 32 cells and 6 rows instead of 4, their gradients 0.84 with 16 cells and 12 rows; a GRU of 8 units 0.95
and an LSTM 0.96 with bundles of 32 instead of 64; what is divided is told in `sim/machine/quotients.py`.

With AVX2 (16 registers of 4; Zen 3, whose first-level cache has 32 KB where the others have 48): a tanh
unit 0.65 with bundles of 32 instead of 64; the two gradients of a cliff 0.8 and the 26 of an LSTM 0.75 with
16 instead of 32, escape times 0.85; 128 units that share a matrix 0.92 with tiles of 8 cells and 5 rows
instead of 16 and 2, their gradients 0.81; a GRU of 8 units 0.8 and an LSTM 0.85 with blocks of 4 cells
instead of 8, 32 units of a network 0.9 with one cell instead of two.
"""

import os
from typing import NamedTuple

import llvmlite.binding


class Shapes(NamedTuple):
    """Numbers of a bundle, and for networks (cells of a block, registers of a product's tile)."""

    pointwise: int  # cells of a bundle whose state and parameters stay in registers
    light: int  # the same where a step is a handful of instructions
    crowd: int  # tangents that go along, above which the registers are full
    crowded: int  # the same where they are
    settling: int  # the same where a bundle is run until its last orbit's fate is certain
    escape: int  # the same for escape times, which keep two states and two checkpoints
    bundle: int  # numbers of elementwise work over units and cells
    shared: tuple[int, int]  # where the cells of a block share their matrices
    pulled: tuple[int, int]  # where they do and gradients are pulled back through them
    blocks: tuple[int, ...]  # cells of a block that have their own, the largest first
    fast: int  # bytes of matrices that the first-level cache holds beside the rest
    tile: int  # registers of a tile of theirs where a register holds several cells
    narrow: int  # and where it holds several units
    divides: bool  # whether a division costs less than the multiplications that stand for it


WIDE = Shapes(
    64, 128, 12, 32, 32, 32, 64, (32, 4), (32, 4), (32, 16, 8, 4, 2, 1), 20 << 10, 8, 12, divides=True
)
SLIM = Shapes(32, 128, 1, 16, 16, 16, 32, (8, 5), (8, 5), (8, 4, 2, 1), 12 << 10, 6, 6, divides=True)
INTEL = WIDE._replace(bundle=32, shared=(32, 6), pulled=(16, 12), blocks=(16, 8, 4, 2, 1), divides=False)


def _here() -> Shapes:
    wish = os.environ.get("SEPARATRIX_SHAPES", "")  # tests ask for those of another processor
    wide = llvmlite.binding.get_host_cpu_features().get("avx512f", False)
    amd = llvmlite.binding.get_host_cpu_name().startswith("znver")
    here = SLIM if not wide else WIDE if amd else INTEL
    return {"wide": WIDE, "slim": SLIM, "intel": INTEL}.get(wish, here)


SHAPES = _here()
