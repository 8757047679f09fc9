"""No input: x[t] = 0 at every time."""

from typing import NamedTuple


class Keywords(NamedTuple):
    """Silence has no settings."""


inputs = None
