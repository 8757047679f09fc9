"""What shapes of work suit this processor: how many numbers a bundle holds, how many cells a block.

The shapes move no bit of a result (every lane is computed alone, sums run in the order of the units): they
decide how well registers and caches are used. Measured on one core, fraction of the multiply-add peak or
time against the other column's shapes: with AVX-512 (32 registers of 8 numbers) as told in docs/decisions.md;
with AVX2 (16 of 4) the scalar tanh network 0.43 G steps/s with bundles of 64 and 0.66 with 32, 128 units that
share a matrix 67 ms with blocks of 32 cells and 24 with 16, 32 units with their own 12.4 ms and 6. Intel's
processors with AVX-512 (Sapphire Rapids): 8 units with their own matrices 29.2 ms with blocks of 32 cells and
26.4 with 16; 128 units that share one 20.4 ms with tiles of 32 cells and 4 rows and 19.4 with 6, their
gradients 112 ms and, with 16 cells and 12 rows, 94; a GRU of 8 units 9.2 ms with bundles of 64 and 8.7 with
32, an LSTM 14.2 and 13.6; what is divided is told in `sim/machine/quotients.py`.
"""

import os
from typing import NamedTuple

import llvmlite.binding


class Shapes(NamedTuple):
    """Numbers of a bundle, and for networks (cells of a block, registers of a product's tile)."""

    pointwise: int  # cells of a bundle whose state and parameters stay in registers
    light: int  # the same where a step is a handful of instructions
    crowded: int  # the same where many tangents go along
    settling: int  # the same where a bundle is run until its last orbit's fate is certain
    escape: int  # the same for escape times, which keep two states and two checkpoints
    bundle: int  # numbers of elementwise work over units and cells
    shared: tuple[int, int]  # where the cells of a block share their matrices
    pulled: tuple[int, int]  # where they do and gradients are pulled back through them
    blocks: tuple[int, ...]  # cells of a block that have their own, the largest first
    tile: int  # registers of a tile of theirs where a register holds several cells
    narrow: int  # and where it holds several units
    divides: bool  # whether a division costs less than the multiplications that stand for it


WIDE = Shapes(64, 128, 32, 32, 32, 64, (32, 4), (32, 4), (32, 16, 8, 4, 2, 1), 8, 12, divides=True)
SLIM = Shapes(32, 128, 32, 16, 8, 32, (16, 2), (16, 2), (8, 4, 2, 1), 6, 6, divides=True)
INTEL = WIDE._replace(bundle=32, shared=(32, 6), pulled=(16, 12), blocks=(16, 8, 4, 2, 1), divides=False)


def _here() -> Shapes:
    wish = os.environ.get("SEPARATRIX_SHAPES", "")  # tests ask for those of another processor
    wide = llvmlite.binding.get_host_cpu_features().get("avx512f", False)
    amd = llvmlite.binding.get_host_cpu_name().startswith("znver")
    here = SLIM if not wide else WIDE if amd else INTEL
    return {"wide": WIDE, "slim": SLIM, "intel": INTEL}.get(wish, here)


SHAPES = _here()
