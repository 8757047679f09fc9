"""Random numbers keyed by (seed, purpose, position) and by nothing else, for many seeds at once.

Element (i, j) comes from block (j, i) of a Philox4x32-10 generator whose key is the seed and whose upper
counter is the purpose. It does not depend on the sizes, on what was drawn before, or on which cells stand
beside it. A block's first two words make a uniform number of 53 bits; normal numbers are its inverse
distribution function. Source: J. K. Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011,
doi:10.1145/2063384.2063405.
"""

import hashlib
from collections.abc import Sequence

import numpy as np

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (np.uint64(0x9E3779B9), np.uint64(0xBB67AE85))
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
DRAWN = 88  # bytes that a normal number takes while it is drawn: the words of philox in its last round


def philox(counter: Sequence[np.ndarray], key: Sequence[np.ndarray]) -> tuple[np.ndarray, ...]:
    """Four 32-bit words (in uint64 arrays) of Philox4x32-10 for each counter and key; arguments broadcast."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = c0 * _MULTIPLIERS[0], c2 * _MULTIPLIERS[1]
        c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ k0, p1 & _LOW, (p0 >> _HALF) ^ c3 ^ k1, p0 & _LOW
        k0, k1 = (k0 + _WEYL[0]) & _LOW, (k1 + _WEYL[1]) & _LOW
    return c0, c1, c2, c3


class Draw:
    """The random numbers of some seeds for one purpose (weights, inputs, start, …)."""

    def __init__(self, seeds: int | Sequence[int] | np.ndarray, purpose: str) -> None:
        whole = np.atleast_1d(np.asarray(seeds)).astype(np.int64).view(np.uint64)[:, None, None]
        self._key = (whole & _LOW, whole >> _HALF)
        word = int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8], "little")
        self._purpose = (np.uint64(word & 0xFFFFFFFF), np.uint64(word >> 32))

    def uniform(self, rows: int, columns: int) -> np.ndarray:
        """(seeds, rows, columns) numbers strictly between 0 and 1."""
        row = np.arange(rows, dtype=np.uint64)[None, :, None]
        column = np.arange(columns, dtype=np.uint64)[None, None, :]
        high, low, _, _ = philox((column, row, *self._purpose), self._key)  # type: ignore[arg-type]
        bits = ((high << _HALF) | low) >> np.uint64(11)
        # the very last of the 2**53 numbers would round up to 1, whose normal number is infinite
        return np.minimum((bits.astype(np.float64) + 0.5) * 2.0**-53, 1.0 - 2.0**-53)

    def whole(self, rows: int, columns: int, below: int) -> np.ndarray:
        """(seeds, rows, columns) whole numbers from 0 to below - 1, each as likely as the others."""
        return np.floor(self.uniform(rows, columns) * below).astype(np.intp)

    def normal(self, rows: int, columns: int) -> np.ndarray:
        """(seeds, rows, columns) numbers of mean 0 and variance 1."""
        # imported here: it takes 0.1 s, and a run without random numbers starts without it
        from scipy.special import ndtri  # noqa: PLC0415

        return np.asarray(ndtri(self.uniform(rows, columns)))
