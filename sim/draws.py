"""Random numbers keyed by (seed, purpose, position) and by nothing else.

Element (i, j) of a matrix comes from counter block (i, j) of a Philox4x64-10 generator whose key is the seed and the purpose, so it
does not depend on the sizes, on what was drawn before, or on which cells stand beside it. Uniform numbers are the top 53 bits;
normal numbers their inverse distribution function.
Source: J. K. Salmon et al., Parallel random numbers: as easy as 1, 2, 3, SC 2011, doi:10.1145/2063384.2063405.
"""

import hashlib

import numpy as np
from scipy.special import ndtri


class Draw:
    """The random numbers of one seed for one purpose (weights, inputs, start, …)."""

    def __init__(self, seed: int, purpose: str) -> None:
        word = int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8], "little")
        self._key = np.array([int(seed) % 2**64, word], dtype=np.uint64)

    def uniform(self, rows: int, columns: int = 1) -> np.ndarray:
        """(rows, columns) numbers strictly between 0 and 1."""
        result = np.empty((rows, columns))
        for row in range(rows):
            counter = np.array([0, row, 0, 0], dtype=np.uint64)
            bits = np.random.Philox(counter=counter, key=self._key).random_raw(columns)
            result[row] = ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
        return result

    def normal(self, rows: int, columns: int = 1) -> np.ndarray:
        """(rows, columns) numbers of mean 0 and variance 1."""
        return ndtri(self.uniform(rows, columns))
