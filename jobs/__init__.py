"""Sweeps as batch jobs: plan, run, resume, open. Names load when they are first used."""

from importlib import import_module
from typing import Any

_HOMES = {
    "boundary": "jobs.boundaries",
    "run": "jobs.execute",
    "plan": "jobs.planning",
    "open": "jobs.dataset",
    "glance": "jobs.light",
    "live": "jobs.single",
    "catalog": "jobs.entries",
    "Entry": "jobs.entries",
    "verify": "jobs.verifying",
    "Sweep": "jobs.sweep",
}
__all__ = ["Entry", "Sweep", "boundary", "catalog", "glance", "live", "open", "plan", "run", "verify"]


def __getattr__(name: str) -> Any:
    """A public name from the file it lives in (PEP 562): the command line starts without xarray or numba."""
    if name not in _HOMES:
        raise AttributeError(f"module 'jobs' has no attribute {name!r}; it has: {', '.join(__all__)}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
