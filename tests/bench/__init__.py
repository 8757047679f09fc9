"""Ours against its peers, side by side in one run: `python -m tests.bench`. The rows stand in `rows.py`."""
