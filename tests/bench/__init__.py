"""Ours against its peers, side by side in one run: `python -m tests.bench`. The rows stand in `rows.py`."""

import os

for _library in ("OPENBLAS", "OMP", "MKL"):  # before NumPy is imported: every peer computes on one thread
    os.environ[f"{_library}_NUM_THREADS"] = "1"
