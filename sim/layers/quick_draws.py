"""The numbers of `sim/draws.py`, bit for bit, by machine code: for matrices with millions of elements.

A million uniform numbers took NumPy 230 ms and take this 1 ms; the inverse distribution function of normal
numbers (SciPy's, 11 ms) is the same in both.
"""

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from sim import compile as machine_code
from sim.draws import Draw
from sim.machine.interpreted import INTERPRETED

_WORD = "numba.uint64"
_HEAD = (
    '"""Uniform numbers of Philox4x32-10."""\nfrom typing import Any\n\nimport numba\nimport numpy as np\n'
)


def fill(out: Any, rows: int, columns: int, k0: Any, k1: Any, purpose0: Any, purpose1: Any) -> None:
    """Element (i, j) of `out`, row by row: the uniform number of block (j, i) under this key and purpose."""
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    for i in range(rows):
        for j in range(columns):
            c0, c1, c2, c3 = np.uint64(j) & low, np.uint64(i) & low, purpose0 & low, purpose1 & low
            a, b = k0, k1
            for _ in range(10):
                p0, p1 = (c0 & low) * np.uint64(0xD2511F53), (c2 & low) * np.uint64(0xCD9E8D57)
                c0, c1, c2, c3 = (p1 >> half) ^ c1 ^ a, p1 & low, (p0 >> half) ^ c3 ^ b, p0 & low
                a, b = (a + np.uint64(0x9E3779B9)) & low, (b + np.uint64(0xBB67AE85)) & low
            bits = ((c0 << half) | c1) >> np.uint64(11)
            out[i * columns + j] = min((np.float64(np.int64(bits)) + 0.5) * 2.0**-53, 1.0 - 2.0**-53)


def source() -> str:
    """The text of the compiled module."""
    tail = machine_code.TAIL.format(kinds=f"_F, _I, _I, {_WORD}, {_WORD}, {_WORD}, {_WORD}")
    return _HEAD + tail + inspect.getsource(fill)


class QuickDraw(Draw):
    """A `Draw` for large matrices; without machine code it is `Draw` itself."""

    def __init__(self, seeds: int | Sequence[int] | np.ndarray, purpose: str) -> None:
        super().__init__(seeds, purpose)
        self._kernel = None if INTERPRETED else machine_code.load(source()).fill

    def uniform(self, rows: int, columns: int) -> np.ndarray:
        """(seeds, rows, columns) numbers strictly between 0 and 1."""
        if self._kernel is None:
            return super().uniform(rows, columns)
        low, high = (key.ravel() for key in self._key)
        made = np.empty((len(low), rows * columns))
        for numbers, k0, k1 in zip(made, low, high, strict=True):
            self._kernel(numbers, rows, columns, k0, k1, *self._purpose)
        return made.reshape(-1, rows, columns)
