"""Pictures of stores: views (Dataset to HoloViews element), files without a server, and the app.

>>> import jobs, viz  # doctest: +SKIP
>>> viz.save(viz.draw(jobs.open("pascanu-cliff"), "loss"), "cliff.png")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "draw": "viz.view",
    "scene": "viz.view",
    "suited": "viz.view",
    "caption": "viz.view",
    "save": "viz.files",
    "serve": "viz.apps.server",
}
__all__ = ["caption", "draw", "save", "scene", "serve", "suited"]


def __getattr__(name: str) -> Any:
    """Import on first use: the command line answers `--help` without HoloViews."""
    if name not in _HOME:
        raise AttributeError(f"module 'viz' has no attribute {name!r}")
    thing = getattr(import_module(_HOME[name]), name)
    globals()[name] = thing
    return thing
