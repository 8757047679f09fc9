"""Whether Numba is switched off, without importing it: kernels then run as plain Python."""

import os

INTERPRETED = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")
